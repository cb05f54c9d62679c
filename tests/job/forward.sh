#!/bin/bash
# The department's stage forward: packages to the finisher and back to the vendor in modes 1, 2 and
# 4, read by the rules alone; the cupboard; kills (CONTRACTS 3 and 5, LD/T 03-2022 6.4.7.2 d to
# 6.4.7.5 d).
. "$(dirname "$0")/lib.sh"

kills=${PERSO_KILLS:-20}
mark_pin=3530333134373339
mark_key=9e41d7065bc83af214e8a3b07d5c69f1
world=$work/world

# ---- department, vendor, centre, RA ----

parties_make()
{
    world_make "$world"
    mkdir "$work/scratch"
    expect 0 "$PERSOLINE" site init "$work/V1" --name V1
    expect 0 "$PERSOLINE" site init "$work/centre" --name centre
    sed -i 's/^package_cards.*/package_cards = 40/' "$world/site/persoline.conf"
    sed 's/^keys_at_issue.*/keys_at_issue = yes/' "$world/site/profiles/default.conf" \
        >"$world/site/profiles/keys.conf"
}

# department_make NAME MODE SEED ARGUMENT...: a job whose cards are matched, of a plain table with a
# column of its own.
department_make()
{
    local job=$world/site/$1 file
    sample_make "$work/$1" --cards 120 --faults 0.08 --seed "$3" --batch "$1"
    job_make "$world" "$1" "$work/$1" --batch "$1" --mode "$2" --role department --ra ra "${@:4}"
    rm -f "$job"/in/keys/*.manifest.json
    for file in "$job"/in/keys/*.csv; do
        perl -i -pe 's/\r?\n/$. == 1 ? ",ROOM\n" : ",R$.\n"/e' "$file"
    done
    line_to_ra "$world" "$job"
    ra_answer "$world" "$job" --fault refused:0.05 --mark-pin "$mark_pin" --mark-key "$mark_key"
    expect 3 "$PERSOLINE" collect "$job" "$job"/in/ra/*.zip
    expect 0 "$PERSOLINE" match "$job"
    [ "$(balance "$job" open)" -gt 80 ] || fail "$1: too few cards are matched"
}

# ---- reading packages ----

# member PACKAGE NAME: the member stays in $work/NAME.
member()
{
    unzip -p "$1" "$2" >"$work/$2"
}

# package_holds PACKAGE VALUE...: the names of its members stay in $work/members.
package_holds()
{
    perl "$here/package.pl" "$1" "$world/site/site.cer" "$work/scratch" sender=site \
        division=411600 vendor=V1 date="$job_date" "${@:2}" >"$work/members" ||
        fail "$1 does not hold"
}

# unwrapped SITE PACKAGE: the key of the package, as its recipient opens it.
unwrapped()
{
    openssl pkeyutl -decrypt -inkey "$1/keys/sealing.key" -passin "file:$1/keys/password" \
        -in "$2.wrap" | od -An -tx1 | tr -d ' \n'
}

# packages JOB KIND: in order.
packages()
{
    find "$1/out/forward" -name "$2-*.zip" | sort
}

# forwarded JOB RECIPIENT: every FWD holds, the three tables have the same cards in the same order,
# each card once in all; the cards stay in $work/forwarded.
forwarded()
{
    local package n=0
    : >"$work/forwarded"
    while IFS= read -r package; do
        n=$((n + 1))
        package_holds "$package" kind=FWD recipient="$2" sequence=$n batch="${1##*/}"
        equal "$(paste -sd' ' "$work/members")" \
            "cards.csv personal.csv certificates.csv chain.pem outstanding.csv slip.txt" "members"
        for name in cards personal certificates outstanding; do
            member "$package" $name.csv
        done
        columns "$work/cards.csv" AAZ501 >"$work/ids"
        columns "$work/personal.csv" AAZ501 >"$work/ids.personal"
        same "$work/ids" "$work/ids.personal" "cards of personal.csv"
        columns "$work/cards.csv" request_id >"$work/requests"
        columns "$work/certificates.csv" request_id >"$work/requests.certificates"
        same "$work/requests" "$work/requests.certificates" "cards of certificates.csv"
        [ "$(wc -l <"$work/ids")" -le 40 ] || fail "$package: too many cards"
        cat "$work/ids" >>"$work/forwarded"
        unknown_columns "$1"
        outstanding_holds "$1"
        member "$package" chain.pem
        equal "$(grep -c BEGIN "$work/chain.pem")" 2 "certificates of chain.pem"
    done < <(packages "$1" FWD)
    [ $n -ge 2 ] || fail "$1: $n packages"
    states "$1" | awk -F'\t' '$2 == "forwarded" { print $1 }' >"$work/of.ledger"
    sort "$work/forwarded" >"$work/of.packages"
    same "$work/of.ledger" "$work/of.packages" "cards that were forwarded"
}

