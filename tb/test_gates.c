/* The gate-level simulator against sums done by hand, against the golden products, and against a Verilated
 * netlist net by net. Usage: test_gates [-seed S] [-cycles N] [LIBERTY NETLIST.v NETS.txt MODEL.so]
 *
 * LIBERTY NETLIST.v: a mapped bcq_pe. NETS.txt, MODEL.so: its nets, a line "NAME BIT" each, and the same netlist
 * Verilated with all of them on a port nets_o in that order (tb/gates.mk). N cycles are random. */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bcq_model.h"
#include "gates.h"

static uint64_t seed = 1, state;
static long passed, failed;
static char folder[] = "/tmp/test_gates.XXXXXX", lib_path[64], net_path[64];

static uint64_t rnd(void) {
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static void check(bool good, const char *what, const char *detail) {
    if (good) {
        passed++;
        return;
    }
    failed++;
    fprintf(stderr, "FAIL %s seed=%llu: %s\n", what, (unsigned long long)seed, detail);
}
static void check_number(double got, double want, const char *what, const char *which) {
    char text[200];
    snprintf(text, sizeof text, "%s: %.15g, by hand %.15g", which, got, want);
    check(fabs(got - want) <= 1e-12 * fabs(want), what, text);
}
static void check_count(uint64_t got, uint64_t want, const char *what, const char *which) {
    char text[200];
    snprintf(text, sizeof text, "%s: %llu, by hand %llu", which, (unsigned long long)got,
             (unsigned long long)want);
    check(got == want, what, text);
}

static void die(const char *what) {
    fprintf(stderr, "test_gates: %s\n", what);
    exit(2);
}
static void write_file(const char *path, const char *text, size_t length) {
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(text, 1, length, f) != length || fclose(f) != 0) die(path);
}
static void remove_files(void) {
    unlink(lib_path);
    unlink(net_path);
    rmdir(folder);
}

/* ---- A library and a netlist in round numbers ------------------------------------------------------- */

/* @B and @N stand for the delay of XOR from A where B is high and where it is low. An inverter slews
 * in 0.44 ns + 0.5 ns/pF: with four of itself, 0.12 pF, in 0.5 ns, and so do all ports. */
static const char hand_lib[] =
    "/* by hand */ library (hand) {\n"
    "  time_unit : \"1ns\"; voltage_unit : \"1V\"; leakage_power_unit : \"1nW\"; capacitive_load_unit (1,pf);\n"
    "  nom_voltage : 2.0; default_operating_conditions : typical;\n"
    "  lu_table_template (d2) { variable_1 : input_net_transition; variable_2 : total_output_net_capacitance;\n"
    "    index_1 (\"0, 1\"); index_2 (\"0, 1\"); }\n"
    "  power_lut_template (p2) { variable_1 : total_output_net_capacitance; variable_2 : input_transition_time;\n"
    "    index_1 (\"0, 1\"); index_2 (\"0, 1\"); }\n"
    "  power_lut_template (p1) { variable_1 : input_transition_time; index_1 (\"0, 1\"); }\n"
    "  cell (DFF) { area : 4; cell_leakage_power : 3;\n"
    "    ff (IQ,IQN) { clocked_on : \"CLK\"; next_state : \"D\"; }\n"
    "    pin (CLK) { direction : input; clock : true; rise_capacitance : 0.03; fall_capacitance : 0.05;\n"
    "      internal_power () { when : \"D\"; rise_power (scalar) { values (\"0.1\"); } fall_power (scalar) { values (\"0.2\"); } }\n"
    "      internal_power () { when : \"!D * Q\"; rise_power (scalar) { values (\"0.3\"); } fall_power (scalar) { values (\"0.4\"); } }\n"
    "      internal_power () { rise_power (scalar) { values (\"0.5\"); } fall_power (scalar) { values (\"0.6\"); } } }\n"
    "    pin (D) { direction : input; rise_capacitance : 0.01; fall_capacitance : 0.02;\n"
    "      internal_power () { rise_power (p1) { values (\"0.2, 0.6\"); } fall_power (p1) { values (\"0.1, 0.3\"); } } }\n"
    "    pin (Q) { direction : output; function : \"IQ\";\n"
    "      timing () { related_pin : \"CLK\"; timing_type : rising_edge; timing_sense : non_unate;\n"
    "        cell_rise (scalar) { values (\"0.7\"); } rise_transition (scalar) { values (\"0.2\"); }\n"
    "        cell_fall (scalar) { values (\"0.9\"); } fall_transition (scalar) { values (\"0.4\"); } }\n"
    "      internal_power () { related_pin : \"CLK\"; fall_power (scalar) { values (\"0.7\"); }\n"
    "        rise_power (p2) { values (\"1.0, 3.0\", \\\n   \"2.0, 5.0\"); } } } }\n"
    "  cell (INV) { area : 1;\n"
    "    leakage_power () { when : \"A\"; value : 1; } leakage_power () { when : \"!A\"; value : \"3\"; }\n"
    "    pin (A) { direction : input; rise_capacitance : 0.04; fall_capacitance : 0.02; }\n"
    "    pin (Y) { direction : output; function : \"A'\";\n"
    "      timing () { related_pin : \"A\"; timing_sense : negative_unate;\n"
    "        cell_rise (d2) { values (\"1, 3\", \"2, 5\"); } rise_transition (d2) { values (\"0.44, 0.94\", \"0.44, 0.94\"); }\n"
    "        cell_fall (d2) { values (\"1, 3\", \"2, 5\"); } fall_transition (d2) { values (\"0.44, 0.94\", \"0.44, 0.94\"); } }\n"
    "      internal_power () { related_pin : \"A\"; rise_power (scalar) { values (\"0.05\"); }\n"
    "        fall_power (p2) { values (\"0.1, 0.5\", \"0.3, 0.9\"); } } } }\n"
    "  cell (XOR) { area : 3; leakage_power () { value : 5; }\n"
    "    pin (A) { direction : input; capacitance : 0.06; }\n"
    "    pin (B) { direction : input; rise_capacitance : 0.08; fall_capacitance : 0.10; }\n"
    "    pin (Y) { direction : output; capacitance : 0.05; function : \"A^B\";\n"
    "      timing () { related_pin : \"A\"; when : \"B\"; cell_rise (scalar) { values (\"9\"); } cell_fall (scalar) { values (\"@B\"); } }\n"
    "      timing () { related_pin : \"A\"; when : \"!B\"; cell_rise (scalar) { values (\"9\"); } cell_fall (scalar) { values (\"@N\"); } }\n"
    "      timing () { related_pin : \"B\"; cell_rise (scalar) { values (\"0.3\"); } cell_fall (scalar) { values (\"0.3\"); } }\n"
    "      internal_power () { related_pin : \"A\"; when : \"B\"; fall_power (scalar) { values (\"0.01\"); } rise_power (scalar) { values (\"0.02\"); } }\n"
    "      internal_power () { related_pin : \"B\"; when : \"A\"; fall_power (scalar) { values (\"0.03\"); } rise_power (scalar) { values (\"0.04\"); } }\n"
    "      internal_power () { related_pin : \"A\"; when : \"!B\"; fall_power (scalar) { values (\"0.05\"); } rise_power (scalar) { values (\"0.06\"); } }\n"
    "      internal_power () { related_pin : \"B\"; fall_power (scalar) { values (\"0.07\"); } rise_power (scalar) { values (\"0.08\"); } } } }\n"
    "  cell (AND2) { pin (A) { direction : input; } pin (B) { direction : input; }\n"
    "    pin (Y) { direction : output; function : \"A B\";\n"
    "      timing () { related_pin : \"A B\"; timing_sense : positive_unate; cell_rise (scalar) { values (\"1\"); } cell_fall (scalar) { values (\"1\"); } }\n"
    "      internal_power () { related_pin : \"A\"; when : \"A !B\"; rise_power (scalar) { values (0.5); } fall_power (scalar) { values (1); } }\n"
    "      internal_power () { related_pin : \"A\"; when : \"!A B\"; rise_power (scalar) { values (1.5); } fall_power (scalar) { values (3); } }\n"
    "      internal_power () { related_pin : \"B\"; rise_power (scalar) { values (\"4\"); } fall_power (scalar) { values (\"8\"); } } } }\n"
    "  cell (DFFR) { ff (IQ,IQN) { clocked_on : \"CLK\"; next_state : \"D\"; clear : \"!R\"; }\n"
    "    pin (D) { direction : input; } pin (CLK) { direction : input; clock : true; } pin (R) { direction : input; }\n"
    "    pin (QN) { direction : output; function : \"IQN\";\n"
    "      timing () { related_pin : \"CLK\"; timing_type : rising_edge; cell_rise (scalar) { values (\"1\"); } cell_fall (scalar) { values (\"1\"); } }\n"
    "      timing () { related_pin : \"R\"; timing_type : clear; cell_rise (scalar) { values (\"1\"); } } } }\n"
    "  cell (LATCH) { latch (IQ,IQN) { enable : \"G\"; data_in : \"D\"; }\n"
    "    pin (D) { direction : input; } pin (G) { direction : input; clock : true; }\n"
    "    pin (Q) { direction : output; function : \"IQ\";\n"
    "      timing () { related_pin : \"D\"; cell_rise (scalar) { values (\"1\"); } cell_fall (scalar) { values (\"1\"); } }\n"
    "      timing () { related_pin : \"G\"; timing_type : rising_edge; cell_rise (scalar) { values (\"1\"); } cell_fall (scalar) { values (\"1\"); } } } }\n"
    "  cell (GATE) { clock_gating_integrated_cell : \"latch_posedge\";\n"
    "    statetable (\"CLK EN\", \"IG\") { table : \"L L : - : L , \\\n L H : - : H, H - : - : N \"; }\n"
    "    pin (IG) { direction : internal; internal_node : \"IG\"; }\n"
    "    pin (CLK) { direction : input; clock : true; clock_gate_clock_pin : true;\n"
    "      internal_power () { rise_power (scalar) { values (0.01); } fall_power (scalar) { values (0.02); } } }\n"
    "    pin (EN) { direction : input; clock_gate_enable_pin : true; }\n"
    "    pin (GCLK) { direction : output; clock_gate_out_pin : true; state_function : \"CLK * IG\";\n"
    "      timing () { related_pin : \"CLK\"; cell_rise (scalar) { values (\"1\"); } cell_fall (scalar) { values (\"1\"); }\n"
    "        rise_transition (scalar) { values (0.9); } fall_transition (scalar) { values (0.9); } }\n"
    "      internal_power () { related_pin : \"CLK\"; rise_power (scalar) { values (0.03); } fall_power (scalar) { values (0.04); } } } }\n"
    "  cell (TRI) { pin (A) { direction : input; } pin (E) { direction : input; }\n"
    "    pin (Y) { direction : output; function : \"A\"; three_state : \"!E\"; } }\n"
    "}\n";

