#include "uart.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/serial.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

/* ---- Frames ------------------------------------------------------------------------------------- */

static size_t put_escaped(uint8_t *line, uint8_t byte) {
    if (byte != UART_END && byte != UART_ESC) { line[0] = byte; return 1; }
    line[0] = UART_ESC;
    line[1] = byte == UART_END ? UART_ESC_END : UART_ESC_ESC;
    return 2;
}

size_t uart_frame_encode(const uint8_t *payload, size_t length, uint8_t *line) {
    uint32_t crc = (uint32_t)crc32(0, payload, (uInt)length);
    size_t n = 0;
    line[n++] = UART_END;  /* ends whatever the line made up before */
    for (size_t i = 0; i < length; i++) n += put_escaped(line + n, payload[i]);
    for (int i = 0; i < 4; i++) n += put_escaped(line + n, (uint8_t)(crc >> 8 * i));
    line[n++] = UART_END;
    return n;
}

uart_event uart_frame_decode(uart_decoder *d, uint8_t byte) {
    if (d->done) *d = (uart_decoder) { 0 };
    if (byte == UART_END) {
        if (!d->length && !d->bad && !d->escape) return UART_MORE;  /* nothing between two of them */
        d->done = true;
        if (d->bad || d->escape || d->length < 4) return UART_DAMAGED;
        const uint8_t *tail = d->byte + d->length - 4;
        uint32_t crc = tail[0] | (uint32_t)tail[1] << 8 | (uint32_t)tail[2] << 16 | (uint32_t)tail[3] << 24;
        return crc == (uint32_t)crc32(0, d->byte, (uInt)(d->length - 4)) ? UART_FRAME : UART_DAMAGED;
    }
    if (byte == UART_ESC && !d->escape) { d->escape = true; return UART_MORE; }
    if (d->escape) {
        if (byte == UART_ESC_END) byte = UART_END;
        else if (byte == UART_ESC_ESC) byte = UART_ESC;
        else d->bad = true;
        d->escape = false;
    }
    if (d->length == sizeof d->byte) d->bad = true;
    else d->byte[d->length++] = byte;
    return UART_MORE;
}

/* ---- Opening ------------------------------------------------------------------------------------ */

struct uart {
    char device[PATH_MAX];
    int file;
    uart_options options;
    uint8_t tag;
    uart_decoder decoder;
    uint8_t in[512];          /* read from the device, not looked at yet: [in_at, in_end) */
    size_t in_at, in_end;
    uart_statistics statistics;
};

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static const struct { int baud; speed_t speed; } speeds[] = {
    { 9600, B9600 },       { 19200, B19200 },     { 38400, B38400 },     { 57600, B57600 },
    { 115200, B115200 },   { 230400, B230400 },   { 460800, B460800 },   { 500000, B500000 },
    { 576000, B576000 },   { 921600, B921600 },   { 1000000, B1000000 }, { 1152000, B1152000 },
    { 1500000, B1500000 }, { 2000000, B2000000 }, { 2500000, B2500000 }, { 3000000, B3000000 },
    { 3500000, B3500000 }, { 4000000, B4000000 },
};

static bool configure(const uart *u, speed_t speed, bcq_error *error) {
    struct termios t;
    if (tcgetattr(u->file, &t) != 0)
        return bcq_fail(error, "%s: wanted a serial device, got %s", u->device, strerror(errno));
    cfmakeraw(&t);
    t.c_cflag |= CLOCAL | CREAD;
    t.c_cflag &= (tcflag_t)~(CSTOPB | CRTSCTS);
    t.c_cc[VMIN] = 0;
    t.c_cc[VTIME] = 0;
    if (cfsetispeed(&t, speed) != 0 || cfsetospeed(&t, speed) != 0 || tcsetattr(u->file, TCSANOW, &t) != 0)
        return bcq_fail(error, "%s: wanted %d baud, got %s", u->device, u->options.baud, strerror(errno));
    /* FTDI's chips keep what came for 16 ms otherwise. Others have no such thing: no failure. */
    struct serial_struct serial;
    if (ioctl(u->file, TIOCGSERIAL, &serial) == 0) {
        serial.flags |= ASYNC_LOW_LATENCY;
        (void)ioctl(u->file, TIOCSSERIAL, &serial);
    }
    tcflush(u->file, TCIOFLUSH);
    return true;
}

