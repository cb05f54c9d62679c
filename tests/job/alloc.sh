#!/bin/bash
# The n-th allocation fails: a clean error each time, nothing of ours leaked, and the command
# repeated ends as if nothing had been (RELIABILITY T4). n over every command of a 20-card job: 500
# seeded draws among the allocations of our own code, half of which fail once and half from there
# on, and 60 among those inside the libraries; with PERSO_FULL every one of ours in both ways, and
# 2,000.
# shellcheck disable=SC2034  # ours_of, libraries_of: by name, in draw and all_of
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/course.sh"

first_draw=${PERSO_SEED:-$(($(date +%s) % 32768))}
RANDOM=$first_draw
echo "seed $first_draw: PERSO_SEED repeats the draws"
[ -x "${PERSOLINE_ALLOC:-}" ] || fail "set PERSOLINE_ALLOC to persoline-alloc"
draws_of_ours=${PERSO_DRAWS:-500}
draws_of_libraries=${PERSO_LIBRARY_DRAWS:-60}
[ -z "${PERSO_FULL:-}" ] || draws_of_libraries=2000

# ---- what there is to fail ----

# Beside the course: commands that only look.
looks=(status report trace show check audit next)
look_command()
{
    local job=$1/site/B1
    case $2 in
    trace) command=("$PERSOLINE" trace "$job" "$card_to_hold") ;;
    show) command=("$PERSOLINE" show "$job/out/machine/B1-0001.csv") ;;
    audit) command=("$PERSOLINE" audit verify "$job") ;;
    next) command=("$PERSOLINE" status "$1/site") ;;
    *) command=("$PERSOLINE" "$2" "$job") ;;
    esac
}

command_of()
{
    case " ${looks[*]} " in
    *" $2 "*) look_command "$1" "$2" ;;
    *) step_command "$1" "$2" ;;
    esac
}

# told NAME: a number that persoline-alloc told at its exit.
told()
{
    awk -v name="$1" '$1 == name { print $2 }' "$work/told"
}

# leaks STEP TEXT: nothing of ours is kept at exit, but what the thread calculates with (sm2.c).
leaks()
{
    local places
    [ "$(told kept)" -gt 0 ] || return 0
    places=$(awk '$1 == "at" { print $2 }' "$work/told" |
        addr2line -f -e "$PERSOLINE_ALLOC" | awk 'NR % 2' | grep -vx workspace_new) || return 0
    fail "$1: $2: taken and not given back by $(tr '\n' ' ' <<<"$places")"
}

# state_of_world WORLD FILE: what must be equal afterwards.
state_of_world()
{
    "$PERSOLINE" check "$1/site/B1" --dump >"$2" 2>&1 || fail "check --dump: $(tail -n 3 "$2")"
    (cd "$1/site/B1" && find out held reports -type f ! -name '*.sig' ! -name '*.wrap' \
        -exec sha256sum {} + | sort -k 2) >>"$2" 2>/dev/null || true
}

sample_make "$work/sample" --cards 20 --faults 0.1
course_make "$work/course" "$work/sample"
faults_of_ra=(--fault late:0.1 --fault refused:0.05 --fault wrong-key:0.05)
faults_of_machine=(--retry 0.1 --spoil 0.05)
cp -a "$work/course" "$work/learnt"
course_learn "$work/learnt"
rm -rf "$work/learnt"
mkdir "$work/before" "$work/after"
declare -A ours_of libraries_of
todo=()
for step in "${steps[@]}"; do
    if ! is_ours "$step"; then
        step_pass "$work/course" "$step"
        continue
    fi
    cp -a "$work/course" "$work/before/$step"
    program=$PERSOLINE
    PERSOLINE=$PERSOLINE_ALLOC step_command "$work/course" "$step"
    PERSO_ALLOC_TELL=$work/told expect "${step_code[$step]}" "${command[@]}"
    PERSOLINE=$program
    leaks "$step" "nothing failing"
    ours_of[$step]=$(told ours)
    libraries_of[$step]=$(told library)
    state_of_world "$work/course" "$work/after/$step"
    todo+=("$step")
