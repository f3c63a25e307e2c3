# Faults made by hand in the RTL, each of which the default tests must catch.
faults: $(B)/test_array $(B)/test_scale_unit $(B)/test_accelerator $(B)/test_rivals $(B)/test_rival_encoder $(B)/models/support.o  ## hand-made RTL faults, each must be caught; minutes
	tb/run_faults.sh $(FAULTS)
