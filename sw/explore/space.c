#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "explore.h"

/* The text: blocks of "key = values", separated by lines "---". Each block is the cross product of its keys;
 * with more than one block the first holds keys for all the others. docs/explorer.md. */

typedef enum {
    NAME, FORMAT, LB, LA, NC, EW, B, MACS, COLS, T, NDEC, DECODE, TABLES, ACC, ENC, CB, ASIC, CODEBOOKS, LIBRARY,
    CLOCK, DELAY, AXES,
    /* These are lists of one point. */
    RECIPE = AXES, DATA, WORKLOAD, KEYS
} key;
static const char *const key_names[KEYS] = {
    "name", "format", "lb", "la", "nc", "ew", "b", "macs", "cols", "t", "ndec", "decode", "tables", "acc", "enc",
    "cb", "asic", "codebooks", "library", "clock", "delay", "recipe", "data", "workload"
};
enum { BLOCKS_MAX = 256, POINTS_MAX = 10000 };

typedef struct {
    int line;
    explore_list value[KEYS];  /* count 0: not given */
} block;

typedef struct {
    const char *path, *library;
    const explore_list *recipes;
    bcq_error *error;
    explore_space *space;
} reader;

/* ---- Lines ---------------------------------------------------------------------------------------- */

static bool read_line(const reader *r, int number, char *line, block *b) {
    char *equals = strchr(line, '=');
    if (!equals)
        return bcq_fail(r->error, "%s:%d: wanted key = values or ---, got \"%s\"", r->path, number, line);
    *equals = 0;
    char *name = line + strspn(line, " \t");
    name[strcspn(name, " \t")] = 0;
    int k = 0;
    while (k < KEYS && strcmp(name, key_names[k]) != 0) k++;
    if (k == KEYS)
        return bcq_fail(r->error, "%s:%d: wanted a key of docs/explorer.md, got \"%s\"", r->path, number, name);
    explore_list *list = &b->value[k];
    if (list->count) return bcq_fail(r->error, "%s:%d: wanted %s once a block, got it again", r->path, number, name);
    for (char *rest = equals + 1, *word; (word = strsep(&rest, " \t")); ) {
        if (!*word) continue;
        if (list->count == EXPLORE_LIST_MAX)
            return bcq_fail(r->error, "%s:%d: wanted at most %d values, got more", r->path, number, EXPLORE_LIST_MAX);
        for (int i = 0; i < list->count; i++)
            if (strcmp(list->item[i], word) == 0)
                return bcq_fail(r->error, "%s:%d: wanted each value once, got %s twice", r->path, number, word);
        list->item[list->count++] = word;
    }
    return list->count || bcq_fail(r->error, "%s:%d: wanted a value behind %s =, got none", r->path, number, name);
}

static bool read_blocks(const reader *r, block *blocks, int *count) {
    int number = 0;
    *count = 1;
    blocks[0] = (block){ .line = 1 };
    for (char *rest = r->space->text, *line; (line = strsep(&rest, "\n")); ) {
        number++;
        line[strcspn(line, "#\r")] = 0;
        size_t blank = strspn(line, " \t");
        if (!line[blank]) continue;
        if (strncmp(line + blank, "---", 3) == 0 && !line[blank + 3 + strspn(line + blank + 3, " \t")]) {
            if (*count == BLOCKS_MAX)
                return bcq_fail(r->error, "%s:%d: wanted at most %d blocks, got more", r->path, number, BLOCKS_MAX);
            blocks[(*count)++] = (block){ .line = number + 1 };
        } else if (!read_line(r, number, line, &blocks[*count - 1])) {
            return false;
        }
    }
    return true;
}

/* ---- Values ---------------------------------------------------------------------------------------- */

static bool integer(const reader *r, const block *b, key k, const char *text, int least, int *value) {
    char *end;
    errno = 0;
    long x = strtol(text, &end, 10);
    if (errno || end == text || *end || x < least || x > 65535)
        return bcq_fail(r->error, "%s: block at line %d: %s: wanted an integer in [%d, 65535], got \"%s\"", r->path,
                        b->line, key_names[k], least, text);
    *value = (int)x;
    return true;
}

