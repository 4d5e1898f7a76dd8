/* The package that a spreadsheet is: a ZIP archive of XML parts. Parts are parsed as they are unpacked, so that no part
 * stands in memory as a whole.
 *
 * What a file may unpack to is bounded, so that a hostile one takes neither the host's memory nor its time: see
 * docs/FORMATS.md for the limits. */
#ifndef SBJ_PACKAGE_H
#define SBJ_PACKAGE_H

#include "util/alloc.h"

struct zip;

typedef struct sbj_package {
    const char *path; /* for errors */
    struct zip *zip;
    size_t max_part;    /* bytes that a part may unpack to */
    size_t max_content; /* bytes that all cells and shared strings together may take in memory */
} sbj_package;

enum { SBJ_MAX_CELL = 64 << 20 }; /* bytes of one text */

/* What is told of a part's elements. Names are without their prefix. Any may be NULL; a status other than _OK stops
 * the parser and becomes the result, with the error as it is. */
typedef struct sbj_xml_handler {
    sbertja_status (*start)(void *context, const char *name, const char **attributes, sbertja_error *error);
    sbertja_status (*end)(void *context, const char *name, sbertja_error *error);
    sbertja_status (*text)(void *context, const char *text, size_t length, sbertja_error *error);
    void *context;
} sbj_xml_handler;

/* `data` is the file and must outlive the package. */
sbertja_status sbj_package_open(const char *path, const char *data, size_t size, sbj_package *package,
                                sbertja_error *error);
void sbj_package_close(sbj_package *package); /* takes a zeroed one */
/* Parses a part, such as "xl/workbook.xml", which may unpack to `max` bytes. The errors of malformed ones begin with file,
 * part and the part's line. */
sbertja_status sbj_package_parse(const sbj_package *package, const char *part, size_t max,
                                 const sbj_xml_handler *handler, sbertja_error *error);
/* _E_FORMAT if cells and strings that take so many bytes are more than the file may hold. */
sbertja_status sbj_package_check_content(const sbj_package *package, size_t bytes, sbertja_error *error);
/* The value of the attribute with this name, whatever its prefix, or NULL. */
const char *sbj_xml_attribute(const char **attributes, const char *name);

#endif
