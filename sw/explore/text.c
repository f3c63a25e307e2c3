#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "explore.h"

char *explore_read_text(const char *path, size_t *size, bcq_error *error) {
    FILE *f = fopen(path, "rb");
    if (!f) {
        bcq_fail(error, "%s: wanted a readable file, got: %s", path, strerror(errno));
        return NULL;
    }
    char *text = NULL;
    size_t used = 0, room = 0;
    for (bool more = true; more; ) {
        room = room ? 2 * room : 4096;
        char *grown = realloc(text, room + 1);
        if (!grown) {
            bcq_fail(error, "%s: wanted memory to read it, got none", path);
            free(text);
            fclose(f);
            return NULL;
        }
        text = grown;
        used += fread(text + used, 1, room - used, f);
        more = used == room;
    }
    bool good = !ferror(f) || bcq_fail(error, "%s: wanted a readable file, got: %s", path, strerror(errno));
    fclose(f);
    text[used] = 0;
    if (size) *size = used;
    if (good) return text;
    free(text);
    return NULL;
}

char *explore_path(const char *format, ...) {
    char *text;
    va_list list;
    va_start(list, format);
    int length = vasprintf(&text, format, list);
    va_end(list);
    if (length >= 0) return text;
    fprintf(stderr, "bcq explore: wanted memory for a name, got none\n");
    bcq_output_remove_all();
    exit(2);
}

char *explore_quoted(const char *text) {
    char *out = explore_path("'");
    for (;;) {
        size_t plain = strcspn(text, "'");
        bool end = !text[plain];
        char *more = explore_path("%s%.*s%s", out, (int)plain, text, end ? "'" : "'\\''");
        free(out);
        out = more;
        if (end) return out;
        text += plain + 1;
    }
}

/* ---- Tables ------------------------------------------------------------------------------------ */

void explore_csv_free(explore_csv *t) {
    free(t->cell);
    free(t->text);
    *t = (explore_csv){ 0 };
}

bool explore_csv_read(const char *path, explore_csv *t, bcq_error *error) {
    *t = (explore_csv){ .text = explore_read_text(path, NULL, error) };
    if (!t->text) return false;
    int lines = 0, columns = 1;
    size_t first = strcspn(t->text, "\n");
    for (size_t i = 0; i < first; i++) columns += t->text[i] == ',';
    for (char *c = t->text; *c; c++) lines += *c == '\n' || !c[1];
    t->cell = calloc((size_t)lines * (size_t)columns + 1, sizeof *t->cell);
    bool good = t->cell && lines;
    t->columns = columns;
    t->rows = lines - 1;
    char *rest = t->text;
    for (int row = 0; good && row < lines; row++) {
        char *line = strsep(&rest, "\n");
        int column = 0;
        for (char *cell; (cell = strsep(&line, ",")); column++)
            if (column < columns) t->cell[row * columns + column] = cell;
        good = column == columns;
    }
    if (good) return true;
    explore_csv_free(t);
    return bcq_fail(error, "%s: wanted a table, commas between columns, got something else", path);
}

double explore_csv_number(const explore_csv *t, const char *part, const char *column) {
    for (int c = 0; t->cell && c < t->columns; c++) {
        if (strcmp(t->cell[c], column) != 0) continue;
        for (int row = 1; row <= t->rows; row++) {
            if (strcmp(t->cell[row * t->columns], part) != 0) continue;
            const char *text = t->cell[row * t->columns + c];
            char *end;
            double x = strtod(text, &end);
            return end == text || *end ? NAN : x;
        }
    }
    return NAN;
}

char *explore_value(const char *text, const char *key) {
    size_t length = strlen(key);
    for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL) {
        if (strncmp(line, key, length) != 0 || line[length] != ':') continue;
        const char *value = line + length + 1;
        value += strspn(value, " ");
        return explore_path("%.*s", (int)strcspn(value, "\n"), value);
    }
    return NULL;
}
