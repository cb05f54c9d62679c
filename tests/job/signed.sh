#!/bin/bash
# The form sig: what the cards are to sign (prepare), what they signed, the requests that are put
# together of it, over the whole line (CONTRACTS 2, 7; issue 5, "must show" 1).
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/job/handing.sh
. "$here/handing.sh"

# sign JOB SAMPLE [TOSIGN] [ARGUMENT...]: the cards sign, their table comes into in/signed.
sign()
{
    expect 0 "$PERSOLINE_SANDBOX" sign --sample "$2" --in "$1/out/tosign/${3:-tosign.csv}" \
        --out "$1/in/signed" "${@:4}"
}

# requests JOB: rows "request_id TAB QMGY TAB P10" of all its packages to the RA.
requests()
{
    local package
    for package in "$1"/out/ra/REQ-*.zip; do
        unzip -q -p "$package" requests.csv >"$work/requests.csv"
        columns "$work/requests.csv" request_id QMGY P10
    done
}

# openssl_verifies JOB: OpenSSL reads each request and finds its signature good, under the id that
# the standard names (GM/T 0009); the subjects stay in $work/subjects.
openssl_verifies()
{
    local p10 n=0
    : >"$work/subjects"
    while IFS=$'\t' read -r _ _ p10; do
        base64 -d <<<"$p10" >"$work/request.der"
        openssl req -inform DER -in "$work/request.der" -verify -noout -subject \
            -vfyopt distid:1234567812345678 >"$work/out" 2>"$work/err" ||
            fail "OpenSSL does not verify request $n: $(cat "$work/err")"
        has 'verify OK' <"$work/err" || fail "OpenSSL does not say that request $n holds"
        sed -n 's/^subject= *//p' "$work/out" >>"$work/subjects"
        n=$((n + 1))
    done < <(requests "$1")
    [ "$n" -gt 20 ] || fail "only $n requests to be verified"
}

# ---- the whole line ----

world_make "$work/w"
profile_set "$work/w/site" form sig
sample_make "$work/s" --cards 600 --faults 0.3 --form sig
head -n 1 "$work/s/keys/application.csv" | has '^AAZ501,AAZ500,AAC002,AAC003,AAB301,QMGY$' ||
    fail "the key-generation output has requests already"
job_make "$work/w" B1
job=$work/w/site/B1
expect 0 "$PERSOLINE" status "$job"
said 'step prepare: put key-generation output into in/keys'
job_give "$job" "$work/s"
cp -a "$work/w" "$work/unprepared"

expect 4 "$PERSOLINE" run "$job"
said 'out/tosign/tosign.csv: not all of its cards came back signed'
[ "$(ls "$job/out/tosign")" = tosign.csv ] || fail "out/tosign: $(ls "$job/out/tosign")"
equal "$(balance "$job" in)" 0 "prepare brings no card"
expect 0 "$PERSOLINE" status "$job"
said 'file out/tosign/tosign.csv, step ingest: the cards sign'
part "run prepares what is not signed, and waits"

# In the order of the file, each row whose card and key are good.
unsignable='^R(101|102|120|121)$'
columns "$work/s/truth.csv" code record |
    awk -F'\t' -v code="$unsignable" '$1 ~ code { print $2 }' >"$work/skip"
columns "$job/out/tosign/tosign.csv" AAZ501 QMGY >"$work/have"
columns "$work/s/keys/application.csv" AAZ501 QMGY |
    awk 'FILENAME == ARGV[1] { skip[$1]; next } !(FNR in skip)' "$work/skip" - >"$work/want"
same "$work/have" "$work/want" "tosign.csv (<) and the rows whose card and key are good (>)"
part "tosign.csv: a row for each of $(wc -l <"$work/have") cards, in the order of the file"

