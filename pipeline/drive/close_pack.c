/* Packages that close writes: one table of its cards each. */
#include <stdlib.h>
#include <string.h>

#include "formats/sm2/sm3.h"
#include "pipeline/drive/finish.h"
#include "pipeline/file/packing.h"
#include "pipeline/file/preview.h"
#include "pipeline/report/slip.h"

struct packing {
    const struct perso_close_package *package;
    struct perso_table_writer writer;
    uint32_t cards, rows;
};

static enum perso_result
write_cards(void *arg, const struct perso_card *cards, size_t n, struct perso_error *err)
{
    struct packing *p = arg;
    struct perso_job *job = p->package->job;
    enum perso_result rc = PERSO_OK;

    perso_arena_reset(job->arena);
    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        rc = p->package->write(job, &p->writer, &cards[i], &p->rows, err);
    p->cards += (uint32_t)n;
    return rc;
}

static enum perso_result
make_table(struct packing *p, int64_t file_id, struct perso_memory *memory, struct perso_error *err)
{
    enum perso_result rc;

    perso_writer_init(&p->writer, perso_memory_sink(memory), PERSO_UTF8, false);
    if ((rc = p->package->header(&p->writer, err)) == PERSO_OK &&
        (rc = perso_outgoing_standing(p->package->job, p->package->what, file_id, write_cards, p,
                                      err)) == PERSO_OK)
        rc = perso_writer_flush(&p->writer, err);
    return rc;
}

static enum perso_result
pack(const struct packing *p, struct perso_ledger_file *file, const struct perso_memory *table,
     struct perso_error *err)
{
    const struct perso_close_package *package = p->package;
    uint8_t digest[PERSO_SM3_BYTES];
    char *slip = NULL;
    enum perso_result rc;

    file->rows = p->cards;
    if (package->job->options.dry_run)
        perso_preview_head(&package->job->say, package->table, table->bytes, table->n);
    if (!perso_sm3_of(table->bytes, table->n, digest))
        return perso_error_openssl(err, "SM3");
    if ((rc = perso_slip_package(package->job, package->what, file, digest, &slip, err)) !=
        PERSO_OK)
        return rc;
    struct perso_package_member members[3] = { { package->table, table->bytes, table->n,
                                                 p->rows } };
    size_t n = 1;
    if (package->more.name != NULL)
        members[n++] = package->more;
    members[n++] = (struct perso_package_member) { "slip.txt", slip, strlen(slip), 0 };
    rc = perso_packing_write(package->job, file, members, n, false, err);
    free(slip);
    return rc;
}

enum perso_result
perso_close_pack(const struct perso_close_package *package, struct perso_ledger_file *file,
                 struct perso_error *err)
{
    struct packing *p = calloc(1, sizeof *p);
    struct perso_memory table = { 0 };
    enum perso_result rc;

    if (p == NULL)
        return perso_error_errno(err, "memory");
    p->package = package;
    if ((rc = make_table(p, file->id, &table, err)) == PERSO_OK)
        rc = pack(p, file, &table, err);
    perso_memory_free(&table);
    free(p);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}
