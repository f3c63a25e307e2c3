/* What bcq energy reads besides the netlist: a folder that synth/job.sh has left, and the files of a library.
 * Internal to the project. */
#ifndef BCQ_ENERGY_JOB_H
#define BCQ_ENERGY_JOB_H

#include <limits.h>

#include "liberty.h"
#include "rtl.h"

typedef struct {
    char netlist[PATH_MAX], top[64], library[128], recipe[64];
    char *params;                /* as Yosys got them */
    double period_s;             /* 0: the library has no times */
    double nand2;                /* area, in the library's unit */
} energy_job;

bool energy_job_read(const char *folder, energy_job *j, bcq_error *error);
void energy_job_free(energy_job *j);

/* Reads the table "... -chparam NAME 6144'hABC..." of a build with frozen tables. */
bool energy_frozen_table(const energy_job *j, const char *name, const rtl_build *b, bcq_codebooks *cb,
                         bcq_error *error);

/* fF for each pin that a net drives. IHP SG13G2's is 2.2, about 10 um at 0.2 fF/um. A wire's capacitance a length
 * hardly depends on the process, and its length is in proportion to the cells: to the side of the smallest NAND2. */
double energy_default_wire(const energy_job *j);

/* Files of a library; a folder stands for its *.lib and *.lib.gz but for RM_*, which are memories. */
enum { ENERGY_FILES_MAX = 32 };
typedef struct { char *path[ENERGY_FILES_MAX]; int count; } energy_files;
bool energy_files_add(energy_files *f, const char *path, bcq_error *error);
void energy_files_free(energy_files *f);
/* Beside the first of them, or NULL: a memory of 64 words of 32 bits, RM_IHPSG13_2P_64x32*.lib. To be freed. */
char *energy_memory_beside(const energy_files *f);

/* Energy of an access of a two-port memory macro of IHP's kind (pins A_CLK, A_MEN, A_WEN, A_REN). */
typedef struct { double read_j, write_j, leakage_w; int words, width; char name[96]; } energy_memory;
bool energy_memory_read(const char *path, energy_memory *m, bcq_error *error);

#endif