sign "$job" "$work/s"
head -n 1 "$job/in/signed/application.csv" | has ',QMGY,QM$' || fail "no column QM"
expect 4 "$PERSOLINE" run "$job"
columns "$work/s/truth.csv" AAZ501 code stage | sort >"$work/want"
held "$job" >"$work/have"
same "$work/have" "$work/want" "held (<) and planted (>)"
columns "$work/s/truth.csv" stage AAZ501 file record |
    awk -F'\t' '$1 == "ingest" { print $2 "\tin/" $3 "\t" $4 }' | sort >"$work/want"
columns "$job/held/ingest.csv" AAZ501 file record | sort >"$work/have"
same "$work/have" "$work/want" "file and record of what ingest holds"
columns "$work/s/truth.csv" fault | sort -u | grep '^signature-' >"$work/have"
sed -n '/, *SIGNATURE, /s/^ *ROW([A-Z0-9_]*, *"\([^"]*\)".*/\1/p' "$here/../sandbox/faults.h" |
    sort >"$work/want"
same "$work/have" "$work/want" "kinds of wrong signatures planted (<) and in the table (>)"
part "held equals planted, with $(wc -l <"$work/want") kinds of wrong signatures"

line_run "$work/w" "$job" 3
closes "$job"
faulty=$(columns "$work/s/truth.csv" AAZ501 | wc -l)
equal "$(balance "$job" written)" $((600 - faulty)) "written"
equal "$(balance "$job" held)" "$faulty" "held"
openssl_verifies "$job"
sort "$work/subjects" | sed 's/^CN *= *//' >"$work/have"
states "$job" | awk -F'\t' '$2 == "written" { print $1 }' | sort >"$work/want"
same "$work/have" "$work/want" "subjects of the requests (<) and cards that were written (>)"
expect 0 "$PERSOLINE" check "$job"
part "OpenSSL verifies $(wc -l <"$work/have") requests that were put together; the rest is written"

# request_id names what went out (CONTRACTS 4).
requests "$job" >"$work/requests"
columns "$job/in/signed/application.csv" QMGY AAZ501 >"$work/cards"
while IFS=$'\t' read -r id key p10; do
    card=$(awk -F'\t' -v k="$key" '$1 == k { print $2 }' "$work/cards")
    have=$({ printf %s "$card" && base64 -d <<<"$p10"; } | openssl dgst -sm3 -r | cut -c1-32)
    equal "$have" "$id" "request_id of $card"
done < <(sed -n 1,5p "$work/requests")
part "request_id is over AAZ501 and the request that was put together"

# ---- prepare by itself ----

world=$work/unprepared
job=$world/site/B1
sample_make "$work/t" --cards 30 --seed 11 --form sig
cp "$work/t/keys/application.csv" "$work/other.csv"
cp "$work/s/keys/application.csv" "$work/first.csv"
tosign=$job/out/tosign

dump "$job" >"$work/before"
expect 3 "$PERSOLINE" prepare "$job" "$work/first.csv" --dry-run
said 'would write: file .*/out/tosign/tosign.csv'
dump "$job" >"$work/after"
same "$work/before" "$work/after" "a dry run"
[ -z "$(ls -A "$tosign")" ] || fail "a dry run wrote something"
expect 3 "$PERSOLINE" prepare "$job" "$work/first.csv" --json
said 'first.csv", "rows": 600, "to sign": [0-9]+, "left out": [0-9]+'
said '"what": "prepare", "file": "out/tosign/tosign.csv"'
bad=$(wc -l <"$work/skip")
grep -E 'first.csv:[0-9]+: (AAZ501|QMGY): .* \[R1' "$work/err" >"$work/told"
equal "$(grep -cv 'stands twice in the batch' "$work/told")" "$bad" "rows told"
columns "$work/s/truth.csv" code | grep -cE '^R14[01]$' >"$work/want"
[ "$(grep -c 'stands twice in the batch \[R14[01] ' "$work/told")" -ge "$(cat "$work/want")" ] ||
    fail "cards and keys that stand twice"
