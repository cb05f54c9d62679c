#!/bin/bash
# The RA's faults: count planted = count named, card by card and code by code; late, doubled,
# repeated, swapped and contradicting returns (issue 3, "must show" 3; CONTRACTS 3, 7).
. "$(dirname "$0")/lib.sh"

cards=1200 rate=0.02 least=5
sandbox=$here/../sandbox

sed -n 's/^ *ROW([A-Z0-9_]*, *"\([^"]*\)", *\([A-Z]*\), *\([A-Z0-9_]*\)).*/\1\t\2\t\3/p' \
    "$sandbox/ra_faults.h" | tr '[:upper:]' '[:lower:]' | cut -f1,2 | sort >"$work/kinds"
[ "$(wc -l <"$work/kinds")" -ge 20 ] || fail "the table of RA faults is not read"
while read -r kind _; do
    ra_args+=(--fault "$kind:$rate")
done <"$work/kinds"

# number JOB-OUTPUT KEY: of the collect line in $work/out (--json).
number()
{
    perl -ne 'print "$1\n" if /"what": "collect"/ && /"'"$1"'": (\d+)/' "$work/out" | tail -n 1
}

# wanted WORLD JOB: "AAZ501 code stage" that the RA's truth wants held, by the application's row.
wanted()
{
    columns "$1/ra/truth.csv" AAZ500 code stage >"$work/ra-truth"
    columns "$2/in/keys/application.csv" AAZ500 AAZ501 | awk -F'\t' '
        NR == FNR { card[$1] = $2; next }
        $2 != "" { print card[$1] "\t" $2 "\t" $3 }' - "$work/ra-truth" | sort
}

# kind_count WORLD KIND
kind_count()
{
    columns "$1/ra/truth.csv" fault | grep -cx "$2" || true
}

world_make "$work/w"
sample_make "$work/s" --cards "$cards"
job_make "$work/w" B1 "$work/s"
job=$work/w/site/B1
line_to_ra "$work/w" "$job"
cp -a "$work/w" "$work/asked" # before the RA answered
cp "$job/in/keys/application.csv" "$work/application.csv"

# ---- planted = named ----

ra_answer "$work/w" "$job" "${ra_args[@]}"
while read -r kind _; do
    have=$(kind_count "$work/w" "$kind")
    [ "$have" -ge "$least" ] || fail "$kind: only $have planted, want $least: take more cards"
done <"$work/kinds"
late=$(kind_count "$work/w" late)

expect 4 "$PERSOLINE" run "$job" --json
equal "$(number doubled)" "$(kind_count "$work/w" doubled)" "answers that stand twice"
equal "$(number orphans)" 0 "answers to no request"
equal "$(number refused)" "$(kind_count "$work/w" refused)" "refused"
wanted "$work/w" "$job" >"$work/want"
held "$job" collect match >"$work/have"
same "$work/have" "$work/want" "held or refused (<) and planted by the RA (>)"
equal "$(held "$job" | wc -l)" "$(wc -l <"$work/want")" "held by all stages"
while IFS=$'\t' read -r kind _; do
    code=$(columns "$work/w/ra/truth.csv" fault code | sort -u |
        awk -F'\t' -v k="$kind" '$1 == k { print $2 }')
    [ -n "$code" ] || continue
    part "$kind: $(kind_count "$work/w" "$kind") planted, each named $code"
done <"$work/kinds"
columns "$job/held/collect.csv" code text_en | has $'^R301\t.*4107' ||
    fail "a refusal is not told with the RA's own code"
states "$job" | awk -F'\t' '$2 == "refused"' | wc -l >"$work/n"
equal "$(<"$work/n")" "$(kind_count "$work/w" refused)" "state refused"
part "refused: with the RA's own code and text, state refused"

# ---- late: outstanding, then complete ----

