#!/bin/bash
# One job with faults, in Chinese and in English at once: every command, asked rightly and wrongly.
# In Chinese nobody reads English, in English nobody reads Chinese, and whatever is written or
# stored is the same to the byte.
# shellcheck source=tests/job/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/job/language_lib.sh
. "$here/language_lib.sh"

# peer ARGUMENT...: the peer sees the Chinese world; what it answers goes into both.
peer()
{
    expect 0 "$PERSOLINE_SANDBOX" "$1" --in "$work/zh/site/J/out/$1" \
        --out "$work/zh/site/J/in/$1" --state "$work/zh/$1" "${@:2}"
    cp "$work/zh/site/J/in/$1"/* "$work/en/site/J/in/$1/"
}

# ---- two worlds that are one ----

world_make "$work/zh"
sample_make "$work/s" --cards 60 --faults 0.2
cp -a "$work/zh" "$work/en"
job=site/J
both 0 init $job --mode 1 --batch B1 --division 411600 --vendor V1 --date "$job_date"
# The key of the ledger is random: one job, twice.
rm -rf "$work/en/site"
cp -a "$work/zh/site" "$work/en/site"
for world in zh en; do
    job_give "$work/$world/$job" "$work/s"
    mkdir -p "$work/$world/bad"
    printf 'AAC003,x\n\377\376,y\n' >"$work/$world/bad/bytes.csv"
    : >"$work/$world/bad/empty.csv"
    printf 'nothing\nhere\n' >"$work/$world/bad/columns.csv"
    printf 'PK\003\004cut' >"$work/$world/bad/cut.zip"
    printf '{"rows": "many"}' >"$work/$world/bad/bytes.csv.manifest.json"
done

# ---- the job ----

both 4 run $job --dry-run
both 4 run $job
both 4 run $job # all known
digest=$(grep -oE '\b[0-9a-f]{64}\b' "$work/zh.last" | tail -n 1)
both 4 approve $job
for kind in empty bytes columns; do
    both 1 ingest $job "bad/$kind.csv"
    both 1 reconcile $job "bad/$kind.csv"
    both 1 close $job "bad/$kind.csv"
    both 1 collect $job "bad/$kind.csv"
done
both 1 ingest $job bad/cut.zip
both 1 ingest $job bad/none.csv
both 1 collect $job bad/cut.zip
both 1 approve $job --digest 00
mapfile -t cards < <(LC_ALL=C.UTF-8 "$PERSOLINE" report "$work/zh/$job" |
    awk -F, '$2 == "reconciled" { print $1 }')
held=$(columns "$work/zh/$job/held/ingest.csv" AAZ501 | grep -m 1 .)
both 0 hold $job "${cards[0]}" --reason 'test'
both 0 reject $job "${cards[1]}" --reason 'test'
both 0 release $job "${cards[0]}" --reason 'test'
both 0 release $job "$held" --reason 'test'
both 1 reject $job "$held" --reason 'test'
both 0 cancel $job "${cards[1]}" --reason 'test'
both 1 hold $job "${cards[1]}" --reason 'test'
both 1 hold $job 411600D15600000500000000000000FF --reason 'test'
both 1 hold $job @bad/none --reason 'test'
both 4 approve $job
digest=$(grep -oE '\b[0-9a-f]{64}\b' "$work/zh.last" | tail -n 1)
both 0 approve $job --digest "$digest"
both 0 bundle $job
bundle=$(basename "$(find "$work/zh/$job/out/bundle" -type f ! -name '*.sig' | head -n 1)")
both 0 withdraw $job "$bundle" --reason 'test'
both 1 withdraw $job nothing --reason 'test'
both 4 run $job
both 0 status $job
bundle=$(basename "$(find "$work/zh/$job/out/ra" -type f ! -name '*.sig' | head -n 1)")
both 1 withdraw $job "$bundle" --reason 'test'
peer ra --fault refused:0.1 --fault wrong-key:0.05 --fault late:0.05
both 4 run $job
peer ra
both 4 run $job
peer machine --retry 0.1 --spoil 0.05
both 4 run $job
both 0 status $job
both 0 trace $job "${cards[0]}"
both 0 trace $job "${cards[1]}"
both 0 trace $job "$held"
both 1 trace $job 411600D15600000500000000000000FF
for _ in 1 2 3 4; do
    peer machine
    (cd "$work/zh" && "$PERSOLINE" run $job >/dev/null 2>&1) || code=$?
    both "$code" run $job
    [ "$code" -eq 4 ] || break
done
for list in "$work/zh/$job"/held/*.csv; do
    [ "$(wc -l <"$list")" -eq 1 ] || both 0 cancel $job "@$job/held/${list##*/}" --reason 'test'
done
both 0 run $job
both 0 status $job
both 0 check $job
both 0 audit verify $job
part "a job of 60 cards goes its way in Chinese and in English with the same exit codes"

job_trees "$work/zh/$job" "$work/en/$job" out held reports
job_outputs $job
part "outputs, lists, reports, the dump of the ledger, JSON and slips do not depend on the language"

# ---- asked wrongly ----

both 0 help
both 2
both 2 nonsense
for command in $("$PERSOLINE" help | awk '$1 == "persoline" && NR > 1 { print $2 }' | sort -u); do
    both 2 "$command" --nonsense
    both 2 "$command" $job --reason
    both 2 "$command" $job --json=1
    both 2 "$command" $job -x
done
both 2 ingest $job x --rows 3x
both 1 run nowhere/J
both 1 show nowhere
both 1 show $job/ledger.db
both 1 show bad/empty.csv
both 1 init $job --mode 1 --batch B9 --division 411600 --vendor V1
both 1 init site/N --mode 7 --batch B9 --division 411600 --vendor V1
both 1 init site/N --mode 1 --batch 'B 9' --division 411600 --vendor V1
both 1 init site/N --mode 1 --batch B9 --division 4116 --vendor V1
both 1 init site/N --mode 1 --batch B9 --division 411600 --vendor V1 --date 2025-02-30
both 1 init nowhere/N --mode 1 --batch B9 --division 411600 --vendor V1
both 1 site init site
both 0 site init site2 --dry-run
both 0 show site/site.cer
both 0 show "$(cd "$work/zh" && find "$job/out/bundle" -type f ! -name '*.sig' | head -n 1)"
for world in zh en; do
    cp -a "$work/$world/site" "$work/$world/broken"
    echo 'speed = 3' >>"$work/$world/broken/persoline.conf"
done
both 1 run broken/J
for world in zh en; do
    cp "$work/$world/site/persoline.conf" "$work/$world/broken/persoline.conf"
    echo wrong >"$work/$world/broken/keys/password"
    head -c 9000 /dev/zero | tr '\0' x >"$work/$world/broken/site.db"
done
both 1 run broken/J
for world in zh en; do
    cp "$work/$world/site/site.db" "$work/$world/broken/site.db"
    rm "$work/$world/broken/peers/ra.cer" "$work/$world/broken"/trust/*
    : >"$work/$world/broken/J/in/ra/late.csv"
    find "$work/$world/broken/J/out/machine" -name '*.csv' -exec sh -c 'echo >>"$1"' _ {} \;
done
both 1 run broken/J
both 1 check broken/J
part "wrong usage, unknown commands, broken sites and bad files end alike in both languages"

# ---- what was read ----

read_by_people 200
