#include "blocks.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 64, PART_NAME = 32, LINE_TEXT = 512 };

struct blocks {
    int lines, parts;
    struct { regex_t module, path; int part; } line[LINES_MAX];
    char name[LINES_MAX][PART_NAME];
};

void blocks_free(blocks *b) {
    for (int i = 0; b && i < b->lines; i++) {
        regfree(&b->line[i].module);
        regfree(&b->line[i].path);
    }
    free(b);
}

static int part_of_name(blocks *b, const char *name) {
    int part = 0;
    while (part < b->parts && strcmp(b->name[part], name) != 0) part++;
    if (part == b->parts) strcpy(b->name[b->parts++], name);
    return part;
}

static bool compile(regex_t *r, const char *pattern, const char *path, int number, bcq_error *error) {
    char why[128];
    int wrong = regcomp(r, pattern, REG_EXTENDED | REG_NOSUB);
    if (!wrong) return true;
    regerror(wrong, r, why, sizeof why);
    return bcq_fail(error, "%s:%d: wanted a regular expression, got \"%s\": %s", path, number, pattern, why);
}

static bool read_line(blocks *b, char *text, const char *path, int number, bcq_error *error) {
    char *word[4], *rest = text;
    int words = 0;
    for (char *next; words < 4 && (next = strtok_r(rest, " \t\r\n", &rest)); words++) word[words] = next;
    if (words == 0 || word[0][0] == '#') return true;
    if (words != 3 || strlen(word[0]) >= PART_NAME)
        return bcq_fail(error, "%s:%d: wanted PART MODULE-PATTERN PATH-PATTERN, got another line", path, number);
    if (b->lines == LINES_MAX)
        return bcq_fail(error, "%s:%d: wanted at most %d lines, got more", path, number, LINES_MAX);
    if (!compile(&b->line[b->lines].module, word[1], path, number, error)) return false;
    if (!compile(&b->line[b->lines].path, word[2], path, number, error)) {
        regfree(&b->line[b->lines].module);
        return false;
    }
    b->line[b->lines++].part = part_of_name(b, word[0]);
    return true;
}

blocks *blocks_read(const char *path, bcq_error *error) {
    char text[LINE_TEXT];
    FILE *f = fopen(path, "r");
    if (!f) { bcq_fail(error, "%s: wanted a readable file, got: %s", path, strerror(errno)); return NULL; }
    blocks *b = calloc(1, sizeof *b);
    bool good = b || bcq_fail(error, "%s: wanted memory to read it, got none", path);
    for (int number = 1; good && fgets(text, sizeof text, f); number++)
        good = read_line(b, text, path, number, error);
    if (good && !b->lines) good = bcq_fail(error, "%s: wanted at least one line, got none", path);
    fclose(f);
    if (good) return b;
    blocks_free(b);
    return NULL;
}

int blocks_parts(const blocks *b) { return b->parts; }
const char *blocks_name(const blocks *b, int part) { return b->name[part]; }

int blocks_find(const blocks *b, const char *module, const char *path) {
    for (int i = 0; i < b->lines; i++)
        if (regexec(&b->line[i].module, module, 0, NULL, 0) == 0 && regexec(&b->line[i].path, path, 0, NULL, 0) == 0)
            return b->line[i].part;
    return -1;
}
