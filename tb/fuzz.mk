# The parsers under libFuzzer with the address and undefined-behaviour sanitizers. Needs clang and its
# run-time library; without them FUZZ is empty and tb/test_fuzz.sh says that it skips.
FUZZ_CC    ?= clang
FUZZ_LIB   := $(wildcard $(shell $(FUZZ_CC) -print-resource-dir 2>/dev/null)/lib/*/libclang_rt.fuzzer*.a)
FUZZ       := $(if $(FUZZ_LIB),$(B)/fuzz/fuzz)
FUZZ_FLAGS := -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all
FUZZ_MMAP  := -Dmmap=fuzz_mmap -Dmunmap=fuzz_munmap
FUZZ_O     := $(patsubst $(B)/obj/%,$(B)/fuzz/obj/%,$(LIB_O) $(CMD_O))

# Coverage is that of the library and `bcq info`, not of the harness.
# A mapped file is copied to where its end can be guarded (tb/fuzz.c).
$(B)/fuzz/obj/%.o: %.c $(B)/gen/bcq_params.h
	@mkdir -p $(@D)
	$(FUZZ_CC) $(CSTD) $(WARN) -fsanitize=fuzzer-no-link,address,undefined $(FUZZ_FLAGS) $(FUZZ_MMAP) $(INC) -MMD -c $< -o $@
# The arithmetic says nothing about formats: to trace its comparisons doubles the time.
$(B)/fuzz/obj/cmodel/%.o: FUZZ_FLAGS += -fno-sanitize-coverage=trace-cmp
# libFuzzer has the main function.
$(B)/fuzz/obj/sw/main.o: FUZZ_FLAGS += -Dmain=bcq_main

$(B)/fuzz/fuzz: tb/fuzz.c sw/bcq.h sw/cmd.h $(FUZZ_O)
	$(FUZZ_CC) $(CSTD) $(WARN) $(FUZZ_FLAGS) -fsanitize=address,undefined $(INC) -c $< -o $(@D)/harness.o
	$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer,address,undefined $(@D)/harness.o $(filter %.o,$^) $(LIBS) -o $@

-include $(shell find $(B)/fuzz -name '*.d' 2>/dev/null)

# tb/corpus/PARSER: what the fuzzer itself found on the way from tb/refuse that reaches something new,
# small files only; and by hand what once was a fault, under a name that says so. Files that are there stay.
CORPUS_RUNS ?= 50000
.PHONY: fuzz-corpus
fuzz-corpus: $(FUZZ)
	for p in npy safetensors llama2c codebooks bcq; do \
	  new=$$(mktemp -d) && mkdir -p tb/corpus/$$p && export BCQ_FUZZ=$$p && \
	  $(FUZZ) -seed=1 -runs=$(CORPUS_RUNS) -max_len=384 -dict=tb/fuzz.dict -close_fd_mask=3 \
	    -verbosity=0 $$new tb/corpus/$$p tb/refuse && \
	  $(FUZZ) -merge=1 -use_counters=0 -max_len=384 -close_fd_mask=3 -verbosity=0 tb/corpus/$$p $$new && \
	  rm -r $$new || exit 1; \
	done
