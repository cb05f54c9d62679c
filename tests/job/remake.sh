#!/bin/bash
# A card that is spoiled at the vendor, to its replacement: RES, confirm, RMK and RVK, the remaking
# job on both sides (mode 1; CONTRACTS 3, LD/T 03-2022 6.4.4, 6.4.7.2 e). What crosses is looked at
# with unzip, openssl and perl, by no code of the product.
. "$(dirname "$0")/lib.sh"

w=$work/w
mkdir "$w"
for party in v1 dept; do
    expect 0 "$PERSOLINE" site init "$w/$party" --name "$party"
done
cp "$w/v1/site.cer" "$w/dept/peers/v1.cer"
cp "$w/dept/site.cer" "$w/v1/peers/dept.cer"
expect 0 "$PERSOLINE_SANDBOX" ra init "$w/ra" --site "$w/dept" --seed 7
expect 0 "$PERSOLINE_SANDBOX" machine init "$w/machine" --site "$w/v1"
cp -r "$w/dept/trust/." "$w/v1/trust/"

# give FROM KIND TO: packages of a kind with what lies beside them.
give() { cp "$1/$2-"* "$3/"; }

# Both parties' jobs of one batch: vendor $v, department $d.
begin()
{
    v=$w/v1/$1 d=$w/dept/$1
    cp "$2"/keys/*.csv "$v/in/keys/"
    expect 4 "$PERSOLINE" run "$v"
    [ -d "$d" ] || expect 0 "$PERSOLINE" init "$d" --from "$v/out/ra/APP-411600-$1-0001.zip"
    give "$v/out/ra" APP "$d/in/keys"
    cp "$2"/issuance/*.csv "$d/in/issuance/"
    line_to_ra "$w" "$d"
    ra_answer "$w" "$d"
    expect 4 "$PERSOLINE" run "$d"
    give "$d/out/forward" FWD "$v/in/ra"
    expect 4 "$PERSOLINE" run "$v"
}
sample_make "$work/s" --cards 60
expect 0 "$PERSOLINE" init "$w/v1/B1" --mode 1 --role vendor --ra dept --batch B1 \
    --division 411600 --vendor V1 --date "$job_date"
begin B1 "$work/s"

in_state() { states "$1" | awk -F'\t' -v s="$2" '$2 == s { print $1 }'; }

# ---- RES ----

machine_play "$w" "$v" --spoil 0.1 --retry 0.1 --missing 0.1
expect 4 "$PERSOLINE" run "$v" # some are to be tried again
res=$v/out/close/RES-411600-B1-0001.zip
unzip -p "$res" result.csv >"$work/result1.csv"
machine_result=$v/in/machine/B1-0001.result.csv
equal "$(in_state "$v" prepared | wc -l)" "$(grep -c ',retry,' "$machine_result")" \
    "cards that are tried again"
grep -v ',retry,' "$machine_result" >"$work/want"
same "$work/result1.csv" "$work/want" "result.csv of the RES (<), the machine's without retries (>)"
part "the RES has the machine's rows as they are, without what is tried again"

give "$v/out/close" RES "$d/in/result"
expect 4 "$PERSOLINE" run "$d" # the others are with the vendor
for state in spoiled missing written; do
    in_state "$v" "$state" >"$work/want"
    in_state "$d" "$state" >"$work/have"
    [ -s "$work/want" ] || fail "no card is $state: take more cards"
    same "$work/have" "$work/want" "$state at the department (<) and at the vendor (>)"
done
[ -s "$d/out/forward/ACK-RES-411600-B1-0001.json" ] || fail "the RES is not acknowledged"
! grep -q closed "$work/out" || fail "closed though cards are with the vendor"
has 'balance in 60, written' < <("$PERSOLINE" trace "$d" "$(in_state "$d" written | sed -n 1p)") ||
    fail "the finisher's balance is not noted"
part "the department's cards are what the RES says; it is acknowledged and its balance noted"

# ---- what a department does not take ----

dump "$d" >"$work/before"
cp "$machine_result" "$work/plain.result.csv"
expect 1 "$PERSOLINE" close "$d" "$work/plain.result.csv"
said 'F104'
cp "$res" "$work/RES-cut.zip" && cp "$res.sig" "$work/RES-cut.zip.sig"
printf x | dd of="$work/RES-cut.zip" bs=1 seek=400 conv=notrunc status=none
expect 1 "$PERSOLINE" close "$d" "$work/RES-cut.zip"
expect 1 "$PERSOLINE" close "$v" "$res"
cp "$res" "$d/in/result/RES-again.zip" && cp "$res.sig" "$d/in/result/RES-again.zip.sig"
expect 4 "$PERSOLINE" run "$d"
said 'RES-again.zip, known'
rm "$d"/in/result/RES-again.zip*
dump "$d" >"$work/after"
same "$work/before" "$work/after" "what was refused, and a replay"
part "a machine's table, a package with one byte changed and one for somebody else are refused"

# ---- told again ----

machine_play "$w" "$v" # the second machine file
header=$(sed -n 1p "$work/result1.csv")
found=$(in_state "$v" missing | sed -n 1p)
value()
{
    columns "$v/out/machine/B1-0001.csv" AAZ501 "$2" | awk -F'\t' -v i="$1" '$1 == i { print $2 }'
}
digest() { value "$1" "$2" | base64 -d | openssl dgst -sm3 -r | cut -c1-64; }
{
    echo "$header"
    echo "$found,ok,,,$(value "$found" QMGY),$(digest "$found" QMZS),$(digest "$found" JMZS),,,"
} >"$v/in/machine/late.result.csv"
expect 0 "$PERSOLINE" run "$v"
said closed
unzip -p "$v/out/close/RES-411600-B1-0002.zip" result.csv >"$work/result2.csv"
columns "$work/result2.csv" AAZ501 | sort >"$work/have"
{ grep ',retry,' "$machine_result" | cut -d, -f1 && echo "$found"; } | sort >"$work/want"
same "$work/have" "$work/want" "cards of the second RES (<) and those tried again or found (>)"
give "$v/out/close" RES "$d/in/result"
expect 0 "$PERSOLINE" run "$d"
said closed
states "$v" | cut -f1,2 >"$work/want"
states "$d" | cut -f1,2 >"$work/have"
same "$work/have" "$work/want" "states at the department (<) and at the vendor (>)"
closes "$d" && closes "$v"
part "what is tried again or found is told in the next RES; both sides close and agree"

# ---- confirm, RMK, RVK ----

expect 1 "$PERSOLINE" confirm "$v" "$(sed -n 1p "$work/have" | cut -f1)" --reason "not the vendor's"
{ in_state "$d" spoiled && in_state "$d" missing; } | sort >"$work/old"
expect 0 "$PERSOLINE" confirm "$d" "@$work/old" --reason "seen" --by chen
expect 0 "$PERSOLINE" run "$d"
rmk=$d/out/close/RMK-411600-B1-0001.zip
unzip -p "$rmk" remake.csv >"$work/remake.csv"
columns "$work/remake.csv" AAZ501 | sort >"$work/have"
same "$work/have" "$work/old" "cards of the RMK (<) and confirmed ones (>)"
columns "$work/remake.csv" AAZ501 AAZ500 | sort >"$work/have"
columns "$work/s/issuance/issuance.csv" AAZ501 AAZ500 |
    grep -F -f "$work/old" | sort >"$work/want"
same "$work/have" "$work/want" "card numbers of the RMK (<) and of the issuance data (>)"

# The package against its manifest and its signature: openssl and perl.
. "$here/course.sh"
for package in RMK RVK; do
    file=$d/out/close/$package-411600-B1-0001.zip
    signing_key_of "$w/dept"
    signature_holds "$file.sig"
    unzip -p "$file" manifest.json >"$work/manifest"
    for member in $(unzip -Z1 "$file" | grep -v manifest.json); do
        sm3=$(unzip -p "$file" "$member" | openssl dgst -sm3 -r | cut -c1-64)
        grep -q "\"sm3\": \"$sm3\"" "$work/manifest" || fail "$file: digest of $member"
    done
done
unzip -p "$d/out/close/RVK-411600-B1-0001.zip" revoke.csv >"$work/revoke.csv"
mkdir "$work/rvk" && give "$d/out/close" RVK "$work/rvk"
unzip -p "$(find "$d/in/ra" -name 'RET-*.zip')" certificates.csv >"$work/certificates.csv"
unzip -p "$(find "$d/out/bundle" -name 'REQ-*.zip')" requests.csv >"$work/requests.csv"
unzip -p "$(find "$v/out/ra" -name 'APP-*.zip')" application.csv >"$work/application.csv"
while read -r old; do
    key=$(columns "$work/application.csv" AAZ501 QMGY | grep "^$old" | cut -f2)
    request=$(columns "$work/requests.csv" QMGY request_id | grep "^$key" | cut -f2)
    for column in QMZS JMZS; do
        columns "$work/certificates.csv" request_id "$column" | grep "^$request" | cut -f2 |
            base64 -d >"$work/der"
        serial=$(openssl x509 -inform DER -in "$work/der" -noout -serial | cut -d= -f2)
        printf '%s\t%s\t%s\t%s\n' "$old" "$column" "${serial,,}" \
            "$(openssl dgst -sm3 -r "$work/der" | cut -c1-64)"
    done
done <"$work/old" | sort >"$work/want"
columns "$work/revoke.csv" AAZ501 certificate serial SM3 | sort >"$work/have"
same "$work/have" "$work/want" "the RVK (<) and the RA's own certificates of confirmed cards (>)"
expect 0 "$PERSOLINE_SANDBOX" ra --in "$work/rvk" --out "$work/none" --state "$w/ra"
equal "$(sed 1d "$w/ra/revoked.csv" | wc -l)" $((2 * $(wc -l <"$work/old"))) "revoked by the RA"
part "RMK and RVK have the confirmed cards, signed; the RA revokes their certificates"

# ---- the remaking job ----

expect 0 "$PERSOLINE" init "$w/v1/B1R" --from "$rmk" --batch B1R --date "$job_date"
expect 0 "$PERSOLINE_SANDBOX" remake "$work/r" --from "$work/s" --cards "$work/remake.csv" \
    --seed 7 --batch B1R
give "$d/out/close" RMK "$w/v1/B1R/in/keys"
begin B1R "$work/r"
machine_play "$w" "$v"
expect 0 "$PERSOLINE" run "$v"
said closed
give "$v/out/close" RES "$d/in/result"
expect 0 "$PERSOLINE" run "$d"
said closed
n=$(wc -l <"$work/old")
equal "$(in_state "$d" written | wc -l)" "$n" "cards written in the remaking job"
columns "$work/r/keys/application.csv" replaces AAZ501 | sort >"$work/pairs"
cut -f1 "$work/pairs" >"$work/have"
same "$work/have" "$work/old" "replaced cards"
old=$(sed -n 1p "$work/pairs" | cut -f1) new=$(sed -n 1p "$work/pairs" | cut -f2)
expect 0 "$PERSOLINE" trace "$d" "$new"
said "$old"
expect 0 "$PERSOLINE" trace "$w/dept/B1" "$old"
said "$new"
part "$n cards are made again by both, to the end; trace links the new card with the old one"
