#!/bin/bash
# Every row of every machine file, judged anew by a program that shares no code with Persoline:
# recheck.pl (issue 3, "must show" 3; DESIGN 1 rule 3). Then the judge itself is tested.
. "$(dirname "$0")/lib.sh"

world_make "$work/w"
sed -i 's/^machine_cards = .*/machine_cards = 100/' "$work/w/site/persoline.conf"
sample_make "$work/s" --cards 400 --faults 0.1
job_make "$work/w" B1 "$work/s"
job=$work/w/site/B1
for kind in partial conflict refused wrong-key wrong-person wrong-id foreign-ca expired not-yet \
    swapped bad-signature envelope-key envelope-shape seal late doubled; do
    ra_args+=(--fault "$kind:0.01")
done
line_to_machine "$work/w" "$job"

# Cards that must not be there: the sample's truth, and the RA's where it is a fault of the answer.
{
    columns "$work/s/truth.csv" AAZ501
    columns "$work/w/ra/truth.csv" AAZ500 code | awk -F'\t' '$2 != ""' >"$work/ra-truth"
    columns "$work/s/keys/application.csv" AAZ500 AAZ501 |
        awk -F'\t' 'NR == FNR { card[$1] = $2; next } { print card[$1] }' - "$work/ra-truth"
} | sort -u >"$work/held"

# recheck CODE MACHINE-FILE...
recheck()
{
    rm -rf "$work/certificates"
    expect "$1" perl "$here/recheck.pl" --application "$work/s/keys/application.csv" \
        --issuance "$work/s/issuance/issuance.csv" --held "$work/held" \
        --root "$work/w/ra/root.cer" --issuing "$work/w/ra/issuing.cer" \
        --sender "$work/w/site/site.cer" --date "$job_date" --work "$work/certificates" "${@:2}"
}

files=("$job"/out/machine/*.csv)
[ "${#files[@]}" -ge 3 ] || fail "have ${#files[@]} machine files, want 3 or more"
recheck 0 "${files[@]}"
part "rechecked: $(<"$work/out"); $(wc -l <"$work/held") cards held and absent"

# ---- does the judge see what is wrong? ----

# mutant WANT PERL TEXT...: PERL edits @rows (of arrays, 0 is the header, %at the columns) of the
# first file. The judge must say WANT.
mutant()
{
    local want=$1 edit=$2
    shift 2
    rm -rf "$work/mutant"
    cp -a "$job/out/machine" "$work/mutant"
    perl -e 'my ($edit, $in, $out) = @ARGV; open my $f, "<:raw", $in or die; my @rows;
        while (<$f>) { chomp; push @rows, [split /,/, $_, -1] }
        my %at; @at{@{ $rows[0] }} = 0 .. $#{ $rows[0] };
        eval $edit; die $@ if $@;
        open my $g, ">:raw", $out or die; print $g join(",", @$_), "\n" for @rows' \
        "$edit" "${files[0]}" "$work/mutant/$(basename "${files[0]}")"
    recheck 1 "$work"/mutant/*.csv
    said "$want"
    said 'SM3 is not the manifest'
    part "the judge sees $*"
}

swap='my $c = $at{COLUMN}; ($rows[2][$c], $rows[3][$c]) = ($rows[3][$c], $rows[2][$c])'
mutant 'row 2: QMZS: its key is not QMGY' "${swap/COLUMN/QMZS}" "two QMZS swapped"
said 'row 3: QMZS: its key is not QMGY'
equal "$(grep -c 'its key is not QMGY' "$work/out")" 2 "rows with a foreign QMZS"
mutant 'row 2: JMMY: its key is not the key of JMZS' "${swap/COLUMN/JMZS}" "two JMZS swapped"
mutant 'row 3: JMMY: its key is not the key of JMZS' "${swap/COLUMN/JMMY}" "two JMMY swapped"
mutant 'row 2: AAC003 is not the issuance' "${swap/COLUMN/AAC003}" "two names swapped"
mutant 'row 2: QMGY is not the key applied for' "${swap/COLUMN/QMGY}" "two keys swapped"
mutant 'row 2: QMZS: key usage' '$rows[2][$at{QMZS}] = $rows[2][$at{JMZS}]' "JMZS in QMZS's place"
mutant 'row 2: QMZS: openssl verify refuses' \
    'substr($rows[2][$at{QMZS}], -12, 4) =~ tr/A-Za-z/N-ZA-Mn-za-m/' \
    "a signature with changed bytes"
mutant 'in no machine file' 'splice @rows, 2, 1' "a row that is missing"
mutant 'stands here a second time' 'push @rows, [@{ $rows[2] }]' "a row that stands twice"
sed -n 1p "$work/held" >"$work/one"
mutant 'a card that was not applied for|a card that must be held' \
    '$rows[2][$at{AAZ501}] = "'"$(<"$work/one")"'"' "a held card's row"
cp -a "$job/out/machine" "$work/unsigned"
sed -i 's/"date": "2025/"date": "2026/' "$work/unsigned/$(basename "${files[0]}").manifest.json"
recheck 1 "$work"/unsigned/*.csv
said 'not signed by the site'
part "the judge sees a manifest that was changed after it was signed"