uart *uart_open(const char *device, const uart_options *options, bcq_error *error) {
    uart_options o = options ? *options : (uart_options) { 0 };
    if (!o.baud) o.baud = 3000000;
    if (!o.timeout_ms) o.timeout_ms = 200;
    if (!o.tries) o.tries = 8;
    size_t at = 0;
    while (at < sizeof speeds / sizeof speeds[0] && speeds[at].baud != o.baud) at++;
    if (at == sizeof speeds / sizeof speeds[0] || o.timeout_ms < 0 || o.tries < 0) {
        bcq_fail(error, "%s: wanted a usual speed, a time-out and tries above 0, got %d baud, %d ms, %d tries",
                 device, o.baud, o.timeout_ms, o.tries);
        return NULL;
    }
    uart *u = calloc(1, sizeof *u);
    if (!u) { bcq_fail(error, "%s: wanted memory for its link, got none", device); return NULL; }
    u->options = o;
    snprintf(u->device, sizeof u->device, "%s", device);
    /* Not blocking: neither for a modem's carrier here nor ever below, where poll waits. */
    u->file = open(device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (u->file < 0) {
        bcq_fail(error, "%s: wanted to open it, got %s", device, strerror(errno));
        uart_close(u);
        return NULL;
    }
    if (flock(u->file, LOCK_EX | LOCK_NB) != 0) {
        bcq_fail(error, "%s: wanted it for this program alone, got one that has it already", device);
        uart_close(u);
        return NULL;
    }
    if (!configure(u, speeds[at].speed, error)) {
        uart_close(u);
        return NULL;
    }
    /* A program before this one may have left an answer on its way. */
    u->tag = (uint8_t)(now_ms() ^ (int64_t)getpid());
    return u;
}

void uart_close(uart *u) {
    if (!u) return;
    if (u->file >= 0) close(u->file);
    free(u);
}

const uart_statistics *uart_get_statistics(const uart *u) { return &u->statistics; }

/* ---- Requests ----------------------------------------------------------------------------------- */

/* Waits until the device can be read (POLLIN) or written (POLLOUT). 0: not before the deadline. */
static int wait_for(const uart *u, short events, int64_t deadline) {
    for (;;) {
        int64_t left = deadline - now_ms();
        struct pollfd p = { .fd = u->file, .events = events };
        int n = poll(&p, 1, left > 0 ? (int)left : 0);
        if (n >= 0) return n;
        if (errno != EINTR) return -1;
    }
}

static bool lost(const uart *u, bcq_error *error) {
    return bcq_fail(error, "%s: wanted to talk to the board, got %s", u->device,
                    errno ? strerror(errno) : "the line's end");
}

/* False with *gone: the device is lost. False without: it does not take the bytes in time. */
static bool send_bytes(uart *u, const uint8_t *line, size_t length, bool *gone) {
    int64_t deadline = now_ms() + u->options.timeout_ms + (int64_t)length * 10000 / u->options.baud;
    while (length) {
        ssize_t n = write(u->file, line, length);
        if (n > 0) {
            line += n;
            length -= (size_t)n;
        } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
            return *gone = true, false;
        } else {
            int ready = wait_for(u, POLLOUT, deadline);
            if (ready < 0) return *gone = true, false;
            if (ready == 0) return false;
        }
    }
    return true;
}

typedef enum { ANSWERED, AGAIN, GONE } outcome;

/* Waits for the answer to the request `op` with the link's tag; words: how many a read wants. On ANSWERED
 * it is in the decoder. silence: ms. */
