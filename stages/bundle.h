#ifndef STAGES_BUNDLE_H
#define STAGES_BUNDLE_H

#include "formats/text/write.h"
#include "perso/record.h"

/** Header of requests.csv: request_id,AAC002,AAZ500,AAC003,AAB301,SF,QMGY,P10. */
enum perso_result perso_requests_header(struct perso_table_writer *w, struct perso_error *err);

/**
 * Bundle: one row of requests.csv a card (CONTRACTS 2).
 * in       application data; name[i] as the issuance data has it (DOMAIN 3.1: the issuance side's
 *          name goes to card and certificate)
 * clause   LD/T 03-2022 6.4.7.2 b
 */
enum perso_result perso_stage_bundle(const struct perso_application *applications,
                                     const struct perso_text *names, size_t n,
                                     struct perso_table_writer *w, struct perso_error *err);

#endif