static const char hand_net[] =
    "/* by hand */\nmodule hand(clk_i, d_i, q_o, g_o);\n  input clk_i;\n  wire clk_i;\n  input d_i;\n  output q_o;\n"
    "  output g_o;\n  wire n, q;\n  assign q_o = q;\n"
    "  DFF f (.CLK(clk_i), .D(d_i), .Q(q));\n  INV i (.A(q), .Y(n));\n"
    "  XOR x (.A(q), .B(n), .Y(g_o));\nendmodule\n";

static char *with_delays(const char *when_high, const char *when_low) {
    char *text = malloc(sizeof hand_lib + 100), *to = text;
    if (!text) die("out of memory");
    for (const char *c = hand_lib; *c; c++) {
        if (*c != '@') {
            *to++ = *c;
            continue;
        }
        to = stpcpy(to, *++c == 'B' ? when_high : when_low);
    }
    *to = 0;
    return text;
}

static liberty *read_liberty(const char *text) {
    const char *path = lib_path;
    bcq_error error;
    write_file(lib_path, text, strlen(text));
    liberty *lib = liberty_read(&path, 1, &error);
    if (!lib) die(error.message);
    return lib;
}

static liberty *hand_liberty(const char *when_high, const char *when_low) {
    char *text = with_delays(when_high, when_low);
    liberty *lib = read_liberty(text);
    free(text);
    return lib;
}

/* text with the first `from` replaced by `to`. */
static char *replaced(const char *text, const char *from, const char *to) {
    const char *at = strstr(text, from);
    if (!at) die(from);
    char *result = malloc(strlen(text) + strlen(to) + 1);
    if (!result) die("out of memory");
    memcpy(result, text, (size_t)(at - text));
    strcpy(stpcpy(result + (at - text), to), at + strlen(from));
    return result;
}

/* XOR's delays from A told apart by sense, not by `when`: A rises where B is high, and falls where it is low. */
static liberty *sense_liberty(const char *when_high, const char *when_low) {
    char *text = with_delays(when_high, when_low);
    char *first =
        replaced(text, "when : \"B\"; cell_rise", "timing_sense : negative_unate; cell_rise");
    char *both =
        replaced(first, "when : \"!B\"; cell_rise", "timing_sense : positive_unate; cell_rise");
    liberty *lib = read_liberty(both);
    free(text);
    free(first);
    free(both);
    return lib;
}

