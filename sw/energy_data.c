#include "energy_data.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "accuracy.h"
#include "rival.h"

struct energy_operands {
    rtl_build b;
    int64_t m, n, k, arrays;
    const char *source;
    bcq_codebooks cb_a, cb_w;
    bcq_array *a, *w;              /* [m][arrays], [n][arrays] */
    rtl_operands operands;
    rival_tensor rival_a, rival_w;
    rival_operands rival;
    rtl_beats inner, beats;        /* as the harness makes them; with true scales in every weight beat */
};

/* splitmix64, as in tb/random.h. */
static uint64_t draw(uint64_t *state, uint64_t below) {
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (z ^ z >> 31) % below;
}

/* ---- The layer ------------------------------------------------------------------------------- */

static bcq_tensor *open_operand(const char *file, const char *layer, const char *suffix, bcq_error *error) {
    char root[PATH_MAX - 512], spec[PATH_MAX];
    if (!rtl_project_root(root, sizeof root, error)) return NULL;
    if (strlen(layer) > 100 || strpbrk(layer, "*?[\\")) {
        bcq_fail(error, "--layer: wanted the name of a layer, got \"%.100s\"", layer);
        return NULL;
    }
    snprintf(spec, sizeof spec, "%s/sw/model/%s:%s.%s", root, file, layer, suffix);
    return bcq_tensor_open(spec, error);
}

static bool open_layer(const char *layer, bcq_tensor **a, bcq_tensor **w, bcq_error *error) {
    *w = NULL;
    *a = open_operand("activations.safetensors", layer, "input", error);
    if (*a) *w = open_operand("weights.safetensors", layer, "weight", error);
    if (*w) return true;
    bcq_tensor_close(*a);
    *a = NULL;
    return false;
}

static bool size_fits(const char *option, int64_t size, int64_t most, const char *layer, bcq_error *error) {
    return size <= most
        || bcq_fail(error, "%s: wanted at most %" PRId64 ", which layer %s has, got %" PRId64, option, most, layer, size);
}

static int64_t at_most(int64_t size, int64_t most) { return size < most ? size : most; }

bool energy_shape(const rtl_build *b, energy_data_options *o, bcq_error *error) {
    bcq_tensor *a, *w;
    if (!o->layer) o->layer = ENERGY_LAYER;
    if (!open_layer(o->layer, &a, &w, error)) return false;
    int64_t rows_a = bcq_tensor_rows(a), rows_w = bcq_tensor_rows(w), k = bcq_tensor_k(a);
    bcq_tensor_close(a);
    bcq_tensor_close(w);
    if (!o->m) o->m = b->t;
    if (!o->n) o->n = at_most(2 * b->cols, rows_w / b->cols * b->cols);
    if (!o->k) o->k = at_most(4 * b->la, k / b->la * b->la);
    if (o->n == 0) o->n = b->cols;  /* more columns than the layer has outputs */
    return size_fits("--m", o->m, rows_a, o->layer, error) && size_fits("--n", o->n, rows_w, o->layer, error)
        && size_fits("--k", o->k, k, o->layer, error);
}

/* ---- BCQ -------------------------------------------------------------------------------------- */

static bool choose_codebooks(const bcq_params *p, bcq_tensor *a, bcq_tensor *w, const char **source, bcq_codebooks *cb,
                             bcq_error *error) {
    const bcq_codebooks *universal = bcq_universal_codebooks(p);
    bcq_calibrate_report report;
    bcq_calibrate_options c;
    bcq_tensor *both[] = { a, w };
    if (universal) {
        *source = "universal";
        *cb = *universal;
        return true;
    }
    bcq_calibrate_defaults(&c);
    c.p = *p;
    c.iterations = 10;  /* energy hardly depends on the last of the error */
    c.sample_scalars = 1 << 14;
    *source = "calibrated on the layer";
    return bcq_calibrate(both, 2, &c, cb, &report, error);
}

