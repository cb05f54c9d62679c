/*
 * The table of rejects: one row makes enum, code, texts and manual. Codes are never reused.
 * F: refuses the file.  C: holds the card.  W: holds the card, an operator may waive it.
 * The order is the order of checks: of several faults of a card the first row here is told.
 */
#ifndef PERSO_REJECT_H
#define PERSO_REJECT_H

#include <stdbool.h>

/* clang-format off */
/*      name               code   class  English text                                    Chinese text                     clause */
#define PERSO_REJECTS(ROW) \
    ROW(FILE_OPEN,         "F101", 'F', "cannot be read",                               "无法读取",                      "CONTRACTS 1") \
    ROW(FILE_KIND,         "F102", 'F', "not a regular file",                           "不是普通文件",                  "CONTRACTS 1") \
    ROW(FILE_EMPTY,        "F103", 'F', "empty file",                                   "文件为空",                      "CONTRACTS 2") \
    ROW(FILE_FORMAT,       "F104", 'F', "not a form that this stage reads",             "不是本环节可读的格式",          "CONTRACTS 2") \
    ROW(FILE_OTHER_JOB,    "F105", 'F', "belongs to another job",                       "属于其他任务",                  "CONTRACTS 1") \
    ROW(ARCHIVE_DAMAGED,   "F110", 'F', "archive is cut or damaged",                    "归档文件不完整或已损坏",        "DESIGN 6") \
    ROW(ARCHIVE_MEMBER,    "F111", 'F', "archive member is not allowed",                "归档成员不允许",                "DESIGN 6") \
    ROW(ARCHIVE_LIMIT,     "F112", 'F', "archive exceeds a limit",                      "归档超出限制",                  "DESIGN 6") \
    ROW(ARCHIVE_PASSPHRASE,"F113", 'F', "passphrase is missing or wrong",               "归档口令缺失或不符",            "CONTRACTS 2") \
    ROW(TEXT_ENCODING,     "F120", 'F', "bytes that are not of the declared encoding",  "存在不属于所声明编码的字节",    "GB 18030-2022") \
    ROW(TEXT_NUL,          "F121", 'F', "NUL byte in a text table",                     "文本表中有空字节",              "RFC 4180") \
    ROW(TEXT_QUOTE,        "F122", 'F', "quotes are wrong",                             "引号有误",                      "RFC 4180 2") \
    ROW(TEXT_COLUMNS,      "F123", 'F', "wrong number of columns",                      "列数不符",                      "RFC 4180 2") \
    ROW(TEXT_LINE,         "F124", 'F', "line or cell too long",                        "行或单元格过长",                "CONTRACTS 2") \
    ROW(TEXT_DELIMITER,    "F125", 'F', "wrong delimiter",                              "分隔符不符",                    "CONTRACTS 2") \
    ROW(COLUMN_MISSING,    "F126", 'F', "column missing",                               "缺少列",                        "CONTRACTS 2") \
    ROW(COLUMN_TWICE,      "F127", 'F', "column stands twice",                          "列重复",                        "CONTRACTS 2") \
    ROW(COLUMN_SHAPE,      "F128", 'F', "column holds something else; swapped?",        "列内容不符，可能错列",          "CONTRACTS 2") \
    ROW(ROW_COUNT,         "F129", 'F', "number of rows differs",                       "行数不符",                      "CONTRACTS 2") \
    ROW(FILE_DIGEST,       "F130", 'F', "digest differs from the manifest's",           "摘要与清单不符",                "CONTRACTS 2") \
    ROW(MANIFEST_SYNTAX,   "F131", 'F', "manifest is wrong",                            "清单有误",                      "CONTRACTS 3") \
    ROW(PACKAGE_MEMBER,    "F132", 'F', "package member is missing or unknown",         "数据包成员缺失或未知",          "CONTRACTS 3") \
    ROW(PACKAGE_SIGNER,    "F133", 'F', "not signed by a known sender",                 "签名方未知或签名无效",          "LD/T 03-2022 8.3.5") \
    ROW(PACKAGE_RECIPIENT, "F134", 'F', "meant for another recipient",                  "接收方不是本方",                "CONTRACTS 3") \
    ROW(PACKAGE_SEQUENCE,  "F135", 'F', "number already used by other content",         "序号已被其他内容使用",          "CONTRACTS 3") \
    ROW(PACKAGE_WRAP,      "F136", 'F', "key of the file cannot be unwrapped",          "文件密钥无法解封",              "LD/T 03-2022 8.3.6") \
    ROW(CARD_ID_SHAPE,     "R101", 'C', "not a card identification code",               "卡识别码格式不符",              "CONTRACTS 2") \
    ROW(CARD_ID_DIVISION,  "R102", 'C', "card of another division",                     "卡识别码与行政区划不符",        "LD/T 03-2022 6.4.7.2 b") \
    ROW(EXCEL_DAMAGE,      "R110", 'C', "damaged by a spreadsheet program",             "被表格软件破坏",                "CONTRACTS 2") \
    ROW(SSN_LENGTH,        "R103", 'C', "wrong length",                                 "长度不符",                      "GB 11643-1999") \
    ROW(SSN_CHARACTER,     "R105", 'C', "character that an ID number cannot have",      "证件号码含非法字符",            "GB 11643-1999") \
    ROW(SSN_PROVINCE,      "R106", 'C', "no such province",                             "省级代码不存在",                "GB/T 2260") \
    ROW(SSN_DATE,          "R107", 'C', "no such date of birth",                        "出生日期不存在",                "GB 11643-1999") \
    ROW(SSN_CHECK,         "R104", 'C', "check character does not match",               "校验码不符",                    "GB 11643-1999") \
    ROW(CARD_NO_SHAPE,     "R111", 'C', "not a card number",                            "社会保障卡卡号格式不符",        "CONTRACTS 2") \
    ROW(CARD_NO_CHECK,     "R112", 'W', "check character of the card number",           "社会保障卡卡号校验码不符",      "GB 11714-1997") \
    ROW(DIVISION_SHAPE,    "R113", 'C', "not a division code",                          "行政区划代码格式不符",          "GB/T 2260") \
    ROW(DIVISION_OTHER,    "R114", 'C', "division of another job",                      "行政区划不属于本任务",          "LD/T 03-2022 6.4.7.2 b") \
    ROW(NAME_EMPTY,        "R115", 'C', "no name",                                      "姓名为空",                      "LD/T 03-2022 6.4.7.2 a") \
    ROW(NAME_GARBLED,      "R116", 'C', "garbled: ? or replacement character",          "姓名含问号或替换符，疑为乱码",  "GB 18030-2022") \
    ROW(NAME_PRIVATE,      "R117", 'C', "character of the private use area",            "姓名含自造字",                  "GB 18030-2022") \
    ROW(NAME_CHARACTER,    "R118", 'C', "character that a name cannot have",            "姓名含非法字符",                "GB 18030-2022") \
    ROW(NAME_LENGTH,       "R119", 'C', "longer than 50 bytes on the card",             "姓名超出卡内50字节",            "DOMAIN 3.4") \
    ROW(KEY_SHAPE,         "R120", 'C', "not 128 hexadecimal digits",                   "签名公钥不是128位十六进制",     "GB/T 32918.1") \
    ROW(KEY_CURVE,         "R121", 'C', "point is not on the curve",                    "签名公钥不在曲线上",            "GB/T 32918.1") \
    ROW(REQUEST_MISSING,   "R122", 'C', "no request",                                   "没有证书请求",                  "LD/T 03-2022 6.4.7.2 a") \
    ROW(REQUEST_BASE64,    "R123", 'C', "not Base64",                                   "不是Base64",                    "RFC 4648 4") \
    ROW(SIGNATURE_SHAPE,   "R129", 'C', "signature is not 128 hexadecimal digits",      "签名值不是128位十六进制",       "GB/T 32918.2") \
    ROW(REQUEST_SYNTAX,    "R124", 'C', "not a DER PKCS#10",                            "不是DER编码的PKCS#10",          "GM/T 0092-2020") \
    ROW(REQUEST_TRAILING,  "R125", 'C', "bytes after the request",                      "证书请求后有多余字节",          "RFC 2986 4") \
    ROW(REQUEST_ALGORITHM, "R126", 'C', "not SM2 with SM3",                             "算法不是SM2withSM3",            "GM/T 0092-2020") \
    ROW(REQUEST_KEY,       "R127", 'C', "key of the request is not the row's",          "请求中的公钥与签名公钥不符",    "LD/T 03-2022 6.4.7.2 e") \
    ROW(REQUEST_CARD,      "R134", 'C', "request is named after another card",          "证书请求文件名不是本卡",        "CONTRACTS 2") \
    ROW(REQUEST_DIFFERS,   "R135", 'C', "P10 is not the request that QM signs",         "P10与签名值所签的请求不符",     "CONTRACTS 2") \
    ROW(REQUEST_SUBJECT,   "R128", 'C', "request names another person",                 "证书请求主体不是本人",          "LD/T 03-2022 6.4.7.2 b") \
    ROW(POP_EMPTY_ID,      "R131", 'C', "signed under the empty id",                    "用空ID签名",                    "GM/T 0009-2012") \
    ROW(POP_NO_Z,          "R132", 'C', "signed without Z",                             "签名未含Z值",                   "GB/T 32918.2") \
    ROW(POP_SHA256,        "R133", 'C', "signed over a SHA-256 digest",                 "用SHA-256摘要签名",             "GM/T 0092-2020") \
    ROW(POP_FAILED,        "R130", 'C', "proof of possession fails",                    "私钥持有证明不成立",            "GM/T 0092-2020") \
    ROW(CARD_TWICE,        "R140", 'C', "card stands twice in the batch",               "卡识别码在批次内重复",          "DESIGN 1") \
    ROW(KEY_TWICE,         "R141", 'C', "key stands twice in the batch",                "签名公钥在批次内重复",          "DESIGN 1") \
    ROW(ROW_CONFLICT,      "R142", 'C', "another row for a card already on its way",    "该卡已有不同数据在办",          "CONTRACTS 2") \
    ROW(CARD_SEEN,         "R143", 'C', "card seen in another job",                     "该卡已在其他任务中",            "DESIGN 1") \
    ROW(KEY_SEEN,          "R144", 'C', "key seen before",                              "签名公钥曾出现过",              "DESIGN 1") \
    ROW(REPLACES_UNKNOWN,  "R145", 'C', "replaces a card that is not to be remade",     "被替换卡未经确认重制",          "LD/T 03-2022 6.4.4") \
    ROW(REPLACES_TWICE,    "R146", 'C', "another card replaces that card already",      "该卡已由其他卡替换",            "DESIGN 1") \
    ROW(BOX_COUNT,         "R147", 'W', "other number of cards in the box",             "箱内卡数与清单不符",            "LD/T 03-2022 6.4.7.3") \
    ROW(ISSUE_ABSENT,      "R203", 'C', "not in the issuance data",                     "发卡数据查无此卡",              "LD/T 03-2022 6.4.7.2 b") \
    ROW(ISSUE_TWICE,       "R204", 'C', "twice in the issuance data",                   "发卡数据存在多条记录",          "LD/T 03-2022 6.4.7.2 b") \
    ROW(FIELD_DIFFERS,     "R201", 'C', "application and issuance differ",              "申请数据与发卡数据不等",        "LD/T 03-2022 6.4.7.2 b") \
    ROW(NAME_FOLDED,       "R202", 'W', "names are equal only after a fold",            "姓名折算后才相等",              "DOMAIN 3.5") \
    ROW(CARD_STATUS,       "R205", 'W', "status of the card is not accepted",           "卡应用状态不允许",              "DOMAIN 1.1") \
    ROW(PERSON_STATUS,     "R206", 'W', "status of the person is not accepted",         "人员状态不允许",                "DOMAIN 1.1") \
    ROW(OPERATOR_REJECTED, "R250", 'C', "refused by the operator",                      "操作员拒绝",                    "LD/T 03-2022 8.3.8 c") \
    ROW(OPERATOR_HELD,     "R251", 'W', "held by the operator",                         "操作员扣留",                    "LD/T 03-2022 8.3.8 c") \
    ROW(BUNDLE_REFUSED,    "R260", 'C', "peer refused the bundle",                      "对方拒收数据包",                "CONTRACTS 3") \
    ROW(RA_REFUSED,        "R301", 'C', "refused by the RA",                            "RA拒绝",                        "LD/T 03-2022 6.4.7.2 c") \
    ROW(TAKEN_BACK,        "R306", 'C', "cancelled by the department",                  "发卡地区人社部门已取消",        "LD/T 03-2022 6.4.7.2 b") \
    ROW(ANSWER_TWICE,      "R302", 'C', "two different answers to one request",         "同一请求有两个不同应答",        "DESIGN 1") \
    ROW(ITEM_MISSING,      "R303", 'C', "item of the answer is missing",                "应答缺项",                      "LD/T 03-2022 6.4.7.2 d") \
    ROW(ITEM_SHAPE,        "R304", 'C', "item of the answer is not of its form",        "应答项格式不符",                "CONTRACTS 2") \
    ROW(SECRET_SEAL,       "R305", 'C', "sealed field cannot be opened",                "加密字段无法解封",              "LD/T 03-2022 8.3.6") \
    ROW(CERT_SYNTAX,       "R310", 'C', "not a DER certificate",                        "不是DER编码的证书",             "RFC 5280 4.1") \
    ROW(CERT_TRAILING,     "R311", 'C', "bytes after the certificate",                  "证书后有多余字节",              "RFC 5280 4.1") \
    ROW(CERT_ALGORITHM,    "R312", 'C', "certificate is not SM2 with SM3",              "证书算法不是SM2withSM3",        "GM/T 0015-2023") \
    ROW(CERT_ISSUER,       "R313", 'C', "issued by an unknown CA",                      "颁发机构未知",                  "RFC 5280 6.1") \
    ROW(CERT_SM2_ID,       "R314", 'C', "certificate is signed under the empty id",     "证书用空ID签名",                "GM/T 0009-2012") \
    ROW(CERT_SIGNATURE,    "R315", 'C', "signature of the certificate fails",           "证书签名无效",                  "RFC 5280 6.1") \
    ROW(CERT_NOT_YET,      "R316", 'C', "certificate is not valid yet",                 "证书尚未生效",                  "RFC 5280 4.1.2.5") \
    ROW(CERT_EXPIRED,      "R317", 'C', "certificate has expired",                      "证书已过期",                    "RFC 5280 4.1.2.5") \
    ROW(CERT_USAGE,        "R318", 'C', "wrong key usage",                              "证书密钥用途不符",              "GM/T 0015-2023") \
    ROW(CERT_KEY,          "R319", 'C', "key of the certificate is not the card's",     "证书公钥与卡内签名公钥不符",    "LD/T 03-2022 6.4.7.2 e") \
    ROW(CERT_PERSON,       "R320", 'C', "certificate names another person",             "证书持有人不是本人",            "LD/T 03-2022 6.4.7.2 e") \
    ROW(CERT_TWICE,        "R321", 'C', "certificate serves another card already",      "证书已用于其他卡",              "DESIGN 1") \
    ROW(ENVELOPE_SHAPE,    "R330", 'C', "key envelope is not of a known form",          "加密密钥信封格式不符",          "GM/T 0016-2012") \
    ROW(ENVELOPE_KEY,      "R331", 'C', "envelope and encryption certificate differ",   "密钥信封与加密证书不符",        "GM/T 0016-2012") \
    ROW(ENVELOPE_FORM,     "R333", 'C', "envelope is not in a form that the machine takes", "密钥信封不是设备可用的格式", "GM/T 0016-2012") \
    ROW(SECRET_SHAPE,      "R332", 'C', "PIN or key is not of its form",                "管理员PIN或主控密钥格式不符",   "LD/T 03-2022 6.4.7.2 e") \
    ROW(PLAN_FIELD,        "R401", 'C', "value that the card cannot hold",              "卡内无法写入的数据",            "LD/T 03-2022 6.4.7.2 e") \
    ROW(CHIP_KEY,          "R501", 'C', "key read back from the chip differs",          "卡内签名公钥回读不符",          "LD/T 03-2022 6.4.7.2 e") \
    ROW(CHIP_CERT,         "R502", 'C', "certificate read back from the chip differs",  "卡内证书回读不符",              "LD/T 03-2022 6.4.7.2 e") \
    ROW(RESULT_SHAPE,      "R503", 'C', "result is not of its form",                    "制卡回盘数据格式不符",          "CONTRACTS 2") \
    ROW(RESULT_CONFLICT,   "R504", 'C', "two different results for one card",           "同一卡有两个不同结果",          "DESIGN 1") \
    ROW(CARD_SPOILED,      "R510", 'C', "spoiled at the machine",                       "制卡损坏",                      "LD/T 03-2022 6.4.4")
/* clang-format on */

enum perso_reject {
    PERSO_REJ_NONE,
#define PERSO_REJECT_ENUM(name, code, class, en, zh, clause) PERSO_REJ_##name,
    PERSO_REJECTS(PERSO_REJECT_ENUM)
#undef PERSO_REJECT_ENUM
        PERSO_REJ_COUNT
};

/** All return "" for PERSO_REJ_NONE. */
const char *perso_reject_code(enum perso_reject reject);    /* "R104" */
const char *perso_reject_name(enum perso_reject reject);    /* "SSN_CHECK" */
const char *perso_reject_text(enum perso_reject reject);    /* English */
const char *perso_reject_text_zh(enum perso_reject reject); /* Chinese, UTF-8 */
const char *perso_reject_shown(enum perso_reject reject);   /* in the user's language */
const char *perso_reject_clause(enum perso_reject reject);

/** True where the code refuses the whole file. */
bool perso_reject_of_file(enum perso_reject reject);
/** True where an operator may let the card pass, with a reason. */
bool perso_reject_waivable(enum perso_reject reject);
/** PERSO_REJ_NONE where no row has the code. */
enum perso_reject perso_reject_from_code(const char *code);

#endif
