/* The link to a board (rtl/board/) behind a serial device: reads and writes 32-bit words of its bus.
 *
 * A request and its answer are frames of bytes; numbers lie lowest byte first:
 *
 *     request   op  tag  address (3)  count - 1  [count words, op 1]     CRC-32 (4)
 *     response  op + 0x80  tag  [count words, op 2]  status              CRC-32 (4)
 *
 * op: 1 write, 2 read; address in bytes; count: 1 to UART_WORDS. CRC-32 is zlib's. A frame is sent between two
 * bytes END, with SLIP's escapes inside. The board drops what is damaged, and answers the rest.
 *
 * One request is on the line at a time. Without its whole answer within the time-out, or with a damaged
 * one, it is sent again, with the same tag: any of its answers counts, answers to earlier requests do
 * not. Every request may run twice without harm: the board's registers are made so.
 *
 * Conventions are those of bcq.h. One link from one thread at a time. */
#ifndef UART_H
#define UART_H

#include "bcq.h"

enum {
    UART_END = 0xC0, UART_ESC = 0xDB, UART_ESC_END = 0xDC, UART_ESC_ESC = 0xDD,
    UART_OP_WRITE = 1, UART_OP_READ = 2, UART_OP_RESPONSE = 0x80,
    UART_STATUS_BUS_ERROR = 1, UART_STATUS_REFUSED = 2,
    UART_WORDS = 64,                                /* of a frame, at most */
    UART_PAYLOAD_MAX = 6 + 4 * UART_WORDS,          /* bytes before the CRC */
    UART_LINE_MAX = 2 * (UART_PAYLOAD_MAX + 4) + 2  /* bytes on the line */
};

/* ---- Frames ------------------------------------------------------------------------------------- */

/* line: [UART_LINE_MAX]. Returns the bytes in it, both END included. length <= UART_PAYLOAD_MAX. */
size_t uart_frame_encode(const uint8_t *payload, size_t length, uint8_t *line);

typedef struct {
    uint8_t byte[UART_PAYLOAD_MAX + 4];  /* the frame so far: payload, then CRC */
    size_t length;
    bool escape, bad, done;
} uart_decoder;

typedef enum { UART_MORE, UART_FRAME, UART_DAMAGED } uart_event;

/* Takes the line's next byte; begin with a decoder of zeros. UART_FRAME: byte[0 .. length - 5] is a
 * payload, until the next call. UART_DAMAGED: something ended that is none. */
uart_event uart_frame_decode(uart_decoder *d, uint8_t byte);

/* ---- The link ----------------------------------------------------------------------------------- */

typedef struct uart uart;

typedef struct {
    int baud;        /* 0: 3000000; a speed that the system has a name for */
    int timeout_ms;  /* 0: 200; silence behind the request's last byte, or inside its answer */
    int tries;       /* 0: 8 */
} uart_options;

typedef struct {
    uint64_t requests;    /* answered */
    uint64_t retries;     /* sent once more */
    uint64_t damaged;     /* frames dropped: CRC, escape or length */
    uint64_t timeouts;    /* tries that ended in silence */
    uint64_t stale;       /* answers to an earlier request or a second one to the same */
} uart_statistics;

/* device: "/dev/ttyUSB1", or a pseudo-terminal. Takes it for itself until uart_close. */
uart *uart_open(const char *device, const uart_options *options, bcq_error *error);
void uart_close(uart *u);

/* words: [count] to or from neighbouring addresses; any count. address: a multiple of 4, below 2^24.
 * Blocks for tries * (time-out + time on the line) a frame at the most. A bus error of any word is a failure;
 * the other words of its frame were written all the same. */
bool uart_write(uart *u, uint32_t address, const uint32_t *words, size_t count, bcq_error *error);
bool uart_read(uart *u, uint32_t address, uint32_t *words, size_t count, bcq_error *error);

const uart_statistics *uart_get_statistics(const uart *u);

#endif
