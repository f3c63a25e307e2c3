/* explore_files POINTS.JSON POINTS.CSV: what `bcq explore` wrote says the same twice. Prints the number of points
 * and of values that were compared; exit status 1 where they differ. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static int fail(const char *what, size_t row, const char *key, const char *got) {
    fprintf(stderr, "explore_files: %s: row %zu, %s: \"%s\"\n", what, row, key, got);
    return 1;
}

/* The next field of a line; quotes are undone in place. NULL behind the last. */
static char *next_field(char **rest) {
    char *from = *rest, *to = from, *field = from;
    if (!from) return NULL;
    int quoted = *from == '"';
    from += quoted;
    for (; *from && (quoted || *from != ','); from++) {
        if (quoted && *from == '"' && *++from != '"') break;
        *to++ = *from;
    }
    *rest = *from == ',' ? from + 1 : NULL;
    *to = 0;
    return field;
}

static int same(const json_t *value, const char *text) {
    if (json_is_null(value)) return !*text;
    if (json_is_string(value)) return strcmp(json_string_value(value), text) == 0;
    char *end;
    double x = strtod(text, &end);
    return end != text && !*end && json_is_number(value) && json_number_value(value) == x;
}

int main(int argc, char **argv) {
    json_error_t error;
    json_t *all = argc == 3 ? json_load_file(argv[1], 0, &error) : NULL;
    FILE *f = argc == 3 ? fopen(argv[2], "r") : NULL;
    if (!all || !f) {
        fprintf(stderr, "explore_files: wanted POINTS.JSON POINTS.CSV, got %s\n", argc == 3 ? error.text : "less");
        return 2;
    }
    json_t *columns = json_object_get(all, "columns"), *points = json_object_get(all, "points");
    char *line = NULL;
    size_t room = 0, rows = 0, values = 0;
    for (; getline(&line, &room, f) > 0; rows++) {
        line[strcspn(line, "\n")] = 0;
        char *rest = line;
        json_t *point = rows ? json_array_get(points, rows - 1) : NULL;
        if (rows && !point) return fail("a row that is no point", rows, "", line);
        for (size_t c = 0; c < json_array_size(columns); c++) {
            const char *key = json_string_value(json_object_get(json_array_get(columns, c), "key"));
            char *field = next_field(&rest);
            if (!field) return fail("too few fields", rows, key, "");
            if (rows ? !same(json_object_get(point, key), field) : strcmp(key, field) != 0) return fail("differs", rows, key, field);
            values++;
        }
        if (rest) return fail("too many fields", rows, "", rest);
    }
    if (rows != json_array_size(points) + 1) return fail("wanted as many rows as points", rows, "", "");
    printf("%zu %zu\n", rows - 1, values);
    free(line);
    fclose(f);
    json_decref(all);
    return rows < 2;
}
