#!/bin/bash
# Every command of the line, disturbed where it changes files (RELIABILITY T1, T2, T6): README.md.
# $PERSO_EACH modes a point (1), which the seed chooses; each stage has the same part of
# $PERSO_SECONDS (0: as long as it takes) and goes evenly through its points. With PERSO_FULL all
# points of a larger job. PERSO_FAULT_ONLY=STAGE[:POINT:MODE] repeats one.
fault_here=$(cd "$(dirname "$0")" && pwd)
. "$fault_here/../job/lib.sh"
# shellcheck source=tests/fault/lib.sh
. "$fault_here/lib.sh"

stages=("${line_stages[@]}" "${signing_stages[@]}" "${party_stages[@]}" "${site_stages[@]}")
seconds=${PERSO_SECONDS:-70}
only=${PERSO_FAULT_ONLY:-}
[ -z "${PERSO_FULL:-}" ] || seconds=${PERSO_SECONDS:-0}
limit=(--each "${PERSO_EACH:-1}")
if [ -z "$only" ]; then
    limit+=(--seconds "$(awk -v s="$seconds" -v n="${#stages[@]}" 'BEGIN { print s / n }')")
else
    stages=("${only%%:*}")
    [[ $only != *:* ]] || limit=(--only "${only#*:}")
fi

echo "seed $fault_seed, $n_cards cards: PERSO_SEED and PERSO_CARDS repeat it"
stages_learn "${stages[@]}"
failed=0
: >"$work/all"
for stage in "${stages[@]}"; do
    code=0
    stage_sweep "$stage" "${limit[@]}" >"$work/told" || code=$?
    tee -a "$work/all" <"$work/told"
    case $code in
    0) rm -rf "$work/sweep-$stage" ;;
    1) failed=1 ;;
    *) fail "$stage: the sweep failed" ;;
    esac
done
awk '$3 == "points," { points += $2; done += $4; all += $6; seconds += $8 }
    END { printf "%d points, %d of %d cycles, %.0f s\n", points, done, all, seconds }' "$work/all"
[ "$failed" -eq 0 ] || fail "there are faults that persoline does not stand"
