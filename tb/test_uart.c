/* The link to a board: its frames exhaustively, and the link over a simulated board with a bad line.
 * Usage: test_uart [-seed N] [-faults N] [-rate N] [-timeout MS] BOARD_SIM [MODEL]
 *
 * Frames: every inverted bit, every dropped, repeated and inserted byte, at every place of a few frames, must be
 * told from a frame. Link: random words written and read at random places of the board's memories and registers
 * while one byte in -rate meets a fault in each direction, until there were -faults of them; what is read
 * must be what was written last, and nothing else may have changed. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bcq_board.h"
#include "bcq_registers.h"
#include "random.h"
#include "uart.h"

static long passed, failed;
static int timeout_ms = 30;

static bool check(bool good, const char *what) {
    if (good) { passed++; return true; }
    if (failed++ < 20) fprintf(stderr, "FAIL %s\n", what);
    return false;
}

/* ---- Frames ------------------------------------------------------------------------------------- */

enum { PAYLOADS = 5 };

/* True if the line holds exactly one frame, or several, that are not the payload. */
static int frames_of(const uint8_t *line, size_t n, const uint8_t *payload, size_t length, bool *other) {
    uart_decoder d = { 0 };
    int frames = 0;
    *other = false;
    for (size_t i = 0; i < n; i++) {
        if (uart_frame_decode(&d, line[i]) != UART_FRAME) continue;
        frames++;
        if (d.length - 4 != length || memcmp(d.byte, payload, length)) *other = true;
    }
    return frames;
}

/* A damaged line must give no frame; only damage outside of the frame (its first END, or between two END)
 * may leave it whole. Never another one. */
static void damaged(const char *kind, const uint8_t *line, size_t n, const uint8_t *payload, size_t length,
                    bool may_stay, long *whole, long *caught) {
    bool other;
    int frames = frames_of(line, n, payload, length, &other);
    if (other || frames > 1 || (frames && !may_stay)) {
        char text[100];
        snprintf(text, sizeof text, "frame of %zu bytes: %s: taken for a frame", length, kind);
        check(false, text);
        return;
    }
    passed++;
    if (frames) (*whole)++;
    else (*caught)++;
}

static void frames(void) {
    static const size_t lengths[PAYLOADS] = { 3, 6, 10, 42, UART_PAYLOAD_MAX };
    long whole = 0, caught = 0;
    for (int p = 0; p < PAYLOADS; p++) {
        uint8_t payload[UART_PAYLOAD_MAX], line[UART_LINE_MAX], bad[UART_LINE_MAX + 1];
        size_t length = lengths[p];
        for (size_t i = 0; i < length; i++) {
            static const uint8_t special[4] = { UART_END, UART_ESC, UART_ESC_END, UART_ESC_ESC };
            payload[i] = below(3) ? (uint8_t)rnd() : special[below(4)];
        }
        size_t n = uart_frame_encode(payload, length, line);
        bool other;
        check(n <= UART_LINE_MAX && frames_of(line, n, payload, length, &other) == 1 && !other, "a good frame");
        for (size_t i = 0; i < n; i++) {
            /* The END in front is there for what came before: damage to it alone may leave the frame whole. */
            for (int bit = 0; bit < 8; bit++) {
                memcpy(bad, line, n);
                bad[i] ^= (uint8_t)(1 << bit);
                damaged("bit inverted", bad, n, payload, length, false, &whole, &caught);
            }
            memcpy(bad, line, i);
            memcpy(bad + i, line + i + 1, n - i - 1);
            damaged("byte dropped", bad, n - 1, payload, length, i == 0, &whole, &caught);
            memcpy(bad, line, i + 1);
            memcpy(bad + i + 1, line + i, n - i);
            damaged("byte repeated", bad, n + 1, payload, length, i == 0 || i == n - 1, &whole, &caught);
            for (int byte = 0; byte < 256; byte++) {
                memcpy(bad, line, i);
                bad[i] = (uint8_t)byte;
                memcpy(bad + i + 1, line + i, n - i);
                /* Before the first END it is a frame of its own; END beside END is nothing. What is inserted
                 * beside its like is a repetition. */
                bool outside = i == 0 || (byte == UART_END && (i == 1 || i == n - 1));
                damaged("byte inserted", bad, n + 1, payload, length, outside, &whole, &caught);
            }
        }
    }
    printf("frames: %ld damaged lines gave none, %ld were damaged outside of theirs\n", caught, whole);
    check(caught > 10000 && whole > 0, "frames: a class stayed empty");
}

/* ---- The board ---------------------------------------------------------------------------------- */

typedef struct { pid_t pid; FILE *out; char path[256]; long faults; } simulation;