record=$(columns "$work/s/truth.csv" code record | awk -F'\t' '$1 == "R121" && !n++ { print $2 }')
said "first.csv:$((record + 1)): QMGY: point is not on the curve \[R121"
part "prepare tells $bad rows by file, line, field and code, and ends with 3"

cp "$tosign/tosign.csv" "$work/kept.csv"
dump "$job" >"$work/before"
expect 3 "$PERSOLINE" prepare "$job" "$work/first.csv"
said 'first.csv, known'
dump "$job" >"$work/after"
same "$work/before" "$work/after" "a repeated prepare"
cmp "$tosign/tosign.csv" "$work/kept.csv" || fail "a repeated prepare changed the file"
part "repeated, it is a no-op with the same code"

expect 0 "$PERSOLINE" prepare "$job" "$work/other.csv"
[ "$(cd "$tosign" && echo *)" = "tosign-0002.csv tosign.csv" ] || fail "$(ls "$tosign")"
cmp "$tosign/tosign.csv" "$work/kept.csv" || fail "the first file was lost"
equal "$(wc -l <"$tosign/tosign-0002.csv")" 31 "rows of the second file"
part "another file goes into tosign-0002.csv"

# Several files in one command; one of them is refused, the others are not.
world_make "$work/m"
profile_set "$work/m/site" form sig
job_make "$work/m" B1
job=$work/m/site/B1
head -n 11 "$work/other.csv" >"$work/a.csv"
{ head -n 1 "$work/other.csv" && sed -n '12,$p' "$work/other.csv"; } >"$work/b.csv"
cut -d, -f1-5 "$work/a.csv" >"$work/no-key.csv"
expect 1 "$PERSOLINE" prepare "$job" "$work/b.csv" "$work/no-key.csv" "$work/a.csv" "$work/b.csv"
said 'no-key.csv.*QMGY.*F126'
columns "$job/out/tosign/tosign.csv" AAZ501 >"$work/have"
{ columns "$work/b.csv" AAZ501 && columns "$work/a.csv" AAZ501; } >"$work/want"
same "$work/have" "$work/want" "several files in one (<) and their order (>)"
cut -d, -f1,6 "$work/a.csv" >"$work/two.csv"
expect 0 "$PERSOLINE" prepare "$job" "$work/two.csv"
columns "$job/out/tosign/tosign.csv" AAZ501 e | sort >"$work/want"
columns "$job/out/tosign/tosign-0002.csv" AAZ501 e | sort | comm -23 - "$work/want" >"$work/have"
[ ! -s "$work/have" ] || fail "the same card was given another e"
part "several files make one, a bad one does not stop them; AAZ501 and QMGY are enough"

for role in p10 bare; do
    profile_set "$work/m/site" form "$role"
    expect 1 "$PERSOLINE" prepare "$job" "$work/a.csv"
    said 'only of the form sig the cards sign apart'
done
profile_set "$work/m/site" form sig
job_make "$work/m" C1 "" --batch C1 --mode 2 --role centre
expect 1 "$PERSOLINE" prepare "$work/m/site/C1" "$work/a.csv"
said 'role centre has no key-generation output'
expect 2 "$PERSOLINE" prepare "$job"
part "prepare is for the form sig and for who has key-generation output"

# ---- the profile's subject ----

for bad in 'CN=' 'CN={AAC006}' '{AAZ501}' 'CN={AAZ501' 'XX={AAZ501}'; do
    profile_set "$work/m/site" subject "$bad"
    expect 1 "$PERSOLINE" status "$job"
    said 'profiles/default.conf: subject: '
