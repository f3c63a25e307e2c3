# The RTL in a second simulator, with four states. Models and programs: tb/test_icarus.sh.
ICARUS_NEEDS := $(addprefix $(B)/,test_array test_encoder test_scale_unit) \
                $(patsubst %,$(B)/models/%.so,gap odd frozen default gap.encoder odd.encoder \
                  scale_unit_18 scale_unit_18_exact)

.PHONY: icarus
icarus: $(ICARUS_NEEDS)  ## the same cycles in Icarus Verilog, every register x at the start; a minute
	tb/test_icarus.sh $(SEED) $(RTL)