static void set(gates *g, const char *port, uint32_t value) {
    uint32_t words[8] = { value };
    int number = gates_dut_model.port(port, NULL);
    if (number < 0) die(port);
    gates_dut_model.set((dut *)g, number, words);
}
static uint32_t get(gates *g, const char *port) {
    uint32_t words[8];
    int number = gates_dut_model.port(port, NULL);
    if (number < 0) die(port);
    gates_dut_model.get((dut *)g, number, words);
    return words[0];
}
static void settle(gates *g) { gates_dut_model.settle((dut *)g); }
static void edge(gates *g) { gates_dut_model.edge((dut *)g); }

/* q rises and falls once. glitches: of g_o, two transitions each, at the first edge and at the second; events that a
 * gate swallows are those that are missing. Sums in pJ:
 *   V = 2 V, so a transition of C pF costs 2 C. Wire: 0.01 a pin. Loads, rising / falling:
 *     clk_i 0.04 / 0.06, d_i 0.02 / 0.03, q 0.12 / 0.10, n 0.09 / 0.11, g_o 0.05 / 0.05.
 *   CLK: rises with D 0.1; falls with D 0.2; rises with !D * Q 0.3; falls with !D * !Q, so without `when`, 0.6.
 *   D: at 0.5 ns, rising 0.4, falling 0.2.   Q: rising, at 0.5 ns and 0.12 pF 2.0 + 0.12 * 1.5 = 2.18; falling 0.7.
 *   n: falling, after q rose in 0.2 ns, at 0.11 pF: 0.18 + 0.11 * 0.24 = 0.2064; rising 0.05.
 *   g_o: the first glitch falls by A where B is high, 0.01, and rises by B where A is high, 0.04; the second falls by A
 *     where B is low, 0.05, and rises by B where A is low, so without `when`, 0.08.
 * Delay of n: falling 1.2 + 0.11 * 2.2 = 1.442 ns, rising (q fell in 0.4 ns) 1.4 + 0.09 * 2.4 = 1.616 ns. */
static void by_hand(bool events, bool sense, const char *when_high, const char *when_low,
                    bool first, bool second) {
    char what[80];
    snprintf(what, sizeof what, "by hand%s, %s, %s and %s ns", sense ? ", senses" : "",
             events ? "events" : "zero delay", when_high, when_low);
    bcq_error error;
    liberty *lib = sense ? sense_liberty(when_high, when_low) : hand_liberty(when_high, when_low);
    write_file(net_path, hand_net, sizeof hand_net - 1);
    gates *g = gates_open(lib, net_path, "hand", &(gates_options){ events, 10, seed }, &error);
    if (!g) die(error.message);
    set(g, "d_i", 0);
    settle(g);
    edge(g);
    settle(g);
    gates_clear(g);
    uint64_t swallowed, before;
    gates_events(g, &before);
    set(g, "d_i", 1);
    settle(g);
    edge(g);
    check(get(g, "q_o") == 1 && get(g, "g_o") == 1, what, "q_o = 1 and g_o = 1 wanted");
    /* So far clk_i, d_i and q rose, n fell. */
    check_number(1e12 * gates_get_scope(g, 0).switching_j,
                 0.08 + 0.04 + 0.24 + 0.22 + (first ? 0.2 : 0), what,
                 "switching of the first half");
    set(g, "d_i", 0);
    settle(g);
    edge(g);
    check(get(g, "q_o") == 0 && get(g, "g_o") == 1, what, "q_o = 0 and g_o = 1 wanted");
    settle(g);
    gates_events(g, &swallowed);
    unsigned seen = (unsigned)first + second;
    gates_scope s = gates_get_scope(g, 0);
    check_number(1e12 * s.switching_j, 0.40 + 0.10 + 0.44 + 0.40 + 0.2 * seen, what, "switching");
    check_number(1e12 * s.internal_j,
                 1.2 + 0.6 + 2.88 + 0.2564 + (first ? 0.05 : 0) + (second ? 0.13 : 0), what,
                 "internal");
    check_number(1e12 * s.clock_j, 0.40 + 1.2, what, "clock");
    check_number(1e9 * s.leakage_w, 3 + 2 + 5, what, "leakage");
    check_count(s.toggles, 4 + 2 + 2 + 2 + 2 * seen, what, "toggles");
    check_count(s.functional, 4 + 2 + 2 + 2, what, "functional toggles");
    check_count(s.cells, 3, what, "cells");
    check_count(gates_cycles(g), 2, what, "cycles");
    check_count(swallowed - before, events ? 2 - seen : 0, what, "swallowed");
    uint64_t toggles = 0;
    check(gates_toggles(g, 0, "g_o", 0, &toggles) && toggles == 2 * seen, what, "toggles of g_o");
    check(!gates_toggles(g, 0, "g_o", 1, &toggles) && !gates_toggles(g, 0, "none", 0, &toggles),
          what, "a net that is not there");
    gates_load load = gates_total_load(g);
    check_number(1e12 * load.capacitance, 0.11 + 0.10 + 0.05, what,
                 "load of nets that cells drive");
    check_number(1e12 * load.port_capacitance, 0.025 + 0.05, what, "load of ports");
    check(load.clock_capacitance == 0 && load.clock_nets == 0, what,
          "a clock net that a cell drives");
    gates_close(g);
    liberty_free(lib);
}

/* d_i rises and falls once, at B of an AND and, two inverters later, at A: the output rises by A, the
 * last to arrive. It falls by B, the first, with events; by A in zero delay, where both are there at once
 * and A's level is the higher. A's groups hold in no state that occurs: their mean, 1 rising, 2 falling. */
static void cause(bool events) {
    static const char net[] =
        "module hand(clk_i, d_i, o_o); input clk_i, d_i; output o_o; wire n, m;\n"
        "AND2 a (.A(m), .B(d_i), .Y(o_o)); INV i (.A(d_i), .Y(n)); INV j (.A(n), .Y(m)); endmodule";
    const char *what = events ? "cause, events" : "cause, zero delay";
    bcq_error error;
    liberty *lib = hand_liberty("1", "1");
    write_file(net_path, net, sizeof net - 1);
    gates *g = gates_open(lib, net_path, "hand", &(gates_options){ events, 0, seed }, &error);
    if (!g) die(error.message);
    double inverters[2], internal[2];
    for (int fall = 0; fall < 2; fall++) {
        set(g, "d_i", !fall);
        settle(g);
        internal[fall] = 1e12 * gates_get_scope(g, 0).internal_j;
        /* Inverters rising: 0.05. The first falls after 0.5 ns at 0.02 pF: 0.3 + 0.02 * 0.3; the second after
         * 0.44 + 0.04 * 0.5 ns at no load: 0.1 + 0.46 * 0.4. */
        inverters[fall] = fall ? inverters[0] + 0.05 + 0.284 : 0.306 + 0.05;
    }
    check_number(internal[0] - inverters[0], 1, what, "rise");
    check_number(internal[1] - inverters[1], 1 + (events ? 8 : 2), what, "fall");
    check(get(g, "o_o") == 0, what, "o_o = 0 wanted");
    gates_close(g);
    liberty_free(lib);
}