static bool encode(const bcq_tensor *t, const bcq_codebooks *cb, int64_t rows, int64_t k, int64_t arrays, bool zeros,
                   bcq_array *out, bcq_error *error) {
    int la = cb->p.la, exponent;
    float amax;
    if (!bcq_tensor_amax(t, true, &amax, error)) return false;
    if (!bcq_tensor_exponent(zeros ? 0 : amax, &cb->p, &exponent))
        return bcq_fail(error, "%s: wanted magnitudes that have a tensor scale, got larger ones", bcq_tensor_name(t));
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < arrays; j++) {
            float x[BCQ_LA_MAX] = { 0 };
            if (!zeros && !bcq_tensor_read(t, i, j * la, at_most(la, k - j * la), true, x, error)) return false;
            bcq_encode_array(x, exponent, cb, &out[i * arrays + j]);
        }
    }
    return true;
}

static void randomise(const rtl_build *b, bcq_array *x, int64_t count, uint64_t *state) {
    for (int64_t i = 0; i < count; i++) {
        for (int l = 0; l < b->la; l++) x[i].index[l] = (uint8_t)draw(state, 1u << b->index_bits);
        for (int l = 0; l < b->la / b->lb; l++) x[i].selector[l] = (uint8_t)draw(state, (uint64_t)b->nc);
    }
}

/* Where the codebooks have their largest entry, their smallest, and the one nearest to zero. */
typedef struct { uint8_t selector[3], index[3]; } extremes;  /* largest, smallest, zero */

static extremes find_extremes(const bcq_codebooks *cb) {
    extremes x = { { 0 }, { 0 } };
    int best[3] = { INT_MIN, INT_MIN, INT_MIN };
    for (int c = 0; c < cb->p.nc; c++)
        for (int k = 0; k < bcq_entries(&cb->p); k++) {
            int v = cb->entry[c][k], rank[3] = { v, -v, -abs(v) };
            for (int i = 0; i < 3; i++)
                if (rank[i] > best[i]) {
                    best[i] = rank[i];
                    x.selector[i] = (uint8_t)c;
                    x.index[i] = (uint8_t)k;
                }
        }
    return x;
}

/* Which extreme the worst case has at a place: the largest and zero in turn, from token to token and from lane to lane;
 * the sign of what is not zero is drawn. Of seven such patterns it cost the most (docs/energy.md). Weights are never
 * zero, and alternate in sign from lane to lane and from pass to pass. */
static int worst_activation(int64_t token, int64_t j, int64_t lane) {
    uint64_t state = (uint64_t)(token * 1000003 + j * 7919 + lane * 31);
    return (token + j + lane) % 2 ? 2 : (int)draw(&state, 2);
}
static int worst_weight(int64_t column, int64_t j, int64_t lane) { return (column + j + lane) % 2 != 0; }

/* A block has one selector, so its lanes share a codebook: that of the extreme that its first lane has. */
static void set_worst(const rtl_build *b, const bcq_codebooks *cb, bcq_array *x, int64_t rows, int64_t arrays,
                      int (*which)(int64_t, int64_t, int64_t)) {
    extremes of_all = find_extremes(cb);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < arrays; j++) {
            bcq_array *array = &x[i * arrays + j];
            array->scale = (i + j) % 2 ? 1 : BCQ_SCALE_MAX_CODE;
            for (int l = 0; l < b->la; l++) {
                uint8_t *selector = &array->selector[l / b->lb];
                if (l % b->lb == 0) *selector = of_all.selector[which(i, j, l)];
                bcq_codebooks one = { .p = cb->p };
                one.p.nc = 1;
                memcpy(one.entry[0], cb->entry[*selector], sizeof one.entry[0]);
                array->index[l] = find_extremes(&one).index[which(i, j, l)];
            }
        }
}

