# The driver of the accelerator: its test, its example, and a layer of the embedded model.
# Configurations: those of the accelerator's own test, whose models are there anyway. The long test adds one with a
# wide stream, and boards with an encoder and with results that go round their memory.
DEVICE_TEST   := $(ACC_TEST)
DEVICE_LONG   := nc1 b2 $(ARRAY_ROWS)
DEVICE_MODELS := $(DEVICE_TEST:%=$(B)/models/%.accelerator.so)

$(B)/test_device: $(B)/obj/tb/test_device.o $(B)/libbcq.a
	$(CC) $(CFLAGS) $^ $(LIBS) -o $@

$(B)/asan/test_device: tb/test_device.c sw/bcq.h sw/device.h sw/device_internal.h $(ASAN_LIB_O)
	$(CC) $(CSTD) $(WARN) $(ASAN) $(INC) $(filter %.c %.o,$^) $(LIBS) -o $@

# Before the first compilation; afterwards the .d files tell who needs them.
$(LIB_O) $(CMD_O) $(ASAN_LIB_O) $(ASAN_CMD_O) $(FUZZ_O): | $(B)/gen/bcq_registers.h $(B)/gen/bcq_board.h

$(B)/example: sw/example/example.c sw/device.h sw/bcq.h $(B)/libbcq.a  ## the accelerator in a program of one page
	$(CC) $(CSTD) $(WARN) $(CFLAGS) $(INC) $(filter %.c %.a,$^) $(LIBS) -o $@

.PHONY: layer
LAYER  ?= 1
CONFIG ?= default
layer: $(B)/bcq  ## all products of a layer of the embedded model on the simulated accelerator
	scripts/layer $(LAYER) $(CONFIG)

DEVICE_BOARDS := gap
BOARDS_LONG   := lb2 nc2
$(B)/tests.built: $(B)/test_device $(B)/example $(DEVICE_MODELS) $(DEVICE_BOARDS:%=$(B)/models/%.board.so)