static bool start(simulation *s, char **arguments) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0 || (s->pid = fork()) < 0) { perror("test_uart"); exit(2); }
    if (s->pid == 0) {
        dup2(ends[1], 1);
        execv(arguments[0], arguments);
        perror(arguments[0]);
        _exit(127);
    }
    close(ends[1]);
    s->out = fdopen(ends[0], "r");
    s->faults = 0;
    if (!fgets(s->path, sizeof s->path, s->out)) return false;
    s->path[strcspn(s->path, "\n")] = 0;
    return true;
}

/* Whether the simulation has said that it is through with its faults. */
static bool through(simulation *s) {
    struct pollfd p = { .fd = fileno(s->out), .events = POLLIN };
    char text[256];
    if (!s->faults && poll(&p, 1, 0) == 1 && fgets(text, sizeof text, s->out)) s->faults = strtol(text, NULL, 10);
    return s->faults != 0;
}

/* Ends it and prints what it counted; false if it did not end well. faults: the sum of its counts. */
static bool finish(simulation *s, long *faults) {
    char text[256];
    int status = 0;
    *faults = 0;
    kill(s->pid, SIGTERM);
    while (fgets(text, sizeof text, s->out)) {
        long k[4];
        unsigned long long bytes;
        printf("  %s", text);
        char *counts = strchr(text, ':');
        if (counts && sscanf(counts, ": %llu bytes, %ld dropped, %ld flipped, %ld repeated, %ld inserted",
                             &bytes, &k[0], &k[1], &k[2], &k[3]) == 5)
            *faults += k[0] + k[1] + k[2] + k[3];
    }
    fclose(s->out);
    return waitpid(s->pid, &status, 0) == s->pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ---- The link ----------------------------------------------------------------------------------- */

enum { WORDS_MAX = 1 << 16 };

/* What a memory should hold. Bits beyond mask are not kept by the last word of a beat, or by none at all. */
typedef struct { uint32_t base; int words; uint32_t *word, *mask; } memory;

static bool said(bool good, const bcq_error *error) {
    if (!good && failed < 20) fprintf(stderr, "FAIL %s\n", error->message);
    if (good) passed++;
    else failed++;
    return good;
}

static void make_memory(memory *m, uint32_t base, int beats, int bytes) {
    int banks = (bytes + 3) / 4, stride = 1;
    while (stride < banks) stride *= 2;
    m->base = base;
    m->words = bytes > 2 ? beats * stride : beats * bytes / 4;
    m->word = calloc((size_t)m->words, sizeof *m->word);
    m->mask = calloc((size_t)m->words, sizeof *m->mask);
    if (!m->word || !m->mask) { perror("test_uart"); exit(2); }
    for (int i = 0; i < m->words; i++) {
        int in_beat = i % stride, left = bytes - 4 * in_beat;
        m->mask[i] = bytes <= 2 || left >= 4 ? 0xFFFFFFFF : left <= 0 ? 0 : (1u << 8 * left) - 1;
    }
}

static bool write_words(uart *u, memory *m, int at, int count, bcq_error *e) {
    uint32_t words[2 * UART_WORDS];
    for (int i = 0; i < count; i++) {
        static const uint32_t special[4] = { 0xC0C0C0C0, 0xDBDBDBDB, 0xDCDBDDC0, 0 };
        words[i] = below(4) ? (uint32_t)rnd() : special[below(4)];
        m->word[at + i] = words[i] & m->mask[at + i];
    }
    return said(uart_write(u, m->base + 4 * (uint32_t)at, words, (size_t)count, e), e);
}

static bool read_words(uart *u, const memory *m, int at, int count, bcq_error *e) {
    uint32_t words[2 * UART_WORDS];
    if (!said(uart_read(u, m->base + 4 * (uint32_t)at, words, (size_t)count, e), e)) return false;
    for (int i = 0; i < count; i++) {
        if (words[i] == m->word[at + i]) { passed++; continue; }
        if (failed++ < 20)
            fprintf(stderr, "FAIL word 0x%06X: wrote 0x%08X, read 0x%08X\n",
                    (unsigned)(m->base + 4 * (uint32_t)(at + i)), (unsigned)m->word[at + i], (unsigned)words[i]);
    }
    return true;
}

static bool all_words(uart *u, memory *m, bool write, bcq_error *e) {
    for (int at = 0; at < m->words; at += 2 * UART_WORDS) {
        int count = m->words - at < 2 * UART_WORDS ? m->words - at : 2 * UART_WORDS;
        if (!(write ? write_words : (bool (*)(uart *, memory *, int, int, bcq_error *))read_words)(u, m, at, count, e))
            return false;
    }
    return true;
}

static uint32_t board_register(uart *u, int address) {
    bcq_error e;
    uint32_t value = 0;
    said(uart_read(u, BCQ_BOARD_PAGE + (uint32_t)address, &value, 1, &e), &e);
    return value;
}

/* Addresses and accesses that the board must refuse, in one answer and with no retry. */
static void refusals(uart *u, const memory *memories) {
    static const struct { uint32_t address; bool write; } wrong[] = {
        { 0x000FFC, false }, { 0x000FFC, true }, { 0x000000, true }, { 0x001000, true }, { 0x0010FC, false },
        { 0x001100, false }, { 0x002000, false }, { 0x002000, true }, { 0x0FFFFC, false }, { 0x300000, true },
        { 0x3FFFFC, false }, { 0x400000, true }, { 0xFFFFFC, false },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0] + 4; i++) {
        bool write = i % 2;
        uint32_t word = 0x5A5A5A5A, address;
        bcq_error e = { "" };
        size_t n = sizeof wrong / sizeof wrong[0];
        if (i < n) { address = wrong[i].address; write = wrong[i].write; }
        else address = memories[(i - n) / 2].base + 4 * (uint32_t)memories[(i - n) / 2].words;  /* just behind */
        bool good = write ? uart_write(u, address, &word, 1, &e) : uart_read(u, address, &word, 1, &e);
        char text[160];
        snprintf(text, sizeof text, "0x%06X %s: wanted a bus error, got %s", (unsigned)address,
                 write ? "written" : "read", good ? "none" : "another failure");
        check(!good && strstr(e.message, "bus error"), text);
    }
    bcq_error e = { "" };
    uint32_t word = 0;
    check(!uart_read(u, 2, &word, 1, &e), "an address that is no multiple of 4");
    check(!uart_write(u, 0xFFFFFC, &word, 2, &e), "words beyond the address space");
}