/* Index of text among words, which are separated by blanks. */
static bool word(const reader *r, const block *b, key k, const char *text, const char *words, int *value) {
    size_t length = strlen(text);
    int i = 0;
    for (const char *at = words; *at; i++) {
        size_t n = strcspn(at, " ");
        if (n == length && strncmp(at, text, n) == 0) {
            *value = i;
            return true;
        }
        at += n + strspn(at + n, " ");
    }
    return bcq_fail(r->error, "%s: block at line %d: %s: wanted one of %s, got \"%s\"", r->path, b->line, key_names[k],
                    words, text);
}

static const char *const rival_names[] = {
    [BCQ_FORMAT_INT8_TOKEN] = "int8-token", [BCQ_FORMAT_INT8] = "int8", [BCQ_FORMAT_VSQ] = "vsq",
    [BCQ_FORMAT_MXFP4] = "mxfp4", [BCQ_FORMAT_NVFP4] = "nvfp4"
};

static bool lists(const reader *r, const block *b, explore_point *p) {
    const explore_list *given = b->value;
    p->data = given[DATA];
    p->workloads = given[WORKLOAD];
    p->recipes = given[RECIPE];
    if (p->recipes.count == 1 && strcmp(p->recipes.item[0], "all") == 0) p->recipes = *r->recipes;
    if (p->data.count == 1 && strcmp(p->data.item[0], "none") == 0) p->data.count = 0;
    int ignored;
    for (int i = 0; i < p->data.count; i++)
        if (!word(r, b, DATA, p->data.item[i], "real zeros random worst", &ignored)) return false;
    for (int i = 0; i < p->recipes.count; i++) {
        bool known = false;
        for (int j = 0; j < r->recipes->count; j++)
            known = known || strcmp(r->recipes->item[j], p->recipes.item[i]) == 0;
        if (!known)
            return bcq_fail(r->error, "%s: block at line %d: recipe: wanted all or names of synth/recipes, got \"%s\"",
                            r->path, b->line, p->recipes.item[i]);
    }
    return true;
}

/* One point of a block from the values of its axes. */
static bool make_point(const reader *r, const block *b, const char *const *value, explore_point *p) {
    rtl_build *u = &p->build;
    *p = (explore_point){ .line = b->line };
    *u = (rtl_build){ .lanes = BCQ_LANES };
    int format, macs = 0, decode, tables, acc, asic, codebooks, delay;
    bool good = word(r, b, FORMAT, value[FORMAT], "bcq int8 int8-token vsq mxfp4 nvfp4", &format)
             && integer(r, b, LB, value[LB], 1, &u->lb) && integer(r, b, LA, value[LA], 1, &u->la)
             && integer(r, b, NC, value[NC], 1, &u->nc) && integer(r, b, EW, value[EW], 1, &u->entry_bits)
             && integer(r, b, B, value[B], 1, &u->index_bits) && integer(r, b, T, value[T], 1, &u->t)
             && integer(r, b, NDEC, value[NDEC], 1, &u->ndec)
             && word(r, b, DECODE, value[DECODE], "edge entry code", &decode)
             && word(r, b, TABLES, value[TABLES], "programmable frozen", &tables)
             && word(r, b, ACC, value[ACC], "fp32 exact", &acc)
             && integer(r, b, ENC, value[ENC], 0, &p->enc) && integer(r, b, CB, value[CB], 0, &p->cb)
             && word(r, b, ASIC, value[ASIC], "0 1", &asic)
             && word(r, b, CODEBOOKS, value[CODEBOOKS], "local universal", &codebooks)
             && word(r, b, DELAY, value[DELAY], "zero events", &delay)
             && lists(r, b, p);
    if (!good) return false;
    if (value[COLS]) good = integer(r, b, COLS, value[COLS], 1, &u->cols);
    else if ((good = integer(r, b, MACS, value[MACS], 1, &macs))) {
        if (macs % u->la)
            return bcq_fail(r->error, "%s: block at line %d: wanted macs a multiple of la, got macs %d, la %d", r->path,
                            b->line, macs, u->la);
        u->cols = macs / u->la;
    }
    if (!good) return false;
    if (strcmp(value[CLOCK], "library") != 0) {
        char *end;
        p->clock = strtod(value[CLOCK], &end);
        if (end == value[CLOCK] || *end || !(p->clock > 0) || p->clock > 1e6)
            return bcq_fail(r->error, "%s: block at line %d: clock: wanted a period in ns or the word library, got \"%s\"",
                            r->path, b->line, value[CLOCK]);
    }
    p->format = value[FORMAT];
    p->library = value[LIBRARY];
    p->delay = value[DELAY];
    p->asic = asic;
    p->universal = codebooks;
    u->decode = decode;
    u->frozen = tables;
    u->exact = acc;
    u->rival = format != 0;
    if (!u->rival) return true;
    for (int i = 0; i < (int)(sizeof rival_names / sizeof *rival_names); i++)
        if (strcmp(rival_names[i], p->format) == 0) u->format = i;
    /* What a rival does not have must not make two points of one. */
    u->lb = u->nc = u->entry_bits = u->index_bits = u->decode = u->frozen = u->exact = p->cb = 0;
    p->universal = false;
    return true;
}

