#!/bin/bash
# What follows from results in a job of role all: confirm, the RVK to the RA, lists, slips
# (CONTRACTS 3 and 4; LD/T 03-2022 6.4.4). RMK and RES cross between parties: remake.sh has them.
. "$(dirname "$0")/lib.sh"

world_make "$work/w"
sample_make "$work/s" --cards 60 --boxes 25
job_make "$work/w" B1 "$work/s"
job=$work/w/site/B1
line_to_machine "$work/w" "$job"
cp "$job/out/machine/B1-0001.csv" "$work/machine.csv"
cut -d, -f2 "$work/machine.csv" | sed 1d >"$work/ids"
id() { sed -n "$1p" "$work/ids"; }

# Three results by hand, the others by the machine: a reason that a spreadsheet program would run.
machine_play "$work/w" "$job"
result=$job/in/machine/B1-0001.result.csv
awk -F, -v OFS=, -v a="$(id 1)" -v b="$(id 2)" -v c="$(id 3)" 'NR == 1 { print; next }
    $1 == a { print $1, "spoiled", "", "=1+1 号", "", "", "", "", "", ""; next }
    $1 == b { print $1, "spoiled", "DATA", "chip is dead", "", "", "", "", "", ""; next }
    $1 == c { print $1, "missing", "", "", "", "", "", "", "", ""; next }
    { print }' "$result" >"$work/result.csv"
rm "$result.manifest.json" # of the file as the machine gave it
cp "$work/result.csv" "$result"
expect 0 "$PERSOLINE" run "$job"
equal "$(state_of "$job" "$(id 1)")" "spoiled R510" "first card"
equal "$(state_of "$job" "$(id 3)")" "missing" "third card"
[ -z "$(find "$job/out/close" -name '*.zip')" ] || fail "a package before anything is confirmed"
part "nothing goes to the RA before it is confirmed"

# ---- lists for people, slips ----

has "^$(id 1),spoiled,R510,'=1\\+1 号$" <"$job/out/close/remake.csv" ||
    fail "remake.csv: $(cat "$job/out/close/remake.csv")"
# One sign alone is no formula: reconcile.csv compares by it.
for list in "$job"/out/close/*.csv "$job"/held/*.csv "$job"/reports/*.csv; do
    ! grep -nE '(^|,)"?[=+@	-][^,"]' "$list" >"$work/have" ||
        fail "$list has a cell that a spreadsheet program would run: $(head -n 3 "$work/have")"
done
part "a reason that begins with = is guarded in remake.csv, and no list has a cell like it"

expect 0 "$PERSOLINE" slip "$job"
equal "$(sed -n 1p "$work/out")" "补打 / REPRINT" "first line of a slip that is printed again"
sed 1,2d "$work/out" >"$work/again"
same "$work/again" "$job/out/close/slip.txt" "the slip printed again and the first one"
# Boxes added up from the sample, by other code, in the order of its file.
columns "$work/s/keys/application.csv" box | awk '{ if (!n[$1]++) order[++k] = $1 }
    END { for (i = 1; i <= k; i++) print order[i], n[order[i]] }' >"$work/want"
request=$job/out/bundle/REQ-411600-B1-0001.zip
unzip -p "$request" slip.txt >"$work/slip"
for slip in "$job/out/close/slip.txt" "$work/slip"; do
    awk '$1 == "箱号" { print $3, $NF }' "$slip" >"$work/have"
    same "$work/have" "$work/want" "boxes of a slip (<) and of the sample (>)"
done
expect 0 "$PERSOLINE" slip "$job" "$request"
equal "$(sed -n 1p "$work/out")" "补打 / REPRINT" "first line of a package's slip, again"
! grep -q REPRINT "$work/slip" || fail "the slip in the package says reprint"
part "slips have $(wc -l <"$work/want") boxes with their counts; printed again they say 补打"

# ---- confirm ----

expect 2 "$PERSOLINE" confirm "$job" "$(id 1)"
expect 1 "$PERSOLINE" confirm "$job" "$(id 4)" --reason "was written"
said 'cannot be confirmed'
expect 0 "$PERSOLINE" confirm "$job" "$(id 1)" "$(id 3)" --reason "seen by two" --by chen
expect 0 "$PERSOLINE" trace "$job" "$(id 1)"
said '"operator":"chen".*"kind":"confirm".*"note":"seen by two"'
dump "$job" >"$work/before"
expect 0 "$PERSOLINE" confirm "$job" "$(id 1)" "$(id 3)" --reason "again"
dump "$job" >"$work/after"
same "$work/before" "$work/after" "confirmed again"
for command in cancel release; do
    expect 1 "$PERSOLINE" "$command" "$job" "$(id 1)" --reason "too late"
done
part "confirm: of spoiled and missing cards only, once; such a card is not cancelled or released"

# A result that comes later changes nothing any more. machine_value CARD COLUMN, der CARD COLUMN.
machine_value()
{
    columns "$work/machine.csv" AAZ501 "$2" | awk -F'\t' -v i="$1" '$1 == i { print $2 }'
}
der() { machine_value "$1" "$2" | base64 -d; }
{
    sed -n 1p "$work/result.csv"
    for column in QMZS JMZS; do
        der "$(id 3)" "$column" | openssl dgst -sm3 -r | cut -c1-64
    done | paste -sd, | sed "s/.*/$(id 3),ok,,,$(machine_value "$(id 3)" QMGY),&,,,/"
} >"$work/late.result.csv"
expect 0 "$PERSOLINE" close "$job" "$work/late.result.csv"
said 'which is missing: no effect'
equal "$(state_of "$job" "$(id 3)")" "missing" "a confirmed card"
expect 0 "$PERSOLINE" trace "$job" "$(id 3)"
said '"kind":"late"'
part "a confirmed card that is found stays as confirmed; that it came is an event"

