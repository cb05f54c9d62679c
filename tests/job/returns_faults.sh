#!/bin/bash
# Returns that are wrong: ids that contradict each other, secrets that nobody vouches for, faults of
# the RA, damaged files; nothing of a refused one counts (issue 5; LD/T 03-2022 8.3.5, 8.3.6).
. "$(dirname "$0")/lib.sh"

cards=40
world_make "$work/w"
sample_make "$work/s" --cards "$cards"
job_make "$work/w" B1 "$work/s"
line_to_ra "$work/w" "$work/w/site/B1"
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

# refused CODE [TEXT]: collect says so, and nothing of it is there afterwards.
refused()
{
    dump "$job" | grep -v '"refuse"\|refuse|' >"$work/before"
    expect 1 "$PERSOLINE" collect "$job" "$return_path"
    said "$1"
    [ $# -lt 2 ] || said "$2"
    equal "$(states "$job" | awk -F'\t' '$2 == "submitted"' | wc -l)" "$cards" "submitted after $1"
    expect 0 "$PERSOLINE" check "$job"
}

# ---- whose is it? ----

answered --return json --secrets clear --unsigned
profile_set secrets clear
profile_set unsigned yes
perl -MJSON::PP -e 'my ($in, $asked) = @ARGV; local $/; open my $f, "<", $in or die;
    my $d = decode_json(<$f>); my @r = sort { $a->{request_id} cmp $b->{request_id} } @{$d->{data}};
    sub swap { my ($a, $b, @k) = @_; @$a{@k} = @$b{@k} }
    swap($r[0], $r[20], "SHBZHM");             # AAC002 of another person
    swap($r[1], $r[21], "KH");                 # AAZ500 of another card
    $r[2]{AAZ501} = "411600D1560000051234567812345678"; # a card of nobody
    swap($r[3], $r[22], "request_id");         # key of one, request of another
    $r[4]{XM} = "\x{674e}\x{56db}\x{4e94}";    # another name
    $r[5]{KH} = "4.1E+08";                     # no card number
    swap($r[6], $r[23], "QMZS");               # the key names the other card
    delete $r[7]{$_} for qw(request_id SHBZHM KH XM); # only the key
    delete $r[8]{$_} for qw(request_id QMZS);  # person and card number
    delete $r[9]{$_} for qw(request_id KH QMZS);      # a person alone is not enough
    $r[10]{QMGY} = "00" x 64;
    delete $r[11]{$_} for qw(QMZS JMZS JMMY GLYPIN ZKMY code); # says nothing
    open $f, ">", $in or die; print $f encode_json($d);
    print join("\n", map { $_->{request_id} // "" } @r), "\n"' "$return_path" >"$work/ids"
expect 4 "$PERSOLINE" collect "$job" "$return_path"
columns "$job/held/collect.csv" code field | sort | uniq -c | sed 's/^ *//' >"$work/have"
printf '%s\n' "1 R201	AAC002" "1 R201	AAC003" "2 R201	AAZ500" "1 R201	AAZ501" "1 R201	QMGY" \
    "1 R201	request_id" >"$work/want"
grep -v 'R30' "$work/have" | sort >"$work/differs"
sort "$work/want" >"$work/wanted"
columns "$job/held/collect.csv" AAZ501 code field >"$work/all"
# The card whose key r[6] took has two answers that differ: its own, and one that names another.
grep -q 'R201' "$work/all" || fail "no card is held"
for column in AAC002 AAZ500 AAZ501 request_id AAC003 QMGY; do
    grep -q "R201	$column\$" "$work/all" || fail "no card is held for $column: $(<"$work/all")"
done
said '1 records have neither a code nor an item'
equal "$(columns "$job/reports/orphans.csv" why | grep -c 'no such request')" 1 "a person alone"
# Not one secret of a record that contradicts itself has come to a card.
expect 4 "$PERSOLINE" run "$job"
columns "$job/out/machine/B1-0001.csv" AAZ501 | sort >"$work/written"
cut -f1 "$work/all" | sort >"$work/held-ids"
comm -12 "$work/written" "$work/held-ids" >"$work/both"
[ ! -s "$work/both" ] || fail "a card with contradicting ids goes to the machine"
closes "$job"
part "every identifier that a record states must name the same card: R201 with the column"

# ---- secrets that nobody vouches for ----

answered --return table
rm "$return_path.wrap"
refused F136 'secrets = |\[return\] secrets'
answered --return xml
rm "$return_path.sig"
refused F133 'unsigned = yes'
answered --return xml
perl -0777 -pi -e 'substr($_, 40, 1) ^= "\x01"' "$return_path.sig"
refused F133
answered --return xml
perl -pi -e '$done ||= s/GLYPIN>(.)/"GLYPIN>" . ($1 eq "A" ? "B" : "A")/e' "$return_path"
refused F133 'signature of ra is not valid'
answered --return xml
cp "$work/asked/site/B1/out/ra/"REQ-*.zip.sig "$return_path.sig"
refused F133
answered --return table --secrets clear
refused F136 # declared as wrapped
answered --return table --secrets clear
profile_set secrets sm2
refused F104 'none of 40 answers has secrets that can be read as .* secrets = sm2 says'
perl "$here/leak.pl" <(columns "$return_path" ZKMY | sed 's/^/ZKMY\t/; s/$/\th/') \
    "$job/ledger.db" "$job"/data/*.seg "$job"/held/* >"$work/leaks" ||
    fail "a clear key stands in the job: $(head -n 1 "$work/leaks")"
answered --return table
rm -r "$work/one/site/trust"
mkdir "$work/one/site/trust"
refused F133 'trust'
part "secrets without key, signature or the form that was agreed are refused, with what to do"

# ---- faults of the RA, as far as the form can carry them ----

for form in table json; do
    for secrets in wrapped sm2; do
        answered --return "$form" --secrets "$secrets" --fault partial:0.05 --fault zero-byte:0.05 \
            --fault doubled:0.05 --fault conflict:0.05 --fault refused:0.05 --fault wrong-key:0.05 \
            --fault wrong-person:0.05 --fault wrong-id:0.05 --fault foreign-ca:0.05 \
            --fault expired:0.05 --fault swapped:0.05 --fault bad-signature:0.05 --fault cut:0.05 \
            --fault trailing:0.05 --fault item-shape:0.05 --fault envelope-shape:0.05 \
            --fault envelope-key:0.05 --fault seal:0.05 --fault secret-shape:0.05
        profile_set secrets "$secrets"
        "$PERSOLINE" collect "$job" "$return_path" >"$work/out" 2>"$work/err" || [ $? -ge 3 ]
        "$PERSOLINE" run "$job" >"$work/out" 2>"$work/err" || [ $? -ge 3 ]
        columns "$work/one/ra/truth.csv" AAZ500 code stage >"$work/truth"
        columns "$job/in/keys/application.csv" AAZ500 AAZ501 | awk -F'\t' '
            NR == FNR { card[$1] = $2; next }
            $2 != "" { print card[$1] "\t" $2 "\t" $3 }' - "$work/truth" | sort >"$work/want"
        held "$job" collect match >"$work/have"
        [ -s "$work/want" ] || fail "no fault is planted"
        same "$work/have" "$work/want" "$form, $secrets: held (<) and planted (>)"
        closes "$job"
        part "$form, $secrets: $(wc -l <"$work/want") faults, each held with its code"
    done
done

# Certificates alone: what cannot be read is nobody's, what can is judged.
answered --return cer --items QMZS,JMZS --fault cut:0.1 --fault wrong-key:0.1 --fault swapped:0.1 \
    --fault conflict:0.1 --fault doubled:0.1 --fault foreign-ca:0.1
profile_set items QMZS,JMZS
"$PERSOLINE" collect "$job" "$return_path" >"$work/out" 2>"$work/err" || [ $? -ge 3 ]
said 'not a certificate|R310|orphans'
"$PERSOLINE" run "$job" >"$work/out" 2>"$work/err" || [ $? -ge 3 ]
columns "$work/one/ra/truth.csv" AAZ500 fault | sort >"$work/truth"
columns "$job/in/keys/application.csv" AAZ500 AAZ501 | sort |
    join -t "$(printf '\t')" "$work/truth" - | cut -f2,3 >"$work/faults"
states "$job" >"$work/states"
while IFS=$'\t' read -r fault card; do
    state=$(awk -F'\t' -v id="$card" '$1 == id { print $2 " " $3 }' "$work/states")
    case $fault in
    cut | wrong-key) want="held R303" ;; # QMZS is nobody's
    swapped) want="prepared " ;;         # usage tells which is which
    conflict) want="held R302" ;;
    foreign-ca) want="held R313" ;;
    doubled) want="prepared " ;;
    esac
    equal "$state" "$want" "$fault of certificates alone: $card"
done <"$work/faults"
[ "$(cut -f1 "$work/faults" | sort -u | wc -l)" -ge 5 ] || fail "too few kinds: $(<"$work/faults")"
closes "$job"
part "certificates alone: $(wc -l <"$work/faults") faults, each as it must be"

# ---- damaged and hostile ----

answered --return xml --unsigned
profile_set unsigned yes
size=$(stat -c %s "$return_path")
cp "$return_path" "$work/whole.xml"
for at in 10 $((size / 3)) $((size - 5)); do
    head -c "$at" "$work/whole.xml" >"$return_path"
    refused 'F1'
done
sed 's/UTF-8/GBK/' "$work/whole.xml" >"$return_path"
refused F120
{ printf '<!DOCTYPE a [<!ENTITY b SYSTEM "/etc/passwd">]>'; cat "$work/whole.xml"; } >"$return_path"
refused F104
part "XML cut, in another encoding, with entities: refused, nothing counts"

answered --return cer --items QMZS,JMZS --unsigned
profile_set items QMZS,JMZS
ln -s /etc/passwd "$return_path/link.cer"
refused F102 'link'
rm "$return_path/link.cer"
mkdir -p "$return_path/a/b"
refused F102
rm -r "$return_path/a"
echo x >"$return_path/notes.txt"
refused F126 'member'
! grep -q notes.txt "$work/err" || fail "a member's name is told"
rm "$return_path/notes.txt"
ln -s "$return_path" "$work/folder-link"
saved=$return_path
return_path=$work/folder-link
refused F102
return_path=$work/empty
mkdir "$return_path"
refused F103
return_path=$saved
openssl ecparam -name prime256v1 -genkey -noout >"$return_path/key.pem" 2>"$work/err"
expect 0 "$PERSOLINE" collect "$job" "$return_path"
said 'member [0-9]+: not a certificate'
part "folders with links, deep ones, foreign files and keys"

answered --return cer.zip --items QMZS,JMZS --unsigned
profile_set items QMZS,JMZS
head -c $(($(stat -c %s "$return_path") / 2)) "$return_path" >"$work/half"
cp "$work/half" "$return_path"
refused F110
answered --return table
printf '{"rows": 41}' >"$return_path.manifest.json"
refused F129
printf '{"rows": 40, "date": "2025-03-14"}' >"$return_path.manifest.json"
expect 0 "$PERSOLINE" collect "$job" "$return_path"
part "archive cut, rows that are not as many as its manifest says"

# ---- a return's date: from its manifest, else the day when it was taken ----

for date in 2025-03-14 2025-06-01; do
    answered --return table --fault not-yet:1
    printf '{"date": "%s"}' "$date" >"$return_path.manifest.json"
    "$PERSOLINE" collect "$job" "$return_path" >"$work/out" 2>"$work/err" || [ $? -ge 3 ]
    "$PERSOLINE" match "$job" >"$work/out" 2>"$work/err" || [ $? -ge 3 ]
    want="matched $cards, held 0"
    [ "$date" != 2025-03-14 ] || want="matched 0, held $cards"
    said "$want"
done
part "validity begins at the date of the manifest"

# ---- parties that ask no RA ----

expect 0 "$PERSOLINE" init "$work/one/site/V" --mode 1 --batch V --division 411600 --vendor V1 \
    --role vendor --date "$job_date" --ra department
expect 1 "$PERSOLINE" collect "$work/one/site/V" "$return_path"
part "a vendor takes packages alone"
