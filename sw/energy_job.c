#include "energy_job.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- The folder ---------------------------------------------------------------------------------- */

/* "key: value" of job.txt into text; false: there is no such line. */
static bool job_value(const char *file, const char *key, char *text, size_t size) {
    size_t length = strlen(key);
    for (const char *line = file; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        if (strncmp(line, key, length) != 0 || strncmp(line + length, ": ", 2) != 0) continue;
        line += length + 2;
        size_t end = strcspn(line, "\r\n");
        if (end >= size) return false;
        memcpy(text, line, end);
        text[end] = 0;
        return true;
    }
    return false;
}

static char *read_text(const char *path, bcq_error *error) {
    enum { MOST = 1 << 20 };
    FILE *f = fopen(path, "r");
    char *text = f ? calloc(1, MOST + 1) : NULL;
    if (!f) bcq_fail(error, "%s: wanted a readable file, got: %s", path, strerror(errno));
    else if (!text) bcq_fail(error, "%s: wanted memory to read it, got none", path);
    else if (fread(text, 1, MOST, f) == MOST) {
        bcq_fail(error, "%s: wanted less than %d bytes, got more", path, MOST);
        free(text);
        text = NULL;
    }
    if (f) fclose(f);
    return text;
}

bool energy_job_read(const char *dir, energy_job *j, bcq_error *error) {
    char path[PATH_MAX], period[64], nand2[128];
    if (snprintf(path, sizeof path, "%s/job.txt", dir) >= (int)sizeof path
        || snprintf(j->netlist, sizeof j->netlist, "%s/netlist.v", dir) >= (int)sizeof j->netlist)
        return bcq_fail(error, "%.100s...: wanted a shorter name", dir);
    char *text = read_text(path, error);
    if (!text) return false;
    j->params = calloc(1, strlen(text) + 1);
    const struct { const char *key; char *to; size_t size; } wanted[] = {
        { "top", j->top, sizeof j->top },          { "library", j->library, sizeof j->library },
        { "recipe", j->recipe, sizeof j->recipe }, { "period_ns", period, sizeof period },
        { "nand2", nand2, sizeof nand2 },          { "params", j->params, strlen(text) + 1 },
    };
    bool good = j->params != NULL || bcq_fail(error, "%s: wanted memory to read it, got none", path);
    for (size_t i = 0; good && i < sizeof wanted / sizeof *wanted; i++)
        good = job_value(text, wanted[i].key, wanted[i].to, wanted[i].size)
            || bcq_fail(error, "%s: wanted a line \"%s: ...\", got none", path, wanted[i].key);
    free(text);
    if (!good) return false;
    /* An untimed library, for tests, has no clock: leakage then has no time, and delays are none. */
    j->period_s = strtod(period, NULL) * 1e-9;
    j->nand2 = strrchr(nand2, ' ') ? strtod(strrchr(nand2, ' '), NULL) : 0;
    return (j->period_s >= 0 && j->nand2 > 0)
        || bcq_fail(error, "%s: wanted a period and the area of a NAND2 above 0, got %s and %s", path, period, nand2);
}

void energy_job_free(energy_job *j) { free(j->params); }

/* "... -chparam FrozenTableA 6144'hABC..." into a table in two's complement, entry 0 of codebook 0 lowest. */
bool energy_frozen_table(const energy_job *j, const char *name, const rtl_build *b, bcq_codebooks *cb, bcq_error *error) {
    const char *at = strstr(j->params, name), *hex = at ? strstr(at, "'h") : NULL;
    cb->p = (bcq_params){ .la = b->la, .lb = b->lb, .nc = b->nc, .index_bits = b->index_bits,
                          .entry_bits = b->entry_bits };
    int digits = hex ? (int)strspn(hex + 2, "0123456789abcdefABCDEF") : 0, width = b->entry_bits;
    if (digits * 4 < b->nc * bcq_entries(&cb->p) * width)
        return bcq_fail(error, "job.txt: wanted %s in params of a frozen build, got none", name);
    for (int e = 0; e < b->nc * bcq_entries(&cb->p); e++) {
        int value = 0;
        for (int i = 0; i < width; i++) {
            int bit = e * width + i;
            char digit[2] = { hex[2 + digits - 1 - bit / 4], 0 };
            value |= (int)(strtol(digit, NULL, 16) >> bit % 4 & 1) << i;
        }
        if (value >> (width - 1)) value -= 1 << width;
        cb->entry[e / bcq_entries(&cb->p)][e % bcq_entries(&cb->p)] = (int8_t)value;
    }
    return true;
}

double energy_default_wire(const energy_job *j) { return 2.2 * sqrt(j->nand2 / 7.2576); }