done
for look in "${looks[@]}"; do
    cp -a "$work/course" "$work/before/$look"
    PERSOLINE=$PERSOLINE_ALLOC command_of "$work/course" "$look"
    code=0
    PERSO_ALLOC_TELL=$work/told "${command[@]}" >"$work/out" 2>"$work/err" </dev/null || code=$?
    step_code[$look]=$code
    leaks "$look" "nothing failing"
    ours_of[$look]=$(told ours)
    libraries_of[$look]=$(told library)
    state_of_world "$work/course" "$work/after/$look"
    todo+=("$look")
done

# ---- one of them fails ----

# attempt STEP VARIABLE N [MODE]: the command with this failure, in $work/now; sets $code.
attempt()
{
    local command program=$PERSOLINE
    PERSOLINE=$PERSOLINE_ALLOC command_of "$work/now" "$1"
    code=0
    rm -f "$work/told"
    { # the shell says aloud who was killed
        env "$2=$3" ${4:+PERSO_ALLOC_LASTING=1} PERSO_ALLOC_TELL="$work/told" "${command[@]}" \
            >"$work/out" 2>"$work/err" </dev/null || code=$?
    } 2>/dev/null
    PERSOLINE=$program
}

# one STEP VARIABLE N [MODE]: it fails cleanly, or does not mind; repeated it ends as it should.
one()
{
    local command what="$1, $2=$3 ${4:-}"
    rm -rf "$work/now"
    cp -a "$work/before/$1" "$work/now"
    attempt "$@"
    case $code in
    1) [ -s "$work/err" ] || fail "$what: failed without a word" ;;
    "${step_code[$1]}") minded_not=$((minded_not + 1)) ;;
    134 | 139) # some libraries die of it at their start: what stands on disk is ours all the same
        [ "$2" = PERSO_ALLOC_LIBRARY ] || fail "$what: killed by a signal: $code"
        died=$((died + 1))
        ;;
    *) fail "$what: exit code $code: $(tail -n 5 "$work/err")" ;;
    esac
    if [ "$2" = PERSO_ALLOC_OURS ]; then
        [ -s "$work/told" ] || fail "$what: it did not come to its exit"
        leaks "$what" "exit code $code"
    fi
    if [ "$code" -ne "${step_code[$1]}" ]; then
        command_of "$work/now" "$1"
        expect "${step_code[$1]}" "${command[@]}"
    fi
    state_of_world "$work/now" "$work/state"
    same "$work/after/$1" "$work/state" "$what: undisturbed (<) and after exit code $code (>)"
}

# draw NAME N: N of all allocations of a kind, evenly spread from a drawn beginning, as lines
# "step number" in $work/drawn; all of them where there are not more.
draw()
{
    local -n of=$1
    local step
    for step in "${todo[@]}"; do
        seq -f "$step %.0f" "${of[$step]}"
    done | awk -v want="$2" -v first="$((RANDOM % 1000))" '{ line[NR] = $0 }
        END { n = want < NR ? want : NR; for (i = 0; i < n; i++)
            print line[int((i + first / 1000) * NR / n) + 1] }' >"$work/drawn"
}

sweep()
{
    local step n mode='' done=0 minded_not=0 died=0 begin=$SECONDS
    while read -r step n; do
        one "$step" "$1" "$n" ${mode:+"$mode"}
        done=$((done + 1))
        [ "$2" = once ] || mode=$([ -n "$mode" ] || echo lasting)
    done <"$work/drawn"
    part "$done failures of $(wc -l <"$work/all") allocations $3: $minded_not had no effect," \
        "$died killed a library, the others ended with 1; repeated, each gives the same" \
        "($((SECONDS - begin)) s)"
}

all_of()
{
    local -n kind=$1
    for step in "${todo[@]}"; do
        seq -f "$step %.0f" "${kind[$step]}"
    done >"$work/all"
}

all_of ours_of
if [ -n "${PERSO_FULL:-}" ]; then
    sed p "$work/all" >"$work/drawn" # each of them in both modes
    sweep PERSO_ALLOC_OURS both "of ours, in both ways"
else
    draw ours_of "$draws_of_ours"
    sweep PERSO_ALLOC_OURS both "of ours"
fi
all_of libraries_of
draw libraries_of "$draws_of_libraries"
sweep PERSO_ALLOC_LIBRARY once "inside libraries"
