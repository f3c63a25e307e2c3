#include <stdarg.h>
#include <string.h>

#include "bcq.h"

bool bcq_fail(bcq_error *error, const char *format, ...) {
    if (!error) return false;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    if (length >= (int)sizeof error->message)
        memcpy(error->message + sizeof error->message - 4, "...", 4);
    /* Names out of a file may hold anything; a message stays one line and moves no cursor. */
    for (char *c = error->message; *c; c++)
        if ((unsigned char)*c < 32 || *c == 127) *c = '?';
    return false;
}
