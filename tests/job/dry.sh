#!/bin/bash
# Every command that has an effect, with --dry-run first: it tells counts and the names of what it
# would write, and job and site stay as they are, to the byte (DESIGN 4).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/course.sh"

# tree FOLDER: every name with its kind, size and SM3.
tree()
{
    (
        cd "$1"
        find . -printf '%p %y %m\n' | sort
        find . -type f -exec openssl dgst -sm3 {} + | sort
        find . -type f -printf '%p %s\n' | sort
    )
}

# state_of_all: the tree of the site with its jobs, and the ledgers as text.
state_of_all()
{
    local one
    for one in "$work"/world/site/*/ledger.db; do
        [ ! -f "$one" ] || "$PERSOLINE" check "${one%/ledger.db}" --dump
    done
    tree "$work/world"
}

# written_files JOB: out/, reports/ and audit.log of the job, with their digests.
written_files()
{
    [ ! -d "$1/out" ] || (
        cd "$1"
        find . -type f \( -path './out/*' -o -path './reports/*' -o -name audit.log \) \
            -exec openssl dgst -sm3 -r {} + | sort
    )
}

# dry_leaves_all COMMAND...: what it says stays in $work/dry.
dry_leaves_all()
{
    local code=0
    state_of_all >"$work/before"
    "$@" --dry-run --json >"$work/dry" 2>"$work/dry.err" </dev/null || code=$?
    case $code in
    0 | 3 | 4) ;;
    *) fail "exit code $code: $* --dry-run: $(tail -n 5 "$work/dry.err")" ;;
    esac
    state_of_all >"$work/after"
    same "$work/before" "$work/after" "--dry-run of $2 changed something"
    "$@" -n >"$work/dry.text" 2>"$work/dry.err" </dev/null || [ $? -eq "$code" ] ||
        fail "$2: -n ends in another way than --dry-run --json"
    state_of_all >"$work/after"
    same "$work/before" "$work/after" "-n of $2 changed something"
}

# told_files: names of files in $work/dry, from the job's folder on.
told_files()
{
    sed -n 's/.*"what": "would write".*"file": "\([^"]*\)".*/\1/p' "$work/dry" |
        sed "s|^$job/||" | sort -u
}

# dry_then_real STEP: of the course.
dry_then_real()
{
    local step=$1 command code=0 file
    step_command "$work/world" "$step"
    dry_leaves_all "${command[@]}"
    grep -qE '": [0-9]+' "$work/dry" || fail "$step --dry-run tells no count"
    written_files "$job" >"$work/written.before"
    "${command[@]}" --json >"$work/real" 2>"$work/real.err" </dev/null || code=$?
    case $code in
    0 | 3 | 4) ;;
    *) fail "exit code $code: $step: $(tail -n 5 "$work/real.err")" ;;
    esac
    written_files "$job" >"$work/written.after"
    comm -13 "$work/written.before" "$work/written.after" | sed 's|^[^*]*\*\./||' | sort \
        >"$work/new.files"
    told_files >"$work/told.files"
    comm -13 "$work/told.files" "$work/new.files" >"$work/untold.files"
    [ ! -s "$work/untold.files" ] || fail "$step wrote untold: $(head -n 3 "$work/untold.files")"
    while IFS= read -r file; do # what is told may have the same bytes as before, but is there
        [ -f "$job/$file" ] || fail "$step told of $file, and there is none"
    done <"$work/told.files"
    grep -vE '"what": "(would write|row|table|acknowledge)"' "$work/dry" | sort -u >"$work/counts"
    sort -u "$work/real" | comm -23 "$work/counts" - >"$work/untrue"
    [ ! -s "$work/untrue" ] || fail "$step: not what was told: $(head -n 3 "$work/untrue")"
    printf '%s: %s lines, %s files\n' "$step" "$(wc -l <"$work/dry")" \
        "$(wc -l <"$work/told.files")"
}

# ---- site and job ----

sample_make "$work/sample" --cards 120 --faults 0.1
mkdir "$work/world"
dry_leaves_all "$PERSOLINE" site init "$work/world/site" --name site
grep -q "$work/world/site" "$work/dry" || fail "site init --dry-run does not name the folder"
world_make "$work/world"
job=$work/world/site/B1
dry_leaves_all "$PERSOLINE" init "$job" --mode 1 --batch B1 --division 411600 --vendor V1 \
    --date "$job_date"
grep -q "$job" "$work/dry" || fail "init --dry-run does not name the folder"
part "site init, init"

# ---- a job's commands, in the order of its course; its exit codes are what they are ----

job_make "$work/world" B1 "$work/sample"
mkdir "$work/world/lists"
faults_of_ra=(--fault late:0.1 --fault refused:0.05)
faults_of_machine=(--retry 0.1 --spoil 0.05)
for step in "${steps[@]}"; do
    [ "$step" != hold ] || course_choose "$work/world"
    [ "$step" != approve ] || digest=$(digest_of "$job")
    if is_ours "$step"; then
        dry_then_real "$step"
    else
        step_command "$work/world" "$step"
        expect 0 "${command[@]}"
    fi
done
equal "$(balance "$job" open)" 0 "open cards at the end"
expect 0 "$PERSOLINE" check "$job"
part "every command of a job"

# ---- withdraw, and run from the very beginning ----

job_make "$work/world" B2 "" --batch B2
job=$work/world/site/B2
sample_make "$work/second" --cards 120 --faults 0.1 --seed 11 --batch B2
job_give "$job" "$work/second"
dry_leaves_all "$PERSOLINE" run "$job"
expect 4 "$PERSOLINE" run "$job"
dry_leaves_all "$PERSOLINE" approve "$job"
job_approve "$job" 0
dry_leaves_all "$PERSOLINE" run "$job"
"$PERSOLINE" bundle "$job" >"$work/out" 2>&1 || true
dry_leaves_all "$PERSOLINE" withdraw "$job" REQ-411600-B2-0001.zip --reason "asked for"
[ -f "$job/out/bundle/REQ-411600-B2-0001.zip" ] || fail "withdraw --dry-run took the package"
expect 0 "$PERSOLINE" withdraw "$job" REQ-411600-B2-0001.zip --reason "asked for"
[ ! -f "$job/out/bundle/REQ-411600-B2-0001.zip" ] || fail "withdraw left the package"
part "run, approve, withdraw"
