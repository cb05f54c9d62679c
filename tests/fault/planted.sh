#!/bin/bash
# usage: planted.sh NAME: the bug of persoline-planted with this name is found by the sweep, or this
# test fails. NAME none: without a bug the same sweeps find nothing.
fault_here=$(cd "$(dirname "$0")" && pwd)
. "$fault_here/../job/lib.sh"
# shellcheck source=tests/fault/lib.sh
. "$fault_here/lib.sh"

[ -x "${PERSOLINE_PLANTED:-}" ] || fail "set PERSOLINE_PLANTED to persoline-planted"

# Bug, the stage where it shows, modes, text in the points.
bugs()
{
    cat <<TABLE
no_fsync_before_rename  bundle      lose,ghost          out/bundle
write_error_ignored     bundle      eio,enospc          out/bundle
short_write_is_whole    bundle      short               out/bundle
failed_fsync_repeated   bundle      failsync            out/bundle
rename_not_synced       submit      lose                exit
noted_before_durable    personalize lose                out/machine
written_in_place        reconcile   torn,kill           reports/
payload_not_synced      ingest      lose,ghost,reorder  exit
tail_not_cut            reconcile   torn,reorder        data/0001.seg
synchronous_off         submit      lose,reorder        exit
payload_cut_too_early   close       enospc              fsync /site/B1/ledger.db-wal
commit_error_ignored    approve     eio                 ledger.db-wal
submitted_before_intent submit      kill,lose           ledger.db-wal
counted_before_accepted ingest      kill                site.db
claimed_after_use       ingest      kill                site.db
package_before_sides    bundle      kill                out/bundle
half_read_kept          ingest      kill                site.db
unlink_not_synced       withdraw    lose                exit
created_in_place        init        kill                ledger.db
event_apart             bundle      kill                ledger.db-wal
TABLE
}

# sweep_with BUG OPTION...: the sweep of its row; sets $code.
sweep_with()
{
    local stage modes where
    read -r _ stage modes where < <(bugs | grep "^$1 ") || fail "no bug $1"
    shift
    code=0
    program=$PERSOLINE_PLANTED
    stage_sweep "$stage" --all --modes "$modes" --where "$where" "$@" >"$work/told" || code=$?
    program=$PERSOLINE
    rm -rf "$work/sweep-$stage"
    cat "$work/told"
}

echo "seed $fault_seed"
if [ "${1:?name of a bug}" = none ]; then
    limit=(--seconds 1)
    [ -z "${PERSO_FULL:-}" ] || limit=()
    mapfile -t stages < <(bugs | awk '{ print $2 }' | sort -u)
    stages_learn "${stages[@]}"
    while read -r name _; do
        sweep_with "$name" "${limit[@]}"
        [ "$code" -eq 0 ] || fail "no bug was chosen"
    done < <(bugs)
    exit
fi
stages_learn "$(bugs | awk -v name="$1" '$1 == name { print $2 }')"
export PERSO_PLANTED=$1
sweep_with "$1" --first
[ "$code" -eq 1 ] || fail "the bug $1 goes unseen"
