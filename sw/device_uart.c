#include "device_internal.h"

bool device_uart_open(bcq_device *d, const char *path, bcq_error *error) {
    (void)d;
    return bcq_fail(error, "uart:%s: wanted a board, got none", path);
}
const backend device_uart = { 0 };
