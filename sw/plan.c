#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "device_internal.h"
#include "rtl.h"

/* What a command takes on bcq_accelerator, to the cycle: a model of its control, module by module,
 * without data, stepped a cycle at a time. Sources always offer a beat, the sink always takes one.
 * Where the state of everything recurs, whole periods are skipped: that is exact, and makes a product
 * of any size a matter of milliseconds. tb/test_device.c compares every counter with the RTL's. */

static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
static int64_t min(int64_t a, int64_t b) { return a < b ? a : b; }
static double max(double a, double b) { return a > b ? a : b; }

/* ---- Numbers of a build -------------------------------------------------------------------- */

enum { DUE_WORDS = 8, ENCODER_STAGES = 7 };  /* rows + columns + stages: at most 64 * DUE_WORDS */

typedef struct {
    int rows, groups, t, ndec, load, lag, loop, latency;
    int w_in, w_out, a_in, a_out;        /* bytes of a beat and of a word behind the unpacker */
    int act_words, result_words, subs;   /* subs: beats of a token */
    bool encode, reuse;
    int enc_groups, enc_steps, beat_depth, scale_depth;
} numbers;

static numbers get_numbers(const bcq_device_info *b, const bcq_plan_job *job, bool reuse) {
    numbers z = {
        .rows = b->la / b->lanes, .groups = b->cols / b->ndec, .t = b->t, .ndec = b->ndec,
        .loop = b->deep ? BCQ_LOOP_DEEP : b->exact ? BCQ_LOOP_EXACT : BCQ_LOOP_FP32,
        .w_in = b->w_bytes, .w_out = (int)stream_record_bytes(b), .a_in = b->a_bytes,
        .act_words = b->act_words, .result_words = b->result_words,
        .subs = (int)sink_beats_a_token(b, job->bf16_results), .encode = job->encode, .reuse = reuse,
    };
    z.load = z.rows * z.groups;
    z.lag = b->ndec > z.rows && z.groups > 1 ? (z.groups - 1) * (b->ndec - z.rows) - 1 : 0;
    z.latency = z.rows + b->cols
              + (b->deep ? BCQ_STAGES_DEEP : b->exact ? BCQ_STAGES_EXACT : BCQ_STAGES_FP32);
    z.a_out = z.w_out;
    if (job->encode) {
        z.a_out = 2 * b->lb * b->enc_lanes;
        z.enc_groups = b->la / (b->lb * b->enc_lanes);
        z.enc_steps = b->nc / b->cb_per_cycle;
        z.beat_depth = 1;
        while (z.beat_depth < z.enc_groups + 6) z.beat_depth *= 2;
        z.scale_depth = z.beat_depth / z.enc_groups > 2 ? z.beat_depth / z.enc_groups : 2;
    }
    return z;
}

/* ---- State: what decides the future, relative to where the product stands ------------------ */

/* Place in the loops m tile, n tile, j; what is left of each, from here on. */
typedef struct { int64_t m, n, k; } place;

typedef struct {
    int32_t w_level, a_level;            /* bytes in the unpackers */
    int32_t full[2], fill, emit, column, feed_row;         /* bcq_weight_feed */
    int32_t enc_beat, enc_beats, enc_scales, enc_group, enc_step, enc_out;  /* bcq_encoder */
    uint8_t enc_amax[3];                 /* on the way to a scale */
    uint8_t enc_valid[ENCODER_STAGES + 1], enc_first[ENCODER_STAGES + 1],
            enc_last_step[ENCODER_STAGES + 1], enc_last_group[ENCODER_STAGES + 1];
    int64_t ring_unread, ring_used;      /* bcq_act_buffer: words from the read, from the base pointer on */
    int32_t ring_token, ring_out;
    int32_t pending, seq_full, beats, lag, tokens, gap;    /* bcq_sequencer */
    int32_t slot, last;
    uint64_t due[DUE_WORDS];             /* results on their way through the array, bit by enabled cycle */
    int32_t results, shown, sub;         /* bcq_result_pack */
} flow;

typedef struct {
    numbers z;
    int64_t n_tiles, k_arrays;
    flow s;
    place next, ring;                    /* of the next pass to start; of the next word to be read */
    int64_t w_left, a_left;              /* beats that the sources still have */
    int64_t results_left;                /* tokens that have not left as a whole */
    bcq_device_counters c;
} machine;