# Of the key-generation output, the last column; the line number of the card.
unknown_columns()
{
    columns "$work/personal.csv" AAZ501 ROOM | sort >"$work/rooms"
    cat "$1"/in/keys/*.csv | perl -F, -lane 'print "$F[0]\t$F[-1]"' | sort |
        join -t $'\t' -j 1 "$work/rooms" - | awk -F'\t' '$2 != $3' >"$work/wrong"
    [ ! -s "$work/wrong" ] || fail "a column that is not known went to another card"
    equal "$(awk -F'\t' '$2 == ""' "$work/rooms" | wc -l)" 0 "cards without their column"
}

# Held and refused cards, none that is in a package; those without a card id cannot be told.
outstanding_holds()
{
    columns "$work/outstanding.csv" AAZ501 state | sort >"$work/outstanding"
    sort -u "$work/before.forward" >"$work/want" # of a card that stands twice, once
    same "$work/outstanding" "$work/want" "outstanding.csv"
}

# remember JOB: what is not matched, before forward moves anything.
remember()
{
    states "$1" | awk -F'\t' '$1 != "" && $2 != "matched" { print $1 "\t" $2 }' \
        >"$work/before.forward"
}

# secrets_open JOB SITE: PIN and key of the first cards of every package are what the RA gave, for
# this card and package alone.
secrets_open()
{
    local package key n=0 id pin zkmy
    while IFS= read -r package; do
        n=$((n + 1))
        key=$(unwrapped "$2" "$package")
        member "$package" cards.csv
        member "$package" certificates.csv
        paste <(columns "$work/cards.csv" AAZ501) \
            <(columns "$work/certificates.csv" GLYPIN ZKMY) | sed -n '1p;3p;$p' >"$work/sealed"
        while IFS=$'\t' read -r id pin zkmy; do
            equal "$(perl "$here/unseal.pl" "$key" "$id" $n GLYPIN "$pin")" "$mark_pin" "GLYPIN"
            equal "$(perl "$here/unseal.pl" "$key" "$id" $n ZKMY "$zkmy")" "$mark_key" "ZKMY"
            ! perl "$here/unseal.pl" "$key" "$id" $((n + 1)) ZKMY "$zkmy" >"$work/plain" 2>&1 ||
                fail "a sealed field opens for another package"
        done <"$work/sealed"
        ! perl "$here/unseal.pl" "$key" "$(sed -n '2p' "$work/ids")" $n GLYPIN "$pin" \
            >"$work/plain" 2>&1 || fail "a sealed field opens for another card"
    done < <(packages "$1" FWD)
}

# column_empty JOB COLUMN YES: in every FWD all cells of certificates.csv are empty, or none is.
column_empty()
{
    local package
    while IFS= read -r package; do
        member "$package" certificates.csv
        equal "$(columns "$work/certificates.csv" "$2" | awk -v want="$3" \
            '($0 == "") != (want == "yes")' | wc -l)" 0 "$2 in $package, empty: $3; others"
    done < <(packages "$1" FWD)
}

# again JOB CODE: forward once more changes nothing.
again()
{
    find "$1/out" "$1/reports" -type f -exec openssl dgst -sm3 {} + | sort >"$work/files.before"
    dump "$1" >"$work/dump.before"
    expect "$2" "$PERSOLINE" forward "$1"
    ! grep -v '^held: ' "$work/out" || fail "forward does something again"
    find "$1/out" "$1/reports" -type f -exec openssl dgst -sm3 {} + | sort >"$work/files.after"
    dump "$1" >"$work/dump.after"
    same "$work/files.before" "$work/files.after" "files after a second forward"
    same "$work/dump.before" "$work/dump.after" "ledger after a second forward"
    expect 0 "$PERSOLINE" check "$1"
}

# ---- mode 1: to the vendor ----

mode_1()
{
    local job=$world/site/B1
    department_make B1 1 7
    remember "$job"
    expect 4 "$PERSOLINE" forward "$job" # nobody is known to whom they could go
    said "whose they are"
    equal "$(packages "$job" FWD | wc -l)" 0 "packages to nobody"
    cp "$work/V1/site.cer" "$world/site/peers/V1.cer"
    expect 0 "$PERSOLINE" forward "$job" --dry-run
    equal "$(packages "$job" FWD | wc -l)" 0 "packages of a dry run"
    said "would write: file .*/FWD-411600-B1-0001.zip.wrap"
    expect 0 "$PERSOLINE" forward "$job"
    forwarded "$job" V1
    secrets_open "$job" "$work/V1"
    for column in QMZS JMZS JMMY GLYPIN ZKMY; do
        column_empty "$job" $column no
    done
    equal "$(packages "$job" HLD | wc -l)" 0 "packages back to nobody"
    equal "$(balance "$job" returned)" 0 "cards that were returned to nobody"
    again "$job" 0
    expect 1 "$PERSOLINE" withdraw "$job" FWD-411600-B1-0001.zip --reason "asked for"
    [ -f "$job/out/forward/FWD-411600-B1-0001.zip" ] || fail "a package that went away was taken"
    part "mode 1: $(packages "$job" FWD | wc -l) packages to the vendor"
}

