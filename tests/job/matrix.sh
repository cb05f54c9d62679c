#!/bin/bash
# What an operator may do to a card, in every state of every role (CONTRACTS 1, 5; DESIGN 1): each
# act has its effect, or is refused with a reason and changes nothing; and whatever was done, every
# job closes in the end. The table that results is matrix.txt, which is checked in: role, state,
# act, exit code, states of the rows of the card, what was said. --write writes it anew.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/job/handing.sh
. "$here/handing.sh"

table=$work/matrix.txt
: >"$table"

# ---- one cell ----

# words: the first line that stderr has, without what differs from card to card.
words()
{
    sed -e 's/[0-9]\{6\}D156000005[0-9A-F]\{16\}/CARD/g' -e 's/^\(persoline\|warning\): //' \
        -e "s|$work/||g" "$work/err" | sed -n '/manifest vouches/d;p;q'
}

# code_of COMMAND...: its exit code.
code_of()
{
    local code=0
    "$@" >"$work/out" 2>"$work/err" </dev/null || code=$?
    echo "$code"
}

# correct JOB CARD: the card's row again with another place in its box.
correct()
{
    {
        sed -n 1p "$sample/keys/application.csv"
        sed -n "/^$2,/s/,\([0-9]*\)\$/,9\1/p" "$sample/keys/application.csv"
    } >"$work/correct.csv"
    code_of "$PERSOLINE" ingest "$1" "$work/correct.csv"
}

# act JOB ACT CARD: its exit code.
act()
{
    case $2 in
    hold-release)
        code_of "$PERSOLINE" hold "$1" "$3" --reason "by test" >/dev/null
        code_of "$PERSOLINE" release "$1" "$3" --reason "by test"
        ;;
    correct) correct "$1" "$3" ;;
    *) code_of "$PERSOLINE" "$2" "$1" "$3" --reason "by test" ;;
    esac
}

# cards_of JOB >FILE: all that the ledger and the site have of cards.
cards_of()
{
    "$PERSOLINE" check "$1" --dump | grep -v '^event\|^file\|^value\|^record'
}

: >"$work/used" # cards that an act was done to
cell()
{
    local job=$1 role=$2 state=$3 act=$4 card=$5 code
    code=$(act "$job" "$act" "$card")
    cards_of "$job" >"$work/after"
    if [ "$code" -eq 1 ]; then
        same "$work/before" "$work/after" "$role $state $act was refused and changed a card"
        [ -s "$work/err" ] || fail "$role $state $act is refused without a word"
    fi
    printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$role" "$state" "$act" "$code" "$(awk -F'\t' -v id="$card" \
        '$1 == "card" && $3 == id { print $6 ($9 == "-" ? "" : " " $9) }' "$work/after" |
        sort | paste -sd+)" "$(words)" >>"$table"
    echo "$card" >>"$work/used"
    mv "$work/after" "$work/before"
}

# unused JOB STATE [CODE]: cards in that state to which nothing was done.
unused()
{
    states "$1" | awk -F'\t' -v s="$2" -v c="${3:-}" \
        '$2 == s && (c == "" || $3 == c) { print $1 }' | grep -vFf "$work/used" || true
}

# every_act JOB ROLE STATE [CODE]: every act, each on a card of its own.
every_act()
{
    local act card
    cards_of "$1" >"$work/before"
    unused "$1" "$3" ${4:+"$4"} >"$work/cards"
    for act in hold hold-release release cancel reject confirm correct; do
        card=$(sed -n 1p "$work/cards")
        [ -n "$card" ] || fail "$2: no card is $3 ${4:-}"
        sed -i 1d "$work/cards"
        cell "$1" "$2" "$3${4:+ $4}" "$act" "$card"
    done
    closes "$1"
}

# withdrawals JOB ROLE WHEN: of every package and machine file, each in a copy of the site.
withdrawals()
{
    local file kind code
    (cd "$1/out" && find . -name '*-0*.zip' -o -name '*-0*.csv') | sed 's|.*/||' | sort -u \
        >"$work/files"
    while read -r file; do
        rm -rf "$work/copy"
        cp -a "$(dirname "$1")" "$work/copy"
        kind=${file%%-*}
        [ "$kind" != B1 ] || kind=machine
        code=$(code_of "$PERSOLINE" withdraw "$work/copy/J" "$file" --reason "by test")
        printf '%s\t%s\twithdraw %s %s\t%s\t\t%s\n' "$2" "$3" "$kind" \
            "$(grep -o '[0-9]*\.[a-z]*$' <<<"$file")" "$code" "$(words)" >>"$table"
        closes "$work/copy/J"
    done <"$work/files"
}

