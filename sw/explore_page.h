/* The explorer's report page: a template, the points, and the JavaScript libraries in one HTML file that opens from
 * disk and loads nothing from anywhere. */
#ifndef EXPLORE_PAGE_H
#define EXPLORE_PAGE_H

#include "bcq.h"

/* template: sw/explore/page.html. Its markers, each at least once, and no others of the form @LETTERS@:
 *   @TITLE@                          the JSON's title, as HTML text
 *   @DATA@                           the JSON as it stands, "<" in strings as \u003c
 *   @CHARTJS@ @JQUERY@               the libraries
 *   @DATATABLES_JS@ @DATATABLES_CSS@
 * json: points.json, {"title": text, "generated_by": text, "columns": [{"key", "title", "unit", "about"}...],
 *   "points": [{"name": text, KEY: number, text, boolean or null..., "recipe": text}...]}. A point may lack any key
 *   but its name. A column may say "better": "more", "less" or "none"; see the template.
 * out: written complete or not at all.
 * The libraries are looked for in the folder that the environment's BCQ_JAVASCRIPT names, or else where Debian's
 * packages libjs-chart.js (version 3 or later), libjs-jquery and libjs-jquery-datatables put them. */
bool explore_page(const char *template, const char *json, const char *out, bcq_error *error);

#endif
