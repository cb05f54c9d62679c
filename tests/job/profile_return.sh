#!/bin/bash
# `profile check` and `show` of returns that are no packages: what they say of a file is what
# collect then makes of it, and nothing of a person or a secret is shown (issue 5).
. "$(dirname "$0")/lib.sh"

cards=40
mark_pin=3530333134373339
mark_key=9e41d7065bc83af214e8a3b07d5c69f1
printf '%s\t%s\trhb\n' GLYPIN "$mark_pin" ZKMY "$mark_key" >"$work/needles"
world_make "$work/w"
sample_make "$work/s" --cards "$cards"
job_make "$work/w" B1 "$work/s"
line_to_ra "$work/w" "$work/w/site/B1"
export PERSOLINE_CONF=$work/w/site/persoline.conf
mkdir "$work/said"
columns "$work/s/issuance/issuance.csv" AAC002 AAC003 | tr '\t' '\n' | sort -u >"$work/personal"

# answered NAME ARGUMENT...: the RA's answers in $work/NAME; sets $return.
answered()
{
    cp -a "$work/w/ra" "$work/ra-$1"
    expect 0 "$PERSOLINE_SANDBOX" ra --in "$work/w/site/B1/out/ra" --out "$work/$1" \
        --state "$work/ra-$1" --mark-pin "$mark_pin" --mark-key "$mark_key" "${@:2}"
    return=$(find "$work/$1" -mindepth 1 -maxdepth 1 -name 'RET-*' ! -name '*.sig' \
        ! -name '*.wrap')
}

# check CODE ARGUMENT...: of the return; what it said is kept, to look for leaks.
check()
{
    expect "$1" "$PERSOLINE" profile check "$return" "${@:2}"
    cat "$work/out" "$work/err" >>"$work/said/all"
}

# collected KEY: the number that collect tells, in a copy of the job.
collected()
{
    rm -rf "$work/copy"
    cp -a "$work/w" "$work/copy"
    PERSOLINE_CONF=$work/copy/site/persoline.conf "$PERSOLINE" collect "$work/copy/site/B1" \
        "$return" >"$work/collected" 2>"$work/err" || [ $? -ge 3 ] ||
        fail "collect: $(<"$work/err")"
    sed -n "s/^collect: .*[ ,]$1 \([0-9]*\).*/\1/p" "$work/collected"
}

secrets=sm2
sed -i "s/^secrets = .*/secrets = $secrets/" "$work/w/site/profiles/default.conf"
for form in table xml json mixed.zip; do
    answered "$form" --return "$form" --secrets "$secrets" --fault refused:0.2
    check 0
    said 'as return, because of what is in it'
    issued=$(sed -n 's/^code of the RA: code 00, answers \([0-9]*\), means issued$/\1/p' \
        "$work/out")
    refused=$(sed -n 's/^code of the RA: .*answers \([0-9]*\), means refused$/\1/p' \
        "$work/out")
    said "^field: code QMZS, answers that have it"
    equal "$issued" "$(collected issued)" "$form: issued, of check and of collect"
    equal "$refused" "$(collected refused)" "$form: refused, of check and of collect"
    equal "$((issued + refused))" "$cards" "$form: answers"
done
part "tables, XML, JSON and a mixture: issued and refused as collect takes them"

answered cer --return cer --items QMZS,JMZS
check 0 --json
said '"of CAs": [1-9], "for encryption": 4[0-9], "unreadable": 0' # foreign ones are among them
printf 'not a certificate' >"$return/00000000.cer"
check 3
said 'unreadable 1'
for file in "$return"/*.p7b; do
    expect 0 "$PERSOLINE" show "$file"
    said '^certificate: serial [0-9a-f]*, CA no'
done
rm "$return/00000000.cer"
printf 'thumbs' >"$return/Thumbs.db"
check 0
said 'no parts of a return 1'
rm "$return/Thumbs.db"
(cd "$work" && tar -cf cer.tar "cer/${return##*/}")
return=$work/cer.tar
check 0
said 'for encryption 4[0-9]'
part "folders and archives of certificates: counted by what they are for"

answered damaged --return json --secrets "$secrets" --fault envelope-shape:0.3
check 3
n=$(sed -n 's/^would be held: cards \([0-9]*\), code R330, field JMMY.*/\1/p' "$work/out")
[ "${n:-0}" -gt 3 ] || fail "no damaged envelope is told"
rm -rf "$work/copy"
cp -a "$work/w" "$work/copy"
cp "$return"* "$work/copy/site/B1/in/ra/"
PERSOLINE_CONF=$work/copy/site/persoline.conf "$PERSOLINE" run "$work/copy/site/B1" \
    >"$work/run" 2>&1 || [ $? -ge 3 ] || fail "run: $(<"$work/run")"
equal "$(held "$work/copy/site/B1" match | cut -f2 | grep -cx R330)" "$n" "held by match"
part "envelopes that nobody could use: as many as match holds"

answered word --return json --secrets "$secrets" --fault refused:0.2
sed -i 's/^success = .*/success = 0000/' "$work/w/site/profiles/default.conf"
check 1
said 'bring certificates, none has a code of .return. success: have "00".*F104'
sed -i 's/^success = .*/success = 00/' "$work/w/site/profiles/default.conf"
check 0
part "a word for success that the profile does not know: refused, as collect refuses it"

answered gbk --return xml --encoding gb18030 --secrets clear
check 1
cat "$work/out" "$work/err" >"$work/both"
has 'F120' <"$work/both" || fail "another encoding is not told"
check 0 --encoding gb18030
expect 0 "$PERSOLINE" show "$return"
said "records: encoding gb18030, rows $cards"
cat "$work/out" >>"$work/said/all"
answered package --return package
check 1
said 'a package .RET.: no profile is asked'
return=$work/s/keys/application.csv
check 0
said 'as application'
check 1 --as return
said 'F126'
part "another encoding, a package, a table that is no return"

perl "$here/leak.pl" "$work/needles" "$work/said/all" >"$work/leaks" ||
    fail "a secret is shown: $(head -n 3 "$work/leaks")"
! grep -qFf "$work/personal" "$work/said/all" || fail "a number or a name is shown"
! grep -qE 'GLYPIN [0-9]' "$work/said/all" || fail "the beginning of a secret is shown"
part "nothing of a person and no secret is shown"
