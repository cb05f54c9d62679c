#ifndef STAGES_APPLICATION_FILE_H
#define STAGES_APPLICATION_FILE_H

#include "formats/text/write.h"
#include "perso/record.h"
#include "stages/others.h"

/** Header of application.csv: AAZ501,AAZ500,AAC002,AAC003,AAB301,QMGY,P10,QM,box,position,replaces,
 * then the columns that Persoline does not know. */
enum perso_result perso_application_file_header(const struct perso_others *others,
                                                struct perso_table_writer *w,
                                                struct perso_error *err);

/**
 * Application data for the department: one row of application.csv a card, which its ingest reads as
 * the same application record.
 * in       application data and the cells that they were read from
 * out      what identifies in its one form (upper case), the rest as it was received: name[i] is
 *          the application's, nothing was compared yet
 * clause   LD/T 03-2022 6.4.7.2 a, b
 */
enum perso_result perso_stage_application_file(const struct perso_application *applications,
                                               const struct perso_cells *cells, size_t n,
                                               const struct perso_others *others,
                                               struct perso_table_writer *w,
                                               struct perso_error *err);

#endif
