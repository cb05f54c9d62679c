#!/bin/bash
# Vendor, department and centre, each with its own installation, modes 1, 2 and 4, to the end:
# faults where they should be found, corrections, spoiled cards remade; all balances close and agree
# (issue 4, "must show" 1; LD/T 03-2022 6.4.7.2, 6.4.7.3, 6.4.7.5, 6.4.4). PERSO_FULL: 5,000 cards.
# shellcheck source=tests/job/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/job/parties_lib.sh
. "$(dirname "$0")/parties_lib.sh"

cards=${PERSO_CARDS:-300}
[ -z "${PERSO_FULL:-}" ] || cards=${PERSO_CARDS:-5000}
mark_pin=3530333134373339
mark_key=9e41d7065bc83af214e8a3b07d5c69f1

# of_truth SAMPLE STAGE: "AAZ501 TAB code" of what is planted for this stage, sorted
of_truth()
{
    columns "$1/truth.csv" AAZ501 code stage |
        awk -F'\t' -v s="$2" '$3 == s { print $1 "\t" $2 }' | sort
}

# of_ra WORLD FAULT...: cards whose requests have one of these faults
of_ra()
{
    local world=$1 wanted
    shift
    wanted=$(printf '%s|' "$@")
    columns "$world/ra/truth.csv" AAZ500 fault | awk -F'\t' -v w="^(${wanted%|})$" \
        '$2 ~ w { print $1 }' | sort -u >"$work/numbers"
    of_packages AAZ500 AAZ501 -- application.csv "$world"/vendor/B1/out/ra/APP-*.zip |
        sort -u | join -t "$(printf '\t')" "$work/numbers" - | cut -f2 | sort -u
}

# Each fault is found by the party that should find it, and told to the one that can mend it.
found_where_planted()
{
    local world=$1 vendor=$1/vendor/B1 department=$1/department/B1 n
    of_truth "$world/samples/B1" ingest >"$work/want"
    held "$vendor" ingest | cut -f1,2 >"$work/have"
    same "$work/have" "$work/want" "held by the vendor at ingest (<) and planted there (>)"
    n=$(wc -l <"$work/want")
    equal "$(held "$department" ingest | wc -l)" 0 "what the vendor should have found"
    {
        of_truth "$world/samples/B1" reconcile
        of_ra "$world" refused | sed 's/$/\tR301/'
    } | sort >"$work/want"
    [ "$(grep -c R301 "$work/want")" -gt 0 ] || fail "the RA refused nothing: take more cards"
    of_packages AAZ501 code -- held.csv "$department"/out/forward/HLD-*.zip | sort >"$work/have"
    same "$work/have" "$work/want" "told by the department (<) and planted for it (>)"
    held "$vendor" collect | cut -f1,2 >"$work/have"
    same "$work/have" "$work/want" "held by the vendor as told (<) and planted (>)"
    in_state "$department" returned >"$work/have"
    cut -f1 "$work/want" | sort >"$work/list"
    same "$work/have" "$work/list" "returned by the department (<) and planted for it (>)"
    of_ra "$world" wrong-key | sed 's/$/\tR319\tmatch/' >"$work/wrong-key"
    held "$department" >"$work/have"
    same "$work/have" "$work/wrong-key" "held at the department still (<) and of a wrong key (>)"
    part "mode $mode: $n found by the vendor, $(wc -l <"$work/want") told by the department," \
        "$(wc -l <"$work/wrong-key") wrong certificates"
}

# under_a_wrong_id WORLD: "#SEQ" of the held rows whose corrected ones have another AAZ501: such a
# row is another card to the job.
under_a_wrong_id()
{
    awk -F, 'FNR > 1 && $1 != $3 { print $3 }' "$1/mended/corrected.csv" | sort >"$work/ids"
    columns "$1/mended/keys/application-corrected.csv" AAZ501 AAZ500 | sort |
        join -t "$(printf '\t')" "$work/ids" - | cut -f2 | sort >"$work/numbers"
    columns "$1/samples/B1/keys/application.csv" AAZ500 | awk '{ print $1 "\t" NR }' | sort |
        join -t "$(printf '\t')" "$work/numbers" - | cut -f2 | sort >"$work/records"
    columns "$1/vendor/B1/held/ingest.csv" record seq | sort |
        join -t "$(printf '\t')" "$work/records" - | cut -f2 | sed 's/^/#/'
}

