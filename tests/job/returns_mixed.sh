#!/bin/bash
# Everything that an RA may send in one folder: records, certificates in every form, the chain,
# foreign ones, doubles; two cards of one person; certificates that come in two returns (issue 5).
. "$(dirname "$0")/lib.sh"

cards=40
first_draw=${PERSO_SEED:-$(($(date +%s) % 32768))}
echo "seed $first_draw: PERSO_SEED repeats the points"
RANDOM=$first_draw
world_make "$work/w"
sample_make "$work/s" --cards "$cards"

# Two cards of one person: the second row takes the first one's person in both files.
perl -pi -e 'my @c = split /,/; if ($. == 1) { %at = map { $c[$_] => $_ } 0 .. $#c; next }
    @p = @c[@at{qw(AAC002 AAC003)}] if $. == 2;
    if ($. == 3) { @c[@at{qw(AAC002 AAC003)}] = @p; $_ = join ",", @c }' \
    "$work/s/keys/application.csv"
rm -f "$work"/s/*/*.manifest.json
first=$(columns "$work/s/keys/application.csv" AAZ501 | sed -n 1p)
second=$(columns "$work/s/keys/application.csv" AAZ501 | sed -n 2p)
perl -e 'my ($first, $second, $file) = @ARGV; open my $f, "<", $file or die; my @rows = <$f>;
    my %at; my @h = split /,/, $rows[0]; @at{@h} = 0 .. $#h; my %person;
    my @personal = grep { exists $at{$_} } qw(AAC002 AAC003 AAC004 AAC005 AAC006);
    for (@rows) { my @c = split /,/;
        @person{@personal} = @c[@at{@personal}] if $c[$at{AAZ501}] eq $first }
    for (@rows) { my @c = split /,/; next if $c[$at{AAZ501}] ne $second;
        @c[@at{@personal}] = @person{@personal}; $_ = join ",", @c }
    open $f, ">", $file or die; print $f @rows' "$first" "$second" "$work/s/issuance/issuance.csv"
job_make "$work/w" B1 "$work/s"
# The requests name the persons that the cards had before.
sed -i 's/^subject_check = .*/subject_check = no/' "$work/w/site/profiles/default.conf"
line_to_ra "$work/w" "$work/w/site/B1"
equal "$(balance "$work/w/site/B1" held)" 0 "held before the RA"
cp -a "$work/w" "$work/asked"

answered()
{
    rm -rf "$work/one"
    cp -a "$work/asked" "$work/one"
    job=$work/one/site/B1
    ra_answer "$work/one" "$job" "$@"
    return_path=$(find "$job/in/ra" -mindepth 1 -maxdepth 1 -name 'RET-*' \
        ! -name '*.sig' ! -name '*.wrap')
}

profile_set()
{
    perl -0pi -e 's/(\[return\].*?\n'"$1"' = )[^\n]*/$1'"$2"'/s' \
        "$work/one/site/profiles/default.conf"
}

# answer_xml ARGUMENT...: $xml, the same answers as records, of an RA that has answered nothing.
answer_xml()
{
    rm -rf "$work/second" "$work/ra-again"
    mkdir "$work/second"
    cp -a "$work/asked/ra" "$work/ra-again"
    expect 0 "$PERSOLINE_SANDBOX" ra --in "$job/out/ra" --out "$work/second" \
        --state "$work/ra-again" --return xml "$@"
    xml=$(find "$work/second" -name '*.xml')
}

# ---- golden ----

answered
expect 4 "$PERSOLINE" run "$job"
said "matched $cards, held 0"
cp "$job/out/machine/B1-0001.csv" "$work/golden.csv"
states "$job" >"$work/golden.states"

# ---- all in one folder, doubled, with subfolders and a second table ----

answered --return mixed
profile_set unsigned yes
folder=$return_path
mkdir "$folder/more"
for file in "$folder"/*.cer "$folder"/*.pem; do
    cp "$file" "$folder/more/again-$(basename "$file")"
done
cp "$work/one/ra/root.cer" "$folder/more/root.crt"
expect 1 "$PERSOLINE" collect "$job" "$folder"
said 'F133'
said 'signature of ra is not valid'
rm "$folder.sig"
expect 3 "$PERSOLINE" collect "$job" "$folder"
cat "$work/out" "$work/err" >"$work/told"
grep -qE 'doubled [1-9]' "$work/told" || fail "the same certificate twice is not told"
# The certificates of two cards of one person: their encryption certificates fit both, and every
# second card's come as files alone.
n_unclear=$(columns "$job/reports/orphans.csv" why | grep -c 'more than one card' || true)
[ "$n_unclear" -ge 1 ] || fail "no encryption certificate that fits two cards"
said "encryption certificates fit more than one card"
held "$job" collect >"$work/held"
columns "$job/held/collect.csv" AAZ501 code field | sort >"$work/held"
while IFS=$'\t' read -r card code field; do
    [ "$card" = "$first" ] || [ "$card" = "$second" ] || fail "held: $card $code $field"
    equal "$code $field" "R303 JMZS" "a card whose encryption certificate is not clear"
done <"$work/held"
[ -s "$work/held" ] || fail "nothing is held of the two cards"
expect 4 "$PERSOLINE" run "$job"
columns "$job/out/machine/B1-0001.csv" AAZ501 QMZS JMZS JMMY | sort >"$work/have"
columns "$work/golden.csv" AAZ501 QMZS JMZS JMMY |
    grep -vE "$(cut -f1 "$work/held" | paste -sd'|')" | sort >"$work/want"
same "$work/have" "$work/want" "machine file of all but the unclear ones"
columns "$job/reports/orphans.csv" why SM3 | sort -u >"$work/orphans"
equal "$(grep -cE '^no such request in this job	[0-9a-f]{64}$' "$work/orphans")" 6 "foreign ones"
equal "$(wc -l <"$work/orphans")" "$((6 + $(wc -l <"$work/held")))" "orphans by digest"
expect 0 "$PERSOLINE" check "$job"
closes "$job"
part "one folder with everything: doubles count once, foreign ones are orphans, two cards of one" \
    "person get no certificate that may be the other's"

# ---- a record of both cards settles them, since its key names the card ----

answer_xml --unsigned
expect 0 "$PERSOLINE" collect "$job" "$xml"
said "issued $(wc -l <"$work/held"), refused 0, held 0"
expect 4 "$PERSOLINE" run "$job"
states "$job" >"$work/states"
same "$work/states" "$work/golden.states" "states"
part "a later record settles them: its key names the card; the others' answers are known already"

# ---- signing certificates first, encryption certificates later, the rest last ----

answered --return cer --items QMZS,JMZS --unsigned
profile_set unsigned yes
mkdir "$work/sign" "$work/enc"
for file in "$return_path"/*.*; do
    case $file in *.p7b | */chain.pem) continue ;; esac
    form=DER
    ! grep -q BEGIN "$file" || form=PEM
    if ! openssl x509 -inform "$form" -in "$file" -noout -ext keyUsage >"$work/usage" \
        2>"$work/err"; then
        base64 -d "$file" >"$work/der"
        openssl x509 -inform DER -in "$work/der" -noout -ext keyUsage >"$work/usage"
    fi
    to=$work/enc
    ! grep -q 'Digital Signature' "$work/usage" || to=$work/sign
    cp "$file" "$to/"