# ---- RVK ----

package=$job/out/close/RVK-411600-B1-0001.zip
[ -s "$package" ] || fail "no RVK"
unzip -p "$package" revoke.csv >"$work/revoke.csv"
for pair in "1 spoiled" "3 missing"; do
    for column in QMZS JMZS; do
        der "$(id "${pair% *}")" "$column" >"$work/der"
        serial=$(openssl x509 -inform DER -in "$work/der" -noout -serial | cut -d= -f2)
        printf '%s,%s,%s,%s,%s: seen by two\n' "$(id "${pair% *}")" "$column" "${serial,,}" \
            "$(openssl dgst -sm3 -r "$work/der" | cut -c1-64)" "${pair#* }"
    done
done >"$work/want"
sed 1d "$work/revoke.csv" >"$work/have"
same "$work/have" "$work/want" "revoke.csv of the RVK (<) and certificates of confirmed cards (>)"
cp "$job"/out/close/RVK-* "$work/w/"
mkdir "$work/rvk" && mv "$work"/w/RVK-* "$work/rvk/"
expect 0 "$PERSOLINE_SANDBOX" ra --in "$work/rvk" --out "$work/none" --state "$work/w/ra"
equal "$(sed 1d "$work/w/ra/revoked.csv" | wc -l)" 4 "certificates that the RA revoked"
[ -z "$(find "$job/out/close" -name 'RMK-*' -o -name 'RES-*')" ] ||
    fail "role all tells itself something"
digests()
{
    (cd "$1" && find "${@:2}" -type f ! -name '*.sig' -exec openssl dgst -sm3 -r {} + | sort)
}
digests "$job" out >"$work/before"
expect 0 "$PERSOLINE" run "$job"
digests "$job" out >"$work/after"
same "$work/before" "$work/after" "outputs of a run with nothing to do"
part "the RVK has both certificates of each confirmed card, and the RA takes it"

# A later confirm goes into the next RVK, chained to the first.
expect 0 "$PERSOLINE" confirm "$job" "$(id 2)" --reason "seen by two"
expect 0 "$PERSOLINE" run "$job"
unzip -p "$job/out/close/RVK-411600-B1-0002.zip" revoke.csv >"$work/revoke2.csv"
columns "$work/revoke2.csv" AAZ501 >"$work/have"
printf '%s\n%s\n' "$(id 2)" "$(id 2)" >"$work/want"
same "$work/have" "$work/want" "cards of the second RVK"
unzip -p "$package" manifest.json | openssl dgst -sm3 -r | cut -c1-64 >"$work/want"
unzip -p "$job/out/close/RVK-411600-B1-0002.zip" manifest.json |
    sed -n 's/.*"previous": "\([0-9a-f]*\)".*/\1/p' >"$work/have"
