# The table of contents: make help
CC       ?= cc
# The contract needs every rounding where it is written: no contraction, never -ffast-math.
CSTD     := -std=c11 -D_GNU_SOURCE -ffp-contract=off
WARN     := -Wall -Wextra -Werror
CFLAGS   ?= -O2 -g
INC      := -Ibuild/gen -Icmodel -Isw -Itb
LIBS     := -ljansson -lmd -lz -lpthread -ldl -lm

B        := build
MODEL_O  := $(patsubst %.c,$(B)/obj/%.o,$(wildcard cmodel/*.c))
LIB_O    := $(MODEL_O) $(patsubst %.c,$(B)/obj/%.o,$(filter-out sw/main.c sw/cmd_%.c,$(wildcard sw/*.c)))
CMD_O    := $(patsubst %.c,$(B)/obj/%.o,$(wildcard sw/main.c sw/cmd_*.c))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all help clean

all: $(B)/bcq  ## build/bcq and build/libbcq.a

$(B)/gen/bcq_params.h: cmodel/params.def scripts/params.awk
	@mkdir -p $(@D)
	awk -v lang=c -f scripts/params.awk $< > $@

$(B)/gen/bcq_pkg.sv: cmodel/params.def scripts/params.awk
	@mkdir -p $(@D)
	awk -v lang=sv -f scripts/params.awk $< > $@

$(B)/obj/%.o: %.c $(B)/gen/bcq_params.h
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(WARN) $(CFLAGS) $(INC) -MMD -fPIC -c $< -o $@

$(B)/libbcq.a: $(LIB_O)
	rm -f $@; ar rcs $@ $^

$(B)/bcq: $(CMD_O) $(B)/libbcq.a
	$(CC) $(CFLAGS) $^ $(LIBS) -o $@

# ---- Simulation models: one shared object a row of rtl/configs.def --------------------------------

RTL      := rtl/lint.vlt $(B)/gen/bcq_pkg.sv $(wildcard rtl/*.sv)
CONFIGS  := $(shell awk '!/^\#/ && NF { print $$1 }' rtl/configs.def)
# A configuration's row as Verilator options, and the file of its frozen tables.
params    = $(shell awk -v name=$(1) -f scripts/config.awk rtl/configs.def)

MODEL    := $(RTL) tb/dut.cpp tb/dut.h scripts/model scripts/verilated_cxx
VERILATED = $(shell verilator --getenv VERILATOR_ROOT)/include

# Verilator's run-time code, the same in every model; with and without tracing.
$(B)/models/support.o: SUPPORT = verilated verilated_threads
$(B)/models/support.trace.o: SUPPORT = verilated verilated_threads verilated_fst_c
$(B)/models/support.o $(B)/models/support.trace.o: scripts/verilated_cxx
	@mkdir -p $(@D)
	for s in $(SUPPORT); do scripts/verilated_cxx -O2 -c $(VERILATED)/$$s.cpp -o $@.$$s || exit 1; done
	ld -r $(SUPPORT:%=$@.%) -o $@
	rm -f $(SUPPORT:%=$@.%)

$(B)/models/%.trace.so: $(MODEL) $(B)/models/support.trace.o rtl/configs.def scripts/config.awk
	scripts/model $@ $(B)/models/support.trace.o bcq_gemm $(RTL) -- $(call params,$*)
$(B)/models/%.so: $(MODEL) $(B)/models/support.o rtl/configs.def scripts/config.awk
	scripts/model $@ $(B)/models/support.o bcq_gemm $(RTL) -- $(call params,$*)

# The scale unit alone: scale_unit_PSUMW and scale_unit_PSUMW_exact.
$(B)/models/scale_unit_%.so: $(MODEL) $(B)/models/support.o
	scripts/model $@ $(B)/models/support.o bcq_scale_unit $(RTL) -- \
	  -GPsumW=$(firstword $(subst _, ,$*)) -GExact=$(if $(findstring exact,$*),1,0)

$(B)/test_array $(B)/test_scale_unit $(B)/bench_sim: $(B)/%: $(B)/obj/tb/%.o $(B)/libbcq.a
	$(CC) $(CFLAGS) $^ $(LIBS) -o $@

help:  ## this list
	@awk -F ':.*##' '/^[a-z-]+:.*##/ { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

clean:  ## remove build/
	rm -rf $(B)

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
