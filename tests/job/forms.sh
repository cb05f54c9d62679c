#!/bin/bash
# The same cards in other forms of file, corrections, and cards and keys that come again
# (CONTRACTS 1, 2 and 4; issue 3, "must show" 5).
. "$(dirname "$0")/lib.sh"

# ---- forms of one file ----

# The same world, job and cards each time: only the bytes of the inputs differ.
world_make "$work/base"
sample_make "$work/s" --cards 120 --faults 0.25
rm "$work"/s/*/*.manifest.json # of other forms it would say another digest
! grep -q '["|]' "$work"/s/keys/application.csv "$work"/s/issuance/issuance.csv ||
    fail "the sample has quotes or bars: the forms below want another way to make them"
job_make "$work/base" B1

# form NAME APPLICATION-FILTER ISSUANCE-FILTER: a copy of the world with the inputs so filtered.
form()
{
    cp -a "$work/base" "$work/$1"
    job=$work/$1/site/B1
    "$2" <"$work/s/keys/application.csv" >"$job/in/keys/application.csv"
    "$3" <"$work/s/issuance/issuance.csv" >"$job/in/issuance/issuance.csv"
}

# facts JOB: the dump, less digest and length of the inputs.
facts()
{
    local application issuance
    application=$(openssl dgst -sm3 -r "$1/in/keys/application.csv" | cut -c1-64)
    issuance=$(openssl dgst -sm3 -r "$1/in/issuance/issuance.csv" | cut -c1-64)
    dump "$1" | sed -e "s/$application/APPLICATION/g; s/${application:0:16}/APPLICATION/g" \
        -e "s/$issuance/ISSUANCE/g; s/${issuance:0:16}/ISSUANCE/g" |
        awk -F'\t' -v OFS='\t' '$1 == "file" && $7 ~ /^in\/(keys|issuance)\// { $10 = "BYTES" }
            { print }'
}

plain() { cat; }
bom() { printf '\357\273\277' && cat; }
crlf() { sed 's/$/\r/'; }
bom_crlf() { crlf | bom; }
no_last_newline() { perl -0pe 's/\n\z//'; }
bar() { tr ',' '|' | sed '1s/AAZ501/卡识别码/; 1s/AAC003/xm/; 1s/AAZ500/本省卡号/; 1s/AAB301/XZQHDM/'; }

form plain plain plain
line_run "$work/plain" "$job" 3
facts "$job" >"$work/plain-facts"
cp "$job/out/machine/B1-0001.csv" "$work/plain-machine"
states "$job" >"$work/plain-states"
[ "$(balance "$job" written)" -gt 50 ] || fail "too few cards were written to compare"

for name in bom crlf bom_crlf no_last_newline bar; do
    form "$name" "$name" "$name"
    if [ "$name" = bar ]; then
        sed -i 's/^delimiter = comma/delimiter = bar/' "$work/bar/site/profiles/default.conf"
        printf '[columns]\n本省卡号 = AAZ500\n' >>"$work/bar/site/profiles/default.conf"
        # The machine's results come with commas all the same.
        perl -0pi -e 's/(\[result\].*?delimiter = )bar/$1comma/s' \
            "$work/bar/site/profiles/default.conf"
    fi
    line_run "$work/$name" "$job" 3
    facts "$job" >"$work/facts"
    same "$work/plain-facts" "$work/facts" "facts of the plain files (<) and as $name (>)"
    cmp "$job/out/machine/B1-0001.csv" "$work/plain-machine" || fail "$name: another machine file"
    part "$name: the ledger and the machine file are those of the plain files"
done

# ---- issuance data without card ids: AAC002 + AAZ500 ----

without_id() { cut -d, -f2-; }
form pair plain without_id
line_run "$work/pair" "$job" 3
# What is not found by its number cannot be compared: those two kinds are absent here.
columns "$work/s/truth.csv" AAZ501 fault code stage |
    awk -F'\t' -v OFS='\t' '$2 == "ssn-differs" || $2 == "card-no-differs" { $3 = "R203" }
        { print $1, $3, $4 }' | sort >"$work/want"
held "$job" >"$work/have"
same "$work/have" "$work/want" "joined by number: held (<) and planted (>)"
cmp "$job/out/machine/B1-0001.csv" "$work/plain-machine" ||
    fail "joined by number: another machine file"
part "joined by AAC002 + AAZ500: the same machine file; ssn-differs and card-no-differs are absent"

# A row without its id is joined by the pair, be it all rows or some.
empty_id() { sed '2,$s/^[^,]*,/,/'; }
form empty plain empty_id
line_run "$work/empty" "$job" 3
held "$job" >"$work/have"
same "$work/have" "$work/want" "all ids empty: held (<) and planted (>)"
cmp "$job/out/machine/B1-0001.csv" "$work/plain-machine" || fail "ids empty: another machine file"
some_ids() { sed '2~2s/^[^,]*,/,/'; }
form some plain some_ids
line_run "$work/some" "$job" 3
cmp "$job/out/machine/B1-0001.csv" "$work/plain-machine" || fail "some ids: another machine file"
part "issuance data with ids in no row or in some rows: the others are joined by the pair"

# ---- corrections of an application ----

world_make "$work/w"
sample_make "$work/t" --cards 40 --seed 11
rm "$work"/t/*/*.manifest.json
app=$work/t/keys/application.csv
row() { sed -n "$(($1 + 1))p" "$app"; }
id() { row "$1" | cut -d, -f1; }

