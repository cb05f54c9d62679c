#!/bin/bash
# Requests that are unusual, but understood (DOMAIN 5.3): which of it a profile lets pass, what is
# said of it, and what then reaches the RA. OpenSSL is the judge of that.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/job/handing.sh
. "$here/handing.sh"

declare -A words=([pem]='requests in PEM' [attributes]='requests without the attributes field'
    [null]='requests with NULL parameters' [raw]='requests whose signature is r and s without DER'
    [hybrid]='requests with a hybrid point' [compressed]='requests with a compressed point')
kinds=(pem attributes null raw hybrid compressed)
mendable=' pem null raw ' # outside of what is signed: they go on as usual

world_make "$work/base"
for kind in "${kinds[@]}"; do
    sample_make "$work/s-$kind" --cards 30 --seed 11 --odd "$kind"
done
sample_make "$work/s-none" --cards 30 --seed 11

# requests JOB: "QMGY TAB P10" of all its packages to the RA.
requests()
{
    local package
    for package in "$1"/out/ra/REQ-*.zip; do
        unzip -q -p "$package" requests.csv >"$work/requests.csv"
        columns "$work/requests.csv" QMGY P10
    done
}

# openssl_verifies JOB: each of its requests.
openssl_verifies()
{
    local p10 n=0
    requests "$1" >"$work/requests"
    while IFS=$'\t' read -r _ p10; do
        base64 -d <<<"$p10" >"$work/request.der"
        openssl req -inform DER -in "$work/request.der" -verify -noout \
            -vfyopt distid:1234567812345678 >"$work/out" 2>"$work/err" ||
            fail "OpenSSL does not verify request $n: $(cat "$work/err")"
        has 'verify OK' <"$work/err" || fail "OpenSSL does not say that request $n holds"
        n=$((n + 1))
    done <"$work/requests"
    equal "$n" 30 "requests"
}

# usual_forms JOB: what is not signed is as usual in each of its requests: SM2 with SM3 without
# parameters, then a BIT STRING of SEQUENCE { r, s }; and "attributes TAB first byte of the point".
usual_forms()
{
    requests "$1" >"$work/requests"
    cut -f2 "$work/requests" | perl -MMIME::Base64 -ne '
        my $der = decode_base64($_);
        $der =~ /\x30\x0a\x06\x08\x2a\x81\x1c\xcf\x55\x01\x83\x75\x03[\x47-\x4a]\x00\x30/s
            or die "request $.: not the usual algorithm and signature\n";
        my ($point) = $der =~ /\x2a\x81\x1c\xcf\x55\x01\x82\x2d\x03.\x00(.)/s or die "no point\n";
        my $info = substr($der, 0, $-[0]);
        print $info =~ /\xa0\x00\z/ || $der =~ /\xa0\x00\x30\x0a\x06\x08/ ? "A0" : "none", "\t",
            unpack("H*", $point), "\n"' | sort | uniq -c | tr -s ' '
}

