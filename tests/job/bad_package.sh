#!/bin/bash
# Packages of the RA that must not have an effect: incomplete, forged, damaged, of somebody else,
# numbered wrongly (CONTRACTS 3, LD/T 03-2022 8.3.5, 8.3.6). Each is refused or waits as a whole.
# shellcheck disable=SC2016  # programs of awk and perl
# shellcheck source=tests/job/refusals.sh
. "$(dirname "$0")/refusals.sh"

flips=200
id=1234567812345678 # of every SM2 signature (GM/T 0009)

# ---- packages to change ----

# copy NAME: the good package with its .sig and .wrap under $work/p/NAME, as $file.
copy()
{
    mkdir -p "$work/p/$1"
    file=$work/p/$1/RET-411600-B1-0001.zip
    cp "$good" "$file"
    cp "$good.sig" "$file.sig"
    cp "$good.wrap" "$file.wrap"
}

# rebuilt NAME MEMBER...: a package of these members of $work/members, by Info-ZIP.
rebuilt()
{
    copy "$1"
    rm "$file"
    (cd "$work/members" && zip -q -0 -X "$file" "${@:2}")
}

waits_for()
{
    expect 4 "$PERSOLINE" collect "$one" "$file"
    said "^$file: waits for RET-411600-B1-0001.zip$1\$"
    unchanged "without $1"
}

# cards JOB: what the ledger says of the cards and their answers; the package by its number only,
# since its bytes may differ where they mean nothing.
cards()
{
    "$PERSOLINE" check "$1" --dump | grep -E '^(card|record|claim)' |
        sed -E 's/RET:1:[0-9a-f]{16}/RET:1/g'
}

# ---- a job that waits for its answer, another with its own ----

world_make "$work/w"
sample_make "$work/s1" --cards 12
sample_make "$work/s2" --cards 3 --seed 8 --batch B2
job_make "$work/w" J1 "$work/s1"
job_make "$work/w" J2 "$work/s2" --batch B2
one=$work/w/site/J1
two=$work/w/site/J2
line_to_ra "$work/w" "$one"
line_to_ra "$work/w" "$two"
cp -a "$work/w/ra" "$work/ra-before"
mkdir -p "$work/answer/two" "$work/other-answer"
"$PERSOLINE_SANDBOX" ra --in "$one/out/ra" --out "$work/answer" --state "$work/w/ra" >"$work/out"
"$PERSOLINE_SANDBOX" ra --in "$two/out/ra" --out "$work/answer/two" --state "$work/w/ra" \
    >"$work/out"
"$PERSOLINE_SANDBOX" ra --in "$one/out/ra" --out "$work/other-answer" --state "$work/ra-before" \
    --fault refused:1 >"$work/out"
good=$work/answer/RET-411600-B1-0001.zip
of_two=$work/answer/two/RET-411600-B2-0001.zip
mkdir "$work/members"
unzip -q "$good" -d "$work/members"
stage "$one" collect

# ---- not there yet ----

copy no-sig
rm "$file.sig"
waits_for .sig
copy no-wrap
rm "$file.wrap"
waits_for .wrap
cp "$good" "$one/in/ra/"
expect 4 "$PERSOLINE" run "$one"
said 'waits for RET-411600-B1-0001.zip.sig'
rm "$one/in/ra/"*.zip
unchanged "while run waits for the .sig"
part "a package without its .sig or .wrap waits and has no effect"

# ---- forged ----

openssl x509 -in "$work/w/ra/ra.cer" -pubkey -noout >"$work/ra.pub"
openssl dgst -sm3 -verify "$work/ra.pub" -sigopt "distid:$id" -signature "$good.sig" \
    "$work/members/manifest.json" >/dev/null || fail "OpenSSL: the good package's own signature"
copy other-key
openssl genpkey -algorithm SM2 -out "$work/other.key" 2>/dev/null
openssl dgst -sm3 -sign "$work/other.key" -sigopt "distid:$id" -out "$file.sig" \
    "$work/members/manifest.json"
refused F133 ': ' "$file"
copy other-manifest
cp "$of_two.sig" "$file.sig"
refused F133 ': ' "$file"
for bytes in 0 1 70 4000; do
    copy "sig-$bytes"
    head -c "$bytes" /dev/zero >"$file.sig"
    refused 'F1[0-9][0-9]' '' "$file"
done
copy folder-sig
rm "$file.sig"
mkdir "$file.sig"
refused 'F1[0-9][0-9]' '' "$file"
unchanged "(forged)"
part "a signature of another key, over another manifest, or none at all is refused"

# ---- members ----