/* A flip-flop behind a clock gate, one cycle with the gate closed and one with it open. Loads: clk_i 0.01, the gate's
 * output 0.04 / 0.06; its slew of 0.9 ns does not count, the clock being ideal. */
static void clock_gate(bool events) {
    static const char net[] =
        "module hand(clk_i, en_i, d_i, q_o); input clk_i, en_i, d_i; output q_o; wire c;\n"
        "GATE g (.CLK(clk_i), .EN(en_i), .GCLK(c)); DFF f (.CLK(c), .D(d_i), .Q(q_o)); endmodule";
    const char *what = events ? "clock gate, events" : "clock gate, zero delay";
    bcq_error error;
    liberty *lib = hand_liberty("1", "1");
    write_file(net_path, net, sizeof net - 1);
    gates *g = gates_open(lib, net_path, "hand", &(gates_options){ events, 10, seed }, &error);
    if (!g) die(error.message);
    set(g, "en_i", 1); /* q_o = 0 */
    settle(g);
    edge(g);
    set(g, "en_i", 0);
    settle(g);
    gates_clear(g);
    edge(g);
    settle(g);
    gates_scope closed = gates_get_scope(g, 0);
    check_number(1e12 * closed.switching_j, 0.04, what, "closed, switching");
    check_number(1e12 * closed.internal_j, 0.03, what, "closed, internal");
    check_number(1e12 * closed.clock_j, 0.07, what, "closed, clock");
    check_count(closed.toggles, 2, what, "closed, toggles");
    set(g, "en_i", 1);
    set(g, "d_i", 1);
    settle(g);
    edge(g);
    check(get(g, "q_o") == 1, what, "q_o = 1 wanted");
    settle(g);
    gates_scope open = gates_get_scope(g, 0);
    /* clk_i as before; the gate's output; en_i, d_i. */
    check_number(1e12 * open.switching_j, 0.04 + 0.04 + 0.20 + 0.02 + 0.04, what,
                 "open, switching");
    /* The gate's CLK and GCLK; the flip-flop's CLK with D, rising and falling; D at 0.5 ns; Q at 0.5 ns and no load. */
    check_number(1e12 * open.internal_j, 0.03 + 0.03 + 0.07 + 0.1 + 0.2 + 0.4 + 2.0, what,
                 "open, internal");
    check_number(1e12 * open.clock_j, 0.07 + 0.07 + 0.20 + 0.07 + 0.3, what, "open, clock");
    check_count(open.toggles, 2 + 2 + 2 + 2 + 1, what, "open, toggles");
    gates_close(g);
    liberty_free(lib);
}

/* A gate out of a latch and an AND, the AND written before what inverts the latch's enable. While
 * the clock is low en_i goes through the latch; behind the AND a latch, open half a cycle, and a
 * flip-flop whose data moves with the same edge. A latch that is open while the clock is high makes
 * no clock gate: refused. */
static void latch_and(bool events) {
    static const char net[] =
        "module hand(clk_i, en_i, d_i, q_o, l_o); input clk_i, en_i, d_i; output q_o, l_o;\n"
        "wire c, n, e, m; AND2 a (.A(clk_i), .B(e), .Y(c)); INV i (.A(clk_i), .Y(n));\n"
        "LATCH l (.D(en_i), .G(n), .Q(e)); DFF f (.CLK(clk_i), .D(d_i), .Q(m));\n"
        "DFF h (.CLK(c), .D(m), .Q(q_o)); LATCH w (.D(m), .G(c), .Q(l_o)); endmodule";
    const char *what = events ? "latch and AND, events" : "latch and AND, zero delay";
    bcq_error error;
    liberty *lib = hand_liberty("1", "1");
    write_file(net_path, net, sizeof net - 1);
    gates *g = gates_open(lib, net_path, "hand", &(gates_options){ events, 10, seed }, &error);
    if (!g) die(error.message);
    uint32_t before = 0, q = 0, l = 0;
    for (int cycle = 0; cycle < 64; cycle++) {
        uint32_t d = rnd() & 1, en = rnd() & 1 || cycle < 2;
        set(g, "d_i", d);
        set(g, "en_i", en);
        settle(g);
        bool holds = get(g, "q_o") == q && get(g, "l_o") == l;
        if (cycle > 1) check(holds, what, "held while the clock is low");
        edge(g);
        if (en) {
            q = before;
            l = d;
        }
        bool follows = get(g, "q_o") == q && get(g, "l_o") == l;
        if (cycle > 0) check(follows, what, "the word of the open cycles");
        before = d;
    }
    gates_close(g);
    char *text = replaced(net, ".G(n)", ".G(clk_i)");
    write_file(net_path, text, strlen(text));
    g = gates_open(lib, net_path, "hand", &(gates_options){ events, 10, seed }, &error);
    check(!g && strstr(error.message, "wanted clocks that come from"), what,
          "open while the clock is high: refused");
    gates_close(g);
    free(text);
    liberty_free(lib);
}

/* An inverter that drives 20 others falls, 0.5 ns, 0.4 pF: switching of all of it, internal energy at 16 of 20 pins,
 * 0.3 + 0.32 * 0.3. The 20 rise: 0.05 each, no load. d_i: 0.04 pF. */
static void many_loads(bool events) {
    const char *what = events ? "20 loads, events" : "20 loads, zero delay";
    char net[2000], *at = net;
    at += sprintf(at, "module hand(clk_i, d_i); input clk_i, d_i; wire n; INV i (.A(d_i), .Y(n));");
    for (int k = 0; k < 20; k++) at += sprintf(at, " INV j%d (.A(n), .Y());", k);
    strcpy(at, " endmodule");
    bcq_error error;
    liberty *lib = hand_liberty("1", "1");
    write_file(net_path, net, strlen(net));
    gates *g = gates_open(lib, net_path, "hand", &(gates_options){ events, 0, seed }, &error);
    if (!g) die(error.message);
    set(g, "d_i", 1);
    settle(g);
    gates_scope s = gates_get_scope(g, 0);
    check_number(1e12 * s.internal_j, 0.396 + 20 * 0.05, what, "internal");
    check_number(1e12 * s.switching_j, 0.08 + 0.8, what, "switching");
    gates_close(g);
    liberty_free(lib);
}

