#!/bin/bash
# Every kind of package between vendor, department and centre that must not have an effect: changed,
# from another sender, to another recipient, with a used number, with a member swapped, incomplete.
# A replay changes nothing; a gap waits and says for which number (issue 4, "must show" 2;
# CONTRACTS 3). bad_package.sh does the same and more to the RA's.
# shellcheck source=tests/job/refusals.sh
. "$(dirname "$0")/refusals.sh"
# shellcheck source=tests/job/parties_lib.sh
. "$(dirname "$0")/parties_lib.sh"

id=1234567812345678 # of every SM2 signature (GM/T 0009)

# ---- packages to change ----

# kind NAME TABLE WORLD SITE JOB STAGE FIRST SECOND: what the following parts are about: two
# packages in a row that come to this stage of this job and have not come yet.
kind()
{
    kind=$1 table=$2 world=$3 site=$4
    first=$7 second=$8
    [ -e "$first" ] && [ -e "$second" ] || fail "$kind: there are no two packages of it"
    forged=$work/forged-$kind-$6
    mkdir -p "$forged"
    sender=$(manifest_says "$first" sender)
    stage "$5" "$6"
}

manifest_says()
{
    unzip -p "$1" manifest.json | sed -n "s/.*\"$2\": \"\([^\"]*\)\".*/\1/p"
}

# copy NAME [PACKAGE]: the first package with what belongs to it, as $file; its members in $members.
copy()
{
    mkdir -p "$forged/$1"
    file=$forged/$1/$(basename "$first")
    put "${2:-$first}" "$forged/$1" "$(basename "$first")"
    members=$forged/$1/members
    mkdir "$members"
    unzip -q "$file" -d "$members"
}

# repacked: $file of $members, in the order of the first package, by Info-ZIP.
repacked()
{
    local names
    mapfile -t names < <(unzip -Z1 "$first")
    rm "$file"
    (cd "$members" && zip -q -0 -X "$file" "${names[@]}")
}

# signed SITE: the manifest in $members, by this site's key.
signed()
{
    openssl dgst -sm3 -sign "$world/$1/keys/sender.key" -passin "file:$world/$1/keys/password" \
        -sigopt "distid:$id" -out "$file.sig" "$members/manifest.json"
}

# manifest PERL: the manifest in $members, edited.
manifest()
{
    cp "$members/manifest.json" "$forged/before.json"
    perl -0pi -e "$1" "$members/manifest.json"
    ! cmp -s "$members/manifest.json" "$forged/before.json" || fail "$kind: $1 changes nothing"
}

# ---- what must be refused ----

