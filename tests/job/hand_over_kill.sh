#!/bin/bash
# The hand-over between vendor and department, both killed with SIGKILL at random moments, packages
# doubled and out of order: it ends as undisturbed, to the byte (issue 4, "must show" 3; CONTRACTS
# 5). PERSO_SEED repeats the draws, not the moments. With PERSO_FULL, 50 jobs are killed once each.
# shellcheck source=tests/job/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/job/course.sh
. "$(dirname "$0")/course.sh"
# shellcheck source=tests/job/parties_lib.sh
. "$(dirname "$0")/parties_lib.sh"

cards=${PERSO_CARDS:-200}
kills=${PERSO_KILLS:-40}
first_draw=${PERSO_SEED:-$(($(date +%s) % 32768))}
RANDOM=$first_draw
landed=0 missed=0 kills_each=0
killed=    # yes: commands are killed on their way, and the courier is a bad one
kill_only= # the one step that is killed, once
declare -A code_of ms_of

# ---- one command of a site ----

# learned NAME COMMAND...: undisturbed; its exit code and duration are the measure.
learned()
{
    local name=$1 code=0 begin
    shift
    begin=$(date +%s%N)
    "$PERSOLINE" "$@" >"$work/out" 2>"$work/err" </dev/null || code=$?
    ms_of[$name]=$((($(date +%s%N) - begin) / 1000000 + 1))
    code_of[$name]=$code
    case $code in
    0 | 3 | 4) ;;
    *) fail "$name: exit code $code: $(tail -n 5 "$work/err")" ;;
    esac
}

# kill_once MS COMMAND...: false where it had ended by itself.
kill_once()
{
    local ms=$1 pid code=0
    shift
    "$PERSOLINE" "$@" >>"$work/killed.out" 2>>"$work/killed.err" </dev/null &
    pid=$!
    sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || code=$?
    case $code in
    137) landed=$((landed + 1)) ;;
    0 | 3 | 4)
        missed=$((missed + 1))
        return 1
        ;;
    *) fail "exit code $code after a kill: $* $(tail -n 5 "$work/killed.err")" ;;
    esac
}

# killed_often MS COMMAND...: as often as there are kills left for it.
killed_often()
{
    local window=$1 i tries=0
    shift
    for ((i = 0; i < kills_each && tries < kills_each + 4; tries++)); do
        if kill_once $(((RANDOM * 32768 + RANDOM) % window)) "$@"; then
            i=$((i + 1))
        else
            window=$((window / 2 + 1)) # a resumed command has less to do
        fi
    done
}

# step NAME COMMAND...
step()
{
    local name=$1
    shift
    if [ -z "$killed" ]; then
        learned "$name" "$@"
        return 0
    fi
    if [ -z "$kill_only" ]; then
        killed_often "${ms_of[$name]}" "$@"
    elif [ "$kill_only" = "$name" ]; then
        kill_once $((RANDOM % ms_of[$name])) "$@" || true
    fi
    expect "${code_of[$name]}" "$PERSOLINE" "$@"
}