/* ---- What netlists hold: hierarchy, vectors, clock gates, latches, resets, memories ------------------------ */

/* Two halves of a 4-bit register with an enable behind a clock gate and a reset, inverted twice or, the odd bits, once; a latch that holds a bit
 * while the clock is low; a memory of 4 words. */
static const char parts_net[] =
    "module \\half$1 (input_i, \\clk.g , rst_ni, out_o);\n"
    "  (* src = \"a;b\" *) input [1:0] input_i; input \\clk.g ; input rst_ni;\n  output [0:1] out_o;\n  wire [5:4] \\n[x] ;\n"
    "  wire open;\n"
    "  DFFR \\r[0] (.D(\\n[x] [4]), .CLK(\\clk.g ), .R(rst_ni), .QN(out_o[0]));\n"
    "  DFFR r1 (.D(\\n[x] [5]), .CLK(\\clk.g ), .R(rst_ni), .QN(out_o[1]));\n"
    "  INV a (.A(input_i[0]), .Y(\\n[x] [4]));\n  XOR b (.A(input_i[1]), .B(1'b0), .Y(\\n[x] [5]));\n"
    "  XOR unused (.A(1'h1), .B(1'bx), .Y());\n"
    "endmodule\n"
    "module parts(clk_i, rst_ni, en_i, x_i, q_o, l_o, k_o, write_i, read_i, wa_i, ra_i, m_o);\n"
    "  input clk_i, rst_ni, en_i, write_i, read_i; input [3:0] x_i; input [1:0] wa_i, ra_i;\n"
    "  output [3:0] q_o; output l_o; output [7:0] k_o; output [3:0] m_o;\n"
    "  wire g, not_clk; wire [3:0] q, y; wire [1:0] half;\n"
    "  assign { half, y[1:0] } = { q[3:2], x_i[1:0] };\n  assign y[3:2] = x_i[3:2];\n"
    "  assign k_o = { 2'd2, {2{y[1]}}, 3'o5, half[1] };\n  assign q_o = q;\n"
    "  GATE gate (.CLK(clk_i), .EN(en_i), .GCLK(g));\n"
    "  \\half$1  low (.input_i(y[1:0]), .\\clk.g (g), .rst_ni(rst_ni), .out_o({ q[0], q[1] }));\n"
    "  \\half$1  \\high[1] (.input_i({ y[3], y[2] }), .\\clk.g (g), .rst_ni(rst_ni), .out_o({ q[2], half[1] }));\n"
    "  INV nc (.A(clk_i), .Y(not_clk));\n  LATCH hold (.D(q[0]), .G(not_clk), .Q(l_o));\n"
    "  \\$paramod$12\\bcq_acc_memory  memory (.clk_i(clk_i), .write_i(write_i), .write_addr_i(wa_i), .write_data_i(x_i),\n"
    "    .read_i(read_i), .read_addr_i(ra_i), .data_o(m_o));\n"
    "endmodule\n";

static void parts(bool events, long cycles) {
    const char *what = events ? "parts, events" : "parts, zero delay";
    bcq_error error;
    liberty *lib = hand_liberty("1", "1");
    write_file(net_path, parts_net, sizeof parts_net - 1);
    gates *g = gates_open(lib, net_path, "parts", &(gates_options){ events, 0, seed }, &error);
    if (!g) die(error.message);
    int bits = 0;
    check(gates_dut_model.port("k_o", &bits) >= 0 && bits == 8
              && gates_dut_model.port("q", NULL) < 0,
          what, "ports");
    check(gates_scopes(g) == 4, what, "four instances wanted");
    static const struct {
        const char *module, *instance;
        int parent;
        uint64_t cells;
    } want[] = { { "parts", "", -1, 3 },
                 { "half$1", "low", 0, 5 },
                 { "half$1", "high[1]", 0, 5 },
                 { "$paramod$12\\bcq_acc_memory", "memory", 0, 0 } };
    for (int i = 0; i < 4 && i < gates_scopes(g); i++) {
        gates_scope s = gates_get_scope(g, i);
        check(strcmp(s.module, want[i].module) == 0 && strcmp(s.instance, want[i].instance) == 0
                  && s.parent == want[i].parent && s.cells == want[i].cells,
              what, s.instance);
    }
    uint32_t q = 0, memory[4] = { 0 }, data = 0, known = 0, read_known = 0;
    uint64_t writes = 0, reads = 0;
    long wrong = 0, compared = 0, classes[4] = { 0 };
    for (long i = 0; i < cycles; i++) {
        uint32_t x = rnd() & 15, en = rnd() & 1, rst = i > 1 && (rnd() & 15), write = rnd() & 1,
                 read = rnd() & 1, wa = rnd() & 3, ra = rnd() & 3;
        set(g, "x_i", x);
        set(g, "en_i", en);
        set(g, "rst_ni", rst);
        set(g, "write_i", write);
        set(g, "read_i", read);
        set(g, "wa_i", wa);
        set(g, "ra_i", ra);
        settle(g);
        /* QN of what the inverted input left: the register is 1 after a reset. Of the upper half the port is
         * connected the other way round, and q_o[3] is half[1]. */
        if (!rst) {
            q = 15;
            classes[0]++;
        }
        uint32_t show = q, k = 2u << 6 | (x >> 1 & 1) * 3u << 4 | 5u << 1 | (show >> 3 & 1);
        wrong += get(g, "q_o") != show || get(g, "k_o") != k || get(g, "l_o") != (show & 1);
        if (read_known) {
            wrong += get(g, "m_o") != data;
            classes[1]++;
        }
        compared++;
        edge(g);
        if (rst && en) {
            q = x ^ 10;
            classes[2]++;
        }
        if (read) {
            data = memory[ra];
            read_known = known >> ra & 1;
            reads++;
        }
        if (write) {
            memory[wa] = x;
            known |= 1u << wa;
            writes++;
        }
        classes[3] += read && write && ra == wa;
        wrong += get(g, "l_o") != (show & 1); /* closed before q changed */
    }
    char text[80];
    snprintf(text, sizeof text, "%ld of %ld cycles wrong", wrong, compared);
    check(!wrong && compared == cycles, what, text);
    for (int i = 0; i < 4; i++) check(classes[i] > 0, what, "a class of cycle does not occur");
    gates_scope s = gates_get_scope(g, 3);
    check(s.reads == reads && s.writes == writes && s.words == 4 && s.width == 4, what,
          "accesses of the memory");
    gates_close(g);
    liberty_free(lib);
}

/* ---- Files that are refused ----------------------------------------------------------------------- */

