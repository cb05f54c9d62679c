# shellcheck shell=bash
# Common to the job tests, which source it: whole runs of persoline and persoline-sandbox in a
# folder of their own. $PERSOLINE and $PERSOLINE_SANDBOX name the programs. $work is removed at
# success; at failure it stays, and its path is said.
set -euo pipefail
export LC_ALL=C.UTF-8 TZ=UTC
unset PERSOLINE_CONF

if [ ! -x "${PERSOLINE:-}" ] || [ ! -x "${PERSOLINE_SANDBOX:-}" ]; then
    echo "set PERSOLINE and PERSOLINE_SANDBOX to the two programs" >&2
    exit 2
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
job_date=2025-03-14 # of every job: nothing in a test depends on today
# In memory where there is room: the programs wait for fsync many times. Not for a full run.
if [ -z "${TMPDIR:-}" ] && [ -z "${PERSO_FULL:-}" ] && [ -w /dev/shm ] &&
    [ "$(df -Pk /dev/shm | awk 'END { print $4 }')" -gt $((1024 * 1024)) ]; then
    export TMPDIR=/dev/shm
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/persoline-job.XXXXXX")

finish()
{
    local code=$?
    if [ "$code" -eq 0 ]; then
        rm -rf "$work"
    else
        echo "FAILED ($code); everything is kept in $work" >&2
    fi
    exit "$code"
}
trap finish EXIT
set -E
trap 'echo "FAIL: ${BASH_SOURCE[0]}:$LINENO: $BASH_COMMAND" >&2' ERR

# fail TEXT...: ends the test.
fail()
{
    printf 'FAIL: %s\n' "$*" >&2
    exit 1
}

# part TEXT...: the one line that a part of the test prints when it has passed.
part()
{
    printf 'ok: %s\n' "$*"
}

# expect CODE COMMAND...: runs it and holds it to its exit code. What it said stays in $work/out
# (stdout) and $work/err (stderr) until the next one.
expect()
{
    local want=$1 code=0
    shift
    "$@" >"$work/out" 2>"$work/err" </dev/null || code=$?
    [ "$code" -eq "$want" ] && return 0
    tail -n 20 "$work/out" "$work/err" >&2
    fail "exit code: have $code, want $want: $*"
}

# said TEXT: the last command of expect said so (an extended regular expression), on either stream.
said()
{
    grep -qE -- "$1" "$work/out" "$work/err" && return 0
    tail -n 20 "$work/out" "$work/err" >&2
    fail "nothing was said like: $1"
}

# COMMAND | has TEXT: a line of it is like that (an extended regular expression). Reads to the end:
# grep -q would not, and pipefail would blame the command that it cut off.
has()
{
    grep -E -- "$1" | cat >/dev/null
}

# same FILE FILE TEXT...: they are equal line by line, else the first differences are shown.
same()
{
    local a=$1 b=$2
    shift 2
    cmp -s "$a" "$b" && return 0
    diff "$a" "$b" | head -n 20 >&2 || true
    fail "$*: $a (<) and $b (>) differ"
}

# equal HAVE WANT TEXT...
equal()
{
    [ "$1" = "$2" ] || fail "${*:3}: have $1, want $2"
}

# ---- a world: site, RA and machine ----

# world_make DIR [SEED]: DIR/site, DIR/ra, DIR/machine, which know each other.
world_make()
{
    mkdir -p "$1"
    expect 0 "$PERSOLINE" site init "$1/site" --name site
    expect 0 "$PERSOLINE_SANDBOX" ra init "$1/ra" --site "$1/site" --seed "${2:-7}"
    expect 0 "$PERSOLINE_SANDBOX" machine init "$1/machine" --site "$1/site"
}

# sample_make DIR ARGUMENT...: as persoline-sandbox sample; the seed is 7 unless one is given.
sample_make()
{
    local dir=$1 seed=(--seed 7)
    shift
    [[ " $* " != *" --seed "* ]] || seed=()
    expect 0 "$PERSOLINE_SANDBOX" sample "$dir" "${seed[@]}" "$@"
}

# job_make WORLD NAME [SAMPLE] [ARGUMENT...]: the job WORLD/site/NAME, its batch B1 unless the
# arguments say another, with the sample's files where `run` looks. SAMPLE "" copies none.
job_make()
{
    local job=$1/site/$2 sample=${3:-} batch=(--batch B1)
    shift "$(($# < 3 ? $# : 3))"
    [[ " $* " != *" --batch "* ]] || batch=()
    expect 0 "$PERSOLINE" init "$job" --mode 1 "${batch[@]}" --division 411600 --vendor V1 \
        --date "$job_date" "$@"
    [ -z "$sample" ] || job_give "$job" "$sample"
}

