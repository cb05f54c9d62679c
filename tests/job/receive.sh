#!/bin/bash
# What comes in beside applications: boxes of cards that are counted, a department's cards at the
# centre, cards that replace others (LD/T 03-2022 6.4.4, 6.4.7.3).
# shellcheck source=tests/job/refusals.sh
. "$(dirname "$0")/refusals.sh"
# shellcheck source=tests/job/forge.sh
. "$here/forge.sh"

init()
{
    expect 0 "$PERSOLINE" init "$1" --division 411600 --vendor V1 --date "$job_date" "${@:2}"
}

codes()
{
    held "$1" ingest | cut -f2 | sort | uniq -c | awk '{ print $2 "=" $1 }' | paste -sd ' '
}

sample_make "$work/s" --cards 60
awk -F, -v OFS=, 'NR == 1 { print $0, "box", "position"; next }
    { print $0, "箱-" 1 + int((NR - 2) / 20), 1 + (NR - 2) % 20 }' \
    "$work/s/keys/application.csv" >"$work/boxed.csv"
for site in vendor department centre; do
    expect 0 "$PERSOLINE" site init "$work/$site" --name "$site"
done
for site in vendor department centre; do
    for peer in vendor department centre; do
        [ "$site" = "$peer" ] || cp "$work/$peer/site.cer" "$work/$site/peers/$peer.cer"
    done
done

# ---- boxes ----

v=$work/vendor/J
init "$v" --mode 2 --batch B1 --role vendor --ra department
cp "$work/boxed.csv" "$v/boxed.csv"
for wrong in 箱-1 =3 箱-1=x 箱-1=-1 箱-1=99999999999; do
    expect 2 "$PERSOLINE" ingest "$v" "$v/boxed.csv" --counted "$wrong"
done
expect 2 "$PERSOLINE" bundle "$v" --counted 箱-1=1
expect 3 "$PERSOLINE" ingest "$v" "$v/boxed.csv" --counted 箱-1=20 --counted 箱-2=19
said 'box 箱-2, counted 19, listed 20, held 20'
equal "$(codes "$v")" "R147=20" "held for their box"
dump "$v" >"$work/want"
expect 3 "$PERSOLINE" ingest "$v" "$v/boxed.csv" --counted 箱-1=20 --counted 箱-2=19
dump "$v" >"$work/have"
same "$work/have" "$work/want" "counted twice, the same"
expect 4 "$PERSOLINE" ingest "$v" "$v/boxed.csv" --counted 箱-9=5
said 'box 箱-9: no row of this job names it'
one=$(columns "$v/boxed.csv" AAZ501 | sed -n 21p)
expect 0 "$PERSOLINE" release "$v" "$one" --reason "lies on the table"
equal "$(state_of "$v" "$one")" received "a card that the operator lets pass"
expect 3 "$PERSOLINE" ingest "$v" "$v/boxed.csv" --counted 箱-2=18
equal "$(codes "$v")" "R147=19" "held for their box, less the one that passed"
expect 0 "$PERSOLINE" ingest "$v" "$v/boxed.csv" --counted 箱-2=20
said 'box 箱-2, counted 20, listed 20, go on 19'
equal "$(codes "$v")" "" "held after the box was counted again"
"$PERSOLINE" trace "$v" "$one" | has 'box=箱-2 counted=19 listed=20' ||
    fail "what was counted is no event"
part "a box that was counted otherwise is held whole, and goes on when the count is right"

# ---- the card at the vendor replaces another ----

# rmk FILE BATCH ID...: as the department would send it.
rmk()
{
    local package=$1 of=$2 folder=$work/rmk
    shift 2
    rm -rf "$folder"
    mkdir "$folder"
    {
        echo AAZ501,AAZ500,request_id,state,code,reason
        printf '%s,,,spoiled,R510,\n' "$@"
    } >"$folder/remake.csv"
    forge_package "$package" "$folder" kind=RMK sender=department recipient=vendor "batch=$of" \
        "cards=$#" mode=2
    forge_sign "$work/department" "$package"
}

