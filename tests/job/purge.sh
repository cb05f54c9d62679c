#!/bin/bash
# A finished job is purged: no personal value and no secret is left outside of the operator's own
# files, and what 6.5.2 and an audit need is (LD/T 03-2022 8.2.1 e, 6.5.2).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/course.sh"

mark_pin=3530333134373339
mark_key=9e41d7065bc83af214e8a3b07d5c69f1
cards=${PERSO_CARDS:-300}
kills=${PERSO_KILLS:-20}
RANDOM=${PERSO_SEED:-$(($(date +%s) % 32768))}
echo "seed $RANDOM"
faults_of_ra+=(--mark-pin "$mark_pin" --mark-key "$mark_key")
reason="the retention period is over"

# ---- what to look for: ID numbers, names, secrets, in every form that data takes ----

needles()
{
    local file
    for file in "$work"/sample/keys/*.csv "$work"/sample/issuance/*.csv; do
        columns "$file" AAC002 AAC003
    done | perl -MEncode -F'\t' -lane '
        $F[0] =~ s/^="(.*)"$/$1/;
        print "ID number\t", unpack("H*", $F[0]), "\trhb" if length $F[0] >= 15 && !$id{$F[0]}++;
        $name = decode("UTF-8", $F[1]);
        next if length $name < 2 || $name{$name}++ || $name =~ /^[\x00-\x7f]{1,7}$/;
        print "name\t", unpack("H*", $F[1]), "\trhb";
        $gbk = eval { encode("GB18030", $name, Encode::FB_CROAK) };
        print "name in GB18030\t", unpack("H*", $gbk), "\trhb" if defined $gbk && length $gbk >= 6;
        ' >"$work/needles" 2>"$work/err" || perl -MEncode -e 1
    printf '%s\t%s\trhb\n' GLYPIN "$mark_pin" ZKMY "$mark_key" >>"$work/needles"
    [ "$(wc -l <"$work/needles")" -gt 300 ] || fail "too few values to look for"
}

# left_in WORLD: where they stand, outside of the operator's own files.
left_in()
{
    local files
    mapfile -t files < <(find "$1/site" -type f | grep -vE '/site/B1/in/')
    [ "${#files[@]}" -gt 20 ] || fail "only ${#files[@]} files to search"
    ! perl "$here/leak.pl" "$work/needles" "${files[@]}" >"$work/leaks"
}

nothing_left()
{
    left_in "$1" && fail "$2: $(cut -c 1-200 "$work/leaks" | head -n 5)"
    return 0
}

# tree WORLD: names and digests of all that is there.
tree()
{
    (cd "$1/site" && find . -type f ! -name '*-shm' ! -name '*-wal' -exec sha256sum {} + | sort)
}

digest_of_purge()
{
    expect 4 "$PERSOLINE" purge "$1" --json
    sed -n 's/.*"digest": "\([0-9a-f]*\)".*/\1/p' "$work/out"
}

# ---- before ----

