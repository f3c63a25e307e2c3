# The accelerator at its pins. Configurations: those that differ in structure, so that each module is met in each shape.
ACC_TEST := lb2 nc2 odd frozen gap hx8k
ACC_MODELS := $(ACC_TEST:%=$(B)/models/%.accelerator.so)

$(B)/test_accelerator: $(B)/obj/tb/test_accelerator.o $(B)/libbcq.a
	$(CC) $(CFLAGS) $^ $(LIBS) -o $@

$(B)/tests.built: $(B)/test_accelerator $(ACC_MODELS)

$(B)/bench_accelerator: $(B)/obj/tb/bench_accelerator.o $(B)/libbcq.a
	$(CC) $(CFLAGS) $^ $(LIBS) -o $@

# The registers as a page of the documentation; tb/test_elaboration.sh compares.
docs/registers.md: rtl/accelerator/registers.def rtl/board/registers.def scripts/registers.awk scripts/registers
	scripts/registers > $@.new && mv $@.new $@
