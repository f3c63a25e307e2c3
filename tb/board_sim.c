/* A simulated board behind a pseudo-terminal: what a program opens in place of /dev/ttyUSB1.
 * Usage: board_sim [options] MODEL    (build/models/NAME.board.so)
 *
 *   -seed N       of the model's initial state and of the faults (default 1)
 *   -rate N       one byte in N meets a fault, in each direction (default: none)
 *   -faults N     of them, no more than N; then the line "N faults" is printed and the line is good
 *   -skew N       the host's clock is N per mille slower than the board's, -20 to 20
 *   -clocks N     clock cycles of a bit: the model's ClocksPerBit (default 4)
 *
 * Prints the terminal's path, runs until SIGTERM or SIGINT, then prints what it did. Bytes move as bits over
 * the model's pins, so that a fault may hit a start or a stop bit too. Kinds, drawn alike: a byte is dropped;
 * a bit of it is inverted (towards the board any of the ten, from it one of the eight); it comes twice;
 * another byte comes before it. The clock stands still while line and board have nothing to do. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "dut.h"
#include "random.h"

enum {
    CLOCKS_MAX = 1000,
    QUIET = 1 << 13,  /* cycles without a sign of life after which the clock stops: more than a product
                       * needs from its last operand to its first result */
};

enum { DROPPED, FLIPPED, REPEATED, INSERTED, KINDS };
static const char *const kind_name[KINDS] = { "dropped", "flipped", "repeated", "inserted" };

static volatile sig_atomic_t stopped;
static void stop(int signal) { (void)signal; stopped = 1; }

static _Noreturn void die(const char *what, const char *wanted, const char *got) {
    fprintf(stderr, "board_sim: %s: wanted %s, got %s\n", what, wanted, got);
    exit(2);
}

static long want_int(const char *option, const char *text, long low, long high) {
    char *end, range[64];
    errno = 0;
    long value = text ? strtol(text, &end, 10) : 0;
    snprintf(range, sizeof range, "an integer in [%ld, %ld]", low, high);
    if (!text || end == text || *end || errno || value < low || value > high) die(option, range, text ? text : "none");
    return value;
}

/* ---- Faults ------------------------------------------------------------------------------------- */

static long rate, faults_wanted = -1, faults[2][KINDS], faults_done;

/* What becomes of a byte in direction (0: to the board). symbol: [3] of ten bits each, start bit lowest. Returns
 * how many bytes remain. */
static int disturb(int direction, uint8_t byte, uint16_t *symbol) {
    symbol[0] = (uint16_t)(1 << 9 | byte << 1);
    if (!rate || (faults_wanted >= 0 && faults_done >= faults_wanted) || below((int)rate)) return 1;
    int kind = below(KINDS);
    faults[direction][kind]++;
    if (++faults_done == faults_wanted) printf("%ld faults\n", faults_done);
    switch (kind) {
    case DROPPED:
        return 0;
    case FLIPPED:
        symbol[0] ^= (uint16_t)(1 << (direction ? 1 + below(8) : below(10)));
        return 1;
    case REPEATED:
        symbol[1] = symbol[0];
        return 2;
    default:
        symbol[1] = symbol[0];
        symbol[0] = (uint16_t)(1 << 9 | below(256) << 1);
        return 2;
    }
}

/* ---- The board ---------------------------------------------------------------------------------- */

static const dut_model *model;
static dut *board;
static struct { int rst_ni, rx, tx, active; } port;

static int want_port(const char *path, const char *name) {
    int number = model->port(name, NULL);
    if (number < 0) die(path, "a model of bcq_board", "one without its ports");
    return number;
}
static void set(int number, uint32_t value) { uint32_t w[2] = { value, 0 }; model->set(board, number, w); }
static uint32_t get(int number) { uint32_t w[2]; model->get(board, number, w); return w[0]; }

static void open_board(const char *path, uint64_t seed) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    model = library ? dlsym(library, "dut_model_table") : NULL;
    if (!model) die(path, "a model", dlerror());
    port.rst_ni = want_port(path, "rst_ni");
    port.rx = want_port(path, "rx_i");
    port.tx = want_port(path, "tx_o");
    port.active = want_port(path, "active_o");
    board = model->open(seed);
    set(port.rx, 1);
    /* Twice, from a random start: the first makes sure that the board's own reset is off, so that the
     * second is an edge for what lies behind it. */
    for (int i = 0; i < 4; i++) { set(port.rst_ni, i % 2 == 0); model->settle(board); }
    for (int i = 0; i < 4; i++) { model->settle(board); model->edge(board); }
    set(port.rst_ni, 1);
}

/* ---- The terminal ------------------------------------------------------------------------------- */

static int master, slave;

static void open_terminal(void) {
    struct termios t;
    const char *path;
    master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 || !(path = ptsname(master)))
        die("posix_openpt", "a pseudo-terminal", strerror(errno));
    /* Kept open, raw: no echo before the host comes, no hang-up when it goes. */
    slave = open(path, O_RDWR | O_NOCTTY);
    if (slave < 0 || tcgetattr(slave, &t) != 0) die(path, "to open it", strerror(errno));
    cfmakeraw(&t);
    if (tcsetattr(slave, TCSANOW, &t) != 0 || fcntl(master, F_SETFL, O_NONBLOCK) != 0)
        die(path, "it raw", strerror(errno));
    printf("%s\n", path);
}

