#!/bin/bash
# What an operator does: hold, release, cancel, reject, withdraw, approve. Each with its effect, its
# event in trace and its exit code (CONTRACTS 1; LD/T 03-2022 8.3.8 c).
. "$(dirname "$0")/lib.sh"

world_make "$work/w"
sample_make "$work/s" --cards 300 --faults 0.3
job_make "$work/w" B1 "$work/s"
job=$work/w/site/B1
expect 4 "$PERSOLINE" run "$job"

# good N: the N-th card that is reconciled. with_code CODE: the first card held for it.
states "$job" | awk -F'\t' '$2 == "reconciled" { print $1 }' >"$work/good"
good() { sed -n "$1p" "$work/good"; }
with_code() { states "$job" | awk -F'\t' -v c="$1" '$3 == c && !n++ { print $1 }'; }

# traced CARD KIND TO REASON: the card's last event is that.
traced()
{
    expect 0 "$PERSOLINE" trace "$job" "$1"
    tail -n 1 "$work/out" | has "\"kind\":\"$2\".*\"to\":\"$3\".*$4.*\"prev\"" && return 0
    tail -n 2 "$work/out" >&2
    fail "$1: the last event is not $2 to $3 with \"$4\""
}

# act COMMAND CARD: done, with a reason and a name.
act() { expect 0 "$PERSOLINE" "$1" "$job" "$2" --reason "because of $1" --by chen; }

# ---- usage ----

for command in hold release cancel reject; do
    expect 2 "$PERSOLINE" "$command" "$job" "$(good 1)"
    expect 2 "$PERSOLINE" "$command" "$job" --reason "no card"
    expect 1 "$PERSOLINE" "$command" "$job" 411600D1560000050000000000000000 --reason "no such card"
done
part "without reason or card 2, of a card that is not there 1"

# ---- hold, release ----

act hold "$(good 1)"
equal "$(state_of "$job" "$(good 1)")" "held R251" "hold"
traced "$(good 1)" hold held "because of hold"
said '"operator":"chen"'
held "$job" operator | has "^$(good 1)	R251	operator$" || fail "hold: not in held/operator.csv"
dump "$job" >"$work/before"
act hold "$(good 1)"
dump "$job" >"$work/after"
same "$work/before" "$work/after" "hold of a card that is held so already"
act release "$(good 1)"
equal "$(state_of "$job" "$(good 1)")" "reconciled" "release"
traced "$(good 1)" release reconciled "because of release"
dump "$job" >"$work/before"
act release "$(good 1)"
dump "$job" >"$work/after"
same "$work/before" "$work/after" "release of a card that is released already"
part "hold R251 and release, with operator and reason in trace; again they are no-ops"

# ---- reject ----

act reject "$(good 2)"
equal "$(state_of "$job" "$(good 2)")" "held R250" "reject"
traced "$(good 2)" hold held "because of reject"
held "$job" approve | has "^$(good 2)	R250" || fail "reject: not in held/approve.csv"
expect 1 "$PERSOLINE" reject "$job" "$(with_code R201)" --reason "is held"
part "reject R250, of reconciled cards only"

# ---- cancel ----

act cancel "$(good 3)"
equal "$(state_of "$job" "$(good 3)")" "cancelled" "cancel"
traced "$(good 3)" cancel cancelled "because of cancel"
act cancel "$(good 3)"
for command in release hold reject; do
    expect 1 "$PERSOLINE" "$command" "$job" "$(good 3)" --reason "is cancelled"
done
equal "$(balance "$job" cancelled)" 1 "cancelled"
closes "$job"
part "cancel is final: again it is a no-op, nothing else can be done to the card"

# A card without a valid id, and each of two rows of one card, by the number in held/.
for code in R101 R140; do
    seq=$(columns "$job/held/ingest.csv" seq code | awk -v c="$code" '$2 == c && !n++ { print $1 }')
    expect 0 "$PERSOLINE" cancel "$job" "#$seq" --reason "by number"
    ! columns "$job/held/ingest.csv" seq | grep -x "$seq" >&2 || fail "$code: #$seq is still listed"
done
equal "$(balance "$job" cancelled)" 3 "cancelled"
columns "$job/held/ingest.csv" AAZ501 code | awk -F'\t' '$2 == "R122" { print $1 }' >"$work/list"
expect 0 "$PERSOLINE" cancel "$job" "@$work/list" --reason "by list"
! held "$job" ingest | has R122 || fail "cards of the list are held still"
equal "$(balance "$job" cancelled)" $((3 + $(wc -l <"$work/list"))) "cancelled by list"
closes "$job"
part "#SEQ and @FILE reach cards without an id and many cards"

# ---- what may be waived ----

waivable=$(with_code R202) stays=$(with_code R201) status=$(with_code R205)
for card in "$waivable" "$stays" "$status"; do
    act release "$card"
    equal "$(state_of "$job" "$card")" "received" "released to be judged again"
done
expect 4 "$PERSOLINE" run "$job"
equal "$(state_of "$job" "$waivable")" "reconciled" "R202 after its release"
equal "$(state_of "$job" "$status")" "reconciled" "R205 after its release"
equal "$(state_of "$job" "$stays")" "held R201" "R201 after its release"
dump "$job" | grep '^waiver' | cut -f3,4 | sort >"$work/have"
printf '%s\tbecause of release\n' R202 R205 >"$work/want"
same "$work/have" "$work/want" "waivers with their reasons"
stays=$(with_code R130)
act release "$stays"
equal "$(state_of "$job" "$stays")" "held R130" "R130, judged again at once"
part "release passes the waivable R202 and R205, not R201 and R130"

