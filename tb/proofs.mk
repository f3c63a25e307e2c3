# Proofs about the RTL, with yosys-smtbmc and z3: the list, and each proof's planted faults.
.PHONY: proofs
proofs: $(B)/gen/bcq_pkg.sv $(B)/gen/bcq_reg_pkg.sv  ## proofs of RTL blocks (Yosys, z3) and their planted faults; minutes
	tb/test_proofs.sh $(B)/gen/bcq_pkg.sv $(PROOFS)
