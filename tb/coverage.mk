# Which lines of rtl/ the tests execute, and which bits they toggle; exceptions with their reasons:
# tb/coverage_exceptions.txt. Measured on 2 cores, one of them busy with other work: 16 minutes the
# first time (12 minutes of processor time, most for the nine models), 3 minutes when they exist.
.PHONY: coverage
coverage: $(addprefix $(B)/,test_array test_encoder test_scale_unit) $(B)/gen/bcq_pkg.sv  ## line and toggle coverage of rtl/; a quarter of an hour
	tb/run_coverage.sh $(SEED) $(filter %.sv,$(filter-out $(B)/%,$(RTL)))