changed()
{
    local n=0 code end
    mkdir "$forged/flips"
    perl "$here/forge.pl" flips "$first" "$forged/flips"
    for file in "$forged/flips"/*.zip; do
        refused 'F1[0-9][0-9]' '' "$file"
        n=$((n + 1))
    done
    [ "$n" -ge 15 ] || fail "$kind: only $n flipped packages"
    for end in sig wrap; do
        [ -e "$first.$end" ] || continue
        copy "$end-flipped"
        perl -0pi -e 'substr($_, length($_) / 2, 1) ^= "\1"' "$file.$end"
        code=F133
        [ "$end" = sig ] || code=F136
        refused "$code" ': ' "$file"
        n=$((n + 1))
    done
    unchanged "of $n packages with one bit flipped"
    said_of_kind "$n packages with one bit flipped are refused"
}

said_of_kind()
{
    part "$kind to $site, $stage: $*"
}

forged()
{
    copy control
    repacked
    signed "$sender"
    cp -a "$world" "$work/control"
    product "$stage" "$work/control/${job#"$world"/}" "$file"
    rm -rf "$work/control"
    copy other-key
    openssl genpkey -algorithm SM2 -out "$work/other.key" 2>/dev/null
    openssl dgst -sm3 -sign "$work/other.key" -sigopt "distid:$id" -out "$file.sig" \
        "$members/manifest.json"
    refused F133 ': ' "$file"
    copy other-peer
    signed "$other"
    refused F133 ': ' "$file"
    copy other-sender
    manifest "s/\"sender\": \"$sender\"/\"sender\": \"$other\"/"
    repacked
    signed "$other"
    refused F133 ': sender: ' "$file"
    copy unknown-sender
    manifest "s/\"sender\": \"$sender\"/\"sender\": \"stranger\"/"
    repacked
    signed "$sender"
    refused F133 ': sender: ' "$file"
    unchanged "of another sender"
    copy other-recipient
    manifest "s/\"recipient\": \"$site\"/\"recipient\": \"$other\"/"
    repacked
    signed "$sender"
    refused F134 ': recipient: ' "$file"
    copy other-batch
    manifest 's/"batch": "B1"/"batch": "B9"/'
    repacked
    signed "$sender"
    [ "$kind" = RMK ] || refused F105 ': batch: ' "$file"
    unchanged "to another recipient, of another batch"
    said_of_kind "another signer, sender, recipient or batch is refused by name"
}

swapped()
{
    copy swapped
    unzip -q -p "$second" "$table" >"$members/$table"
    ! cmp -s "$members/$table" <(unzip -p "$first" "$table") || fail "$kind: the tables are equal"
    repacked
    refused F130 ": $table: " "$file"
    copy swapped-repaired
    unzip -q -p "$second" "$table" >"$members/$table"
    perl "$here/forge.pl" repair "$members" "$table"
    repacked
    refused F133 ': ' "$file"
    openssl dgst -sm3 -sign "$work/other.key" -sigopt "distid:$id" -out "$file.sig" \
        "$members/manifest.json"
    refused F133 ': ' "$file"
    copy slip
    echo "nothing" >"$members/slip.txt"
    repacked
    refused F130 ': slip.txt: ' "$file"
    copy without
    (cd "$members" && rm "$file" && zip -q -0 -X "$file" manifest.json slip.txt)
    refused F132 ': ' "$file"
    unchanged "with a member swapped"
    said_of_kind "a member swapped or taken away is refused, with its manifest repaired too"
}

incomplete()
{
    local end
    for end in sig wrap; do
        [ -e "$first.$end" ] || continue
        copy "no-$end"
        rm "$file.$end"
        expect 4 "$PERSOLINE" "$stage" "$job" "$file"
        said "$(basename "$file").$end"
        unchanged "without .$end"
    done
    said_of_kind "without its .sig or .wrap it waits"
}

# The second alone waits, and goes on when the first has come (replayed). Cards of two RMK may be
# remade in two jobs, so each of them may come alone.
gap()
{
    if [ "$kind" = RMK ]; then
        cp -a "$world" "$work/alone"
        expect 0 "$PERSOLINE" "$stage" "$work/alone/${job#"$world"/}" "$second"
        rm -rf "$work/alone"
        said_of_kind "each may come alone"
        return 0
    fi
    expect 4 "$PERSOLINE" "$stage" "$job" "$second"
    said "waits for $kind 1 of $sender"
    unchanged "of a package after a gap"
    said_of_kind "after a gap it waits, and says for which number"
}

replayed()
{
    product "$stage" "$job" "$first"
    stage "$job" "$stage"
    copy again
    mv "$file" "$forged/again/renamed.zip"
    for end in sig wrap; do
        [ ! -e "$file.$end" ] || mv "$file.$end" "$forged/again/renamed.zip.$end"
    done
    product "$stage" "$job" "$forged/again/renamed.zip"
    said 'known'
    unchanged "of a replay"
    copy used
    echo "other content" >>"$members/slip.txt"
    perl "$here/forge.pl" repair "$members" slip.txt
    repacked
    signed "$sender"
    refused F135 ': sequence: .*have 1' "$file"
    unchanged "of a used number"
    product "$stage" "$job" "$second"
    facts "$job" >"$work/after"
    ! cmp -s "$work/before" "$work/after" || fail "$kind: the second package has no effect"
    said_of_kind "a replay changes nothing, a used number is refused, the next one is taken"
}

# all_of OTHER: another peer that the recipient knows, which has no part in this.
all_of()
{
    other=$1
    changed
    forged
    swapped
    incomplete
    gap
    replayed
}

# ---- two packages of each kind, on their way ----

# limits WORLD: small packages, so that there are several of each.
limits()
{
    sed -i 's/^package_cards = .*/package_cards = 10/' \
        "$1"/{vendor,department,centre}/persoline.conf
}

