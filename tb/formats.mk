# The rival formats' models against a second model.
$(B)/test_formats: tb/test_formats.c tb/second_formats.c tb/second_formats.h tb/second_model.c tb/second_model.h \
                   tb/random.h cmodel/formats/format.h $(MODEL_O)
	$(CC) $(CSTD) $(WARN) $(CFLAGS) $(INC) $(filter %.c %.o,$^) -lgmp -lm -o $@

$(B)/asan/test_formats: tb/test_formats.c tb/second_formats.c tb/second_formats.h tb/second_model.c \
                        tb/second_model.h tb/random.h cmodel/formats/format.h $(patsubst $(B)/obj/%,$(B)/asan/obj/%,$(MODEL_O))
	$(CC) $(CSTD) $(WARN) $(ASAN) $(INC) $(filter %.c %.o,$^) -lgmp -lm -o $@