static bool open_bcq(energy_operands *e, const energy_data_options *o, bcq_tensor *a, bcq_tensor *w, bcq_error *error) {
    bool zeros = o->data == ENERGY_ZEROS;
    uint64_t state = o->seed;
    const rtl_build *b = &e->b;
    bcq_params p = { .la = b->la, .lb = b->lb, .nc = b->nc, .index_bits = b->index_bits, .entry_bits = b->entry_bits };
    if (b->frozen) {
        if (!o->frozen_a || !o->frozen_w)
            return bcq_fail(error, "netlist: wanted the tables that are frozen in it, got none");
        e->source = "frozen";
        e->cb_a = *o->frozen_a;
        e->cb_w = *o->frozen_w;
    } else {
        if (!choose_codebooks(&p, a, w, &e->source, &e->cb_a, error)) return false;
        e->cb_w = e->cb_a;
    }
    e->a = calloc((size_t)(e->m * e->arrays), sizeof *e->a);
    e->w = calloc((size_t)(e->n * e->arrays), sizeof *e->w);
    if (!e->a || !e->w) return bcq_fail(error, "energy: wanted memory for the operands, got none");
    if (!encode(a, &e->cb_a, e->m, e->k, e->arrays, zeros, e->a, error)
        || !encode(w, &e->cb_w, e->n, e->k, e->arrays, zeros, e->w, error))
        return false;
    if (o->data == ENERGY_RANDOM) {
        randomise(&e->b, e->a, e->m * e->arrays, &state);
        randomise(&e->b, e->w, e->n * e->arrays, &state);
    } else if (o->data == ENERGY_WORST) {
        set_worst(&e->b, &e->cb_a, e->a, e->m, e->arrays, worst_activation);
        set_worst(&e->b, &e->cb_w, e->w, e->n, e->arrays, worst_weight);
    }
    e->operands = (rtl_operands){ e->m, e->n, e->arrays, e->a, e->w, e->cb_a.p.lb, e->cb_w.p.lb };
    e->inner = rtl_operand_beats(&e->operands);
    return true;
}

static void golden_bcq(const energy_operands *e, uint32_t *acc) {
    int la = e->b.la;
    size_t row = (size_t)(e->arrays * la);
    int8_t *entry = malloc((size_t)(e->m + e->n) * row);
    uint8_t *scale = malloc((size_t)((e->m + e->n) * e->arrays));
    if (!entry || !scale) abort();
    for (int64_t i = 0; i < (e->m + e->n) * e->arrays; i++) {
        bool is_a = i < e->m * e->arrays;
        const bcq_array *x = is_a ? &e->a[i] : &e->w[i - e->m * e->arrays];
        bcq_decode_entries(x, is_a ? &e->cb_a : &e->cb_w, entry + i * la);
        scale[i] = x->scale;
    }
    for (int64_t m = 0; m < e->m; m++)
        for (int64_t n = 0; n < e->n; n++) {
            float sum = bcq_dot(entry + (size_t)m * row, scale + m * e->arrays, entry + (size_t)(e->m + n) * row,
                                scale + (e->m + n) * e->arrays, e->arrays, la, e->b.exact);
            memcpy(&acc[m * e->n + n], &sum, sizeof sum);
        }
    free(entry);
    free(scale);
}

/* ---- Rivals ------------------------------------------------------------------------------------- */

static bool parse_format(const rtl_build *b, const char *spec, bcq_format *f, bcq_error *error) {
    char message[sizeof error->message / 2];
    const char *name = NULL;
    for (const bcq_format_kind *const *kind = bcq_format_kinds; *kind; kind++)
        if ((*kind)->dot && (*kind)->hardware == b->format) name = (*kind)->name;
    if (!name) return bcq_fail(error, "netlist: wanted a format of docs/formats.md, got number %d", b->format);
    const char *wrong = bcq_format_parse(spec ? spec : name, f, message, sizeof message);
    if (wrong) return bcq_fail(error, "--format: %s", wrong);
    if (f->kind->hardware != b->format)
        return bcq_fail(error, "--format: wanted %s, which the netlist was built for, got \"%s\"", name, spec);
    wrong = rival_refuses(f);
    return !wrong || bcq_fail(error, "--format: wanted %s, got \"%s\"", wrong, spec);
}

