#!/bin/bash
# What the department hands over to a vendor that finishes its cards, and what it gives back
# (LD/T 03-2022 6.4.7.2; CONTRACTS 3).
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/job/handing.sh
. "$here/handing.sh"

# ---- mode 1: the vendor finishes ----

world=$work/one
mode_one_begin "$world"
expect 0 "$PERSOLINE" status "$vendor"
said "next: cards 40, step collect: the department's packages come into in/ra"
said "outstanding: file APP-411600-B1-0001.zip, at department, cards 40"
mode_one_forward "$world"
equal "$(cd "$department/out/forward" && echo FWD*.zip HLD*.zip)" \
    "FWD-411600-B1-0001.zip FWD-411600-B1-0002.zip FWD-411600-B1-0003.zip HLD-411600-B1-0001.zip" \
    "packages of the department"
part "the department forwards and gives back: $(count_state "$department" forwarded) and 3"

# ---- what must not have an effect ----

deliver "$department/out/forward" FWD "$in"
two=$in/FWD-411600-B1-0002.zip
mkdir "$work/aside"
mv "$in"/FWD-411600-B1-0003* "$work/aside"

mv "$one" "$work/aside/"
untouched "$vendor" expect 4 "$PERSOLINE" collect "$vendor" "$two"
said "waits for FWD 1 of department"
mv "$work/aside/FWD-411600-B1-0001.zip" "$in/"
mv "$one.wrap" "$work/aside/"
untouched "$vendor" expect 4 "$PERSOLINE" collect "$vendor" "$one"
said "waits for FWD-411600-B1-0001.zip.wrap"
part "a gap and a missing key wait"

cp "$two.wrap" "$one.wrap"
untouched "$vendor" expect 1 "$PERSOLINE" collect "$vendor" "$one"
said "F136.*|none of 16 sealed answers opens"
cp "$work/aside/FWD-411600-B1-0001.zip.wrap" "$one.wrap"
part "the .wrap of another package is refused"

# flip FILE TEXT: one bit of the file, 40 bytes after the first TEXT.
flip()
{
    TEXT=$2 perl -0777 -i -pe '$at = index($_, $ENV{TEXT}) + length($ENV{TEXT}) + 40;
        substr($_, $at, 1) = chr(ord(substr($_, $at, 1)) ^ 1)' "$1"
}

cp "$one" "$work/aside/whole.zip"
for member in manifest.json cards.csv personal.csv certificates.csv outstanding.csv; do
    flip "$one" "$member"
    ! cmp -s "$one" "$work/aside/whole.zip" || fail "$member: nothing was changed"
    untouched "$vendor" expect 1 "$PERSOLINE" collect "$vendor" "$one"
    cp "$work/aside/whole.zip" "$one"
done
part "a bit changed in any member refuses the package"

# ---- the real course ----

mv "$work"/aside/FWD-411600-B1-0003* "$in"
cp -r "$world" "$work/killed"
expect 4 "$PERSOLINE" run "$vendor"
said "trust is empty: the chain was judged by the department"
equal "$(grep -c "trust is empty" "$work/err")" 1 "how often it is said"
equal "$(count_state "$vendor" prepared)" 37 "prepared cards"
# The department's own word of the cancelled card came with the first FWD.
equal "$(state_of "$vendor" "$cancelled")" "held R306" "the card that the department cancelled"
equal "$(state_of "$vendor" "$wrong")" submitted "a card that is not told about yet"
machine_rows "$vendor" AAZ501 AAZ500 QMGY AAC002 AAC003 QMZS steps | sort >"$work/have"
equal "$(wc -l <"$work/have")" 37 "rows of machine files"
equal "$(cut -f7 "$work/have" | sort -u)" "KEY+DATA+JMMY+QMZS+JMZS+READ+GLYPIN+ZKMY+CHECK" "steps"
columns "$work/sample/keys/application.csv" AAZ501 AAZ500 QMGY AAC002 AAC003 |
    grep -vE "^($wrong|$rejected|$cancelled)" | sort >"$work/want"
cut -f1-5 "$work/have" >"$work/have.1"
same "$work/have.1" "$work/want" "cards and persons in the machine files"
for sequence in 1 2 3; do
    [ -f "$vendor/out/ra/ACK-FWD-411600-B1-000$sequence.json.sig" ] || fail "no acknowledgement"
done
closes "$vendor"
part "mode 1: 37 cards of three packages are at the machine, each with its own person"

cp -r "$world" "$work/once"
expect 4 "$PERSOLINE" run "$vendor"
said "FWD-411600-B1-0001.zip, known"
same_job "$work/once/vendor/J" "$vendor"
part "the same packages again: nothing"

# ---- killed ----

victim=$work/killed/vendor/J
kill_often "$victim"
same_job "$vendor" "$victim"
part "killed $landed times while it collects, matches and personalizes: the same to the byte"

# ---- what the department gives back ----

deliver "$department/out/forward" HLD "$in"
rm -r "$work/killed"
cp -r "$world" "$work/killed"
expect 3 "$PERSOLINE" collect "$vendor" "$in"/HLD-*.zip
said "collect: file .*HLD-411600-B1-0001.zip, rows 3, held 2"
equal "$(state_of "$vendor" "$wrong")" "held R201" "the card of another number"
equal "$(state_of "$vendor" "$rejected")" "held R250" "the rejected card"
equal "$(state_of "$vendor" "$cancelled")" "held R306" "the cancelled card"
held "$vendor" collect >"$work/have"
printf '%s\tR201\tcollect\n%s\tR250\tcollect\n%s\tR306\tcollect\n' "$wrong" "$rejected" \
    "$cancelled" | sort >"$work/want"
same "$work/have" "$work/want" "held/collect.csv"
[ -f "$vendor/out/ra/ACK-HLD-411600-B1-0001.json" ] || fail "no acknowledgement of HLD"
expect 3 "$PERSOLINE" collect "$vendor" "$in"/HLD-*.zip
said "known"
closes "$vendor"
part "HLD: the vendor sees the department's codes"

kill_often "$victim"
"$PERSOLINE" run "$vendor" >"$work/out" 2>&1 || [ $? -eq 4 ]
same_job "$vendor" "$victim"
part "killed $landed times while it takes them back: the same to the byte"

# One is corrected, one asked for again as it is, one cancelled here as well.
awk -F, -v id="$wrong" 'NR == 1 || $1 == id' "$work/sample/keys/application.csv" \
    >"$vendor/in/keys/corrected.csv"
expect 0 "$PERSOLINE" release "$vendor" "$rejected" --reason "it is she"
expect 0 "$PERSOLINE" cancel "$vendor" "$cancelled" --reason "the department did"
expect 4 "$PERSOLINE" run "$vendor"
[ -f "$vendor/out/ra/APP-411600-B1-0002.zip" ] || fail "no second package of applications"
deliver "$vendor/out/ra" APP "$department/in/keys"
cp "$work/sample/issuance/issuance.csv" "$department/in/issuance/again.csv"
echo >>"$department/in/issuance/again.csv"
"$PERSOLINE" run "$department" >"$work/out" 2>"$work/err" || [ $? -eq 4 ]
department_go "$world"
deliver "$department/out/forward" FWD "$in"
expect 4 "$PERSOLINE" run "$vendor"
equal "$(count_state "$vendor" prepared)" 39 "prepared cards after the round"
equal "$(state_of "$vendor" "$cancelled")" cancelled "the cancelled card"
closes "$vendor"
part "corrected and released cards go the way again"
