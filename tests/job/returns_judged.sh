#!/bin/bash
# Returns that the profile does not know yet, that come short, that come too late, and what lies
# beside them: nothing of an answer is lost, and nothing is asked for twice (CONTRACTS 1, issue 5).
. "$(dirname "$0")/lib.sh"

cards=20
world_make "$work/w"
sample_make "$work/s" --cards "$cards"
job_make "$work/w" B1 "$work/s"
line_to_ra "$work/w" "$work/w/site/B1"
cp -a "$work/w" "$work/asked"

# begin NAME KEY=VALUE...: a world of its own, keys of [return] set.
begin()
{
    cp -a "$work/asked" "$work/$1"
    job=$work/$1/site/B1
    world=$work/$1
    local pair
    for pair in "${@:2}"; do
        return_key "${pair%%=*}" "${pair#*=}"
    done
}

return_key()
{
    perl -0pi -e 's/(\[return\].*?\n'"$1"' = )[^\n]*/${1}'"$2"'/s' \
        "$world/site/profiles/default.conf"
}

# answered ARGUMENT...: sets $return; it is no part of in/ra.
answered()
{
    expect 0 "$PERSOLINE_SANDBOX" ra --in "$job/out/ra" --out "$world/answers" --state "$world/ra" \
        "$@"
    return=$(find "$world/answers" -mindepth 1 -maxdepth 1 -name 'RET-*' ! -name '*.sig' \
        ! -name '*.wrap')
}
states_of() { states "$job" | cut -f2 | sort | uniq -c | tr -s ' ' | paste -sd, -; }

# ---- the profile does not know the RA's word for success ----

for form in table json package; do
    begin "success-$form" secrets=clear unsigned=yes success=0000
    [ "$form" != package ] || return_key secrets wrapped
    answered --return "$form" --secrets "$([ "$form" = package ] && echo wrapped || echo clear)" \
        --fault refused:0.2
    expect 1 "$PERSOLINE" collect "$job" "$return"
    said 'bring certificates, none has a code of .return. success: have "00".*F104'
    equal "$(states_of)" " $cards submitted" "$form: nothing counts"
    return_key success 00
    expect 3 "$PERSOLINE" collect "$job" "$return"
    equal "$(states "$job" | cut -f2 | sort -u | paste -sd, -)" issued,refused "$form: put right"
    part "$form: a return with certificates and no code of success is refused, and read again"
done

