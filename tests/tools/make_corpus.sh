#!/bin/bash
# Writes the seeds of tests/fuzz/corpus/. Keys are fresh at every run, so a new run gives seeds of
# other keys and signatures, but of the same kinds. No person: the ID numbers are the published
# specimens of GB 11643. What a fuzzer found stands beside the seeds under other names and stays.
# usage: tests/tools/make_corpus.sh   (openssl, perl, zip, tar, zstd, iconv)
set -euo pipefail
cd "$(dirname "$0")/../fuzz"
mkdir -p corpus/{archive,certificate,charset,envelope,id_number,manifest,name,note,package,pkcs10}
mkdir -p corpus/{parties,plain,seal,table}
cd corpus
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
id=1234567812345678
ssn=11010519491231002X

# cut FILE BYTES OUT, changed FILE OFFSET BYTE OUT
cut_at()
{
    head -c "$2" "$1" >"$3"
}

changed()
{
    cp "$1" "$4"
    printf '%b' "$3" | dd of="$4" bs=1 seek="$2" conv=notrunc status=none
}

request()
{
    openssl req -new -key "$1" -subj "$2" -utf8 -outform DER -sm3 -sigopt "distid:$id" -out "$3"
}

make_keys()
{
    openssl genpkey -algorithm SM2 -out "$work/card.key"
    openssl genpkey -algorithm SM2 -out "$work/ca.key"
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/p256.key"
}

# Rows of other parties' tables, a key that the fuzzer expects among them.
make_parties()
{
    local id=411600D156000005FFFFFFFFFFFFFFFF request=00112233445566778899aabbccddeeff key zero
    key=010203$(printf '0%.0s' {1..122})
    zero=$(printf '0%.0s' {1..64})
    {
        echo AAZ501,request_id,state,stage,code,clause,field,text_en,text_zh
        echo "$id,$request,returned,reconcile,R203,,AAC003,not in the issuance data: x,"
        echo "$id,,cancelled,,R306,,,,"
        echo "$id,$request,returned,approve,R777,,,\"a new, rule $ssn\","
    } >parties/held.csv
    printf 'AAZ501,state\n%s,approved\n%s,cancelled\n' "$id" "$id" >parties/outstanding.csv
    {
        echo AAZ501,result,step,reason,QMGY,QMZS_SM3,JMZS_SM3,ATR,box,time
        echo "$id,ok,,,$key,$zero,$zero,,,"
        echo "$id,spoiled,CHECK,\"broken, 3B\",,,,,,"
        echo "$id,ok,,,$key,,,,,"
        echo "$id,test,,,,,,,,"
    } >parties/result.csv
    {
        echo request_id,AAZ501,AAZ500,QMGY,box,position,AAC002,AAC003,AAB301,replaces,SSSE,x
        echo "$request,$id,B6Z315526,$key,1,2,,,,,,"
        echo ",$id,,,,,$ssn,张三,411600,$id,K:1,y"
    } >parties/join.csv
    : >parties/empty
}

make_plain()
{
    printf 'V1-411600 \xc2\x9b2J \xe2\x80\xae \xe2\x81\xa6 \xd8\x9c \x1b[2J\x7f' >plain/controls
    printf '\xc0\x9b\xe0\x80\x9b\xf0\x8f\xe2\x80' >plain/broken
    printf '张三·\xf0\xa0\x80\x80' >plain/good
    : >plain/empty
}

make_pkcs10()
{
    request "$work/card.key" "/C=CN/CN=张三" pkcs10/good.der
    request "$work/card.key" "/C=CN/O=人力资源和社会保障局/CN=阿卜杜拉·艾合买提/serialNumber=$ssn" \
        pkcs10/long.der
    openssl req -new -key "$work/p256.key" -subj "/CN=a" -outform DER -out pkcs10/p256.der
    openssl req -new -key "$work/card.key" -subj "/CN=a" -outform DER -sm3 -sigopt "distid:$id" \
        -addext 'subjectAltName=DNS:a' -out pkcs10/attributes.der
    cut_at pkcs10/good.der 100 pkcs10/cut.der
    changed pkcs10/good.der 1 '\x80' pkcs10/indefinite.der
    { cat pkcs10/good.der && printf '\0'; } >pkcs10/trailing.der
    : >pkcs10/empty
}

