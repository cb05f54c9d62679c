#!/bin/bash
# The same cards in UTF-8 and in GB18030 all the way: what vendor and department send, the machine
# file, the lists of what is held. Decoded by the C library, they are the same (DOMAIN 3.3). The six
# codes where that library is wrong (PLATFORM 6) are private use, and no name has them here.
# shellcheck source=tests/job/lib.sh
. "$(dirname "$0")/lib.sh"

world_make "$work/utf"
cp -a "$work/utf" "$work/gb"
mkdir -p "$work/gb/site/profiles"
cat >"$work/gb/site/profiles/gb.conf" <<'CONF'
[application]
encoding = gb18030
[issuance]
encoding = gb18030
[machine]
encoding = gb18030
CONF
perl -0pi -e 's/(\[lists\].*?)^#? *encoding *=.*?$/$1encoding = gb18030/ms' \
    "$work/gb/site/persoline.conf"
grep -qx 'encoding = gb18030' "$work/gb/site/persoline.conf" || fail "no [lists] encoding to set"

for set in utf-8:utf gb18030:gb; do
    encoding=${set%:*} world=$work/${set#*:}
    sample_make "$world/sample" --cards 300 --seed 31 --faults 0.2 --encoding "$encoding"
done
iconv -f gb18030 -t utf-8 "$work/gb/sample/keys/application.csv" |
    cmp -s - "$work/utf/sample/keys/application.csv" || fail "these are not the same cards"
job_make "$work/utf" J "$work/utf/sample"
job_make "$work/gb" J "$work/gb/sample" --profile gb
# As far as the machine: that of the rehearsal reads UTF-8 only. profile.sh has results in GB18030.
for world in utf gb; do
    line_to_machine "$work/$world" "$work/$world/site/J"
done
utf=$work/utf/site/J
gb=$work/gb/site/J
states "$utf" >"$work/want"
states "$gb" >"$work/have"
same "$work/want" "$work/have" "cards in UTF-8 (<) and in GB18030 (>)"
part "GB18030 in and out: every card goes the same way"

# decoded FILE: as UTF-8 without mark
decoded()
{
    iconv -f gb18030 -t utf-8 "$1" | sed '1s/^\xef\xbb\xbf//'
}

# Personal columns of the machine file; what is sealed differs, since job keys do.
personal=(AAZ501 AAZ500 AAC002 AAC003 BAZ103 AAC004 AAC005 AAC006 AAC025 AAB301 QMGY QMZS)
for file in "$utf"/out/machine/*.csv; do
    decoded "$gb/out/machine/$(basename "$file")" >"$work/decoded"
    columns "$file" "${personal[@]}" >"$work/want"
    columns "$work/decoded" "${personal[@]}" >"$work/have"
    same "$work/want" "$work/have" "machine file in UTF-8 (<) and in GB18030 (>)"
    ! iconv -f utf-8 "$gb/out/machine/$(basename "$file")" >"$work/out" 2>&1 ||
        fail "the machine file is UTF-8 still"
    has '"encoding": ?"gb18030"' <"$gb/out/machine/$(basename "$file").manifest.json"
done
# Some names need four bytes: not all of this was GBK.
! iconv -f gbk -t utf-8 "$gb/out/machine/B1-0001.csv" >"$work/out" 2>&1 ||
    fail "no name of the machine file needs more than GBK"
has '[㼆㛃𠰰𬱖䶮]' <"$work/decoded"
part "the machine file in GB18030 has the names of the one in UTF-8, rare ones too"

for file in "$utf"/held/*.csv; do
    decoded "$gb/held/$(basename "$file")" >"$work/have"
    sed '1s/^\xef\xbb\xbf//' "$file" >"$work/want"
    sed -i "s|$work/gb/|$work/utf/|" "$work/have"
    same "$work/want" "$work/have" "held/$(basename "$file") in UTF-8 (<) and in GB18030 (>)"
done
[ "$(wc -l <"$utf/held/ingest.csv")" -gt 10 ] || fail "nothing was held: this shows nothing"
! iconv -f utf-8 "$gb/held/ingest.csv" >"$work/out" 2>&1 || fail "held/ingest.csv is UTF-8 still"
part "lists in GB18030 say what those in UTF-8 say"

# A name that GBK has not, in a file that says GBK: what arrives is ? or another character, and
# neither passes for the name of the issuance data.
sample_make "$work/rare" --cards 300 --seed 33 --batch B2
job_make "$work/utf" K "" --batch B2
job=$work/utf/site/K
expect 0 "$PERSOLINE" ingest "$job" "$work/rare/keys/application.csv"
perl -MEncode -pe '$_ = encode("cp936", decode("UTF-8", $_))' "$work/rare/issuance/issuance.csv" \
    >"$work/lossy.csv"
cut -d, -f1 "$work/rare/keys/application.csv" >"$work/cards"
n=$(LC_ALL=C grep -a '?' "$work/lossy.csv" | LC_ALL=C grep -aFc -f "$work/cards") ||
    fail "no name was lost"
expect 3 "$PERSOLINE" reconcile "$job" "$work/lossy.csv" --encoding gbk
equal "$(held "$job" reconcile | grep -c R116)" "$n" "names that a converter lost"
part "names that a converter to GBK lost are held, all of them"
