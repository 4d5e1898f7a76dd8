/* Tables. */
#include "io/table.h"

#include "api/api.h"

SBERTJA_API sbertja_status sbertja_table_read(const char *path, sbertja_table **table, sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    SBJ_KEEP_MODE;
    if (table == NULL)
        return sbj_no_argument(error, "table");
    *table = NULL;
    return path == NULL ? sbj_no_argument(error, "path") : sbj_table_read(&sbj_malloc, path, table, error);
}

SBERTJA_API void sbertja_table_free(sbertja_table *table)
{
    SBJ_KEEP_ERRNO;
    sbj_table_free(table);
}

SBERTJA_API size_t sbertja_table_rows(const sbertja_table *table)
{
    return sbj_table_rows(table);
}

SBERTJA_API size_t sbertja_table_columns(const sbertja_table *table)
{
    return sbj_table_columns(table);
}

SBERTJA_API const char *sbertja_table_name(const sbertja_table *table, size_t column)
{
    return sbj_table_name(table, column);
}

SBERTJA_API sbertja_status sbertja_table_find(const sbertja_table *table, const char *name, size_t *column,
                                              sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    if (table == NULL || name == NULL || column == NULL)
        return sbj_no_argument(error, table == NULL ? "table" : name == NULL ? "name" : "column");
    return sbj_table_find(table, name, column, error);
}

SBERTJA_API const char *sbertja_table_cell(const sbertja_table *table, size_t row, size_t column, size_t *length)
{
    return sbj_table_cell(table, row, column, length);
}

SBERTJA_API sbertja_status sbertja_table_number(const sbertja_table *table, size_t row, size_t column, double *value,
                                                sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    SBJ_KEEP_MODE;
    if (table == NULL || value == NULL)
        return sbj_no_argument(error, table == NULL ? "table" : "value");
    if (row >= sbj_table_rows(table) || column >= sbj_table_columns(table))
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "%s: row %zu, column %zu: the table has %zu and %zu, counted from 0",
                        sbj_table_path(table), row, column, sbj_table_rows(table), sbj_table_columns(table));
    return sbj_table_number(table, row, column, value, error);
}

SBERTJA_API sbertja_status sbertja_table_labels(const sbertja_table *table, const char *rule, int *labels,
                                                sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    SBJ_KEEP_MODE;
    if (table == NULL || rule == NULL || labels == NULL)
        return sbj_no_argument(error, table == NULL ? "table" : rule == NULL ? "rule" : "labels");
    return sbj_table_labels(&sbj_malloc, table, rule, labels, error);
}
