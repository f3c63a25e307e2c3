#include <string.h>

#include "bcq_registers.h"
#include "device_internal.h"

/* The accelerator's registers over any bus: what was built, commands, errors in words, counters. */

/* ---- What was built ------------------------------------------------------------------------ */

bool registers_identify(registers *r, const char *name, bcq_device_info *info, bcq_error *error) {
    uint32_t value;
    if (!r->read(r->bus, BCQ_REG_IDENTITY, &value, error)) return false;
    if (value != BCQ_MAGIC)
        return bcq_fail(error, "%s: wanted an accelerator, %08x, got %08x", name, BCQ_MAGIC, (unsigned)value);
    if (!r->read(r->bus, BCQ_REG_VERSION, &value, error)) return false;
    if (value != BCQ_INTERFACE)
        return bcq_fail(error, "%s: wanted register map %d, got %u", name, BCQ_INTERFACE, (unsigned)value);
    int exact, frozen, deep, table_memory, clock;
    const struct { uint32_t address; int *field, lo, hi; } fields[] = {
        { BCQ_REG_LANES, &info->lanes, 1, BCQ_LA_MAX }, { BCQ_REG_LB, &info->lb, 2, BCQ_LB_MAX },
        { BCQ_REG_LA, &info->la, BCQ_LA_MIN, BCQ_LA_MAX }, { BCQ_REG_NC, &info->nc, 1, BCQ_NC_MAX },
        { BCQ_REG_B, &info->index_bits, BCQ_B_MIN, BCQ_B_MAX },
        { BCQ_REG_EW, &info->entry_bits, BCQ_EW_MIN, BCQ_EW_MAX }, { BCQ_REG_COLS, &info->cols, 1, 65535 },
        { BCQ_REG_T, &info->t, 2, 65535 }, { BCQ_REG_NDEC, &info->ndec, 1, 65535 },
        { BCQ_REG_EXACT, &exact, 0, 1 }, { BCQ_REG_FROZEN, &frozen, 0, 1 }, { BCQ_REG_DEEP, &deep, 0, 1 },
        { BCQ_REG_TABLE_MEMORY, &table_memory, 0, 1 },
        { BCQ_REG_ENC_LANES, &info->enc_lanes, 0, BCQ_LA_MAX },
        { BCQ_REG_CB_PER_CYCLE, &info->cb_per_cycle, 0, BCQ_NC_MAX },
        { BCQ_REG_A_BYTES, &info->a_bytes, 1, 1024 }, { BCQ_REG_W_BYTES, &info->w_bytes, 1, 1024 },
        { BCQ_REG_R_BYTES, &info->r_bytes, 1, 1024 },
        { BCQ_REG_ACT_WORDS, &info->act_words, 0, 1 << 30 },
        { BCQ_REG_RESULT_WORDS, &info->result_words, 2, 1 << 30 },
        { BCQ_REG_CLOCK_HZ, &clock, 0, INT32_MAX },
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (!r->read(r->bus, fields[i].address, &value, error)) return false;
        if (value < (uint32_t)fields[i].lo || value > (uint32_t)fields[i].hi)
            return bcq_fail(error, "%s: wanted a number in [%d, %d] in register 0x%03x, got %u", name,
                            fields[i].lo, fields[i].hi, (unsigned)fields[i].address, (unsigned)value);
        *fields[i].field = (int)value;
    }
    info->exact = exact;
    info->frozen = frozen;
    info->deep = deep;
    info->table_memory = table_memory;
    info->clock_hz = (uint32_t)clock;
    if (info->la % info->lanes || info->la % info->lb || info->cols % info->ndec || info->cols * 4 % info->r_bytes
        || (info->enc_lanes && (info->la % (info->lb * info->enc_lanes) || !info->cb_per_cycle
                                || info->nc % info->cb_per_cycle)))
        return bcq_fail(error, "%s: wanted parameters that go together, got others", name);
    /* Numbers of commands go on from the last one that it took. */
    if (!r->read(r->bus, BCQ_REG_COMMAND, &value, error)) return false;
    r->number = value & ((1u << BCQ_COMMAND_NUMBER_WIDTH) - 1);
    return true;
}

/* ---- Commands ------------------------------------------------------------------------------ */

typedef struct { uint32_t address, value; } setting;

static bool write_all(registers *r, const setting *s, size_t count, bcq_error *error) {
    for (size_t i = 0; i < count; i++)
        if (!r->write(r->bus, s[i].address, s[i].value, error)) return false;
    return true;
}

bool registers_reset(registers *r, bcq_error *error) {
    const setting all[] = {
        { BCQ_REG_CONTROL, BCQ_CONTROL_RESET }, { BCQ_REG_ERROR, UINT32_MAX }, { BCQ_REG_IRQ_CAUSE, UINT32_MAX },
        { BCQ_REG_IRQ_ENABLE, BCQ_IRQ_ENABLE_DONE| BCQ_IRQ_ENABLE_ERROR },
    };
    return write_all(r, all, sizeof all / sizeof all[0], error);
}

static bool command(registers *r, uint32_t op, bcq_error *error) {
    r->number = (r->number + 1) & ((1u << BCQ_COMMAND_NUMBER_WIDTH) - 1);
    const setting all[] = {
        { BCQ_REG_ERROR, UINT32_MAX }, { BCQ_REG_IRQ_CAUSE, UINT32_MAX },
        { BCQ_REG_COMMAND, r->number << BCQ_COMMAND_NUMBER_LSB | op << BCQ_COMMAND_OP_LSB },
    };
    return write_all(r, all, sizeof all / sizeof all[0], error);
}