# ---- approve ----

old=$(digest_of "$job")
act reject "$(good 4)"
expect 1 "$PERSOLINE" approve "$job" --digest "$old"
said 'another digest'
equal "$(states "$job" | awk -F'\t' '$2 == "approved"' | wc -l)" 0 "approved with a stale digest"
new=$(digest_of "$job")
[ "$new" != "$old" ] || fail "the digest does not change with the cards"
expect 1 "$PERSOLINE" approve "$job" --digest "${new%?}"
n=$(states "$job" | awk -F'\t' '$2 == "reconciled"' | wc -l)
said_count=$(sed -n 's/.*"to approve": \([0-9]*\).*/\1/p' "$work/approve")
equal "$said_count" "$n" "cards to approve"
expect 3 "$PERSOLINE" approve "$job" --digest "$new" --by wang
equal "$(states "$job" | awk -F'\t' '$2 == "approved"' | wc -l)" "$n" "approved"
traced "$(good 5)" approve approved "$new"
said '"operator":"wang"'
expect 1 "$PERSOLINE" reject "$job" "$(good 5)" --reason "too late"
part "approve: a stale or cut digest is refused with 1 and approves nothing; the right one all $n"

# ---- withdraw ----

expect 2 "$PERSOLINE" withdraw "$job" REQ-411600-B1-0001.zip
expect 1 "$PERSOLINE" withdraw "$job" REQ-411600-B1-0009.zip --reason "no such file"
expect 0 "$PERSOLINE" bundle "$job"
equal "$(state_of "$job" "$(good 5)")" "bundled" "bundle"
expect 0 "$PERSOLINE" withdraw "$job" REQ-411600-B1-0001.zip --reason "wrong batch"
equal "$(state_of "$job" "$(good 5)")" "approved" "withdraw"
[ -z "$(ls "$job/out/bundle")" ] || fail "withdraw leaves $(ls "$job/out/bundle")"
dump "$job" | has "^event	bundle	withdraw	.*	wrong batch	" || fail "withdraw: no event"
act hold "$(good 6)"
expect 4 "$PERSOLINE" run "$job"
equal "$(state_of "$job" "$(good 5)")" "submitted" "bundled anew and submitted"
equal "$(state_of "$job" "$(good 6)")" "held R251" "held before the second bundle"
packages=("$job"/out/ra/REQ-*.zip)
equal "${#packages[@]}" 1 "packages at the RA"
package=$(basename "${packages[0]}")
unzip -p "$job/out/ra/$package" requests.csv >"$work/requests.csv"
equal "$(columns "$work/requests.csv" request_id | sort -u | wc -l)" $((n - 1)) "requests at the RA"
expect 1 "$PERSOLINE" withdraw "$job" "$package" --reason "too late"
said 'handed over'
part "withdraw: cards go back to approved and into the next bundle; what was handed over stays"

# ---- hold and cancel while the RA has the card, and after ----

act hold "$(good 7)"
act cancel "$(good 8)"
ra_answer "$work/w" "$job" --fault refused:0.05
expect 4 "$PERSOLINE" run "$job"
equal "$(state_of "$job" "$(good 7)")" "held R251" "held while the RA answered"
equal "$(state_of "$job" "$(good 8)")" "cancelled" "cancelled while the RA answered"
columns "$job/reports/orphans.csv" why | has cancelled ||
    fail "the certificate of a cancelled card is not among the orphans"
act release "$(good 7)"
expect 4 "$PERSOLINE" run "$job"
equal "$(state_of "$job" "$(good 7)")" "prepared" "released: its answer was kept"
part "an answer to a held card waits for its release, one to a cancelled card is an orphan"

refused=$(states "$job" | awk -F'\t' '$2 == "refused" && !n++ { print $1 }')
[ -n "$refused" ] || fail "the RA refused nothing: take more cards"
act release "$refused"
expect 4 "$PERSOLINE" run "$job"
equal "$(state_of "$job" "$refused")" "submitted" "a refused card that is asked for again"
ra_answer "$work/w" "$job"
expect 4 "$PERSOLINE" run "$job"
equal "$(state_of "$job" "$refused")" "prepared" "asked for again and issued"
part "release of a refused card asks the RA again, in a new bundle"

# ---- a machine file that is withdrawn ----

files=("$job"/out/machine/*.csv)
first=$(basename "${files[0]}")
cards=$(columns "$job/out/machine/$first" AAZ501 | wc -l)
expect 0 "$PERSOLINE" withdraw "$job" "$first" --reason "machine is broken"
[ ! -e "$job/out/machine/$first" ] || fail "the machine file is still there"
equal "$(states "$job" | awk -F'\t' '$2 == "matched"' | wc -l)" "$cards" "matched again"
expect 4 "$PERSOLINE" run "$job"
for file in "$job"/out/machine/*.csv; do columns "$file" AAZ501; done | sort >"$work/have"
states "$job" | awk -F'\t' '$2 == "prepared" { print $1 }' >"$work/want"
same "$work/have" "$work/want" "cards in machine files (<) and prepared (>)"
part "a withdrawn machine file: its cards stand in the next one, each once"

machine_play "$work/w" "$job"
expect 3 "$PERSOLINE" run "$job"
closes "$job"
equal "$(balance "$job" open)" 0 "open in the end"
expect 0 "$PERSOLINE" audit verify "$job"
part "the balance closes, the chain of events is unbroken"
