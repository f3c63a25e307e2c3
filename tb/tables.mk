# The weight-only tables: their test, BOF4's optimiser included; the table engine; what fixing levels costs.
$(B)/test_levels $(B)/bench_tables: $(B)/%: tb/%.c sw/bcq.h sw/bof4.h cmodel/formats/format.h cmodel/formats/tables.h \
  $(B)/libbcq.a
	$(CC) $(CSTD) $(WARN) $(CFLAGS) $(INC) $(filter %.c %.a,$^) $(LIBS) -o $@
$(B)/tests.built: $(B)/test_levels
