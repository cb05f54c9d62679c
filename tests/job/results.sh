#!/bin/bash
# What the machine says of each card (制卡回盘): five results, what is read back compared, and the
# lists for remaking and revoking (DESIGN 3 close, CONTRACTS 4; LD/T 03-2022 6.4.4).
. "$(dirname "$0")/lib.sh"

world_make "$work/w"
sample_make "$work/s" --cards 400
job_make "$work/w" B1 "$work/s"
job=$work/w/site/B1
line_to_machine "$work/w" "$job"
first=B1-0001
cp "$job/out/machine/$first.csv" "$work/machine.csv"
machine_play "$work/w" "$job" --spoil 0.05 --retry 0.05 --missing 0.05 --fault wrong-key:0.05 \
    --fault wrong-cert:0.05
cp "$work/w/machine/truth.csv" "$work/truth.csv"
of_kind()
{
    columns "$work/truth.csv" fault AAZ501 | awk -F'\t' -v k="$1" '$1 == k { print $2 }' | sort
}
in_state() { states "$job" | awk -F'\t' -v s="$1" '$2 == s { print $1 }'; }
for kind in spoil retry missing wrong-key wrong-cert; do
    [ "$(of_kind "$kind" | wc -l)" -ge 5 ] || fail "$kind: fewer than 5 planted: take more cards"
done
expect 4 "$PERSOLINE" run "$job"

# ---- planted = named ----

columns "$work/truth.csv" AAZ501 code | awk -F'\t' '$2 ~ /^R50/ { print $1 "\t" $2 "\tclose" }' |
    sort >"$work/want"
held "$job" >"$work/have"
same "$work/have" "$work/want" "held at close (<) and planted by the machine (>)"
part "wrong-key: $(grep -c R501 "$work/want") planted, each R501;" \
    "wrong-cert: $(grep -c R502 "$work/want") planted, each R502"
for pair in spoil:spoiled missing:missing; do
    of_kind "${pair%:*}" >"$work/want"
    in_state "${pair#*:}" >"$work/have"
    same "$work/have" "$work/want" "${pair#*:} (<) and planted (>)"
    part "${pair%:*}: $(wc -l <"$work/want") planted, each ${pair#*:}"
done
states "$job" | awk -F'\t' '$2 == "spoiled" && $3 != "R510"' >"$work/have"
[ ! -s "$work/have" ] || fail "spoiled without R510"

# ---- retry ----

of_kind retry >"$work/retry"
columns "$job/out/machine/B1-0002.csv" AAZ501 | sort >"$work/have"
same "$work/have" "$work/retry" "cards of the second machine file (<) and to be tried again (>)"
for column in QMZS JMZS JMMY QMGY; do
    for file in "$work/machine.csv" "$job/out/machine/B1-0002.csv"; do
        columns "$file" AAZ501 "$column"
    done | sort | uniq -d | cut -f1 >"$work/have"
    same "$work/have" "$work/retry" "$column of a card that is tried again"
done
in_state prepared >"$work/have"
same "$work/have" "$work/retry" "prepared again"
part "retry: $(wc -l <"$work/retry") planted, they and nothing else stand in the next machine file"

# ---- remake, revoke ----

{ of_kind spoil | sed 's/$/\tspoiled\tR510/' && of_kind missing | sed 's/$/\tmissing\t/'; } |
    sort >"$work/want"
columns "$job/out/close/remake.csv" AAZ501 state code | sort >"$work/have"
same "$work/have" "$work/want" "remake.csv (<) and spoiled or missing cards (>)"
columns "$job/out/close/remake.csv" reason | has '芯片无响应' || fail "remake.csv: no reason"

# Serial and digest by openssl, from the machine file.
der()
{
    columns "$work/machine.csv" AAZ501 "$2" | awk -F'\t' -v i="$1" '$1 == i { print $2 }' |
        base64 -d
}
of_kind spoil | while read -r id; do
    for column in QMZS JMZS; do
        der "$id" "$column" >"$work/der"
        serial=$(openssl x509 -inform DER -in "$work/der" -noout -serial | cut -d= -f2)
        printf '%s\t%s\t%s\t%s\n' "$id" "$column" "${serial,,}" \
            "$(openssl dgst -sm3 -r "$work/der" | cut -c1-64)"
    done
