#!/bin/bash
# Key envelopes (JMMY) in every form that CAs send, through the whole line: what the machine gets
# has one form, is the same bytes whatever came, and opens with the card's private key (DOMAIN 0.3,
# 5.5, 5.9; issue 5). The machine has the chips: it opens every envelope with OpenSSL.
. "$(dirname "$0")/lib.sh"

cards=60
convertible=(skf-long sdf asn1 cms enveloped mixed)

# profile NAME LINE...: the default profile with these lines, KEY = VALUE, in place of its own.
profile()
{
    local file=$work/base/site/profiles/$1.conf line key
    cp "$work/base/site/profiles/default.conf" "$file"
    for line in "${@:2}"; do
        key=${line%% = *}
        equal "$(grep -c "^$key = " "$file")" 1 "lines of $key in the default profile"
        sed -i "s/^$key = .*/$line/" "$file"
    done
}

# asked NAME PROFILE: the world NAME, its requests at the RA.
asked()
{
    cp -a "$work/base" "$work/$1"
    job=$work/$1/site/B1
    job_make "$work/$1" B1 "$work/s" --profile "$2"
    line_to_ra "$work/$1" "$job"
}

# answered NAME KIND [ARGUMENT...]: envelopes of the kind, and the run that takes them.
answered()
{
    ra_answer "$work/$1" "$job" --envelope "$2" "${@:3}"
    local code=0
    "$PERSOLINE" run "$job" >"$work/out" 2>"$work/err" || code=$?
    [ "$code" = 3 ] || [ "$code" = 4 ] || fail "run $1: exit code $code"
}

# golden NAME WANT TEXT...: AAZ501 and JMMY of the machine files are those of the file WANT.
golden()
{
    columns "$work/$1"/site/B1/out/machine/B1-0001.csv AAZ501 JMMY >"$work/jmmy"
    same "$2" "$work/jmmy" "${@:3}"
}

# finished NAME ARGUMENT...: the machine takes its file, every card is written.
finished()
{
    machine_play "$work/$1" "$job" --chips "$work/s" "${@:2}"
    expect 0 "$PERSOLINE" run "$job"
    equal "$(balance "$job" written)" "$cards" "written, $1"
    closes "$job"
}

# all_held CODE TEXT: every card is held by match with the code, and nothing is for the machine.
all_held()
{
    equal "$(held "$job" match | cut -f2 | sort | uniq -c | tr -s ' ')" " $cards $1" "$2"
    [ -z "$(ls "$job/out/machine")" ] || fail "$2: a machine file although every card is held"
    columns "$job/held/match.csv" field | grep -cx JMMY >"$work/n"
    equal "$(<"$work/n")" "$cards" "$2: the field is told"
}

world_make "$work/base"
sample_make "$work/s" --cards "$cards"
[ -e "$work/base/site/profiles/default.conf" ] || fail "no shipped profile to start from"
profile asn1 "envelope = asn1"
profile as-received "envelope = as-received"
profile carry "envelope = as-received" "opaque_envelope = carry"
profile carry-skf "opaque_envelope = carry"

# ---- one form at the machine, whatever came ----

asked skf default
answered skf skf
columns "$job/out/machine/B1-0001.csv" AAZ501 JMMY >"$work/want-skf"
equal "$(cut -f2 "$work/want-skf" | sort -u | wc -l)" "$cards" "envelopes that differ"
columns "$job/out/machine/B1-0001.csv" JMMY | while read -r one; do
    equal "$(base64 -d <<<"$one" | wc -c)" 388 "bytes of an ENVELOPEDKEYBLOB"
done
finished skf
part "skf: $cards blobs of 388 bytes pass, each opens with its card's key"

for kind in "${convertible[@]}"; do
    asked "$kind" default
    answered "$kind" "$kind"
    golden "$kind" "$work/want-skf" "JMMY where $kind came (>) and where skf did (<)"
    finished "$kind"
    part "$kind: the same bytes for the machine, each opens with its card's key"
done

asked asn1-skf asn1
answered asn1-skf skf
columns "$job/out/machine/B1-0001.csv" AAZ501 JMMY >"$work/want-asn1"
cmp -s "$work/want-skf" "$work/want-asn1" && fail "envelope = asn1 changes nothing"
finished asn1-skf --envelope asn1
for kind in asn1 mixed; do
    asked "asn1-$kind" asn1
    answered "asn1-$kind" "$kind"
    golden "asn1-$kind" "$work/want-asn1" "JMMY in ASN.1 where $kind came (>) and skf (<)"
    finished "asn1-$kind" --envelope asn1
done
part "envelope = asn1: one form, the same bytes, each opens"

# ---- as received ----

for kind in cms padded; do
    asked "as-$kind" as-received
    answered "as-$kind" "$kind"
    unzip -p "$job/in/ra/RET-411600-B1-0001.zip" certificates.csv >"$work/certificates.csv"
    columns "$work/certificates.csv" JMMY | sort >"$work/sent"
    columns "$job/out/machine/B1-0001.csv" JMMY | sort >"$work/have"
    same "$work/sent" "$work/have" "JMMY as it came (<) and as the machine gets it (>), $kind"
    finished "as-$kind" --envelope any
done
part "envelope = as-received: cms and padded go to the machine byte for byte"

# ---- what cannot be converted ----

