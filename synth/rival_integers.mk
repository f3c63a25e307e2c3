# The integer rivals' elements and VSQ's scale unit beside what else they could be made of: that all agree, and
# their areas on the library of make synth. Include after synth.mk and the models' rules.
# Waived: one file holds all structures, each kind leaves unused what only others need, and rows of bits feed
# one another.
RIVAL_INTEGERS := $(patsubst %,$(B)/models/rival_integers_%.so,8_21 4_11)
# Waived: one file holds all kinds, and each leaves unused what others need; a vector of rows that feeds itself row by row.
$(B)/models/rival_integers_%.so: synth/rival_integer_structures.sv tb/rival_integers_unit.sv rtl/bcq_pe.sv \
    rtl/rivals/rival_scale_vsq.sv tb/dut.cpp tb/dut.h scripts/model scripts/verilated_cxx $(B)/models/support.o
	scripts/model $@ $(B)/models/support.o rival_integers_unit $(filter %.sv,$^) -- \
	  -Wno-DECLFILENAME -Wno-UNUSEDSIGNAL -Wno-UNOPTFLAT \
	  -GEW=$(firstword $(subst _, ,$*)) -GPsumW=$(lastword $(subst _, ,$*))

$(B)/test_rival_integers: $(B)/obj/tb/test_rival_integers.o
	$(CC) $(CFLAGS) $^ -ldl -lm -o $@

# Structures that do not agree have no area.
.PHONY: rival-integers
rival-integers: $(CELLS)/cells.lib $(B)/gen/bcq_pkg.sv $(B)/test_rival_integers $(RIVAL_INTEGERS)  ## area of the integer rivals and of their alternatives
	$(B)/test_rival_integers $(RIVAL_INTEGERS)
	mkdir -p $(SY)
	synth/rival_integers.sh $(CELLS) $(SY)/rival-integers.txt
	cat $(SY)/rival-integers.txt
