#!/bin/bash
# The end is the same for `run` and for single commands, and in any legal order in which files come:
# state of every card, balances, rows of machine files and packages as sets (issue 4, "must show"
# 6). The files themselves differ: a package has what was there when it was made.
# shellcheck source=tests/job/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/job/parties_lib.sh
. "$(dirname "$0")/parties_lib.sh"

cards=${PERSO_CARDS:-160}

# ---- what must be the same ----

# ends WORLD: all of it, as lines.
ends()
{
    local world=$1 site
    for site in vendor department; do
        states "$world/$site/B1" | sed "s/^/$site state /"
        "$PERSOLINE" status "$world/$site/B1" | sed -n "s/^balance/$site balance/p"
        held "$world/$site/B1" | sed "s/^/$site held /"
    done
    for file in "$world"/vendor/B1/out/machine/*.csv; do
        columns "$file" AAZ501 AAZ500 QMGY AAC003 QMZS JMZS JMMY steps box position
    done | sed 's/^/machine /' | sort -u
    of_packages AAZ501 AAC003 AAC002 -- application.csv "$world"/vendor/B1/out/ra/APP-*.zip |
        sed 's/^/APP /' | sort
    of_packages request_id AAZ501 QMGY box -- cards.csv \
        "$world"/department/B1/out/forward/FWD-*.zip | sed 's/^/FWD /' | sort
    of_packages AAZ501 request_id state stage code -- held.csv \
        "$world"/department/B1/out/forward/HLD-*.zip | sed 's/^/HLD /' | sort
    # Of a card that is tried again the last result counts.
    of_packages AAZ501 result step QMGY QMZS_SM3 -- result.csv \
        "$world"/vendor/B1/out/close/RES-*.zip | sed 's/^/RES /' | sort -u
    columns "$world/department/B1/reports/reconcile.csv" AAZ501 symbol | sed 's/^/reconcile /' |
        sort
}

# same_end NAME: of the world of this name and of the first.
same_end()
{
    ends "$work/$1" >"$work/ends.$1"
    same "$work/ends.run" "$work/ends.$1" "the end of $1"
    closes "$work/$1/vendor/B1"
    closes "$work/$1/department/B1"
}

# from_begin NAME: sets $world, $vendor, $department.
from_begin()
{
    world=$work/$1
    vendor=$world/vendor/B1 department=$world/department/B1
    cp -a "$work/begin" "$world"
}

# ---- single commands ----

by_single_commands()
{
    from_begin single
    product ingest "$vendor" "$vendor"/in/keys/*.csv
    product bundle "$vendor"
    product submit "$vendor"
    carry "$world"
    product ingest "$department" "$department"/in/keys/*.zip
    product reconcile "$department" "$department"/in/issuance/*.csv
    product approve "$department" --digest "$(digest_of "$department")"
    product bundle "$department"
    product submit "$department"
    for _ in 1 2; do
        ra_plays "$world" "$department"
        product collect "$department" "$department"/in/ra/RET-*.zip
    done
    product match "$department"
    product forward "$department"
    carry "$world"
    product collect "$vendor" "$vendor"/in/ra/*.zip
    product match "$vendor"
    product personalize "$vendor"
    machine_plays "$world" vendor "$vendor"
    product close "$vendor" "$vendor"/in/machine/*.result.csv
    product personalize "$vendor"
    machine_plays "$world" vendor "$vendor"
    product close "$vendor" "$vendor"/in/machine/*.result.csv
    carry "$world"
    product close "$department" "$department"/in/result/*.zip
    # What only an end of all says: RES of the last, lists.
    product close "$vendor"
    carry "$world"
    product close "$department" "$department"/in/result/*.zip
    same_end single
    part "single commands end as run does"
}

# ---- orders of arrival ----

issuance_before_keys()
{
    from_begin issuance
    product run "$department"
    equal "$(balance "$department" in)" 0 "cards before an application came"
    parties_run "$world"
    same_end issuance
    part "issuance data before the applications"
}

keys_before_issuance()
{
    from_begin keys
    rm "$department"/in/issuance/*
    product run "$vendor"
    carry "$world"
    product run "$department"
    equal "$(in_state "$department" received | wc -l)" "$(balance "$department" in)" "received"
    cp "$world"/samples/B1/issuance/* "$department/in/issuance/"
    parties_run "$world"
    same_end keys
    part "applications before the issuance data"
}

# Each application is approved, requested and forwarded before the next one comes.
one_by_one()
{
    from_begin one
    carry_most=1
    parties_run "$world"
    carry_most=1000
    same_end one
    [ -e "$department/out/ra/REQ-411600-B1-0004.zip" ] || fail "they did not come one by one"
    part "packages one at a time, each to its end"
}

# The later packages of every kind come first, and wait.
backwards()
{
    from_begin backwards
    carry_backwards=yes carry_most=1
    parties_run "$world"
    carry_backwards='' carry_most=1000
    same_end backwards
    part "packages backwards"
}

# returns_in ORDER: the RA's parts, each read before the next one comes; ORDER sorts them.
returns_in()
{
    local file mail
    from_begin "returns$1"
    mail=$world/mail
    mkdir "$mail"
    product run "$vendor"
    carry "$world"
    product run "$department"
    approve_if_asked "$department"
    product run "$department"
    for _ in 1 2; do
        expect 0 "$PERSOLINE_SANDBOX" ra --in "$department/out/ra" --out "$mail" \
            --state "$world/ra" "${parties_ra[@]}"
    done
    [ "$(packages "$mail"/RET-*.zip | wc -l)" -ge 4 ] || fail "fewer than 4 returns"
    while IFS= read -r file; do
        put "$file" "$department/in/ra"
        product run "$department"
    done < <(packages "$mail"/RET-*.zip | sort ${1:+"$1"})
    parties_run "$world"
    same_end "returns$1"
    part "returns of the RA, ordered by sort $1"
}

sample_make "$work/sample" --cards "$cards" --faults 0.15 --boxes 25
parties_make "$work/begin" 1
sed -i "s/^package_cards = .*/package_cards = $((cards / 5))/" \
    "$work/begin"/{vendor,department}/persoline.conf
parties_job "$work/begin" B1 "$work/sample"
parties_ra=(--fault late:0.05 --fault refused:0.03 --fault wrong-key:0.02)
parties_machine=(--retry 0.05 --spoil 0.03 --missing 0.02)
cp -a "$work/begin" "$work/ahead"
product run "$work/ahead/vendor/B1"
begun "$work/begin" department "$work/ahead/vendor/B1/out/ra/APP-411600-B1-0001.zip"

from_begin run
parties_run "$world"
ends "$world" >"$work/ends.run"
[ "$(wc -l <"$work/ends.run")" -gt $((cards * 5)) ] || fail "too little is compared"
by_single_commands
issuance_before_keys
keys_before_issuance
one_by_one
backwards
returns_in -r
returns_in -R
