/* fill_page TEMPLATE POINTS.json OUT.html: explore_page() for tests. */
#include <stdio.h>

#include "explore_page.h"

int main(int argc, char **argv) {
    bcq_error error;
    if (argc != 4) {
        fprintf(stderr, "fill_page: wanted TEMPLATE POINTS.json OUT.html, got %d arguments\n", argc - 1);
        return 2;
    }
    if (explore_page(argv[1], argv[2], argv[3], &error)) return 0;
    fprintf(stderr, "fill_page: %s\n", error.message);
    return 2;
}
