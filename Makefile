# The table of contents: make help
CC       ?= cc
# The contract needs every rounding where it is written: no contraction, never -ffast-math.
CSTD     := -std=c11 -D_GNU_SOURCE -ffp-contract=off
WARN     := -Wall -Wextra -Werror
CFLAGS   ?= -O2 -g
INC      := -Ibuild/gen -Icmodel -Icmodel/formats -Isw -Itb
LIBS     := -ljansson -lmd -lz -lpthread -ldl -lm

B        := build
MODEL_O  := $(patsubst %.c,$(B)/obj/%.o,$(wildcard cmodel/*.c cmodel/formats/*.c))
CMD_C    := sw/main.c $(wildcard sw/cmd_*.c sw/explore/*.c)
LIB_O    := $(MODEL_O) $(patsubst %.c,$(B)/obj/%.o,$(filter-out $(CMD_C),$(wildcard sw/*.c)))
CMD_O    := $(patsubst %.c,$(B)/obj/%.o,$(CMD_C))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all demo test test-long bench nmse lint wave help clean

all: $(B)/bcq  ## build/bcq and build/libbcq.a

demo: ## the main job on the embedded tensors
	scripts/demo

# ---- C -----------------------------------------------------------------------------------------------

$(B)/gen/bcq_params.h: cmodel/params.def scripts/params.awk
	@mkdir -p $(@D)
	awk -v lang=c -f scripts/params.awk $< > $@

$(B)/gen/bcq_pkg.sv: cmodel/params.def scripts/params.awk
	@mkdir -p $(@D)
	awk -v lang=sv -f scripts/params.awk $< > $@

$(B)/gen/bcq_registers.h: rtl/accelerator/registers.def scripts/registers.awk
	@mkdir -p $(@D)
	awk -v lang=c -f scripts/registers.awk $< > $@

$(B)/gen/bcq_reg_pkg.sv: rtl/accelerator/registers.def scripts/registers.awk
	@mkdir -p $(@D)
	awk -v lang=sv -f scripts/registers.awk $< > $@

$(B)/obj/%.o: %.c $(B)/gen/bcq_params.h $(B)/gen/bcq_registers.h
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(WARN) $(CFLAGS) $(INC) -MMD -fPIC -c $< -o $@

$(B)/libbcq.a: $(LIB_O)
	rm -f $@; ar rcs $@ $^

$(B)/bcq: $(CMD_O) $(B)/libbcq.a
	$(CC) $(CFLAGS) $^ $(LIBS) -o $@

include tb/compare.mk

# ---- Simulation models: one shared object a row of rtl/configs.def --------------------------------

RTL      := rtl/lint.vlt $(B)/gen/bcq_pkg.sv $(wildcard rtl/*.sv)
ACC_RTL  := $(RTL) $(B)/gen/bcq_reg_pkg.sv $(wildcard rtl/accelerator/*.sv)
CONFIGS  := $(shell awk '!/^\#/ && NF { print $$1 }' rtl/configs.def)
# A configuration's row as Verilator options.
params    = $(shell awk -v name=$(1) -v unit=$(2) -v before=-G -v between== -v quote="\\\\'" \
              -f scripts/config.awk $(if $(filter accelerator,$(2)),rtl/accelerator/configs.def) rtl/configs.def)
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
$(B)/models/%.encoder.so: $(MODEL) $(B)/models/support.o rtl/configs.def scripts/config.awk
	scripts/model $@ $(B)/models/support.o bcq_encoder $(RTL) -- $(call params,$*,encoder)
$(B)/models/%.accelerator.trace.so: $(MODEL) $(ACC_RTL) $(B)/models/support.trace.o rtl/configs.def rtl/accelerator/configs.def scripts/config.awk
	scripts/model $@ $(B)/models/support.trace.o bcq_accelerator $(ACC_RTL) -- $(call params,$*,accelerator)
$(B)/models/%.accelerator.so: $(MODEL) $(ACC_RTL) $(B)/models/support.o rtl/configs.def rtl/accelerator/configs.def scripts/config.awk
	scripts/model $@ $(B)/models/support.o bcq_accelerator $(ACC_RTL) -- $(call params,$*,accelerator)
$(B)/models/%.so: $(MODEL) $(B)/models/support.o rtl/configs.def scripts/config.awk
	scripts/model $@ $(B)/models/support.o bcq_gemm $(RTL) -- $(call params,$*)

# The scale unit alone: scale_unit_PSUMW, scale_unit_PSUMW_exact and scale_unit_PSUMW_deep.
$(B)/models/scale_unit_%.so: $(MODEL) $(B)/models/support.o
	scripts/model $@ $(B)/models/support.o bcq_scale_unit $(RTL) -- \
	  -GPsumW=$(firstword $(subst _, ,$*)) -GExact=1\'b$(if $(findstring exact,$*),1,0) \
	  -GDeep=1\'b$(if $(findstring deep,$*),1,0)

wave: ## trace one tile and open it in GTKWave
	scripts/wave

lint: $(B)/gen/bcq_pkg.sv $(B)/gen/bcq_reg_pkg.sv $(B)/gen/bcq_board_pkg.sv  ## Verilator -Wall on the default configuration, and refusal of illegal parameters
	tb/test_elaboration.sh $(BOARD_RTL) $(wildcard rtl/rivals/*.sv)

# ---- Tests: each prints "N passed, N failed" ----------------------------------------------------------

$(B)/test_array $(B)/test_scale_unit $(B)/bench_sim $(B)/bench_nmse: $(B)/%: $(B)/obj/tb/%.o $(B)/libbcq.a
	$(CC) $(CFLAGS) $^ $(LIBS) -o $@

include rtl/rivals/rivals.mk tb/accelerator.mk tb/golden.mk tb/formats.mk tb/calibrate.mk tb/files.mk synth/synth.mk synth/variants.mk tb/netlist.mk tb/faults.mk tb/proofs.mk tb/mutate.mk tb/fuzz.mk tb/icarus.mk tb/coverage.mk tb/encoder.mk tb/board.mk tb/device.mk synth/fpga/fpga.mk tb/rivals.mk tb/rival_units.mk synth/rivals.mk synth/rival_integers.mk
include tb/tables.mk tb/rival_encoder.mk tb/page.mk tb/energy.mk tb/explore.mk tb/gates.mk

SEED       ?= 1
NETLISTS   := $(patsubst %,$(B)/models/%.so,pe_rtl pe_netlist)
XOR_TREES  := $(patsubst %,$(B)/models/%.so,xor_tree xor_tree_unguarded)
UNITS      := $(patsubst %,$(B)/models/scale_unit_%.so,18 12 19 23 18_exact 23_exact 16_deep 23_deep)
# Rows for FPGAs: their encoders are those of other rows, and the large one is left to the long test.
FPGA_ROWS  := deep hx8k ulx3s
# These decode elsewhere or multiply otherwise: their encoders are those of other rows, their accelerators for the long test.
ARRAY_ROWS := entry code codefrozen twos
# Latches are for ASICs alone: no accelerators.
ASIC_ROWS := asic asiccode
# Large arrays that differ from others in numbers alone are left to the long test.
TESTED     := $(filter-out ulx3s la16 la32,$(CONFIGS))
SMALL      := $(filter-out default,$(TESTED))
ENCODED_ALL := $(filter-out $(FPGA_ROWS) $(ARRAY_ROWS) $(ASIC_ROWS),$(CONFIGS))
# Those that differ from others in numbers alone are left to the long test.
ENCODED    := $(filter-out la16 la128 exact nc2,$(ENCODED_ALL))
C_TESTS    := $(addprefix $(B)/,test_golden test_formats test_flags test_calibrate test_files test_array test_scale_unit \
                test_netlist test_xor_tree test_encoder test_encoder_units)
ENCODERS   := $(ENCODED:%=$(B)/models/%.encoder.so)
ENC_TENSOR := -tensor sw/model/activations.safetensors:layers.1.attention.wqkv.input \
              -tensor sw/model/activations.safetensors:layers.2.feed_forward.w2.input
# The same programs under the address and undefined-behaviour sanitizers.
ASAN_TESTS := $(B)/asan/bcq $(addprefix $(B)/asan/,test_formats test_files test_golden test_array test_device)

# Run for seconds: -O2 would cost more than it saves. The default array, which demo and benchmarks run, is not among them.
$(patsubst %,$(B)/models/%.so,$(SMALL) $(ENCODED_ALL:%=%.encoder) $(RIVAL_CONFIGS:%=%.rival)): export MODEL_FAST = -O1

$(B)/tests.built: $(C_TESTS) $(ASAN_TESTS) $(B)/bcq $(B)/make_refuse $(UNITS) $(NETLISTS) \
                   $(XOR_TREES) $(TESTED:%=$(B)/models/%.so) $(ENCODERS) $(ENCODER_UNITS) $(FUZZ) $(MUTATE_TEST) $(RIVAL_TEST) \
                   $(B)/test_rival_units $(RIVAL_UNITS) $(RIVAL_ENC_TEST)
	touch $@

test: ## everything that must hold, in minutes
	@echo "building the tests and $(words $(TESTED)) configurations: some minutes"
	$(MAKE) -s -j2 MODEL_JOBS=1 $(B)/tests.built
	@echo "running them: some minutes more"
	@tb/run_tests.sh "tb/test_proofs.sh $(B)/gen/bcq_pkg.sv" "tb/test_elaboration.sh $(BOARD_RTL) $(wildcard rtl/rivals/*.sv)" $(B)/test_flags "$(B)/test_golden -seed $(SEED)" \
	  "$(B)/test_formats -seed $(SEED)" "$(B)/asan/test_formats -seed $(SEED) -rows 100" \
	  $(B)/test_calibrate "$(B)/test_levels -seed $(SEED)" "tb/test_tables.sh $(B)/bcq $(TABLES_ON)" "$(B)/asan/test_golden -seed $(SEED) -blocks 50000" \
	  $(B)/test_files $(B)/asan/test_files "tb/test_refuse.sh $(B)/make_refuse" \
	  "$(B)/test_compare -seed $(SEED)" "tb/test_compare.sh $(B)/bcq $(B)/test_compare" \
	  "tb/test_cli.sh $(B)/bcq" "tb/test_cli.sh $(B)/asan/bcq" \
	  "tb/test_page.sh $(B)/asan/fill_page" tb/test_explore_plots.sh \
	  "tb/test_explore.sh $(B)/bcq $(B)/explore_files" \
	  "tb/test_hw_compare.sh $(B)/bcq" \
	  "tb/test_fuzz.sh -seed $(SEED) -seconds 6 $(FUZZ)" \
	  "$(B)/test_scale_unit -seed $(SEED) $(UNITS)" \
	  "$(B)/test_netlist -seed $(SEED) $(NETLISTS)" "$(B)/test_xor_tree $(XOR_TREES)" \
	  "$(B)/test_gates -seed $(SEED) $(GATES_TEST)" "$(B)/asan/test_gates -seed $(SEED) -cycles 100 $(wordlist 1,2,$(GATES_TEST))" \
	  tb/test_synth.sh "tb/mutate.sh -n 30 lb2" "tb/test_icarus.sh $(SEED) $(RIVAL_RTL)" \
	  "$(B)/test_rival_units -seed $(SEED) $(RIVAL_UNITS)" \
	  "$(B)/test_rival_encoder_units $(RIVAL_ENC_UNITS)" \
	  "$(B)/test_rival_encoder -seed $(SEED) -runs 300 $(ENC_TENSOR) $(RIVAL_ENCODERS)" \
	  "$(B)/test_encoder_units $(ENCODER_UNITS)" "tb/test_encoder.sh $(ENCODED)" \
	  "$(B)/test_encoder -seed $(SEED) -runs 300 $(ENC_TENSOR) $(ENCODED)" \
	  "$(B)/test_accelerator -seed $(SEED) -runs 100 $(ACC_TEST)" \
	  "$(B)/test_device -seed $(SEED) $(DEVICE_TEST)" "$(B)/asan/test_device -runs 12 lb2 odd frozen" \
	  "tb/test_device_board.sh $(SEED) $(DEVICE_BOARDS)" "tb/test_ip.sh $(FPGA_TOPS)" \
	  "$(B)/test_uart -seed $(SEED) $(B)/board_sim $(B)/models/gap.board.so" \
	  "$(B)/asan/test_array -seed $(SEED) -tiles 100 b2" \
	  "$(B)/test_array -seed $(SEED) -tiles 500 default" \
	  "$(B)/test_array -seed $(SEED) -tiles 100 $(SMALL)" \
	  "$(B)/test_rivals -seed $(SEED) -tiles 100 $(RIVAL_TESTED)" \
	  "$(B)/test_energy -seed $(SEED) $(EN_MODELS)" "$(EN_RUN) $(EN_TESTED:%=$(EN)/%)" \
	  "tb/test_gemm_format.sh $(B)/bcq $(RIVAL_TESTED)" "tb/test_gemm_format.sh $(B)/asan/bcq"

test-long: ## the same with 10,000 random tiles, 10^8 triples, 10^6 fuzzing runs a parser; hours
	$(MAKE) -s -j2 MODEL_JOBS=1 $(B)/tests.built $(B)/asan/test_calibrate $(ENCODER_UNITS_ALL) $(B)/test_structures $(B)/models/structures.so \
	  $(BOARDS_LONG:%=$(B)/models/%.board.so) $(addsuffix .accelerator.so,$(addprefix $(B)/models/,$(filter-out $(ASIC_ROWS),$(CONFIGS)))) $(ENCODED_ALL:%=$(B)/models/%.encoder.so) $(RIVAL_TEST_LONG) $(EN_TEST_LONG) \
	  $(RIVAL_ENC_LONG:%=$(B)/models/%.rival_encoder.so) $(B)/test_rival_structures $(B)/models/rival_structures.so
	@tb/run_tests.sh "$(B)/test_golden -seed $(SEED) -blocks 10000000" \
	  "$(B)/test_gates -seed $(SEED) -cycles 20000 $(GATES_TEST)" \
	  "$(B)/test_formats -seed $(SEED) -rows 50000" \
	  "$(B)/test_calibrate -all" "tb/test_tables.sh $(B)/bcq $(TABLES_ON_LONG)" "$(B)/asan/test_calibrate -small" \
	  "tb/test_fuzz.sh -seed $(SEED) -runs 1000000 $(FUZZ)" \
	  "tb/test_page_browser.sh $(B)/asan/fill_page" "tb/test_slurm.sh $(B)/bcq $(B)/gen/toy.lib" \
	  "$(B)/test_scale_unit -seed $(SEED) -triples 100000000 $(UNITS)" \
	  "$(B)/test_rival_units -seed $(SEED) -cases 30000000 $(RIVAL_UNITS)" \
	  "$(B)/test_rival_encoder -seed $(SEED) -runs 10000 $(ENC_TENSOR) $(RIVAL_ENC_LONG)" \
	  "tb/test_proofs.sh -l tb/proofs_long.txt $(B)/gen/bcq_pkg.sv" \
	  "$(B)/test_encoder_units $(ENCODER_UNITS_ALL)" \
	  "$(B)/test_structures -seed $(SEED) $(B)/models/structures.so rtl/frozen.txt" \
	  "$(B)/test_rival_structures -seed $(SEED) $(B)/models/rival_structures.so" \
	  "$(B)/test_encoder -seed $(SEED) -runs 20000 $(ENC_TENSOR) $(ENCODED_ALL)" \
	  "$(B)/test_array -seed $(SEED) -tiles 10000 default" \
	  "$(B)/test_array -seed $(SEED) -tiles 2000 $(filter-out default,$(CONFIGS))" \
	  "$(B)/test_rivals -seed $(SEED) -tiles 2000 $(RIVAL_CONFIGS)" \
	  "$(B)/test_accelerator -seed $(SEED) -runs 5000 $(filter-out $(ASIC_ROWS),$(CONFIGS))" \
	  "$(B)/test_device -seed $(SEED) -runs 200 $(DEVICE_TEST) $(DEVICE_LONG)" \
	  "tb/test_device_board.sh $(SEED) $(BOARDS_LONG)" \
	  "$(EN_RUN) $(EN_LONG:%=$(EN)/%)" \
	  "$(B)/test_uart -faults 10000 -seed $(SEED) $(B)/board_sim $(B)/models/gap.board.so"

SEARCH ?= 120
nmse: $(B)/bench_nmse  ## error on N(0,1) with and without search; SEARCH=120 seconds each: 20 minutes
	$(B)/bench_nmse $(SEARCH)

bench: $(B)/bench_calibrate $(B)/bench_sim $(B)/bench_accelerator  ## speed of calibrator and simulation
	$(B)/bench_calibrate
	$(B)/bench_sim
	$(B)/bench_accelerator

help:  ## this list
	@awk -F ':.*##' '/^[a-z-]+:.*##/ { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

clean:  ## remove build/
	rm -rf $(B)

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