/* ---- One cycle: combinational signals first, then the registers, in the order of the RTL --- */

/* bcq_unpack. Returns whether a beat is taken. word: a whole one is there; taken: it leaves. */
static bool unpack(int in, int out, int32_t *level, bool offered, bool taken) {
    int kept = *level - (taken ? out : 0);
    bool room = out % in == 0 ? *level < out || taken : kept <= out;
    bool take = offered && room;
    *level = kept + (take ? in : 0);
    return take;
}

/* bcq_encoder behind its unpacker. ready: its result is taken if there is one. */
static void encoder_cycle(machine *x, bool ready) {
    const numbers *z = &x->z;
    flow *s = &x->s;
    bool write = s->enc_valid[7] && s->enc_last_step[7];
    bool en = !(write && s->enc_out && !ready);
    bool last_step = s->enc_step == z->enc_steps - 1, last_group = s->enc_group == z->enc_groups - 1;
    bool issue = en && (s->enc_group != 0 || s->enc_step != 0 || s->enc_scales > 0);
    bool scale_pop = issue && s->enc_group == 0 && s->enc_step == 0;
    bool beat_pop = en && s->enc_valid[1] && s->enc_first[1];
    bool scale_push = s->enc_amax[2];

    bool x_valid = z->a_in == z->a_out ? x->a_left > 0 : s->a_level >= z->a_out;
    bool take = x_valid && s->enc_beats < z->beat_depth;
    if (z->a_in == z->a_out) x->a_left -= take;
    else x->a_left -= unpack(z->a_in, z->a_out, &s->a_level, x->a_left > 0, take);

    s->enc_amax[2] = s->enc_amax[1];
    s->enc_amax[1] = s->enc_amax[0];
    s->enc_amax[0] = take && s->enc_beat == z->enc_groups - 1;
    if (take) s->enc_beat = (s->enc_beat + 1) % z->enc_groups;
    s->enc_beats += take - beat_pop;
    s->enc_scales += scale_push - scale_pop;
    if (en && write) s->enc_out = s->enc_last_group[7];
    else if (ready) s->enc_out = 0;
    if (en) {
        memmove(s->enc_valid + 2, s->enc_valid + 1, ENCODER_STAGES - 1);
        memmove(s->enc_first + 2, s->enc_first + 1, ENCODER_STAGES - 1);
        memmove(s->enc_last_step + 2, s->enc_last_step + 1, ENCODER_STAGES - 1);
        memmove(s->enc_last_group + 2, s->enc_last_group + 1, ENCODER_STAGES - 1);
        s->enc_valid[1] = issue;
        s->enc_first[1] = issue && s->enc_step == 0;
        s->enc_last_step[1] = issue && last_step;
        s->enc_last_group[1] = issue && last_group;
    }
    if (issue) {
        s->enc_step = last_step ? 0 : s->enc_step + 1;
        if (last_step) s->enc_group = last_group ? 0 : s->enc_group + 1;
    }
}

/* bcq_act_buffer with words. pushed: a word comes in; out_ready: the array takes one. */
static void ring_cycle(machine *x, bool pushed, bool out_ready) {
    flow *s = &x->s;
    bool pop = s->ring_unread > 0 && (!s->ring_out || out_ready);
    s->ring_out = pop || (s->ring_out && !out_ready);
    s->ring_unread += pushed - pop;
    s->ring_used += pushed;
    if (!pop) return;
    bool last_turn = !x->z.reuse || x->ring.n == 1;
    if (last_turn) s->ring_used--;
    if (!x->z.reuse) return;             /* a FIFO: its place in the loops has no effect */
    if (s->ring_token != x->z.t - 1 && s->ring_token + 1 != x->ring.m) {
        s->ring_token++;
        return;
    }
    s->ring_token = 0;
    if (--x->ring.k > 0) return;
    x->ring.k = x->k_arrays;
    if (last_turn) {
        x->ring.n = x->n_tiles;
        x->ring.m -= x->z.t;
    } else {
        x->ring.n--;
        s->ring_unread = s->ring_used;
    }
}

