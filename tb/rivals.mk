# The arrays of the rival formats beside the golden model (tb/test_rivals.c). Rows named as their format are of
# the default size, and left to the long test.
RIVAL_SMALL := $(shell awk '!/^\#/ && NF && $$1 != $$2 { print $$1 }' rtl/rivals/configs.def)

$(B)/test_rivals: $(B)/obj/tb/test_rivals.o $(B)/libbcq.a
	$(CC) $(CFLAGS) $^ $(LIBS) -o $@

RIVAL_TEST      := $(B)/test_rivals $(RIVAL_SMALL:%=$(B)/models/%.rival.so)
RIVAL_TEST_LONG := $(RIVAL_TEST) $(RIVAL_CONFIGS:%=$(B)/models/%.rival.so)
