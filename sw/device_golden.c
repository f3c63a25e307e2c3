#include <stdlib.h>
#include <string.h>

#include "device_internal.h"

/* Back end golden: the contract's arithmetic, a slice at a time; the plan's cycles and bytes. */

typedef struct {
    int8_t *w_entry, *a_entry;           /* [N][K padded], one row of A */
    uint8_t *w_scale, *a_scale;          /* [N][arrays], one row of A */
    int64_t decoded;                     /* rows of W */
    int64_t m, n;                        /* the next output */
    bool have_row;                       /* a_* hold row m */
} golden;

bool device_golden_open(bcq_device *d, bcq_error *error) {
    d->state = calloc(1, sizeof(golden));
    if (!d->built) snprintf(d->name, sizeof d->name, "golden");
    return d->state || bcq_fail(error, "golden: wanted memory, got none");
}

static void forget(golden *g) {
    free(g->w_entry);
    free(g->w_scale);
    free(g->a_entry);
    free(g->a_scale);
    *g = (golden){ 0 };
}

static bool abort_product(bcq_device *d, bcq_error *error) {
    (void)error;
    forget(d->state);
    return true;
}

static void close_golden(bcq_device *d) {
    forget(d->state);
    free(d->state);
}

static bool load_codebooks(bcq_device *d, bcq_error *error) {
    (void)error;
    if (d->built) plan_codebooks(&d->info, &d->counters);
    return true;
}

static bool start(bcq_device *d, bcq_error *error) {
    const product *p = &d->p;
    golden *g = d->state;
    size_t arrays = (size_t)p->arrays, la = (size_t)p->cb_w->p.la, w_arrays = (size_t)p->n * arrays, w_scalars;
    bool fits = !__builtin_mul_overflow(w_arrays, la, &w_scalars);
    *g = (golden){ .w_entry = fits ? malloc(w_scalars) : NULL, .w_scale = malloc(w_arrays),
                   .a_entry = malloc(arrays * la), .a_scale = malloc(arrays) };
    if (!g->w_entry || !g->w_scale || !g->a_entry || !g->a_scale)
        return bcq_fail(error, "%s: wanted memory to decode it, got none", bcq_packed_name(p->w));
    return true;
}

static void decode(const bcq_array *a, const bcq_codebooks *cb, int64_t j, int8_t *entry, uint8_t *scale) {
    bcq_decode_entries(a, cb, entry + j * cb->p.la);
    scale[j] = a->scale;
}

/* Row m of A, as the hardware has it behind its encoder or its stream. */
static bool decode_activations(bcq_device *d, golden *g, bcq_error *error) {
    const product *p = &d->p;
    int la = p->cb_a->p.la;
    for (int64_t j = 0; j < p->arrays; j++) {
        bcq_array a;
        if (p->encode) {
            float x[BCQ_LA_MAX] = { 0 };
            int64_t first = j * la, count = p->k - first < la ? p->k - first : la;
            if (p->a.tensor) {
                if (!bcq_tensor_read(p->a.tensor, g->m, first, count, true, x, error)) return false;
            } else {
                memcpy(x, p->a.values + g->m * p->k + first, (size_t)count * sizeof *x);
            }
            for (int i = 0; i < la; i++)
                x[i] = bcq_online_bf16(bcq_f32_to_bf16(x[i]), &d->counters.nonfinite);
            bcq_encode_array(x, p->exponent_a, p->cb_a, &a);
        } else {
            bcq_packed_array(p->a.packed, g->m, j, &a);
        }
        decode(&a, p->cb_a, j, g->a_entry, g->a_scale);
    }
    return true;
}

static float output(const product *p, const golden *g) {
    int la = p->cb_w->p.la;
    const int8_t *w = g->w_entry + g->n * p->arrays * la;
    const uint8_t *scale = g->w_scale + g->n * p->arrays;
    float acc = bcq_dot(g->a_entry, g->a_scale, w, scale, p->arrays, la, p->exact);
    return p->bf16_results ? bcq_result_bf16(acc) : acc;
}

static bool take_plan(bcq_device *d, bcq_error *error) {
    bcq_plan_job job = { d->p.m, d->p.n, d->p.k, d->p.encode, d->p.bf16_results, !d->p.reuse };
    bcq_plan plan;
    if (!bcq_plan_make(&d->info, &job, &plan, error)) return false;
    plan.counters.codebook_cycles = d->counters.codebook_cycles;
    plan.counters.codebook_bytes = d->counters.codebook_bytes;
    plan.counters.nonfinite = d->counters.nonfinite;
    d->counters = plan.counters;
    return true;
}

static bcq_device_state work(bcq_device *d, bcq_error *error) {
    const product *p = &d->p;
    golden *g = d->state;
    double until = device_now() + DEVICE_WORK_MS * 1e-3;
    while (g->m < p->m) {
        if (g->decoded < p->n) {
            int64_t row = g->decoded++;
            for (int64_t j = 0; j < p->arrays; j++) {
                bcq_array a;
                bcq_packed_array(p->w, row, j, &a);
                decode(&a, p->cb_w, j, g->w_entry + row * p->arrays * p->cb_w->p.la,
                       g->w_scale + row * p->arrays);
            }
        } else if (!g->have_row) {
            if (!decode_activations(d, g, error)) return BCQ_DEVICE_FAILED;
            g->have_row = true;
        } else {
            d->acc[g->m * p->n + g->n] = output(p, g);
            if (++g->n == p->n) {
                g->n = 0;
                g->m++;
                g->have_row = false;
            }
        }
        d->moved++;
        if (device_now() >= until) break;
    }
    d->done = ((double)g->m + (double)g->n / (double)p->n) / (double)p->m;
    if (g->m < p->m) return BCQ_DEVICE_RUNNING;
    forget(g);
    return !d->built || take_plan(d, error) ? BCQ_DEVICE_DONE : BCQ_DEVICE_FAILED;
}

const backend device_golden = { load_codebooks, start, work, abort_product, close_golden };
