#include "pipeline/file/input.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pipeline/file/known.h"
#include "pipeline/file/side.h"
#include "pipeline/job/path.h"

/* ---- open ---- */

static enum perso_result
sniff(struct perso_input *in, struct perso_error *err)
{
    uint8_t head[512];
    size_t n = 0;
    enum perso_result rc;

    if (in->bytes == 0)
        return perso_error_set(err, PERSO_REJ_FILE_EMPTY, "", "empty file");
    if ((rc = perso_source_read(&in->source, head, sizeof head, &n, err)) != PERSO_OK)
        return rc;
    in->form = perso_archive_sniff(head, n);
    if ((rc = perso_file_source_rewind(in->file, err)) != PERSO_OK ||
        (rc = perso_source_sm3(&in->source, in->sm3, NULL, err)) != PERSO_OK ||
        (rc = perso_file_source_rewind(in->file, err)) != PERSO_OK)
        return rc;
    return perso_side_manifest_fits(&in->side, in->sm3, err);
}

enum perso_result
perso_input_open(const struct perso_job *job, const char *path,
                 const struct perso_table_profile *profile, const char *encoding,
                 struct perso_input *ret, struct perso_error *err)
{
    enum perso_result rc;

    *ret = (struct perso_input) { .job = job, .profile = profile };
    snprintf(ret->path, sizeof ret->path, "%s", path);
    perso_job_display(job, path, ret->display, sizeof ret->display);
    perso_archive_in_begin(&ret->reader, &job->profile.archive, job->site.folder, ret->display);
    if ((rc = perso_digest_source_new(&ret->digest, err)) != PERSO_OK)
        return rc;
    if ((rc = perso_file_name_check(ret->display, err)) == PERSO_OK &&
        (rc = perso_file_source_open(path, &ret->file, err)) == PERSO_OK) {
        ret->source = perso_file_source(ret->file);
        ret->bytes = perso_file_source_bytes(ret->file);
        if ((rc = perso_side_manifest_of(ret->path, &ret->side, err)) == PERSO_OK)
            rc = sniff(ret, err);
    }
    if (rc != PERSO_OK)
        perso_error_at(err, ret->display, 0, 0);
    snprintf(ret->encoding, sizeof ret->encoding, "%s",
             encoding[0] != '\0' || !ret->side.has_encoding ? encoding : ret->side.encoding);
    return rc;
}

/* ---- tables ---- */

static enum perso_result
open_table(struct perso_input *in, const struct perso_source *source, const char *encoding,
           const enum perso_column *required, struct perso_error *err)
{
    struct perso_table_options options;
    enum perso_result rc =
        perso_profile_table(&in->job->profile, in->profile, encoding, in->display, &options, err);
    if (rc != PERSO_OK)
        return rc;
    snprintf(in->charset, sizeof in->charset, "%s", perso_charset_name(options.charset));
    options.required = required;
    options.sparse = in->sparse;
    in->member = perso_digest_source_of(&in->digest, source);
    return perso_table_open(&in->member, &options, &in->table, err);
}

/* Of several tables: which one. Its name may be somebody's. */
static void
tell_place(const struct perso_input *in, struct perso_error *err)
{
    if (in->current != NULL)
        perso_error_prefix(err, "member %u: ", in->current->number);
    perso_error_at(err, in->display, 0, 0);
}

static struct perso_input_member *
member_of(struct perso_input *in, const char *name, struct perso_error *err)
{
    for (size_t i = 0; i < in->n_members; i++)
        if (strcmp(in->members[i].name, name) == 0)
            return &in->members[i];
    if (in->n_members == PERSO_INPUT_MEMBERS || strlen(name) >= PERSO_MEMBER_NAME_BYTES) {
        perso_error_set(err, PERSO_REJ_ARCHIVE_LIMIT, "", "more than %u members or a long name",
                        PERSO_INPUT_MEMBERS);
        return NULL;
    }
    struct perso_input_member *m = &in->members[in->n_members++];
    *m = (struct perso_input_member) { 0 };
    strcpy(m->name, name);
    return m;
}