equal "$(states "$job" | awk -F'\t' '$2 == "submitted"' | wc -l)" "$late" "submitted"
expect 0 "$PERSOLINE" status "$job" --json
perl -ne 'print $1 if /"outstanding"/ && /"file": "REQ-/ && /"cards": (\d+)/' "$work/out" >"$work/n"
equal "$(<"$work/n")" "$late" "outstanding at the RA by status"
[ -e "$job/in/ra/RET-411600-B1-0001.zip" ] || fail "no first return"
ra_answer "$work/w" "$job" "${ra_args[@]}"
[ -e "$job/in/ra/RET-411600-B1-0002.zip" ] || fail "no second return"
expect 4 "$PERSOLINE" run "$job" --json
equal "$(number issued)" "$late" "issued by the late return"
equal "$(states "$job" | awk -F'\t' '$2 == "submitted"' | wc -l)" 0 "still submitted"
held "$job" collect match >"$work/have"
same "$work/have" "$work/want" "after the late return: held (<) and planted (>)"
part "late: $late outstanding in status, the second return completes the job"

# ---- the whole of it to its end ----

machine_play "$work/w" "$job"
expect 3 "$PERSOLINE" run "$job"
closes "$job"
bad=$(wc -l <"$work/want")
equal "$(balance "$job" written)" "$((cards - bad))" "written"
equal "$(balance "$job" open)" 0 "open"
equal "$(($(balance "$job" held) + $(balance "$job" refused)))" "$bad" "held and refused"
columns "$work/w/ra/truth.csv" fault | grep -cxE 'late|doubled' >"$work/n"
cut -f1 "$work/want" >"$work/bad"
states "$job" | awk -F'\t' '$2 == "written" { print $1 }' | comm -12 - "$work/bad" >"$work/both"
[ ! -s "$work/both" ] || fail "written although the RA's answer was bad: $(head -n 1 "$work/both")"
part "the balance closes: $((cards - bad)) written, $bad held or refused; $(<"$work/n") late or" \
    "doubled are written too"
states "$job" >"$work/final"

# ---- the same return under another name ----

dump "$job" >"$work/before"
for ending in "" .sig .wrap; do
    cp "$job/in/ra/RET-411600-B1-0001.zip$ending" "$job/in/ra/once-more.zip$ending"
done
expect 3 "$PERSOLINE" run "$job"
said 'once-more.zip.*known'
dump "$job" >"$work/after"
same "$work/before" "$work/after" "the same return under another name changes the ledger"
states "$job" | cmp -s - "$work/final" || fail "the same return again changed the states"
rm "$job"/in/ra/once-more.zip*
part "the same return under another name is a no-op"

# ---- a used number with other content ----

other=$work/asked-other
cp -a "$work/asked" "$other"
mkdir "$work/forged"
expect 0 "$PERSOLINE_SANDBOX" ra --in "$other/site/B1/out/ra" --out "$work/forged" \
    --state "$other/ra" --fault refused:1
expect 1 "$PERSOLINE" collect "$job" "$work/forged/RET-411600-B1-0001.zip"
said 'F135'
dump "$job" >"$work/after"
same "$work/before" "$work/after" "a used number with other content changes the ledger"
states "$job" | cmp -s - "$work/final" || fail "a used number with other content changed states"
part "a used number with other content is refused with 1 and F135, nothing changes"

# ---- the two returns the other way round ----

turned=$work/turned
cp -a "$work/asked" "$turned"
job=$turned/site/B1
mkdir "$work/returns"
for _ in 1 2; do
    expect 0 "$PERSOLINE_SANDBOX" ra --in "$job/out/ra" --out "$work/returns" \
        --state "$turned/ra" "${ra_args[@]}"
done
for number in 2 1; do
    cp "$work/returns/RET-411600-B1-000$number".zip* "$job/in/ra/"
    expect 4 "$PERSOLINE" run "$job"
    [ "$number" = 1 ] || said 'sequence: have 2 after 0'
done
machine_play "$turned" "$job"
expect 3 "$PERSOLINE" run "$job"
closes "$job"
states "$job" >"$work/turned-states"
same "$work/final" "$work/turned-states" "states after returns in order (<) and turned round (>)"
held "$job" >"$work/have"
same "$work/have" "$work/want" "turned round: held (<) and planted (>)"
part "the second return before the first: a warning of the gap, the same states at the end"
