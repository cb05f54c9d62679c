# shellcheck shell=bash disable=SC2154  # of lib.sh
# Packages made without the product, by Info-ZIP and OpenSSL: of kinds whose writer is another
# party's, and such as nobody should send. Sourced after lib.sh.

# forge_sign SITE FILE: FILE.sig over the manifest in FILE, by the site's sender key.
forge_sign()
{
    unzip -p "$2" manifest.json >"$work/forge.json"
    openssl dgst -sm3 -sign "$1/keys/sender.key" -passin "file:$1/keys/password" \
        -sigopt distid:1234567812345678 -out "$2.sig" "$work/forge.json"
}

# forge_wrap SITE FILE: FILE.wrap, some key sealed to the site.
forge_wrap()
{
    # Of the two certificates of a site the one that may not sign seals.
    perl -0777 -ne 'print "$_\0" for /-----BEGIN.*?END CERTIFICATE-----\n/gs' "$1/site.cer" |
        while IFS= read -r -d '' pem; do
            ! openssl x509 -noout -text <<<"$pem" | grep -q 'Digital Signature' || continue
            openssl x509 -noout -pubkey <<<"$pem"
        done >"$work/forge.pem"
    openssl rand 32 |
        openssl pkeyutl -encrypt -pubin -inkey "$work/forge.pem" -out "$2.wrap"
}

# forge_manifest FOLDER KEY=VALUE... >MANIFEST: of the files in FOLDER. Keys: kind sender recipient
# sequence previous cards batch mode vendor.
forge_manifest()
{
    local folder=$1 name first=1
    shift
    local kind=APP sender=vendor recipient=department sequence=1 previous=null
    local cards=0 batch=B1 mode=1 vendor=V1
    [ $# -eq 0 ] || local "$@"
    printf '{\n  "batch": "%s",\n  "cards": %s,\n  "date": "%s",\n  "division": "411600",\n' \
        "$batch" "$cards" "$job_date"
    printf '  "final": false,\n  "format": "persoline-package-1",\n  "kind": "%s",\n' "$kind"
    printf '  "members": ['
    for name in "$folder"/*; do
        [ "$first" -eq 1 ] || printf ','
        first=0
        printf '\n    {\n      "bytes": %s,\n      "name": "%s",\n      "rows": %s,\n' \
            "$(stat -c %s "$name")" "$(basename "$name")" \
            "$(awk 'END { print (FILENAME ~ /csv$/ ? NR - 1 : 0) }' "$name")"
        printf '      "sm3": "%s"\n    }' "$(openssl dgst -sm3 -r "$name" | cut -d' ' -f1)"
    done
    [ "$previous" = null ] || previous="\"$previous\""
    printf '\n  ],\n  "mode": %s,\n  "previous": %s,\n' "$mode" "$previous"
    printf '  "recipient": "%s",\n  "sender": "%s",\n  "sequence": %s,\n  "vendor": "%s"\n}\n' \
        "$recipient" "$sender" "$sequence" "$vendor"
}

# forge_package FILE FOLDER KEY=VALUE...: FILE of the members in FOLDER, not signed.
forge_package()
{
    local file=$1 folder=$2
    shift 2
    forge_manifest "$folder" "$@" >"$work/manifest.json"
    rm -f "$file"
    (cd "$work" && zip -q -0 -X "$file" manifest.json)
    (cd "$folder" && zip -q -0 -X "$file" ./*)
    rm "$work/manifest.json"
}

# manifest_digest FILE: for the chain.
manifest_digest()
{
    unzip -p "$1" manifest.json | openssl dgst -sm3 -r | cut -d' ' -f1
}
