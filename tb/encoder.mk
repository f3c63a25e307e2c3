# The encoder's units, its tests and its measurements. Include after the models' rules.
$(B)/models/scale_encode_%.so: $(MODEL) $(B)/models/support.o
	scripts/model $@ $(B)/models/support.o bcq_scale_encode $(RTL) -- -GEW=$*

$(B)/models/normalise_%.so: $(MODEL) tb/normalise_unit.sv $(B)/models/support.o
	scripts/model $@ $(B)/models/support.o normalise_unit $(RTL) tb/normalise_unit.sv -- -GEW=$*

$(B)/test_encoder_units: $(B)/obj/tb/test_encoder_units.o $(MODEL_O)
	$(CC) $(CFLAGS) $^ -ldl -lm -o $@

$(B)/test_encoder: $(B)/obj/tb/test_encoder.o $(B)/libbcq.a
	$(CC) $(CFLAGS) $^ $(LIBS) -o $@

ENCODER_UNITS := $(foreach ew,4 5 6 7 8,$(B)/models/scale_encode_$(ew).so $(B)/models/normalise_$(ew).so)
