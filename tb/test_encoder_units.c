/* The encoder's arithmetic alone against the golden model, exhaustively.
 * Usage: test_encoder_units MODEL...   (build/models/scale_encode_EW.so, build/models/normalise_EW.so)
 *
 * scale_encode: every BF16 amax (zero and all normal ones) under every tensor exponent in [-100, 100].
 * normalise: every finite conditioned BF16 value under every scale code 0 to 0x7E; the tensor exponent runs
 * through [-100, 100] with the code, and each code also meets the two limits. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bcq_model.h"
#include "dut.h"

static long passed, failed;

static const dut_model *model;
static dut *d;

static int port(const char *name) {
    int number = model->port(name, NULL);
    if (number < 0) { fprintf(stderr, "FAIL: the model has no port %s\n", name); exit(1); }
    return number;
}
static void set(int number, uint32_t value) { uint32_t w[2] = { value, 0 }; model->set(d, number, w); }
static uint32_t get(int number) { uint32_t w[2]; model->get(d, number, w); return w[0]; }

static float amax_of(int bits) { return bcq_bf16_to_f32((uint16_t)bits); }

/* What went in two cycles ago comes out, valid bit included. */
static void scale_encode(const bcq_params *p) {
    int rst_ni = port("rst_ni"), valid = port("valid_i"), amax = port("amax_i"),
        exponent = port("exponent_i"), valid_o = port("valid_o"), code_o = port("code_o");
    struct { bool valid; int amax, exponent; } pipe[2] = { { false, 0, 0 }, { false, 0, 0 } };
    long classes[4] = { 0 };
    set(valid, 1);
    set(rst_ni, 1);
    for (int i = 0; i < 3; i++) { model->settle(d); model->edge(d); }
    set(rst_ni, 0);
    model->settle(d);
    if (get(valid_o)) { fprintf(stderr, "FAIL scale_encode: valid after a reset\n"); failed++; }
    model->edge(d);
    set(rst_ni, 1);
    for (int e = -BCQ_EXPONENT_LIMIT; e <= BCQ_EXPONENT_LIMIT; e++) {
        for (int bits = 0x7F; bits < 0x7F80 + 2; bits++) {
            bool is_valid = bits < 0x7F80 && bits % 7 != 3;  /* a hole now and then */
            bool is_amax = bits < 0x7F80;                    /* checked in the hole's cycle as well */
            int a = bits == 0x7F ? 0 : bits;
            set(valid, is_valid);
            set(amax, is_amax ? (uint32_t)a : 0);
            set(exponent, (uint32_t)e & 0xFF);
            model->settle(d);
            bool want_valid = pipe[1].valid;
            uint8_t want = bcq_scale_encode(amax_of(pipe[1].amax), pipe[1].exponent, p);
            bool filled = e > -BCQ_EXPONENT_LIMIT || bits >= 0x7F + 2;
            if (filled && (get(valid_o) != want_valid || get(code_o) != want)) {
                if (failed++ < 10)
                    fprintf(stderr, "FAIL scale_encode ew=%d amax=0x%04X e=%d: valid %u code 0x%02X, "
                            "golden %d 0x%02X\n", p->entry_bits, (unsigned)pipe[1].amax,
                            pipe[1].exponent, get(valid_o), get(code_o), want_valid, want);
            } else if (filled) {
                passed++;
                classes[want == 0 ? 0 : want < 8 ? 1 : want < BCQ_SCALE_MAX_CODE ? 2 : 3]++;
            }
            pipe[1] = pipe[0];
            pipe[0].valid = is_valid;
            pipe[0].amax = is_amax ? a : 0;
            pipe[0].exponent = e;
            model->edge(d);
        }
    }
    printf("scale_encode ew %d: codes zero %ld, subnormal %ld, normal %ld, largest %ld\n",
           p->entry_bits, classes[0], classes[1], classes[2], classes[3]);
    for (int i = 0; i < 4; i++)
        if (!classes[i]) { fprintf(stderr, "FAIL scale_encode: class %d stayed empty\n", i); failed++; }
}

