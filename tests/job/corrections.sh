#!/bin/bash
# Every way in which something is put right between vendor and department, each in a job of its own
# with its balance on both sides (issue 4, "must show" 4; LD/T 03-2022 6.4.4, 6.4.7.2).
# shellcheck source=tests/job/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/job/parties_lib.sh
. "$(dirname "$0")/parties_lib.sh"

n_worlds=0

# fresh CARDS [FAULTS]: a world of mode 1 with a job that has not run; sets $world, $vendor,
# $department.
fresh()
{
    n_worlds=$((n_worlds + 1))
    world=$work/w$n_worlds
    vendor=$world/vendor/B1 department=$world/department/B1
    rm -rf "$work/sample"
    sample_make "$work/sample" --cards "$1" --faults "${2:-0}"
    parties_make "$world" 1
    parties_job "$world" B1 "$work/sample"
    parties_ra=() parties_machine=()
}

# balance_is JOB LINE=N...: these lines, and 0 in every other.
balance_is()
{
    local job=$1
    shift
    "$PERSOLINE" status "$job" --json >"$work/status" || fail "status $job"
    perl -ne 'next unless /"balance"/; print "$1=$2\n" while /"([a-z]+)": ([1-9]\d*)/g' \
        "$work/status" | sort >"$work/have"
    printf '%s\n' "$@" | sort >"$work/want"
    same "$work/have" "$work/want" "balance of $job"
}

# card N FILE: the N-th card of a table
card()
{
    columns "$2" AAZ501 | sed -n "$1p"
}

