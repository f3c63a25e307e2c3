#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd_compare.h"

/* NMSE against bits: the axis of bits is cut where no format lies, a panel for each piece. Labels are placed
 * here, not by gnuplot, so that they keep clear of points and of one another. Lengths are pixels. */

enum { WIDTH = 1100, HEIGHT = 860, LEFT = 80, RIGHT = 20, TOP = 110, BOTTOM = 60, CUT = 14, FONT = 13,
       NARROWEST = 80 };
static const double CHARACTER = 6.8, LINE = 15, POINT = 5;
/* Pieces of the axis are at least so many bits apart; each has a margin on both sides. */
static const double APART = 0.45, MARGIN = 0.08;

typedef struct { double left, right, top, bottom; } box;

typedef struct {
    double low, high;        /* bits */
    double left, right;      /* pixels from the left */
} panel;

typedef struct {
    const compare_row *row;
    double bits, nmse;
    int panel;
    double x, y;             /* pixels from the left and from the bottom */
    int style;
    char label[64];          /* "": none */
    box at;                  /* of the label */
} point;

typedef struct {
    panel *panels;
    int panel_count;
    point *points;
    size_t count;
    double low, high;        /* NMSE of the axis */
} drawing;

enum { LOCAL, UNIVERSAL, OTHER_CODEBOOKS, BOTH, WEIGHTS, STYLES };
static const struct { const char *look, *colour, *title; } styles[STYLES] = {
    { "pt 7 ps 0.8", "#1f5fbf", "bcq, codebooks calibrated on the tensors" },
    { "pt 6 ps 1.0", "#1f5fbf", "bcq, universal codebooks" },
    { "pt 9 ps 1.0", "#1f5fbf", "bcq, other codebooks" },
    { "pt 5 ps 0.7", "#c03020", "other formats" },
    { "pt 13 ps 0.9", "#606060", "other formats, for weights only" },
};

static int style_of(const compare_row *r) {
    switch (r->f->source) {
        case ACCURACY_LOCAL: return LOCAL;
        case ACCURACY_UNIVERSAL: return UNIVERSAL;
        case ACCURACY_NO_CODEBOOKS: return r->f->format.kind->weight_only ? WEIGHTS : BOTH;
        default: return OTHER_CODEBOOKS;
    }
}

/* "bcq:nc=8:la=32:local" -> "nc=8 la=32"; universal codebooks beside local ones of the same name: none. */
static void label_of(const compare_row *rows, size_t count, point *p) {
    const char *name = p->row->f->name;
    if (p->style == UNIVERSAL)
        for (size_t i = 0; i < count; i++)
            if (rows[i].f->source == ACCURACY_LOCAL && strcmp(rows[i].f->format.name, p->row->f->format.name) == 0)
                return;
    if (p->style == LOCAL || p->style == UNIVERSAL) name = p->row->f->format.name;
    if (strncmp(name, "bcq:", 4) == 0 && p->row->f->source != ACCURACY_FILE) name += 4;
    snprintf(p->label, sizeof p->label, "%.60s", name);
    for (char *c = p->label; *c; c++) {
        if (*c == ':') *c = ' ';
        if (*c == '\'' || *c == '"' || *c == '\\') *c = '?';  /* a path; it stands in quotes below */
    }
}

/* ---- Axes -------------------------------------------------------------------------------------- */

static double x_of(const panel *p, double bits) {
    return p->left + (bits - p->low) / (p->high - p->low) * (p->right - p->left);
}

static double y_of(const drawing *d, double nmse) {
    return BOTTOM + log(nmse / d->low) / log(d->high / d->low) * (HEIGHT - TOP - BOTTOM);
}

/* Points are in ascending order of bits. */
static void place_panels(drawing *d) {
    double total = 0, left = LEFT;
    for (size_t i = 0; i < d->count; i++) {
        point *p = &d->points[i];
        if (i == 0 || p->bits - d->points[i - 1].bits > APART)
            d->panels[d->panel_count++] = (panel){ .low = p->bits - MARGIN };
        p->panel = d->panel_count - 1;
        d->panels[p->panel].high = p->bits + MARGIN;
    }
    double room = WIDTH - LEFT - RIGHT - CUT * (d->panel_count - 1);
    for (int i = 0; i < d->panel_count; i++) total += d->panels[i].high - d->panels[i].low;
    for (int i = 0; i < d->panel_count; i++) {  /* room for a label even where there is one point */
        double span = d->panels[i].high - d->panels[i].low, lacks = NARROWEST * total / room - span;
        if (lacks <= 0) continue;
        d->panels[i].low -= lacks / 2;
        d->panels[i].high += lacks / 2;
    }
    total = 0;
    for (int i = 0; i < d->panel_count; i++) total += d->panels[i].high - d->panels[i].low;
    for (int i = 0; i < d->panel_count; i++) {
        panel *p = &d->panels[i];
        p->left = left;
        p->right = left + room * (p->high - p->low) / total;
        left = p->right + CUT;
    }
}