bool registers_codebooks(registers *r, bcq_error *error) { return command(r, BCQ_OP_CODEBOOKS, error); }

bool registers_product(registers *r, const product *p, part part, bcq_error *error) {
    const bcq_device_info *b = p->build;
    const setting all[] = {
        { BCQ_REG_SHAPE_M, (uint32_t)part.m },
        { BCQ_REG_SHAPE_N_TILES, (uint32_t)((part.n + b->cols - 1) / b->cols) },
        { BCQ_REG_SHAPE_K_ARRAYS, (uint32_t)p->arrays },
        { BCQ_REG_MODE, (uint32_t)p->encode << BCQ_MODE_ENCODE_LSB | (uint32_t)p->reuse << BCQ_MODE_REUSE_LSB
                        | (uint32_t)p->bf16_results << BCQ_MODE_BF16_LSB },
        { BCQ_REG_EXPONENT, (uint32_t)p->exponent_a & 0xFF },
        { BCQ_REG_TIMEOUT, p->timeout_cycles },
    };
    return write_all(r, all, sizeof all / sizeof all[0], error) && command(r, BCQ_OP_PRODUCT, error);
}

/* ---- The end of a command ------------------------------------------------------------------ */

/* The first bit that is set says most. */
static const char *describe(uint32_t error) {
    static const struct { uint32_t bit; const char *text; } texts[] = {
        { BCQ_ERROR_CODEBOOK, "codebooks other than those that are frozen in it" },
        { BCQ_ERROR_COMMAND, "a command that it cannot run (unknown, a size of 0, or a mode that was not built)" },
        { BCQ_ERROR_BUSY, "a command while another ran" },
        { BCQ_ERROR_BUFFER, "activations of a tile that do not fit its buffer" },
        { BCQ_ERROR_TIMEOUT, "no beat on any stream for the time that was set (timeout)" },
        { BCQ_ERROR_SHORT_CB, "a codebook stream that ended early" },
        { BCQ_ERROR_SHORT_W, "a weight stream that ended early" },
        { BCQ_ERROR_SHORT_A, "an activation stream that ended early" },
        { BCQ_ERROR_LONG_CB, "a codebook stream that went on behind its last codebook" },
        { BCQ_ERROR_LONG_W, "a weight stream that went on behind its last record" },
        { BCQ_ERROR_LONG_A, "an activation stream that went on behind its last record" },
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (error & texts[i].bit) return texts[i].text;
    return NULL;
}

bool registers_ended(registers *r, const char *name, bool *ended, bcq_device_counters *sum, bcq_error *error) {
    uint32_t done, bits;
    *ended = false;
    if (!r->read(r->bus, BCQ_REG_DONE, &done, error) || !r->read(r->bus, BCQ_REG_ERROR, &bits, error))
        return false;
    const char *why = describe(bits);
    if (why)
        return bcq_fail(error, "%s: wanted the end of the command, got %s (ERROR %04x)", name, why,
                        (unsigned)bits);
    sum->scale_nan |= (bits & BCQ_ERROR_SCALE_NAN) != 0;
    sum->nonfinite |= (bits & BCQ_ERROR_NONFINITE) != 0;
    *ended = done == r->number;
    return true;
}

bool registers_counters(registers *r, bcq_device_counters *sum, bool codebooks, bcq_error *error) {
    bcq_device_counters c = { 0 };
    uint64_t codebook_bytes = 0;
    const struct { uint32_t low, high; uint64_t *value; } counters[] = {
        { BCQ_REG_CYCLES, BCQ_REG_CYCLES_HI, &c.cycles }, { BCQ_REG_ISSUED, BCQ_REG_ISSUED_HI, &c.issued },
        { BCQ_REG_STALL_IN, BCQ_REG_STALL_IN_HI, &c.stall_in },
        { BCQ_REG_STALL_OUT, BCQ_REG_STALL_OUT_HI, &c.stall_out },
        { BCQ_REG_CB_COUNT, BCQ_REG_CB_COUNT_HI, &codebook_bytes },
        { BCQ_REG_W_COUNT, BCQ_REG_W_COUNT_HI, &c.w_bytes }, { BCQ_REG_A_COUNT, BCQ_REG_A_COUNT_HI, &c.a_bytes },
        { BCQ_REG_R_COUNT, BCQ_REG_R_COUNT_HI, &c.r_bytes },
    };
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        uint32_t low, high;
        if (!r->read(r->bus, counters[i].low, &low, error) || !r->read(r->bus, counters[i].high, &high, error))
            return false;
        *counters[i].value = low | (uint64_t)high << 32;
    }
    if (codebooks) {
        sum->codebook_cycles = c.cycles;
        sum->codebook_bytes = codebook_bytes;
        return true;
    }
    sum->cycles += c.cycles;
    sum->issued += c.issued;
    sum->stall_in += c.stall_in;
    sum->stall_out += c.stall_out;
    sum->w_bytes += c.w_bytes;
    sum->a_bytes += c.a_bytes;
    sum->r_bytes += c.r_bytes;
    sum->commands++;
    return true;
}
