#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd.h"

static const char help[] =
"bcq info FILE\n"
"Says what FILE holds: codebooks, a packed .bcq tensor (checked whole), or the tensors of a .npy,\n"
".safetensors or llama2.c .bin file.\n"
"\n"
"Examples:\n"
"  bcq info cb.txt\n"
"  bcq info w.bcq\n"
"  bcq info model.safetensors\n";

static void print_params(const bcq_params *p) {
    printf("parameters     la %d, lb %d, nc %d, bits %d, ew %d\n", p->la, p->lb, p->nc,
           p->index_bits, p->entry_bits);
    printf("bits a scalar  %.6g\n", bcq_effective_bits(p));
}

static void print_identity(const uint8_t identity[BCQ_IDENTITY_BYTES]) {
    char hex[2 * BCQ_IDENTITY_BYTES + 1];
    bcq_identity_hex(identity, hex);
    printf("identity       %s\n", hex);
}

static bool info_codebooks(const char *path, bcq_error *error) {
    bcq_codebooks cb;
    if (!bcq_codebooks_read(path, &cb, error)) return false;
    uint8_t identity[BCQ_IDENTITY_BYTES];
    bcq_codebooks_identity(&cb, identity);
    printf("format         codebooks\n");
    print_params(&cb.p);
    print_identity(identity);
    printf("entry 0        %s\n", bcq_codebooks_have_zero(&cb) ? "in every codebook"
           : "missing in a codebook: no padding");
    for (int c = 0; c < cb.p.nc; c++) {
        printf("codebook %2d   ", c);
        for (int k = 0; k < bcq_entries(&cb.p); k++) printf(" %4d", cb.entry[c][k]);
        printf("\n");
    }
    return true;
}

static bool info_packed(const char *path, bcq_error *error) {
    bcq_packed *t = bcq_packed_open(path, NULL, error);
    if (!t) return false;
    const bcq_packed_info *info = bcq_packed_get_info(t);
    printf("format         .bcq\n");
    printf("shape          %" PRId64 " x %" PRId64 "\n", info->rows, info->k);
    print_params(&info->p);
    print_identity(info->identity);
    printf("exponent       %d\n", info->exponent);
    printf("input          %s\n", info->bf16 ? "rounded to BF16" : "FP32");
    printf("arrays a row   %" PRId64 " of %zu bytes\n", info->arrays, bcq_array_bytes(&info->p));

    uint64_t uses[BCQ_NC_MAX] = { 0 }, total = 0;
    for (int64_t row = 0; row < info->rows; row++) {
        for (int64_t j = 0; j < info->arrays; j++) {
            bcq_array a;
            bcq_packed_array(t, row, j, &a);
            for (int i = 0; i < info->p.la / info->p.lb; i++) uses[a.selector[i]]++;
        }
    }
    for (int c = 0; c < info->p.nc; c++) total += uses[c];
    for (int c = 0; c < info->p.nc; c++)
        printf("selector %2d    %" PRIu64 " blocks, %.1f %%\n", c, uses[c],
               100.0 * (double)uses[c] / (double)total);
    bcq_packed_close(t);
    return true;
}

/* Names come out of the file: nothing in them may move the cursor. At least `width` columns. */
static void print_name(const char *name, int width) {
    for (; *name; name++, width--)
        putchar((unsigned char)*name < 32 || *name == 127 ? '?' : *name);
    for (; width > 0; width--) putchar(' ');
}

static bool info_tensors(const char *path, bcq_error *error) {
    bcq_tensor_list *list = bcq_tensor_list_read(path, error);
    if (!list) return false;
    printf("format         %s\n", list->format);
    for (size_t i = 0; i < list->count; i++) {
        const bcq_tensor_entry *e = &list->entries[i];
        char shape[BCQ_DIMS_MAX * 24] = "0-D";
        for (int d = 0, used = 0; d < e->dims; d++)
            used += snprintf(shape + used, sizeof shape - (size_t)used, "%s%" PRId64,
                             d ? " x " : "", e->shape[d]);
        printf("tensor         ");
        print_name(e->dtype, 8);
        printf(" %-16s ", shape);
        print_name(e->name[0] ? e->name : "(no name)", 0);
        printf("%s\n", e->type == BCQ_TYPE_OTHER ? "  (dtype not readable)" : "");
    }
    bcq_tensor_list_free(list);
    return true;
}

typedef enum { PACKED, TEXT, OTHER } kind;

/* By the first bytes: a packed tensor begins with its magic, codebooks are text, and each tensor
 * format has a byte within the first eight that is none. */
static kind sniff(const char *path) {
    struct stat s;
    FILE *f = stat(path, &s) == 0 && S_ISREG(s.st_mode) ? fopen(path, "rb") : NULL;
    unsigned char first[64];
    size_t length = f ? fread(first, 1, sizeof first, f) : 0;
    if (f) fclose(f);
    if (length == 0) return OTHER;  /* its reader says what is wrong */
    if (length >= 4 && memcmp(first, BCQ_PACKED_MAGIC, 4) == 0) return PACKED;
    for (size_t i = 0; i < length; i++)
        if (first[i] < 32 && first[i] != '\t' && first[i] != '\n' && first[i] != '\r') return OTHER;
    return first[0] < 128 ? TEXT : OTHER;
}

int cmd_info(int argc, char **argv) {
    static const struct option longs[] = { { "help", no_argument, 0, 'h' }, { 0 } };
    bcq_error error;
    bool good = true;
    for (int option; good && (option = next_option(argc, argv, ":h", longs, &error)) != -1; ) {
        if (option == 'h') {
            fputs(help, stdout);
            return EXIT_DONE;
        }
        good = false;
    }
    if (good && argc - optind != 1)
        good = bcq_fail(&error, "command line: wanted FILE, got %s",
                        argc == optind ? "none" : "more than one");
    if (good) {
        const char *path = argv[optind];
        kind k = sniff(path);
        good = k == PACKED ? info_packed(path, &error)
             : k == TEXT ? info_codebooks(path, &error) : info_tensors(path, &error);
    }
    return good ? EXIT_DONE : refuse(argv[0], &error);
}
