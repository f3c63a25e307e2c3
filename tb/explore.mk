# The explorer: example, comparison of the formats, tests.
# The comparison is on IHP's cells if LIBERTY_DATA (synth/synth.mk) has them, or on LIBERTY=.
EX_IHP     := $(LIBERTY_DATA)/ihp_sg13g2/sg13g2_stdcell_typ_1p20V_25C.lib
EX_LIBERTY := $(if $(filter command environment,$(firstword $(origin LIBERTY))),$(LIBERTY),$(if $(wildcard $(EX_IHP)),$(EX_IHP),$(OPEN_LIB)))

.PHONY: explore compare-hw
explore: $(B)/bcq $(B)/gen/bcq_pkg.sv $(LIBERTY)  ## what BCQ's parameters cost and buy: points.csv and a page, some 20 minutes
	$(B)/bcq explore sw/explore/example.space --library $(LIBERTY)

# The small pair on every library that make test may find. A file a space and library: what was measured on another
# library stays.
HW         := docs/results/hw
.PHONY: hw-small
hw-small: $(B)/bcq $(B)/gen/bcq_pkg.sv $(B)/gen/toy.lib
	@mkdir -p $(HW)
	$(B)/bcq explore synth/compare-small.space --library $(B)/gen/toy.lib -o $(B)/explore/small-toy
	cp $(B)/explore/small-toy/parts.csv $(HW)/small-toy.csv
	$(if $(wildcard $(OSU018)),$(B)/bcq explore synth/compare-small.space --library $(OSU018) -o $(B)/explore/small-osu018)
	$(if $(wildcard $(OSU018)),cp $(B)/explore/small-osu018/parts.csv $(HW)/small-osu018.csv)

# NAME: the library's own, column 3.
compare-hw: hw-small $(EX_LIBERTY)  ## BCQ and its rivals by five recipes into docs/results/hw/NAME.csv of the library, within the hour
	$(B)/bcq explore synth/compare.space --library $(EX_LIBERTY)
	cp $(B)/explore/compare/parts.csv "$(HW)/$$(awk -F , 'NR == 2 { print $$3 }' $(B)/explore/compare/parts.csv).csv"
	awk -f synth/compare.awk $(HW)/*.csv

$(B)/explore_files: tb/explore_files.c
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(WARN) $(CFLAGS) $< -ljansson -lm -o $@
$(B)/tests.built: $(B)/explore_files $(B)/gen/bcq_pkg.sv $(B)/gen/toy.lib