# ---- the line ----

# stage JOB STAGE [ARGUMENT...]: one stage; cards may be held or wait.
stage()
{
    "$PERSOLINE" "$2" "$1" "${@:3}" >"$work/out" 2>"$work/err" </dev/null ||
        [ $? -ge 3 ] || fail "$2 $1: $(tail -n 3 "$work/err")"
}

approve_all()
{
    local digest
    "$PERSOLINE" approve "$1" --json >"$work/approve" 2>&1 || true
    digest=$(sed -n 's/.*"digest": "\([0-9a-f]*\)".*/\1/p' "$work/approve")
    [ -z "$digest" ] || stage "$1" approve --digest "$digest"
}

ra_play()
{
    expect 0 "$PERSOLINE_SANDBOX" ra --in "$d/out/ra" --out "$d/in/ra" --state "$w/ra" "$@"
}

machine_make()
{
    expect 0 "$PERSOLINE_SANDBOX" machine --in "$f/out/machine" --out "$f/in/machine" \
        --state "$w/machine-$finisher"
}

# begin MODE FINISHER: three sites; jobs $v, $d and $f, who finishes.
begin()
{
    mode=$1 finisher=$2 w=$work/$1-$2
    : >"$work/used"
    parties_make "$w"
    mkdir "$w/new"
    sed -i 's/^package_cards = .*/package_cards = 1000/' "$w/department/persoline.conf"
    v=$w/vendor/J d=$w/department/J f=$w/$finisher/J
    role="${finisher}, mode $mode"
    expect 0 "$PERSOLINE" init "$v" --mode "$mode" --batch B1 --division 411600 --vendor V1 \
        --date "$job_date" --role vendor --finisher "$finisher" --ra department
}