done
n_sign=$(find "$work/sign" -type f | wc -l)
[ "$n_sign" -gt 10 ] || fail "too few signing certificates: $n_sign"
expect 4 "$PERSOLINE" collect "$job" "$work/sign"
said "issued 0"
"$PERSOLINE" collect "$job" "$work/enc" >"$work/out" 2>"$work/err" || [ $? -ge 3 ]
columns "$job/held/collect.csv" field | sort | uniq -c >"$work/fields"
has 'JMMY' <"$work/fields" || fail "no card has both certificates now: $(<"$work/fields")"
answer_xml --items JMMY,GLYPIN,ZKMY
sed -i 's,<code>00</code>,,' "$xml"
rm "$xml.sig"
"$PERSOLINE" collect "$job" "$xml" >"$work/out" 2>"$work/err" || [ $? -ge 3 ]
complete=$(perl -ne 'print $1 if /issued (\d+)/' "$work/out")
[ "$complete" -gt 5 ] || fail "only $complete cards are complete after three returns"
expect 4 "$PERSOLINE" run "$job"
said "matched $complete, held 0"
columns "$job/out/machine/B1-0001.csv" AAZ501 QMZS JMZS JMMY | sort >"$work/have"
columns "$work/golden.csv" AAZ501 QMZS JMZS JMMY | sort | comm -23 "$work/have" - >"$work/other"
[ ! -s "$work/other" ] || fail "not what the package gives: $(head -n 1 "$work/other")"
part "certificates and keys in three returns: $complete cards complete, by what each of them names"

# ---- cut off at every point, and repeated ----

[ -x "${PERSOLINE_CUT:-}" ] || fail "set PERSOLINE_CUT to persoline-cut"
answered --return mixed
cp -a "$work/one" "$work/whole"
folder=${return_path#"$work/one/"}
PERSO_CUT_COUNT=$work/count "$PERSOLINE_CUT" collect "$work/whole/site/B1" "$work/whole/$folder" \
    >"$work/out" 2>"$work/err" || [ $? -ge 3 ] || fail "collect: $(tail -n 3 "$work/err")"
n=$(<"$work/count")
[ "$n" -ge 8 ] || fail "only $n points"
dump "$work/whole/site/B1" >"$work/want"
step=8
[ -z "${PERSO_FULL:-}" ] || step=1
for ((i = RANDOM % step + 1; i <= n; i += step)); do
    rm -rf "$work/one"
    cp -a "$work/whole" "$work/one" # the folder itself stays where it is: nothing touches it
    rm -rf "$work/one/site"
    cp -a "$work/asked/site" "$work/one/site"
    cp -a "$work/whole/$folder" "$work/whole/$folder.sig" "$work/whole/$folder.wrap" \
        "$work/one/site/B1/in/ra/"
    code=0
    { PERSO_CUT=$i "$PERSOLINE_CUT" collect "$work/one/site/B1" "$work/one/$folder" \
        >"$work/out" 2>"$work/err" </dev/null || code=$?; } 2>/dev/null
    equal "$code" 137 "exit code of a run that is cut off at $i"
    expect 0 "$PERSOLINE" status "$work/one/site/B1"
    "$PERSOLINE" collect "$work/one/site/B1" "$work/one/$folder" >"$work/out" 2>"$work/err" ||
        [ $? -ge 3 ] || fail "collect after a cut at $i: $(tail -n 3 "$work/err")"
    dump "$work/one/site/B1" >"$work/have"
    same "$work/have" "$work/want" "the ledger after a cut at $i (<) and undisturbed (>)"
    diff -r "$work/one/site/B1/reports" "$work/whole/site/B1/reports" >"$work/out" ||
        fail "reports after a cut at $i"
    diff -r "$work/one/site/B1/held" "$work/whole/site/B1/held" >"$work/out" ||
        fail "held after a cut at $i"
done
part "cut off at its $n points (by $step) and repeated, collect ends as undisturbed"