make_certificates()
{
    local kind usage
    openssl req -x509 -new -key "$work/ca.key" -subj "/C=CN/O=test/CN=test CA" -sm3 \
        -sigopt "distid:$id" -days 3650 -out "$work/ca.pem"
    openssl x509 -in "$work/ca.pem" -outform DER -out certificate/ca.der
    openssl req -new -key "$work/card.key" -subj "/C=CN/CN=张三/serialNumber=$ssn" -utf8 -sm3 \
        -sigopt "distid:$id" -out "$work/leaf.csr"
    for kind in sign encrypt; do
        usage=digitalSignature,nonRepudiation
        [ "$kind" = sign ] || usage=keyEncipherment,dataEncipherment
        printf 'keyUsage=critical,%s\n1.2.156.10260.4.1.1=ASN1:PRINTABLESTRING:%s\n' \
            "$usage" "$ssn" >"$work/extensions"
        openssl x509 -req -in "$work/leaf.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -sm3 \
            -sigopt "distid:$id" -vfyopt "distid:$id" -set_serial 0x1234567890 -days 365 \
            -extfile "$work/extensions" -outform DER -out "certificate/$kind.der" 2>/dev/null
    done
    cut_at certificate/sign.der 200 certificate/cut.der
    changed certificate/sign.der 1 '\x84' certificate/length.der
    { cat certificate/sign.der && printf '\0'; } >certificate/trailing.der
    : >certificate/empty
}

make_envelopes()
{
    local point
    point=$(openssl pkey -in "$work/card.key" -pubout -outform DER | tail -c 64 | xxd -p -c 64)
    perl ../../tools/envelope_seeds.pl "$point" envelope
}

make_archives()
{
    local members=(a.csv b.csv)
    printf 'AAZ501,QMGY\n1,2\n' >"$work/a.csv"
    printf '%02000d\n' 7 >"$work/b.csv"
    (cd "$work" && ln -sf a.csv link.csv && mkdir -p d && cp a.csv d/)
    local tar=(tar -C "$work" --owner=0 --group=0 --numeric-owner --mtime=@1709208000)
    "${tar[@]}" --zstd -cf archive/good.tar.zst "${members[@]}"
    "${tar[@]}" -czf archive/good.tar.gz "${members[@]}"
    "${tar[@]}" -czf archive/link.tar.gz a.csv link.csv
    "${tar[@]}" -czPf archive/upwards.tar.gz --transform='s|^|../|' a.csv
    "${tar[@]}" --zstd -cf archive/folder.tar.zst d
    "${tar[@]}" --zstd -cf archive/twice.tar.zst a.csv a.csv
    "${tar[@]}" -cf "$work/plain.tar" "${members[@]}"
    (cd "$work" && zip -qX0 stored.zip "${members[@]}" && zip -qX9 deflated.zip "${members[@]}" &&
        zip -qXy link.zip a.csv link.csv && zip -qXr folder.zip d)
    cp "$work"/{stored,deflated,link,folder}.zip archive/
    cut_at archive/good.tar.zst 100 archive/cut.tar.zst
    cut_at archive/deflated.zip 150 archive/cut.zip
    { cat archive/stored.zip && printf 'x'; } >archive/trailing.zip
    : >archive/empty
}

make_manifests()
{
    local zero=0000000000000000000000000000000000000000000000000000000000000000
    local one='{"bytes":9,"name":"application.csv","rows":1,"sm3":"'$zero'"}'
    local two='{"bytes":3,"name":"slip.txt","rows":0,"sm3":"'$zero'"}'
    local head='"batch":"B1","cards":1,"date":"2024-02-29","division":"411600","final":true'
    local tail='"format":"persoline-package-1","kind":"APP","members":['$one','$two'],"mode":1'
    printf '{%s,%s,"previous":null,"recipient":"D1","sender":"V1","sequence":1,"vendor":"V1"}\n' \
        "$head" "$tail" >manifest/package.json
    sed 's/"sequence":1/"sequence":-1/' manifest/package.json >manifest/negative.json
    sed 's/"batch":"B1"/"batch":"B1","batch":"B2"/' manifest/package.json >manifest/twice.json
    sed 's|slip.txt|../slip.txt|' manifest/package.json >manifest/upwards.json
    printf '{"encoding":"gb18030","rows":3,"sm3":"%s"}\n' "$zero" >manifest/side.json
    printf '{"rows":4294967296}\n' >manifest/rows.json
    printf '[[[[' >manifest/deep.json
    cp manifest/package.json "$work/manifest.json"
    (cd "$work" && cp a.csv application.csv && printf 'one' >slip.txt &&
        zip -qX0 package.zip manifest.json application.csv slip.txt)
    cp "$work/package.zip" package/wrong_digest.zip
    printf '\0\0\1' >package/first_byte
    printf '\0\50\1\0\132\377' >package/two_bytes
    printf '\0\0\0' >package/unchanged
}