/* ---- What the RTL would refuse ----------------------------------------------------------------------- */

const char *explore_refuses(const explore_point *p, char *message, size_t size) {
    const rtl_build *b = &p->build;
    const bcq_params q = { b->la, b->lb, b->nc, b->index_bits, b->entry_bits };
    const char *bad = b->rival ? NULL : bcq_params_check(&q);
    if (bad) {
        /* "la: want 16, ..." of the golden model, whose `bits` is b here. */
        const int got = bad[0] == 'b' ? q.index_bits : bad[0] == 'e' ? q.entry_bits : bad[0] == 'n' ? q.nc
                      : bad[1] == 'a' ? q.la : q.lb;
        const char *name = bad[0] == 'b' ? "b" : bad[0] == 'e' ? "ew" : bad[0] == 'n' ? "nc" : bad[1] == 'a' ? "la" : "lb";
        snprintf(message, size, "%s: wanted %s, got %d", name, strstr(bad, "want ") + 5, got);
        return message;
    }
    int group = !b->rival || b->format == BCQ_FORMAT_INT8_TOKEN || b->format == BCQ_FORMAT_INT8 ? b->la
              : b->format == BCQ_FORMAT_MXFP4 ? BCQ_MXFP4_GROUP : BCQ_VSQ_GROUP;
    bool any_la = b->rival && (b->format == BCQ_FORMAT_INT8_TOKEN || b->format == BCQ_FORMAT_VSQ);
    if (b->rival && (b->la > BCQ_LA_MAX || (b->la & (b->la - 1)) || (b->la != BCQ_LA_DEFAULT && !any_la)
                     || group < 2 * b->lanes || b->la % group))
        snprintf(message, size, "la: wanted %s of format %s, got %d", any_la ? "16, 32, 64 or 128" : "64", p->format, b->la);
    else if (b->cols < 1 || b->cols > 256)
        snprintf(message, size, "cols: wanted 1 to 256, got %d", b->cols);
    else if (b->ndec < 1 || b->cols % b->ndec)
        snprintf(message, size, "ndec: wanted a divisor of cols = %d, got %d", b->cols, b->ndec);
    else if (p->asic && b->ndec > b->la / b->lanes)
        snprintf(message, size, "ndec: wanted at most la / 8 = %d with asic = 1, got %d", b->la / b->lanes, b->ndec);
    else if (b->t < 2)
        snprintf(message, size, "t: wanted at least 2, got %d", b->t);
    else if (p->enc && b->rival && (b->la != BCQ_LA_DEFAULT || b->la % (8 * p->enc)))
        snprintf(message, size, "enc: wanted a divisor of 8, and la = 64, got %d and %d", p->enc, b->la);
    else if (p->enc && !b->rival && b->la % (b->lb * p->enc))
        snprintf(message, size, "enc: wanted a divisor of la / lb = %d, got %d", b->la / b->lb, p->enc);
    else if (p->enc && !b->rival && (p->cb < 1 || b->nc % p->cb))
        snprintf(message, size, "cb: wanted a divisor of nc = %d, got %d", b->nc, p->cb);
    else if (p->universal && !bcq_universal_codebooks(&q))
        snprintf(message, size, "codebooks: wanted local, for sw/model/universal has none of lb %d, la %d, nc %d, "
                 "ew %d, b %d, got universal", b->lb, b->la, b->nc, b->entry_bits, b->index_bits);
    else
        return NULL;
    return message;
}

