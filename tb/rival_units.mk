# The units of the rivals alone. Include after the models' rules.
RIVAL_UNITS := $(patsubst %,$(B)/models/%.so,rival_pe_e2m1_13 rival_pe_e2m1_14 rival_scale_nvfp4 rival_scale_mxfp4 \
                 rival_scale_int8)
RIVAL_UNIT_RTL = rtl/lint.vlt $(B)/gen/bcq_pkg.sv rtl/bcq_fp32_round.sv rtl/rivals/rival_fp32_add.sv
RIVAL_UNIT_DUT = tb/dut.cpp tb/dut.h scripts/model scripts/verilated_cxx $(B)/models/support.o

$(B)/models/rival_scale_%.so: rtl/rivals/rival_scale_%.sv $(RIVAL_UNIT_RTL) $(RIVAL_UNIT_DUT)
	scripts/model $@ $(B)/models/support.o rival_scale_$* $(RIVAL_UNIT_RTL) $< --

# Named for the width of the partial sum: 13 for nvfp4, 14 for mxfp4.
$(B)/models/rival_pe_e2m1_%.so: rtl/rivals/rival_pe_e2m1.sv $(RIVAL_UNIT_DUT)
	scripts/model $@ $(B)/models/support.o rival_pe_e2m1 $< -- -GPsumW=$*

$(B)/test_rival_units: $(B)/obj/tb/test_rival_units.o $(MODEL_O)
	$(CC) $(CFLAGS) $^ -ldl -lm -o $@