same "$work/have" "$work/want" "previous of the second RVK"
cp "$job"/out/close/RVK-* "$work/rvk/"
expect 0 "$PERSOLINE_SANDBOX" ra --in "$work/rvk" --out "$work/none" --state "$work/w/ra"
equal "$(sed 1d "$work/w/ra/revoked.csv" | wc -l)" 6 "certificates that the RA revoked"
expect 0 "$PERSOLINE" audit verify "$job"
part "what is confirmed later goes into the next RVK"

# ---- approval policy two: another operator ----

sample_make "$work/t" --cards 5 --seed 9 --batch B2
job_make "$work/w" B2 "$work/t" --batch B2
job=$work/w/site/B2
line_to_machine "$work/w" "$job"
machine_play "$work/w" "$job" --missing 1
expect 0 "$PERSOLINE" run "$job"
conf=$work/w/site/persoline.conf
cp "$conf" "$work/conf"
perl -pi -e 's/^(\s*policy\s*=\s*)\S+/${1}two/ && $n++; END { exit !$n }' "$conf" ||
    fail "persoline.conf names no policy of approval"
id=$(states "$job" | awk -F'\t' '$2 == "missing" && !n++ { print $1 }')
expect 4 "$PERSOLINE" confirm "$job" "$id" --reason "first" --by chen
expect 4 "$PERSOLINE" confirm "$job" "$id" --reason "first again" --by chen
expect 0 "$PERSOLINE" run "$job"
[ -z "$(find "$job/out/close" -name 'RVK-*')" ] || fail "one operator was enough"
expect 0 "$PERSOLINE" confirm "$job" "$id" --reason "second" --by wang
expect 0 "$PERSOLINE" run "$job"
[ -s "$job/out/close/RVK-411600-B2-0001.zip" ] || fail "no RVK after the second operator"
part "policy two: the second, other operator confirms"

# ---- killed and repeated ----

# The same acts, killed at moments, end as undisturbed: outputs and ledger.
cp "$work/conf" "$conf"
sample_make "$work/k" --cards 40 --seed 11 --batch B3
job_make "$work/w" B3 "$work/k" --batch B3
line_to_machine "$work/w" "$work/w/site/B3"
machine_play "$work/w" "$work/w/site/B3" --spoil 0.5 --missing 0.3
cp -a "$work/w" "$work/v"
acts()
{
    expect 0 "$PERSOLINE" run "$1"
    states "$1" | awk -F'\t' '$2 == "spoiled" || $2 == "missing" { print $1 }' >"$work/cards"
    expect 0 "$PERSOLINE" confirm "$1" "@$work/cards" --reason "lost"
    expect 0 "$PERSOLINE" run "$1"
}
acts "$work/w/site/B3"
kills=0
killed()
{
    local ms
    for ms in 5 10 15 20 30 40 60 80; do
        "$@" >/dev/null 2>&1 </dev/null &
        sleep "0.0$(printf '%02d' "$ms")"
        ! kill -KILL $! 2>/dev/null || kills=$((kills + 1))
        wait $! 2>/dev/null || true
    done
}
v=$work/v/site/B3
killed "$PERSOLINE" run "$v"
expect 0 "$PERSOLINE" run "$v"
killed "$PERSOLINE" confirm "$v" "@$work/cards" --reason "lost"
expect 0 "$PERSOLINE" confirm "$v" "@$work/cards" --reason "lost"
killed "$PERSOLINE" run "$v"
expect 0 "$PERSOLINE" run "$v"
[ "$kills" -ge 5 ] || fail "only $kills kills came in time"
for world in w v; do
    digests "$work/$world/site/B3" out held reports | grep -v '\.wrap$' >"$work/files.$world"
    dump "$work/$world/site/B3" >"$work/dump.$world"
done
same "$work/files.w" "$work/files.v" "outputs, undisturbed (<) and killed $kills times (>)"
same "$work/dump.w" "$work/dump.v" "check --dump, undisturbed (<) and killed $kills times (>)"
part "run and confirm, killed $kills times, end as undisturbed ones do"