sample_make "$work/old" --cards 4 --seed 8 --batch B0
sample_make "$work/new" --cards 5 --seed 9 --batch R1
mapfile -t old < <(columns "$work/old/keys/application.csv" AAZ501)
mapfile -t new < <(columns "$work/new/keys/application.csv" AAZ501)
r=$work/vendor/R
rmk "$work/RMK-411600-B0-0001.zip" B0 "${old[0]}" "${old[1]}"
expect 1 "$PERSOLINE" init "$r" --from "$work/RMK-411600-B0-0001.zip" --date "$job_date"
said 'give --batch'
expect 0 "$PERSOLINE" init "$r" --from "$work/RMK-411600-B0-0001.zip" --batch R1 \
    --date "$job_date"
# unknown, right, taken by the row before, none named, right
awk -F, -v OFS=, -v ids="replaces ${old[3]} ${old[0]} ${old[0]} - ${old[1]}" \
    'BEGIN { split(ids, id, " ") } { print $0, id[NR] == "-" ? "" : id[NR] }' \
    "$work/new/keys/application.csv" >"$r/in/keys/A.csv"
cp "$work"/RMK-411600-B0-0001.zip* "$r/in/keys/"
expect 3 "$PERSOLINE" run "$r"
held "$r" ingest | cut -f1,2 >"$work/have"
printf '%s\t%s\n' "${new[0]}" R145 "${new[2]}" R146 "${new[3]}" R145 | sort >"$work/want"
same "$work/have" "$work/want" "new cards that may not replace"
expect 0 "$PERSOLINE" trace "$r" "${new[1]}"
said "replaces ${old[0]}"
[ -f "$r/out/ra/ACK-RMK-411600-B0-0001.json" ] || fail "the RMK is not acknowledged"
grep -q '"sequence": 1,' "$r/out/ra/ACK-RMK-411600-B0-0001.json" || fail "its number"
unzip -p "$r"/out/ra/APP-411600-R1-0001.zip application.csv >"$work/app.csv"
columns "$work/app.csv" AAZ501 replaces | sort >"$work/have"
printf '%s\t%s\n' "${new[1]}" "${old[0]}" "${new[4]}" "${old[1]}" | sort >"$work/want"
same "$work/have" "$work/want" "what goes to the department"
rmk "$work/RMK-411600-B9-0001.zip" B9 "${old[3]}" # the same number of another batch
expect 3 "$PERSOLINE" ingest "$r" "$work/RMK-411600-B9-0001.zip"
rmk "$work/RMK-411600-B9-0001.zip" B9 "${old[2]}"
stage "$r" ingest
refused F135 ': sequence: ' "$work/RMK-411600-B9-0001.zip"
expect 0 "$PERSOLINE" release "$r" "${new[0]}" --reason "confirmed now"
equal "$(state_of "$r" "${new[0]}")" received "a card whose replaced one is confirmed later"
expect 0 "$PERSOLINE" cancel "$r" "${new[0]}" --reason "not needed"
rmk "$work/f.zip" R1 "short"
stage "$r" ingest
refused F132 ':2: AAZ501: ' "$work/f.zip"
expect 0 "$PERSOLINE" release "$r" "${new[2]}" --reason "try again"
equal "$(state_of "$r" "${new[2]}")" "held R146" "a card whose replaced one is taken"
part "a card is made again once, after the department confirmed it; a cancelled one frees it"

# The department has not confirmed at its own site: what the vendor says does not count there.
d=$work/department/R
expect 0 "$PERSOLINE" init "$d" --from "$r/out/ra/APP-411600-R1-0001.zip" --date "$job_date"
expect 3 "$PERSOLINE" ingest "$d" "$r/out/ra/APP-411600-R1-0001.zip"
equal "$(codes "$d")" "R145=2" "at the department"
part "a department holds what replaces a card that it never confirmed"

# ---- the department's cards at the centre ----

# fwd FILE SEQUENCE PREVIOUS: of $work/fwd, sealed to the centre.
fwd()
{
    local n
    n=$(($(wc -l <"$work/fwd/cards.csv") - 1))
    forge_package "$1" "$work/fwd" kind=FWD sender=department recipient=centre mode=2 "cards=$n" \
        "sequence=$2" "previous=$3"
    forge_sign "$work/department" "$1"
    forge_wrap "$work/centre" "$1"
}