# ---- mode 2: to the centre ----

mode_2()
{
    local job=$world/site/B2
    department_make B2 2 8 --centre centre
    remember "$job"
    expect 1 "$PERSOLINE" forward "$job"
    said "no certificate of centre"
    dump "$job" >"$work/dump.two"
    ! grep -q FWD "$work/dump.two" || fail "a package was planned for a peer that is not known"
    cp "$work/centre/site.cer" "$world/site/peers/centre.cer"
    expect 0 "$PERSOLINE" forward "$job"
    forwarded "$job" centre
    secrets_open "$job" "$work/centre"
    again "$job" 0
    part "mode 2: $(packages "$job" FWD | wc -l) packages to the centre"
}

# ---- mode 4: certificates into the cupboard ----

# in_cupboard JOB STATE: card ids with an entry in this state.
in_cupboard()
{
    sqlite3 "$world/site/site.db" "SELECT card_id FROM cupboard WHERE state = $2 AND job =
        'V1-411600-${1##*/}-4' ORDER BY card_id"
}

# cupboard_holds JOB SECRETS: an entry for each forwarded card, with what the RA gave for it.
cupboard_holds()
{
    local job=$1 key id package
    sort "$work/forwarded" >"$work/want"
    for package in "$job"/in/ra/RET-*.zip; do
        member "$package" certificates.csv
        columns "$work/certificates.csv" request_id QMZS JMZS JMMY
    done >"$work/answers"
    in_cupboard "$job" 1 >"$work/have"
    same "$work/have" "$work/want" "cards in the cupboard"
    sqlite3 "$world/site/site.db" "SELECT hex(wrapped) FROM wrapped_key
        WHERE purpose = 'cupboard' AND job = 'V1-411600-${job##*/}-4'" |
        perl -ne 'chomp; print pack "H*", $_' >"$work/cupboard.wrap"
    key=$(unwrapped "$world/site" "$work/cupboard")
    for id in $(sed -n '1p;7p;$p' "$work/have"); do
        perl "$here/payload.pl" "$(sqlite3 "$world/site/site.db" \
            "SELECT hex(payload) FROM cupboard WHERE card_id = '$id'")" \
            request_id QMZS JMZS JMMY GLYPIN ZKMY >"$work/cells" ||
            fail "the entry of $id cannot be read"
        mapfile -t cells <"$work/cells"
        grep -qxF "$(IFS=$'\t' && echo "${cells[*]:0:4}")" "$work/answers" ||
            fail "the entry of $id is not what the RA gave"
        if [ "$2" = yes ]; then
            equal "$(perl "$here/unseal.pl" "$key" "$id" 0 GLYPIN "${cells[4]}")" "$mark_pin" PIN
            equal "$(perl "$here/unseal.pl" "$key" "$id" 0 ZKMY "${cells[5]}")" "$mark_key" ZKMY
        else
            equal "${cells[4]}${cells[5]}" "" "secrets that went with the card"
        fi
    done
    columns "$job/reports/pickup.csv" AAZ501 since state >"$work/pickup"
    awk -v date="$job_date" '{ print $1 "\t" date "\tforwarded" }' "$work/want" >"$work/wanted"
    same "$work/pickup" "$work/wanted" "pick-up list"
    expect 0 "$PERSOLINE" status "$job"
    said "cupboard: waiting $(wc -l <"$work/want"), oldest days [0-9]+"
}

