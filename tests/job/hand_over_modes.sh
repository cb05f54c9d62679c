#!/bin/bash
# Modes 2 and 4 up to the finisher's machine files (LD/T 03-2022 6.4.7.3, 6.4.7.5).
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/job/handing.sh
. "$here/handing.sh"

# ---- mode 2: a centre finishes ----

world=$work/two
parties_make "$world"
sample_make "$work/sample" --cards 40
mapfile -t cards < <(columns "$work/sample/keys/application.csv" AAZ501)
rejected=${cards[1]}
cp "$world"/department/trust/* "$world/centre/trust/" # this one judges the chain itself
for party in department centre; do
    profile_set "$world/$party" ssse_keys "MK-SSSE:3;AK-1:1"
done
# One card has its own key in the issuance data.
cp -r "$work/sample" "$work/own-key"
ID=${cards[5]} perl -i -pe 's/\r?\n//;
    $_ .= ($. == 1 ? ",SSSE" : /^$ENV{ID},/ ? ",CARD-KEY:9" : ",") . "\n"' \
    "$work/own-key/issuance/issuance.csv"
awk -F, -v OFS=, 'NR == 1 { print $0, "box", "position"; next }
    { print $0, 1 + int((NR - 2) / 8), 1 + (NR - 2) % 8 }' \
    "$work/sample/keys/application.csv" >"$work/own-key/keys/application.csv"
rm "$work"/own-key/*/*.manifest.json
vendor_begin "$world" "$work/own-key" --mode 2
vendor=$world/vendor/J department=$world/department/J centre=$world/centre/J
equal "$(count_state "$vendor" forwarded)" 40 "cards that left the vendor"
expect 0 "$PERSOLINE" status "$vendor"
! grep -qE "outstanding|next" "$work/out" || fail "a vendor that is done is told to wait"
department_begin "$world" "$work/own-key"
expect 0 "$PERSOLINE" reject "$department" "$rejected" --reason "person unknown"
department_go "$world"
expect 0 "$PERSOLINE" init "$centre" --date "$job_date" \
    --from "$department/out/forward/FWD-411600-B1-0001.zip"
deliver "$department/out/forward" FWD "$world/vendor/J/in/ra"
untouched "$vendor" expect 1 "$PERSOLINE" collect "$vendor" "$vendor/in/ra/FWD-411600-B1-0001.zip"
said "F134.*|have centre, want vendor"
rm "$vendor"/in/ra/FWD-*
part "a package for the centre is nothing for the vendor"

deliver "$department/out/forward" FWD "$centre/in/ra"
untouched "$centre" expect 4 "$PERSOLINE" collect "$centre" "$centre/in/ra/FWD-411600-B1-0001.zip"
said "waits for ingest to read it"
cp -r "$world" "$work/keyed"
expect 4 "$PERSOLINE" run "$centre"
! grep -q "trust is empty" "$work/err" || fail "the centre has CA certificates"
equal "$(count_state "$centre" prepared)" 39 "cards prepared at the centre"
equal "$(machine_rows "$centre" AAZ501 SSSE | grep -v MK-SSSE)" "${cards[5]}"$'\tCARD-KEY:9' \
    "the key of one card"
machine_rows "$centre" SSSE steps | grep -v CARD-KEY | sort -u >"$work/have"
printf 'MK-SSSE:3;AK-1:1\tKEY+DATA+JMMY+QMZS+JMZS+READ+GLYPIN+ZKMY+SSSE+CHECK\n' >"$work/want"
same "$work/have" "$work/want" "SSSE and steps"
closes "$centre"
part "mode 2: the centre's cards are at its machine, SSSE keys by name and version"

deliver "$department/out/forward" HLD "$vendor/in/ra"
expect 3 "$PERSOLINE" run "$vendor"
equal "$(state_of "$vendor" "$rejected")" "held R250" "the rejected card at the vendor"
equal "$(count_state "$vendor" forwarded)" 39 "the others"
expect 0 "$PERSOLINE" release "$vendor" "$rejected" --reason "it is she"
"$PERSOLINE" run "$vendor" >"$work/out" 2>"$work/err" || fail "$(tail -n 3 "$work/err")"
[ -f "$vendor/out/ra/APP-411600-B1-0002.zip" ] || fail "no second package of applications"
equal "$(count_state "$vendor" forwarded)" 40 "all left again"
part "mode 2: a card that comes back to the vendor goes again"

cp -r "$work/keyed" "$work/struck"
kill_often "$work/struck/centre/J"
same_job "$centre" "$work/struck/centre/J"
part "killed $landed times at the centre: the same to the byte"

# Cards that wait at the centre for the operator or for a box to be counted again: the package is
# read once, and what it says of them is kept.
cp -r "$work/keyed" "$work/counted"
job=$work/counted/centre/J
expect 3 "$PERSOLINE" ingest "$job" "$job/in/ra/FWD-411600-B1-0001.zip" --counted 1=9
said "box 1, counted 9, listed 7, held 7"
expect 0 "$PERSOLINE" hold "$job" "${cards[8]}" --reason "asked for"
expect 4 "$PERSOLINE" run "$job"
equal "$(count_state "$job" prepared)" 31 "prepared, less one box and one card"
equal "$(held "$job" | cut -f2 | sort | uniq -c | awk '{ print $2 "=" $1 }' | paste -sd ' ')" \
    "R147=7 R251=1" "held at the centre"
