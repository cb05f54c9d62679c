#!/bin/bash
# Who approves, and what: policies one, two and none, on_mismatch, reject, and what the ledger keeps
# of it (LD/T 03-2022 8.3.7 b, 8.3.8 a and c; issue 4, "Approval").
. "$(dirname "$0")/lib.sh"

world_make "$work/w"
site=$work/w/site
sample_make "$work/good" --cards 30 --seed 31
sample_make "$work/faulty" --cards 60 --seed 33 --faults 0.3

# policy WORD, on_mismatch WORD: of the site and its default profile from here on.
policy() { sed -i "s/^policy = .*/policy = $1/" "$site/persoline.conf"; }
on_mismatch() { sed -i "s/^on_mismatch = .*/on_mismatch = $1/" "$site/profiles/default.conf"; }

# make NAME SAMPLE: sets job. The site forgets the job before: these are the same cards.
make()
{
    job=$site/$1
    rm -f "$site"/site.db*
    cp -a "$work/empty/." "$site/"
    job_make "$work/w" "$1" "$2"
}
mkdir "$work/empty"
cp "$site"/site.db* "$work/empty/"

# by NAME CODE ARGUMENT...: approve by that operator.
by() { expect "$2" "$PERSOLINE" approve "$job" --by "$1" "${@:3}"; }
approved() { states "$job" | awk -F'\t' '$2 == "approved"' | wc -l; }
reconciled() { states "$job" | awk -F'\t' '$2 == "reconciled" { print $1 }'; }
# event KIND: such events of stage approve: operator, cards, digest, note.
event()
{
    dump "$job" | awk -F'\t' -v OFS='\t' -v k="$1" \
        '$1 == "event" && $2 == "approve" && $3 == k { print $14, $7, $12, $13 }'
}

# ---- one ----

make one "$work/good"
expect 4 "$PERSOLINE" run "$job"
digest=$(digest_of "$job")
by chen 0 --digest "$digest"
equal "$(approved)" 30 "approved by one"
event approve >"$work/have"
printf 'chen\t30\t%s\tpolicy one\n' "$digest" >"$work/want"
same "$work/want" "$work/have" "event of policy one"
by wang 0 --digest "$digest"
said 'nothing waits'
part "one: one operator approves; again there is nothing to approve"

# ---- two ----

policy two
make two "$work/good"
expect 4 "$PERSOLINE" run "$job"
digest=$(digest_of "$job")
by chen 4 --digest "$digest"
said 'approvals 1 of 2, by chen, cards 30'
said 'another operator than chen'
equal "$(approved)" 0 "approved after the first of two"
expect 0 "$PERSOLINE" status "$job"
said 'approve: cards 30, approvals 1 of 2, by chen'
expect 0 "$PERSOLINE" status "$job" --json
said '"what": "approve", "cards": 30, "approvals": "1 of 2", "by": "chen"'
dump "$job" >"$work/before"
by chen 1 --digest "$digest"
said 'has to be another'
expect 4 "$PERSOLINE" run "$job" --by chen
said 'first approved by chen'
by li 4
said "digest $digest, first approved by chen, command persoline approve"
by li 1 --digest "${digest%?}"
by li 0 --digest "$digest" --dry-run
dump "$job" >"$work/after"
same "$work/before" "$work/after" "what changes nothing"
equal "$(approved)" 0 "approved by one operator twice"
by li 0 --digest "$digest"
said 'approved 30'
equal "$(approved)" 30 "approved by two"
expect 0 "$PERSOLINE" status "$job"
! grep '^approve:' "$work/out" >&2 || fail "status tells an approval that is done"
{
    printf 'chen\t30\t%s\tpolicy two, first of two\n' "$digest"
    printf 'li\t30\t%s\tpolicy two, second of two, first chen\n' "$digest"
} >"$work/want"
event approve >"$work/have"
same "$work/want" "$work/have" "events of policy two"
by chen 0 --digest "$digest"
expect 0 "$PERSOLINE" trace "$job" "$(states "$job" | cut -f1 | head -n 1)"
for name in chen li; do
    grep '"kind":"approve"' "$work/out" | has "\"operator\":\"$name\",\"host\":\"[^\"]+\"" ||
        fail "trace: no approval of $name with its host"
    grep "\"operator\":\"$name\"" "$work/out" | has "\"digest\":\"$digest\"" ||
        fail "trace: the approval of $name has not its digest"
    grep "\"operator\":\"$name\"" "$work/out" | has '"time":"?[0-9]' ||
        fail "trace: the approval of $name has no time"
done
expect 0 "$PERSOLINE" audit verify "$job"
part "two: the first is recorded, the same operator is refused, another one completes"

# ---- two, and the cards change in between ----