static void session(const char *path, simulation *s, bool faulty) {
    bcq_error e = { "" };
    /* The simulated line moves some 50,000 bits a second: the speed gives long frames their time. */
    uart_options options = { .baud = 19200, .timeout_ms = timeout_ms, .tries = 100 };
    uart *u = uart_open(path, &options, &e);
    if (!said(u != NULL, &e)) return;
    memory memories[2];
    check(!uart_open(path, &options, &e) && strstr(e.message, "alone"), "a second program on the device");
    check(board_register(u, BCQ_BOARD_REG_IDENTITY) == BCQ_BOARD_MAGIC, "the board's IDENTITY");
    uint32_t identity = 0;
    said(uart_read(u, BCQ_REG_IDENTITY, &identity, 1, &e), &e);
    check(identity == BCQ_MAGIC, "the accelerator's IDENTITY");
    int w_beats = (int)board_register(u, BCQ_BOARD_REG_W_CAPACITY), w_bytes = (int)board_register(u, BCQ_BOARD_REG_W_BYTES);
    int a_beats = (int)board_register(u, BCQ_BOARD_REG_A_CAPACITY), a_bytes = (int)board_register(u, BCQ_BOARD_REG_A_BYTES);
    if (!check(w_beats >= 4 && w_beats <= 4096 && w_bytes > 0 && w_bytes <= 64 && a_beats >= 4 && a_beats <= 4096
               && a_bytes > 0 && a_bytes <= 64, "sizes of the board's memories")) {
        uart_close(u);
        return;
    }
    make_memory(&memories[0], BCQ_BOARD_MEMORY_W, w_beats, w_bytes);
    make_memory(&memories[1], BCQ_BOARD_MEMORY_A, a_beats, a_bytes < 4 ? 4 : a_bytes);
    bool alive = all_words(u, &memories[0], true, &e) && all_words(u, &memories[1], true, &e);
    long requests = 0;
    while (alive && (faulty ? !through(s) : requests < 200)) {
        memory *m = &memories[below(2)];
        int most = m->words < 2 * UART_WORDS ? m->words : 2 * UART_WORDS;
        int count = 1 + below(below(8) ? (most < 4 ? most : 4) : most), at = below(m->words - count + 1);
        alive = below(2) ? write_words(u, m, at, count, &e) : read_words(u, m, at, count, &e);
        requests++;
    }
    /* At last every word, over a line that is good now: what was written wrongly shows. */
    if (alive) alive = all_words(u, &memories[0], false, &e) && all_words(u, &memories[1], false, &e);
    if (alive) refusals(u, memories);
    const uart_statistics *t = uart_get_statistics(u);
    printf("  %llu requests, %llu sent again: %llu damaged frames seen here, %llu time-outs; %llu stale answers; "
           "the board dropped %u frames (modulo 256)\n", (unsigned long long)t->requests,
           (unsigned long long)t->retries, (unsigned long long)t->damaged, (unsigned long long)t->timeouts,
           (unsigned long long)t->stale, alive ? board_register(u, BCQ_BOARD_REG_DROPPED) : 0);
    check(requests > 0, "no request at all");
    if (!faulty) check(t->damaged == 0, "damaged frames on a good line");
    else check(t->retries > 0 && t->damaged > 0 && t->timeouts > 0, "faults, but nothing was sent again");
    for (int i = 0; i < 2; i++) { free(memories[i].word); free(memories[i].mask); }
    uart_close(u);
}

