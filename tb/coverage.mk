# Which lines of rtl/ the tests execute, and which bits they toggle. The exceptions and their reasons:
# tb/coverage_exceptions.txt. The models take some minutes to build the first time.
.PHONY: coverage
coverage: $(addprefix $(B)/,test_array test_encoder test_scale_unit) $(B)/gen/bcq_pkg.sv  ## line and toggle coverage of rtl/; a quarter of an hour
	tb/run_coverage.sh $(SEED) $(filter %.sv,$(filter-out $(B)/%,$(RTL)))
