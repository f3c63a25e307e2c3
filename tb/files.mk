# The library's files and streams, and the command line. build/asan holds the same programs under
# the address and undefined-behaviour sanitizers, leaks included.
ASAN        := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
ASAN_LIB_O  := $(patsubst $(B)/obj/%,$(B)/asan/obj/%,$(LIB_O))
ASAN_CMD_O  := $(patsubst $(B)/obj/%,$(B)/asan/obj/%,$(CMD_O))

$(B)/test_files: tb/test_files.c sw/bcq.h $(B)/libbcq.a
	$(CC) $(CSTD) $(WARN) $(CFLAGS) $(INC) $(filter %.c %.a,$^) $(LIBS) -o $@

$(B)/make_refuse: tb/make_refuse.c
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(WARN) $(CFLAGS) $< -lz -o $@

$(B)/asan/obj/%.o: %.c $(B)/gen/bcq_params.h
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(WARN) $(ASAN) $(INC) -MMD -fPIC -c $< -o $@

$(B)/asan/bcq: $(ASAN_CMD_O) $(ASAN_LIB_O)
	$(CC) $(ASAN) $^ $(LIBS) -o $@

$(B)/asan/test_files: tb/test_files.c sw/bcq.h $(ASAN_LIB_O)
	$(CC) $(CSTD) $(WARN) $(ASAN) $(INC) $(filter %.c %.o,$^) $(LIBS) -o $@

$(B)/asan/test_golden: tb/test_golden.c tb/second_model.c tb/second_model.h $(ASAN_LIB_O)
	$(CC) $(CSTD) $(WARN) $(ASAN) $(INC) $(filter %.c %.o,$^) -lgmp $(LIBS) -o $@

$(B)/asan/test_calibrate $(B)/asan/test_array: $(B)/asan/%: tb/%.c sw/bcq.h sw/calibrate.h $(ASAN_LIB_O)
	$(CC) $(CSTD) $(WARN) $(ASAN) $(INC) $(filter %.c %.o,$^) $(LIBS) -o $@

.PHONY: refuse
refuse: $(B)/make_refuse
	rm -rf tb/refuse && mkdir tb/refuse && $(B)/make_refuse tb/refuse

-include $(shell find $(B)/asan -name '*.d' 2>/dev/null)