/* Failures that no board takes part in. */
static void failures(void) {
    bcq_error e = { "" };
    uart_options slow = { .timeout_ms = 5, .tries = 2 }, odd = { .baud = 12345 };
    check(!uart_open("/dev/nonexistent", NULL, &e) && strstr(e.message, "No such file"), "a device that is not there");
    check(!uart_open("/dev/null", NULL, &e) && strstr(e.message, "serial device"), "a device that is no line");
    check(!uart_open("/dev/null", &odd, &e) && strstr(e.message, "speed"), "a speed that nobody has");
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (!check(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0, "a pseudo-terminal")) return;
    uart *u = uart_open(ptsname(master), &slow, &e);
    uint32_t word;
    if (said(u != NULL, &e)) {
        check(!uart_read(u, 0, &word, 1, &e) && strstr(e.message, "got none after 2 tries"), "a silent line");
        check(uart_get_statistics(u)->timeouts == 2 && uart_get_statistics(u)->retries == 1
              && uart_get_statistics(u)->requests == 0, "statistics of a silent line");
        close(master);
        check(!uart_read(u, 0, &word, 1, &e) && strstr(e.message, "wanted to talk"), "a line that ends");
    }
    uart_close(u);
}

static long want_int(const char *option, const char *text, long low, long high) {
    char *end;
    errno = 0;
    long value = text ? strtol(text, &end, 10) : 0;
    if (!text || end == text || *end || errno || value < low || value > high) {
        fprintf(stderr, "test_uart: %s: wanted an integer in [%ld, %ld], got %s\n", option, low, high,
                text ? text : "none");
        exit(2);
    }
    return value;
}

static void board(char *simulator, char *model, long seed, long faults, long rate, int skew) {
    char seeds[24], rates[24], limits[24], skews[24];
    snprintf(seeds, sizeof seeds, "%ld", seed);
    snprintf(rates, sizeof rates, "%ld", rate);
    snprintf(limits, sizeof limits, "%ld", faults);
    snprintf(skews, sizeof skews, "%d", skew);
    char *arguments[] = { simulator, "-seed", seeds, "-skew", skews, model, NULL, NULL, NULL, NULL, NULL };
    if (faults) {
        char *with[] = { simulator, "-seed", seeds, "-skew", skews, "-rate", rates, "-faults", limits, model, NULL };
        memcpy(arguments, with, sizeof with);
    }
    simulation s;
    long happened;
    printf("%s, %ld faults, host's bits %d per mille longer:\n", model, faults, skew);
    if (!check(start(&s, arguments), "the simulated board did not begin")) return;
    session(s.path, &s, faults != 0);
    check(finish(&s, &happened), "the simulated board did not end well");
    check(happened == faults, "faults: another number than wanted");
}

int main(int argc, char **argv) {
    long seed = 1, faults = 500, rate = 100;
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i += 2) {
        const char *value = argv[i + 1];
        if (!strcmp(argv[i], "-seed")) seed = want_int(argv[i], value, 0, 0x7FFFFFFF);
        else if (!strcmp(argv[i], "-faults")) faults = want_int(argv[i], value, 1, 100000000);
        else if (!strcmp(argv[i], "-rate")) rate = want_int(argv[i], value, 2, 1000000);
        else if (!strcmp(argv[i], "-timeout")) timeout_ms = (int)want_int(argv[i], value, 1, 10000);
        else { fprintf(stderr, "test_uart: %s: unknown option\n", argv[i]); return 2; }
    }
    printf("seed %ld\n", seed);
    random_state = (uint64_t)seed;
    frames();
    failures();
    if (i > argc - 2) { fprintf(stderr, "test_uart: wanted BOARD_SIM MODEL...\n"); return 2; }
    char *simulator = argv[i++];
    for (int m = i; m < argc; m++) {
        board(simulator, argv[m], seed, 0, rate, -20);
        board(simulator, argv[m], seed, 0, rate, 20);
        board(simulator, argv[m], seed, faults / (argc - i), rate, 0);
    }
    printf("%ld passed, %ld failed\n", passed, failed);
    return failed || !passed ? EXIT_FAILURE : EXIT_SUCCESS;
}