/* Encodes the whole tensor, or as many zeros, and keeps its first rows and columns. */
static bool encode_rival(const bcq_format *f, const bcq_tensor *t, int64_t rows, int64_t k, bool zeros,
                         rival_tensor *r, bcq_error *error) {
    if (!rival_encode(f, t, r, error)) return false;
    if (zeros) {
        memset(r->x, 0, (size_t)(r->rows * r->k) * sizeof *r->x);
        bcq_format_scale_tensor(f, 0, &r->tensor);
        for (int64_t i = 0; i < r->rows; i++) f->kind->encode(f, &r->tensor, r->x, r->k, &r->row[i]);
    }
    for (int64_t i = rows; i < r->rows; i++) bcq_format_row_free(&r->row[i]);
    free(r->x);
    r->x = NULL;
    r->rows = rows;
    r->k = k;
    for (int64_t i = 0; i < rows; i++) {
        r->row[i].k = k;
        r->row[i].groups = f->group ? (k + f->group - 1) / f->group : 1;
    }
    return true;
}

static bool is_small_float(int format) { return format == BCQ_FORMAT_MXFP4 || format == BCQ_FORMAT_NVFP4; }
static int largest(int format) { return is_small_float(format) || format == BCQ_FORMAT_VSQ ? 7 : 127; }

/* Sign and magnitude as a code of docs/formats.md. */
static uint8_t code_of(int format, bool negative, int magnitude) {
    if (is_small_float(format)) return (uint8_t)(negative << 3 | magnitude);
    return (uint8_t)(negative ? -magnitude : magnitude);
}

static void randomise_rival(rival_tensor *r, uint64_t *state) {
    int format = r->f.kind->hardware, top = largest(format);
    for (int64_t i = 0; i < r->rows; i++)
        for (int64_t k = 0; k < r->k; k++) {
            int v = (int)draw(state, 2 * (uint64_t)top + 1) - top;
            r->row[i].code[k] = code_of(format, v < 0, abs(v));
        }
}

/* Two scales that differ in as many bits as the format's can, neither zero nor far from the middle where that
 * would make every sum saturate. */
static void worst_scales(int format, uint32_t scale[2]) {
    switch (format) {
        case BCQ_FORMAT_INT8:  scale[0] = 0x5400; scale[1] = 0x2BFF; break;  /* 64, 0.0625: all bits of FP16 */
        case BCQ_FORMAT_VSQ:   scale[0] = 5; scale[1] = 10; break;
        case BCQ_FORMAT_MXFP4: scale[0] = 0x80; scale[1] = 0x7F; break;
        default:               scale[0] = BCQ_SCALE_MAX_CODE; scale[1] = 1; break;
    }
}

static void set_worst_rival(rival_tensor *r, int (*which)(int64_t, int64_t, int64_t)) {
    int format = r->f.kind->hardware, group = r->f.group;
    uint32_t scale[2];
    worst_scales(format, scale);
    for (int64_t i = 0; i < r->rows; i++) {
        for (int64_t k = 0; k < r->k; k++) {
            int x = which(i, k / BCQ_LA_DEFAULT, k % BCQ_LA_DEFAULT);
            r->row[i].code[k] = code_of(format, x == 1, x == 2 ? 0 : largest(format));
        }
        for (int64_t g = 0; group && g < r->row[i].groups; g++) r->row[i].scale[g] = scale[(i + g * group / BCQ_LA_DEFAULT) % 2];
    }
}

static bool open_rival(energy_operands *e, const energy_data_options *o, bcq_tensor *a, bcq_tensor *w,
                       bcq_error *error) {
    bcq_format f;
    bool zeros = o->data == ENERGY_ZEROS;
    uint64_t state = o->seed;
    if (!parse_format(&e->b, o->format, &f, error) || !encode_rival(&f, a, e->m, e->k, zeros, &e->rival_a, error)
        || !encode_rival(&f, w, e->n, e->k, zeros, &e->rival_w, error)
        || !rival_check(&e->rival_a, &e->rival_w, error))
        return false;
    if (o->data == ENERGY_RANDOM) {
        randomise_rival(&e->rival_a, &state);
        randomise_rival(&e->rival_w, &state);
    } else if (o->data == ENERGY_WORST) {
        set_worst_rival(&e->rival_a, worst_activation);
        set_worst_rival(&e->rival_w, worst_weight);
    }
    e->rival = (rival_operands){ &e->rival_a, &e->rival_w };
    e->inner = rival_beats(&e->b, &e->rival);
    return true;
}

