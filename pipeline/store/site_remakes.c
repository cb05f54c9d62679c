#include "pipeline/store/site_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The rows that name the old card, and the one that the new card stands in. */
static enum perso_result
remake_shadow(struct perso_site_db *site, const char *old_card, const char *new_card,
              struct perso_error *err)
{
    static const char sql[] = "INSERT OR IGNORE INTO temp.remake"
                              " SELECT * FROM main.remake WHERE old_card = ?1 OR new_card = ?2";
    return site->dry ? perso_site_db_run(site, sql, old_card, new_card, NULL, err) : PERSO_OK;
}

enum perso_result
perso_site_db_remake_allow(void *self, const char *job, const char *const *old_cards, size_t n,
                           struct perso_error *err)
{
    static const char sql[] =
        "INSERT INTO remake (old_card, job) VALUES (?1, ?2) ON CONFLICT (old_card) DO NOTHING";
    struct perso_site_db *site = self;
    enum perso_result rc = perso_site_db_begin(site, err);

    if (rc != PERSO_OK)
        return rc;
    for (size_t i = 0; i < n && rc == PERSO_OK; i++)
        if ((rc = remake_shadow(site, old_cards[i], "", err)) == PERSO_OK)
            rc = perso_site_db_run(site, sql, old_cards[i], job, NULL, err);
    return perso_site_db_finish(site, rc, err);
}

/* One text of a row about one card; "" where there is no such row. */
static enum perso_result
text_of(struct perso_site_db *site, const char *sql, const char *card, const char *whose,
        char out[PERSO_CARD_ID_CHARS + 1], bool *found, struct perso_error *err)
{
    sqlite3_stmt *s = NULL;
    enum perso_result rc = perso_site_db_statement(site, sql, card, whose, NULL, &s, err);

    out[0] = '\0';
    *found = false;
    if (rc != PERSO_OK)
        return rc;
    if ((rc = perso_database_step(&site->db, s, err)) == PERSO_OK) {
        *found = true;
        perso_database_text(s, 0, out, PERSO_CARD_ID_CHARS + 1);
    }
    sqlite3_reset(s);
    return rc == PERSO_END ? PERSO_OK : rc;
}

static const char new_of_sql[] = "SELECT new_card FROM remake WHERE old_card = ?1"
                                 " AND substr(job, 1, length(?2)) = ?2";
static const char old_of_sql[] = "SELECT old_card FROM remake WHERE new_card = ?1";

static enum perso_result
take_one(struct perso_site_db *site, const char *job, struct perso_remake *r,
         struct perso_error *err)
{
    static const char sql[] = "UPDATE remake SET new_card = ?2, new_job = ?3 WHERE old_card = ?1";
    char has[PERSO_CARD_ID_CHARS + 1], replaces[PERSO_CARD_ID_CHARS + 1];
    const char *whose = r->whose != NULL ? r->whose : "";
    bool taken;
    enum perso_result rc = remake_shadow(site, r->old_card, r->new_card, err);

    r->granted = r->allowed = false;
    r->other_card[0] = '\0';
    if (rc != PERSO_OK ||
        (rc = text_of(site, new_of_sql, r->old_card, whose, has, &r->allowed, err)) != PERSO_OK ||
        (rc = text_of(site, old_of_sql, r->new_card, NULL, replaces, &taken, err)) != PERSO_OK ||
        !r->allowed)
        return rc;
    if (has[0] != '\0' && strcmp(has, r->new_card) != 0)
        strcpy(r->other_card, has);
    else if (taken && strcmp(replaces, r->old_card) != 0)
        strcpy(r->other_card, replaces);
    else if (strcmp(r->old_card, r->new_card) == 0) /* a card does not replace itself */
        snprintf(r->other_card, sizeof r->other_card, "%s", r->old_card);
    r->granted = r->other_card[0] == '\0';
    return r->granted ? perso_site_db_run(site, sql, r->old_card, r->new_card, job, err) : PERSO_OK;
}

enum perso_result
perso_site_db_remake_take(void *self, const char *job, struct perso_remake *remakes, size_t n,
                          struct perso_error *err)
{
    struct perso_site_db *site = self;
    /* Answers are given only when they are durable. */
    struct perso_remake *answers = malloc((n > 0 ? n : 1) * sizeof *answers);
    enum perso_result rc;

    if (answers == NULL)
        return perso_error_errno(err, "site store");
    if (n > 0)
        memcpy(answers, remakes, n * sizeof *answers);
    if ((rc = perso_site_db_begin(site, err)) == PERSO_OK) {
        for (size_t i = 0; i < n && rc == PERSO_OK; i++)
            rc = take_one(site, job, &answers[i], err);
        rc = perso_site_db_finish(site, rc, err);
    }
    if (rc == PERSO_OK && n > 0)
        memcpy(remakes, answers, n * sizeof *answers);
    free(answers);
    return rc;
}

enum perso_result
perso_site_db_remake_release(void *self, const char *job, const char *old_card,
                             const char *new_card, struct perso_error *err)
{
    static const char sql[] = "UPDATE remake SET new_card = NULL, new_job = NULL"
                              " WHERE old_card = ?1 AND new_card = ?2 AND new_job = ?3";
    struct perso_site_db *site = self;
    enum perso_result rc = perso_site_db_begin(site, err);

    if (rc != PERSO_OK)
        return rc;
    if ((rc = remake_shadow(site, old_card, new_card, err)) == PERSO_OK)
        rc = perso_site_db_run(site, sql, old_card, new_card, job, err);
    return perso_site_db_finish(site, rc, err);
}

enum perso_result
perso_site_db_remake_of(void *self, const char *card_id, char replaces[PERSO_CARD_ID_CHARS + 1],
                        char replaced_by[PERSO_CARD_ID_CHARS + 1], struct perso_error *err)
{
    struct perso_site_db *site = self;
    bool found;
    enum perso_result rc = remake_shadow(site, card_id, card_id, err);

    if (rc == PERSO_OK)
        rc = text_of(site, old_of_sql, card_id, NULL, replaces, &found, err);
    return rc == PERSO_OK ? text_of(site, new_of_sql, card_id, "", replaced_by, &found, err) : rc;
}
