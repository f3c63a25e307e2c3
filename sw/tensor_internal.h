/* Shared by the readers of tensor files and of packed tensors; not part of the library's API. */
#ifndef TENSOR_INTERNAL_H
#define TENSOR_INTERNAL_H

#include <stdatomic.h>

#include "bcq.h"

/* A regular file, not empty, mapped read-only. Several tensors of one file share one mapping. */
typedef struct {
    const uint8_t *data;
    size_t size;
    char *path;
    atomic_int users;
} mapped_file;

mapped_file *mapped_file_open(const char *path, bcq_error *error);
void mapped_file_close(mapped_file *f);  /* drops one user; the last one unmaps. NULL is fine. */

static inline uint16_t load_le16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }
static inline uint32_t load_le32(const uint8_t *p) {
    return load_le16(p) | (uint32_t)load_le16(p + 2) << 16;
}
static inline uint64_t load_le64(const uint8_t *p) {
    return load_le32(p) | (uint64_t)load_le32(p + 4) << 32;
}

/* Appends a zeroed entry of that name to a list; NULL, with a message, when memory runs out. */
bcq_tensor_entry *tensor_list_add(bcq_tensor_list *list, const mapped_file *f, const char *name,
                                  bcq_error *error);

/* Scalars of an entry (1 for 0-D); false if the product does not fit in 63 bits. */
bool tensor_scalars(const bcq_tensor_entry *e, uint64_t *scalars);
int tensor_type_bytes(bcq_type type);    /* 0 for BCQ_TYPE_OTHER */

/* A tensor's name as messages show it. The file decides what is in it and how long it is: cut, so that
 * what is said behind it is seen, and '?' for control characters. */
enum { NAME_SHOWN = 200 };
void tensor_name_show(const char *name, char shown[NAME_SHOWN + 1]);

/* Each reader checks the whole structure of the file against its size and lists what it holds. */
bool npy_is(const mapped_file *f);
bool npy_list(const mapped_file *f, bcq_tensor_list *list, bcq_error *error);
bool safetensors_is(const mapped_file *f);
bool safetensors_list(const mapped_file *f, bcq_tensor_list *list, bcq_error *error);
bool llama2c_is(const mapped_file *f);
bool llama2c_list(const mapped_file *f, bcq_tensor_list *list, bcq_error *error);

/* The header of a packed tensor, CRC included (sw/packed.c). False if the size does not fit. */
bool packed_header_fill(const bcq_packed_info *info, bcq_packed_header *header);

/* The bytes of a record, of bcq_array_bytes(): as in the file (sw/packed.c). */
const uint8_t *packed_record_bytes(const bcq_packed *t, int64_t row, int64_t j);

/* False, with both identities in the message, if t was made with other codebooks (sw/packed.c). */
bool packed_made_with(const bcq_packed *t, const bcq_codebooks *cb, bcq_error *error);

#endif