/* ---- Names --------------------------------------------------------------------------------------------- */

static void append(char *text, size_t size, const char *what, int value, int usual) {
    size_t used = strlen(text);
    if (value == usual || used >= size) return;
    const char *between = used ? "-" : "";
    if (value < 0) snprintf(text + used, size - used, "%s%s", between, what);
    else snprintf(text + used, size - used, "%s%s%d", between, what, value);
}

/* What is not as in the configuration of 4.625 bits and 1,024 multipliers. */
static void describe(const explore_point *p, char *text, size_t size) {
    const rtl_build *b = &p->build;
    *text = 0;
    if (!b->rival) {
        append(text, size, "nc", b->nc, BCQ_NC_DEFAULT);
        append(text, size, "lb", b->lb, BCQ_LB_DEFAULT);
    }
    append(text, size, "la", b->la, BCQ_LA_DEFAULT);
    if (!b->rival) {
        append(text, size, "ew", b->entry_bits, BCQ_EW_DEFAULT);
        append(text, size, "b", b->index_bits, BCQ_B_DEFAULT);
    }
    append(text, size, "cols", b->cols, 1024 / b->la);
    append(text, size, "t", b->t, 64);
    append(text, size, "ndec", b->ndec, 2);
    if (b->decode) append(text, size, b->decode == 1 ? "entry" : "code", -1, 0);
    if (b->frozen) append(text, size, "frozen", -1, 0);
    if (b->exact) append(text, size, "exact", -1, 0);
    if (!p->asic) append(text, size, "flops", -1, 0);
    append(text, size, "enc", p->enc, 0);
    append(text, size, "cb", p->cb, 0);
    if (p->universal) append(text, size, "universal", -1, 0);
}

static void make_name(const explore_point *p, char *name, size_t size) {
    if (p->variant[0]) snprintf(name, size, "%s-%s", p->format, p->variant);
    else snprintf(name, size, "%s", p->format);
}

static bool name_taken(const explore_space *s, const char *name) {
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->points[i].name, name) == 0) return true;
    return false;
}

static void name_point(const explore_space *s, const char *given, explore_point *p) {
    char text[sizeof p->variant];
    describe(p, text, sizeof text);
    snprintf(p->variant, sizeof p->variant, "%s", given ? given : text);
    make_name(p, p->name, sizeof p->name);
    if (given && *text && name_taken(s, p->name)) {
        snprintf(p->variant, sizeof p->variant, "%.40s-%.50s", given, text);
        make_name(p, p->name, sizeof p->name);
    }
    char plain[sizeof p->name];
    memcpy(plain, p->name, sizeof plain);
    for (int i = 2; name_taken(s, p->name) && i < POINTS_MAX; i++)
        snprintf(p->name, sizeof p->name, "%.110s-%d", plain, i);
}

/* ---- Products of keys ------------------------------------------------------------------------------------ */

static bool same_text(const char *a, const char *b) { return a == b || (a && b && strcmp(a, b) == 0); }

static bool same_list(const explore_list *a, const explore_list *b) {
    if (a->count != b->count) return false;
    for (int i = 0; i < a->count; i++)
        if (strcmp(a->item[i], b->item[i]) != 0) return false;
    return true;
}

static bool same_point(const explore_point *a, const explore_point *b) {
    return memcmp(&a->build, &b->build, sizeof a->build) == 0 && same_text(a->format, b->format)
        && a->enc == b->enc && a->asic == b->asic && a->cb == b->cb && a->universal == b->universal && same_text(a->library, b->library) && a->clock == b->clock
        && same_text(a->delay, b->delay) && same_list(&a->recipes, &b->recipes) && same_list(&a->data, &b->data)
        && same_list(&a->workloads, &b->workloads);
}