# job_give JOB SAMPLE
job_give()
{
    cp "$2"/keys/* "$1/in/keys/"
    cp "$2"/issuance/* "$1/in/issuance/"
}

# digest_of JOB: the digest that the operator approves.
digest_of()
{
    local code=0
    "$PERSOLINE" approve "$1" --json >"$work/approve" 2>&1 || code=$?
    [ "$code" -eq 4 ] || fail "approve $1 without a digest: exit code $code, want 4"
    sed -n 's/.*"digest": "\([0-9a-f]*\)".*/\1/p' "$work/approve"
}

# job_approve JOB CODE: what it says is approved as it is.
job_approve()
{
    local digest
    digest=$(digest_of "$1")
    [ -n "$digest" ] || fail "approve $1 shows no digest"
    expect "$2" "$PERSOLINE" approve "$1" --digest "$digest"
}

# ra_answer WORLD JOB [ARGUMENT...], machine_play WORLD JOB [ARGUMENT...]: once.
ra_answer()
{
    expect 0 "$PERSOLINE_SANDBOX" ra --in "$2/out/ra" --out "$2/in/ra" --state "$1/ra" "${@:3}"
}

machine_play()
{
    expect 0 "$PERSOLINE_SANDBOX" machine --in "$2/out/machine" --out "$2/in/machine" \
        --state "$1/machine" "${@:3}"
}

# Arguments of ra and machine in the following two; a test sets them.
ra_args=()
machine_args=()

# line_to_ra WORLD JOB: from the inputs to requests that stand in out/ra. Whether cards are held at
# approve is the caller's to check.
line_to_ra()
{
    local digest
    expect 4 "$PERSOLINE" run "$2"
    digest=$(digest_of "$2")
    "$PERSOLINE" approve "$2" --digest "$digest" >"$work/out" 2>"$work/err" ||
        [ $? -eq 3 ] || fail "approve $2: $(tail -n 5 "$work/err")"
    expect 4 "$PERSOLINE" run "$2"
}

# line_to_machine WORLD JOB: further, to machine files that stand in out/machine. The RA is asked
# twice, since a late answer comes then.
line_to_machine()
{
    line_to_ra "$1" "$2"
    for _ in 1 2; do
        ra_answer "$1" "$2" ${ra_args[@]+"${ra_args[@]}"}
        expect 4 "$PERSOLINE" run "$2"
    done
}

# line_run WORLD JOB CODE: the whole line. The last run ends with CODE; the machine plays twice,
# since what it wants again comes then.
line_run()
{
    line_to_machine "$1" "$2"
    machine_play "$1" "$2" ${machine_args[@]+"${machine_args[@]}"}
    "$PERSOLINE" run "$2" >"$work/out" 2>"$work/err" || true
    machine_play "$1" "$2" ${machine_args[@]+"${machine_args[@]}"}
    expect "$3" "$PERSOLINE" run "$2"
}

# ---- looking ----

# columns FILE NAME...: these columns of a table of ours, tab-separated, without the header.
columns()
{
    perl "$here/columns.pl" "$@"
}

# held JOB [STAGE...]: "AAZ501 TAB code TAB stage" of the lists in held/, sorted; all stages unless
# named.
held()
{
    local job=$1 lists=() stage
    shift
    for stage in "$@"; do
        lists+=("$job/held/$stage.csv")
    done
    [ "${#lists[@]}" -gt 0 ] || lists=("$job"/held/*.csv)
    for stage in "${lists[@]}"; do
        columns "$stage" AAZ501 code stage
    done | sort
}

# states JOB: "AAZ501 TAB state TAB code" of every card, sorted.
states()
{
    "$PERSOLINE" report "$1" >"$work/report" || fail "report $1"
    columns "$work/report" AAZ501 state code | sort
}

# state_of JOB CARD: "state code", a line for each row of the card.
state_of()
{
    states "$1" | awk -F'\t' -v id="$2" '$1 == id { print $3 == "" ? $2 : $2 " " $3 }'
}

# balance JOB LINE: the count of one line of the balance (in, written, ..., open).
balance()
{
    "$PERSOLINE" status "$1" --json >"$work/status" || fail "status $1"
    perl -ne 'print "$1\n" if /"balance"/ && /"'"$2"'": (\d+)/' "$work/status"
}

# closes JOB: in = the sum of every other line.
closes()
{
    expect 0 "$PERSOLINE" status "$1" --json
    perl -ne 'next unless /"balance"/; my ($in) = /"in": (\d+)/; my $sum = 0;
        $sum += $1 while /"(?!in")[a-z]+": (\d+)/g; $found = 1;
        exit 1 if $in != $sum; END { exit 1 unless $found }' "$work/out" ||
        fail "the balance of $1 does not close: $(grep balance "$work/out")"
}

# dump JOB: what `check --dump` says, less the digests of files that came in (the third of
# CONTRACTS 5's comparisons needs them, a comparison of two forms of one file does not).
dump()
{
    "$PERSOLINE" check "$1" --dump >"$work/dump" || fail "check --dump $1"
    cat "$work/dump"
}
