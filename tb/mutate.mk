# Mutated netlists, see tb/mutate.sh: build/mutate/NAME.seedS.so and .list, NAME a row of tb/mutate.def.
MUTATE_SEED ?= 1
MUTATED     := $(shell awk '!/^\#/ && NF { print $$1 }' tb/mutate.def)
# The subset of the default tests: the cheapest netlist that has every module.
MUTATE_TEST := $(B)/mutate/lb2.seed1.so

.PHONY: mutate $(MUTATED:%=$(B)/mutate/%)
$(MUTATED:%=$(B)/mutate/%): $(B)/mutate/%: $(B)/mutate/%.seed$(MUTATE_SEED).so $(B)/test_array $(B)/test_scale_unit $(B)/test_encoder \
    $(B)/test_accelerator $(B)/test_rivals $(B)/test_rival_encoder

$(B)/mutate/%.so: $(MODEL) $(B)/models/support.o rtl/configs.def scripts/config.awk tb/mutate.def tb/mutate.awk \
    tb/mutate_netlist.sh
	@mkdir -p $(@D)
	tb/mutate_netlist.sh $(subst .seed, ,$*) $@ $(if $(filter acc_%,$*),$(ACC_RTL),$(if $(filter riv_%,$*),$(RIVAL_RTL),$(RTL)))
$(filter $(B)/mutate/acc_%,$(MUTATED:%=$(B)/mutate/%.seed$(MUTATE_SEED).so)): $(ACC_RTL) rtl/accelerator/configs.def
$(filter $(B)/mutate/riv_%,$(MUTATED:%=$(B)/mutate/%.seed$(MUTATE_SEED).so)): $(RIVAL_RTL) rtl/rivals/configs.def scripts/config_rival.awk

mutate: ## RTL faults drawn by rule, each must be caught or shown equivalent; minutes
	tb/mutate.sh -seed $(MUTATE_SEED) $(MUTATE)
