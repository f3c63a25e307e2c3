# The RTL in a second simulator, with four states. Models and programs: tb/test_icarus.sh.
ICARUS_NEEDS := $(addprefix $(B)/,test_array test_encoder test_scale_unit test_rivals) \
                $(patsubst %,$(B)/models/%.so,gap odd frozen default gap.encoder odd.encoder \
                  scale_unit_18 scale_unit_18_exact vsq-small.rival)

.PHONY: icarus
icarus: $(ICARUS_NEEDS)  ## the same cycles in Icarus Verilog, every register x at the start; a minute
	tb/test_icarus.sh $(SEED) $(RIVAL_RTL)