sample_make "$work/sample" --cards "$cards" --faults 0.05
needles
course_make "$work/begin" "$work/sample"
# The machine's own words name the person of each card that it spoiled.
words_of_the_machine()
{
    local file
    for file in "$1"/site/B1/in/machine/*.result.csv; do
        rm -f "$file".*
        perl -i -e '
            open my $in, "<", shift or die; my (%name, @head);
            while (<$in>) { my @c = split /,/; $name{$c[0]} = $c[3] }
            while (<>) {
                chomp; my @c = split /,/, $_, -1;
                if ($. == 1) { @head = @c; print "$_\n"; next }
                my %at = map { $head[$_] => $_ } 0 .. $#head;
                $c[$at{reason}] = $name{$c[$at{AAZ501}]} // "" if $c[$at{result}] eq "spoiled";
                print join(",", @c), "\n";
            }' "$work/sample/keys/application.csv" "$file"
    done
}

course_walk()
{
    local step command code
    for step in "${steps[@]}"; do
        [ "$step" != hold ] || course_choose "$1"
        [ "$step" != approve ] || digest=$(digest_of "$1/site/B1")
        step_command "$1" "$step"
        code=0
        "${command[@]}" >"$work/out" 2>"$work/err" </dev/null || code=$?
        [[ $code == [034] ]] || fail "$step: exit code $code: $(tail -n 5 "$work/err")"
        [ "$step" != machine-1 ] || words_of_the_machine "$1"
    done
    equal "$code" 0 "exit code at the end of the course"
}

faults_of_machine=(--retry 0.02 --spoil 0.05)
course_walk "$work/begin"
job=$work/begin/site/B1
job_make "$work/begin" B2 "" --batch B2
left_in "$work/begin" || fail "the values are not even found where they must be"
for where in data/0001.seg out/bundle out/ra out/machine out/close/remake.csv \
    reports/reconcile.csv ledger.db; do
    has "/B1/$where" <"$work/leaks" || fail "no personal value is found in $where"
done
part "the search finds $(wc -l <"$work/leaks") places before the purge"

expect 1 "$PERSOLINE" purge "$work/begin/site/B2"
said 'not closed'

# What came after the closing is not finished: a card is confirmed, and nobody was told yet.
cp -a "$work/begin" "$work/since"
since=$work/since/site/B1
expect 0 "$PERSOLINE" confirm "$since" "$(states "$since" |
    awk -F'\t' '$2 == "spoiled" && !n++ { print $1 }')" --reason "made again"
expect 1 "$PERSOLINE" purge "$since"
said 'has changed since it was closed'
expect 0 "$PERSOLINE" run "$since"
[ -n "$(digest_of_purge "$since")" ] || fail "closed again, it cannot be purged"
part "a job that changed since it closed is not purged before it closes again"

expect 2 "$PERSOLINE" purge "$job" --digest 00
expect 1 "$PERSOLINE" purge "$job" --digest 00 --reason "$reason"
said 'another digest'
digest=$(digest_of_purge "$job")
[ "${#digest}" -eq 64 ] || fail "purge shows no digest"
tree "$work/begin" >"$work/tree.before"
expect 4 "$PERSOLINE" purge "$job"
said "command .*--digest $digest --reason"
expect 0 "$PERSOLINE" purge "$job" --digest "$digest" --reason "$reason" --dry-run
said 'to be purged: file data/0001.seg'
said 'would purge: '
tree "$work/begin" >"$work/tree.after"
same "$work/tree.before" "$work/tree.after" "what a question and a dry run leave"
part "asked and dry: nothing is changed"

# ---- purged ----

states "$job" >"$work/states.before"
cp -a "$work/begin" "$work/purged"
job=$work/purged/site/B1
expect 0 "$PERSOLINE" purge "$job" --digest "$digest" --reason "$reason"
said 'to be destroyed by you'
nothing_left "$work/purged" "after the purge"
part "no personal value in $(find "$work/purged/site" -type f | wc -l) files"

for folder in data out/bundle out/ra out/machine; do
    equal "$(find "$job/$folder" -type f | wc -l)" 0 "files in $folder"
done
(cd "$job" && find in -type f | sort) >"$work/theirs"
(cd "$work/begin/site/B1" && find in -type f | sort) >"$work/theirs.before"
same "$work/theirs.before" "$work/theirs" "the operator's own files"
columns "$job/reports/purge.csv" file | sort >"$work/listed"
same "$work/theirs" "$work/listed" "reports/purge.csv"
while IFS=$'\t' read -r file bytes sm3; do
    equal "$bytes" "$(stat -c %s "$job/$file")" "bytes of $file"
    equal "$sm3" "$(openssl dgst -sm3 -r "$job/$file" | cut -d ' ' -f 1)" "SM3 of $file"
done < <(columns "$job/reports/purge.csv" file bytes SM3)
part "the operator's files are listed and left"

# What is left can be looked at.
card=$(awk -F'\t' '$2 == "written" { print $1; exit }' "$work/states.before")
expect 0 "$PERSOLINE" status "$job"
said 'personal data gone'
expect 0 "$PERSOLINE" trace "$job" "$card"
said '"kind": "purge"|application'
expect 0 "$PERSOLINE" slip "$job"
name=$(basename "$(find "$work/begin/site/B1/out/ra" -name '*.zip' | head -n 1)")
expect 1 "$PERSOLINE" slip "$job" "out/ra/$name"
said 'purged'
expect 0 "$PERSOLINE" check "$job"
expect 0 "$PERSOLINE" audit verify "$job"
grep -q "$reason" "$job/audit.log" || fail "audit.log does not tell the reason"
states "$job" >"$work/states.after"
same "$work/states.before" "$work/states.after" "states of the cards"
dump "$job" >"$work/dump.purged"
with_id=$(awk -F'\t' '$1 != "" { print $1 }' "$work/states.before" | sort -u | wc -l)
kept=$(awk -F'\t' '$1 == "history"' "$work/dump.purged" | wc -l)
[ "$kept" -gt $((with_id * 9 / 10)) ] || fail "only $kept of $with_id cards are in the history"
part "what is left can be looked at"

# Nothing else can be done.
for command in "run" "approve" "match" "personalize" "close" "hold $card --reason x" \
    "cancel $card --reason x" "ingest $job/in/keys/application.csv" \
    "withdraw out/bundle/x.zip --reason x"; do
    read -ra words <<<"$command"
    expect 1 "$PERSOLINE" "${words[0]}" "$job" "${words[@]:1}"
    said 'was purged'
done
# Again is no harm, with whatever digest.
expect 0 "$PERSOLINE" purge "$job" --digest "$digest" --reason "$reason"
expect 0 "$PERSOLINE" purge "$job"
dump "$job" >"$work/dump.again"
same "$work/dump.purged" "$work/dump.again" "a purge repeated"
# What was taken away and comes back is seen.
for file in "out/bundle/$name" data/0001.seg; do
    cp "$work/begin/site/B1/$file" "$job/$file"
    expect 1 "$PERSOLINE" check "$job"
    said "$file.*here again"
    expect 0 "$PERSOLINE" purge "$job"
    expect 0 "$PERSOLINE" check "$job"
done
# A copy from before does not bring the job back.
cp -a "$work/purged" "$work/restored"
rm -r "$work/restored/site/B1"
cp -a "$work/begin/site/B1" "$work/restored/site/B1"
expect 1 "$PERSOLINE" run "$work/restored/site/B1"
said 'copy from before'
expect 1 "$PERSOLINE" audit verify "$work/restored/site/B1"
rm -r "$work/restored"
part "purged for good"

# Keys and cards are still known at the site.
written=$(awk -F'\t' '$2 == "written" { print $1 }' "$work/states.before")
table=$work/sample/keys/application.csv
for part in cards:1,3 keys:4,6; do
    head -n 1 "$table" >"$work/${part%:*}.csv"
    grep -F "$(sed -n "${part#*:}p" <<<"$written")" "$table" >>"$work/${part%:*}.csv"
done
# The same keys under other card ids.
perl -i -pe 's/^(.{31})(.)/$1 . ($2 eq "0" ? "1" : "0")/e if $. > 1' "$work/keys.csv"
expect 3 "$PERSOLINE" ingest "$work/purged/site/B2" "$work/cards.csv" "$work/keys.csv"
equal "$(held "$work/purged/site/B2" ingest | grep -c R143)" 3 "cards seen before"
equal "$(held "$work/purged/site/B2" ingest | grep -c R144)" 3 "keys seen before"
rm -rf "$work/purged/site/B2"
part "keys of the purged job are still refused"

# ---- the cupboard: what waits is kept, what is settled loses its certificates ----

# Put in as forward does it: a row for each state, of this job and of another one.
cupboard()
{
    local state name=V1-411600-B1-1
    for state in 1 2 3; do
        sqlite3 "$1/site/site.db" "INSERT INTO cupboard VALUES (
            '411600D156000005000000000000000$state', '$name', '$job_date', $state, zeroblob(32),
            zeroblob(32), CAST('payload-$state-' || hex(zeroblob(3000)) AS BLOB));"
    done
    sqlite3 "$1/site/site.db" "INSERT INTO cupboard VALUES (
        '4116 another card of another job', 'other', '$job_date', 2, zeroblob(32),
        zeroblob(32), CAST('payload-9-' || hex(zeroblob(3000)) AS BLOB));"
    [ "$(sqlite3 "$1/site/site.db" 'SELECT count(*) FROM cupboard')" -eq 4 ] ||
        fail "the cupboard was not filled"
}

# in_store WORLD TEXT: 1 where the store has it anywhere, else 0.
in_store()
{
    cat "$1"/site/site.db* | { grep -aoF "$2" || true; } | sort -u | wc -l
}

if command -v sqlite3 >/dev/null; then
    cp -a "$work/begin" "$work/cupboard"
    cupboard "$work/cupboard"
    for turn in 1 2; do
        expect 0 "$PERSOLINE" purge "$work/cupboard/site/B1" --digest "$digest" --reason "$reason"
        said '1 certificates of this job wait in the cupboard'
        equal "$(in_store "$work/cupboard" payload-1-)" 1 "waiting, after purge $turn"
        equal "$(in_store "$work/cupboard" payload-2-)" 0 "written, after purge $turn"
        equal "$(in_store "$work/cupboard" payload-3-)" 0 "revoked, after purge $turn"
        equal "$(in_store "$work/cupboard" payload-9-)" 1 "another job's, after purge $turn"
    done
    sqlite3 "$work/cupboard/site/site.db" 'UPDATE cupboard SET state = 2 WHERE state = 1'
    expect 0 "$PERSOLINE" purge "$work/cupboard/site/B1"
    equal "$(in_store "$work/cupboard" payload-1-)" 0 "settled later, purged again"
    equal "$(in_store "$work/cupboard" payload-9-)" 1 "another job's, purged again"
    rm -rf "$work/cupboard"
    part "the cupboard keeps what waits"
else
    echo "skipped: the cupboard: no sqlite3 (Debian package sqlite3)"
fi

# ---- killed ----

# killed WORLD MS: true where the kill came in time.
killed()
{
    local code=0 pid
    "$PERSOLINE" purge "$1/site/B1" --digest "$digest" --reason "$reason" >"$work/out" \
        2>"$work/err" </dev/null &
    pid=$!
    sleep "$(printf '0.%03d' "$2")"
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || code=$?
    [ "$code" -eq 137 ]
}

rm -rf "$work/begin/site/B2"
cp -a "$work/begin" "$work/timed"
started=$(date +%s%N)
expect 0 "$PERSOLINE" purge "$work/timed/site/B1" --digest "$digest" --reason "$reason"
window=$((($(date +%s%N) - started) / 1000000 + 1))
landed=0 half=0 rounds=0
while [ "$landed" -lt "$kills" ]; do
    rounds=$((rounds + 1))
    [ "$rounds" -le $((kills * 10)) ] || fail "only $landed kills came in time"
    rm -rf "$work/killed"
    cp -a "$work/begin" "$work/killed"
    for _ in 1 2 3; do
        killed "$work/killed" $((RANDOM % window)) || break
        landed=$((landed + 1))
        expect 0 "$PERSOLINE" status "$work/killed/site/B1"
        if grep -q 'on its way' "$work/out"; then
            half=$((half + 1))
            expect 1 "$PERSOLINE" run "$work/killed/site/B1"
            said 'purge is not at its end'
            equal "$(digest_of_purge "$work/killed/site/B1")" "$digest" "digest of a begun purge"
            expect 0 "$PERSOLINE" check "$work/killed/site/B1"
        fi
    done
    expect 0 "$PERSOLINE" purge "$work/killed/site/B1" --digest "$digest" --reason "$reason"
    nothing_left "$work/killed" "after kills"
    (cd "$work/killed/site/B1" && find data out held reports -type f -exec sha256sum {} + | sort) \
        >"$work/outputs.killed"
    (cd "$work/timed/site/B1" && find data out held reports -type f -exec sha256sum {} + | sort) \
        >"$work/outputs.timed"
    same "$work/outputs.timed" "$work/outputs.killed" "outputs after kills"
    dump "$work/timed/site/B1" >"$work/dump.timed"
    dump "$work/killed/site/B1" >"$work/dump.killed"
    same "$work/dump.timed" "$work/dump.killed" "check --dump after kills"
    expect 0 "$PERSOLINE" check "$work/killed/site/B1"
    expect 0 "$PERSOLINE" audit verify "$work/killed/site/B1"
done
[ "$half" -gt 0 ] || fail "no kill fell between the steps"
part "killed $landed times in $rounds jobs, $half of them between the steps"
