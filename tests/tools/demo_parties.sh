# shellcheck shell=bash disable=SC2034,SC2154  # of dev, which sources it, and of parties_lib.sh
# ./dev demo --parties: vendor, department and centre side by side, each with its own installation.
# Nothing crosses between them but packages.

here=tests/job # of the job tests, whose courier comes here as well
work=demo/.work
PERSOLINE=persoline
PERSOLINE_SANDBOX=persoline-sandbox
job_date=$(date +%F)
# shellcheck source=tests/job/parties_lib.sh
. tests/job/parties_lib.sh

# What parties_lib.sh has of lib.sh, shown.
expect()
{
    step "$@"
}

product()
{
    local code=0 before
    before=$work/last-${2//\//-}
    printf '\n$ persoline'
    printf ' %q' "$@"
    printf '\n'
    persoline "$@" >"$work/shown" 2>&1 || code=$?
    # What a job has told once, it does not tell again here.
    touch "$before"
    awk 'FILENAME == ARGV[1] { told[$0]; next }
        /known nothing to do$/ || ($0 in told) { next }
        { print; n++ }
        END { if (!n) print "   as before" }' "$before" "$work/shown"
    mv "$work/shown" "$before"
    case $code in
    0 | 3 | 4) ;;
    *) fail "that ended with $code; the demonstration stops here" ;;
    esac
}

columns()
{
    perl "$here/columns.pl" "$@"
}

states()
{
    persoline report "$1" >"$work/report"
    columns "$work/report" AAZ501 state code | sort
}

# put of parties_lib.sh, told.
eval "carried_$(declare -f put)"
put()
{
    carried_put "$@"
    printf '   courier: %s -> %s\n' "$(basename "$1")" "${2#"$world/"}"
}

department_works()
{
    product run "$department"
    approve_if_asked "$department"
    product run "$department"
}

finisher_works()
{
    product run "$done_at"
    machine_plays "$world" "$finisher" "$done_at"
    product run "$done_at"
}

world_begins()
{
    local mode=$1 finisher=$2 ssse=()
    say "Mode $mode, finished by the $finisher: three sites that know each other's certificates"
    [ "$mode" != 2 ] || ssse=(--ssse)
    step 0 persoline-sandbox sample "$world-sample" --cards 200 --seed 7 --faults 0.06 --boxes 50 \
        "${ssse[@]}"
    parties_make "$world" "$mode" "$finisher"
    parties_job "$world" B1 "$world-sample"
}

applications_go()
{
    say "The vendor judges its rows and sends applications; its own faults stay with it"
    product run "$vendor"
    carry "$world"
    say "The department compares them with its issuance data, an operator approves"
    department_works
    say "Its RA answers: some are refused, some come late, some get the certificate of another key"
    parties_ra=(--fault refused:0.01 --fault late:0.02 --fault wrong-key:0.01)
    ra_plays "$world" "$department"
    product run "$department"
    parties_ra=()
    ra_plays "$world" "$department"
    say "What is right is forwarded to the $finisher, what is wrong goes back to the vendor"
    product run "$department"
    carry "$world"
}

cards_are_finished()
{
    say "The $finisher finishes the cards; its machine spoils some"
    parties_machine=(--retry 0.02 --spoil 0.015 --missing 0.01)
    finisher_works
    machine_plays "$world" "$finisher" "$done_at"
    product run "$done_at"
    parties_machine=()
    carry "$world"
    say "The department hears of every card"
    product run "$department"
}

# settle JOB LIST REASON: what nobody can put right.
settle()
{
    [ ! -e "$2" ] || [ "$(wc -l <"$2")" -lt 2 ] || product cancel "$1" "@$2" --reason "$3"
}

corrections_go()
{
    local list
    say "Corrections: the vendor mends its rows, the department its issuance data"
    settle "$department" "$department/held/match.csv" "the RA gave the certificate of another key"
    product run "$vendor"
    { echo AAZ501 && for list in "$vendor"/held/*.csv; do columns "$list" AAZ501; done; } \
        >"$world/to-mend.csv"
    step 0 persoline-sandbox correct "$world/mended" --from "$world/samples/B1" \
        --held "$world/to-mend.csv" --issuance
    cp "$world/mended"/keys/* "$vendor/in/keys/"
    cp "$world/mended/issuance/issuance.csv" "$department/in/issuance/issuance-mended.csv"
    # Whoever is remade later has these data too.
    cp "$world/mended/issuance/issuance.csv" "$world/samples/B1/issuance/issuance.csv"
    product run "$vendor"
    settle "$vendor" "$vendor/held/ingest.csv" "another row took its place"
    [ "$(wc -l <"$vendor/held/collect.csv")" -lt 2 ] ||
        product release "$vendor" "@$vendor/held/collect.csv" --reason "asked again as it was"
    everybody_works
    everybody_works
    say "What cannot be put right is settled"
    settle "$vendor" "$vendor/held/ingest.csv" "another row took its place"
    settle "$vendor" "$vendor/held/collect.csv" "taken back by the department"
    everybody_works
}

everybody_works()
{
    product run "$vendor"
    carry "$world"
    department_works
    ra_plays "$world" "$department"
    product run "$department"
    carry "$world"
    finisher_works
    carry "$world"
    product run "$department"
}

spoiled_are_remade()
{
    say "Spoiled and missing cards: the department confirms; then they are remade and revoked"
    product confirm "$department" "@$department/out/close/remake.csv" \
        "@$department/out/close/revoke.csv" --reason "seen and signed for"
    product run "$department"
    carry "$world"
    ra_plays "$world" "$department"
    say "New chips with new keys, in a batch of their own"
    parties_remake "$world" B1 B2
    vendor=$world/vendor/B2 department=$world/department/B2 done_at=$world/$finisher/B2
    everybody_works
}

# balances BATCH: of the sites, side by side.
balances()
{
    local batch=$1 sites=(vendor department) site
    [ "$finisher" = vendor ] || sites+=(centre)
    printf '\n%-12s' "$batch"
    printf '%12s' "${sites[@]}"
    printf '\n'
    for site in "${sites[@]}"; do
        product run "$world/$site/$batch" >"$work/quiet"
        sed "s/\$/,$site/" "$world/$site/$batch/out/close/balance.csv"
    done | awk -F, '$1 != "line" {
            if (!($1 in seen)) { order[++n] = $1; seen[$1] }
            cells[$1] = cells[$1] sprintf("%12s", $2)
            if (($1 == "open" || $1 == "held") && $2 != 0) open = 1
        }
        END {
            for (i = 1; i <= n; i++) printf "%-12s%s\n", order[i], cells[order[i]]
            exit open
        }' ||
        fail "the balances of $batch do not close"
}

demo_world()
{
    local mode=$1 finisher=$2 world=demo/mode-$1-$2
    local vendor=$world/vendor/B1 department=$world/department/B1 done_at=$world/$2/B1 batch
    world_begins "$mode" "$finisher"
    applications_go
    cards_are_finished
    corrections_go
    spoiled_are_remade
    say "Mode $mode: the balances, and a script of no product code re-adds them"
    for batch in B1 B2; do
        balances "$batch"
        perl tests/job/parties.pl "$world" "$batch" "$finisher" ||
            fail "the sites do not agree about $batch"
    done
}

demo_parties()
{
    mkdir -p "$work"
    demo_world 1 vendor
    demo_world 2 centre
    demo_world 4 vendor
    rm -r "$work"
    rm -f demo/.last
    printf '\nAll balances close and agree. The sites lie in demo/mode-*.\n'
}
