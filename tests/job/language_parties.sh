#!/bin/bash
# Whole jobs of vendor, department and centre, in Chinese and in English at once: modes 2 and 4,
# what is held and given back, gaps, refused packages, approval of two, confirmed cards made again,
# pick-up, purge, profiles. In Chinese nobody reads English, in English nobody reads Chinese, and
# whatever is written or stored is the same to the byte.
# shellcheck source=tests/job/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/job/language_lib.sh
. "$here/language_lib.sh"

# ---- two worlds that are one ----

mkdir "$work/zh"
for party in V1 D1 C1; do
    expect 0 "$PERSOLINE" site init "$work/zh/$party" --name $party
done
for party in V1 D1 C1; do
    for peer in V1 D1 C1; do
        [ $party = $peer ] || cp "$work/zh/$peer/site.cer" "$work/zh/$party/peers/$peer.cer"
    done
done
sed -i 's/^package_cards = .*/package_cards = 16/; s/^policy = .*/policy = two/' \
    "$work/zh/D1/persoline.conf"
expect 0 "$PERSOLINE_SANDBOX" ra init "$work/ra" --site "$work/zh/D1" --seed 7
for party in V1 C1; do
    expect 0 "$PERSOLINE_SANDBOX" machine init "$work/machine-$party" --site "$work/zh/$party"
done
cp "$work/zh/D1/trust"/* "$work/zh/C1/trust/" # the vendor has none: it takes the department's word
cp -a "$work/zh" "$work/en"

# begin PARTY JOB ARGUMENT...: init in both. The key of a ledger is random: one job, twice.
begin()
{
    both 0 init "$1/$2" --date "$job_date" "${@:3}"
    rm -rf "$work/en/$1"
    cp -a "$work/zh/$1" "$work/en/$1"
}

# deliver FROM KIND TO: packages of a kind with what lies beside them, in both worlds.
deliver()
{
    local world
    for world in zh en; do
        cp "$work/$world/$1/$2"-* "$work/$world/$3/"
    done
}

give() { cp "$1"/* "$work/zh/$2/" && cp "$1"/* "$work/en/$2/"; }

# peer STATE OUT IN ARGUMENT...: the RA or a machine sees the Chinese world; what it answers goes
# into both.
peer()
{
    expect 0 "$PERSOLINE_SANDBOX" "${1%-*}" --in "$work/zh/$2" --out "$work/zh/$3" \
        --state "$work/$1" "${@:4}"
    cp "$work/zh/$3"/* "$work/en/$3/"
}

in_state() { states "$work/zh/$1" | awk -F'\t' -v s="$2" '$2 == s { print $1 }'; }
digest_shown() { grep -oE '\b[0-9a-f]{64}\b' "$work/zh.last" | tail -n 1; }
first_of() { (cd "$work/zh" && find "$1" -name "$2" | sort | head -n 1); }

# act COMMAND JOB CARD...: an operator's, by list.
act()
{
    local world
    for world in zh en; do
        printf '%s\n' "${@:3}" >"$work/$world/cards"
    done
    both any "$1" "$2" @cards --reason 'test'
}

# cancel_held JOB
cancel_held()
{
    local list
    for list in "$work/zh/$1"/held/*.csv; do
        [ "$(wc -l <"$list")" -eq 1 ] || both any cancel "$1" "@$1/held/${list##*/}" --reason 'test'
    done
}

# approve_twice JOB: two operators.
approve_twice()
{
    local digest
    both 4 approve "$1" --by CHEN
    digest=$(digest_shown)
    both 4 approve "$1" --digest "$digest" --by CHEN
    both 1 approve "$1" --digest "$digest" --by CHEN
    both 0 status "$1"
    both 4 approve "$1" --by LI
    both any approve "$1" --digest "$digest" --by LI
}

# look JOB: what nobody's work needs.
look()
{
    local file
    both 0 status "$1"
    both 0 check "$1"
    both 0 audit verify "$1"
    both 0 slip "$1"
    for file in $(cd "$work/zh" && find "$1"/out -name '*.zip' ! -path '*/bundle/*' | sort); do
        both 0 show "$file"
        both 0 slip "$1" "$file"
    done
}

# ---- mode 2: the vendor ----

