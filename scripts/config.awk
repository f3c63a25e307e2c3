# One row of rtl/configs.def -> parameters of bcq_gemm as Verilator options.  -v name=CONFIG
/^#/ || NF == 0 || $1 != name { next }
{
  found = 1
  printf "-GLB=%s -GLA=%s -GNC=%s -GB=%s -GEW=%s -GCols=%s -GT=%s -GNDec=%s -GExact=%d\n",
         $2, $3, $4, $5, $6, $7, $8, $9, $10 == "exact"
}
END {
  if (!found) { printf "rtl/configs.def: no configuration %s\n", name > "/dev/stderr"; exit 1 }
}
