# The weight-only tables: their test, BOF4's optimiser included; the table engine; what fixing levels costs.
$(B)/test_levels $(B)/bench_tables: $(B)/%: tb/%.c sw/bcq.h sw/bof4.h cmodel/formats/format.h cmodel/formats/tables.h \
  $(B)/libbcq.a
	$(CC) $(CSTD) $(WARN) $(CFLAGS) $(INC) $(filter %.c %.a,$^) $(LIBS) -o $@
$(B)/tests.built: $(B)/test_levels

.PHONY: table-engine bof4-fixed
table-engine: $(B)/bench_tables  ## error of NF4, AF4, BOF4 through BCQ's table engine; of OPQ
	$(B)/bench_tables
bof4-fixed: $(B)/bench_tables  ## what keeping levels 0 and +-1 costs BOF4
	$(B)/bench_tables -fixed
