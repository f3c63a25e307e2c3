#include <glob.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>

#include "explore.h"

/* Each text goes in with its length before it, so that no two lists of texts look alike. */

struct explore_key { SHA2_CTX context; };

explore_key *explore_key_open(void) {
    explore_key *k = calloc(1, sizeof *k);
    if (k) SHA256Init(&k->context);
    return k;
}

static void add(explore_key *k, const void *data, size_t size) {
    uint64_t length = size;
    SHA256Update(&k->context, (const uint8_t *)&length, sizeof length);
    SHA256Update(&k->context, data, size);
}

void explore_key_text(explore_key *k, const char *name, const char *text) {
    add(k, name, strlen(name));
    add(k, text, strlen(text));
}

bool explore_key_files(explore_key *k, const char *root, const char *pattern, bcq_error *error) {
    char *whole = explore_path("%s/%s", root, pattern);
    glob_t found;
    bool good = glob(whole, 0, NULL, &found) == 0;
    if (!good) bcq_fail(error, "%s: wanted files of this name, got none", whole);
    for (size_t i = 0; good && i < found.gl_pathc; i++) {
        size_t size;
        char *text = explore_read_text(found.gl_pathv[i], &size, error);
        good = text;
        if (!good) break;
        add(k, found.gl_pathv[i] + strlen(root), strlen(found.gl_pathv[i]) - strlen(root));
        add(k, text, size);
        free(text);
    }
    globfree(&found);
    free(whole);
    return good;
}

void explore_key_close(explore_key *k, char hex[EXPLORE_KEY + 1]) {
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256Final(digest, &k->context);
    for (int i = 0; i < EXPLORE_KEY / 2; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    free(k);
}