static void refused(bool refused_, const bcq_error *error, const char *part, const char *change) {
    char text[700];
    snprintf(text, sizeof text, "'%s': '%s' wanted, got '%s'", change, part,
             refused_ ? error->message : "no refusal");
    check(refused_ && strstr(error->message, part) && !strchr(error->message, '\n'), "bad file",
          text);
}

static void bad_files(void) {
    static const struct {
        const char *from, *to, *message;
    } libs[] = {
        { "library (hand)", "libary (hand)", "wanted library (NAME) {" },
        { "\"1ns\"", "\"1parsec\"", "wanted time_unit" },
        { "(1,pf)", "(1,farad)", "capacitive_load_unit" },
        { "index_1 (\"0, 1\")", "index_1 (\"1, 0\")", "wanted an index that rises" },
        { "index_1 (\"0, 1\")", "index_1 (\"0, nan\")", "wanted numbers" },
        { "\"1, 3\", \"2, 5\"", "\"1, 3\", \"2\"", "INV: wanted 4 values, got '3'" },
        { "cell_rise (d2)", "cell_rise (d3)", "wanted a template of the library, got 'd3'" },
        { "variable_1 : input_net_transition", "variable_1 : temperature",
          "wanted a table over slew and load, got 'temperature'" },
        { "\"A'\"", "\"A' +\"", "wanted a function" },
        { "\"A'\"", "\"(A'\"", "wanted a ')'" },
        { "\"A^B\"", "\"A^C\"", "XOR: wanted a function of the cell's pins, got 'A^C'" },
        { "related_pin : \"A\"", "related_pin : \"Z\"", "wanted a related_pin of the cell" },
        { "area : 4", "area : four", "wanted a number, got 'four'" },
        { "direction : input", "direktion : input", "wanted a direction" },
        { "L L : - : L", "L L : - ", "wanted a row of inputs" },
        { "H - : - : N", "H H : - : N", "wanted a table of every state" },
        { "/* by hand */", "/* by hand", "wanted an end of this comment" },
        { "values (\"0.1\")", "values (\"0.1)", "wanted " },
    };
    static const struct {
        const char *from, *to, *message;
    } nets[] = {
        { "INV i", "INW i",
          ":11: wanted a module of this file, a cell of hand or a memory, got 'INW'" },
        { "INV i", "TRI i", "got TRI: a three-state output" },
        { ".A(q), .Y(n)", ".Y(n)", "wanted a net at pin A of INV, got none" },
        { ".A(q), .Y(n)", ".A(q), .A(q), .Y(n)", "wanted one net to each pin of INV" },
        { ".A(q), .Y(n)", ".A({q, n}), .Y(n)", "wanted one net to each pin of INV, got 2 to A" },
        { ".A(q), .Y(n)", ".A(qq), .Y(n)", "wanted a net of module hand, got 'qq'" },
        { ".A(q), .Y(n)", ".A(q[1]), .Y(n)", "wanted bits of q [0:0], got [1:1]" },
        { ".A(q), .Y(n)", ".A(n), .Y(n)", "wanted no loop without a flip-flop" },
        { ".A(q), .Y(n)", ".A(n), .Y(q)", "net q_o[0]: wanted one driver, got two" },
        { ".CLK(clk_i)", ".CLK(n)", "wanted clocks that come from clk_i" },
        { ".CLK(clk_i)", ".CLK(4'b012)", "wanted a constant" },
        { "assign q_o = q", "assign q_o = 2'b00", "wanted an assignment of 1 bits, got 2" },
        { "assign q_o = q", "assign 1'h0 = q", "wanted nets to assign to, got a constant" },
        { "assign q_o = q", "assign q_o = q + q", "wanted ';', got '+'" },
        { "wire n, q", "wire [n:0] q", "wanted a small number, got 'n'" },
        { "endmodule", "band b (.x(q)); endmodule module band(y); input [1:0] y; endmodule",
          "wanted a port x of module band with 0 bits, got 1" },
        { "endmodule", "band b (.y(q)); endmodule module band(y); input [1:0] y; endmodule",
          "wanted a port y of module band with 2 bits, got 1" },
        { "DFF f (.CLK(clk_i), .D(d_i), .Q(q));", "hand f ();", "got module hand inside itself" },
        { "endmodule", "endmodule module hand; endmodule", "wanted each module once" },
        { "module hand", "module band", "wanted a module hand, got none of that name" },
        { "endmodule", "", "got the end of the file" },
        { "INV i (.A(q), .Y(n));", "bcq_acc_memory i (.clk_i(q));",
          "wanted a net at port write_i of bcq_acc_memory" },
    };
    bcq_error error = { "" };
    const char *path = lib_path;
    char *good = with_delays("1", "1");
    for (size_t i = 0; i < sizeof libs / sizeof *libs; i++) {
        char *text = replaced(good, libs[i].from, libs[i].to);
        write_file(lib_path, text, strlen(text));
        free(text);
        liberty *lib = liberty_read(&path, 1, &error);
        refused(!lib, &error, libs[i].message, libs[i].to);
        liberty_free(lib);
    }
    long accepted = 0, lines = 0, cuts = 0;
    for (size_t cut = 0; cut + 3 < strlen(good); cut += 13, cuts++) {
        write_file(lib_path, good, cut);
        liberty *lib = liberty_read(&path, 1, &error);
        accepted += lib != NULL;
        lines += !lib && strchr(error.message, '\n') == NULL;
        liberty_free(lib);
    }
    check(!accepted && lines == cuts && cuts > 100, "bad file", "a Liberty file that is cut off");
    free(good);
    liberty *lib = hand_liberty("1", "1");
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        char *text = replaced(hand_net, nets[i].from, nets[i].to);
        write_file(net_path, text, strlen(text));
        free(text);
        gates *g = gates_open(lib, net_path, "hand", &(gates_options){ true, 0, seed }, &error);
        refused(!g, &error, nets[i].message, nets[i].to);
        gates_close(g);
    }
    accepted = lines = cuts = 0;
    for (size_t cut = 0; cut + 11 < sizeof parts_net; cut += 5, cuts++) {
        write_file(net_path, parts_net, cut);
        gates *g = gates_open(lib, net_path, "parts", &(gates_options){ false, 0, seed }, &error);
        accepted += g != NULL;
        lines += !g && strchr(error.message, '\n') == NULL;
        gates_close(g);
    }
    check(!accepted && lines == cuts && cuts > 100, "bad file", "a netlist that is cut off");
    gates *g = gates_open(lib, "/nowhere.v", "hand", &(gates_options){ 0 }, &error);
    refused(!g, &error, "/nowhere.v: No such file", "a netlist that is not there");
    liberty_free(lib);
    path = "/nowhere.lib";
    lib = liberty_read(&path, 1, &error);
    refused(!lib, &error, "/nowhere.lib: No such file", "a library that is not there");
}

