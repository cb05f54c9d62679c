#include "people_names.h"

#include <stdio.h>
#include <string.h>

static const char *const surnames[] = {
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴",   "徐",   "孙",   "胡", "朱",
    "高", "林", "何", "郭", "马", "罗", "梁", "宋", "郑", "谢",   "韩",   "唐",   "冯", "于",
    "董", "萧", "程", "曹", "袁", "邓", "许", "傅", "沈", "曾",   "彭",   "吕",   "苏", "卢",
    "蒋", "蔡", "贾", "丁", "魏", "薛", "叶", "阎", "余", "潘",   "杜",   "戴",   "夏", "钟",
    "汪", "田", "任", "姜", "范", "方", "石", "姚", "谭", "欧阳", "司马", "诸葛",
};

static const char *const given[] = {
    "伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明",
    "超", "秀", "霞", "平", "刚", "桂", "英", "华", "玉", "兰", "红", "梅", "建", "国", "志", "文",
    "海", "燕", "春", "雪", "晓", "东", "辉", "鑫", "宇", "浩", "轩", "子", "涵", "欣", "怡", "梓",
    "琪", "嘉", "豪", "俊", "博", "思", "雨", "晨", "佳", "慧", "婷", "颖", "倩", "云", "鹏", "飞",
    "龙", "凤", "金", "银", "德", "福", "贵", "荣", "祥", "瑞", "忠", "义", "礼", "信", "安", "康",
};

/* GBK has 䶮 not; the last two are beyond the BMP and need four bytes in GB18030. */
static const char *const rare_gbk[] = { "喆", "堃", "頔", "赟" };
static const char *const rare_all[] = { "䶮", "㼆", "㛃", "𠰰", "𬱖" };

static const char *const minority_first[] = {
    "买买提",     "阿不都",     "阿卜杜拉", "古丽巴哈尔", "艾尔肯", "吐尔逊",
    "热依汗古丽", "买买提依明", "帕提古丽", "努尔买买提", "迪丽",   "阿不都热西提",
};

static const char *const minority_last[] = {
    "吐尔逊", "艾买提",       "卡德尔", "依明",   "买买提",   "肉孜",
    "热合曼", "阿卜杜热依木", "玉素甫", "司马义", "阿不都拉", "努尔买买提",
};

static const char *const latin_given[] = {
    "ANNA", "JOHN",   "MARIA", "PETER",     "YUKI",   "RAJNI", "OLGA",  "KWAME",
    "LINH", "CARLOS", "EMMA",  "JEAN-PAUL", "FATIMA", "IVAN",  "SOFIA", "DAVID",
};

static const char *const latin_surname[] = {
    "SMITH",   "AGGARWAL", "IVANOVA", "TANAKA",
    "GARCIA",  "MUELLER",  "NGUYEN",  "MENSAH",
    "ROSSI",   "DUPONT",   "SILVA",   "KOWALSKI",
    "O'BRIEN", "JOHNSON",  "PARK",    "HERNANDEZ RODRIGUEZ",
};

#define COUNT(list) ((uint32_t)(sizeof(list) / sizeof(list)[0]))
#define PICK(list) (list)[sbx_random_below(r, COUNT(list))]

void
sbx_name_han(struct sbx_random *r, char *out, size_t max)
{
    const char *surname = PICK(surnames), *first = PICK(given);
    const char *second = sbx_random_chance(r, 0.7) ? PICK(given) : "";
    snprintf(out, max, "%s%s%s", surname, first, second);
}

void
sbx_name_rare(struct sbx_random *r, bool gbk, char *out, size_t max)
{
    const char *surname = PICK(surnames);
    const char *rare = gbk ? PICK(rare_gbk) : PICK(rare_all);
    const char *second = sbx_random_chance(r, 0.5) ? PICK(given) : "";
    snprintf(out, max, "%s%s%s", surname, rare, second);
}

void
sbx_name_minority(struct sbx_random *r, char *out, size_t max)
{
    const char *first = PICK(minority_first), *last = PICK(minority_last);
    snprintf(out, max, "%s·%s", first, last);
}

void
sbx_name_latin(struct sbx_random *r, char *out, size_t max)
{
    const char *first = PICK(latin_given), *last = PICK(latin_surname);
    snprintf(out, max, "%s %s", first, last);
}

void
sbx_name_replace(char *name, size_t max, const char *from, const char *to)
{
    char whole[512];
    const char *found = strstr(name, from);

    if (found == NULL)
        return;
    snprintf(whole, sizeof whole, "%.*s%s%s", (int)(found - name), name, to, found + strlen(from));
    snprintf(name, max, "%s", whole);
}

void
sbx_name_widen(const char *name, char *out, size_t max)
{
    size_t n = 0;

    for (; *name != '\0' && n + 4 < max; name++) {
        if (*name >= 'A' && *name <= 'Z') { /* U+FF21 .. U+FF3A: EF BC A1 .. EF BC BA */
            out[n++] = (char)0xef;
            out[n++] = (char)0xbc;
            out[n++] = (char)(0xa1 + (*name - 'A'));
        } else {
            out[n++] = *name;
        }
    }
    out[n] = '\0';
}

void
sbx_name_title(char *name)
{
    bool inside = false;

    for (; *name != '\0'; name++) {
        const bool upper = *name >= 'A' && *name <= 'Z';
        if (upper && inside)
            *name = (char)(*name - 'A' + 'a');
        inside = upper || (inside && *name >= 'a' && *name <= 'z');
    }
}