static void normalise(const bcq_params *p) {
    int en = port("en_i"), code = port("code_i"), exponent = port("exponent_i"), x = port("x_i"),
        y_o = port("y_o"), width = p->entry_bits + 4;
    long zero = 0, full = 0, tie = 0;
    set(en, 1);
    for (int c = 0; c <= BCQ_SCALE_MAX_CODE; c++) {
        int exponents[3] = { c * 37 % (2 * BCQ_EXPONENT_LIMIT + 1) - BCQ_EXPONENT_LIMIT,
                             -BCQ_EXPONENT_LIMIT, BCQ_EXPONENT_LIMIT };
        for (int turn = 0; turn < 3; turn++) {
            int e = exponents[turn];
            set(code, (uint32_t)c);
            set(exponent, (uint32_t)e & 0xFF);
            /* The limits: only the binades about which something can be seen. */
            int centre = 127 + e + (c >> 3) - 10, low = turn ? centre - 8 : 1, high = turn ? centre + 24 : 254;
            if (low < 1) low = 1;
            if (high > 254) high = 254;
            int first = low << 7, last = ((high + 1) << 7) - 1, count = 2 * (last - first + 1) + 2;
            model->settle(d);
            model->edge(d);
            for (int i = 0; i < count + 2; i++) {
                /* The two zeros come last; conditioning has removed -0 but the hardware may see it. */
                int in = i < count - 2 ? first + i / 2 + (i & 1) * 0x8000 : (i & 1) * 0x8000;
                set(x, (uint32_t)in);
                model->settle(d);
                if (i >= 2) {
                    int was = i - 2 < count - 2 ? first + (i - 2) / 2 + (i & 1) * 0x8000 : (i & 1) * 0x8000;
                    float value = bcq_bf16_to_f32((uint16_t)was);
                    int32_t want = bcq_normalise_x16(value, (uint8_t)c, e, p);
                    int32_t have = (int32_t)(get(y_o) << (32 - width)) >> (32 - width);
                    if (have != want) {
                        if (failed++ < 10)
                            fprintf(stderr, "FAIL normalise ew=%d x=0x%04X scale=0x%02X e=%d: Y %d, "
                                    "golden %d\n", p->entry_bits, (unsigned)was, (unsigned)c, e,
                                    have, want);
                    } else {
                        passed++;
                        zero += want == 0;
                        full += abs(want) == 16 * bcq_cmax(p);
                        /* a tie moves when the input does by its last place */
                        tie += c && (was & 0x7F) && want != bcq_normalise_x16(
                            bcq_bf16_to_f32((uint16_t)(was + 1)), (uint8_t)c, e, p);
                    }
                }
                model->edge(d);
            }
        }
    }
    /* A cycle without en holds both stages. */
    set(en, 0);
    model->settle(d);
    uint32_t held = get(y_o);
    for (int i = 0; i < 5; i++) {
        set(x, 0x4000u + 77u * (uint32_t)i);
        set(code, 0x30u + (uint32_t)i);
        model->edge(d);
        model->settle(d);
        if (get(y_o) == held) { passed++; continue; }
        fprintf(stderr, "FAIL normalise ew=%d: moved without en_i\n", p->entry_bits);
        failed++;
    }
    printf("normalise ew %d: zero %ld, saturated %ld, next to a boundary %ld\n", p->entry_bits, zero, full,
           tie);
    if (!zero || !full || !tie) { fprintf(stderr, "FAIL normalise: a class stayed empty\n"); failed++; }
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        const char *name = strrchr(argv[i], '/'), *digits = strrchr(argv[i], '_');
        void *library = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
        model = library ? dlsym(library, "dut_model_table") : NULL;
        if (!model || !name || !digits) {
            fprintf(stderr, "FAIL %s: %s\n", argv[i], library ? "no model" : dlerror());
            return 1;
        }
        bcq_params p = { 64, 8, 16, 4, atoi(digits + 1) };
        d = model->open(1);
        if (strstr(name, "scale_encode")) scale_encode(&p);
        else normalise(&p);
        model->close(d);
        dlclose(library);
    }
    printf("%ld passed, %ld failed\n", passed, failed);
    return failed || !passed;
}