done
profile_set "$work/m/site" subject 'CN={AAZ501}'
profile_set "$work/m/site" tolerate 'attributes,nul'
expect 1 "$PERSOLINE" status "$job"
said 'profiles/default.conf: tolerate: have "nul", want pem, attributes'
profile_set "$work/m/site" tolerate 'attributes,null'
profile_set "$work/m/site" form pkcs
expect 1 "$PERSOLINE" status "$job"
said 'profiles/default.conf:[0-9]+: form: have "pkcs", want one of'
profile_set "$work/m/site" form sig
part "a wrong value is told with file and key"

# Changed between prepare and ingest: no proof holds, until it is put right again.
world_make "$work/p"
profile_set "$work/p/site" form sig
job_make "$work/p" B1 "$work/t"
job=$work/p/site/B1
expect 4 "$PERSOLINE" run "$job"
sign "$job" "$work/t"
profile_set "$work/p/site" subject 'CN={AAZ501},OU=x'
expect 3 "$PERSOLINE" run "$job"
equal "$(held "$job" ingest | cut -f2 | sort | uniq -c | tr -s ' ')" " 30 R130" "another subject"
expect 0 "$PERSOLINE" prepare "$job" "$job/in/keys/application.csv"
said 'tosign.csv: made with another subject than the profile has now'
profile_set "$work/p/site" subject 'CN={AAZ501}'
expect 0 "$PERSOLINE" release "$job" "@$job/held/ingest.csv" --reason "the subject was wrong"
line_run "$work/p" "$job" 0
equal "$(balance "$job" written)" 30 "written"
openssl_verifies "$job"
part "another subject than was signed holds every card (R130); put right, they are released"

# A file of what was to be signed is taken back, and made again with another subject.
world_make "$work/q"
profile_set "$work/q/site" form sig
job_make "$work/q" B1 "$work/t"
job=$work/q/site/B1
expect 4 "$PERSOLINE" run "$job"
profile_set "$work/q/site" subject \
    'C=CN,O=人力资源社会保障,CN={AAC003},serialNumber={AAC002}'
expect 0 "$PERSOLINE" withdraw "$job" tosign.csv --reason "the CA wants the person"
[ -z "$(ls "$job/out/tosign")" ] || fail "it is still there"
expect 4 "$PERSOLINE" run "$job"
sign "$job" "$work/t" tosign-0002.csv
line_run "$work/q" "$job" 0
equal "$(balance "$job" written)" 30 "written"
openssl_verifies "$job"
grep -cE '^C *= *CN, O *= *' "$work/subjects" >"$work/have"
equal "$(cat "$work/have")" 30 "subjects of persons"
part "withdrawn and prepared again, with a subject of the person"

# Every card came back with the wrong subject: then too.
world_make "$work/q2"
profile_set "$work/q2/site" form sig
job_make "$work/q2" B1 "$work/t"
job=$work/q2/site/B1
expect 4 "$PERSOLINE" run "$job"
sign "$job" "$work/t"
profile_set "$work/q2/site" subject 'CN={AAC003},serialNumber={AAC002}'
expect 3 "$PERSOLINE" run "$job"
said 'made with another subject than the profile has now: withdraw it'
equal "$(balance "$job" held)" 30 "signed with another subject"
expect 0 "$PERSOLINE" withdraw "$job" tosign.csv --reason "the CA wants the person"
expect 4 "$PERSOLINE" run "$job"
sign "$job" "$work/t" tosign-0002.csv
line_run "$work/q2" "$job" 0
equal "$(balance "$job" written)" 30 "written"
part "withdrawn after all have signed, prepared and signed again"

