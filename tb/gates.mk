# The gate-level simulator: sums by hand, the mapped processing element, and its nets beside Verilator's. Include after
# tb/netlist.mk.
GATES_TEST := $(OPEN_LIB) $(PE_CELLS)/bcq_pe.v $(PE_CELLS)/nets/nets.txt $(B)/models/pe_nets.so

GATES_O := $(MODEL_O) $(patsubst %.c,$(B)/obj/%.o,$(wildcard sw/gates*.c sw/liberty*.c) sw/error.c)

$(B)/test_gates: $(B)/obj/tb/test_gates.o $(GATES_O)
	$(CC) $(CFLAGS) $^ $(LIBS) -o $@
$(B)/asan/test_gates: tb/test_gates.c sw/gates.h sw/liberty.h $(GATES_O:$(B)/obj/%=$(B)/asan/obj/%)
	$(CC) $(CSTD) $(WARN) $(ASAN) $(INC) $(filter %.c %.o,$^) $(LIBS) -o $@

$(PE_CELLS)/nets/bcq_pe.v: $(PE_CELLS)/bcq_pe.v tb/nets.awk
	@mkdir -p $(@D)
	awk -v list=$(@D)/nets.txt -f tb/nets.awk $< > $@
$(PE_CELLS)/nets/nets.txt: $(PE_CELLS)/nets/bcq_pe.v

# All nets on one port are much to optimise, and seen for a second.
$(B)/models/pe_nets.so: export MODEL_FAST = -O0
$(B)/models/pe_nets.so: $(PE_CELLS)/nets/bcq_pe.v synth/netlist.vlt tb/dut.cpp tb/dut.h scripts/model scripts/verilated_cxx \
    $(B)/models/support.o
	scripts/model $@ $(B)/models/support.o bcq_pe synth/netlist.vlt $< $(PE_CELLS)/cells.v --

$(B)/tests.built: $(B)/test_gates $(B)/asan/test_gates $(GATES_TEST)

.PHONY: gates-test
gates-test: $(B)/test_gates $(B)/asan/test_gates $(GATES_TEST)  ## the gate-level simulator by hand and against Verilator
	$(B)/test_gates -seed $(SEED) $(GATES_TEST)
	$(B)/asan/test_gates -seed $(SEED) -cycles 200 $(OPEN_LIB) $(PE_CELLS)/bcq_pe.v
