# Simulation models of the rivals, one a row of rtl/rivals/configs.def. Include after the models' rules.
RIVAL_RTL     := $(RTL) $(wildcard rtl/rivals/*.sv)
RIVAL_CONFIGS := $(shell awk '!/^\#/ && NF { print $$1 }' rtl/rivals/configs.def)
rival_params   = $(shell awk -v name=$(1) -v before=-G -v between== -v quote="\\\\'" -f scripts/config_rival.awk \
                   cmodel/params.def rtl/rivals/configs.def)

$(B)/models/%.rival.so: $(MODEL) $(RIVAL_RTL) $(B)/models/support.o rtl/rivals/configs.def \
    scripts/config_rival.awk
	scripts/model $@ $(B)/models/support.o rival_gemm $(RIVAL_RTL) -- $(call rival_params,$*)
