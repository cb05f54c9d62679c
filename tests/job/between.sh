#!/bin/bash
# What an operator, or a cut-off command, does between two stages leaves no card behind and none
# twice: held in a bundle, held at the machine, cancelled before its result, an init or a plan that
# was cut off, a return that comes after a later one (DESIGN 1 and 6).
. "$(dirname "$0")/lib.sh"

world_make "$work/w"
sample_make "$work/s" --cards 60
job=$work/w/site/B1

act() { expect 0 "$PERSOLINE" "$1" "$job" "$2" --reason "because of $1"; }
good() { sed -n "$1p" "$work/good"; }

# ---- an init that was cut off before job.conf ----

job_make "$work/w" B1 "$work/s"
rm "$job/job.conf"
expect 0 "$PERSOLINE" init "$job" --mode 1 --batch B1 --division 411600 --vendor V1 \
    --date "$job_date"
part "init is repeated where it was cut off before job.conf"

# ---- a card that stands twice in the issuance data, released ----

awk 'NR == 2 { print } { print }' "$job/in/issuance/issuance.csv" >"$work/twice.csv"
rm "$job"/in/issuance/*
expect 0 "$PERSOLINE" ingest "$job" "$job"/in/keys/application.csv
expect 3 "$PERSOLINE" reconcile "$job" "$work/twice.csv"
twice=$(held "$job" reconcile | awk '$2 == "R204" { print $1 }')
act release "$twice"
equal "$(state_of "$job" "$twice")" "received" "R204 released: to be compared again"
expect 4 "$PERSOLINE" approve "$job"
expect 3 "$PERSOLINE" reconcile "$job" "$work/twice.csv"
equal "$(state_of "$job" "$twice")" "held R204" "the same file says the same again"
act cancel "$twice"
part "release of R204 gives the card back to reconcile, and the others go on"

# ---- held between bundle and submit; only its release lets it go on ----

states "$job" | awk -F'\t' '$2 == "reconciled" { print $1 }' >"$work/good"
job_approve "$job" 0
expect 0 "$PERSOLINE" bundle "$job"
act hold "$(good 1)"
act hold "$(good 2)"
expect 0 "$PERSOLINE" submit "$job"
act release "$(good 2)"
equal "$(state_of "$job" "$(good 2)")" "submitted" "released after its package was handed over"
ra_answer "$work/w" "$job"
expect 4 "$PERSOLINE" run "$job"
equal "$(state_of "$job" "$(good 1)")" "held R251" "held while the package travelled"
equal "$(state_of "$job" "$(good 2)")" "prepared" "released: goes the whole way"
act release "$(good 1)"
expect 4 "$PERSOLINE" run "$job"
equal "$(state_of "$job" "$(good 1)")" "prepared" "its answer was kept for the release"
part "a card held in a bundle goes on after its release, with the answer that came meanwhile"

# ---- a vendor's row does not lift what the operator holds ----

act hold "$(good 3)"
awk -F, -v OFS=, -v card="$(good 3)" 'NR == 1 { print $0, "box" } $1 == card { print $0, "7" }' \
    "$job/in/keys/application.csv" >"$work/box.csv"
expect 3 "$PERSOLINE" ingest "$job" "$work/box.csv"
equal "$(state_of "$job" "$(good 3)" | sort | tr '\n' ';')" "held R142;held R251;" \
    "a differing row beside a card that the operator holds"
seq=$(columns "$job/held/ingest.csv" seq code | awk '$2 == "R142" { print $1 }')
act cancel "#$seq"
part "a later row of a card that the operator holds is held itself"

# ---- held and cancelled at the machine, before their results ----

act cancel "$(good 4)"
machine_play "$work/w" "$job"
expect 3 "$PERSOLINE" run "$job"
live() { state_of "$job" "$1" | grep -v cancelled; } # beside the row that was cancelled
equal "$(live "$(good 3)")" "held R251" "held while the machine wrote it"
equal "$(state_of "$job" "$(good 4)")" "cancelled" "cancelled before its result"
equal "$(state_of "$job" "$(good 5)")" "written" "the others are written"
act release "$(good 3)"
equal "$(live "$(good 3)")" "written" "released: its result was kept"
expect 0 "$PERSOLINE" run "$job"
columns "$job/out/close/revoke.csv" AAZ501 | has "$(good 4)" ||
    fail "the certificate of a card cancelled at the machine is not proposed for revocation"
closes "$job"
expect 0 "$PERSOLINE" check "$job"
expect 0 "$PERSOLINE" audit verify "$job"
part "results of held and cancelled cards: kept for the release, or without effect; the job closes"