/* ---- The processing element ------------------------------------------------------------------------ */

enum { LANES = BCQ_LANES, WORDS = 2 };
enum { EN, LOAD, SWITCH, W, A, PSUM, A_OUT, SWITCH_OUT, PSUM_OUT, PORTS };
static const char *const port_name[PORTS] = { "en_i",   "load_i", "switch_i", "w_i",   "a_i",
                                              "psum_i", "a_o",    "switch_o", "psum_o" };
typedef struct {
    uint8_t w[LANES], a[LANES];
    bool en, load, toggle;
    uint32_t psum;
} inputs;
typedef struct {
    uint8_t shadow[LANES], active[LANES], a[LANES];
    uint32_t psum;
    bool toggle;
    int shadow_known, active_known, known;
} element;
typedef struct {
    const dut_model *m;
    dut *d;
    int port[PORTS], nets_port;
} bench;

static int ew, psum_bits;

static bool open_bench(bench *b, const dut_model *m, dut *d) {
    *b = (bench){ .m = m, .d = d };
    for (int p = 0; p < PORTS; p++) {
        int bits = 0;
        if ((b->port[p] = m->port(port_name[p], &bits)) < 0) return false;
        if (p == A) ew = bits / LANES;
        if (p == PSUM) psum_bits = bits;
    }
    return ew >= BCQ_EW_MIN && ew <= BCQ_EW_MAX && psum_bits <= 31;
}

static uint64_t packed(const uint8_t x[LANES]) {
    uint64_t all = 0;
    for (int i = LANES - 1; i >= 0; i--) all = all << ew | x[i];
    return all;
}
static void set_port(const bench *b, int port, uint64_t value) {
    uint32_t words[WORDS] = { (uint32_t)value, (uint32_t)(value >> 32) };
    b->m->set(b->d, b->port[port], words);
}
static void apply(const bench *b, const inputs *in) {
    set_port(b, EN, in->en);
    set_port(b, LOAD, in->load);
    set_port(b, SWITCH, in->toggle);
    set_port(b, W, packed(in->w));
    set_port(b, A, packed(in->a));
    set_port(b, PSUM, in->psum);
    b->m->settle(b->d);
}
static uint64_t get_port(const bench *b, int port) {
    uint32_t words[WORDS] = { 0 };
    b->m->get(b->d, b->port[port], words);
    return words[0] | (uint64_t)words[1] << 32;
}

static int8_t value_of(uint8_t code) {
    int sign = 1 << (ew - 1), magnitude = code & (sign - 1);
    return (int8_t)(code & sign ? -magnitude : magnitude);
}

/* What rtl/bcq_pe.sv promises, with the golden dot product. */
static void advance(element *e, const inputs *in) {
    if (!in->en) return;
    int8_t a[LANES], w[LANES];
    for (int i = 0; i < LANES; i++) {
        a[i] = value_of(in->a[i]);
        w[i] = value_of(e->active[i]);
    }
    uint32_t fold = (uint32_t)LANES << (2 * (ew - 1));
    e->psum = (in->psum + (uint32_t)bcq_psum(a, w, LANES) + fold) & ((1u << psum_bits) - 1);
    e->toggle = in->toggle;
    memcpy(e->a, in->a, sizeof e->a);
    e->known = e->active_known;
    if (in->toggle) {
        memcpy(e->active, e->shadow, sizeof e->active);
        e->active_known = e->shadow_known;
    }
    if (in->load) {
        memcpy(e->shadow, in->w, sizeof e->shadow);
        e->shadow_known = 1;
    }
}

static bool as_promised(const bench *b, const element *e) {
    return !e->known
           || (get_port(b, PSUM_OUT) == e->psum && get_port(b, A_OUT) == packed(e->a)
               && get_port(b, SWITCH_OUT) == e->toggle);
}

/* The first four make every register known. */
static inputs draw(long cycle) {
    inputs in = { .en = cycle < 4 || rnd() % 8 != 0,
                  .load = cycle < 4 || rnd() % 8 == 0,
                  .toggle = cycle < 4 || rnd() % 8 == 0 };
    static const uint8_t kinds[4] = { 0, 1, 2, 3 };
    uint32_t top = 1u << (ew - 1), kind = (uint32_t)(rnd() % 8);
    for (int i = 0; i < LANES; i++) {
        const uint8_t extreme[4] = { 0, (uint8_t)top, (uint8_t)(top - 1), (uint8_t)(2 * top - 1) };
        in.w[i] = kind == 0 ? extreme[kinds[rnd() % 4]] : (uint8_t)(rnd() % (2 * top));
        in.a[i] = kind <= 1 ? extreme[kinds[rnd() % 4]] : (uint8_t)(rnd() % (2 * top));
    }
    in.psum = (uint32_t)rnd() & ((1u << psum_bits) - 1);
    return in;
}

static gates *open_pe(const liberty *lib, const char *netlist, bool events) {
    bcq_error error;
    gates *g = gates_open(lib, netlist, "bcq_pe", &(gates_options){ events, 0, seed }, &error);
    if (!g) die(error.message);
    return g;
}

/* Against the golden products, in both modes at once; functional toggles of the one are those of the other. */
static void products(const liberty *lib, const char *netlist, long cycles) {
    gates *g[2];
    bench b[2];
    element e = { .psum = 0 };
    long wrong[2] = { 0 }, compared = 0;
    state = seed;
    for (int k = 0; k < 2; k++) {
        g[k] = open_pe(lib, netlist, k);
        if (!open_bench(&b[k], &gates_dut_model, (dut *)g[k])) die("wanted the ports of bcq_pe");
    }
    uint64_t differ = 0, glitches = 0;
    for (long i = 0; i < cycles; i++) {
        inputs in = draw(i);
        for (int k = 0; k < 2; k++) {
            apply(&b[k], &in);
            wrong[k] += !as_promised(&b[k], &e);
            if (i == 4) gates_clear(g[k]);
            b[k].m->edge(b[k].d);
        }
        compared += e.known;
        advance(&e, &in);
    }
    gates_scope zero = gates_get_scope(g[0], 0), timed = gates_get_scope(g[1], 0);
    differ = zero.toggles != zero.functional || zero.functional != timed.functional;
    glitches = timed.toggles - timed.functional;
    char text[200];
    for (int k = 0; k < 2; k++) {
        snprintf(text, sizeof text, "%s: %ld of %ld cycles wrong", netlist, wrong[k], compared);
        check(!wrong[k] && compared > cycles - 10,
              k ? "golden products, events" : "golden products, zero delay", text);
    }
    snprintf(text, sizeof text, "%llu without delays, %llu functional with them",
             (unsigned long long)zero.toggles, (unsigned long long)timed.functional);
    check(!differ, "functional toggles", text);
    check(glitches > 0, "glitches", "none with events");
    check(zero.internal_j + zero.switching_j < timed.internal_j + timed.switching_j, "energy",
          "less with glitches than without");
    double cycle = 1e12 / (double)gates_cycles(g[0]);
    printf(
        "  %ld cycles of %s: pJ a cycle %.2f without delays, %.2f with events (clock %.2f, %.2f); toggles %.0f and %.0f\n",
        compared, netlist, cycle * (zero.internal_j + zero.switching_j),
        cycle * (timed.internal_j + timed.switching_j), cycle * zero.clock_j, cycle * timed.clock_j,
        (double)zero.toggles / (double)gates_cycles(g[0]),
        (double)timed.toggles / (double)gates_cycles(g[0]));
    gates_close(g[0]);
    gates_close(g[1]);
}