for name in default asn1; do
    asked "padded-$name" "$name"
    answered "padded-$name" padded
    all_held R333 "padded, $name"
    columns "$job/held/match.csv" text_en | has 'padded' || fail "the reason is not told"
done
part "a padded private key is held by match: R333, and why"

# ---- opaque ----

asked opaque default
answered opaque opaque
all_held R330 "opaque, held by default"
asked opaque-skf carry-skf
answered opaque-skf opaque
all_held R333 "opaque, carried to a machine that takes skf"
asked opaque-carry carry
answered opaque-carry opaque
unzip -p "$job/in/ra/RET-411600-B1-0001.zip" certificates.csv >"$work/certificates.csv"
columns "$work/certificates.csv" JMMY | sort >"$work/sent"
columns "$job/out/machine/B1-0001.csv" JMMY | sort >"$work/have"
same "$work/sent" "$work/have" "an opaque JMMY as it came (<) and in the machine file (>)"
finished opaque-carry --envelope any
part "opaque: held with R330; carry with skf R333; carry with as-received goes as it came"

# ---- faults in every form ----

for kind in skf skf-long sdf asn1 cms enveloped mixed; do
    asked "faults-$kind" default
    answered "faults-$kind" "$kind" --fault envelope-key:0.2 --fault envelope-shape:0.2
    columns "$work/faults-$kind/ra/truth.csv" AAZ500 code | sort >"$work/truth"
    columns "$job/in/keys/application.csv" AAZ500 AAZ501 | sort |
        join -t $'\t' - "$work/truth" | awk -F'\t' -v OFS='\t' '$3 != "" { print $2, $3 }' |
        sort >"$work/want"
    held "$job" match | cut -f1,2 >"$work/have"
    same "$work/want" "$work/have" "planted (<) and held (>), $kind"
    for code in R330 R331; do
        grep -qP "\t$code\$" "$work/have" || fail "$kind: no card with $code: take more cards"
    done
    machine_play "$work/faults-$kind" "$job" --chips "$work/s"
done
part "damaged ones are R330, another certificate's R331, in every form; the others open"

# ---- what nobody can tell without the card, the card tells ----

# refused_by_machine KIND TEXT: match lets it pass, the machine opens it and stops.
refused_by_machine()
{
    asked "$1" default
    answered "$1" "$1"
    equal "$(columns "$job/out/machine/B1-0001.csv" JMMY | wc -l)" "$cards" "rows, $1"
    expect 1 "$PERSOLINE_SANDBOX" machine --in "$job/out/machine" --out "$job/in/machine" \
        --state "$work/$1/machine" --chips "$work/s"
    said "$2"
}

refused_by_machine foreign 'JMMY: opens to another private key'
refused_by_machine other-card 'JMMY: the card.s key does not open it'
part "another private key in envelopedData, another card's envelope: only the card can tell"

# ---- the profile changes after match ----

asked changed as-received
ra_answer "$work/changed" "$job" --envelope padded
expect 0 "$PERSOLINE" collect "$job" "$job"/in/ra/RET-411600-B1-0001.zip
expect 0 "$PERSOLINE" match "$job"
equal "$(states "$job" | cut -f2 | sort -u)" "matched" "cards for a machine that takes all"
cp "$work/changed/site/profiles/asn1.conf" "$work/changed/site/profiles/as-received.conf"
expect 3 "$PERSOLINE" personalize "$job"
equal "$(held "$job" personalize | cut -f2 | sort | uniq -c | tr -s ' ')" " $cards R333" \
    "held by personalize after the profile changed"
[ -z "$(ls "$job/out/machine")" ] || fail "a machine file of what the machine cannot take"
part "what the profile of another machine cannot take is held by personalize: R333"

# The same after the machine wanted some cards again: its first file was what it could take.
asked again as-received
ra_answer "$work/again" "$job" --envelope padded
expect 4 "$PERSOLINE" run "$job"
machine_play "$work/again" "$job" --envelope any --retry 0.5
expect 4 "$PERSOLINE" close "$job" "$job"/in/machine/B1-0001.result.csv
states "$job" | awk '$2 == "retry" { print $1 }' | sort >"$work/want"
[ -s "$work/want" ] || fail "the machine wants no card again"
cp "$work/again/site/profiles/as-received.conf" "$work/kept.conf"
cp "$work/again/site/profiles/asn1.conf" "$work/again/site/profiles/as-received.conf"
expect 3 "$PERSOLINE" personalize "$job"
columns "$job/held/personalize.csv" AAZ501 code from_state | tr '\t' ' ' >"$work/have"
same <(sed 's/$/ R333 retry/' "$work/want") <(sort "$work/have") "held of those to be tried again"
[ "$(cd "$job/out/machine" && ls -- *.csv)" = B1-0001.csv ] || fail "a second machine file"
cp "$work/kept.conf" "$work/again/site/profiles/as-received.conf"
expect 0 "$PERSOLINE" release "$job" "@$job/held/personalize.csv" --reason "the old machine again"
expect 4 "$PERSOLINE" run "$job"
machine_play "$work/again" "$job" --envelope any
expect 0 "$PERSOLINE" run "$job"
equal "$(balance "$job" written)" "$cards" "written after the release"
closes "$job"
part "cards to be tried again that the machine cannot take any more are held, and can be released"
