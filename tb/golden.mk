# The golden model against the second model, and the flags that both need.
# -mfma, where the machine has the instruction, lets the compiler contract a*b + c in test_flags.c
# if the flags allow it: without it that test could not fail. (64-bit Arm always has one.)
FMA_FLAG := $(if $(shell grep -wm1 fma /proc/cpuinfo),-mfma)

$(B)/test_golden: tb/test_golden.c tb/second_model.c tb/second_model.h cmodel/bcq_model.h $(MODEL_O)
	$(CC) $(CSTD) $(WARN) $(CFLAGS) $(INC) -Itb $(filter %.c %.o,$^) -lgmp -lm -o $@

$(B)/test_flags: tb/test_flags.c $(MODEL_O)
	$(CC) $(CSTD) $(WARN) $(CFLAGS) $(FMA_FLAG) $(INC) $(filter %.c %.o,$^) -lm -o $@
