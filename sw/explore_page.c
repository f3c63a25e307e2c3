#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "explore_page.h"

#define FOLDER "/usr/share/javascript"  /* Debian's policy for JavaScript libraries */

/* A text in memory; its length, for a file may hold zero bytes. */
typedef struct {
    char *bytes;
    size_t length;
} text;

static bool read_file(const char *path, text *t, bcq_error *error) {
    FILE *f = fopen(path, "rb");
    if (!f) return bcq_fail(error, "%s: wanted to open it, got: %s", path, strerror(errno));
    size_t room = 1 << 16, got;
    *t = (text){ .bytes = malloc(room) };
    errno = 0;
    while (t->bytes && (got = fread(t->bytes + t->length, 1, room - t->length, f)) > 0) {
        t->length += got;
        if (t->length < room) continue;
        char *more = realloc(t->bytes, room *= 2);
        if (!more) free(t->bytes);
        t->bytes = more;
    }
    bool good = t->bytes && !ferror(f);
    if (!t->bytes) bcq_fail(error, "%s: wanted memory to read it, got none", path);
    else if (!good) bcq_fail(error, "%s: wanted to read it, got: %s", path, strerror(errno));
    fclose(f);
    return good;
}

/* ---- What takes a marker's place --------------------------------------------------------------- */

static bool starts(const text *t, size_t at, const char *what) {
    size_t n = strlen(what);
    return t->length - at >= n && strncasecmp(t->bytes + at, what, n) == 0;
}

static void write_html(FILE *f, const char *s) {
    for (; *s; s++) {
        if (*s == '&') fputs("&amp;", f);
        else if (*s == '<') fputs("&lt;", f);
        else if (*s == '>') fputs("&gt;", f);
        else if (*s == '"') fputs("&quot;", f);
        else putc(*s, f);
    }
}

/* "<" stands in strings only, and would end the element as "</script>". */
static void write_json(FILE *f, const text *t) {
    for (size_t i = 0; i < t->length; i++) {
        if (t->bytes[i] == '<') fputs("\\u003c", f);
        else putc(t->bytes[i], f);
    }
}

/* What ends a script element, or starts a comment in it, stands in strings and regular expressions only;
 * there "\/" is "/" and "\!" is "!". */
static void write_script(FILE *f, const text *t) {
    for (size_t i = 0; i < t->length; i++) {
        putc(t->bytes[i], f);
        if (t->bytes[i] == '<' && (starts(t, i, "</script") || starts(t, i, "<!--"))) putc('\\', f);
    }
}

/* Pictures lie in other files, which the page does not have. */
static void write_style(FILE *f, const text *t) {
    for (size_t i = 0; i < t->length; i++) {
        const char *end = starts(t, i, "url(") ? memchr(t->bytes + i, ')', t->length - i) : NULL;
        if (end) {
            fputs("none", f);
            i = (size_t)(end - t->bytes);
        } else {
            putc(t->bytes[i], f);
            if (starts(t, i, "</")) putc('\\', f);
        }
    }
}

typedef enum { TITLE, DATA, CHARTJS, JQUERY, DATATABLES_JS, DATATABLES_CSS, MARKERS } marker;

static const struct {
    const char *name;
    void (*write)(FILE *, const text *);
    const char *package;
    const char *files[5];     /* the first that is there, and holds `proof` */
    const char *proof;
} markers[MARKERS] = {
    [TITLE] = { .name = "TITLE" },
    [DATA] = { .name = "DATA", .write = write_json },
    /* Version 4 has its script for pages in chart.umd.js, and modules in the files that were scripts in 3. */
    [CHARTJS] = { "CHARTJS", write_script, "libjs-chart.js", { "chart.js/chart.umd.min.js", "chart.js/chart.umd.js",
                  "chart.js/chart.min.js", "chart.js/chart.js" }, "typeof exports" },
    [JQUERY] = { "JQUERY", write_script, "libjs-jquery", { "jquery/jquery.min.js", "jquery/jquery.js" }, "jQuery" },
    /* Version 2 has dropped the "jquery." from the names. */
    [DATATABLES_JS] = { "DATATABLES_JS", write_script, "libjs-jquery-datatables", {
        "jquery-datatables/jquery.dataTables.min.js", "jquery-datatables/jquery.dataTables.js",
        "jquery-datatables/dataTables.min.js", "jquery-datatables/dataTables.js" }, "DataTable" },
    [DATATABLES_CSS] = { "DATATABLES_CSS", write_style, "libjs-jquery-datatables", {
        "jquery-datatables/css/jquery.dataTables.min.css", "jquery-datatables/css/jquery.dataTables.css",
        "jquery-datatables/css/dataTables.dataTables.min.css", "jquery-datatables/css/dataTables.dataTables.css" },
        "dataTable" },
};

static bool read_library(marker m, text *t, bcq_error *error) {
    const char *folder = getenv("BCQ_JAVASCRIPT");
    if (!folder || !*folder) folder = FOLDER;
    for (const char *const *file = markers[m].files; *file; file++) {
        char path[4096];
        if (snprintf(path, sizeof path, "%s/%s", folder, *file) >= (int)sizeof path) continue;
        if (read_file(path, t, NULL) && memmem(t->bytes, t->length, markers[m].proof, strlen(markers[m].proof)))
            return true;
        free(t->bytes);
        *t = (text){ 0 };
    }
    return bcq_fail(error, "%s/%s: wanted the library (Debian: apt-get install %s), got none", folder,
                    markers[m].files[0], markers[m].package);
}

