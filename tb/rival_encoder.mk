# The on-line encoders of the rival formats and their tests. Include after the models' rules.
#   build/models/NAME.LANES.rival_encoder.so   rival_encoder, NAME of RIVAL_ENC_NAMES, LANES EncLanes
#   build/models/NAME.rival_enc_units.so         its arithmetic alone
RIVAL_ENC_UNIT_RTL := tb/rival_encoder_units.sv synth/rival_encoder_structures.sv
RIVAL_ENC_NAMES := int8-token int8 vsq mxfp4 mxfp4-even nvfp4
# NAME -> parameters: FORMAT_NAME of params.def; RoundEven where the name ends in -even, Other where in -other.
rival_enc_params = -GFormat=$(shell awk -v name=$(patsubst %-even,%,$(patsubst %-other,%,$(1))) \
  'BEGIN { gsub(/-/, "_", name) } $$1 == "FORMAT_" toupper(name) { print $$2 }' cmodel/params.def) \
  $(if $(filter %-even,$(1)),-GRoundEven=1\'b1) $(if $(filter %-other,$(1)),-GOther=1\'b1)

$(B)/models/%.rival_encoder.so: $(MODEL) $(RIVAL_RTL) $(B)/models/support.o cmodel/params.def
	scripts/model $@ $(B)/models/support.o rival_encoder $(RIVAL_RTL) -- \
	  $(call rival_enc_params,$(basename $*)) -GEncLanes=$(subst .,,$(suffix $*))

$(B)/models/%.rival_enc_units.so: $(MODEL) $(RIVAL_RTL) $(RIVAL_ENC_UNIT_RTL) $(B)/models/support.o cmodel/params.def
	scripts/model $@ $(B)/models/support.o rival_encoder_units $(RIVAL_RTL) $(RIVAL_ENC_UNIT_RTL) -- \
	  $(call rival_enc_params,$*)

$(B)/test_rival_encoder_units: $(B)/obj/tb/test_rival_encoder_units.o $(MODEL_O)
	$(CC) $(CFLAGS) $^ -ldl -lm -o $@

$(B)/test_rival_encoder: $(B)/obj/tb/test_rival_encoder.o $(B)/libbcq.a
	$(CC) $(CFLAGS) $^ $(LIBS) -o $@

RIVAL_ENC_UNITS := $(RIVAL_ENC_NAMES:%=$(B)/models/%.rival_enc_units.so)
# In the default tests every format, and beats that are part of a group, a group, and several; all in the long ones.
RIVAL_ENCODERS  := int8-token.1 int8.1 vsq.2 mxfp4.1 nvfp4.1 mxfp4-even.2 nvfp4.8
RIVAL_ENC_LONG  := $(foreach lanes,1 2 4 8,$(RIVAL_ENC_NAMES:%=%.$(lanes)))
RIVAL_ENC_TEST  := $(B)/test_rival_encoder_units $(B)/test_rival_encoder $(RIVAL_ENC_UNITS) \
                   $(RIVAL_ENCODERS:%=$(B)/models/%.rival_encoder.so)
# The structures whose areas docs/formats.md compares with those that are used.
RIVAL_ENC_OTHERS := $(patsubst %,$(B)/models/%-other.rival_enc_units.so,int8-token vsq mxfp4 nvfp4)

.PHONY: rival-encoder-area
# The cells are those of make synth. Structures that do not agree have no area.
rival-encoder-area: $(CELLS)/cells.lib $(B)/gen/bcq_pkg.sv $(B)/test_rival_encoder_units $(RIVAL_ENC_OTHERS)  ## area of the rivals' on-line encoders
	$(B)/test_rival_encoder_units $(RIVAL_ENC_OTHERS)
	mkdir -p $(SY); for what in encoders parts; do \
	  synth/rival_encoders.sh $$what $(CELLS) $(SY)/rival-$$what.txt && cat $(SY)/rival-$$what.txt || exit 1; \
	done
