/*
 * Columns that Persoline knows, by their field codes (DOMAIN 1.1) with Chinese and pinyin names.
 * Numbers are stored in ledgers: rows are only ever appended. Provinces use codes differently, so a
 * profile may map any header to any of these.
 */
#ifndef PERSO_COLUMN_H
#define PERSO_COLUMN_H

#include <stdbool.h>
#include <stdint.h>

#include "perso/cursor.h"
#include "perso/limits.h"
#include "perso/result.h"

/* clang-format off */
/*      code        personal  other header names, separated by |                          */
#define PERSO_COLUMNS(COL) \
    COL(AAZ501,     false, "卡识别码|KSBM") \
    COL(AAZ500,     false, "社会保障卡卡号|社保卡卡号|社保卡号|卡号|KH") \
    COL(AAC002,     true,  "社会保障号码|SHBZHM") \
    COL(AAC003,     true,  "姓名|XM") \
    COL(AAC004,     true,  "性别|XB") \
    COL(AAC005,     true,  "民族|MZ") \
    COL(AAC006,     true,  "出生日期|CSRQ") \
    COL(AAC025,     true,  "出生地|CSD") \
    COL(AAB301,     false, "行政区划代码|XZQHDM") \
    COL(BAZ033,     false, "制卡批次号|批次号") \
    COL(AAC008,     false, "人员状态") \
    COL(AAZ502,     false, "卡应用状态") \
    COL(AAZ503,     false, "发卡日期|FKRQ") \
    COL(KYXQ,       false, "卡有效期") \
    COL(CSHJGBM,    false, "初始化机构编码") \
    COL(BAZ103,     true,  "姓名扩展|XMKZ") \
    COL(AAE010,     true,  "银行卡号|金融账号") \
    COL(QMGY,       false, "签名公钥") \
    COL(P10,        false, "证书请求") \
    COL(QM,         false, "签名值") \
    COL(SF,         false, "算法") \
    COL(request_id, false, "请求编号") \
    COL(QMZS,       false, "签名证书") \
    COL(JMZS,       false, "加密证书") \
    COL(JMMY,       false, "加密密钥") \
    COL(GLYPIN,     false, "管理员PIN") \
    COL(ZKMY,       false, "主控密钥") \
    COL(SSSE,       false, "") \
    COL(code,       false, "应答码") \
    COL(reason,     false, "失败原因|原因") \
    COL(seq,        false, "序号") \
    COL(steps,      false, "步骤") \
    COL(box,        false, "装箱位置|箱号") \
    COL(position,   false, "箱内位置") \
    COL(result,     false, "结果") \
    COL(step,       false, "失败环节") \
    COL(QMZS_SM3,   false, "") \
    COL(JMZS_SM3,   false, "") \
    COL(ATR,        false, "卡复位信息|KFWM|AAZ507") \
    COL(time,       false, "时间") \
    COL(replaces,   false, "被替换卡识别码|原卡识别码|初始卡识别码") \
    COL(P10_AAZ501, false, "")
/* clang-format on */

enum perso_column {
    PERSO_COLUMN_OTHER, /* not known: carried through to the machine file */
#define PERSO_COLUMN_ENUM(code, personal, aliases) PERSO_COL_##code,
    PERSO_COLUMNS(PERSO_COLUMN_ENUM)
#undef PERSO_COLUMN_ENUM
        PERSO_COLUMN_COUNT
};

/* The columns of one table, in its own order. */
struct perso_layout {
    uint16_t n_columns;
    enum perso_column known[PERSO_COLUMNS_MAX];
    char name[PERSO_COLUMNS_MAX]
             [PERSO_COLUMN_NAME_BYTES]; /* canonical code, or as the file has it */
    int16_t at[PERSO_COLUMN_COUNT];     /* index of a known column; -1: the table has none */
};

/* One data record: cells in the order of its layout; borrowed from the batch's arena. */
struct perso_row {
    struct perso_origin origin;
    const struct perso_text *cells;
};

/** The cell of a known column; empty where the table has no such column. */
static inline struct perso_text
perso_row_cell(const struct perso_layout *layout, const struct perso_row *row, enum perso_column c)
{
    return layout->at[c] < 0 ? (struct perso_text) { "", 0 } : row->cells[layout->at[c]];
}

const char *perso_column_code(enum perso_column column); /* "AAZ501"; "" for OTHER */
bool perso_column_personal(enum perso_column column);
const char *perso_column_aliases(enum perso_column column); /* other headers, joined by '|' */
/** By code (case ignored), alias, or PERSO_COLUMN_OTHER. */
enum perso_column perso_column_find(struct perso_text header);

/** Empty layout (n_columns 0, at[] all -1). */
void perso_layout_init(struct perso_layout *layout);
/** Add a column; PERSO_REJECT with COLUMN_TWICE or TEXT_COLUMNS where it does not fit. */
enum perso_result perso_layout_add(struct perso_layout *layout, enum perso_column known,
                                   struct perso_text name, struct perso_error *err);

#endif