# 1 garbled name, 2 bad check digit; 3 becomes another row later.
job_make "$work/w" B1
job=$work/w/site/B1
awk -F, -v OFS=, 'NR == 2 { $4 = $4 "??" }
    NR == 3 { $3 = substr($3, 1, 17) (substr($3, 18) == "1" ? "2" : "1") }
    { print }' "$app" >"$job/in/keys/application.csv"
cp "$work/t/issuance/issuance.csv" "$job/in/issuance/"
expect 4 "$PERSOLINE" run "$job"
equal "$(state_of "$job" "$(id 1)")" "held R116" "card 1"
equal "$(state_of "$job" "$(id 2)")" "held R104" "card 2"
equal "$(state_of "$job" "$(id 3)")" "reconciled" "card 3"

dump "$job" >"$work/before"
cp "$job/in/keys/application.csv" "$job/in/keys/same-again.csv"
expect 4 "$PERSOLINE" run "$job"
said 'same-again.csv, known'
dump "$job" >"$work/after"
same "$work/before" "$work/after" "an identical file under another name"
part "an identical file under another name changes nothing"

# Card 1 is right now, 2 is wrong in another way, 3 is another row, 4 is the same row.
{
    sed -n 1p "$app" | sed 's/$/,box/'
    row 1 | sed 's/$/,/'
    row 2 | awk -F, -v OFS=, '{ $4 = ""; print $0 "," }'
    row 3 | sed 's/$/,7/'
    row 4 | sed 's/$/,/'
} >"$work/correction.csv"
expect 3 "$PERSOLINE" ingest "$job" "$work/correction.csv" --json
for want in '"received": 0' '"unchanged": 1' '"corrections": 2'; do
    said "$want"
done
equal "$(state_of "$job" "$(id 1)")" "received" "card 1 after its correction"
equal "$(state_of "$job" "$(id 2)")" "held R115" "card 2 after a correction with another fault"
equal "$(state_of "$job" "$(id 3)" | sort)" $'held R142\nreconciled' \
    "card 3: the old row and the new"
equal "$(state_of "$job" "$(id 4)")" "reconciled" "card 4, given again"
equal "$(balance "$job" in)" 41 "in: the row that is held beside card 3 is one more"
expect 0 "$PERSOLINE" trace "$job" "$(id 1)"
said '"kind":"correct"'
part "a correction supersedes only the rows it names and only held ones; R142 beside the old row"

expect 4 "$PERSOLINE" run "$job" # card 1 is compared with the issuance data that is there
equal "$(state_of "$job" "$(id 1)")" "reconciled" "card 1 after run"
seq=$(columns "$job/held/ingest.csv" seq code | awk '$2 == "R142" { print $1 }')
expect 0 "$PERSOLINE" cancel "$job" "#$seq" --reason "the vendor's error"
row 2 >"$work/second" && { sed -n 1p "$app" && cat "$work/second"; } >"$work/correction-2.csv"
expect 0 "$PERSOLINE" ingest "$job" "$work/correction-2.csv"
expect 4 "$PERSOLINE" run "$job"
equal "$(states "$job" | cut -f2 | sort | uniq -c | tr -s ' ' | tr '\n' ';')" \
    " 1 cancelled; 40 reconciled;" "states in the end"
closes "$job"
part "after the second correction all 40 cards are reconciled, the row beside is cancelled"

# ---- cards and keys over all jobs of the site ----

