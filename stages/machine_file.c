/* The write plan as a row of a machine file (CONTRACTS 2). */
#include <stdio.h>
#include <string.h>

#include "formats/base/encode.h"
#include "stages/application.h"
#include "stages/personalize.h"
#include "stages/reseal.h"

static const enum perso_column columns_before[] = {
    PERSO_COL_seq,    PERSO_COL_AAZ501, PERSO_COL_AAZ500,  PERSO_COL_QMGY,
    PERSO_COL_AAC002, PERSO_COL_AAC003, PERSO_COL_BAZ103,  PERSO_COL_AAC004,
    PERSO_COL_AAC005, PERSO_COL_AAC006, PERSO_COL_AAC025,  PERSO_COL_AAB301,
    PERSO_COL_AAZ503, PERSO_COL_KYXQ,   PERSO_COL_CSHJGBM, PERSO_COL_AAE010,
};
static const enum perso_column columns_after[] = {
    PERSO_COL_QMZS, PERSO_COL_JMZS,  PERSO_COL_JMMY, PERSO_COL_GLYPIN,   PERSO_COL_ZKMY,
    PERSO_COL_SSSE, PERSO_COL_steps, PERSO_COL_box,  PERSO_COL_position,
};

#define N_OF(array) (sizeof(array) / sizeof(array)[0])
#define STEPS_CHARS 64 /* all names of steps with their + are 50 */

/* One row: what has to be made before its cells can be written. */
struct row {
    const struct perso_write_plan *plan;
    char seq[11], key[2 * PERSO_POINT_BYTES + 1], steps[STEPS_CHARS];
    char pin[PERSO_SEALED_CHARS + 1], master_key[PERSO_SEALED_CHARS + 1]; /* sealed */
    struct perso_cursor envelope; /* as the machine takes it; in the answer or in room */
    uint8_t room[PERSO_ENVELOPE_BYTES];
};

static bool
has_step(const struct perso_write_plan *plan, enum perso_step step)
{
    for (size_t i = 0; i < plan->n_steps; i++)
        if (plan->steps[i] == step)
            return true;
    return false;
}

static struct perso_text
text_of(const char *string)
{
    return (struct perso_text) { string, (uint32_t)strlen(string) };
}

static enum perso_result
write_headers(struct perso_table_writer *w, const enum perso_column *columns, size_t n,
              struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        rc = perso_writer_string(w, perso_column_code(columns[i]), err);
    return rc;
}

enum perso_result
perso_machine_header(struct perso_machine_file *file, struct perso_error *err)
{
    struct perso_table_writer *w = file->writer;
    enum perso_result rc = write_headers(w, columns_before, N_OF(columns_before), err);

    if (rc == PERSO_OK)
        rc = perso_others_header(&file->others, w, err);
    if (rc == PERSO_OK)
        rc = write_headers(w, columns_after, N_OF(columns_after), err);
    return rc == PERSO_OK ? perso_writer_row(w, err) : rc;
}

/* From the job's seal into this file's; out is "" where the plan has no such step. */
static enum perso_result
seal_anew(struct perso_machine_file *file, const struct perso_write_plan *plan,
          enum perso_step step, struct perso_text sealed, char out[PERSO_SEALED_CHARS + 1],
          struct perso_error *err)
{
    out[0] = '\0';
    if (!has_step(plan, step))
        return PERSO_OK;
    return perso_reseal(file->from, file->to, plan->application->card_id, perso_step_name(step),
                        file->sequence, sealed, out, err);
}

static void
join_steps(const struct perso_write_plan *plan, char out[STEPS_CHARS])
{
    size_t at = 0;

    out[0] = '\0';
    for (size_t i = 0; i < plan->n_steps; i++)
        at += (size_t)snprintf(out + at, STEPS_CHARS - at, "%s%s", i > 0 ? "+" : "",
                               perso_step_name(plan->steps[i]));
}

static enum perso_result
convert_envelope(const struct perso_machine_file *file, struct row *row, struct perso_error *err)
{
    const char *note;
    enum perso_reject reject;

    row->envelope = perso_cursor_of("", 0);
    if (!has_step(row->plan, PERSO_STEP_ENCRYPTION_KEY))
        return PERSO_OK;
    reject = perso_machine_envelope_make(file->envelope, row->plan->answer, row->room,
                                         &row->envelope, &note);
    return reject == PERSO_REJ_NONE
               ? PERSO_OK
               : perso_error_set(err, reject, "JMMY", "%s", note != NULL ? note : "");
}

