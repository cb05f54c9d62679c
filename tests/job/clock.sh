#!/bin/bash
# No decision hangs on the wall clock (DESIGN 6): with the clock years off, beyond 2038, or going
# backwards between stages, a job of the same date ends as it does today.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/course.sh"

if ! command -v faketime >/dev/null; then
    echo "skipped: no faketime (Debian package faketime)"
    exit 77
fi

# course_under WHAT NAME: the course in a world NAME of its own, every command of ours under the
# clock that clock_of NUMBER gives for its place in the course.
course_under()
{
    local what=$1 world=$work/$2 step number=0
    cp -a "$work/begin" "$world"
    for step in "${steps[@]}"; do
        before_command=()
        ! is_ours "$step" || before_command=(faketime -f "$(clock_of "$number")")
        step_pass "$world" "$step"
        number=$((number + 1))
    done
    before_command=()
    same_job "$work/undisturbed" "$world"
    rm -rf "$world"
    part "$what"
}

sample_make "$work/sample" --cards 300 --faults 0.05
course_make "$work/begin" "$work/sample"
cp -a "$work/begin" "$work/undisturbed"
course_learn "$work/undisturbed"

# The wrapper works, or the test proves nothing: an event bears the time that was shown.
cp -a "$work/begin" "$work/probe"
card=$(columns "$work/sample/keys/application.csv" AAZ501 | tail -n 1)
expect "${step_code[ingest]}" faketime -f '@2038-01-20 03:00:00' "$PERSOLINE" ingest \
    "$work/probe/site/B1" "$work/probe/site/B1"/in/keys/*.csv
expect 0 "$PERSOLINE" trace "$work/probe/site/B1" "$card"
said '2038-01-20T03:00:0'

clock_of() { echo '+10y'; }
course_under "ten years on" later
clock_of() { echo '-10y'; }
course_under "ten years back" earlier
clock_of() { echo '@2038-01-20 03:14:09'; }
course_under "after 2038-01-19" beyond
clock_of() { echo "-$(($1 * 400))d"; }
course_under "backwards by 400 days at every step" backwards
