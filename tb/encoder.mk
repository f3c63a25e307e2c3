# The encoder's units, its tests and its measurements. Include after the models' rules.
$(B)/models/scale_encode_%.so: $(MODEL) $(B)/models/support.o
	scripts/model $@ $(B)/models/support.o bcq_scale_encode $(RTL) -- -GEW=$*

$(B)/models/normalise_%.so: $(MODEL) tb/normalise_unit.sv $(B)/models/support.o
	scripts/model $@ $(B)/models/support.o normalise_unit $(RTL) tb/normalise_unit.sv -- -GEW=$*

$(B)/test_encoder_units: $(B)/obj/tb/test_encoder_units.o $(MODEL_O)
	$(CC) $(CFLAGS) $^ -ldl -lm -o $@

$(B)/test_encoder: $(B)/obj/tb/test_encoder.o $(B)/libbcq.a
	$(CC) $(CFLAGS) $^ $(LIBS) -o $@

# The alternatives whose areas docs/encoder.md compares, with the frozen tables of configuration frozen.
# Waived: one file holds them all, and each kind leaves unused what only the other kinds need.
$(B)/models/structures.so: synth/encoder_structures.sv tb/structures_unit.sv rtl/frozen.txt rtl/configs.def \
    tb/dut.cpp tb/dut.h scripts/model scripts/verilated_cxx $(B)/models/support.o
	scripts/model $@ $(B)/models/support.o structures_unit synth/encoder_structures.sv tb/structures_unit.sv -- \
	  -Wno-DECLFILENAME -Wno-UNUSEDSIGNAL $(filter -GFrozenTable=%,$(call params,frozen,encoder))

$(B)/test_structures: $(B)/obj/tb/test_structures.o $(B)/libbcq.a
	$(CC) $(CFLAGS) $^ $(LIBS) -o $@

# Entry widths: those of rtl/configs.def in the default tests, every one in the long ones.
encoder_units     = $(foreach ew,$(1),$(B)/models/scale_encode_$(ew).so $(B)/models/normalise_$(ew).so)
ENCODER_UNITS     := $(call encoder_units,4 6 8)
ENCODER_UNITS_ALL := $(call encoder_units,4 5 6 7 8)

$(B)/bench_encoder: $(B)/obj/tb/bench_encoder.o $(B)/libbcq.a
	$(CC) $(CFLAGS) $^ $(LIBS) -o $@

.PHONY: bench-encoder encoder-area
bench-encoder: $(B)/bench_encoder $(B)/bcq  ## inexact selector, early rejection, encoder against array
	$(B)/bench_encoder default sw/model/activations.safetensors:layers.1.feed_forward.w2.input \
	  sw/model/weights.safetensors:layers.1.feed_forward.w2.weight

# The cells are those of make synth. Structures that do not agree have no area.
encoder-area: $(CELLS)/cells.lib $(B)/gen/bcq_pkg.sv $(B)/test_structures $(B)/models/structures.so  ## area of the encoder at several rates, and of its alternatives
	$(B)/test_structures $(B)/models/structures.so rtl/frozen.txt
	mkdir -p $(SY); for what in structures rates; do \
	  synth/encoder.sh $$what $(CELLS) $(SY)/encoder-$$what.txt && \
	  cat $(SY)/encoder-$$what.txt || exit 1; \
	done