begin_department()
{
    expect 0 "$PERSOLINE" init "$d" --from "$v/out/ra/APP-411600-B1-0001.zip" --date "$job_date" \
        --finisher "$finisher" --centre centre
    cp "$sample"/issuance/* "$d/in/issuance/"
    stage "$d" ingest "$v"/out/ra/APP-*.zip
}

# vendor_acts, department_acts: from the first stage to where the cards go to somebody else.
vendor_acts()
{
    stage "$v" ingest "$work/faulty.csv"
    every_act "$v" vendor received
    every_act "$v" vendor held R130
    stage "$v" bundle
    withdrawals "$v" vendor bundled
    every_act "$v" vendor bundled
    stage "$v" submit
    withdrawals "$v" vendor submitted
    every_act "$v" vendor submitted
}

department_acts()
{
    every_act "$d" department received
    stage "$d" reconcile "$sample/issuance/issuance.csv"
    every_act "$d" department reconciled
    every_act "$d" department held R201
    # What the department puts right by itself, the vendor has otherwise and finds so in the FWD.
    {
        sed -n 1p "$sample/keys/application.csv"
        unused "$d" held R201 | sed -n 1,12p | grep -Ff - "$sample/keys/application.csv"
    } >"$work/right.csv"
    stage "$d" ingest "$work/right.csv"
    stage "$d" reconcile "$sample/issuance/issuance.csv"
    unused "$d" reconciled | sed -n 1,16p >"$work/gone"
    stage "$d" cancel "@$work/gone" --reason "not wanted"
    approve_all "$d"
    every_act "$d" department approved
    stage "$d" bundle
    withdrawals "$d" department bundled
    every_act "$d" department bundled
    stage "$d" submit
    withdrawals "$d" department submitted
    every_act "$d" department submitted
    ra_play --fault refused:0.15
    stage "$d" collect "$d"/in/ra/RET-*.zip
    every_act "$d" department issued
    every_act "$d" department refused
    stage "$d" match
    every_act "$d" department matched
}

# department_on: everything that it can do by itself.
department_on()
{
    for _ in 1 2; do
        stage "$d" run
        approve_all "$d"
        stage "$d" run
        ra_play
    done
    stage "$d" run
}

finisher_acts()
{
    [ "$finisher" = vendor ] || expect 0 "$PERSOLINE" init "$f" --date "$job_date" \
        --from "$d/out/forward/FWD-411600-B1-0001.zip"
    deliver "$d/out/forward" FWD "$f/in/ra"
    if [ "$finisher" = centre ]; then
        stage "$f" ingest "$f"/in/ra/FWD-*.zip
        every_act "$f" "$role" received
    fi
    stage "$f" collect "$f"/in/ra/FWD-*.zip
    [ "$finisher" = centre ] || every_act "$f" "$role" held R201
    every_act "$f" "$role" issued
    stage "$f" match
    every_act "$f" "$role" matched
    stage "$f" personalize
    every_act "$f" "$role" prepared
    withdrawals "$f" "$role" prepared
    machine_make
    some_results "$f/in/machine/B1-0001.result.csv"
    stage "$f" close "$f/in/machine/B1-0001.result.csv"
    withdrawals "$f" "$role" "with results"
}

# some_results FILE: the first cards were not written, 16 each of the other results.
some_results()
{
    awk -F, -v OFS=, 'BEGIN { split("missing spoiled test retry", result, " ") }
        NR > 1 && NR <= 1 + 4 * 20 { $2 = result[1 + int((NR - 2) / 20)]
            $3 = $2 == "spoiled" ? "DATA" : ""; for (i = 4; i <= NF; i++) $i = "" }
        { print }' "$1" >"$work/result.csv"
    rm "$1.manifest.json" # of the file as the machine gave it
    mv "$work/result.csv" "$1"
}

# results_acts JOB ROLE: in what the machine made of the cards.
results_acts()
{
    local state made=written
    [ "$mode" -ne 4 ] || made=deferred
    for state in missing spoiled test "$made"; do
        every_act "$1" "$2" "$state"
    done
}

# ---- to the end ----

# let_go JOB: what the operator holds is released, what a stage holds is given up.
let_go()
{
    local list
    for list in "$1"/held/*.csv; do
        [ "$(wc -l <"$list")" -gt 1 ] || continue
        if [ "$(basename "$list")" = operator.csv ]; then
            stage "$1" release "@$list" --reason "let go"
        else
            stage "$1" cancel "@$list" --reason "let go"
        fi
    done
}

# settle: what others sent is taken, what is held is let go, until nothing happens any more; then
# every job is closed. What became of a card at the parties goes into the table.
settle()
{
    local job file
    for _ in 1 2 3; do
        for job in "$v" "$d" "$f"; do
            stage "$job" run
            let_go "$job"
            stage "$job" run
        done
        deliver "$v/out/ra" APP "$d/in/keys"
        department_on
        deliver "$d/out/forward" FWD "$w/new"
        for file in "$w"/new/*; do
            [ -e "$f/in/ra/${file##*/}" ] || cp "$file" "$f/in/ra/"
        done
        ! compgen -G "$d/out/forward/HLD-*.zip" >/dev/null ||
            deliver "$d/out/forward" HLD "$v/in/ra"
        stage "$f" run
        machine_make
        stage "$f" run
        deliver "$f/out/close" RES "$d/in/result"
    done
    for job in "$v" "$d" "$f"; do
        code=$(code_of "$PERSOLINE" run "$job")
        [ "$code" -eq 0 ] || fail "$job does not close: $("$PERSOLINE" status "$job")"
        closes "$job"
        expect 0 "$PERSOLINE" audit verify "$job"
    done
}

# in_force JOB: "AAZ501 TAB state" of the row of each card that counts.
in_force() { cards_of "$1" | awk -F'\t' '$1 == "card" && (s[$3] == "" || s[$3] == "cancelled") {
        s[$3] = $6 } END { for (i in s) print i "\t" s[i] }' | sort; }

ends()
{
    in_force "$d" >"$work/d"
    in_force "$f" >"$work/f"
    join -t'	' -a1 -a2 -e- -o 1.2,2.2 "$work/d" "$work/f" | sort -u |
        sed "s/^/ends of department and $role	/" >>"$table"
}

# ---- modes ----

sample=$work/sample
sample_make "$sample" --cards 420 --boxes 50
# Rows with another card number than the issuance data, and rows with a broken request.
awk -F, -v OFS=, 'NR > 1 && NR < 45 { $2 = "JA334687X" }
    NR >= 45 && NR < 55 { $7 = substr($7, 1, 60) "AAAA" substr($7, 65) } { print }' \
    "$sample/keys/application.csv" >"$work/faulty.csv"