sample_make "$work/u" --cards 30 --seed 12 --batch B2
rm "$work"/u/*/*.manifest.json
job_make "$work/w" B2 "" --batch B2
second=$work/w/site/B2
cp "$work/u/issuance/issuance.csv" "$second/in/issuance/"
other=$(sed -n 2p "$work/u/keys/application.csv" | cut -d, -f1)
{
    sed -n '1p; 3,$p' "$work/u/keys/application.csv"
    row 5 # the card of another job
    row 6 | awk -F, -v OFS=, -v id="$other" '{ $1 = id; print }' # that job's key on another card
} >"$second/in/keys/application.csv"
expect 4 "$PERSOLINE" run "$second"
equal "$(state_of "$second" "$(id 5)")" "held R143" "a card of another job"
equal "$(state_of "$second" "$other")" "held R144" "a key of another job on another card"
columns "$second/held/ingest.csv" code text_en | has 'R143.*V1-411600-B1' ||
    fail "R143 does not name the other job"
equal "$(state_of "$job" "$(id 5)")" "reconciled" "the first job's card"
equal "$(states "$second" | awk -F'\t' '$2 == "reconciled"' | wc -l)" 29 \
    "the other cards of the second job"
part "card of another job R143, key of another job R144, with that job's name"

expect 0 "$PERSOLINE" release "$second" "$(id 5)" --reason "too early"
equal "$(state_of "$second" "$(id 5)")" "held R143" "released while the first job has it"
expect 0 "$PERSOLINE" cancel "$job" "$(id 5)" --reason "moves to B2"
expect 0 "$PERSOLINE" cancel "$job" "$(id 6)" --reason "moves to B2"
expect 0 "$PERSOLINE" release "$second" "$(id 5)" --reason "B1 gave it up"
equal "$(state_of "$second" "$(id 5)")" "received" "released after the first job's cancel"
{ sed -n 1p "$app" && row 5 && row 7; } >"$work/back.csv"
expect 3 "$PERSOLINE" ingest "$job" "$work/back.csv"
equal "$(state_of "$job" "$(id 5)" | sort)" $'cancelled\nheld R143' "the card back in the first job"
{ sed -n 1p "$app" && row 6; } >"$work/again.csv"
expect 3 "$PERSOLINE" ingest "$job" "$work/again.csv"
equal "$(state_of "$job" "$(id 6)" | sort)" $'cancelled\nreceived' \
    "a cancelled card that comes again"
part "after a cancel the same card and key can come again, in this job or another"

cp "$job/in/keys/application.csv" "$work/foreign.csv"
expect 1 "$PERSOLINE" ingest "$second" "$work/foreign.csv"
said 'F105'
said 'V1-411600-B1'
part "a whole file of another job is refused with that job's name"

# ---- corrections of issuance data ----

sample_make "$work/v" --cards 30 --seed 13 --batch B3
rm "$work"/v/*/*.manifest.json
app=$work/v/keys/application.csv
issued=$work/v/issuance/issuance.csv
job_make "$work/w" B3 "" --batch B3
job=$work/w/site/B3
cp "$app" "$job/in/keys/"
issuance_row() { grep "^$(id "$1")," "$issued"; }
# 1 another name, 2 a status that is not accepted, 3 is absent.
awk -F, -v OFS=, -v a="$(id 1)" -v b="$(id 2)" -v c="$(id 3)" '
    $1 == a { $4 = "某某" } $1 == b { $11 = "9" } $1 == c { next } { print }' "$issued" \
    >"$job/in/issuance/issuance.csv"
expect 4 "$PERSOLINE" run "$job"
equal "$(state_of "$job" "$(id 1)")" "held R201" "another name"
equal "$(state_of "$job" "$(id 2)")" "held R205" "a status that is not accepted"
equal "$(state_of "$job" "$(id 3)")" "held R203" "absent"
states "$job" | grep -vE "^($(id 1)|$(id 2)|$(id 3))" >"$work/before"

{
    sed -n 1p "$issued"
    issuance_row 1
    issuance_row 2 | awk -F, -v OFS=, '{ $10 = "4"; print }' # now the person's status is wrong
    issuance_row 3
    issuance_row 4
} >"$work/issuance-2.csv"
expect 3 "$PERSOLINE" reconcile "$job" "$work/issuance-2.csv" --json
said '"unchanged": 1'
equal "$(state_of "$job" "$(id 1)")" "reconciled" "its name corrected"
equal "$(state_of "$job" "$(id 2)")" "held R206" "corrected, with another fault"
equal "$(state_of "$job" "$(id 3)")" "reconciled" "absent before"
states "$job" | grep -vE "^($(id 1)|$(id 2)|$(id 3))" >"$work/after"
same "$work/before" "$work/after" "cards that the correction does not name"
part "a correction of issuance data judges the held cards anew and leaves the others"

{ sed -n 1p "$issued" && issuance_row 4 | awk -F, -v OFS=, '{ $4 = "某某"; print }'; } \
    >"$work/issuance-3.csv"
expect 3 "$PERSOLINE" reconcile "$job" "$work/issuance-3.csv"
equal "$(state_of "$job" "$(id 4)")" "held R204" "a second, different row for a card that agreed"
closes "$job"
part "a different row for a card that agreed already holds it: R204"