/* True when a pass starts in this cycle. */
static bool cycle(machine *x) {
    const numbers *z = &x->z;
    flow *s = &x->s;
    int top = z->latency - 1;

    /* The array and the sequencer: who may move. */
    bool result = s->due[top / 64] >> top % 64 & 1;
    bool room = s->results < z->result_words;
    bool en = !result || room;
    bool start = en && s->pending && s->seq_full && s->tokens == 0 && s->gap == 0;
    bool next_last = x->next.k == 1;
    bool next_final = next_last && x->next.n == 1 && x->next.m <= z->t;
    bool lag_over = z->lag == 0 || (!start && s->lag == 0);
    bool w_ready = en && lag_over && (start ? !next_final : s->pending && !s->seq_full);
    bool w_valid = s->full[s->emit];
    bool load = w_valid && w_ready;
    bool a_ready = en && (start || s->tokens != 0);

    /* Activations: unpacker or encoder, ring, array. */
    bool direct = z->a_in == z->a_out && !z->encode;
    bool in_valid = z->encode ? s->enc_out : direct ? x->a_left > 0 : s->a_level >= z->a_out;
    bool a_valid = z->act_words ? s->ring_out : in_valid;
    bool issue = a_valid && a_ready;
    bool in_taken = in_valid && (z->act_words ? s->ring_used < z->act_words : a_ready);
    bool in_ready = z->act_words ? s->ring_used < z->act_words : a_ready;

    x->c.cycles++;
    x->c.issued += issue;
    x->c.stall_in += !issue && ((a_ready && !a_valid) || (w_ready && !w_valid));
    x->c.stall_out += result && !room;

    if (z->encode) encoder_cycle(x, in_ready);
    else if (direct) x->a_left -= in_taken;
    else x->a_left -= unpack(z->a_in, z->a_out, &s->a_level, x->a_left > 0, in_taken);
    if (z->act_words) ring_cycle(x, in_taken, a_ready);

    /* Weights: unpacker, two banks. */
    bool bank = !s->full[s->fill];
    bool record = z->w_in == z->w_out ? x->w_left > 0 : s->w_level >= z->w_out;
    bool taken = record && bank;
    if (z->w_in == z->w_out) x->w_left -= taken;
    else x->w_left -= unpack(z->w_in, z->w_out, &s->w_level, x->w_left > 0, taken);
    if (taken && ++s->column == z->ndec) {
        s->column = 0;
        s->full[s->fill] = 1;
        s->fill ^= 1;
    }
    if (load && ++s->feed_row == z->rows) {
        s->feed_row = 0;
        s->full[s->emit] = 0;
        s->emit ^= 1;
    }

    /* Results: the array's pipeline, the buffer, its beats. The sink takes one a cycle. */
    bool pushed = result && room;
    bool last_sub = s->shown && s->sub == z->subs - 1;
    bool pop = (!s->shown || last_sub) && s->results > 0;
    if (last_sub) x->results_left--;
    s->sub = s->shown && !last_sub ? s->sub + 1 : 0;
    s->shown = pop || (s->shown && !last_sub);
    s->results += pushed - pop;
    if (en) {
        for (int i = top / 64; i > 0; i--) s->due[i] = s->due[i] << 1 | s->due[i - 1] >> 63;
        s->due[0] <<= 1;
        /* Bits of what has left: cleared, or equal states would not look alike. */
        if (top % 64 < 63) s->due[top / 64] &= ((uint64_t)2 << top % 64) - 1;
    }

    /* The sequencer's registers. */
    if (start) {
        s->tokens = (int32_t)min(x->next.m, z->t);
        s->slot = 0;
        s->last = next_last;
    }
    if (en && s->gap > 0) s->gap--;
    if (issue) {
        if (s->last) s->due[0] |= 1;
        if (--s->tokens == 0) s->gap = s->slot < z->loop - 1 ? z->loop - 1 - s->slot : 0;
        /* Beyond the loop's length a slot's number decides nothing. */
        if (s->slot < z->loop) s->slot++;
    }
    if (s->tokens == 0) s->slot = 0;
    if (en && s->lag > 0) s->lag--;
    if (start) {
        s->lag = z->lag > 0 ? z->lag - 1 : 0;
        s->seq_full = 0;
        if (--x->next.k == 0) {
            x->next.k = x->k_arrays;
            if (--x->next.n == 0) {
                x->next.n = x->n_tiles;
                x->next.m -= z->t;
            }
        }
        s->pending = !next_final;
    }
    if (load && ++s->beats == z->load) {
        s->beats = 0;
        s->seq_full = 1;
    }
    return start;
}