/* Secrets are sealed before the first cell, so that a failure leaves no half of a row. */
static enum perso_result
row_make(struct perso_machine_file *file, const struct perso_write_plan *plan, struct row *row,
         struct perso_error *err)
{
    const struct perso_answer *answer = plan->answer;
    enum perso_result rc;

    row->plan = plan;
    snprintf(row->seq, sizeof row->seq, "%u", file->rows + 1);
    perso_hex_upper(plan->application->public_key, PERSO_POINT_BYTES, row->key);
    join_steps(plan, row->steps);
    rc = seal_anew(file, plan, PERSO_STEP_ADMIN_PIN, answer->admin_pin, row->pin, err);
    if (rc == PERSO_OK)
        rc = seal_anew(file, plan, PERSO_STEP_MASTER_KEY, answer->master_key, row->master_key, err);
    return rc == PERSO_OK ? convert_envelope(file, row, err) : rc;
}

static struct perso_text
cell_of(const struct row *row, enum perso_column column)
{
    switch (column) {
    case PERSO_COL_seq:
        return text_of(row->seq);
    case PERSO_COL_QMGY:
        return text_of(row->key);
    case PERSO_COL_GLYPIN:
        return text_of(row->pin);
    case PERSO_COL_ZKMY:
        return text_of(row->master_key);
    case PERSO_COL_SSSE: /* names and versions of the device's keys */
        return has_step(row->plan, PERSO_STEP_SSSE_KEYS) ? row->plan->ssse_keys : text_of("");
    case PERSO_COL_steps:
        return text_of(row->steps);
    default:
        return perso_card_cell(row->plan->application, row->plan->issuance, column);
    }
}

/* The three items that travel as Base64 of bytes; nothing where the plan has no such step. */
static bool
bytes_of(const struct row *row, enum perso_column column, struct perso_cursor *ret)
{
    static const struct {
        enum perso_column column;
        enum perso_step step;
    } items[] = { { PERSO_COL_QMZS, PERSO_STEP_SIGNING_CERTIFICATE },
                  { PERSO_COL_JMZS, PERSO_STEP_ENCRYPTION_CERTIFICATE },
                  { PERSO_COL_JMMY, PERSO_STEP_ENCRYPTION_KEY } };
    const struct perso_answer *answer = row->plan->answer;
    const struct perso_cursor values[] = { answer->signing_certificate,
                                           answer->encryption_certificate, row->envelope };

    for (size_t i = 0; i < N_OF(items); i++) {
        if (items[i].column != column)
            continue;
        *ret = has_step(row->plan, items[i].step) ? values[i] : perso_cursor_of("", 0);
        return true;
    }
    return false;
}

static enum perso_result
write_cells(struct perso_table_writer *w, const struct row *row, const enum perso_column *columns,
            size_t n, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;
    struct perso_cursor bytes;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        rc = bytes_of(row, columns[i], &bytes)
                 ? perso_writer_base64(w, bytes, err)
                 : perso_writer_cell(w, cell_of(row, columns[i]), err);
    return rc;
}

enum perso_result
perso_machine_row(struct perso_machine_file *file, const struct perso_write_plan *plan,
                  struct perso_error *err)
{
    struct perso_table_writer *w = file->writer;
    struct row row;
    enum perso_result rc = row_make(file, plan, &row, err);

    if (rc == PERSO_OK)
        rc = write_cells(w, &row, columns_before, N_OF(columns_before), err);
    if (rc == PERSO_OK)
        rc = perso_others_row(&file->others, plan->issuance, w, err);
    if (rc == PERSO_OK)
        rc = write_cells(w, &row, columns_after, N_OF(columns_after), err);
    if (rc == PERSO_OK)
        rc = perso_writer_row(w, err);
    if (rc == PERSO_OK)
        file->rows++;
    else
        perso_error_at(err, plan->application->origin.file, plan->application->origin.line,
                       plan->application->origin.record);
    return rc;
}