mode_4()
{
    local job=$world/site/B4 card code
    department_make B4 4 9
    # A card whose certificates wait elsewhere is not put in twice.
    card=$(states "$job" | awk -F'\t' '$2 == "matched" && !n++ { print $1 }')
    sqlite3 "$world/site/site.db" "INSERT INTO cupboard
        SELECT '$card', name, '$job_date', 1, zeroblob(32), zeroblob(32), x'01'
        FROM job WHERE name LIKE '%B1-1'"
    cp -a "$world" "$work/before.kills"
    remember "$job"
    expect 3 "$PERSOLINE" forward "$job"
    equal "$(state_of "$job" "$card")" "held R143" "card with certificates in another job"
    printf '%s\theld\n' "$card" >>"$work/before.forward"
    forwarded "$job" V1
    for column in QMZS JMZS JMMY GLYPIN ZKMY; do
        column_empty "$job" $column yes
    done
    cupboard_holds "$job" yes
    again "$job" 3
    sqlite3 "$world/site/site.db" "DELETE FROM cupboard WHERE card_id = '$card'"
    expect 0 "$PERSOLINE" release "$job" "$card" --reason "it was another"
    expect 0 "$PERSOLINE" forward "$job"
    equal "$(state_of "$job" "$card")" forwarded "the card in the end"
    in_cupboard "$job" 1 | has "^$card$"
    part "mode 4: certificates wait in the cupboard"
}

# A card that is cancelled after its certificates were put in is not waited for.
cancelled_in_mode_4()
{
    local job=$world/site/B5 card
    department_make B5 4 10 --profile keys
    mv "$world/site/peers/V1.cer" "$work/V1.cer"
    expect 4 "$PERSOLINE" forward "$job" # nobody is known, but the certificates are in
    card=$(states "$job" | awk -F'\t' '$2 == "matched" && !n++ { print $1 }')
    in_cupboard "$job" 1 | has "^$card$"
    columns "$job/reports/pickup.csv" AAZ501 state | has "^$card"$'\t'"matched$"
    expect 0 "$PERSOLINE" cancel "$job" "$card" --reason "asked for"
    mv "$work/V1.cer" "$world/site/peers/V1.cer"
    remember "$job"
    expect 0 "$PERSOLINE" forward "$job"
    equal "$(in_cupboard "$job" 3)" "$card" "entries that are revoked"
    forwarded "$job" V1
    grep -q "^$card"$'\t'"cancelled$" "$work/outstanding" || fail "a cancelled card is not told"
    for column in QMZS JMZS JMMY; do
        column_empty "$job" $column yes
    done
    secrets_open "$job" "$work/V1"
    cupboard_holds "$job" no
    again "$job" 0
    part "mode 4, keys at issue; a cancelled card's certificates are revoked"
}