rebuilt control manifest.json certificates.csv chain.pem
cp -a "$work/w" "$work/control"
expect 4 "$PERSOLINE" run "$work/control/site/J1"
expect 0 "$PERSOLINE" collect "$work/control/site/J1" "$file"
said 'issued 12'
part "the same members in another zip are taken, so what follows is refused for its change"
# Without its manifest in front it is no package, and as a plain return it is signed by nobody.
rebuilt order certificates.csv manifest.json chain.pem
refused F133 ': ' "$file"
rebuilt removed manifest.json certificates.csv
refused F132 ': ' "$file"
rebuilt no-manifest certificates.csv chain.pem
refused F133 ': ' "$file"
printf 'x\n' >"$work/members/more.csv"
rebuilt added manifest.json certificates.csv chain.pem more.csv
refused F132 ': ' "$file"
mv "$work/members/certificates.csv" "$work/certificates.csv"
perl -pe 's/,00,/,01,/ if $. == 2' "$work/certificates.csv" >"$work/members/certificates.csv"
rebuilt changed manifest.json certificates.csv chain.pem
refused F130 ': certificates.csv: ' "$file"
head -n 12 "$work/certificates.csv" >"$work/members/certificates.csv"
rebuilt fewer-rows manifest.json certificates.csv chain.pem
refused F130 ': ' "$file"
unzip -q -p "$of_two" certificates.csv >"$work/members/certificates.csv"
rebuilt swapped manifest.json certificates.csv chain.pem
refused F130 ': ' "$file"
mv "$work/certificates.csv" "$work/members/certificates.csv"
cp "$work/members/chain.pem" "$work/chain.pem"
perl -pi -e 's/\n/ / if $. == 2' "$work/members/chain.pem"
rebuilt chain-changed manifest.json certificates.csv chain.pem
refused F130 ': chain.pem: ' "$file"
mv "$work/chain.pem" "$work/members/chain.pem"
perl -pi -e 's/"rows": 12/"rows": 11/' "$work/members/manifest.json"
rebuilt manifest-changed manifest.json certificates.csv chain.pem
refused 'F1(29|3[0-3])' ': ' "$file"
unchanged "(members)"
part "a member swapped, removed, added, cut or changed refuses the package"

# ---- one bit flipped ----

mkdir "$work/flip"
perl -e 'my ($from, $dir, $want) = @ARGV; local $/; open my $f, "<:raw", $from; my $zip = <$f>;
    my $n = length $zip;
    for my $i (0 .. $want - 1) {
        # ends of the file, where the headers are, and the whole of it
        my $at = $i < 40 ? $n - 1 - 10 * $i : $i < 80 ? 5 * ($i - 40)
            : int($n * ($i - 80) / ($want - 80));
        my $flipped = $zip;
        substr($flipped, $at, 1) ^= chr(1 << $i % 8);
        my $to = sprintf "%s/%06d-%d.zip", $dir, $at, $i % 8;
        open my $o, ">:raw", $to; print $o $flipped; close $o;
        link "$from.$_", "$to.$_" for "sig", "wrap" }' "$good" "$work/flip" "$flips"
cp -a "$work/w" "$work/flipped"
set -- "$work"/flip/*.zip
[ $# -ge $((flips - 10)) ] || fail "only $# flipped packages"
expect 1 "$PERSOLINE" collect "$work/flipped/site/J1" "$@"
# The first whose flip means nothing to the members is taken; the next is a replay of its manifest.
sed -n 's/^collect: file \(.*\), rows.*/\1/p; s/^collect: file \(.*\), known .*/\1/p' "$work/out" \
    >"$work/void"
equal $(($(grep -c ' \[F' "$work/err") + $(grep -c . "$work/void"))) $# \
    "flipped packages refused, taken or known"
[ "$(grep -c . "$work/void")" -le 20 ] || fail "too many flips have no effect: $(cat "$work/void")"
cards "$work/control/site/J1" >"$work/want"
while IFS= read -r file; do
    [ -n "$file" ] || continue
    rm -rf "$work/flipped"
    cp -a "$work/w" "$work/flipped"
    expect 0 "$PERSOLINE" collect "$work/flipped/site/J1" "$file"
    cards "$work/flipped/site/J1" >"$work/have"
    same "$work/have" "$work/want" "$file was taken with another content"
done <"$work/void"
part "$# packages with one bit flipped: refused, or ($(grep -c . "$work/void")) of the same content"

# ---- somebody else's ----