# arrive NAME WORLD JOB STAGE FOLDER: the courier comes, then the job runs. The bad courier brings
# the later before the earlier, each twice, and the stage reads what is there and is killed at it.
arrive()
{
    local name=$1 world=$2 job=$3 stage=$4 folder=$5
    if [ -z "$killed" ]; then
        carry "$world"
    else
        carry_backwards=yes carry_doubled=yes carry_most=1
        while carry "$world" && [ "$carried" -gt 0 ]; do
            [ -n "$kill_only" ] ||
                kill_once $((RANDOM % ms_of[$name])) "$stage" "$job" "$job/$folder"/*.zip || true
            [ $((RANDOM % 2)) -eq 0 ] || product "$stage" "$job" "$job/$folder"/*.zip
        done
        carry_backwards='' carry_doubled='' carry_most=1000
    fi
    step "$name" run "$job"
}

# ---- the course of both ----

# The cards that an operator picks; the same in both courses, for both are to be the same then.
few_of()
{
    in_state "$1" "$2" | sed -n '2p;5p'
}

# course WORLD
course()
{
    local world=$1 vendor=$1/vendor/B1 department=$1/department/B1 list
    step vendor-1 run "$vendor"
    arrive department-1 "$world" "$department" ingest in/keys
    step approve approve "$department" --digest "$(digest_of "$department")"
    step department-2 run "$department"
    for i in 3 4; do
        ra_plays "$world" "$department"
        step "department-$i" run "$department"
    done
    arrive vendor-2 "$world" "$vendor" collect in/ra
    mapfile -t list < <(few_of "$vendor" prepared)
    step cancel cancel "$vendor" "${list[@]}" --reason "the chips are broken"
    for i in 3 4; do
        machine_plays "$world" vendor "$vendor"
        step "vendor-$i" run "$vendor"
    done
    arrive department-5 "$world" "$department" close in/result
    mapfile -t list < <(in_state "$department" spoiled && in_state "$department" missing)
    step confirm confirm "$department" "${list[@]}" --reason "seen and signed for"
    step department-6 run "$department"
    mapfile -t list < <(for list in "$vendor"/held/*.csv; do columns "$list" seq; done |
        sed 's/^/#/')
    step settle cancel "$vendor" "${list[@]}" --reason settled
    step vendor-5 run "$vendor"
}

# Who opens what: the machine its files, a site what comes for it.
key_of()
{
    case $2 in
    */machine/*) wrap_key=("$1/machine-vendor/machine.key") ;;
    *) wrap_key=("$1/vendor/keys/sealing.key" "$1/vendor/keys/password") ;;
    esac
}

# same_worlds WORLD OTHER
same_worlds()
{
    local site wrapped=0
    for site in vendor department; do
        same_files "$1" "$2" "$site/B1"
        # Sorted: of two kinds of packages either may come first, and so do their events.
        dump "$1/$site/B1" | sort >"$work/dump.one"
        dump "$2/$site/B1" | sort >"$work/dump.other"
        same "$work/dump.one" "$work/dump.other" "check --dump of the $site"
        expect 0 "$PERSOLINE" check "$2/$site/B1"
        expect 0 "$PERSOLINE" audit verify "$2/$site/B1"
    done
    [ "$wrapped" -gt 2 ] || fail "only $wrapped wrapped keys were compared"
}

echo "seed $first_draw: PERSO_SEED repeats the draws"
sample_make "$work/sample" --cards "$cards" --faults 0.1 --boxes 30
parties_make "$work/begin" 1
sed -i "s/^package_cards = .*/package_cards = $((cards / 4))/" \
    "$work/begin"/{vendor,department}/persoline.conf
parties_job "$work/begin" B1 "$work/sample"
parties_ra=(--fault late:0.03 --fault refused:0.02 --fault wrong-key:0.02)
parties_machine=(--retry 0.05 --spoil 0.03 --missing 0.02)
# The key of a job is drawn at its init: the department's is made once, of an application to come.
cp -a "$work/begin" "$work/ahead"
product run "$work/ahead/vendor/B1"
begun "$work/begin" department "$work/ahead/vendor/B1/out/ra/APP-411600-B1-0001.zip"
cp -a "$work/begin" "$work/undisturbed"
course "$work/undisturbed"
for kind in department/B1/out/forward/FWD vendor/B1/out/ra/APP vendor/B1/out/close/RES; do
    [ -e "$work/undisturbed/$kind-411600-B1-0002.zip" ] || fail "there is only one of $kind"
done
killed=yes
before=-1
while [ "$landed" -lt "$kills" ]; do
    [ "$landed" -gt "$before" ] || fail "no kill landed"
    before=$landed
    kills_each=$(((kills - landed) / ${#code_of[@]} + 1))
    rm -rf "$work/killed"
    cp -a "$work/begin" "$work/killed"
    course "$work/killed"
    same_worlds "$work/undisturbed" "$work/killed"
done
part "$cards cards between two sites, killed $landed times ($missed too late)," \
    "packages doubled and out of order"

if [ -n "${PERSO_FULL:-}" ]; then
    landed=0
    mapfile -t names < <(printf '%s\n' "${!code_of[@]}" | sort)
    for ((n = 1; n <= 50; n++)); do
        kill_only=${names[n % ${#names[@]}]}
        rm -rf "$work/killed"
        cp -a "$work/begin" "$work/killed"
        course "$work/killed"
        same_worlds "$work/undisturbed" "$work/killed"
    done
    [ "$landed" -ge 25 ] || fail "only $landed kills of 50 landed"
    part "50 jobs killed once each ($((50 - landed)) too late)"
fi