static bool add_point(const reader *r, const block *b, const char *const *value) {
    explore_point p;
    char message[256];
    if (!make_point(r, b, value, &p)) return false;
    const char *bad = explore_refuses(&p, message, sizeof message);
    if (bad) return bcq_fail(r->error, "%s: block at line %d: %s", r->path, b->line, bad);
    explore_space *s = r->space;
    for (size_t i = 0; i < s->count; i++)
        if (same_point(&s->points[i], &p)) return true;
    if (s->count == POINTS_MAX)
        return bcq_fail(r->error, "%s: wanted at most %d points, got more", r->path, POINTS_MAX);
    explore_point *grown = realloc(s->points, (s->count + 1) * sizeof *grown);
    if (!grown) return bcq_fail(r->error, "%s: wanted memory for the points, got none", r->path);
    s->points = grown;
    name_point(s, b->value[NAME].count ? value[NAME] : NULL, &p);
    s->points[s->count++] = p;
    return true;
}

/* What a block that says nothing gets. */
static void add_defaults(const reader *r, block *b) {
    static const struct { key key; const char *value; } defaults[] = {
        { NAME, "" }, { LB, "8" }, { LA, "64" }, { NC, "16" }, { EW, "6" }, { B, "4" }, { MACS, "1024" },
        { T, "64" }, { NDEC, "2" }, { DECODE, "edge" }, { TABLES, "programmable" }, { ACC, "fp32" }, { ENC, "0" },
        { CB, "0" }, { ASIC, "1" }, { CODEBOOKS, "local" }, { CLOCK, "library" }, { DELAY, "events" }, { RECIPE, "resub" },
        { DATA, "none" }
    };
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++) {
        explore_list *list = &b->value[defaults[i].key];
        if (defaults[i].key != NAME && !list->count) *list = (explore_list){ 1, { defaults[i].value } };
    }
    if (!b->value[LIBRARY].count && r->library) b->value[LIBRARY] = (explore_list){ 1, { r->library } };
}

static bool expand(const reader *r, const block *b) {
    int at[AXES] = { 0 };
    if (b->value[COLS].count && b->value[MACS].count)
        return bcq_fail(r->error, "%s: block at line %d: wanted macs or cols, got both", r->path, b->line);
    block filled = *b;
    add_defaults(r, &filled);
    if (!filled.value[FORMAT].count)
        return bcq_fail(r->error, "%s: block at line %d: wanted format =, got none", r->path, b->line);
    if (!filled.value[LIBRARY].count)
        return bcq_fail(r->error, "%s: block at line %d: wanted library = or --library, got none", r->path, b->line);
    for (bool more = true; more; ) {
        const char *value[AXES];
        for (int k = 0; k < AXES; k++) value[k] = filled.value[k].count ? filled.value[k].item[at[k]] : NULL;
        if (!add_point(r, &filled, value)) return false;
        int k = AXES - 1;
        while (k >= 0 && ++at[k] >= filled.value[k].count) at[k--] = 0;
        more = k >= 0;
    }
    return true;
}

bool explore_space_read(const char *path, const char *library, const explore_list *recipes, explore_space *s,
                        bcq_error *error) {
    *s = (explore_space){ .path = path, .text = explore_read_text(path, NULL, error) };
    if (!s->text) return false;
    reader r = { path, library, recipes, error, s };
    block *blocks = calloc(BLOCKS_MAX, sizeof *blocks);
    int count = 0;
    bool good = (blocks || bcq_fail(error, "%s: wanted memory for its blocks, got none", path))
             && read_blocks(&r, blocks, &count);
    for (int i = count > 1; good && i < count; i++) {
        for (int k = 0; k < KEYS && count > 1; k++) {
            /* macs of all against cols of one block, and the other way round: the block's counts. */
            bool other = (k == MACS && blocks[i].value[COLS].count) || (k == COLS && blocks[i].value[MACS].count);
            if (!blocks[i].value[k].count && !other) blocks[i].value[k] = blocks[0].value[k];
        }
        good = expand(&r, &blocks[i]);
    }
    free(blocks);
    return good;
}

void explore_space_free(explore_space *s) {
    free(s->points);
    free(s->text);
    *s = (explore_space){ 0 };
}