snapshot()
{
    rm -rf "$work/at-$1"
    cp -a "$work/w" "$work/at-$1"
    world=$work/at-$1
}

# numbered KIND FOLDER: sets $one and $two, the first packages of a kind, from the world of now
numbered()
{
    local all
    mapfile -t all < <(packages "$work/w/$2/$1"-*.zip)
    [ "${#all[@]}" -ge 2 ] || fail "$1: ${#all[@]} packages in $2, want 2: take more cards"
    one=${all[0]} two=${all[1]}
}

# begun_by PACKAGE SITE: the job that it begins in the snapshot $world.
begun_by()
{
    begun "$world" "$2" "$1"
    rm -f "$world/$2"/B1/in/keys/*
}

applications()
{
    product run "$work/w/vendor/B1"
    snapshot APP
    numbered APP vendor/B1/out/ra
    begun_by "$one" department
    kind APP application.csv "$world" department "$world/department/B1" ingest "$one" "$two"
    all_of centre
}

# The department's answers, all of them, stay in its out/forward.
department_works()
{
    local department=$work/w/department/B1
    carry "$work/w"
    for _ in 1 2 3; do
        product run "$department"
        approve_if_asked "$department"
        ra_plays "$work/w" "$department"
    done
    product run "$department"
}

forwarded()
{
    local to=$1
    snapshot FWD
    numbered FWD department/B1/out/forward
    if [ "$to" = centre ]; then
        begun_by "$one" centre
        kind FWD cards.csv "$world" centre "$world/centre/B1" ingest "$one" "$two"
    else
        kind FWD cards.csv "$world" vendor "$world/vendor/B1" collect "$one" "$two"
    fi
    all_of "$([ "$to" = centre ] && echo vendor || echo centre)"
}

held_back()
{
    snapshot HLD
    numbered HLD department/B1/out/forward
    kind HLD held.csv "$world" vendor "$world/vendor/B1" collect "$one" "$two"
    all_of centre
}

# The cards that the machine wants again make a second package.
results()
{
    local job=$work/w/vendor/B1
    carry "$work/w"
    product run "$job"
    machine_plays "$work/w" vendor "$job"
    product run "$job"
    machine_plays "$work/w" vendor "$job"
    product run "$job"
    snapshot RES
    numbered RES vendor/B1/out/close
    kind RES result.csv "$world" department "$world/department/B1" close "$one" "$two"
    all_of centre
}

remade()
{
    local department=$work/w/department/B1 bad
    carry "$work/w"
    product run "$department"
    mapfile -t bad < <(in_state "$department" spoiled)
    [ "${#bad[@]}" -ge 2 ] || fail "${#bad[@]} cards are spoiled, want 2: take more cards"
    act confirm "$department" "the first" "${bad[0]}"
    product run "$department"
    act confirm "$department" "the others" "${bad[@]:1}"
    product run "$department"
    numbered RMK department/B1/out/close
    snapshot RMK
    expect 0 "$PERSOLINE" init "$world/vendor/B2" --from "$one" --batch B2 --date "$job_date"
    kind RMK remake.csv "$world" vendor "$world/vendor/B2" ingest "$one" "$two"
    all_of centre
    # What goes to the RA is nobody else's to read.
    one=$(packages "$department"/out/close/RVK-*.zip | head -n 1)
    for stage in ingest collect close; do
        stage "$department" "$stage"
        expect 1 "$PERSOLINE" "$stage" "$department" "$one"
        unchanged "RVK"
    done
    part "RVK is read by no stage"
}

sample_make "$work/s" --cards 100 --faults 0.6 --seed 21
parties_make "$work/w" 1
limits "$work/w"
parties_job "$work/w" B1 "$work/s"
parties_ra=(--fault refused:0.1)
parties_machine=(--spoil 0.1 --retry 0.1)
applications
department_works
forwarded vendor
held_back
results
remade

# The same to a centre: its FWD makes the cards.
rm -rf "$work/w" "$work"/at-*
sample_make "$work/s2" --cards 60 --seed 22
parties_make "$work/w" 2
limits "$work/w"
parties_job "$work/w" B1 "$work/s2"
parties_ra=()
product run "$work/w/vendor/B1"
department_works
forwarded centre
