#include <string.h>

#include "tables.h"

/* The levels of levels.def. */

typedef struct {
    const char *table;
    int group;      /* 0: any */
    bool any_metric;
    bcq_metric metric;
    bool derived;
    float level[BCQ_TABLE_LEVELS];
} levels;

enum { PRINTED = false, DERIVED = true };
#define ANY true, BCQ_METRIC_MSE
#define MSE false, BCQ_METRIC_MSE
#define MAE false, BCQ_METRIC_MAE
#define LEVELS(table, group, metric, derived, ...) { table, group, metric, derived, { __VA_ARGS__ } },
static const levels all[] = {
#include "levels.def"
};

static const levels *find(const char *table, int group, bcq_metric metric) {
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].table, table) == 0 && (all[i].group == 0 || all[i].group == group)
            && (all[i].any_metric || all[i].metric == metric)) return &all[i];
    return NULL;
}

const float *bcq_levels(const char *table, int group, bcq_metric metric) {
    const levels *l = find(table, group, metric);
    return l ? l->level : NULL;
}

bool bcq_levels_are_derived(const char *table, int group, bcq_metric metric) {
    return find(table, group, metric)->derived;
}
