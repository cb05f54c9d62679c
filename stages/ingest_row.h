/* One row of application data under judgement. Inside stages/ only. */
#ifndef STAGES_INGEST_ROW_H
#define STAGES_INGEST_ROW_H

#include "formats/base/row_payload.h"
#include "formats/pki/pkcs10.h"
#include "stages/ingest.h"

/* What has its form was read before the checks, so that duplicates of a held row are found too. */
struct perso_ingest_row {
    const struct perso_ingest_rules *rules;
    const struct perso_waivers *waivers;
    const struct perso_text *cells;
    size_t index; /* in the batch */
    struct perso_application *out;
    struct perso_arena *arena; /* out->request lies there */
    bool has_card_id, has_division, has_key;
    bool has_proof; /* request has a signature that is still to be judged */
    struct perso_pkcs10 request;
    enum perso_column proof; /* where its signature stands */
};

/** rules, waivers, cells, index, arena, out with its origin are set. */
void perso_ingest_row_read(struct perso_ingest_row *row);

/**
 * The checks of the columns that are set, in the order of the table of rejects: of several faults
 * the first one is told. wanted NULL: every column.
 */
enum perso_result perso_ingest_row_judge(struct perso_ingest_row *row, const bool *wanted,
                                         struct perso_verdict *verdict, struct perso_error *err);

/** A verdict of what a check says, of the column that it names, else of this one. */
void perso_ingest_fault(struct perso_verdict *verdict, const struct perso_error *fault,
                        enum perso_column column);

/* ingest_request.c: the checks of the request, by form of application. Columns are the ones that
 * they are listed under. */
enum perso_result perso_ingest_check_id(struct perso_ingest_row *row, enum perso_column column,
                                        struct perso_error *err);
enum perso_result perso_ingest_check_signature(struct perso_ingest_row *row,
                                               enum perso_column column, struct perso_error *err);
enum perso_result perso_ingest_check_request(struct perso_ingest_row *row, enum perso_column column,
                                             struct perso_error *err);
enum perso_result perso_ingest_check_subject(struct perso_ingest_row *row, enum perso_column column,
                                             struct perso_error *err);

/** The request info that the card is asked to sign, in the arena: what identifies in its one form,
 * as the department will read it too. */
enum perso_result perso_ingest_row_info(const struct perso_ingest_row *row,
                                        struct perso_cursor *ret, struct perso_error *err);

#endif