mkdir "$work/else"
expect 0 "$PERSOLINE" site init "$work/else/site" --name elsewhere
expect 0 "$PERSOLINE_SANDBOX" ra init "$work/else/ra" --site "$work/else/site" --seed 7
expect 0 "$PERSOLINE_SANDBOX" machine init "$work/else/machine" --site "$work/else/site"
cmp -s "$work/else/ra/ra.cer" "$work/w/ra/ra.cer" || fail "the RA has another key for another site"
job_make "$work/else" J1 "$work/s1"
line_to_ra "$work/else" "$work/else/site/J1"
ra_answer "$work/else" "$work/else/site/J1"
of_else=$work/else/site/J1/in/ra/RET-411600-B1-0001.zip
refused F134 ': recipient: .*have elsewhere, want site' "$of_else"
refused F105 ': batch: .*B2' "$of_two"
mkdir "$work/p/kinds"
for end in '' .sig; do
    cp "$one/out/ra/REQ-411600-B1-0001.zip$end" "$work/p/kinds/"
done
refused F133 ': ' "$work/p/kinds/REQ-411600-B1-0001.zip"
refused F126 ':1: code: ' "$work/s1/keys/application.csv"
unchanged "(somebody else's)"
part "a package for another site, of another batch or of another kind is refused"

# ---- the key of the file ----

copy wrap-of-two
cp "$of_two.wrap" "$file.wrap" # opens, since it is sealed to us, but it is the key of another file
refused F136 ': .*12 sealed answers.*another package' "$file"
copy wrap-of-else
cp "$of_else.wrap" "$file.wrap"
refused F136 ': ' "$file"
copy wrap-flipped
perl -pi -e 'BEGIN { $/ = undef } substr($_, 100, 1) ^= "\1"' "$file.wrap"
refused F136 ': ' "$file"
for bytes in 0 1 140; do
    copy "wrap-$bytes"
    head -c "$bytes" /dev/zero >"$file.wrap"
    refused 'F1[0-9][0-9]' '' "$file"
done
unchanged "(wrap)"
part "a .wrap of another package, for another site or damaged refuses the file, not its cards"

# ---- numbers ----

cp "$good" "$good.sig" "$good.wrap" "$one/in/ra/"
expect 4 "$PERSOLINE" run "$one"
said 'issued 12'
equal "$(balance "$one" held)" 0 "cards held after the good package"
stage "$one" collect
copy again
mv "$file" "$work/p/again/renamed.zip"
mv "$file.sig" "$work/p/again/renamed.zip.sig"
mv "$file.wrap" "$work/p/again/renamed.zip.wrap"
expect 0 "$PERSOLINE" collect "$one" "$work/p/again/renamed.zip"
said 'known'
unchanged "of a replay"
refused F135 ': sequence: .*have 1' "$work/other-answer/RET-411600-B1-0001.zip"
unchanged "of a used number"
part "after all that the good package is taken; a replay does nothing; a used number is refused"

sample_make "$work/s3" --cards 12 --seed 9 --batch B3
job_make "$work/w" J3 "$work/s3" --batch B3
three=$work/w/site/J3
line_to_ra "$work/w" "$three"
mkdir "$work/late"
for turn in 1 2; do
    expect 0 "$PERSOLINE_SANDBOX" ra --in "$three/out/ra" --out "$work/late" --state "$work/w/ra" \
        --fault late:0.4 --fault zero-byte:0.3
done
second=$work/late/RET-411600-B3-0002.zip
[ -f "$second" ] || fail "the RA gave no late return in turn $turn"
expect 4 "$PERSOLINE" collect "$three" "$second"
said "$second.*sequence: have 2 after 0: packages between are not here"
late=$(balance "$three" open)
[ "$late" -gt 0 ] || fail "nothing is open after the second package alone"
expect 3 "$PERSOLINE" collect "$three" "$work/late/RET-411600-B3-0001.zip"
part "a gap in an RA's numbers warns, and the missing package is taken when it comes"
columns "$work/w/ra/truth.csv" AAZ500 fault | awk '$2 == "zero-byte" { print $1 }' |
    sort >"$work/want"
[ -s "$work/want" ] || fail "no zero-byte certificate was planted"
columns "$three/in/keys/application.csv" AAZ501 AAZ500 | sort >"$work/numbers"
held "$three" collect | cut -f1,2 | join -t "$(printf '\t')" - "$work/numbers" |
    cut -f2,3 | sort >"$work/codes"
equal "$(cut -f1 "$work/codes" | sort -u)" R303 "codes of cards with a zero-byte certificate"
cut -f2 "$work/codes" | sort >"$work/have"
same "$work/have" "$work/want" "held (<) and answered with a zero-byte certificate (>)"
expect 4 "$PERSOLINE" run "$three"
equal "$(awk 'END { print NR - 1 }' "$three/out/machine/B3-0001.csv")" \
    $((12 - $(wc -l <"$work/want"))) "cards in the machine file"
part "a zero-byte certificate holds exactly its card, the rest of the return goes on"