/* ---- Skipping whole periods (Brent's way of finding them: one anchor, moved at powers of two)  */

typedef struct { machine at; int64_t steps, limit; bool set; } anchor;

/* How often the way from `from` to x can be gone again before anything is different: a source that runs dry,
 * the last tile or array of a loop. level: 0 between passes, 1 between n tiles, 2 between m tiles. */
static int64_t repeats(const machine *from, const machine *x, int level) {
    const place *p[2] = { &x->next, &x->ring }, *q[2] = { &from->next, &from->ring };
    int64_t often = INT64_MAX;
    for (int i = 0; i < (x->z.reuse && x->z.act_words ? 2 : 1); i++) {
        int64_t k = q[i]->k - p[i]->k, n = q[i]->n - p[i]->n, m = q[i]->m - p[i]->m, left, step;
        switch (level) {
            case 0: if (n || m || k <= 0) return 0; left = p[i]->k - 2; step = k; break;
            case 1: if (k || m || n <= 0) return 0; left = p[i]->n - 2; step = n; break;
            default: if (k || n || m <= 0) return 0; left = p[i]->m - x->z.t - 1; step = m; break;
        }
        often = min(often, left < 0 ? 0 : left / step);
    }
    if (x->z.reuse && x->z.act_words
        && (q[0]->k - p[0]->k != q[1]->k - p[1]->k || q[0]->n - p[0]->n != q[1]->n - p[1]->n
            || q[0]->m - p[0]->m != q[1]->m - p[1]->m))
        return 0;
    if (from->w_left > x->w_left) often = min(often, x->w_left / (from->w_left - x->w_left));
    if (from->a_left > x->a_left) often = min(often, x->a_left / (from->a_left - x->a_left));
    return often;
}

bool plan_never_skips;

static void skip(anchor *a, machine *x, int level) {
    if (plan_never_skips) return;
    if (a->set && memcmp(&a->at.s, &x->s, sizeof x->s) == 0) {
        const machine *f = &a->at;
        int64_t often = repeats(f, x, level);
        if (often > 0) {
            uint64_t times = (uint64_t)often;
            machine y = *x;
            y.c.cycles += times * (x->c.cycles - f->c.cycles);
            y.c.issued += times * (x->c.issued - f->c.issued);
            y.c.stall_in += times * (x->c.stall_in - f->c.stall_in);
            y.c.stall_out += times * (x->c.stall_out - f->c.stall_out);
            y.w_left -= often * (f->w_left - x->w_left);
            y.a_left -= often * (f->a_left - x->a_left);
            y.results_left -= often * (f->results_left - x->results_left);
            place *to[2] = { &y.next, &y.ring };
            const place *now[2] = { &x->next, &x->ring }, *was[2] = { &f->next, &f->ring };
            for (int i = 0; i < 2; i++) {
                to[i]->k -= often * (was[i]->k - now[i]->k);
                to[i]->n -= often * (was[i]->n - now[i]->n);
                to[i]->m -= often * (was[i]->m - now[i]->m);
            }
            *x = y;
            a->set = false;
            return;
        }
    }
    if (!a->set || ++a->steps == a->limit) {
        a->limit = a->set ? 2 * a->limit : 1;
        a->steps = 0;
        a->at = *x;
        a->set = true;
    }
}