static enum perso_result
read_member_manifest(struct perso_input *in, const char *name, uint32_t number,
                     const struct perso_source *source, struct perso_error *err)
{
    char of[PERSO_MEMBER_NAME_BYTES];
    uint8_t bytes[4096];
    size_t n = 0;
    enum perso_result rc = perso_source_fill(source, bytes, sizeof bytes, &n, err);

    if (rc != PERSO_OK)
        return rc;
    if (n == sizeof bytes)
        return perso_error_set(err, PERSO_REJ_MANIFEST_SYNTAX, "", "longer than %zu bytes", n);
    snprintf(of, sizeof of, "%.*s", (int)(strlen(name) - strlen(PERSO_SIDE_MANIFEST)), name);
    struct perso_input_member *m = member_of(in, of, err);
    if (m == NULL)
        return PERSO_REJECT;
    m->listed = true;
    if (!m->read)
        m->number = number;
    return perso_side_manifest_read(perso_cursor_of(bytes, n), &m->total, err);
}

/* The manifests of all members: one may stand behind the table whose encoding it states. The next
 * walk begins anew. */
static enum perso_result
read_manifests(struct perso_input *in, struct perso_error *err)
{
    struct perso_archive *archive = NULL;
    const char *name;
    struct perso_source source;
    enum perso_result rc = perso_file_source_rewind(in->file, err);

    if (rc == PERSO_OK)
        rc = perso_archive_in_open(&in->reader, &in->source, &archive, err);
    while (rc == PERSO_OK && (rc = perso_archive_next(archive, &name, &source, err)) == PERSO_OK)
        if (perso_ends_with(name, PERSO_SIDE_MANIFEST))
            rc = read_member_manifest(in, name, perso_archive_members(archive), &source, err);
    perso_archive_free(archive);
    in->foreseen = true;
    return rc == PERSO_END ? perso_file_source_rewind(in->file, err) : rc;
}

static enum perso_result
next_member(struct perso_input *in, const enum perso_column *required, struct perso_error *err)
{
    const char *name;
    struct perso_source source;
    enum perso_result rc;

    if (in->archive == NULL &&
        (rc = perso_archive_in_open(&in->reader, &in->source, &in->archive, err)) != PERSO_OK)
        return rc;
    while ((rc = perso_archive_next(in->archive, &name, &source, err)) == PERSO_OK) {
        if (perso_ends_with(name, PERSO_SIDE_MANIFEST)) {
            rc = read_member_manifest(in, name, perso_archive_members(in->archive), &source, err);
            if (rc != PERSO_OK)
                return rc;
            continue;
        }
        if (!perso_ends_with(name, ".csv") && !perso_ends_with(name, ".txt"))
            return perso_error_set(err, PERSO_REJ_ARCHIVE_MEMBER, "", /* it may name a person */
                                   "member %u: neither a table (.csv, .txt) nor its manifest",
                                   perso_archive_members(in->archive));
        if ((in->current = member_of(in, name, err)) == NULL)
            return PERSO_REJECT;
        in->current->number = perso_archive_members(in->archive);
        if (in->encoding[0] == '\0' && !in->current->listed && !in->foreseen) {
            perso_archive_free(in->archive);
            in->archive = NULL;
            return (rc = read_manifests(in, err)) == PERSO_OK ? next_member(in, required, err) : rc;
        }
        in->current->read = true;
        const struct perso_side_manifest *total = &in->current->total;
        bool stated = in->encoding[0] == '\0' && in->current->listed && total->has_encoding;
        return open_table(in, &source, stated ? total->encoding : in->encoding, required, err);
    }
    return rc;
}

enum perso_result
perso_input_next(struct perso_input *in, const enum perso_column *required, struct perso_error *err)
{
    enum perso_result rc;

    if (in->form != PERSO_ARCHIVE_NONE) {
        rc = next_member(in, required, err);
    } else if (in->begun) {
        return PERSO_END;
    } else {
        rc = open_table(in, &in->source, in->encoding, required, err);
    }
    in->begun = true;
    if (rc == PERSO_OK)
        perso_progress_begin(&in->progress, in->display, in->side.has_rows ? in->side.rows : 0);
    if (rc == PERSO_REJECT)
        tell_place(in, err);
    return rc;
}

static enum perso_result
end_table(struct perso_input *in, struct perso_error *err)
{
    enum perso_result rc = perso_table_shapes(in->table, err);
    uint8_t sm3[PERSO_SM3_BYTES] = { 0 };

    if (rc == PERSO_OK)
        rc = perso_digest_source_end(&in->digest, sm3, err);
    if (in->current != NULL) {
        in->current->rows = perso_table_rows(in->table);
        memcpy(in->current->sm3, sm3, sizeof sm3);
    }
    perso_progress_end(&in->progress);
    in->rows += perso_table_rows(in->table);
    perso_table_free(in->table);
    in->table = NULL;
    if (rc != PERSO_OK)
        return rc;
    in->current = NULL;
    return PERSO_END;
}

