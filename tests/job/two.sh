#!/bin/bash
# Two processes on one job, and one file for two jobs: the second says so, at once, and does nothing
# (DESIGN 6, CONTRACTS 1).
. "$(dirname "$0")/lib.sh"

site_and_job()
{
    find "$1/site" -type f ! -name '*-shm' -exec sha256sum {} + | sort -k 2
}

# The first process is stopped while it holds the job: it opens the ledger after it has the lock.
# (To try the lock from here would take it from the first.)
stop_in_the_middle()
{
    "$PERSOLINE" run "$job" >"$work/first.out" 2>"$work/first.err" &
    first=$!
    until find "/proc/$first/fd" -lname '*/ledger.db' 2>/dev/null | grep -q .; do
        kill -0 "$first" || fail "the first process ended: $(cat "$work/first.err")"
        sleep 0.001
    done
    sleep "$1"
    kill -STOP "$first"
    ! flock -n "$job" true || fail "the first process had ended before it was stopped"
}

let_it_end()
{
    local code=0
    kill -CONT "$first"
    wait "$first" || code=$?
    equal "$code" "$1" "exit code of the process that was stopped: $(tail -n 3 "$work/first.err")"
}

# second COMMAND...: is turned away within a second, having written nothing.
second()
{
    local begin ms
    site_and_job "$work/world" >"$work/before"
    begin=$(date +%s%N)
    expect 4 "$@"
    ms=$((($(date +%s%N) - begin) / 1000000))
    grep -qi 'another process works on this job' "$work/err" ||
        fail "nothing on stderr of another process: $2"
    [ ! -s "$work/out" ] || fail "$2 said on stdout: $(head -n 3 "$work/out")"
    [ "$ms" -lt 1000 ] || fail "$2 took $ms ms to say that the job is busy"
    site_and_job "$work/world" >"$work/after"
    same "$work/before" "$work/after" "files after $2 was turned away"
}

second_is_turned_away()
{
    local file card
    file=$(find "$job/in/keys" -name '*.csv')
    card=$(columns "$file" AAZ501 | tail -n 1)
    second "$PERSOLINE" run "$job"
    second "$PERSOLINE" run "$job" --dry-run
    second "$PERSOLINE" ingest "$job" "$file"
    second "$PERSOLINE" approve "$job"
    for stage in bundle submit match personalize close; do
        second "$PERSOLINE" "$stage" "$job"
    done
    for act in hold release cancel reject; do
        second "$PERSOLINE" "$act" "$job" "$card" --reason none
    done
    second "$PERSOLINE" withdraw "$job" REQ-411600-B1-0001.zip --reason none
}

looking_goes_on()
{
    expect 0 "$PERSOLINE" status "$job"
    expect 0 "$PERSOLINE" report "$job"
    expect 0 "$PERSOLINE" check "$job"
    expect 0 "$PERSOLINE" audit verify "$job"
    expect 0 "$PERSOLINE" show "$(find "$job/in/keys" -name '*.csv')"
}

one_is_stopped()
{
    local delay job=$work/world/site/B1
    sample_make "$work/sample" --cards 2000
    world_make "$work/fresh"
    job_make "$work/fresh" B1 "$work/sample"
    for delay in 0 0.1 0.3; do
        rm -rf "$work/world"
        cp -a "$work/fresh" "$work/world"
        stop_in_the_middle "$delay"
        second_is_turned_away
        looking_goes_on
        let_it_end 4
    done
    part "the second is turned away, looking goes on"
}

# Further on in the course, beside any process that holds the job.
others_wait()
{
    local job=$work/world/site/B1 card
    card=$(columns "$work/sample/keys/application.csv" AAZ501 | sed -n 1p)
    exec 9<"$job"
    flock -n 9 || fail "the job is busy although nobody works on it"
    second_is_turned_away
    looking_goes_on
    expect 0 "$PERSOLINE" trace "$job" "$card"
    equal "$(balance "$job" in)" 2000 "cards that status counts meanwhile"
    exec 9<&-
    part "every command waits for a job that is busy"
}

# A job that died holds nothing: its lock went with it.
one_is_killed()
{
    local job=$work/world/site/B1
    rm -rf "$work/world"
    cp -a "$work/fresh" "$work/world"
    stop_in_the_middle 0
    kill -KILL "$first"
    wait "$first" 2>/dev/null || true
    expect 4 "$PERSOLINE" run "$job"
    said 'to approve'
    part "the lock of a killed process is gone"
}

# race ROUND: two `run` begin at one moment; adds to $raced where one turned the other away.
race()
{
    local world=$work/race who code busy=0 known=0 read=0
    rm -rf "$world"
    cp -a "$work/ready" "$world"
    for who in a b; do
        (
            until [ -e "$world/start" ]; do :; done
            code=0
            "$PERSOLINE" run "$world/site/B1" >"$world/$who.out" 2>"$world/$who.err" || code=$?
            echo "$code" >"$world/$who.code"
        ) &
    done
    : >"$world/start"
    wait
    for who in a b; do
        equal "$(cat "$world/$who.code")" 4 "exit code of racer $who in round $1"
        ! grep -q 'another process works' "$world/$who.err" || busy=$((busy + 1))
        ! grep -q 'known nothing to do' "$world/$who.out" || known=$((known + 1))
        ! grep -q '^ingest: .*rows' "$world/$who.out" || read=$((read + 1))
    done
    equal "$read" 1 "processes that took the file in round $1"
    equal "$((busy + known))" 1 "processes that were turned away or came after, in round $1"
    raced=$((raced + busy))
    dump "$world/site/B1" >"$work/dump.race"
    same "$work/dump.alone" "$work/dump.race" "end state of round $1"
    expect 0 "$PERSOLINE" check "$world/site/B1"
}

two_race()
{
    local round raced=0
    sample_make "$work/small" --cards 300 --faults 0.05
    world_make "$work/ready"
    job_make "$work/ready" B1 "$work/small"
    cp -a "$work/ready" "$work/alone"
    expect 4 "$PERSOLINE" run "$work/alone/site/B1"
    dump "$work/alone/site/B1" >"$work/dump.alone"
    for ((round = 1; round <= 20; round++)); do
        race "$round"
    done
    [ "$raced" -ge 10 ] || fail "only $raced of 20 rounds were races"
    part "20 rounds of two at once, $raced of them at the same moment"
}

# F105: the bytes of a key file belong to the job of the site that took them first.
one_file_two_jobs()
{
    local world=$work/world
    job_make "$world" B2 "" --batch B2
    job_make "$world" B3 "" --batch B3
    sample_make "$work/third" --cards 20 --seed 9 --batch B2
    cp "$work/third"/keys/* "$world/site/B2/in/keys/"
    cp "$work/third"/keys/* "$world/site/B3/in/keys/"
    expect 4 "$PERSOLINE" run "$world/site/B2"
    dump "$world/site/B3" >"$work/dump.before"
    expect 1 "$PERSOLINE" run "$world/site/B3"
    said 'V1-411600-B2-1.*F105'
    dump "$world/site/B3" >"$work/dump.after"
    same "$work/dump.before" "$work/dump.after" "the job that was refused"
    expect 1 "$PERSOLINE" ingest "$world/site/B3" "$work"/third/keys/application.csv
    said 'V1-411600-B2-1.*F105'
    equal "$(balance "$world/site/B3" in)" 0 "cards of the job that was refused"
    part "one file under two jobs"
}

one_is_stopped
others_wait
one_is_killed
two_race
one_file_two_jobs