/* Adds what one command takes. False if it would never end (which legal sizes never do). */
static bool run(const bcq_device_info *b, const bcq_plan_job *job, bool reuse, bcq_device_counters *sum) {
    machine x;
    memset(&x, 0, sizeof x);             /* states are compared byte by byte */
    x.z = get_numbers(b, job, reuse);
    x.n_tiles = ceil_div(job->n, b->cols);
    x.k_arrays = ceil_div(job->k, b->la);
    x.next = x.ring = (place){ job->m, x.n_tiles, x.k_arrays };
    int64_t m_tiles = ceil_div(job->m, b->t), turns = reuse ? 1 : x.n_tiles;
    x.w_left = ceil_div(m_tiles * x.n_tiles * x.k_arrays * b->cols * x.z.w_out, b->w_bytes);
    x.a_left = ceil_div(job->m * turns * x.k_arrays * (job->encode ? 2 * b->la : x.z.w_out), b->a_bytes);
    x.results_left = job->m * x.n_tiles;
    int64_t w_beats = x.w_left, a_beats = x.a_left, r_beats = x.results_left * x.z.subs;

    anchor anchors[3];
    memset(anchors, 0, sizeof anchors);
    uint64_t last_start = 0;
    /* The command is there from the first cycle's end on. */
    cycle(&x);
    x.s.pending = 1;
    while (x.results_left > 0) {
        bool is_first = x.next.k == x.k_arrays, is_new_tile = x.next.n == x.n_tiles;
        if (!cycle(&x)) {
            if (x.c.cycles - last_start > 100000000) return false;
            continue;
        }
        int level = !is_first ? 0 : !is_new_tile ? 1 : 2;
        /* What lies below begins anew: its anchors belong to another tile. */
        for (int i = 0; i < level; i++) anchors[i].set = false;
        skip(&anchors[level], &x, level);
        last_start = x.c.cycles;
    }
    sum->cycles += x.c.cycles;
    sum->issued += x.c.issued;
    sum->stall_in += x.c.stall_in;
    sum->stall_out += x.c.stall_out;
    sum->w_bytes += (uint64_t)(w_beats * b->w_bytes);
    sum->a_bytes += (uint64_t)(a_beats * b->a_bytes);
    sum->r_bytes += (uint64_t)(r_beats * b->r_bytes);
    sum->commands++;
    return true;
}

/* ---- Whole products ------------------------------------------------------------------------ */

void plan_codebooks(const bcq_device_info *b, bcq_device_counters *c) {
    c->codebook_bytes = 2 * (uint64_t)b->nc << b->index_bits;
    /* Four entries a beat, a beat a cycle; the last codebook is handed on one cycle later. Memories take a
     * codebook entry by entry, and the next one's first beat comes with the last of them. */
    uint64_t entries = (uint64_t)1 << b->index_bits, beats = entries / 4;
    c->codebook_cycles = 2 * (uint64_t)b->nc * (b->table_memory ? entries + beats - 1 : beats) + 1;
}

bool plan_reuses(const bcq_device_info *b, int64_t m, int64_t k_arrays) {
    return min(m, b->t) * k_arrays <= b->act_words;
}

bool plan_sizes_fit(const bcq_device_info *b, const bcq_plan_job *job, bcq_error *error) {
    const struct { const char *name; int64_t size, unit; } sizes[] = {
        { "M", job->m, 1 }, { "N", job->n, b->cols }, { "K", job->k, b->la } };
    for (int i = 0; i < 3; i++)
        if (sizes[i].size < 1 || ceil_div(sizes[i].size, sizes[i].unit) > INT32_MAX)
            return bcq_fail(error, "%s: wanted an integer in [1, %" PRId64 "], got %" PRId64, sizes[i].name,
                            (int64_t)INT32_MAX * sizes[i].unit, sizes[i].size);
    int64_t bytes = ceil_div(job->m, b->t) * 8 * BCQ_LA_MAX * b->cols, scalars;
    if (__builtin_mul_overflow(bytes, ceil_div(job->n, b->cols), &bytes)
        || __builtin_mul_overflow(bytes, ceil_div(job->k, b->la), &bytes)
        || __builtin_mul_overflow(job->m * 8, job->n, &scalars))
        return bcq_fail(error, "M, N, K: wanted streams of less than 2^63 bytes, got %" PRId64 " x %" PRId64
                        " x %" PRId64, job->m, job->n, job->k);
    if (job->encode && !b->enc_lanes)
        return bcq_fail(error, "wanted packed activations, for this build has no encoder, got floats");
    if (b->la / b->lanes + b->cols + 16 > 64 * DUE_WORDS)
        return bcq_fail(error, "wanted a build of at most %d rows and columns, got %d and %d", 64 * DUE_WORDS,
                        b->la / b->lanes, b->cols);
    return true;
}

