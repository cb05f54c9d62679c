/* SITE/site.db: the site-store port over SQLite (WAL, synchronous=FULL). */
#ifndef PIPELINE_SITE_DB_H
#define PIPELINE_SITE_DB_H

#include "perso/io.h"
#include "perso/site_store.h"

struct perso_site_db;

enum perso_result perso_site_db_create(const char *path, struct perso_error *err);
/** dry: changes go to temporary tables laid over the store, which is neither changed nor locked. */
enum perso_result perso_site_db_open(const char *path, bool dry, struct perso_site_db **ret,
                                     struct perso_error *err);
struct perso_site_store perso_site_db_store(struct perso_site_db *db);
/** Ordered by key, without heads of event chains; one line a row. */
enum perso_result perso_site_db_dump(struct perso_site_db *db, const struct perso_sink *sink,
                                     struct perso_error *err);
void perso_site_db_close(struct perso_site_db *db);

#endif
