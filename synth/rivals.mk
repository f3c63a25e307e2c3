# Area of the rivals beside BCQ's, on the cells of make synth. Include after synth/synth.mk.
# The alternatives, for the test that they agree. Waived: one file holds them all, and each kind leaves
# unused what only the other kinds need.
$(B)/models/rival_structures.so: synth/rival_structures.sv tb/rival_structures_unit.sv rtl/bcq_fp32_round.sv \
    $(RIVAL_UNIT_DUT)
	scripts/model $@ $(B)/models/support.o rival_structures_unit rtl/bcq_fp32_round.sv \
	  synth/rival_structures.sv tb/rival_structures_unit.sv -- -Wno-DECLFILENAME -Wno-UNUSEDSIGNAL

$(B)/test_rival_structures: $(B)/obj/tb/test_rival_structures.o $(MODEL_O)
	$(CC) $(CFLAGS) $^ -ldl -lm -o $@

# Structures that do not agree have no area.
.PHONY: rivals-area
rivals-area: $(NETLIST)/cells.lib $(B)/gen/bcq_pkg.sv $(B)/test_rival_structures $(B)/models/rival_structures.so  ## area of the rivals' units beside BCQ's, and of their alternatives
	$(B)/test_rival_structures $(B)/models/rival_structures.so
	synth/rivals.sh $(NETLIST) $(NETLIST)/rivals.txt
	cat $(NETLIST)/rivals.txt