begin 1 vendor
vendor_acts
begin_department
department_acts
department_on
withdrawals "$d" department forwarded
every_act "$d" department forwarded
every_act "$d" department returned
every_act "$d" department cancelled
finisher_acts
every_act "$f" "$role" retry
results_acts "$f" "$role"
deliver "$d/out/forward" HLD "$v/in/ra"
stage "$v" collect "$v"/in/ra/HLD-*.zip
every_act "$v" vendor held R201
every_act "$v" vendor held R306
stage "$f" run
stage "$d" close "$f"/out/close/RES-*.zip
results_acts "$d" department
# Cards that were written, and broke: two results, at the vendor and then at the department.
{
    sed -n 1p "$f/in/machine/B1-0001.result.csv"
    unused "$f" written | sed -n '1,16s/$/,spoiled,READ,broke later,,,,,,/p'
} >"$f/in/machine/broke.result.csv"
stage "$f" close "$f/in/machine/broke.result.csv"
every_act "$f" "$role" held R504
unused "$f" held R504 >"$work/gone"
stage "$f" cancel "@$work/gone" --reason "broken"
stage "$f" run
deliver "$f/out/close" RES "$d/in/result"
grep -vFf "$work/gone" "$work/used" >"$work/still" && mv "$work/still" "$work/used"
stage "$d" run
every_act "$d" department held R504
stage "$d" run
withdrawals "$d" department closed
settle
ends

# ---- looking, at what there is now ----

# json COMMAND...: each line of what it prints is a JSON object.
json()
{
    "$PERSOLINE" "$@" --json >"$work/json" 2>"$work/err" || fail "$*: $(tail -n 3 "$work/err")"
    [ -s "$work/json" ] || fail "$* prints nothing"
    perl -MJSON::PP -ne 'eval { ref decode_json($_) eq "HASH" } or die "no JSON object: $_"' \
        "$work/json"
}

for job in "$v" "$d"; do
    for command in status report check "audit verify"; do
        # shellcheck disable=SC2086  # two words
        json $command "$job"
    done
    equal "$("$PERSOLINE" report "$job" --json | wc -l)" "$(states "$job" | wc -l)" \
        "cards of a report in JSON"
    json trace "$job" "$(states "$job" | sed -n 1p | cut -f1)"
    find "$job/out" -name '*.zip' -o -name 'ACK*.json' | sort >"$work/files"
    while read -r file; do
        json show "$file"
        grep -qE '"what": "(package|acknowledged)"' "$work/json" ||
            fail "show $file does not say whose it is"
    done <"$work/files"
done
unzip -p "$d/out/forward/FWD-411600-B1-0001.zip" personal.csv >"$work/personal.csv"
"$PERSOLINE" show "$d/out/forward/FWD-411600-B1-0001.zip" >"$work/shown"
columns "$work/personal.csv" AAC002 AAC003 AAE010 | tr '\t' '\n' | sort -u | sed '/^$/d' \
    >"$work/values"
! grep -Ff "$work/values" "$work/shown" >&2 || fail "show of a FWD has values of persons"
"$PERSOLINE" show "$d/out/close/revoke.csv" | has 'certificate QMZS, serial [0-9a-f]{16}' ||
    fail "show hides what stands in our own lists"
expect 0 "$PERSOLINE" status "$w/department"
said '^balance: in '
expect 0 "$PERSOLINE" status "$d"
said 'step confirm: spoiled and missing cards'
part "status, report, trace, check and show of every package give JSON; show masks persons"
part "mode 1: every act in every state of vendor and department; all jobs close"

for mode in 2 4; do
    sample_make "$work/sample-$mode" --cards 240 --boxes 50 --ssse --seed "$mode"
    sample=$work/sample-$mode
    begin "$mode" centre
    stage "$v" ingest "$sample/keys/application.csv"
    stage "$v" run
    every_act "$v" "vendor, mode $mode" forwarded
    begin_department
    department_on
    every_act "$d" "department, mode $mode" forwarded
    finisher_acts
    every_act "$f" "$role" retry
    results_acts "$f" "$role"
    stage "$f" run
    stage "$d" close "$f"/out/close/RES-*.zip
    results_acts "$d" "department, mode $mode"
    settle
    ends
    part "mode $mode: every act in every state of centre and department; all jobs close"
done

[ "${1:-}" != --write ] || cp "$table" "$here/matrix.txt"
same "$table" "$here/matrix.txt" "what acts do (<) and tests/job/matrix.txt (>)"
part "$(wc -l <"$table") cells are as they were"