void splitter_open(splitter *s, const bcq_device_info *b, const bcq_plan_job *job) {
    *s = (splitter){ .build = b, .job = *job, .m_chunk = job->m, .n_chunk = job->n };
    if (b->w_capacity) {
        /* As many column tiles as fit beside each other; each tile of tokens goes over them by itself, so that
         * weights are sent once. */
        int64_t tile_bytes = b->cols * ceil_div(job->k, b->la) * (int64_t)stream_record_bytes(b);
        int64_t tiles = b->w_capacity * b->w_bytes / tile_bytes;
        s->n_chunk = min(job->n, (tiles > 0 ? tiles : 1) * b->cols);
        s->m_chunk = min(job->m, b->t);
    }
}

bool splitter_next(splitter *s, part *next) {
    if (s->next.n0 >= s->job.n) return false;
    s->next.n = min(s->n_chunk, s->job.n - s->next.n0);
    s->next.m = min(s->m_chunk, s->job.m - s->next.m0);
    *next = s->next;
    s->next.m0 += s->next.m;
    if (s->next.m0 >= s->job.m) {
        s->next.m0 = 0;
        s->next.n0 += s->next.n;
    }
    return true;
}

const char *const bcq_plan_part[BCQ_PLAN_PARTS] = { "tokens", "weight decoders", "accumulate loop",
    "weight stream", "activation stream", "encoder", "result stream" };

/* What binds, for a pass in the middle of a large product. */
static void find_rates(const bcq_device_info *b, const bcq_plan_job *job, bcq_plan *plan) {
    numbers z = get_numbers(b, job, plan->reuse);
    double tokens = (double)min(job->m, b->t), turns = plan->reuse ? (double)plan->n_tiles : 1;
    double record = job->encode ? 2.0 * b->la : z.w_out;
    const double pass[BCQ_PLAN_PARTS] = {
        tokens, z.load + z.lag, z.loop, b->cols * max((double)z.w_out / b->w_bytes, 1),
        tokens * max(record / b->a_bytes, 1) / turns,
        job->encode ? tokens * z.enc_groups * z.enc_steps / turns : 0,
        tokens * z.subs / (double)plan->k_arrays };
    int most = 0;
    for (int i = 0; i < BCQ_PLAN_PARTS; i++)
        if (pass[i] > pass[most]) most = i;
    memcpy(plan->pass, pass, sizeof pass);
    plan->binds = bcq_plan_part[most];
}

bool bcq_plan_make(const bcq_device_info *b, const bcq_plan_job *job, bcq_plan *plan, bcq_error *error) {
    if (!plan_sizes_fit(b, job, error)) return false;
    *plan = (bcq_plan){ .m_tiles = ceil_div(job->m, b->t), .n_tiles = ceil_div(job->n, b->cols),
                        .k_arrays = ceil_div(job->k, b->la) };
    plan->reuse = !job->no_reuse && plan_reuses(b, job->m, plan->k_arrays);
    splitter s;
    part next;
    struct { int64_t m, n; bcq_device_counters c; } known[4];  /* whole and last, by M and by N */
    int count = 0;
    splitter_open(&s, b, job);
    while (splitter_next(&s, &next)) {
        int i = 0;
        while (i < count && (known[i].m != next.m || known[i].n != next.n)) i++;
        if (i == count) {
            bcq_plan_job command = *job;
            command.m = known[i].m = next.m;
            command.n = known[i].n = next.n;
            memset(&known[i].c, 0, sizeof known[i].c);
            if (!run(b, &command, plan->reuse, &known[i].c))
                return bcq_fail(error, "wanted a product that ends, got one that stands still");
            count++;
        }
        plan->counters.cycles += known[i].c.cycles;
        plan->counters.issued += known[i].c.issued;
        plan->counters.stall_in += known[i].c.stall_in;
        plan->counters.stall_out += known[i].c.stall_out;
        plan->counters.w_bytes += known[i].c.w_bytes;
        plan->counters.a_bytes += known[i].c.a_bytes;
        plan->counters.r_bytes += known[i].c.r_bytes;
        plan->counters.commands++;
    }
    plan_codebooks(b, &plan->counters);
    double macs = (double)job->m * (double)job->n * (double)job->k;
    plan->bytes_a_mac = (double)(plan->counters.w_bytes + plan->counters.a_bytes + plan->counters.r_bytes) / macs;
    plan->utilisation = macs / ((double)bcq_device_macs(b) * (double)plan->counters.cycles);
    find_rates(b, job, plan);
    return true;
}
