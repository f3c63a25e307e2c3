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

$(B)/models/%.so: $(RTL) tb/dut.cpp tb/dut.h rtl/configs.def scripts/config.awk scripts/model
	@mkdir -p $(@D)
	scripts/model $@ bcq_gemm $(RTL) -- $(call params,$(firstword $(subst ., ,$*)))

$(B)/test_array: $(B)/obj/tb/test_array.o $(B)/libbcq.a
	$(CC) $(CFLAGS) $^ $(LIBS) -o $@

help:  ## this list
	@awk -F ':.*##' '/^[a-z-]+:.*##/ { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

clean:  ## remove build/
	rm -rf $(B)

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
