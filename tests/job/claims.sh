#!/bin/bash
# What a job claims at its site (card id and key, one owner each; CONTRACTS 5): a cancelled row
# gives its claims back, unless another row of the card is in force and shares them.
. "$(dirname "$0")/lib.sh"

# claims_of JOB CARD: "kind released" of every claim for the card.
claims_of()
{
    dump "$1" | awk -F'\t' -v card="$2" '$1 == "claim" && $4 == card { print $2, $6 }' |
        sort | paste -s -d, -
}

# rows_of FILE NUMBER...: the header and these rows.
rows_of()
{
    awk -v wanted=" ${*:2} " 'NR == 1 || index(wanted, " " NR - 1 " ")' "$1"
}

sample_make "$work/sample" --cards 20
table=$work/sample/keys/application.csv
world_make "$work/world"
job_make "$work/world" B1
job_make "$work/world" B2 "" --batch B2
job=$work/world/site/B1
card=$(columns "$table" AAZ501 | sed -n 3p)

rows_of "$table" 1 2 3 4 >"$work/one.csv"
expect 0 "$PERSOLINE" ingest "$job" "$work/one.csv"
equal "$(claims_of "$job" "$card")" "1 0,2 0" "claims of a card that was received"

# The same card with another name is held beside the first; to cancel it must not free the card.
rows_of "$table" 3 | perl -pe 's/^((?:[^,]*,){3})[^,]*,/$1张三丰,/ if $. == 2' >"$work/other.csv"
expect 3 "$PERSOLINE" ingest "$job" "$work/other.csv"
seq=$(columns "$job/held/ingest.csv" seq AAZ501 | awk -v card="$card" '$2 == card { print $1 }')
expect 0 "$PERSOLINE" cancel "$job" "#$seq" --reason "the first is right"
equal "$(claims_of "$job" "$card")" "1 0,2 0" "claims after the row beside it was cancelled"
part "a row in force keeps its claims"

# In another job the card is refused as long as this one has it.
rows_of "$table" 3 4 5 >"$work/elsewhere.csv"
expect 3 "$PERSOLINE" ingest "$work/world/site/B2" "$work/elsewhere.csv"
equal "$(held "$work/world/site/B2" ingest | grep -c "R143")" 2 "cards seen in another job"
part "a card has one job"

# Cancelled for good, repeated as after a kill: free for another job.
for turn in 1 2; do
    expect 0 "$PERSOLINE" cancel "$job" "$card" --reason "made elsewhere"
    equal "$(claims_of "$job" "$card")" "1 1" "claims after cancel, time $turn"
done
expect 0 "$PERSOLINE" release "$work/world/site/B2" "$card" --reason "the other job gave it up"
equal "$(state_of "$work/world/site/B2" "$card")" received "state in the other job"
# What the first job says again of its cancelled row takes nothing from the second.
expect 0 "$PERSOLINE" cancel "$job" "$card" --reason "made elsewhere"
equal "$(claims_of "$work/world/site/B2" "$card")" "1 0,2 0" "claims of the job that has it now"
part "a cancelled card is free for another job"

# A row with another card's id: cancelled, it does not keep the key of the chip.
right=$(columns "$table" AAZ501 | sed -n 11p) wrong=${right%????}0000
job_make "$work/world" B3 "" --batch B3
rows_of "$table" 11 12 | sed "s/^$right/$wrong/" >"$work/wrong.csv"
rows_of "$table" 11 >"$work/right.csv"
expect 0 "$PERSOLINE" ingest "$work/world/site/B3" "$work/wrong.csv"
expect 3 "$PERSOLINE" ingest "$work/world/site/B3" "$work/right.csv"
equal "$(state_of "$work/world/site/B3" "$right")" "held R141" "the right row beside the wrong one"
expect 1 "$PERSOLINE" release "$work/world/site/B3" "$right" --reason "this is it"
said "cancel"
for _ in 1 2; do
    expect 0 "$PERSOLINE" cancel "$work/world/site/B3" "$wrong" --reason "wrong id"
    expect 0 "$PERSOLINE" release "$work/world/site/B3" "$right" --reason "this is it"
    equal "$(state_of "$work/world/site/B3" "$right")" received "the right row"
    equal "$(claims_of "$work/world/site/B3" "$right")" "1 0,2 0" "its claims"
done
part "a wrong card id that is cancelled gives the key to the right one"