/* ---- Beats ---------------------------------------------------------------------------------------- */

static void put_bits(rtl_beat *beat, int at, uint32_t value, int bits) {
    for (int i = 0; i < bits; i++, at++) {
        beat->word[at / 32] &= ~(1u << at % 32);
        beat->word[at / 32] |= (value >> i & 1) << at % 32;
    }
}

static void activation_beat(const void *context, const rtl_build *b, int64_t row, int64_t j, rtl_beat *beat) {
    const energy_operands *e = context;
    e->inner.activations(e->inner.context, b, row, j, beat);
}

/* The harness puts other scales where none is read, to show that none is. No host would: here every beat has
 * the scale of its column. It stands lowest in each field. */
static void weight_beat(const void *context, const rtl_build *b, int64_t column, int64_t j, int row, rtl_beat *beat) {
    const energy_operands *e = context;
    e->inner.weights(e->inner.context, b, column, j, row, beat);
    int field = beat->bits / b->ndec;
    for (int i = 0; i < b->ndec && column + i < e->n; i++) {
        if (!b->rival) {
            put_bits(beat, i * field, e->w[(column + i) * e->arrays + j].scale, BCQ_SCALE_W);
        } else if (b->format != BCQ_FORMAT_INT8_TOKEN) {
            const bcq_format_row *w = &e->rival_w.row[column + i];
            int64_t group = (j * b->la + row * b->lanes) / e->rival_w.f.group;
            int elements = b->lanes * (largest(b->format) == 127 ? 8 : 4);
            put_bits(beat, i * field, group < w->groups ? w->scale[group] : 0, field - elements);
        }
    }
}

/* ---- Opening ---------------------------------------------------------------------------------------- */

energy_operands *energy_operands_open(const rtl_build *b, const energy_data_options *o, bcq_error *error) {
    energy_operands *e = calloc(1, sizeof *e);
    bcq_tensor *a = NULL, *w = NULL;
    if (!e) { bcq_fail(error, "energy: wanted memory for the operands, got none"); return NULL; }
    e->b = *b;
    e->m = o->m;
    e->n = o->n;
    e->k = o->k;
    e->arrays = (o->k + b->la - 1) / b->la;
    bool good = open_layer(o->layer, &a, &w, error)
             && (b->rival ? open_rival(e, o, a, w, error) : open_bcq(e, o, a, w, error));
    if (a) bcq_tensor_close(a);
    if (w) bcq_tensor_close(w);
    if (!good) { energy_operands_close(e); return NULL; }
    e->beats = (rtl_beats){ e->m, e->n, e->inner.k_arrays, activation_beat, weight_beat, e };
    return e;
}

void energy_operands_close(energy_operands *e) {
    if (!e) return;
    rival_free(&e->rival_a);
    rival_free(&e->rival_w);
    free(e->a);
    free(e->w);
    free(e);
}

const char *energy_codebooks_source(const energy_operands *e) { return e->source; }
const bcq_codebooks *energy_codebooks(const energy_operands *e) { return &e->cb_a; }
const rtl_beats *energy_beats(const energy_operands *e) { return &e->beats; }

void energy_golden(const energy_operands *e, uint32_t *acc) {
    if (e->b.rival) rival_golden(&e->rival_a, &e->rival_w, acc);
    else golden_bcq(e, acc);
}

/* ---- Scalars for an encoder --------------------------------------------------------------------------- */

