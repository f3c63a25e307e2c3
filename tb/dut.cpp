// The shim: the only C++ in the project. See dut.h. Built once a model; Vdut.h is what Verilator made
// of the RTL, dut_ports.inc lists its ports as PORT(name, bits).
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "Vdut.h"
#include "verilated.h"
#ifdef DUT_TRACE
#include "verilated_fst_c.h"
#endif
#ifdef DUT_COVERAGE
#include <unistd.h>

#include "verilated_cov.h"
#endif

#include "dut.h"

struct dut {
    VerilatedContext context;
    Vdut *top;
    uint64_t time;
    FILE *record;  // or NULL
#ifdef DUT_TRACE
    VerilatedFstC *trace;
#endif
};

static void put(CData &port, const uint32_t *words, int bits) {
    port = words[0] & ((1u << bits) - 1);
}
static void put(SData &port, const uint32_t *words, int bits) {
    port = words[0] & ((1u << bits) - 1);
}
static void put(IData &port, const uint32_t *words, int bits) {
    port = bits == 32 ? words[0] : words[0] & ((1u << bits) - 1);
}
static void put(QData &port, const uint32_t *words, int bits) {
    port = (words[0] | (QData)words[1] << 32) & (~(QData)0 >> (64 - bits));
}
template <std::size_t N> static void put(VlWide<N> &port, const uint32_t *words, int bits) {
    std::memcpy(port.data(), words, sizeof(uint32_t) * N);
    if (bits % 32) port[N - 1] &= (1u << bits % 32) - 1;
}
static void take(CData port, uint32_t *words) { words[0] = port; }
static void take(SData port, uint32_t *words) { words[0] = port; }
static void take(IData port, uint32_t *words) { words[0] = port; }
static void take(QData port, uint32_t *words) {
    words[0] = (uint32_t)port;
    words[1] = (uint32_t)(port >> 32);
}
template <std::size_t N> static void take(const VlWide<N> &port, uint32_t *words) {
    std::memcpy(words, port.data(), sizeof(uint32_t) * N);
}

enum port_number {
#define PORT(name, bits) number_##name,
#include "dut_ports.inc"
#undef PORT
    ports
};

static FILE *open_record() {
    const char *path = std::getenv("DUT_RECORD");
    if (!path) return nullptr;
    FILE *f = std::fopen(path, "w");
    if (!f) {
        std::perror(path);
        std::exit(2);
    }
#define PORT(name, bits) std::fprintf(f, "%s %d ", #name, bits);
#include "dut_ports.inc"
#undef PORT
    std::fputc('\n', f);
    return f;
}

static void record_port(FILE *f, const uint32_t *words, int bits) {
    for (int at = (bits - 1) / 32; at >= 0; at--)
        std::fprintf(f, "%0*x", at == (bits - 1) / 32 ? 1 : 8, words[at]);
    std::fputc(' ', f);
}

// A line: all ports in the order of the first line, hexadecimal, as they are before the edge.
static void record_cycle(const dut *d) {
#define PORT(name, bits) { \
        uint32_t words[sizeof d->top->name / sizeof(uint32_t) + 1]; \
        take(d->top->name, words); \
        record_port(d->record, words, bits); \
    }
#include "dut_ports.inc"
#undef PORT
    std::fputc('\n', d->record);
}

static dut *open_model(uint64_t seed) {
    dut *d = new dut;
    d->context.randReset(2);
    d->context.randSeed((int)(seed & 0x7FFFFFFF ? seed & 0x7FFFFFFF : 1));
#ifdef DUT_TRACE
    d->context.traceEverOn(true);
    d->trace = nullptr;
#endif
    d->time = 0;
    d->top = new Vdut(&d->context);
    d->record = open_record();
#ifdef DUT_COVERAGE
    // What the random initial state settles to is no toggle.
    d->top->clk_i = 0;
    d->top->eval();
    d->context.coveragep()->zero();
#endif
    return d;
}

static bool trace_model(dut *d, const char *path) {
#ifdef DUT_TRACE
    if (d->trace) {
        d->trace->close();
        delete d->trace;
        d->trace = nullptr;
    }
    if (path) {
        d->trace = new VerilatedFstC;
        d->top->trace(d->trace, 99);
        d->trace->open(path);
        return d->trace->isOpen();
    }
    return true;
#else
    (void)d;
    return !path;
#endif
}

#ifdef DUT_COVERAGE
static void write_coverage(dut *d) {
    const char *folder = std::getenv("DUT_COVERAGE");
    if (!folder) return;
    std::string path = std::string(folder) + "/XXXXXX.dat";
    int file = mkstemps(&path[0], 4);
    if (file < 0) {
        std::perror(path.c_str());
        std::exit(2);
    }
    close(file);
    d->context.coveragep()->forcePerInstance(true);
    d->context.coveragep()->write(path.c_str());
}
#endif

static void close_model(dut *d) {
    if (!d) return;
    trace_model(d, nullptr);
    if (d->record && std::fclose(d->record) != 0) {
        std::perror("DUT_RECORD");
        std::exit(2);
    }
    d->top->final();
#ifdef DUT_COVERAGE
    write_coverage(d);
#endif
    delete d->top;
    delete d;
}

static int port_model(const char *name, int *bits) {
    static const struct { const char *name; int bits; } table[] = {
#define PORT(name, bits) { #name, bits },
#include "dut_ports.inc"
#undef PORT
    };
    for (int i = 0; i < ports; i++) {
        if (std::strcmp(table[i].name, name) == 0) {
            if (bits) *bits = table[i].bits;
            return i;
        }
    }
    return -1;
}

static void set_model(dut *d, int port, const uint32_t *words) {
    switch (port) {
#define PORT(name, bits) case number_##name: put(d->top->name, words, bits); break;
#include "dut_ports.inc"
#undef PORT
    default: break;
    }
}

static void get_model(const dut *d, int port, uint32_t *words) {
    switch (port) {
#define PORT(name, bits) case number_##name: take(d->top->name, words); break;
#include "dut_ports.inc"
#undef PORT
    default: break;
    }
}

static void step(dut *d, int clock) {
    d->top->clk_i = clock;
    d->top->eval();
#ifdef DUT_TRACE
    if (d->trace) d->trace->dump(d->time);
#endif
    d->time += 5;
}

static void settle_model(dut *d) { step(d, 0); }
static void edge_model(dut *d) {
    if (d->record) record_cycle(d);
    step(d, 1);
}

const dut_model dut_model_table = {
    open_model, close_model, port_model, set_model, get_model, settle_model, edge_model, trace_model,
};