mkdir "$work/fwd"
request_ids()
{
    "$PERSOLINE" report "$v" >"$work/report"
    perl -e 'printf "%032x\n", $_ for 1 .. 60'
}
columns "$v/boxed.csv" AAZ501 AAZ500 AAC002 AAC003 AAB301 QMGY box position |
    paste -d '\t' - <(request_ids) >"$work/all"
# cards FIRST LAST: of these cards of the batch.
cards()
{
    awk -F'\t' -v OFS=, -v a="$1" -v z="$2" 'BEGIN {
            print "request_id", "AAZ501", "AAZ500", "QMGY", "box", "position" }
        NR >= a && NR <= z { print $9, $1, $2, $6, $7, $8 }' "$work/all" >"$work/fwd/cards.csv"
    awk -F'\t' -v OFS=, -v a="$1" -v z="$2" 'BEGIN {
            print "AAZ501", "AAC002", "AAC003", "AAC004", "AAB301", "AAE010", "颜色" }
        NR >= a && NR <= z { print $1, $3, $4, "1", $5, "6222", "红" }' "$work/all" |
        (read -r header && echo "$header" && sort -r) >"$work/fwd/personal.csv"
    cp "$work/fwd/cards.csv" "$work/fwd/certificates.csv"
}

first=$work/FWD-411600-B1-0001.zip
cards 1 40
fwd "$first" 1 null
c=$work/centre/J
expect 0 "$PERSOLINE" init "$c" --from "$first" --date "$job_date"
stage "$c" ingest
refused 'F1[0-9][0-9]' '' "$v/boxed.csv"
bad=$work/bad.zip
sed -i 3d "$work/fwd/personal.csv"
fwd "$bad" 1 null
refused F129 ': personal.csv: ' "$bad"
cards 1 40
sed -i '3{p}' "$work/fwd/cards.csv"
sed -i 4d "$work/fwd/cards.csv"
sed -i '3{h;d};4{p;x;G;s/.*\n//}' "$work/fwd/cards.csv"
fwd "$bad" 1 null
refused F132 ': cards.csv: .*twice' "$bad"
cards 1 40
sed -n 2p "$work/fwd/personal.csv" >>"$work/fwd/personal.csv"
sed -i 3d "$work/fwd/personal.csv"
fwd "$bad" 1 null
refused F132 ':[0-9]*: personal.csv: .*twice' "$bad"
cards 1 40
sed -i "2s/^[^,]*/${old[0]}/" "$work/fwd/personal.csv"
fwd "$bad" 1 null
refused F132 ':[0-9]*: personal.csv: .*does not have' "$bad"
cp "$first" "$bad"
cp "$first.sig" "$bad.sig"
rm "$bad.wrap"
expect 4 "$PERSOLINE" ingest "$c" "$bad"
said 'waits for bad.zip.wrap'
unchanged "(at the centre)"
part "cards of one table and not of the other, or twice: the package is refused"

expect 4 "$PERSOLINE" ingest "$c" "$first" --counted 箱-1=20 --counted 箱-2=20 --counted 箱-3=20
said 'box 箱-3, counted 20, listed 0'
equal "$(balance "$c" in)" 40 "cards at the centre"
equal "$(balance "$c" open)" 40 "open cards at the centre"
id=$(sed -n 1p "$work/all" | cut -f1)
expect 0 "$PERSOLINE" trace "$c" "$id"
said "request_id $(sed -n 1p "$work/all" | cut -f9)"
[ -f "$c/out/ra/ACK-FWD-411600-B1-0001.json" ] || fail "the FWD is not acknowledged"
cards 41 60
sed -i '2s/^[^,]*,/,/; 3s/,[0-9A-F]\{128\},/,00,/' "$work/fwd/cards.csv"
fwd "$work/FWD-411600-B1-0002.zip" 2 "$(manifest_digest "$first")"
expect 3 "$PERSOLINE" ingest "$c" "$work/FWD-411600-B1-0002.zip" --counted 箱-3=20
equal "$(codes "$c")" "R120=1 R122=1" "what is not of its form"
seq=$(columns "$c/held/ingest.csv" seq | head -n 1)
expect 0 "$PERSOLINE" release "$c" "#$seq" --reason "judged again"
said 'still held'
closes "$c"
part "40 and 20 cards at the centre, joined out of two tables"