expect 0 "$PERSOLINE" release "$job" "${cards[8]}" --reason "found"
expect 0 "$PERSOLINE" release "$job" "${cards[0]}" --reason "lies on the table"
expect 4 "$PERSOLINE" run "$job"
equal "$(count_state "$job" prepared)" 33 "prepared with what was released"
"$PERSOLINE" ingest "$job" "$job/in/ra/FWD-411600-B1-0001.zip" --counted 1=7 >"$work/out" 2>&1
expect 4 "$PERSOLINE" run "$job"
equal "$(count_state "$job" prepared)" 39 "prepared in the end"
machine_rows "$job" AAZ501 box position | sort >"$work/have"
columns "$work/own-key/keys/application.csv" AAZ501 box position | grep -v "^$rejected" |
    sort >"$work/want"
same "$work/have" "$work/want" "where the cards lie"
closes "$job"
part "mode 2: a card that waited at the centre goes on with what came for it"

# What could be a key, or nothing at all, holds the card (8.2).
for value in 0123456789ABCDEF0123456789ABCDEF:1 "MK SSSE 3" ""; do
    rm -rf "$work/again"
    cp -r "$work/keyed" "$work/again"
    profile_set "$work/again/centre" ssse_keys "$value"
    expect 4 "$PERSOLINE" run "$work/again/centre/J"
    equal "$(count_state "$work/again/centre/J" held)" 38 "held for keys '$value'"
    equal "$(columns "$work/again/centre/J/held/personalize.csv" code field | sort -u)" \
        $'R401\tSSSE' "why"
    equal "$(machine_rows "$work/again/centre/J" AAZ501 SSSE)" "${cards[5]}"$'\tCARD-KEY:9' \
        "the card whose issuance data name its key"
done
part "mode 2: without references to keys no card goes to the machine"

# again WORLD JOB PARTY: the machine wants some once more.
again()
{
    local before
    before=$(machine_rows "$2" AAZ501 | wc -l)
    expect 0 "$PERSOLINE_SANDBOX" machine --in "$2/out/machine" --out "$2/in/machine" \
        --state "$1/machine-$3" --retry 0.3
    "$PERSOLINE" run "$2" >"$work/out" 2>"$work/err" || [ $? -eq 4 ] || [ $? -eq 3 ] ||
        fail "$(tail -n 3 "$work/err")"
    [ "$(machine_rows "$2" AAZ501 | wc -l)" -gt "$before" ] || fail "no card is fed again"
    equal "$(machine_rows "$2" AAZ501 SSSE steps | sort -u | wc -l)" "$before" "rows that differ"
}
again "$world" "$centre" centre
part "mode 2: a card fed again has the same plan"

# ---- mode 4: certificates wait at the department ----

# four WORLD FINISHER ANSWER: up to the machine files of the finisher's job $finisher_job.
four()
{
    local world=$1 site
    parties_make "$world"
    for site in vendor department centre; do
        profile_set "$world/$site" keys_at_issue "$3"
    done
    vendor_begin "$world" "$work/sample" --mode 4 --finisher "$2"
    department_begin "$world" "$work/sample" --finisher "$2"
    department_go "$world"
    finisher_job=$world/$2/J
    if [ "$2" = centre ]; then
        expect 0 "$PERSOLINE" init "$finisher_job" --date "$job_date" \
            --from "$world/department/J/out/forward/FWD-411600-B1-0001.zip"
    fi
    deliver "$world/department/J/out/forward" FWD "$finisher_job/in/ra"
    expect 4 "$PERSOLINE" run "$finisher_job"
    ! grep -q "trust is empty" "$work/err" || fail "there is no chain to speak of"
    equal "$(count_state "$finisher_job" prepared)" 40 "prepared cards"
    equal "$(machine_rows "$finisher_job" QMZS JMZS JMMY | sort -u)" $'\t\t' "certificates"
    closes "$finisher_job"
}

four "$work/four" vendor no
equal "$(machine_rows "$finisher_job" GLYPIN ZKMY steps | sort -u)" $'\t\tKEY+DATA+CHECK' "no keys"
again "$work/four" "$finisher_job" vendor
part "mode 4, vendor: key and person only"
four "$work/five" centre yes
equal "$(machine_rows "$finisher_job" steps | sort -u)" "KEY+DATA+GLYPIN+ZKMY+CHECK" "keys at issue"
machine_rows "$finisher_job" GLYPIN ZKMY >"$work/have"
equal "$(grep -cE $'^[A-Za-z0-9+/=]{30,}\t[A-Za-z0-9+/=]{40,}$' "$work/have")" 40 "sealed keys"
part "mode 4, centre: PIN and master key change at issue"