# ---- HLD ----

# vendor_known JOB: as if a package of V1 had begun the job.
vendor_known()
{
    sed -i 's/^sender *=.*/sender = V1/' "$1/job.conf"
    grep -q '^sender = V1$' "$1/job.conf" || fail "job.conf has no sender"
}

# What the department holds goes back where the vendor is known, once no card is before submitted.
back_to_the_vendor()
{
    local job=$world/site/B6 card package file
    sample_make "$work/B6" --cards 120 --faults 0.1 --seed 12 --batch B6
    job_make "$world" B6 "$work/B6" --batch B6 --role department --ra ra
    vendor_known "$job"
    expect 4 "$PERSOLINE" run "$job"
    card=$(states "$job" | awk -F'\t' '$2 == "reconciled" && !n++ { print $1 }')
    expect 0 "$PERSOLINE" reject "$job" "$card" --reason "not ours"
    expect 0 "$PERSOLINE" forward "$job"
    equal "$(packages "$job" HLD | wc -l)" 0 "packages before all cards are submitted"
    job_approve "$job" 3
    held "$job" ingest reconcile approve | cut -f 1,2,3 >"$work/held.before"
    expect 0 "$PERSOLINE" bundle "$job"
    expect 0 "$PERSOLINE" submit "$job"
    card=$(states "$job" | awk -F'\t' '$2 == "submitted" && !n++ { print $1 }')
    expect 0 "$PERSOLINE" hold "$job" "$card" --reason "asked for"
    expect 0 "$PERSOLINE" forward "$job"
    package=$job/out/forward/HLD-411600-B6-0001.zip
    package_holds "$package" kind=HLD recipient=V1 sequence=1 previous=null
    equal "$(paste -sd' ' "$work/members")" "held.csv slip.txt" "members"
    [ ! -e "$package.wrap" ] || fail "a package without secrets has a wrapped key"
    member "$package" held.csv
    columns "$work/held.csv" AAZ501 code stage | sort >"$work/returned"
    same "$work/returned" "$work/held.before" "cards that went back"
    equal "$(columns "$work/held.csv" state | sort -u)" returned "state in held.csv"
    equal "$(state_of "$job" "$card")" "held R251" "card that the operator holds"
    equal "$(balance "$job" returned)" "$(wc -l <"$work/returned")" "cards returned"
    grep -q '^411600.*R250$' <(states "$job") && fail "a rejected card is still held"
    closes "$job"
    # No value of a person stands in it, nor the operator's words.
    for file in "$work"/B6/keys/*.csv "$work"/B6/issuance/*.csv; do
        columns "$file" AAC002 AAC003
    done | perl -F'\t' -lane 's/^="(.*)"$/$1/ for @F; print for grep { length >= 6 } @F' \
        >"$work/people"
    ! grep -qFf "$work/people" "$work/held.csv" || fail "held.csv tells of a person"
    ! grep -q "not ours" "$work/held.csv" || fail "held.csv has an operator's words"
    again "$job" 0
    ra_answer "$world" "$job" --fault refused:0.1
    "$PERSOLINE" run "$job" >"$work/out" 2>&1 || [ $? -eq 4 ] || fail "run"
    package_holds "$job/out/forward/HLD-411600-B6-0002.zip" kind=HLD sequence=2
    member "$job/out/forward/HLD-411600-B6-0002.zip" held.csv
    equal "$(columns "$work/held.csv" state code | sort -u)" $'returned\tR301' "refused cards"
    equal "$(balance "$job" refused)" 0 "cards still refused"
    part "HLD: held and refused cards go back"
}

# ---- kills ----

# same_forwarded WORLD OTHER JOB: outputs raw, keys opened, signatures verified, ledgers and stores.
same_forwarded()
{
    local one=$1/site/$3 other=$2/site/$3 file
    (cd "$one" && find out reports held | sort) >"$work/names.one"
    (cd "$other" && find out reports held | sort) >"$work/names.other"
    same "$work/names.one" "$work/names.other" "names of the outputs"
    while IFS= read -r file; do
        case $file in
        *.sig) [ "${file%.zip.sig}" = "$file" ] || [[ $file != *forward/* ]] ||
            package_holds "$other/${file%.sig}" ;;
        out/forward/*.wrap)
            equal "$(unwrapped "$work/V1" "$other/${file%.wrap}")" \
                "$(unwrapped "$work/V1" "$one/${file%.wrap}")" "key in $file"
            ;;
        *) [ ! -f "$one/$file" ] || same "$one/$file" "$other/$file" "$file" ;;
        esac
    done <"$work/names.one"
    dump "$one" >"$work/dump.one"
    dump "$other" >"$work/dump.other"
    same "$work/dump.one" "$work/dump.other" "check --dump"
    expect 0 "$PERSOLINE" check "$other"
    expect 0 "$PERSOLINE" audit verify "$other"
}

killed()
{
    local i k begin ms pid code landed=0 base=$work/before.kills
    RANDOM=${PERSO_SEED:-$(($(date +%s) % 32768))}
    echo "seed: PERSO_SEED repeats the draws"
    vendor_known "$base/site/B4" # with HLD
    cp -a "$base" "$work/calm"
    begin=$(date +%s%N)
    expect 3 "$PERSOLINE" forward "$work/calm/site/B4"
    ms=$((($(date +%s%N) - begin) / 1000000 + 1))
    [ -f "$work/calm/site/B4/out/forward/HLD-411600-B4-0001.zip" ] || fail "no HLD under the kills"
    for ((i = 0; landed < kills && i < 4 * kills; i++)); do
        rm -rf "$work/killed"
        cp -a "$base" "$work/killed"
        for k in 1 2; do
            code=0
            "$PERSOLINE" forward "$work/killed/site/B4" >"$work/out" 2>"$work/err" </dev/null &
            pid=$!
            sleep "$(printf '0.%03d' $((RANDOM % (ms / k + 1))))"
            kill -KILL "$pid" 2>/dev/null || true
            wait "$pid" 2>/dev/null || code=$?
            [ "$code" -ne 137 ] || landed=$((landed + 1))
        done
        expect 3 "$PERSOLINE" forward "$work/killed/site/B4"
        same_forwarded "$work/calm" "$work/killed" B4
    done
    [ "$landed" -ge "$kills" ] || fail "only $landed kills of $kills came in time"
    part "forward, killed $landed times (it takes $ms ms)"
}

# ---- secrets ----

no_secret()
{
    printf '%s\t%s\trhb\n' GLYPIN "$mark_pin" ZKMY "$mark_key" >"$work/needles"
    find "$world/site" "$work/killed" -type f -print0 |
        xargs -0 perl "$here/leak.pl" "$work/needles" >"$work/leaks" ||
        fail "$(head -n 5 "$work/leaks")"
    mkdir "$work/planted"
    perl -e 'print "x", pack("H*", $ARGV[0]), "y"' "$mark_key" >"$work/planted/raw"
    ! perl "$here/leak.pl" "$work/needles" "$work/planted/raw" >"$work/leaks" ||
        fail "a planted secret is not found"
    part "no secret in $(find "$world/site" -type f | wc -l) files"
}

parties_make
mode_1
mode_2
mode_4
cancelled_in_mode_4
back_to_the_vendor
killed
no_secret