# Two bytes of options first: character set and size of the pieces.
make_charsets()
{
    local text='张三，阿卜杜拉·艾合买提 㑇 𠰰 , | \ "é'
    { printf '\0\7' && printf '%s' "$text"; } >charset/utf8
    { printf '\1\2' && printf '张三·镕喆|' | iconv -t GBK; } >charset/gbk
    { printf '\2\3' && printf '%s' "$text" | iconv -t GB18030; } >charset/gb18030
    { printf '\2\0' && printf '\x84\x31\xa4\x37\xe3\x32\x9a\x35'; } >charset/edges
    { printf '\0\1' && printf '\xed\xa0\x80\xc0\x80\xf4\x90\x80\x80'; } >charset/not_utf8
    { printf '\1\1' && printf '\xa1'; } >charset/cut
}

make_words()
{
    local n=0 word
    for word in "$ssn" 440524188001010014 810000199408230021 830000199201300022 ABC110100010119 \
        11010519491231002x 110105194912310021 1101051949123100 411600D156000005AABBCCDD01020304 \
        JA334687X 022345678 411600 4.116E+17 '####'; do
        n=$((n + 1))
        printf '%s' "$word" >"id_number/$n"
    done
    printf '张三\377张三' >name/equal
    printf '阿卜杜拉·艾合买提\377阿卜杜拉•艾合买提' >name/dots
    printf 'ＡＢ　Ｃ\377AB C' >name/width
    printf '𠰰㑇\377?' >name/garbled
    printf '阿%.0s' {1..26} >name/long
    printf '\377' >>name/long
    printf '重复申请' >note/chinese
    printf 'ID %s, card 411600D156000005AABBCCDD01020304\n\t\033[1m' "$ssn" >note/numbers
    printf '\xe5\xbc\xa0\xe5' >note/cut
    printf 'x%.0s' {1..200} >note/long
}

make_seals()
{
    printf '0102030405060708' >seal/short
    printf 'PSEAL1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' >seal/text
    cat "$work/ca.pem" >seal/peer.pem
    cp certificate/sign.der seal/peer.der
    : >seal/empty
}

# Two bytes of options first: character set, delimiter and quotes; size of the pieces.
make_tables()
{
    local header='AAZ501,AAZ500,AAC002,AAC003,AAB301'
    local row="411600D156000005AABBCCDD01020304,JA334687X,$ssn,张三,411600"
    printf '\0\7%s\n%s\n' "$header" "$row" >table/good
    printf '\0\1\xef\xbb\xbf%s\r\n%s\r\n' "$header" "$row" >table/bom_crlf
    printf '\0\7卡识别码,社会保障号码\n"=""411600D156000005""",%s' "$ssn" >table/excel
    printf '\3\7%s\n%s\n' "${header//,/|}" "${row//,/|}" >table/bar
    { printf '\1\2' && printf '%s\n%s\n' "$header" "$row" | iconv -t GBK; } >table/gbk
    printf '\0\7%s\n"open,1\n2,3\n' "$header" >table/open_quote
    printf '\200\7%s\n1,"a\nb",3,4,5\n' "$header" >table/newline_in_quotes
    printf '\0\7%s\n1,2\n' "$header" >table/few_columns
    printf '\0\7%s,AAZ501\n' "$header" >table/twice
    printf '\0\7%s\n1,2,3,\0,5\n' "$header" >table/nul
    printf '\100\7%s\n1,"2",3,4,5\n' "$header" >table/no_quotes
}

make_keys
make_pkcs10
make_certificates
make_envelopes
make_archives
make_manifests
make_charsets
make_words
make_seals
make_parties
make_plain
make_tables
