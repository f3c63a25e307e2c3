# The mapped processing element in the simulator, and Verilator's exclusive-or fault. Include after
# synth/synth.mk, which maps it.
PE_CELLS := $(B)/netlist/$(basename $(notdir $(OPEN_LIB)))

$(B)/test_netlist: $(B)/obj/tb/test_netlist.o $(MODEL_O)
	$(CC) $(CFLAGS) $^ -ldl -lm -o $@

$(B)/test_xor_tree: $(B)/obj/tb/test_xor_tree.o
	$(CC) $(CFLAGS) $^ -ldl -o $@

$(B)/models/pe_rtl.so: rtl/bcq_pe.sv tb/dut.cpp tb/dut.h scripts/model scripts/verilated_cxx $(B)/models/support.o
	scripts/model $@ $(B)/models/support.o bcq_pe rtl/bcq_pe.sv --

$(B)/models/pe_netlist.so: $(PE_CELLS)/bcq_pe.v synth/netlist.vlt tb/dut.cpp tb/dut.h scripts/model \
    scripts/verilated_cxx $(B)/models/support.o
	scripts/model $@ $(B)/models/support.o bcq_pe synth/netlist.vlt $(PE_CELLS)/bcq_pe.v $(PE_CELLS)/cells.v --

# With another LIBERTY than the test's, synth.mk has no rule for the test's netlist.
ifneq ($(PE_CELLS),$(NETLIST))
$(PE_CELLS)/bcq_pe.v: $(OPEN_LIB) rtl/bcq_pe.sv synth/netlist.ys synth/area.abc synth/library.awk synth/dont_use.txt
	$(MAKE) -s netlist LIBERTY=$(OPEN_LIB)
endif

$(B)/models/xor_tree.so $(B)/models/xor_tree_unguarded.so: tb/xor_tree.sv tb/dut.cpp tb/dut.h scripts/model \
    scripts/verilated_cxx $(B)/models/support.o
	scripts/model $@ $(B)/models/support.o xor_tree tb/xor_tree.sv -- \
	  $(if $(findstring unguarded,$@),-fconst-bit-op-tree)