done | sort >"$work/want"
columns "$job/out/close/revoke.csv" AAZ501 certificate serial SM3 | sort >"$work/have"
same "$work/have" "$work/want" "revoke.csv (<) and certificates of spoiled cards (>)"
part "remake.csv has spoiled and missing cards, revoke.csv both certificates of spoiled ones"

# ---- the rest ----

machine_play "$work/w" "$job" # the second file
expect 3 "$PERSOLINE" run "$job"
[ -z "$(in_state prepared)$(in_state retry)" ] || fail "cards are still on their way"
equal "$(in_state written | comm -12 - "$work/retry" | wc -l)" "$(wc -l <"$work/retry")" \
    "retried and written"
closes "$job"
equal "$(balance "$job" open)" 0 "open"
equal "$(balance "$job" written)" \
    $((400 - $(columns "$work/truth.csv" fault | grep -cv '^retry$'))) "written"
awk -F, '$1 == "in" { n = $2 } $1 != "line" && $1 != "in" { sum += $2 }
    END { exit n != sum || n != 400 }' "$job/out/close/balance.csv" ||
    fail "balance.csv does not add up to 400"
! grep -q '"closed"' "$work/out" || fail "closed although cards are held"
part "after the second machine file nothing is open, the balance closes, the job stays open"

# ---- results that come again ----

dump "$job" >"$work/before"
cp "$job/in/machine/$first.result.csv" "$job/in/machine/$first.result-again.csv"
expect 3 "$PERSOLINE" run "$job"
said 'result-again.csv, known'
dump "$job" >"$work/after"
same "$work/before" "$work/after" "the same result file under another name"
rm "$job/in/machine/$first.result-again.csv"

header=$(sed -n 1p "$job/in/machine/$first.result.csv")
result_of() { grep "^$1," "$job/in/machine/$first.result.csv"; }
found=$(of_kind missing | sed -n 1p)
written=$(in_state written | comm -23 - "$work/retry" | sed -n 1p)
digest() { der "$1" "$2" | openssl dgst -sm3 -r | cut -c1-64; }
key=$(columns "$work/machine.csv" AAZ501 QMGY | awk -F'\t' -v i="$found" '$1 == i { print $2 }')
{
    echo "$header"
    echo "$found,ok,,,$key,$(digest "$found" QMZS),$(digest "$found" JMZS),3B,,"
    result_of "$written" | sed 's/,ok,/,spoiled,/'
} >"$work/late.result.csv"
expect 3 "$PERSOLINE" close "$job" "$work/late.result.csv"
equal "$(state_of "$job" "$found")" "written" "a missing card that was found"
equal "$(state_of "$job" "$written")" "held R504" "another result for a card that was written"
part "a missing card that is found is written; another result for a written card holds it, R504"

sample_make "$work/t" --cards 5 --seed 9 --batch B2
job_make "$work/w" B2 "$work/t" --batch B2
line_to_machine "$work/w" "$work/w/site/B2"
expect 1 "$PERSOLINE" close "$work/w/site/B2" "$work/late.result.csv"
said 'F105'

job=$work/w/site/B2
id=$(in_state prepared | sed -n 1p)
{ echo "$header" && echo "$id,perhaps,,,,,,,,"; } >"$work/odd.result.csv"
expect 4 "$PERSOLINE" close "$job" "$work/odd.result.csv" # the other cards are at the machine
equal "$(state_of "$job" "$id")" "held R503" "a result of no known kind"
part "a result of no known kind holds the card, R503"

machine_play "$work/w" "$job"
expect 0 "$PERSOLINE" run "$job"
said 'closed'
equal "$(balance "$job" written)" 5 "written in the other job"
[ -s "$job/audit.log" ] || fail "a closed job has no audit.log"
part "results of another job are refused; a job with nothing held closes with 0 and its audit.log"