static void place_points(drawing *d) {
    d->low = INFINITY;
    d->high = 0;
    for (size_t i = 0; i < d->count; i++) {
        d->low = fmin(d->low, fmin(d->points[i].nmse, exp2(-2 * d->points[i].bits)));
        d->high = fmax(d->high, d->points[i].nmse);
    }
    d->low /= 1.5;
    d->high *= 1.5;
    for (size_t i = 0; i < d->count; i++) {
        point *p = &d->points[i];
        p->x = x_of(&d->panels[p->panel], p->bits);
        p->y = y_of(d, p->nmse);
    }
}

/* ---- Labels -------------------------------------------------------------------------------------- */

static double overlap(const box *a, const box *b) {
    double w = fmin(a->right, b->right) - fmax(a->left, b->left);
    double h = fmin(a->top, b->top) - fmax(a->bottom, b->bottom);
    return w > 0 && h > 0 ? w * h : 0;
}

/* How much the box covers of points, of the labels placed so far, and of what is outside. */
static double cost_of(const drawing *d, size_t placed, const box *b) {
    const panel *p = &d->panels[d->points[placed].panel];
    double cost = 0;
    if (b->left < p->left || b->right > p->right) cost += 1e3;
    if (b->bottom < BOTTOM || b->top > HEIGHT - TOP) cost += 1e3;
    for (size_t i = 0; i < d->count; i++) {
        const point *other = &d->points[i];
        box mark = { other->x - POINT, other->x + POINT, other->y + POINT, other->y - POINT };
        cost += 3 * overlap(b, &mark);
        if (i < placed && other->label[0]) cost += overlap(b, &other->at);
    }
    return cost;
}

static void place_labels(drawing *d) {
    for (size_t i = 0; i < d->count; i++) {
        point *p = &d->points[i];
        double width = CHARACTER * (double)strlen(p->label), least = INFINITY;
        if (!p->label[0]) continue;
        /* Right, left, above, below; then right and left, ever farther up and down. */
        for (int step = 0; step < 4 + 4 * 12 && least > 0; step++) {
            int ring = step / 4;
            double up = (ring + 1) / 2 * (ring % 2 ? 1 : -1) * LINE / 2, away = POINT + 4 + (step & 2 ? 12 : 0);
            double left = step & 1 ? p->x - away - width : p->x + away;
            if (step == 2 || step == 3) {
                up = (step == 2 ? 1 : -1) * (LINE / 2 + POINT);
                left = p->x - width / 2;
            }
            box tried = { left, left + width, p->y + up + LINE / 2, p->y + up - LINE / 2 };
            double cost = cost_of(d, i, &tried);
            if (cost < least) {
                least = cost;
                p->at = tried;
            }
        }
    }
}

/* ---- gnuplot's script ---------------------------------------------------------------------------- */

