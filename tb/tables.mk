# The weight-only tables: their test, BOF4's optimiser included; the table engine; what fixing levels costs.
$(B)/test_levels $(B)/bench_tables: $(B)/%: tb/%.c sw/bcq.h sw/bof4.h cmodel/formats/format.h cmodel/formats/tables.h \
  $(B)/libbcq.a
	$(CC) $(CSTD) $(WARN) $(CFLAGS) $(INC) $(filter %.c %.a,$^) $(LIBS) -o $@

# Accelerators that run the tables: block arrays of 16 and 64, entries of 6 and 8 bits; in the long test all.
TABLES_ON      := hx8k ew8
TABLES_ON_LONG := la16 la32 la128 default nc1 $(TABLES_ON)
$(B)/tests.built: $(B)/test_levels $(TABLES_ON:%=$(B)/models/%.accelerator.so)

.PHONY: table-engine bof4-fixed
table-engine: $(B)/bench_tables  ## error of NF4, AF4, BOF4 through BCQ's table engine; of OPQ
	$(B)/bench_tables
bof4-fixed: $(B)/bench_tables  ## what keeping levels 0 and +-1 costs BOF4
	$(B)/bench_tables -fixed