make changed "$work/good"
expect 4 "$PERSOLINE" run "$job"
digest=$(digest_of "$job")
by chen 4 --digest "$digest"
card=$(reconciled | head -n 1)
expect 2 "$PERSOLINE" reject "$job" "$card" --by li
expect 0 "$PERSOLINE" reject "$job" "$card" --reason "photo is another's" --by li
equal "$(state_of "$job" "$card")" "held R250" "rejected"
expect 0 "$PERSOLINE" status "$job"
said 'approve: cards 29, approvals 0 of 2, void chen'
by li 1 --digest "$digest"
said 'what chen approved has changed since'
said 'another digest'
new=$(digest_of "$job")
[ "$new" != "$digest" ] || fail "the digest does not change with the cards"
by chen 4 --digest "$new" # his first one is void: he may be the first again
by wang 3 --digest "$new"
equal "$(approved)" 29 "approved after the change"
event approve | cut -f1,2,4 >"$work/have"
printf '%s\n' $'chen\t30\tpolicy two, first of two' $'chen\t29\tpolicy two, first of two' \
    $'wang\t29\tpolicy two, second of two, first chen' >"$work/want"
same "$work/want" "$work/have" "events around a change"
equal "$(event void | cut -f1,2,4)" $'li\t29\tapproval of chen was of something else' "void"
expect 0 "$PERSOLINE" trace "$job" "$card"
grep '"kind":"hold"' "$work/out" | has "\"operator\":\"li\".*photo is another's" ||
    fail "trace: no rejection by li with its reason"
expect 0 "$PERSOLINE" audit verify "$job"
part "two: a rejected card makes the first approval void, and that is said and recorded"

# ---- two, killed at any moment of the first and of the second ----

make killed "$work/good"
expect 4 "$PERSOLINE" run "$job"
digest=$(digest_of "$job")
# Later and later, until both came through by themselves.
kills=0
for ms in $(seq -w 2 2 98); do
    for name in chen li; do
        (timeout -s KILL "0.0$ms" "$PERSOLINE" approve "$job" --digest "$digest" --by "$name" ||
            exit $?) >"$work/out" 2>&1 && continue
        [ $? -ne 137 ] || kills=$((kills + 1))
    done
    [ "$(approved)" -eq 0 ] || break
done
[ "$kills" -gt 1 ] || fail "only $kills were killed"
code=0
"$PERSOLINE" approve "$job" --digest "$digest" --by chen >"$work/out" 2>&1 || code=$?
[[ $code = [014] ]] || fail "approve after kills: exit code $code"
"$PERSOLINE" approve "$job" --digest "$digest" --by li >"$work/out" 2>&1 || true
equal "$(approved)" 30 "approved after kills"
[ "$(event approve | cut -f1 | sort | tr '\n' ' ')" = "chen li " ] ||
    fail "not one approval of each: $(event approve)"
expect 0 "$PERSOLINE" check "$job"
expect 0 "$PERSOLINE" audit verify "$job"
part "two: whatever is killed, each operator's approval counts once"

# ---- none ----

policy none
make none "$work/good"
expect 4 "$PERSOLINE" run "$job" --by chen
said 'for rehearsal only'
equal "$(event approve | cut -f1,2,4)" $'chen\t30\tpolicy none' "event of policy none"
part "none: says each time that it is for rehearsal"

# ---- on_mismatch = batch ----

policy one
make card "$work/faulty"
expect 4 "$PERSOLINE" run "$job"
differ=$(held "$job" reconcile | wc -l)
[ "$differ" -gt 2 ] || fail "too few cards differ"
digest=$(digest_of "$job")
by chen 0 --digest "$digest"
[ "$(approved)" -gt 30 ] || fail "card: $(approved) cards are approved"
part "on_mismatch = card: the others are approved"

on_mismatch batch
make batch "$work/faulty"
expect 4 "$PERSOLINE" run "$job"
said "differ $differ, not compared 0"
held "$job" reconcile | cut -f1 >"$work/differ"
n=$(reconciled | wc -l)
by chen 4
said "approve: to approve $n, differ $differ, not compared 0"
said 'on_mismatch = batch'
! grep digest "$work/out" >&2 || fail "batch: shows a digest that nobody may approve"
by chen 4 --digest "$digest"
equal "$(approved)" 0 "approved while cards differ"
expect 0 "$PERSOLINE" status "$job"
said "approve: cards $n, wait for cards that differ $differ, that are not compared 0"
waived=$(held "$job" reconcile | awk -F'\t' '$2 ~ /^R20[256]$/ && !n++ { print $1 }')
[ -n "$waived" ] || fail "no card that may be waived"
expect 0 "$PERSOLINE" release "$job" "$waived" --reason "is known" --by li
by chen 4 --digest "$digest"
said "differ $((differ - 1)), not compared 1"
expect 4 "$PERSOLINE" run "$job"
said "differ $((differ - 1)), not compared 0"
grep -vx "$waived" "$work/differ" >"$work/rest"
expect 0 "$PERSOLINE" cancel "$job" "@$work/rest" --reason "not settled in time" --by li
digest=$(digest_of "$job")
by chen 0 --digest "$digest"
equal "$(approved)" $((n + 1)) "approved when nothing differs"
equal "$(event approve | cut -f1,2,4)" "chen"$'\t'"$((n + 1))"$'\t'"policy one" "the only approval"
closes "$job"
part "on_mismatch = batch: nothing is approved until what differs is released or cancelled"

make batch_none "$work/faulty"
policy none
expect 4 "$PERSOLINE" run "$job"
equal "$(approved)" 0 "policy none while cards differ"
part "on_mismatch = batch holds under policy none too"
