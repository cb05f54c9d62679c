#!/bin/bash
# A job that is killed with SIGKILL at random moments and resumed by the same command ends as an
# undisturbed one does, to the byte (DESIGN 1 rule 2, CONTRACTS 5). PERSO_SEED repeats the draws,
# not the moments: those are the machine's. With PERSO_FULL, 50 jobs are killed once each.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/course.sh"

kills=${PERSO_KILLS:-50}
cards=${PERSO_CARDS:-5000}
first_draw=${PERSO_SEED:-$(($(date +%s) % 32768))}
RANDOM=$first_draw
landed=0
declare -A landed_in quota

# below N: sets $drawn to 0 ... N-1.
below()
{
    drawn=$(((RANDOM * 32768 + RANDOM) % $1))
}

# draw_moment: sets $drawn_step, $drawn, a moment of the course in ms, its time evenly spread.
draw_moment()
{
    local step total=0
    for step in "${ours[@]}"; do
        total=$((total + step_ms[$step]))
    done
    below "$total"
    for step in "${ours[@]}"; do
        drawn_step=$step
        [ "$drawn" -ge "${step_ms[$step]}" ] || return 0
        drawn=$((drawn - step_ms[$step]))
    done
}

# kill_after MS STEP: starts ${command[@]} and kills it; false where it had ended by itself.
kill_after()
{
    local code=0 pid
    "${command[@]}" >>"$work/killed.out" 2>>"$work/killed.err" </dev/null &
    pid=$!
    sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || code=$?
    [ "$code" -ne 137 ] || return 0
    equal "$code" "${step_code[$2]}" "exit code of $2, resumed"
    return 1
}

# step_killed WORLD STEP TIMES: killed up to so often, then to its end; sets $left, the kills that
# came too late because what was left to do took less time.
step_killed()
{
    local missed=0 window=${step_ms[$2]} command
    left=$3
    step_command "$1" "$2"
    while [ "$left" -gt 0 ] && [ "$missed" -lt 5 ]; do
        below "$window"
        if kill_after "$drawn" "$2"; then
            left=$((left - 1))
            landed=$((landed + 1))
            landed_in[$2]=$((${landed_in[$2]:-0} + 1))
            expect 0 "$PERSOLINE" status "$1/site/B1"
        else
            missed=$((missed + 1))
            window=$((window / 2 + 1)) # a resumed command has less to do
        fi
    done
    step_pass "$1" "$2"
}

# Half of the kills fall on the steps evenly, so that short ones have their share; half on the time.
draw_quotas()
{
    local i
    for ((i = 0; i < kills; i++)); do
        if ((i % 2)); then
            draw_moment
        else
            drawn_step=${ours[$((i / 2 % ${#ours[@]}))]}
        fi
        quota[$drawn_step]=$((${quota[$drawn_step]:-0} + 1))
    done
}

one_job_killed_often()
{
    local step left=0
    draw_quotas
    cp -a "$work/begin" "$work/killed"
    for step in "${steps[@]}"; do
        if is_ours "$step"; then
            step_killed "$work/killed" "$step" $((${quota[$step]:-0} + left))
        else
            step_pass "$work/killed" "$step"
        fi
    done
    # What came too late hits the command that may be repeated for ever.
    while [ "$landed" -lt "$kills" ]; do
        step_killed "$work/killed" run-4 $((kills - landed))
    done
    for step in "${ours[@]}"; do
        printf '%s %s, ' "$step" "${landed_in[$step]:-0}"
    done
    printf 'killed %s times\n' "$landed"
    same_job "$work/begin-undisturbed" "$work/killed"
    part "one job of $cards cards, killed $landed times"
}

jobs_killed_once()
{
    local i step command missed=0
    for ((i = 0; i < kills; i++)); do
        draw_moment
        rm -rf "$work/killed"
        cp -a "$work/begin" "$work/killed"
        for step in "${steps[@]}"; do
            step_command "$work/killed" "$step"
            if [ "$step" = "$drawn_step" ]; then
                kill_after "$drawn" "$step" || missed=$((missed + 1))
            fi
            step_pass "$work/killed" "$step"
        done
        same_job "$work/begin-undisturbed" "$work/killed"
        printf '%d: %s after %d ms\n' $((i + 1)) "$drawn_step" "$drawn"
    done
    [ $((missed * 2)) -le "$kills" ] || fail "$missed kills of $kills came too late"
    part "$kills jobs of $cards cards, killed once each ($missed too late)"
}

echo "seed $first_draw: PERSO_SEED repeats the draws"
sample_make "$work/sample" --cards "$cards" --faults 0.02
course_make "$work/begin" "$work/sample"
cp -a "$work/begin" "$work/begin-undisturbed"
course_learn "$work/begin-undisturbed"
ours=()
for step in "${steps[@]}"; do
    ! is_ours "$step" || ours+=("$step")
done
one_job_killed_often
[ -z "${PERSO_FULL:-}" ] || jobs_killed_once
