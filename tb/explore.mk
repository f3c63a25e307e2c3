# The explorer: example, comparison of the formats, tests.
# The comparison is on IHP's cells if LIBERTY_DATA (synth/synth.mk) has them, or on LIBERTY=.
EX_IHP     := $(LIBERTY_DATA)/ihp_sg13g2/sg13g2_stdcell_typ_1p20V_25C.lib
EX_LIBERTY := $(if $(filter command environment,$(firstword $(origin LIBERTY))),$(LIBERTY),$(if $(wildcard $(EX_IHP)),$(EX_IHP),$(OPEN_LIB)))

.PHONY: explore compare-hw
explore: $(B)/bcq $(B)/gen/bcq_pkg.sv $(LIBERTY)  ## what BCQ's parameters cost and buy: points.csv and a page, some 20 minutes
	$(B)/bcq explore sw/explore/example.space --library $(LIBERTY)

# The small pair on every library that make test may find.
compare-hw: $(B)/bcq $(B)/gen/bcq_pkg.sv $(B)/gen/toy.lib $(EX_LIBERTY)  ## BCQ and its rivals by every recipe into docs/results/hw-compare.csv, within the hour
	$(B)/bcq explore synth/compare.space --library $(EX_LIBERTY)
	$(B)/bcq explore synth/compare-small.space --library $(B)/gen/toy.lib -o $(B)/explore/small-toy
	$(if $(wildcard $(OSU018)),$(B)/bcq explore synth/compare-small.space --library $(OSU018) -o $(B)/explore/small-osu018)
	@mkdir -p docs/results
	awk 'FNR > 1 || NR == 1' $(B)/explore/compare/parts.csv $(wildcard $(B)/explore/small-osu018/parts.csv) \
	  $(B)/explore/small-toy/parts.csv > docs/results/hw-compare.csv.new
	mv docs/results/hw-compare.csv.new docs/results/hw-compare.csv
	awk -f synth/compare.awk docs/results/hw-compare.csv

$(B)/explore_files: tb/explore_files.c
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(WARN) $(CFLAGS) $< -ljansson -lm -o $@
$(B)/tests.built: $(B)/explore_files $(B)/gen/bcq_pkg.sv $(B)/gen/toy.lib