# in_machine_file JOB CARD: in which of them
in_machine_file()
{
    { grep -l "$2" "$1"/out/machine/*.csv || true; } | xargs -rn 1 basename
}

closed()
{
    expect 0 "$PERSOLINE" run "$vendor"
    expect 0 "$PERSOLINE" run "$department"
    said "closed"
    perl "$here/parties.pl" "$world" B1 vendor >"$work/sums" || fail "$(cat "$work/sums")"
}

# ---- a row that the vendor holds ----

vendor_corrects_its_row()
{
    local id
    fresh 20
    id=$(card 3 "$vendor/in/keys/application.csv")
    cp "$vendor/in/keys/application.csv" "$work/right.csv"
    # The name of the third card is lost.
    perl -pi -e 's/^([^,]*,[^,]*,[^,]*),[^,]*,/$1,,/ if $. == 4' "$vendor/in/keys/application.csv"
    rm -f "$vendor"/in/keys/*.manifest.json
    parties_run "$world"
    equal "$(state_of "$vendor" "$id")" "held R115" "the card without a name"
    balance_is "$vendor" in=20 written=19 held=1
    balance_is "$department" in=19 written=19
    sed -n '1p;4p' "$work/right.csv" >"$vendor/in/keys/corrected.csv"
    parties_run "$world"
    equal "$(state_of "$vendor" "$id")$(state_of "$department" "$id")" writtenwritten "corrected"
    balance_is "$vendor" in=20 written=20
    balance_is "$department" in=20 written=20
    closed
    part "a row that the vendor held is corrected and goes on"
}

# ---- a row that the department gives back ----

department_gives_back()
{
    local id
    fresh 20
    id=$(card 5 "$vendor/in/keys/application.csv")
    cp "$vendor/in/keys/application.csv" "$work/right.csv"
    # Another card number than the issuance data have: nobody but the department can see it.
    perl -pi -e 's/^([^,]*),[^,]*,/$1,D1234567X,/ if $. == 6' "$vendor/in/keys/application.csv"
    rm -f "$vendor"/in/keys/*.manifest.json
    parties_run "$world"
    equal "$(state_of "$vendor" "$id")" "held R201" "as the department told"
    equal "$(held "$vendor" collect)" "$id	R201	collect" "held/collect.csv of the vendor"
    equal "$(state_of "$department" "$id" | cut -d' ' -f1)" "returned" "given back"
    balance_is "$vendor" in=20 written=19 held=1
    balance_is "$department" in=20 written=19 returned=1
    sed -n '1p;6p' "$work/right.csv" >"$vendor/in/keys/corrected.csv"
    parties_run "$world"
    equal "$(state_of "$vendor" "$id")$(state_of "$department" "$id")" writtenwritten "corrected"
    balance_is "$vendor" in=20 written=20
    balance_is "$department" in=20 written=20
    equal "$(of_packages AAZ501 -- application.csv "$vendor"/out/ra/APP-*-0002.zip)" "$id" \
        "the second application"
    closed
    part "a row that the department gave back is corrected; the next application has it alone"
}

# The issuance data were wrong: the vendor sends the row again as it was.
department_corrects_itself()
{
    local id
    fresh 20
    id=$(card 7 "$vendor/in/keys/application.csv")
    mv "$world/samples/B1/issuance/issuance.csv" "$work/issuance.csv"
    rm -f "$world/samples/B1/issuance"/*
    grep -v "$id" "$work/issuance.csv" >"$world/samples/B1/issuance/issuance.csv"
    parties_run "$world"
    equal "$(state_of "$vendor" "$id")" "held R203" "as the department told"
    balance_is "$department" in=20 written=19 returned=1
    cp "$work/issuance.csv" "$department/in/issuance/mended.csv"
    act release "$vendor" "nothing is wrong here" "$id"
    parties_run "$world"
    balance_is "$vendor" in=20 written=20
    balance_is "$department" in=20 written=20
    closed
    part "a card given back for want of issuance data is asked for again as it was"
}

# ---- a file that comes again ----

file_comes_again()
{
    fresh 20
    cp "$vendor/in/keys/application.csv" "$work/right.csv"
    rm -f "$vendor"/in/keys/*
    sed '9s/,/;/' "$work/right.csv" >"$vendor/in/keys/a-cut.csv"
    expect 1 "$PERSOLINE" run "$vendor"
    said 'F123'
    equal "$(balance "$vendor" in)" 0 "cards of a refused file"
    perl -pe 's/^([^,]*,[^,]*,[^,]*),[^,]*,/$1,?,/ if $. == 9' "$work/right.csv" \
        >"$vendor/in/keys/a-cut.csv"
    parties_run "$world"
    balance_is "$vendor" in=20 written=19 held=1
    cp "$work/right.csv" "$vendor/in/keys/b-whole.csv" # the 19 others stand in it as before
    parties_run "$world"
    balance_is "$vendor" in=20 written=20
    balance_is "$department" in=20 written=20
    closed
    part "a refused file is replaced; a corrected one is read again, its equal rows change nothing"
}

# ---- a card that is cancelled while its certificate is on the way ----

cancelled_on_the_way()
{
    local id other
    fresh 20
    id=$(card 9 "$vendor/in/keys/application.csv")
    other=$(card 10 "$vendor/in/keys/application.csv")
    product run "$vendor"
    carry "$world"
    product run "$department"
    approve_if_asked "$department"
    product run "$department"
    equal "$(state_of "$department" "$id")" submitted "on its way"
    act cancel "$department" "the person has died" "$id"
    parties_run "$world"
    columns "$department/out/close/revoke.csv" AAZ501 certificate | sort >"$work/have"
    printf '%s\tJMZS\n%s\tQMZS\n' "$id" "$id" >"$work/want"
    same "$work/have" "$work/want" "proposed for revocation (<)"
    [ -z "$(packages "$department"/out/close/RVK-*.zip)" ] || fail "revoked, but not confirmed"
    equal "$(state_of "$vendor" "$id")" "held R306" "taken back"
    act cancel "$vendor" "seen" "$id"
    act confirm "$department" "signed for" "$id"
    parties_run "$world"
    of_packages AAZ501 certificate -- revoke.csv "$department"/out/close/RVK-*.zip | sort \
        >"$work/have"
    same "$work/have" "$work/want" "revoked (<)"
    columns "$world/ra/revoked.csv" AAZ501 certificate | sort >"$work/have"
    same "$work/have" "$work/want" "revoked by the RA (<)"
    [ -z "$(packages "$department"/out/close/RMK-*.zip)" ] || fail "a cancelled card is remade"
    equal "$(in_machine_file "$vendor" "$id")" "" "machine file with the cancelled card"
    equal "$(in_machine_file "$vendor" "$other")" B1-0001.csv "machine file with the next card"
    balance_is "$vendor" in=20 written=19 cancelled=1
    balance_is "$department" in=20 written=19 cancelled=1
    closed
    part "a card cancelled while its certificate was on the way: revoked, in no machine file"
}

# ---- bundles and machine files that are withdrawn ----

bundle_withdrawn()
{
    local site job package state
    fresh 20
    for site in vendor department; do
        job=$world/$site/B1
        package=$([ "$site" = vendor ] && echo APP || echo REQ)-411600-B1
        if [ "$site" = vendor ]; then
            product ingest "$job" "$job"/in/keys/*.csv
        else
            product run "$job"
            approve_if_asked "$job"
        fi
        product bundle "$job"
        state=$([ "$site" = vendor ] && echo received || echo approved)
        equal "$(in_state "$job" bundled | wc -l)" 20 "bundled by the $site"
        expect 0 "$PERSOLINE" withdraw "$job" "$package-0001.zip" --reason "wrong day"
        equal "$(in_state "$job" "$state" | wc -l)" 20 "$state again at the $site"
        [ ! -e "$job/out/bundle/$package-0001.zip" ] || fail "the withdrawn bundle is still there"
        balance_is "$job" in=20 open=20
        product run "$job"
        [ ! -e "$job/out/ra/$package-0001.zip" ] && [ -e "$job/out/ra/$package-0002.zip" ] ||
            fail "handed over by the $site: $(ls "$job/out/ra")"
        carry "$world"
    done
    parties_run "$world"
    balance_is "$vendor" in=20 written=20
    balance_is "$department" in=20 written=20
    closed
    part "a withdrawn bundle of vendor or department is made again; its number never comes"
}

machine_file_withdrawn()
{
    fresh 20
    parties_machine=(--retry 1)
    product run "$vendor"
    carry "$world"
    for _ in 1 2; do
        product run "$department"
        approve_if_asked "$department"
        product run "$department"
        ra_plays "$world" "$department"
    done
    product run "$department"
    carry "$world"
    product run "$vendor"
    expect 0 "$PERSOLINE" withdraw "$vendor" B1-0001.csv --reason "the machine is broken"
    balance_is "$vendor" in=20 open=20
    product run "$vendor"
    equal "$(cd "$vendor/out/machine" && echo ./*.csv)" ./B1-0002.csv "machine files"
    part "a withdrawn machine file: its cards stand in the next"
    machine_plays "$world" vendor "$vendor"
    product run "$vendor"
    equal "$(columns "$vendor/out/machine/B1-0003.csv" AAZ501 | wc -l)" 20 "to be tried again"
    balance_is "$vendor" in=20 open=20
    balance_is "$department" in=20 forwarded=20
    parties_run "$world"
    balance_is "$vendor" in=20 written=20
    balance_is "$department" in=20 written=20
    closed
    part "cards that the machine wants again are fed again, and written"
}

vendor_corrects_its_row
department_gives_back
department_corrects_itself
file_comes_again
cancelled_on_the_way
bundle_withdrawn
machine_file_withdrawn