static void write_panel(FILE *f, const drawing *d, int n, bool widest) {
    const panel *p = &d->panels[n];
    fprintf(f, "set lmargin at screen %.5f\nset rmargin at screen %.5f\n", p->left / WIDTH, p->right / WIDTH);
    fprintf(f, "set xrange [%.6g:%.6g]\n", p->low, p->high);
    /* A panel of one width has its tic there. */
    double first = 0, last = 0;
    for (size_t i = d->count; i-- > 0; ) if (d->points[i].panel == n) first = d->points[i].bits;
    for (size_t i = 0; i < d->count; i++) if (d->points[i].panel == n) last = d->points[i].bits;
    fprintf(f, first == last ? "set xtics (%.6g)\n" : "set xtics autofreq 0.25\n", first);
    fprintf(f, n ? "set format y ''\nunset ylabel\n" : "set format y '10^{%%T}'\nset ylabel 'NMSE'\n");
    fprintf(f, "set xlabel '%s'\n", widest ? "bits a scalar" : " ");
    fprintf(f, "unset label\nunset arrow\n");
    for (size_t i = 0; i < d->count; i++) {
        const point *q = &d->points[i];
        if (q->panel != n || !q->label[0]) continue;
        const box *b = &q->at;
        double middle = (b->top + b->bottom) / 2;
        double near = b->left > q->x ? b->left : b->right < q->x ? b->right : q->x;
        fprintf(f, "set label \"%s\" at screen %.5f,%.5f %s font ',%d' tc rgb '%s' noenhanced\n", q->label,
                near / WIDTH, middle / HEIGHT, near > q->x ? "left" : near < q->x ? "right" : "center", FONT - 1, styles[q->style].colour);
        if (near != q->x && (fabs(middle - q->y) > LINE / 2 || fabs(near - q->x) > POINT + 5))
            fprintf(f, "set arrow from screen %.5f,%.5f to screen %.5f,%.5f nohead lw 0.5 lc rgb '#a0a0a0'\n",
                    q->x / WIDTH, q->y / HEIGHT, near / WIDTH, middle / HEIGHT);
    }
    /* The bound, then how the codebooks of the default configuration go, then the points. */
    fprintf(f, "plot 2**(-2*x) with lines lw 1.5 dt 2 lc rgb '#303030' notitle");
    fprintf(f, ", '-' with lines lw 1.2 lc rgb '#1f5fbf' notitle");
    for (int s = 0; s < STYLES; s++)
        fprintf(f, ", '-' with points %s lc rgb '%s' notitle", styles[s].look, styles[s].colour);

    putc('\n', f);
    for (int s = -1; s < STYLES; s++) {
        int written = 0;
        for (size_t i = 0; i < d->count; i++) {
            const point *q = &d->points[i];
            const bcq_params *b = &q->row->f->format.p;
            bool line = q->style == LOCAL && b->la == BCQ_LA_DEFAULT && b->lb == BCQ_LB_DEFAULT
                     && b->entry_bits == BCQ_EW_DEFAULT && b->index_bits == BCQ_B_DEFAULT;
            if (q->panel != n || (s < 0 ? !line : q->style != s)) continue;
            fprintf(f, "%.9g %.9g\n", q->bits, q->nmse);
            written++;
        }
        fputs(written ? "e\n" : "NaN NaN\ne\n", f);
    }
}

/* In two columns under the title. */
static void write_key(FILE *f) {
    for (int s = 0; s <= STYLES; s++) {
        double x = (s % 2 ? 0.55 : 0.17) * WIDTH, y = HEIGHT - 58 - 17 * (s / 2);
        const char *title = s < STYLES ? styles[s].title : "bound of a Gaussian, 2^(-2 bits)";
        fprintf(f, "set label %d \"%s\" at screen %.5f,%.5f left noenhanced\n", 2000 + s, title, (x + 24) / WIDTH,
                y / HEIGHT);
        if (s < STYLES)
            fprintf(f, "set label %d '' at screen %.5f,%.5f point %s lc rgb '%s'\n", 3000 + s, (x + 9) / WIDTH,
                    y / HEIGHT, styles[s].look, styles[s].colour);
        else
            fprintf(f, "set arrow from screen %.5f,%.5f to screen %.5f,%.5f nohead lw 1.5 dt 2 lc rgb '#303030'\n",
                    (x - 6) / WIDTH, y / HEIGHT, (x + 20) / WIDTH, y / HEIGHT);
    }
}

static void write_script(FILE *f, const drawing *d, const char *heading, const char *title) {
    int widest = 0;
    for (int i = 1; i < d->panel_count; i++)
        if (d->panels[i].right - d->panels[i].left > d->panels[widest].right - d->panels[widest].left) widest = i;
    fprintf(f, "set terminal svg size %d,%d font 'Helvetica,%d' background 'white'\n", WIDTH, HEIGHT, FONT);
    fprintf(f, "set multiplot\nset tmargin at screen %.5f\nset bmargin at screen %.5f\n",
            1 - (double)TOP / HEIGHT, (double)BOTTOM / HEIGHT);
    fprintf(f, "set logscale y\nset yrange [%.6g:%.6g]\nset xtics 0.25\nset mxtics 2\nset samples 200\n", d->low, d->high);
    fprintf(f, "set grid xtics ytics lw 0.5 lc rgb '#e0e0e0'\n");
    for (int i = 0; i < d->panel_count; i++) {
        if (i == 0) {
            fprintf(f, "set label 1000 \"%s\" at screen 0.5,%.5f center font ',%d' noenhanced\n", heading,
                    1 - 18.0 / HEIGHT, FONT + 3);
            fprintf(f, "set label 1001 \"%s\" at screen 0.5,%.5f center font ',%d' noenhanced\n", title,
                    1 - 38.0 / HEIGHT, FONT);
            write_key(f);
            /* A plot of nothing: labels of a multiplot belong to one. */
            fprintf(f, "unset border\nunset tics\nset key off\nset lmargin at screen 0\nset rmargin at screen 1\n"
                    "plot [0:1] NaN notitle\nset border\nset tics\nset xtics 0.25\n");
        }
        write_panel(f, d, i, i == widest);
    }
    fprintf(f, "unset multiplot\n");
}