/* ---- The points ---------------------------------------------------------------------------------- */

static bool check_objects(const char *path, const json_t *root, const char *key, const char *name, bcq_error *error) {
    const json_t *list = json_object_get(root, key), *item;
    size_t i;
    if (!json_is_array(list) || json_array_size(list) == 0)
        return bcq_fail(error, "%s: wanted \"%s\", a list of one or more, got %s", path, key,
                        !list ? "none" : json_is_array(list) ? "an empty one" : "another value");
    json_array_foreach(list, i, item)
        if (!json_is_string(json_object_get(item, name)))
            return bcq_fail(error, "%s: %s %zu: wanted an object with a text \"%s\", got none", path, key, i + 1, name);
    return true;
}

static bool check_columns(const char *path, const json_t *root, bcq_error *error) {
    const json_t *columns = json_object_get(root, "columns"), *a, *b;
    size_t i, j;
    json_array_foreach(columns, i, a)
        for (j = 0; j < i && (b = json_array_get(columns, j)); j++)
            if (json_equal(json_object_get(a, "key"), json_object_get(b, "key")))
                return bcq_fail(error, "%s: columns: wanted each key once, got \"%s\" twice", path,
                                json_string_value(json_object_get(a, "key")));
    return true;
}

/* A point's values are what a cell of a table can hold. */
static bool check_points(const char *path, json_t *root, bcq_error *error) {
    json_t *point, *value;
    const char *key;
    size_t i;
    json_array_foreach(json_object_get(root, "points"), i, point)
        json_object_foreach(point, key, value)
            if (json_is_array(value) || json_is_object(value))
                return bcq_fail(error, "%s: points %zu: \"%s\": wanted a number, text, boolean or null, got a list or object",
                                path, i + 1, key);
    return true;
}

static json_t *parse(const char *path, const text *t, bcq_error *error) {
    json_error_t why;
    json_t *root = json_loadb(t->bytes, t->length, JSON_REJECT_DUPLICATES, &why);
    if (!root) {
        bcq_fail(error, "%s: line %d: wanted JSON, got: %s", path, why.line, why.text);
        return NULL;
    }
    bool good = json_is_string(json_object_get(root, "title"))
             || bcq_fail(error, "%s: wanted an object with a text \"title\", got none", path);
    if (good && check_objects(path, root, "columns", "key", error) && check_columns(path, root, error)
        && check_objects(path, root, "points", "name", error) && check_points(path, root, error))
        return root;
    json_decref(root);
    return NULL;
}

/* ---- The page ------------------------------------------------------------------------------------ */

/* The length of a marker with both its @, or 0. */
static size_t marker_at(const text *t, size_t at) {
    size_t end = at + 1;
    if (t->bytes[at] != '@') return 0;
    while (end < t->length && (isupper((unsigned char)t->bytes[end]) || t->bytes[end] == '_')) end++;
    return end > at + 1 && end < t->length && t->bytes[end] == '@' ? end + 1 - at : 0;
}

/* Once over the template: what is filled in is not looked at again. f: NULL only checks. */
static bool fill(const char *path, const text *t, const char *title, const text *with, FILE *f, bcq_error *error) {
    bool seen[MARKERS] = { false };
    for (size_t i = 0, length; i < t->length; i += length) {
        length = marker_at(t, i);
        if (!length) {
            if (f) putc(t->bytes[i], f);
            length = 1;
            continue;
        }
        int m = 0, name = (int)length - 2;
        while (m < MARKERS && ((int)strlen(markers[m].name) != name || strncmp(t->bytes + i + 1, markers[m].name, (size_t)name) != 0))
            m++;
        if (m == MARKERS)
            return bcq_fail(error, "%s: wanted one of the markers of sw/explore_page.h, got \"%.*s\"", path, (int)length,
                            t->bytes + i);
        seen[m] = true;
        if (f && m == TITLE) write_html(f, title);
        else if (f) markers[m].write(f, &with[m]);
    }
    for (int m = 0; m < MARKERS; m++)
        if (!seen[m]) return bcq_fail(error, "%s: wanted the marker @%s@, got none", path, markers[m].name);
    return true;
}

bool explore_page(const char *template, const char *json, const char *out, bcq_error *error) {
    text page = { 0 }, with[MARKERS] = { { 0 } };
    json_t *root = NULL;
    bool good = read_file(template, &page, error) && fill(template, &page, "", with, NULL, error)
             && read_file(json, &with[DATA], error) && (root = parse(json, &with[DATA], error));
    for (int m = 0; m < MARKERS && good; m++)
        if (markers[m].package) good = read_library(m, &with[m], error);
    if (good) {
        bcq_output *o = bcq_output_open(out, error);
        good = o && fill(template, &page, json_string_value(json_object_get(root, "title")), with,
                         bcq_output_stream(o), error);
        if (good) good = bcq_output_commit(o, error);
        else bcq_output_discard(o);
    }
    json_decref(root);
    for (int m = 0; m < MARKERS; m++) free(with[m].bytes);
    free(page.bytes);
    return good;
}