typedef struct {
    char name[64];
    int bit;
    uint64_t toggles;
    uint8_t value;
} named_net;

static named_net *read_nets(const char *path, int *count) {
    FILE *f = fopen(path, "r");
    if (!f) die(path);
    named_net *nets = NULL, n = { .bit = 0 };
    for (*count = 0; fscanf(f, "%63s %d", n.name, &n.bit) == 2; ++*count) {
        if (!(nets = realloc(nets, (size_t)(*count + 1) * sizeof *nets))) die("out of memory");
        nets[*count] = n;
    }
    fclose(f);
    return nets;
}

/* Every net of the Verilated netlist after every phase: how often it moved is what the simulator counts. */
static void net_by_net(const liberty *lib, const char *netlist, const char *names,
                       const char *model, long cycles) {
    int count = 0, bits = 0;
    named_net *nets = read_nets(names, &count);
    void *library = dlopen(model, RTLD_NOW | RTLD_LOCAL);
    const dut_model *m = library ? dlsym(library, "dut_model_table") : NULL;
    if (!m) die(dlerror());
    bench theirs, ours;
    gates *g = open_pe(lib, netlist, false);
    if (!open_bench(&theirs, m, m->open(seed)) || !open_bench(&ours, &gates_dut_model, (dut *)g))
        die("wanted the ports of bcq_pe");
    int port = m->port("nets_o", &bits);
    uint32_t *words = calloc((size_t)count / 32 + 2, sizeof *words);
    if (port < 0 || bits != count || count < 1 || !words) die("wanted all nets on a port nets_o");
    state = seed;
    for (long i = 0; i < 2 * cycles; i++) {
        if (i % 2 == 0) {
            inputs in = draw(i / 2);
            apply(&theirs, &in);
            apply(&ours, &in);
        } else {
            m->edge(theirs.d);
            edge(g);
        }
        m->get(theirs.d, port, words);
        for (int n = 0; n < count; n++) {
            uint8_t value = words[n / 32] >> n % 32 & 1;
            nets[n].toggles += i > 10 && value != nets[n].value;
            nets[n].value = value;
        }
        if (i == 10) gates_clear(g);
    }
    uint64_t sum = 0;
    long wrong = 0, moved = 0;
    for (int n = 0; n < count; n++) {
        uint64_t toggles = 0;
        bool there = gates_toggles(g, 0, nets[n].name, nets[n].bit, &toggles);
        sum += nets[n].toggles;
        moved += nets[n].toggles > 0;
        if (there && toggles == nets[n].toggles) continue;
        if (wrong++ < 5)
            fprintf(stderr, "FAIL net %s[%d] seed=%llu: %llu transitions, Verilator %llu\n",
                    nets[n].name, nets[n].bit, (unsigned long long)seed,
                    there ? (unsigned long long)toggles : 0, (unsigned long long)nets[n].toggles);
    }
    passed += count - wrong;
    failed += wrong;
    check(moved > count / 2, "nets", "most of them never move");
    printf("  %d nets over %ld cycles: %llu transitions, %ld nets differ from Verilator\n", count,
           cycles - 5, (unsigned long long)sum, wrong);
    m->close(theirs.d);
    gates_close(g);
    dlclose(library);
    free(nets);
    free(words);
}

int main(int argc, char **argv) {
    long cycles = 1000;
    int at = 1;
    for (; at + 1 < argc && argv[at][0] == '-'; at += 2) {
        if (strcmp(argv[at], "-seed") == 0) seed = strtoull(argv[at + 1], NULL, 10);
        else if (strcmp(argv[at], "-cycles") == 0) cycles = strtol(argv[at + 1], NULL, 10);
        else break;
    }
    if ((argc != at && argc != at + 4 && argc != at + 2) || cycles < 100
        || (argc > at && argv[at][0] == '-')) {
        fprintf(
            stderr,
            "usage: test_gates [-seed S] [-cycles N] [LIBERTY NETLIST.v [NETS.txt MODEL.so]]\n");
        return 2;
    }
    printf("test_gates seed=%llu\n", (unsigned long long)seed);
    if (!mkdtemp(folder)) die(folder);
    snprintf(lib_path, sizeof lib_path, "%s/hand.lib", folder);
    snprintf(net_path, sizeof net_path, "%s/hand.v", folder);
    atexit(remove_files);
    by_hand(false, false, "1", "1", false, false);
    for (int sense = 0; sense < 2; sense++) {
        /* 1 ps before the inverter's output, so that the pulse is there, and 1 ps after it. */
        by_hand(true, sense, "1.441", "1.615", true, true);
        by_hand(true, sense, "1.443", "1.617", false, false);
        by_hand(true, sense, "1.441", "1.617", true, false);
        by_hand(true, sense, "1.443", "1.615", false, true);
    }
    clock_gate(false);
    clock_gate(true);
    latch_and(false);
    latch_and(true);
    cause(false);
    cause(true);
    many_loads(false);
    many_loads(true);
    state = seed;
    parts(false, 500);
    parts(true, 500);
    bad_files();
    if (argc > at) {
        const char *path = argv[at];
        bcq_error error;
        liberty *lib = liberty_read(&path, 1, &error);
        if (!lib) die(error.message);
        if (lib->fo4_slew == 0)
            printf("1 skipped: %s has no delays, so that the processing element has no events\n",
                   path);
        else products(lib, argv[at + 1], cycles);
        if (argc == at + 4) net_by_net(lib, argv[at + 1], argv[at + 2], argv[at + 3], cycles);
        liberty_free(lib);
    }
    printf("%ld passed, %ld failed\n", passed, failed);
    return failed || !passed ? EXIT_FAILURE : EXIT_SUCCESS;
}