enum perso_result
perso_input_rows(struct perso_input *in, struct perso_arena *arena, struct perso_row *rows,
                 struct perso_cells *cells, size_t max, size_t *n, struct perso_error *err)
{
    enum perso_result rc = perso_table_read(in->table, arena, rows, max, n, err);

    if (rc == PERSO_END) {
        rc = end_table(in, err);
    } else if (rc == PERSO_OK) {
        const struct perso_layout *layout = perso_table_layout(in->table);
        perso_progress_add(&in->progress, *n);
        for (size_t i = 0; rc == PERSO_OK && i < *n; i++)
            rc = perso_cells_of_row(layout, &rows[i], arena, &cells[i], err);
        /* Secrets come only in packages of the RA: in a table they would be stored in clear. */
        for (size_t i = 0; rc == PERSO_OK && i < *n; i++)
            cells[i].known[PERSO_COL_GLYPIN] = cells[i].known[PERSO_COL_ZKMY] =
                (struct perso_text) { "", 0 };
        for (size_t i = 0; rc == PERSO_OK && i < *n; i++) /* over all tables of the file */
            rows[i].origin.record += in->rows;
    }
    if (rc == PERSO_REJECT)
        tell_place(in, err);
    return rc;
}

/* ---- totals ---- */

static enum perso_result
check_member(const struct perso_input_member *m, bool *vouched, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    if (!m->listed) {
        *vouched = false;
        return PERSO_OK;
    }
    if (!m->read)
        rc = perso_error_set(err, PERSO_REJ_PACKAGE_MEMBER, "",
                             "a manifest of a table that is not there");
    else if (m->total.has_rows && m->total.rows != m->rows)
        rc = perso_error_set(err, PERSO_REJ_ROW_COUNT, "", "have %u rows, want %u", m->rows,
                             m->total.rows);
    else if (m->total.has_sm3 && memcmp(m->total.sm3, m->sm3, PERSO_SM3_BYTES) != 0)
        rc = perso_error_set(err, PERSO_REJ_FILE_DIGEST, "", "%s", "");
    if (rc != PERSO_OK)
        perso_error_prefix(err, "member %u: ", m->number);
    *vouched = *vouched && (m->total.has_rows || m->total.has_sm3);
    return rc;
}

static enum perso_result
check_totals(const struct perso_input *in, uint32_t operator_rows, struct perso_error *err)
{
    bool vouched = in->n_members > 0;
    enum perso_result rc;

    for (size_t i = 0; i < in->n_members; i++)
        if ((rc = check_member(&in->members[i], &vouched, err)) != PERSO_OK)
            return rc;
    bool stated = vouched || in->side.has_rows || operator_rows != UINT32_MAX;
    if (in->side.has_rows && in->side.rows != in->rows)
        return perso_error_set(err, PERSO_REJ_ROW_COUNT, "", "have %u rows, want %u", in->rows,
                               in->side.rows);
    if (operator_rows != UINT32_MAX && operator_rows != in->rows)
        return perso_error_set(err, PERSO_REJ_ROW_COUNT, "", "have %u rows, want %u", in->rows,
                               operator_rows);
    /* An export that found nothing is no order; a stated total says that it is meant. */
    if (in->rows == 0 && !stated)
        return perso_error_set(err, PERSO_REJ_FILE_EMPTY, "", "a header and no rows");
    if (stated || in->side.has_sm3)
        return PERSO_OK;
    if (strcmp(in->profile->row_count, "required") == 0)
        return perso_error_set(err, PERSO_REJ_ROW_COUNT, "",
                               "no manifest states the number of rows: have %u", in->rows);
    perso_warn("%s: %u rows; no manifest vouches for the end of the file", in->display, in->rows);
    return PERSO_OK;
}

enum perso_result
perso_input_finish(struct perso_input *in, uint32_t operator_rows, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    if (in->form != PERSO_ARCHIVE_NONE && in->rows == 0 && in->n_members == 0)
        rc = perso_error_set(err, PERSO_REJ_FILE_FORMAT, "", "the archive holds no table");
    if (rc == PERSO_OK)
        rc = check_totals(in, operator_rows, err);
    if (rc == PERSO_REJECT)
        perso_error_at(err, in->display, 0, 0);
    return rc;
}

void
perso_input_close(struct perso_input *in)
{
    perso_progress_end(&in->progress);
    perso_table_free(in->table);
    perso_archive_free(in->archive);
    perso_archive_in_end(&in->reader);
    perso_file_source_close(in->file);
    perso_digest_source_free(&in->digest);
    *in = (struct perso_input) { 0 };
}
