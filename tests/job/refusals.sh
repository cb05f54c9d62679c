# shellcheck shell=bash
# For job tests of what must be refused, sourced in place of lib.sh: what a refusal says, and
# what it must leave as it was.

# Every run of the programs waits for fsync many times; in memory that costs nothing.
[ -n "${TMPDIR:-}" ] || [ ! -w /dev/shm ] || export TMPDIR=/dev/shm
# shellcheck source=tests/job/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

skip()
{
    printf 'skip: %s\n' "$*"
}

# What every command may rewrite without an effect: lists, which say what the ledger says, and
# payload, which counts only where the ledger points at it.
passing='(\.db-(wal|shm)|/held/[a-z]+\.(csv|jsonl)|/reports/[a-z]+\.csv|/data/[0-9]+\.seg)$'

# facts JOB: what check --dump says of ledger and site store, and what lies where in the site.
facts()
{
    {
        "$PERSOLINE" check "$1" --dump || fail "check --dump $1"
        find "$1/.." \( -type f -o -type p \) -printf 'path %P\n'
    } | grep -vE "^path .*$passing" | sort
}

# payload JOB: how much of it there is. Of a refused file it is cut off by the next command.
payload()
{
    find "$1/data" -type f -size +0 -printf '%f %s\n' | sort
}

# stage JOB NAME: the following refusals are of this stage of this job, from the state as it is now.
stage()
{
    job=$1
    stage=$2
    facts "$job" >"$work/before"
    payload "$job" >"$work/payload"
}

unchanged()
{
    facts "$job" >"$work/after"
    same "$work/before" "$work/after" "$stage $1 left something behind"
}

# refused CODE PLACE FILE [ARGUMENT...]: the stage refuses FILE; its message is FILE, then PLACE (an
# extended regular expression for `:line: field: text`), then the code. It is the only refusal.
refused()
{
    local code=$1 place=$2 file=$3 said found=0
    shift 3
    expect 1 timeout 20 "$PERSOLINE" "$stage" "$job" "$file" "$@"
    while IFS= read -r said; do
        [[ ! $said =~ \ \[F[0-9]+\  ]] || found=$((found + 1))
        [[ ! $said == "$file"* ]] || [[ ! ${said#"$file"} =~ ^$place.*\ \[$code\  ]] ||
            found=$((found + 100))
    done <"$work/err"
    [ "$found" -eq 101 ] || {
        cat "$work/err" >&2
        fail "$stage $file: want one message FILE$place ... [$code ...]"
    }
    # What a refusal leaves stays, so that the later stages, which claim nothing, look once a group.
    [ "$stage" != ingest ] || unchanged "$file"
}
