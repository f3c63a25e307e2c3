# The arrays of the rival formats beside the golden model (tb/test_rivals.c): of each format a small row, one of
# them with loads that lag; all rows in the long test.
RIVAL_TESTED := int8-token-lag int8-small vsq-small mxfp4-small nvfp4-small int8-token-asic mxfp4-asic

$(B)/test_rivals: $(B)/obj/tb/test_rivals.o $(B)/libbcq.a
	$(CC) $(CFLAGS) $^ $(LIBS) -o $@

RIVAL_TEST      := $(B)/test_rivals $(RIVAL_TESTED:%=$(B)/models/%.rival.so)
RIVAL_TEST_LONG := $(B)/test_rivals $(RIVAL_CONFIGS:%=$(B)/models/%.rival.so)
