#!/bin/bash
# The form bare: the public key alone goes to an RA that takes it, over the whole line and through
# vendor and department (CONTRACTS 2, 4; DOMAIN 0.1).
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/job/handing.sh
. "$here/handing.sh"

# requests JOB: "request_id TAB SF TAB QMGY TAB P10" of all its packages to the RA.
requests()
{
    local package
    for package in "$1"/out/ra/REQ-*.zip; do
        unzip -q -p "$package" requests.csv >"$work/requests.csv"
        columns "$work/requests.csv" request_id SF QMGY P10
    done
}

# ids_over_keys JOB TABLE: every request_id is over AAZ501 and the 64 bytes of the key, and nothing
# but the key goes out.
ids_over_keys()
{
    local id sf key p10 card have n=0
    requests "$1" >"$work/requests"
    columns "$2" QMGY AAZ501 >"$work/cards"
    while IFS=$'\t' read -r id sf key p10; do
        card=$(awk -F'\t' -v k="$key" '$1 == k { print $2 }' "$work/cards")
        have=$(perl -e 'print $ARGV[0], pack "H*", $ARGV[1]' "$card" "$key" |
            openssl dgst -sm3 -r | cut -c1-32)
        equal "$have" "$id" "request_id of $card"
        equal "$sf:$p10" "SM2:" "SF and P10 of $card"
        n=$((n + 1))
    done <"$work/requests"
    [ "$n" -ge 20 ] || fail "only $n requests"
}

# ---- the whole line ----

world_make "$work/w"
profile_set "$work/w/site" form bare
sample_make "$work/s" --cards 200 --faults 0.3 --form bare
head -n 1 "$work/s/keys/application.csv" | has '^AAZ501,AAZ500,AAC002,AAC003,AAB301,QMGY$' ||
    fail "the key-generation output has requests"
job_make "$work/w" B1 "$work/s"
job=$work/w/site/B1
line_run "$work/w" "$job" 3
columns "$work/s/truth.csv" AAZ501 code stage | sort >"$work/want"
held "$job" >"$work/have"
same "$work/have" "$work/want" "held (<) and planted (>)"
faulty=$(wc -l <"$work/want")
equal "$(balance "$job" written)" $((200 - faulty)) "written"
closes "$job"
ids_over_keys "$job" "$work/s/keys/application.csv"
expect 0 "$PERSOLINE" check "$job"
part "held equals planted, $((200 - faulty)) cards are written, of keys alone"

sample_make "$work/good" --cards 30 --seed 11 --form bare
PERSOLINE_CONF=$work/w/site/persoline.conf \
    expect 0 "$PERSOLINE" profile check "$work/good/keys/application.csv"
part "profile check finds nothing missing"

# ---- a request that is there all the same ----

world_make "$work/p"
profile_set "$work/p/site" form bare
sample_make "$work/p10" --cards 30 --seed 11
job_make "$work/p" B1
job=$work/p/site/B1
cp "$work/p10"/issuance/* "$job/in/issuance/"
# 1 has a request of another card, 2 none, 3 one that is no Base64, the others their own.
app=$work/p10/keys/application.csv
other=$(sed -n 10p "$app" | cut -d, -f7)
awk -F, -v OFS=, -v other="$other" 'NR == 2 { $7 = other } NR == 3 { $7 = "" }
    NR == 4 { $7 = "MII*" } { print }' "$app" >"$job/in/keys/application.csv"
line_run "$work/p" "$job" 3
mapfile -t cards < <(columns "$app" AAZ501)
held "$job" >"$work/have"
printf '%s\tR127\tingest\n%s\tR123\tingest\n' "${cards[0]}" "${cards[2]}" | sort >"$work/want"
same "$work/have" "$work/want" "held"
requests "$job" >"$work/requests"
equal "$(awk -F'\t' '$4 == ""' "$work/requests" | wc -l)" 1 "requests without P10"
equal "$(awk -F'\t' '$4 != ""' "$work/requests" | wc -l)" 27 "requests with P10"
equal "$(balance "$job" written)" 28 "written"
part "a P10 that is there is judged and sent; a card without one goes with its key"

# ---- vendor, department, RA; in forms that agree, and that do not ----

world=$work/three
parties_make "$world"
profile_set "$world/vendor" form bare
profile_set "$world/department" form bare
vendor_begin "$world" "$work/good" --mode 1
department_begin "$world" "$work/good"
cp -a "$world" "$work/two-forms"
department_go "$world"
equal "$(count_state "$world/department/J" forwarded)" 30 "forwarded"
ids_over_keys "$world/department/J" "$work/good/keys/application.csv"
deliver "$world/department/J/out/forward" FWD "$world/vendor/J/in/ra"
expect 4 "$PERSOLINE" run "$world/vendor/J"
expect 0 "$PERSOLINE_SANDBOX" machine --in "$world/vendor/J/out/machine" \
    --out "$world/vendor/J/in/machine" --state "$world/machine-vendor"
expect 0 "$PERSOLINE" run "$world/vendor/J"
equal "$(balance "$world/vendor/J" written)" 30 "written"
part "vendor and department bare: keys reach the RA, certificates the cards"

world=$work/two-forms
for form in p10:P10 sig:QM; do
    rm -rf "$world/department/J-${form%:*}"
    profile_set "$world/department" form "${form%:*}"
    expect 0 "$PERSOLINE" init "$world/department/J-${form%:*}" --mode 1 --batch B1 \
        --division 411600 --vendor "V-${form%:*}" --date "$job_date" --role department
    expect 1 "$PERSOLINE" ingest "$world/department/J-${form%:*}" \
        "$work/good/keys/application.csv"
    said "${form#*:}.*F126"
done
part "a table without what the profile's form asks for is refused: F126 names the column"