# The vendor mends its rows, the department its issuance data; what nobody can mend is cancelled.
mended()
{
    local world=$1 vendor=$1/vendor/B1 department=$1/department/B1 list
    mapfile -t list < <(cut -f1 "$work/wrong-key")
    act cancel "$department" "the RA gave the certificate of another key" "${list[@]}"
    { echo AAZ501 && held "$vendor" | cut -f1; } >"$world/to-mend.csv"
    expect 0 "$PERSOLINE_SANDBOX" correct "$world/mended" --from "$world/samples/B1" \
        --held "$world/to-mend.csv" --issuance
    cp "$world/mended"/keys/* "$vendor/in/keys/"
    cp "$world/mended/issuance/issuance.csv" "$department/in/issuance/issuance-mended.csv"
    # Whoever is remade later has these data too.
    cp "$world/mended/issuance/issuance.csv" "$world/samples/B1/issuance/issuance.csv"
    product run "$vendor"
    mapfile -t list < <(held "$vendor" collect | cut -f1)
    act release "$vendor" "asked again, nothing was wrong here" "${list[@]}"
    mapfile -t list < <(under_a_wrong_id "$world")
    act cancel "$vendor" "stands under its true id now" "${list[@]}"
    # Of two rows of one card the corrected one took the place of one; the other has had its day.
    mapfile -t list < <(states "$vendor" | awk -F'\t' '$2 != "held" { print $1 }' | sort -u |
        join -t "$(printf '\t')" - <(columns "$vendor/held/ingest.csv" AAZ501 seq | sort) |
        cut -f2 | sed 's/^/#/')
    act cancel "$vendor" "another row of the card is right" "${list[@]}"
    mapfile -t list < <(columns "$vendor/held/ingest.csv" seq | sed 's/^/#/')
    act release "$vendor" "the other row was the wrong one" "${list[@]}"
    parties_ra=(--mark-pin "$mark_pin" --mark-key "$mark_key")
    parties_run "$world"
    held "$vendor" collect | cut -f2 | grep -vx R306 | has . &&
        fail "told again by the department: $(held "$vendor" collect | head -n 3)"
    mapfile -t list < <(held "$vendor" collect | cut -f1)
    equal "$(held "$vendor" | wc -l)" "${#list[@]}" "held by the vendor but for what was taken back"
    act cancel "$vendor" "taken back by the department" "${list[@]}"
    parties_run "$world"
}

# confirmed WORLD BATCH: 6.4.4: nothing is remade or revoked before the department has confirmed.
confirmed()
{
    local department=$1/department/$2
    [ -z "$(packages "$department"/out/close/R[MV]K-*.zip)" ] ||
        fail "remade or revoked before it was confirmed"
    { in_state "$department" spoiled && in_state "$department" missing; } | sort >"$work/bad"
    [ "$(wc -l <"$work/bad")" -gt 1 ] || fail "the machine spoiled nothing: take more cards"
    act confirm "$department" "seen and signed for" "@$department/out/close/remake.csv" \
        "@$department/out/close/revoke.csv"
    parties_run "$1"
    of_packages AAZ501 -- remake.csv "$department"/out/close/RMK-*.zip | sort >"$work/have"
    same "$work/have" "$work/bad" "to be remade (<) and spoiled or missing (>)"
    columns "$1/ra/revoked.csv" AAZ501 certificate | sort >"$work/have"
    { cat "$work/bad" && cut -f1 "$work/wrong-key"; } |
        awk '{ print $1 "\tJMZS\n" $1 "\tQMZS" }' | sort >"$work/want"
    same "$work/have" "$work/want" "revoked (<) and to be revoked (>)"
}

# closed WORLD BATCH: on every side.
closed()
{
    local site job
    for site in vendor department "$finisher"; do
        job=$1/$site/$2
        expect 0 "$PERSOLINE" run "$job"
        closes "$job"
        equal "$(balance "$job" open)$(balance "$job" held)" 00 "open and held: $job"
        expect 0 "$PERSOLINE" check "$job"
        expect 0 "$PERSOLINE" audit verify "$job"
    done
    perl "$here/parties.pl" "$1" "$2" "$finisher" || fail "the three sides do not agree"
}

keys_agree()
{
    local world=$1 of=$2
    perl "$here/parties_keys.pl" "$mode" "$world/$finisher/$of"/out/machine/*.csv -- \
        "$world/vendor/$of"/in/keys/*.csv >"$work/keys" || fail "$(head -n 5 "$work/keys")"
    [ "$mode" = 4 ] || return 0
    # What the cards do not get yet waits at the department.
    sqlite3 "$world/department/site.db" \
        "SELECT card_id FROM cupboard WHERE job = 'V1-411600-$of-4'" | sort >"$work/have"
    of_packages AAZ501 -- cards.csv "$world/department/$of"/out/forward/FWD-*.zip |
        sort >"$work/want"
    same "$work/have" "$work/want" "in the cupboard (<) and forwarded (>)"
}

no_secret()
{
    local files
    printf '%s\t%s\trhb\n' GLYPIN "$mark_pin" ZKMY "$mark_key" >"$work/needles"
    printf 'a line with %s\n' "${mark_key^^}" >"$work/planted"
    ! perl "$here/leak.pl" "$work/needles" "$work/planted" >"$work/leaks" ||
        fail "a planted secret is not found"
    mapfile -t files < <(find "$1"/{vendor,department,centre,to-ra} -type f)
    [ "${#files[@]}" -gt 150 ] || fail "only ${#files[@]} files to search"
    perl "$here/leak.pl" "$work/needles" "${files[@]}" >"$work/leaks" ||
        fail "a secret in the clear: $(head -n 5 "$work/leaks")"
}

# The remade card names the card that it replaces, which was confirmed.
replaced()
{
    of_packages replaces -- application.csv "$1"/vendor/B2/out/ra/APP-*.zip | sort >"$work/have"
    same "$work/have" "$work/bad" "replaced in B2 (<) and confirmed in B1 (>)"
    equal "$(balance "$1/department/B2" written)$(balance "$1/department/B2" deferred)" \
        "$([ "$mode" = 4 ] && echo "0$(wc -l <"$work/bad")" || echo "$(wc -l <"$work/bad")0")" \
        "remade cards finished"
}

one_world()
{
    local world=$work/$1-$2 mode=$1 finisher=$2 ssse=() parties_trust=department
    # A centre that knows no CA takes the department's word for the certificates.
    [ "$1" != 2 ] || parties_trust=
    [ "$mode" != 2 ] || ssse=(--ssse)
    sample_make "$work/sample" --cards "$cards" --faults 0.1 --boxes 50 "${ssse[@]}"
    parties_make "$world" "$mode" "$finisher"
    parties_job "$world" B1 "$work/sample"
    rm -r "$work/sample"
    parties_ra=(--fault refused:0.02 --fault late:0.03 --fault wrong-key:0.01
        --mark-pin "$mark_pin" --mark-key "$mark_key")
    parties_machine=(--retry 0.03 --spoil 0.02 --missing 0.02)
    parties_run "$world"
    found_where_planted "$world"
    mended "$world"
    confirmed "$world" B1
    closed "$world" B1
    parties_machine=()
    parties_remake "$world" B1 B2
    parties_run "$world"
    closed "$world" B2
    closed "$world" B1
    replaced "$world"
    keys_agree "$world" B1
    keys_agree "$world" B2
    no_secret "$world"
    part "mode $mode, finished by the $finisher: $cards cards, all sides close and agree"
}

one_world 1 vendor
one_world 2 centre
one_world 4 vendor
one_world 4 centre