static outcome receive(uart *u, int op, int words, int64_t silence) {
    int64_t deadline = now_ms() + silence;
    /* Noise without an end must not hold us: no answer is longer than a frame or two. */
    int64_t limit = deadline + 4 * silence;
    for (;;) {
        if (u->in_at == u->in_end) {
            int ready = wait_for(u, POLLIN, deadline < limit ? deadline : limit);
            if (ready < 0) return GONE;
            if (ready == 0) {
                u->statistics.timeouts++;
                u->decoder = (uart_decoder) { 0 };  /* what it began with has no end any more */
                return AGAIN;
            }
            ssize_t n = read(u->file, u->in, sizeof u->in);
            if (n == 0) { errno = 0; return GONE; }
            if (n < 0) {
                if (errno == EAGAIN || errno == EINTR) continue;
                return GONE;
            }
            u->in_at = 0;
            u->in_end = (size_t)n;
            deadline = now_ms() + silence;
        }
        switch (uart_frame_decode(&u->decoder, u->in[u->in_at++])) {
        case UART_MORE:
            break;
        case UART_DAMAGED:
            u->statistics.damaged++;
            return AGAIN;
        case UART_FRAME: {
            const uint8_t *b = u->decoder.byte;
            size_t length = u->decoder.length - 4;
            if (length >= 3 && b[0] == (op | UART_OP_RESPONSE) && b[1] == u->tag
                && (length == 3 + 4 * (size_t)words || (length == 3 && b[2] & UART_STATUS_REFUSED)))
                return ANSWERED;
            u->statistics.stale++;
            break;
        }
        }
    }
}

/* One frame: payload in, answer in the decoder. */
static bool request(uart *u, uint8_t *payload, size_t length, int words, bcq_error *error) {
    uint8_t line[UART_LINE_MAX];
    payload[1] = ++u->tag;
    size_t n = uart_frame_encode(payload, length, line);
    /* Silence begins when the last byte has left, and what the system has buffered leaves at its own pace. */
    int64_t on_line = (int64_t)n * 10000 / u->options.baud;
    for (int t = 0; t < u->options.tries; t++) {
        bool gone = false;
        if (t) u->statistics.retries++;
        if (!send_bytes(u, line, n, &gone)) {
            if (gone) return lost(u, error);
            u->statistics.timeouts++;
            continue;
        }
        switch (receive(u, payload[0], words, u->options.timeout_ms + on_line)) {
        case ANSWERED:
            u->statistics.requests++;
            return true;
        case AGAIN:
            break;
        case GONE:
            return lost(u, error);
        }
    }
    return bcq_fail(error, "%s: wanted an answer within %d ms, got none after %d tries", u->device,
                    u->options.timeout_ms, u->options.tries);
}

static bool transfer(uart *u, int op, uint32_t address, const uint32_t *out, uint32_t *in, size_t count,
                     bcq_error *error) {
    if (address % 4 || address >= 1u << 24 || count > ((1u << 24) - address) / 4)
        return bcq_fail(error, "%s: wanted words inside of 2^24 bytes, got %zu at 0x%06X", u->device, count,
                        (unsigned)address);
    for (size_t done = 0; done < count;) {
        uint8_t payload[UART_PAYLOAD_MAX];
        size_t words = count - done < UART_WORDS ? count - done : UART_WORDS, length = 6;
        uint32_t at = address + 4 * (uint32_t)done;
        payload[0] = (uint8_t)op;
        for (int i = 0; i < 3; i++) payload[2 + i] = (uint8_t)(at >> 8 * i);
        payload[5] = (uint8_t)(words - 1);
        for (size_t i = 0; op == UART_OP_WRITE && i < 4 * words; i++)
            payload[length++] = (uint8_t)(out[done + i / 4] >> 8 * (i % 4));
        if (!request(u, payload, length, op == UART_OP_READ ? (int)words : 0, error)) return false;
        const uint8_t *b = u->decoder.byte;
        uint8_t status = b[u->decoder.length - 5];
        if (status)
            return bcq_fail(error, "%s: wanted %zu words %s at 0x%06X, got %s", u->device, words,
                            op == UART_OP_READ ? "read" : "written", (unsigned)at,
                            status & UART_STATUS_REFUSED ? "a request that the board does not know"
                                                         : "a bus error");
        for (size_t i = 0; op == UART_OP_READ && i < words; i++) {
            const uint8_t *w = b + 2 + 4 * i;
            in[done + i] = w[0] | (uint32_t)w[1] << 8 | (uint32_t)w[2] << 16 | (uint32_t)w[3] << 24;
        }
        done += words;
    }
    return true;
}

bool uart_write(uart *u, uint32_t address, const uint32_t *words, size_t count, bcq_error *error) {
    return transfer(u, UART_OP_WRITE, address, words, NULL, count, error);
}

bool uart_read(uart *u, uint32_t address, uint32_t *words, size_t count, bcq_error *error) {
    return transfer(u, UART_OP_READ, address, NULL, words, count, error);
}