/* ---- gnuplot ----------------------------------------------------------------------------------- */

extern char **environ;

/* Runs gnuplot; 0 or an error number. in, out, err: file descriptors, -1 for none. */
static int run_gnuplot(char *const *arguments, int in, int out, int err, int *status) {
    posix_spawn_file_actions_t actions;
    pid_t child;
    const int wanted[] = { in, out, err };
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed) return failed;
    for (int i = 0; i < 3 && !failed; i++)
        failed = wanted[i] >= 0 ? posix_spawn_file_actions_adddup2(&actions, wanted[i], i)
               : posix_spawn_file_actions_addopen(&actions, i, "/dev/null", i ? O_WRONLY : O_RDONLY, 0);
    if (!failed) failed = posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    while (!failed && waitpid(child, status, 0) < 0)
        if (errno != EINTR) failed = errno;
    return failed;
}

bool compare_plot_ready(bcq_error *error) {
    char *arguments[] = { "gnuplot", "--version", NULL };
    int status = 0, failed = run_gnuplot(arguments, -1, -1, -1, &status);
    if (!failed && status == 0) return true;
    return bcq_fail(error, "--svg: wanted the program gnuplot (Debian: apt-get install gnuplot-nox), got: %s",
                    failed ? strerror(failed) : "one that fails");
}

static bool draw(FILE *out, FILE *script, FILE *messages, bcq_error *error) {
    char *arguments[] = { "gnuplot", "-d", "-", NULL };  /* -d: nobody's own settings */
    char line[200] = "";
    int status = 0, failed = 0;
    if (fflush(script) != 0 || fflush(out) != 0 || lseek(fileno(script), 0, SEEK_SET) != 0) failed = errno;
    if (!failed) failed = run_gnuplot(arguments, fileno(script), fileno(out), fileno(messages), &status);
    if (!failed && status == 0) return true;
    rewind(messages);
    while (fgets(line, sizeof line, messages) && strspn(line, " \n^\t") == strlen(line)) { }
    line[strcspn(line, "\n")] = 0;
    return bcq_fail(error, "gnuplot: wanted a picture, got: %s", failed ? strerror(failed) : line[0] ? line : "a failure");
}

bool compare_plot(FILE *f, const compare_row *rows, size_t count, const char *title, bcq_error *error) {
    drawing d = { .panels = calloc(count, sizeof *d.panels), .points = calloc(count, sizeof *d.points) };
    FILE *script = tmpfile(), *messages = tmpfile();
    bool good = d.panels && d.points && script && messages;
    if (!good) bcq_fail(error, "--svg: wanted memory and temporary files, got none");
    for (size_t i = 0; good && i < count; i++) {
        if (!(rows[i].nmse > 0)) continue;  /* no error at all has no place on this axis */
        point *p = &d.points[d.count++];
        *p = (point){ .row = &rows[i], .bits = accuracy_bits(&rows[i].sums), .nmse = rows[i].nmse,
                      .style = style_of(&rows[i]) };
        label_of(rows, count, p);
    }
    if (good && !d.count) good = bcq_fail(error, "--svg: wanted a format with an error to draw, got none");
    if (good) {
        char shown[600];
        snprintf(shown, sizeof shown, "%s", title);
        for (char *c = shown; *c; c++)
            if (*c == '"' || *c == '\\') *c = '?';
        place_panels(&d);
        place_points(&d);
        place_labels(&d);
        write_script(script, &d, "Error of 4-bit and 8-bit formats beside LO-BCQ", shown);
        good = draw(f, script, messages, error);
    }
    if (script) fclose(script);
    if (messages) fclose(messages);
    free(d.panels);
    free(d.points);
    return good;
}