for kind in "${kinds[@]}"; do
    # ---- not tolerated: each card is held, and told with the profile's word ----
    others=$(printf '%s,' "${kinds[@]}" | sed "s/$kind,//; s/,$//")
    cp -a "$work/base" "$work/w"
    profile_set "$work/w/site" tolerate "$others"
    job_make "$work/w" B1 "$work/s-$kind"
    job=$work/w/site/B1
    expect 3 "$PERSOLINE" run "$job"
    columns "$job/held/ingest.csv" code field | sort | uniq -c | tr -s ' \t' ' ' >"$work/have"
    equal "$(cat "$work/have")" " 30 R124 P10" "$kind, not tolerated"
    equal "$(columns "$job/held/ingest.csv" text_en | grep -c "$kind is not tolerated")" 30 \
        "texts that name $kind"
    ! grep -q "${words[$kind]}" "$work/err" || fail "$kind is told as tolerated"

    # ---- then it is: the cards are released, and go the whole line ----
    profile_set "$work/w/site" tolerate "$kind"
    expect 0 "$PERSOLINE" release "$job" "@$job/held/ingest.csv" --reason "agreed with the vendor"
    card=$(columns "$work/s-$kind/keys/application.csv" AAZ501 | sed -n 1p)
    expect 0 "$PERSOLINE" trace "$job" "$card"
    said "application: .* unusual request $kind"
    line_run "$work/w" "$job" 0
    equal "$(balance "$job" written)" 30 "$kind, released: written"
    openssl_verifies "$job"
    requests "$job" | sort >"$work/released"

    # ---- tolerated from the beginning: said once a file, and the same requests ----
    rm -rf "$work/w"
    cp -a "$work/base" "$work/w"
    profile_set "$work/w/site" tolerate "$kind"
    job_make "$work/w" B1 "$work/s-$kind"
    expect 4 "$PERSOLINE" run "$job"
    equal "$(grep -c "application.csv: P10: 30 ${words[$kind]}" "$work/err")" 1 "$kind: warnings"
    expect 0 "$PERSOLINE" trace "$job" "$card"
    said "application: .* unusual request $kind"
    line_run "$work/w" "$job" 0
    equal "$(balance "$job" written)" 30 "$kind, tolerated: written"
    openssl_verifies "$job"
    requests "$job" | sort >"$work/have"
    same "$work/have" "$work/released" "$kind: requests when tolerated (<) and when released (>)"
    usual_forms "$job" >"$work/forms"
    case $kind in
    attributes) want=$' 30 none\t04' ;;
    hybrid) want='^ [0-9]+ A0	0[67]$' ;;
    compressed) want='^ [0-9]+ A0	0[23]$' ;;
    *) want=$' 30 A0\t04' ;;
    esac
    ! grep -vE "$want" "$work/forms" >&2 || fail "$kind: forms that reached the RA"
    if [[ $mendable = *" $kind "* ]]; then
        # The very requests of the usual sample: signed bytes, key and nonce are the same.
        columns "$work/s-none/keys/application.csv" QMGY P10 | sort >"$work/want"
        same "$work/have" "$work/want" "$kind: what reached the RA (<) and the usual requests (>)"
        part "$kind: held, or tolerated and written as usual"
    else
        part "$kind: held, or tolerated and sent on as it was signed"
    fi
    rm -rf "$work/w"
done

# ---- by default ----

for kind in "${kinds[@]}"; do
    cp -a "$work/base" "$work/w"
    job_make "$work/w" B1 "$work/s-$kind"
    case $kind in attributes | null) want=4 ;; *) want=3 ;; esac
    expect "$want" "$PERSOLINE" run "$work/w/site/B1"
    rm -rf "$work/w"
done
part "the shipped profile lets missing attributes and NULL parameters pass, nothing else"

# ---- PEM in lines, where the profile allows newlines in quotes ----

cp -a "$work/base" "$work/w"
profile_set "$work/w/site" tolerate pem
job_make "$work/w" B1
job=$work/w/site/B1
perl -F, -lane 'if ($. > 1) {
    my $base64 = $F[6];
    $F[6] = "\"-----BEGIN NEW CERTIFICATE REQUEST-----\n" . join("\n", $base64 =~ /.{1,64}/g)
        . "\n-----END NEW CERTIFICATE REQUEST-----\n\"" }
    print join ",", @F' "$work/s-none/keys/application.csv" >"$work/lines.csv"
expect 1 "$PERSOLINE" ingest "$job" "$work/lines.csv"
said 'F122|F123'
sed -i '/^\[application\]/,/^\[issuance\]/s/^quoted_newlines = no/quoted_newlines = yes/' \
    "$work/w/site/profiles/default.conf"
expect 0 "$PERSOLINE" ingest "$job" "$work/lines.csv"
said 'lines.csv: P10: 30 requests in PEM'
rm -rf "$work/w"
part "PEM with its line breaks in quotes"

# ---- the department judges with its own profile what the vendor let pass ----

world=$work/three
parties_make "$world"
profile_set "$world/vendor" tolerate 'raw,hybrid'
vendor_begin "$world" "$work/s-raw" --mode 1
department_begin "$world" "$work/s-raw"
equal "$(count_state "$world/department/J" reconciled)" 30 "raw, mended by the vendor"
department_go "$world"
equal "$(count_state "$world/department/J" forwarded)" 30 "forwarded"
rm -rf "$world/vendor/J" "$world/department/J" "$world"
parties_make "$world"
profile_set "$world/vendor" tolerate 'raw,hybrid'
vendor_begin "$world" "$work/s-hybrid" --mode 1
expect 0 "$PERSOLINE" init "$world/department/J" --date "$job_date" \
    --from "$world/vendor/J/out/ra/APP-411600-B1-0001.zip"
deliver "$world/vendor/J/out/ra" APP "$world/department/J/in/keys"
expect 3 "$PERSOLINE" ingest "$world/department/J" \
    "$world/department/J/in/keys/APP-411600-B1-0001.zip"
equal "$(columns "$world/department/J/held/ingest.csv" text_en | grep -c 'hybrid is not')" 30 \
    "hybrid points, which only the vendor tolerates"
part "what the vendor mended is usual to the department; what he could not is judged again"