static uint64_t bytes[2];

static size_t from_host(uint8_t *buffer, size_t size) {
    ssize_t n = read(master, buffer, size);
    if (n < 0 && errno != EAGAIN && errno != EINTR) die("terminal", "to read it", strerror(errno));
    return n > 0 ? (size_t)n : 0;
}

/* A host that reads nothing for long loses bytes, as on a line. */
static void to_host(uint16_t symbol) {
    uint8_t byte = (uint8_t)(symbol >> 1);
    for (int i = 0; i < 100 && !stopped; i++) {
        if (write(master, &byte, 1) == 1) { bytes[1]++; return; }
        struct pollfd p = { .fd = master, .events = POLLOUT };
        poll(&p, 1, 10);
    }
}

/* ---- Cycles ------------------------------------------------------------------------------------- */

static uint64_t cycles;

/* host: 1000 * clocks a bit of the host; clocks: of the board. */
static void run(long host, int clocks) {
    uint8_t in[4096];
    size_t in_at = 0, in_end = 0;
    uint16_t queue[3];             /* bytes that leave for the board, after faults */
    int queued = 0, queue_at = 0;
    int rx_bit = 10;               /* bit on the line; 10: idle */
    long rx_left = 0;              /* of it, in thousandths of a cycle */
    int tx_bit = -1, tx_left = 0;  /* -1: idle */
    uint16_t tx_symbol = 0;
    int quiet = 0, unread = 0;
    while (!stopped) {
        /* The line to the board: a bit lasts `host` thousandths. */
        rx_left -= 1000;
        if (rx_left <= 0) {
            if (rx_bit < 9) {
                rx_bit++;
                rx_left += host;
                set(port.rx, queue[queue_at] >> rx_bit & 1);
            } else {
                if (rx_bit == 9) { rx_bit = 10; queue_at++; }
                while (queue_at == queued) {
                    if (in_at == in_end && (unread >= 8 * clocks || quiet >= QUIET)) {
                        if (quiet >= QUIET) {
                            struct pollfd p = { .fd = master, .events = POLLIN };
                            poll(&p, 1, -1);
                            if (stopped) return;
                        }
                        in_at = 0;
                        in_end = from_host(in, sizeof in);
                        unread = 0;
                    }
                    if (in_at == in_end) break;
                    bytes[0]++;
                    queue_at = 0;
                    queued = disturb(0, in[in_at++], queue);
                }
                if (queue_at < queued) {
                    rx_bit = 0;
                    rx_left = rx_left < 0 && rx_left > -1000 ? rx_left + host : host;
                    set(port.rx, queue[queue_at] & 1);
                } else {
                    rx_left = 0;
                    set(port.rx, 1);
                }
            }
        }
        model->settle(board);
        int tx = (int)get(port.tx);
        bool active = get(port.active) || rx_bit < 10 || tx_bit >= 0;
        model->edge(board);
        cycles++;
        unread++;
        quiet = active ? 0 : quiet + 1;
        /* The line from it: bits sampled in their middles. */
        if (tx_bit < 0) {
            if (!tx) { tx_bit = 0; tx_left = clocks / 2; tx_symbol = 0; }
        } else if (--tx_left == 0) {
            tx_symbol |= (uint16_t)(tx << tx_bit);
            tx_left = clocks;
            if (++tx_bit == 10) {
                uint16_t symbol[3];
                if (!(tx_symbol & 1 << 9) || tx_symbol & 1) die("the board", "a start and a stop bit", "none");
                int n = disturb(1, (uint8_t)(tx_symbol >> 1), symbol);
                for (int i = 0; i < n; i++) to_host(symbol[i]);
                tx_bit = -1;
            }
        }
    }
}

int main(int argc, char **argv) {
    uint64_t seed = 1;
    long skew = 0;
    int clocks = 4, i = 1;
    for (; i < argc && argv[i][0] == '-'; i += 2) {
        const char *value = argv[i + 1];
        if (!strcmp(argv[i], "-seed")) seed = (uint64_t)want_int(argv[i], value, 0, 0x7FFFFFFF);
        else if (!strcmp(argv[i], "-rate")) rate = want_int(argv[i], value, 2, 1000000);
        else if (!strcmp(argv[i], "-faults")) faults_wanted = want_int(argv[i], value, 0, 100000000);
        else if (!strcmp(argv[i], "-skew")) skew = want_int(argv[i], value, -20, 20);
        else if (!strcmp(argv[i], "-clocks")) clocks = (int)want_int(argv[i], value, 4, CLOCKS_MAX);
        else die("command line", "-seed, -rate, -faults, -skew or -clocks", argv[i]);
    }
    if (i != argc - 1) die("command line", "one MODEL", i < argc - 1 ? "several" : "none");
    struct sigaction action = { .sa_handler = stop };  /* no SA_RESTART: waiting ends */
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);
    random_state = seed;
    open_board(argv[i], seed);
    open_terminal();
    run((1000 + skew) * clocks, clocks);
    for (int d = 0; d < 2; d++) {
        printf("%s the board: %llu bytes", d ? "from" : "to", (unsigned long long)bytes[d]);
        for (int k = 0; k < KINDS; k++) printf(", %ld %s", faults[d][k], kind_name[k]);
        printf("\n");
    }
    printf("%llu cycles\n", (unsigned long long)cycles);
    model->close(board);
    close(slave);
    close(master);
    return 0;
}