sample_make "$work/s" --cards 60 --faults 0.1 --boxes 25 --ssse
both 1 init V1/N --mode 3 --batch B1 --division 411600 --vendor V1 --role vendor
both 1 init V1/N --mode 2 --batch B1 --division 411600 --vendor V1 --role nobody
both 1 init V1/N --mode 2 --finisher vendor --batch B1 --division 411600 --vendor V1
both 1 init C1/N --mode 1 --batch B1 --division 411600 --vendor V1 --role centre
begin V1 J --mode 2 --batch B1 --division 411600 --vendor V1 --role vendor --ra D1
give "$work/s/keys" V1/J/in/keys
both any run V1/J
both 0 status V1/J
both 1 match V1/J
both 1 confirm V1/J "$(in_state V1/J forwarded | head -n 1)" --reason 'test'
cancel_held V1/J
both any run V1/J

# ---- the department ----

app=V1/J/out/ra/APP-411600-B1-0001.zip
both 1 init D1/N --from $app --batch B2
both 1 init D1/N --from $app --mode 1
both 1 init D1/N --from V1/J/out/ra/none.zip
begin D1 J --from $app --finisher centre --centre C1
deliver V1/J/out/ra APP D1/J/in/keys
both 2 ingest D1/J $app --counted many
both any ingest D1/J $app --counted BOX-0001=99 --counted X9=3
both 0 status D1/J
mapfile -t cards < <(columns "$work/zh/D1/J/held/ingest.csv" AAZ501)
[ "${#cards[@]}" -gt 5 ] || fail "no box is held"
both any ingest D1/J $app --counted BOX-0001=${#cards[@]}
both 1 ingest V1/J $app
give "$work/s/issuance" D1/J/in/issuance
for world in zh en; do
    sed -i 's/^on_mismatch = .*/on_mismatch = batch/' "$work/$world/D1/profiles/default.conf"
done
both 4 run D1/J
both 4 approve D1/J
both 0 status D1/J
for world in zh en; do
    sed -i 's/^on_mismatch = .*/on_mismatch = card/' "$work/$world/D1/profiles/default.conf"
done
mapfile -t cards < <(in_state D1/J reconciled)
both 4 approve D1/J --by CHEN
digest=$(digest_shown)
both 4 approve D1/J --digest "$digest" --by CHEN
act reject D1/J "${cards[0]}"
act cancel D1/J "${cards[1]}"
both 0 status D1/J # one approval, and it is void
both 1 approve D1/J --digest "$digest" --by LI
approve_twice D1/J
both any run D1/J
both 0 status D1/J
peer ra D1/J/out/ra D1/J/in/ra --fault refused:0.1 --fault wrong-key:0.05
both any run D1/J
both 0 status D1/J
both 0 trace D1/J "${cards[0]}"
both 0 trace D1/J "${cards[5]}"
both 1 cancel D1/J "${cards[5]}" --reason 'it is the centre'\''s'
part "mode 2: a package counted, compared, approved by two and certified, in both languages"

# ---- the centre ----

fwd=D1/J/out/forward/FWD-411600-B1-000
both 1 init C1/N --from ${fwd}1.zip --role vendor
hld=$(first_of D1/J/out/forward 'HLD-*.zip')
both 1 init V1/N --from "$hld"
begin C1 J --from ${fwd}1.zip
both 1 ingest C1/J "$hld"
both 4 ingest C1/J ${fwd}3.zip # a gap
both 4 collect C1/J ${fwd}1.zip
both 1 collect V1/J ${fwd}1.zip
for world in zh en; do
    mkdir "$work/$world/bad"
    cp "$work/$world/$fwd"1.zip* "$work/$world/bad/"
    cp "$work/$world/$fwd"2.zip.sig "$work/$world/bad/$(basename $fwd)1.zip.sig"
    mkdir "$work/$world/alone" "$work/$world/other"
    cp "$work/$world/$fwd"1.zip{,.sig} "$work/$world/alone/"
    cp "$work/$world/$fwd"1.zip{,.sig} "$work/$world/other/"
    cp "$work/$world/$fwd"2.zip.wrap "$work/$world/other/$(basename $fwd)1.zip.wrap"
    mv "$work/$world/C1/peers/D1.cer" "$work/$world/aside"
done
both 1 ingest C1/J ${fwd}1.zip
for world in zh en; do
    mv "$work/$world/aside" "$work/$world/C1/peers/D1.cer"
done
both 1 ingest C1/J bad/FWD-411600-B1-0001.zip
both any collect C1/J alone/FWD-411600-B1-0001.zip
both any ingest C1/J ${fwd}1.zip
both 4 collect C1/J alone/FWD-411600-B1-0001.zip
both 1 collect C1/J other/FWD-411600-B1-0001.zip
deliver D1/J/out/forward FWD C1/J/in/ra
both any run C1/J --dry-run
both any run C1/J
both 0 status C1/J
both 1 withdraw D1/J FWD-411600-B1-0001.zip --reason 'test'
both 1 withdraw D1/J "$(basename "$hld")" --reason 'test'
both 1 withdraw C1/J none.csv --reason 'test'
machine=$(first_of C1/J/out/machine '*.csv')
both 0 withdraw C1/J "$(basename "$machine")" --reason 'test'
both any personalize C1/J
act cancel C1/J "$(in_state C1/J prepared | head -n 1)"
peer machine-C1 C1/J/out/machine C1/J/in/machine --spoil 0.1 --retry 0.1 --missing 0.1
both any run C1/J
peer machine-C1 C1/J/out/machine C1/J/in/machine
both any run C1/J
cancel_held C1/J
both any run C1/J
look C1/J
part "mode 2: gaps and packages that are refused, and the centre's job to its end"

# ---- back: HLD, RES, confirm, RMK, RVK ----

both 1 close D1/J "$(first_of C1/J/in/machine '*.csv')"
deliver C1/J/out/close RES D1/J/in/result
both any run D1/J
both 1 withdraw D1/J "$(basename "$(first_of D1/J/out/forward 'FWD-*.zip')")" --reason 'test'
mapfile -t lost < <(in_state D1/J spoiled && in_state D1/J missing)
[ "${#lost[@]}" -gt 1 ] || fail "the machine spoiled nothing: take more cards"
both 1 confirm D1/J "$(in_state D1/J written | head -n 1)" --reason 'test'
for operator in CHEN LI; do
    for world in zh en; do
        printf '%s\n' "${lost[@]}" >"$work/$world/cards"
    done
    both any confirm D1/J @cards --reason 'test' --by $operator
done
both 1 cancel D1/J "${lost[0]}" --reason 'test'
both any run D1/J
both 1 confirm D1/J "${cards[1]}" --reason 'no certificate'
cancel_held D1/J
both any run D1/J
look D1/J
deliver D1/J/out/forward HLD V1/J/in/ra
both any run V1/J
both 0 status V1/J
both 0 trace V1/J "${cards[0]}"
cancel_held V1/J
both any run V1/J
look V1/J
rmk=$(first_of D1/J/out/close 'RMK-*.zip')
both 1 init V1/R --from "$rmk"
begin V1 R --from "$rmk" --batch B1R --finisher centre
unzip -p "$work/zh/$rmk" remake.csv >"$work/remake.csv"
expect 0 "$PERSOLINE_SANDBOX" remake "$work/r" --from "$work/s" --cards "$work/remake.csv" \
    --seed 7 --batch B1R
both 1 ingest D1/J "$rmk"
deliver D1/J/out/close RMK V1/R/in/keys
give "$work/r/keys" V1/R/in/keys
both any run V1/R
both 0 status V1/R
both 0 trace V1/R "$(in_state V1/R forwarded | head -n 1)"
both 0 trace V1/J "${lost[0]}"
part "mode 2: what is given back, confirmed and made again, in both languages"

# ---- mode 4: the vendor finishes, certificates wait ----

sample_make "$work/t" --cards 30 --seed 9 --batch B4
begin V1 K --mode 4 --finisher vendor --batch B4 --division 411600 --vendor V1 --role vendor --ra D1
give "$work/t/keys" V1/K/in/keys
both any run V1/K
begin D1 K --from V1/K/out/ra/APP-411600-B4-0001.zip --finisher vendor
deliver V1/K/out/ra APP D1/K/in/keys
give "$work/t/issuance" D1/K/in/issuance
both any run D1/K
approve_twice D1/K
both any run D1/K
peer ra D1/K/out/ra D1/K/in/ra
both any run D1/K
both 0 status D1/K # the cupboard
deliver D1/K/out/forward FWD V1/K/in/ra
both any run V1/K
peer machine-V1 V1/K/out/machine V1/K/in/machine --spoil 0.1
both 0 run V1/K
deliver V1/K/out/close RES D1/K/in/result
both 1 purge D1/K
both any run D1/K
mapfile -t lost < <(in_state D1/K spoiled)
for operator in CHEN LI; do
    for world in zh en; do
        printf '%s\n' "${lost[@]}" >"$work/$world/cards"
    done
    both any confirm D1/K @cards --reason 'test' --by $operator
done
both any run D1/K
[ -s "$work/zh/D1/K/reports/pickup.csv" ] || fail "nothing waits to be picked up"
look D1/K
part "mode 4: certificates wait to be picked up, in both languages"

same_jobs()
{
    local job
    for job in "$@"; do
        job_trees "$work/zh/$job" "$work/en/$job" out held reports
        mapfile -t packages < <(cd "$work/zh" && find "$job/out" -name '*.zip' | sort)
        job_outputs "$job" "${packages[@]}"
    done
}
same_jobs V1/J D1/J C1/J V1/R V1/K D1/K
part "outputs, lists, reports, ledgers, JSON and slips of six jobs do not depend on the language"

# ---- purge ----

# One world again: the digest of a purge is over signatures too, which are new in every writing.
rm -rf "$work/en"
cp -a "$work/zh" "$work/en"
for job in V1/K D1/K; do
    both 4 purge $job
    digest=$(digest_shown)
    both 2 purge $job --digest "$digest"
    both 1 purge $job --digest 00 --reason 'test'
    both 0 purge $job --digest "$digest" --reason 'test' --dry-run
    both 0 purge $job --digest "$digest" --reason 'test'
    both any purge $job --digest "$digest" --reason 'test'
    both 1 run $job
    both 0 status $job
    both 0 check $job
    both 0 trace $job "${lost[0]}"
    both 1 slip $job "$(basename "$(first_of D1/J/out/forward 'FWD-*.zip')")"
done
same_jobs V1/K D1/K
for world in zh en; do
    : >"$work/$world/V1/K/out/ra/APP-411600-B4-0001.zip" # as from a copy
done
both 1 check V1/K
part "purge asks, does and refuses alike in both languages"

# ---- profiles ----

for world in zh en; do
    mkdir "$work/$world/files"
    cp "$work/s/keys/application.csv" "$work/s/issuance/issuance.csv" "$work/$world/files/"
    cp "$work/zh/$(first_of C1/J/in/machine '*.result.csv')" "$work/$world/files/result.csv"
    sed 1d "$work/s/keys/application.csv" >"$work/$world/files/no-header.csv"
    sed '1s/AAZ501/KPH/; 1s/AAC002,AAC003/AAC003,AAC002/' "$work/s/issuance/issuance.csv" \
        >"$work/$world/files/swapped.csv"
    tr , '|' <"$work/s/issuance/issuance.csv" >"$work/$world/files/bars.csv"
    : >"$work/$world/files/empty.csv"
done
for name in default bar-pinyin chinese-gbk; do
    both 0 profile show $name --conf V1/persoline.conf
    both 0 profile show D1/profiles/$name.conf
done
both 0 profile show
both 1 profile show none --conf V1/persoline.conf
both any profile check files/application.csv
both any profile check files/application.csv --as application --conf V1/persoline.conf
both any profile check files/issuance.csv --encoding utf-8
both any profile check files/result.csv --as result
for file in no-header swapped bars empty none; do
    both 1 profile check files/$file.csv --as issuance
    both 1 profile check files/$file.csv
done
both 2 profile check files/empty.csv --as cards
both 2 profile check
both 0 help
part "profiles are shown, and files judged by them, in both languages"

# ---- slips: each in both languages ----

for file in $(cd "$work/zh" && find . -name '*.zip' -size +0 ! -path '*/in/*' | sort); do
    unzip -p "$work/zh/$file" slip.txt 2>"$work/err" | sed "s|^|$(basename "$file")>|"
done >"$work/slips"
cat "$work"/zh/*/*/out/close/slip.txt | sed 's/^/close>/' >>"$work/slips"
grep '^slip ' "$work/zh.log" | grep -v '^slip [^>]*>[^ ]*：' >>"$work/slips"
[ "$(grep -c '箱号 box' "$work/slips")" -gt 10 ] || fail "no slips with boxes"
grep -q '补打 / REPRINT' "$work/slips" || fail "no slip that is printed again"
perl "$here/language.pl" slip "$work/slips" >"$work/one-language" ||
    fail "lines of slips in one language: $(head -n 20 "$work/one-language")"
part "$(grep -c 'SM3:' "$work/slips") slips are in Chinese and English, line by line"

read_by_people 1000
