/* Lists for people that close writes. */
#include "pipeline/drive/finish.h"
#include "pipeline/file/output.h"
#include "pipeline/job/cards.h"

enum perso_result
perso_list_row(struct perso_table_writer *w, const char *const *texts, size_t n,
               struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        rc = perso_writer_string(w, texts[i], err);
    return rc == PERSO_OK ? perso_writer_row(w, err) : rc;
}

struct listing {
    struct perso_job *job;
    struct perso_table_writer *w;
    const struct perso_list *list;
};

static enum perso_result
write_cards(void *arg, const struct perso_card *cards, size_t n, struct perso_error *err)
{
    const struct listing *l = arg;
    enum perso_result rc = PERSO_OK;

    perso_arena_reset(l->job->arena);
    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        rc = l->list->write(l->job, l->w, &cards[i], err);
    return rc;
}

enum perso_result
perso_list_write(struct perso_job *job, const char *folder, const struct perso_list *list,
                 struct perso_error *err)
{
    enum perso_charset charset = PERSO_UTF8;
    struct perso_durable *file = NULL;
    struct perso_table_writer w;
    struct listing listing = { job, &w, list };
    struct perso_sink sink;
    enum perso_result rc = perso_output_open(job, folder, list->name, &file, &sink, err);

    if (rc != PERSO_OK)
        return rc;
    perso_charset_find(job->site.conf.list_encoding, &charset);
    perso_writer_init(&w, sink, charset, true);
    if ((rc = perso_writer_bom(&w, err)) == PERSO_OK &&
        (rc = perso_list_row(&w, list->header, list->n_header, err)) == PERSO_OK &&
        (rc = perso_job_each_cards(job, list->states, write_cards, &listing, err)) == PERSO_OK &&
        (rc = perso_writer_flush(&w, err)) == PERSO_OK)
        return perso_durable_commit(file, NULL, NULL, err);
    perso_durable_abandon(file);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}