# Cards that will not come: without them the job goes on to its end.
world_make "$work/lost"
profile_set "$work/lost/site" form sig
job_make "$work/lost" B1 "$work/t"
job=$work/lost/site/B1
expect 4 "$PERSOLINE" run "$job"
sign "$job" "$work/t"
signed=$job/in/signed/application.csv
rm "$signed.manifest.json"
sed -i '26,$d' "$signed"
expect 4 "$PERSOLINE" run "$job"
said 'not all of its cards came back signed'
expect 0 "$PERSOLINE" withdraw "$job" tosign.csv --reason "six cards were destroyed"
expect 4 "$PERSOLINE" run "$job"
said 'known withdrawn: the command prepare makes it again'
[ -z "$(ls "$job/out/tosign")" ] || fail "what was withdrawn is made again"
line_run "$work/lost" "$job" 0
equal "$(balance "$job" written)" 24 "written without those that were lost"
closes "$job"
expect 0 "$PERSOLINE" prepare "$job" "$job/in/keys/application.csv"
equal "$(ls "$job/out/tosign")" tosign-0002.csv "prepared by name"
part "cards that never come are settled by withdraw: run does not ask for them again"

# What lies in in/signed is taken as signed, wherever in it the signatures stand.
world_make "$work/late"
profile_set "$work/late/site" form sig
job_make "$work/late" B1 "$work/t"
job=$work/late/site/B1
expect 4 "$PERSOLINE" run "$job"
sign "$job" "$work/t"
signed=$job/in/signed/application.csv
rm "$signed.manifest.json"
mkdir "$work/halves"
awk -F, -v OFS=, 'NR > 1 { $NF = "" } NR < 4' "$signed" >"$work/halves/a.csv" # two without QM
sed '2,3d' "$signed" >"$work/halves/b.csv"
rm "$signed"
(cd "$work/halves" && zip -q "$job/in/signed/halves.zip" a.csv b.csv)
expect 4 "$PERSOLINE" run "$job"
equal "$(held "$job" ingest | cut -f2 | sort | uniq -c | tr -s ' ')" " 2 R122" "rows without QM"
equal "$(balance "$job" in)" 30 "cards"
equal "$(ls "$job/out/tosign")" tosign.csv "nothing is prepared of it"
part "tables in in/signed are never prepared: rows without QM are held (R122)"

# One row a card, and one job a table.
other=$work/late/site/B2
expect 0 "$PERSOLINE" init "$other" --mode 1 --batch B2 --division 411600 --vendor V1
expect 1 "$PERSOLINE" prepare "$other" "$job/in/keys/application.csv"
said 'F105'
table=$work/t/keys/application.csv
sed -n '1,4p' "$table" >"$work/again.csv"
sed -n 3p "$table" >>"$work/again.csv"
sed -n '1,2p' "$table" >"$work/again2.csv"
expect 0 "$PERSOLINE" prepare "$other" "$work/again.csv" "$work/again2.csv"
said 'again.csv, rows 4, to sign 3, doubled 1'
said 'again2.csv, rows 1, to sign 0, doubled 1'
equal "$(wc -l <"$other/out/tosign/tosign.csv")" 4 "one row a card, and the header"
key=$(columns "$table" QMGY | sed -n 1p)
awk -F, -v OFS=, -v key="$key" 'NR == 3 { $6 = key } NR < 4' "$table" >"$work/one-key.csv"
expect 0 "$PERSOLINE" prepare "$other" "$work/one-key.csv"
said 'one-key.csv:2: QMGY: key stands twice in the batch .R141'
said 'one-key.csv:3: QMGY: key stands twice in the batch .R141'
part "prepare: one row a card, a key of two cards is told, another job's table is refused"

# ---- signed twice ----

world_make "$work/r"
profile_set "$work/r/site" form sig
job_make "$work/r" B1 "$work/t"
job=$work/r/site/B1
expect 4 "$PERSOLINE" run "$job"
sign "$job" "$work/t"
signed=$job/in/signed/application.csv
rm "$signed.manifest.json"
requests "$work/p/site/B1" >"$work/requests"
p10=$(sed -n 2p "$work/requests" | cut -f3) # of the second card
{
    sed '1s/$/,P10/; 2s/$/,'"${p10//\//\\/}"'/; 3,$s/$/,/' "$signed" |
        awk -F, -v OFS=, 'NR == 3 { $7 = "" } { print }'
} >"$work/beside.csv"
mv "$work/beside.csv" "$signed"
expect 4 "$PERSOLINE" run "$job"
mapfile -t cards < <(columns "$signed" AAZ501)
held "$job" ingest >"$work/have"
printf '%s\tR135\tingest\n%s\tR122\tingest\n' "${cards[0]}" "${cards[1]}" | sort >"$work/want"
same "$work/have" "$work/want" "a P10 beside QM, no QM (<: held)"
part "a P10 that QM does not sign is held (R135), a card without QM too (R122)"