# A status of the reply itself, around its records, is no card's.
begin header secrets=clear unsigned=yes
answered --return json --secrets clear
perl -MJSON::PP -0ne 'my $r = decode_json $_; delete $_->{code} for @{ $r->{data} };
    print q({"header": {"code": "0", "reason": "ok"}, "data": );
    print encode_json($r->{data}), "}"' \
    "$return" >"$work/header.json"
expect 1 "$PERSOLINE" collect "$job" "$work/header.json"
said 'F104'
equal "$(states_of)" " $cards submitted" "nothing counts"
return_key success 0
expect 0 "$PERSOLINE" collect "$job" "$work/header.json"
equal "$(states_of)" " $cards issued" "0 is success"
part "a code around all records that is no success refuses the file, not the cards"

# ---- short answers ----

# without ITEM FILE: a table whose answers lack one.
without()
{
    perl -lne 'my @F = split /,/, $_, -1;
        if ($. == 1) { @at{@F} = 0 .. $#F } else { $F[$at{'"$1"'}] = "" }
        print join ",", @F' "$2"
}
begin items secrets=clear unsigned=yes
answered --return table --secrets clear
without JMMY "$return" >"$work/short.csv"
expect 3 "$PERSOLINE" collect "$job" "$work/short.csv"
equal "$(held "$job" collect | cut -f2 | sort -u)" R303 "all are short"
"$PERSOLINE" release "$job" "@$job/held/collect.csv" --reason "what now" >"$work/out" \
        2>"$work/err" || fail "release"
said 'a later return completes it, or .return. items asks for less'
equal "$(held "$job" collect | cut -f2 | sort | uniq -c | tr -s ' ')" " $cards R303" "still"
return_key items QMZS,JMZS,GLYPIN,ZKMY
expect 0 "$PERSOLINE" release "$job" "@$job/held/collect.csv" --reason "the RA has no JMMY"
equal "$(states_of)" " $cards issued" "released"
expect 0 "$PERSOLINE" match "$job"
expect 0 "$PERSOLINE" personalize "$job"
columns "$job/out/machine/B1-0001.csv" GLYPIN ZKMY | grep -c . >"$work/n"
equal "$(cat "$work/n")" "$cards" "sealed secrets"
part "short answers stay through a release, and are enough where the profile asks for less"

begin completed secrets=clear unsigned=yes
answered --return table --secrets clear
without JMMY "$return" >"$work/short.csv"
cp "$return" "$work/rest.csv"
for item in QMZS JMZS GLYPIN ZKMY; do
    without "$item" "$work/rest.csv" >"$work/less.csv"
    mv "$work/less.csv" "$work/rest.csv"
done
expect 3 "$PERSOLINE" collect "$job" "$work/short.csv"
"$PERSOLINE" release "$job" "@$job/held/collect.csv" --reason "what now" >"$work/out" 2>&1 ||
    fail "release"
expect 0 "$PERSOLINE" collect "$job" "$work/rest.csv"
equal "$(states_of)" " $cards issued" "completed after the release"
expect 0 "$PERSOLINE" match "$job"
equal "$(states_of)" " $cards matched" "completed"
part "released and then completed by a later return"

# ---- what the RA says of a card, and what a spreadsheet program made of it ----

begin words secrets=clear unsigned=yes
answered --return json --secrets clear --fault refused:0.3
perl -MJSON::PP -0ne 'my $r = decode_json $_;
    for (grep { $_->{code} ne "00" } @{ $r->{data} }) {
        (my $ssn = $_->{SHBZHM}) =~ s/^(.{6})(.{8})/$1 $2 /;
        $_->{reason} = "the name $_->{XM} of $ssn, PIN 71706879, is not known" }
    print encode_json $r' "$return" >"$work/words.json"
expect 3 "$PERSOLINE" collect "$job" "$work/words.json"
columns "$job/in/issuance/issuance.csv" AAC002 AAC003 | tr '\t' '\n' >"$work/personal"
"$PERSOLINE" check "$job" --dump >"$work/dump.words"
! grep -rqFf "$work/personal" "$job/held" "$work/dump.words" || fail "a name or a number is listed"
! grep -rq '71706879' "$job/held" "$work/dump.words" || fail "a PIN is listed"
grep -q 'the name \*\*\* of \*\*\*, PIN \*\*\*, is not known' "$job/held/collect.csv" ||
    fail "the words: $(tail -n 1 "$job/held/collect.csv")"
part "of what the RA says the card's person and what looks like a number is struck out"

begin excel secrets=clear unsigned=yes
answered --return json --secrets clear
perl -MJSON::PP -0ne 'my $r = decode_json $_; $r->{data}[0]{SHBZHM} = "4.11E+17";
    $r->{data}[1]{KH} = "####"; print encode_json $r' "$return" >"$work/excel.json"
expect 3 "$PERSOLINE" collect "$job" "$work/excel.json"
columns "$job/held/collect.csv" code field | sort >"$work/have"
printf 'R110\tAAC002\nR110\tAAZ500\n' >"$work/want"
same "$work/want" "$work/have" "spoiled by a spreadsheet program"
part "identifiers that a spreadsheet program spoiled are R110"

# ---- later answers ----

begin late secrets=clear unsigned=yes
answered --return table --secrets clear
expect 0 "$PERSOLINE" collect "$job" "$return"
expect 0 "$PERSOLINE" match "$job"
request=$(columns "$return" request_id | sed -n 1p)
other=$(columns "$return" request_id | sed -n 2p)
perl -lne 'my @F = split /,/, $_, -1; if ($. == 1) { @at{@F} = 0 .. $#F }
    elsif ($F[0] eq "'"$request"'") { $F[$at{GLYPIN}] = "13579246" }
    elsif ($F[0] eq "'"$other"'") { @F[1 .. 5] = ("") x 5; $F[$at{code}] = "4107" }
    else { next } print join ",", @F' "$return" >"$work/later.csv"
expect 3 "$PERSOLINE" collect "$job" "$work/later.csv"
said 'issued 1, refused 0, held 1, doubled 0, orphans 0'
equal "$(held "$job" collect | cut -f2)" R302 "issued, and then refused"
expect 0 "$PERSOLINE" match "$job"
expect 0 "$PERSOLINE" personalize "$job"
equal "$(states_of)" " 1 held, $((cards - 1)) prepared" "after the later return"
perl -lne 'my @F = split /,/, $_, -1; print if $. == 1; next if $. == 1 || $F[0] ne "'"$request"'";
    $F[4] =~ s/./7/g; print join ",", @F' "$work/later.csv" >"$work/too-late.csv"
"$PERSOLINE" collect "$job" "$work/too-late.csv" >"$work/out" 2>"$work/err" || [ $? -eq 3 ] ||
    fail "too late: $(<"$work/err")"
said '1 answers are others than their cards went on with'
key=$(unzip -q -p "$job"/out/ra/REQ-*.zip requests.csv >"$work/requests.csv" &&
    columns "$work/requests.csv" request_id QMGY | awk -v id="$request" '$1 == id { print $2 }')
card=$(columns "$work/s/keys/application.csv" AAZ501 QMGY |
    awk -v key="$key" '$2 == key { print $1 }')
expect 0 "$PERSOLINE" trace "$job" "$card"
said 'another answer'
expect 0 "$PERSOLINE" check "$job"
part "a later answer takes the place of an earlier one until the machine file; then it is told"

# ---- what lies beside ----

begin beside items=QMZS,JMZS
answered --return cer --items QMZS,JMZS --unsigned
printf 'thumbs' >"$return/Thumbs.db"
printf 'notes' >"$return/说明.docx"
cer=$(find "$return" -name '*.cer' | head -n 1)
openssl x509 -inform DER -in "$cer" -outform DER 2>"$work/err" | base64 -w 0 >"$work/bare" ||
    openssl x509 -in "$cer" -outform DER | base64 -w 0 >"$work/bare"
[ ! -s "$work/bare" ] || { printf '\357\273\277' && cat "$work/bare"; } >"$cer"
expect 0 "$PERSOLINE" collect "$job" "$return"
said '2 members are no part of a return by their names: they are left out'
equal "$(states_of)" " $cards issued" "the others are taken"
part "files that are no part of a return by their names are left out, and told"
