# The calibrator: its properties, and its speed.
$(B)/test_calibrate: tb/test_calibrate.c sw/calibrate.h sw/lloyd.h $(B)/libbcq.a
	$(CC) $(CSTD) $(WARN) $(CFLAGS) $(INC) $(filter %.c %.a,$^) $(LIBS) -o $@

$(B)/bench_calibrate: tb/bench_calibrate.c sw/calibrate.h sw/lloyd.h $(B)/libbcq.a
	$(CC) $(CSTD) $(WARN) $(CFLAGS) $(INC) $(filter %.c %.a,$^) $(LIBS) -o $@