# ---- what an operator let pass stays so ----

# Its check character is wrong, which is waived; then its box has another number of cards.
world_make "$work/v"
profile_set "$work/v/site" form sig
profile_set "$work/v/site" card_no_check reject
sample_make "$work/boxed" --cards 30 --seed 11 --form sig --boxes 30
rm "$work"/boxed/*/*.manifest.json
job_make "$work/v" B1
job=$work/v/site/B1
mapfile -t cards < <(columns "$work/boxed/keys/application.csv" AAZ501)
number=$(columns "$work/boxed/keys/application.csv" AAZ500 | sed -n 1p)
wrong=${number%?}$([ "${number: -1}" = 1 ] && echo 2 || echo 1)
sed -i "s/,$number,/,$wrong,/" "$work/boxed/keys/application.csv"
expect 0 "$PERSOLINE" prepare "$job" "$work/boxed/keys/application.csv"
sign "$job" "$work/boxed"
sed -i "s/,$number,/,$wrong,/" "$job/in/signed/application.csv"
rm "$job/in/signed/application.csv.manifest.json"
signed=$job/in/signed/application.csv
expect 3 "$PERSOLINE" ingest "$job" "$signed"
equal "$(state_of "$job" "${cards[0]}")" "held R112" "a wrong check character"
expect 0 "$PERSOLINE" release "$job" "${cards[0]}" --reason "the region numbers otherwise"
expect 3 "$PERSOLINE" ingest "$job" "$signed" --counted BOX-0001=29
equal "$(state_of "$job" "${cards[0]}")" "held R147" "another number in the box"
expect 0 "$PERSOLINE" release "$job" "${cards[0]}" --reason "counted again"
equal "$(state_of "$job" "${cards[0]}")" "received" "released twice"
part "a waiver holds for the row as it is stored with its request"

# ---- profile check ----

PERSOLINE_CONF=$work/v/site/persoline.conf
export PERSOLINE_CONF
expect 0 "$PERSOLINE" profile check "$work/t/keys/application.csv"
expect 3 "$PERSOLINE" profile check "$work/s/keys/application.csv" --json
said '"would be held", "cards": [0-9]+, "code": "R121", "field": "QMGY"'
! has 'R122|R129|R104' <"$work/out" || fail "judged as if the cards had signed"
expect 3 "$PERSOLINE" profile check "$work/w/site/B1/in/signed/application.csv" --json
said '"would be held", "cards": [0-9]+, "code": "R131", "field": "QM"'
unset PERSOLINE_CONF
part "profile check judges a table as prepare does, and a signed one as ingest does"

# ---- a correction ----

# The card has signed; its name is put right afterwards, and the signature still holds.
world_make "$work/c"
profile_set "$work/c/site" form sig
job_make "$work/c" B1 "$work/s"
job=$work/c/site/B1
expect 4 "$PERSOLINE" run "$job"
sign "$job" "$work/s"
expect 4 "$PERSOLINE" run "$job"
expect 0 "$PERSOLINE_SANDBOX" correct "$work/mended" --from "$work/s" --held "$job/held/ingest.csv"
cp "$work"/mended/keys/application-corrected.csv* "$job/in/keys/"
expect 4 "$PERSOLINE" run "$job"
said 'out/tosign/tosign-0002.csv'
mkdir "$work/again"
expect 0 "$PERSOLINE_SANDBOX" sign --sample "$work/s" --in "$job/out/tosign/tosign-0002.csv" \
    --out "$work/again" --listed --mended
cp "$work/again/application.csv" "$job/in/signed/corrected.csv"
cp "$work/again/application.csv.manifest.json" "$job/in/signed/corrected.csv.manifest.json"
expect 4 "$PERSOLINE" run "$job"
said 'corrected.csv.*corrections'
# What needs another card number cannot be mended under the old one: it is another card.
held "$job" ingest | cut -f2 | sort -u | tr '\n' ' ' >"$work/have"
grep -qvE 'R(103|104|105|106|107|110|111|113|115|116|117|118|119|120|121|122|129|130|131|132|133)' \
    "$work/have" || fail "not mended: $(cat "$work/have")"
part "corrections are prepared, signed and taken; left: $(cat "$work/have")"

# ---- vendor, department, RA ----

for form in sig p10; do
    world=$work/three-$form
    parties_make "$world"
    profile_set "$world/vendor" form sig
    profile_set "$world/department" form "$form"
    [ "$form" = sig ] || profile_set "$world/department" subject_name no
    vendor_begin "$world" "$work/t" --mode 1
    sign "$world/vendor/J" "$work/t"
    expect 4 "$PERSOLINE" run "$world/vendor/J"
    department_begin "$world" "$work/t"
    equal "$(count_state "$world/department/J" reconciled)" 30 "$form: reconciled"
    department_go "$world"
    equal "$(count_state "$world/department/J" forwarded)" 30 "$form: forwarded"
    openssl_verifies "$world/department/J"
    deliver "$world/department/J/out/forward" FWD "$world/vendor/J/in/ra"
    expect 4 "$PERSOLINE" run "$world/vendor/J"
    expect 0 "$PERSOLINE_SANDBOX" machine --in "$world/vendor/J/out/machine" \
        --out "$world/vendor/J/in/machine" --state "$world/machine-vendor"
    expect 0 "$PERSOLINE" run "$world/vendor/J"
    equal "$(balance "$world/vendor/J" written)" 30 "$form: written"
    part "vendor sig, department $form: the requests reach the RA and the cards are written"
done

# ---- killed between ----

if [ -x "${PERSOLINE_CUT:-}" ]; then
    # cut_everywhere WORLD COMMAND...: at each of its points, then repeated: ends as undisturbed.
    cut_everywhere()
    {
        local n i code whole=$work/whole/site/B1 job=$work/cut/site/B1
        rm -rf "$work/whole"
        cp -a "$1" "$work/whole"
        PERSO_CUT_COUNT=$work/count "$PERSOLINE_CUT" run "$whole" >"$work/out" 2>"$work/err" ||
            [ $? -gt 2 ] || fail "run: $(tail -n 3 "$work/err")"
        n=$(cat "$work/count")
        for ((i = 1; i <= n; i++)); do
            rm -rf "$work/cut"
            cp -a "$1" "$work/cut"
            code=0
            { PERSO_CUT=$i "$PERSOLINE_CUT" run "$job" >"$work/out" 2>"$work/err" || code=$?; } \
                2>/dev/null
            equal "$code" 137 "cut at $i of $n"
            expect 0 "$PERSOLINE" status "$job"
            expect 4 "$PERSOLINE" run "$job"
            same_job "$whole" "$job"
        done
        part "$2: cut off at each of $n points, ends as undisturbed"
    }
    world_make "$work/k"
    profile_set "$work/k/site" form sig
    job_make "$work/k" B1 "$work/t"
    cut_everywhere "$work/k" "what is to be signed"
    expect 4 "$PERSOLINE" run "$work/k/site/B1"
    sign "$work/k/site/B1" "$work/t"
    cut_everywhere "$work/k" "what was signed"
else
    echo "skipped: killed between (set PERSOLINE_CUT to persoline-cut)"
fi
