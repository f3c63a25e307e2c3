# The explorer: example, comparison of the formats, tests.
# The comparison is on IHP's cells if LIBERTY_DATA (synth/synth.mk) has them, or on LIBERTY=.
EX_IHP     := $(LIBERTY_DATA)/ihp_sg13g2/sg13g2_stdcell_typ_1p20V_25C.lib
EX_LIBERTY := $(if $(filter command environment,$(firstword $(origin LIBERTY))),$(LIBERTY),$(if $(wildcard $(EX_IHP)),$(EX_IHP),$(OPEN_LIB)))

.PHONY: explore compare-hw
explore: $(B)/bcq $(B)/gen/bcq_pkg.sv $(LIBERTY)  ## what BCQ's parameters cost and buy: points.csv and a page, some 20 minutes
	$(B)/bcq explore sw/explore/example.space --library $(LIBERTY)

# The committed table: rows of a library that was measured again take the place of its old ones, the small pair's apart.
# Rows of another heading go. $(1): the new parts.csv.
HW         := docs/results/hw-compare.csv
put_parts   = touch $(HW); { head -n 1 $(1); awk -F , 'NR == FNR { if (FNR == 1) head = $$0; else mine[$$3 ($$2 == "small")]; next } \
    FNR == 1 { same = $$0 == head; next } same && !($$3 ($$2 == "small") in mine)' $(1) $(HW); tail -n +2 $(1); } > $(HW).new; mv $(HW).new $(HW)

# The small pair on every library that make test may find.
.PHONY: hw-small
hw-small: $(B)/bcq $(B)/gen/bcq_pkg.sv $(B)/gen/toy.lib
	@mkdir -p $(dir $(HW))
	$(B)/bcq explore synth/compare-small.space --library $(B)/gen/toy.lib -o $(B)/explore/small-toy
	$(call put_parts,$(B)/explore/small-toy/parts.csv)
	$(if $(wildcard $(OSU018)),$(B)/bcq explore synth/compare-small.space --library $(OSU018) -o $(B)/explore/small-osu018)
	$(if $(wildcard $(OSU018)),$(call put_parts,$(B)/explore/small-osu018/parts.csv))

compare-hw: hw-small $(EX_LIBERTY)  ## BCQ and its rivals by five recipes into docs/results/hw-compare.csv, within the hour
	$(B)/bcq explore synth/compare.space --library $(EX_LIBERTY)
	$(call put_parts,$(B)/explore/compare/parts.csv)
	awk -f synth/compare.awk $(HW)

$(B)/explore_files: tb/explore_files.c
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(WARN) $(CFLAGS) $< -ljansson -lm -o $@
$(B)/tests.built: $(B)/explore_files $(B)/gen/bcq_pkg.sv $(B)/gen/toy.lib