bool energy_scalars_shape(const bcq_params *p, energy_data_options *o, bcq_error *error) {
    bcq_tensor *a, *w;
    if (!o->layer) o->layer = ENERGY_LAYER;
    if (!open_layer(o->layer, &a, &w, error)) return false;
    int64_t rows = bcq_tensor_rows(a), k = bcq_tensor_k(a);
    if (!o->m) o->m = 4;
    if (!o->n) o->n = bcq_tensor_rows(w);
    if (!o->k) o->k = at_most(4 * p->la, k / p->la * p->la);
    bcq_tensor_close(a);
    bcq_tensor_close(w);
    if (o->k % p->la)
        return bcq_fail(error, "--k: wanted a multiple of LA = %d for an encoder, got %" PRId64, p->la, o->k);
    return size_fits("--m", o->m, rows, o->layer, error) && size_fits("--k", o->k, k, o->layer, error);
}

void energy_scalars_free(energy_scalars *s) {
    free(s->x);
    free(s->exponent);
    *s = (energy_scalars){ .x = NULL };
}

/* Drawn signs and fractions; what cost the most of what was tried (docs/energy.md): magnitudes over four binades, each block
 * array twice or half the one before it; for the rivals over sixteen. */
static uint16_t stress(uint64_t *state, bool rival, int64_t j) {
    uint64_t bits = draw(state, 1 << 16), below = rival ? bits >> 8 & 15 : (bits >> 8 & 3) + (uint64_t)(j % 2);
    return (uint16_t)((bits & 0x8000) | (127 - below) << 7 | (bits & 0x7F));
}

static bool fill_scalars(const bcq_tensor *a, const energy_data_options *o, int exponent, float amax, energy_scalars *s,
                         bcq_error *error) {
    uint64_t state = o->seed;
    for (int64_t i = 0; i < o->m; i++) {
        for (int64_t k = 0; k < o->k; k++) {
            int64_t at = i * o->k + k;
            float x = 0;
            if (o->data == ENERGY_REAL && !bcq_tensor_read(a, i, k, 1, true, &x, error)) return false;
            if (o->data == ENERGY_RANDOM) x = amax * ((float)draw(&state, 1 << 24) / (float)(1 << 23) - 1);
            s->x[at] = bcq_f32_to_bf16(x);
            if (o->data == ENERGY_WORST) s->x[at] = stress(&state, s->cb.p.nc == 0, k / s->la);
        }
    }
    for (int64_t j = 0; j < s->arrays; j++) s->exponent[j] = (int8_t)exponent;
    return true;
}

bool energy_scalars_make(const bcq_params *p, bool frozen, const energy_data_options *o, energy_scalars *s,
                         bcq_error *error) {
    bcq_tensor *a, *w;
    float amax;
    int exponent = 0;
    *s = (energy_scalars){ .arrays = o->m * (o->k / p->la), .la = p->la, .source = "frozen" };
    if (!open_layer(o->layer, &a, &w, error)) return false;
    if (frozen && o->frozen_a) s->cb = *o->frozen_a;
    s->x = calloc((size_t)(o->m * o->k), sizeof *s->x);
    s->exponent = calloc((size_t)s->arrays, sizeof *s->exponent);
    bool good = (s->x && s->exponent) || bcq_fail(error, "energy: wanted memory for the scalars, got none");
    bool coded = p->nc > 0;
    if (!coded) s->source = NULL;
    good = good && (frozen || !coded || choose_codebooks(p, a, w, &s->source, &s->cb, error))
        && bcq_tensor_amax(a, true, &amax, error);
    if (good && o->data == ENERGY_ZEROS) amax = 0;
    if (good && o->data == ENERGY_WORST) amax = 2;
    if (good && coded && !bcq_tensor_exponent(amax, p, &exponent))
        good = bcq_fail(error, "%s: wanted magnitudes that have a tensor scale, got larger ones", bcq_tensor_name(a));
    good = good && fill_scalars(a, o, exponent, amax, s, error);
    bcq_tensor_close(a);
    bcq_tensor_close(w);
    if (!good) energy_scalars_free(s);
    return good;
}