/* ---- Files of a library ---------------------------------------------------------------------------- */

static int is_library(const struct dirent *d) {
    size_t length = strlen(d->d_name);
    bool ends = (length > 4 && strcmp(d->d_name + length - 4, ".lib") == 0)
             || (length > 7 && strcmp(d->d_name + length - 7, ".lib.gz") == 0);
    return ends && strncmp(d->d_name, "RM_", 3) != 0;  /* as synth/cells.sh: those are memories */
}

static bool add_file(energy_files *l, const char *path, bcq_error *error) {
    if (l->count == ENERGY_FILES_MAX) return bcq_fail(error, "--liberty: wanted at most %d files, got more", ENERGY_FILES_MAX);
    l->path[l->count] = strdup(path);
    return l->path[l->count++] != NULL || bcq_fail(error, "%s: wanted memory, got none", path);
}

bool energy_files_add(energy_files *l, const char *path, bcq_error *error) {
    struct stat s;
    struct dirent **entry;
    if (stat(path, &s) != 0 || !S_ISDIR(s.st_mode)) return add_file(l, path, error);
    int count = scandir(path, &entry, is_library, alphasort);
    bool good = count > 0 || bcq_fail(error, "%s: wanted *.lib or *.lib.gz in it, got none", path);
    for (int i = 0; i < count; i++) {
        char file[PATH_MAX];
        snprintf(file, sizeof file, "%s/%s", path, entry[i]->d_name);
        good = good && add_file(l, file, error);
        free(entry[i]);
    }
    if (count >= 0) free(entry);
    return good;
}

void energy_files_free(energy_files *l) {
    while (l->count) free(l->path[--l->count]);
}

char *energy_memory_beside(const energy_files *f) {
    char folder[PATH_MAX], path[PATH_MAX + 256];
    struct dirent **entry;
    char *found = NULL;
    if (!f->count || snprintf(folder, sizeof folder, "%s", f->path[0]) >= (int)sizeof folder) return NULL;
    char *slash = strrchr(folder, '/');
    if (slash) *slash = 0;
    else strcpy(folder, ".");
    int count = scandir(folder, &entry, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (!found && fnmatch("RM_IHPSG13_2P_64x32*.lib", entry[i]->d_name, 0) == 0) {
            snprintf(path, sizeof path, "%s/%s", folder, entry[i]->d_name);
            found = strdup(path);
        }
        free(entry[i]);
    }
    if (count >= 0) free(entry);
    return found;
}

/* ---- A memory macro ---------------------------------------------------------------------------------- */

/* Of both edges of its clock, with A_MEN and these pins as said. */
static bool access_energy(const liberty_cell *cell, bool write, double *joule) {
    static const char *const name[] = { "A_MEN", "A_WEN", "A_REN" };
    const liberty_pin *clock = liberty_find_pin(cell, "A_CLK");
    const bool value[] = { true, write, !write };
    uint64_t pins = 0;
    if (!clock) return false;
    for (int i = 0; i < 3; i++) {
        const liberty_pin *pin = liberty_find_pin(cell, name[i]);
        if (!pin) return false;
        if (value[i]) pins |= (uint64_t)1 << (pin - cell->pins);
    }
    for (int i = 0; i < clock->n_powers; i++) {
        const liberty_power *p = &clock->powers[i];
        if (!liberty_value(&p->when, pins)) continue;
        *joule = liberty_look_up(&p->energy[LIBERTY_RISE], 0, 0) + liberty_look_up(&p->energy[LIBERTY_FALL], 0, 0);
        return *joule > 0;
    }
    return false;
}

bool energy_memory_read(const char *path, energy_memory *m, bcq_error *error) {
    liberty *lib = liberty_read(&path, 1, error);
    if (!lib) return false;
    const liberty_cell *cell = lib->n_cells == 1 && lib->cells[0].kind == LIBERTY_MACRO ? &lib->cells[0] : NULL;
    /* Its size stands in its name alone: RM_IHPSG13_2P_64x32_c2. */
    const char *size = cell ? strstr(cell->name, "P_") : NULL;
    bool good = size && sscanf(size, "P_%dx%d", &m->words, &m->width) == 2 && m->words > 0 && m->width > 0
             && access_energy(cell, false, &m->read_j) && access_energy(cell, true, &m->write_j);
    if (good) {
        m->leakage_w = cell->leakage;
        snprintf(m->name, sizeof m->name, "%s", cell->name);
    } else {
        bcq_fail(error, "%s: wanted one memory with pins A_CLK, A_MEN, A_WEN and A_REN, got another library", path);
    }
    liberty_free(lib);
    return good;
}
