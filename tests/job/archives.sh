#!/bin/bash
# Archives as they are really sent (CONTRACTS 2, RELIABILITY T10): tables in tar, tar.gz, tar.zst
# and zip, encrypted zips, names in GBK, requests as members named by card id. Each form of one
# batch gives the ledger and the machine file of the plain table. What is wrong is told with file,
# member and code, or at its card, and leaves nothing.
# shellcheck disable=SC2016  # programs of awk and perl
# shellcheck source=tests/job/refusals.sh
. "$(dirname "$0")/refusals.sh"

: "${PERSOLINE_TYPIST:=$(dirname "$PERSOLINE")/../tests/job/persoline-typist}"
[ -x "$PERSOLINE_TYPIST" ] || { echo "set PERSOLINE_TYPIST to the program" >&2 && exit 2; }
secret=correct-horse-battery

# ---- forms of one batch ----

world_make "$work/base"
sample_make "$work/s" --cards 40
rm "$work"/s/*/*.manifest.json
table=$work/s/keys/application.csv
rows=40
job_make "$work/base" B1
cp "$work/s/issuance/issuance.csv" "$work/base/site/B1/in/issuance/"

# key WORLD NAME VALUE: a key of the profile.
key()
{
    sed -i "s|^$2 = .*|$2 = $3|" "$1/site/profiles/default.conf"
    grep -q "^$2 = $3$" "$1/site/profiles/default.conf" || fail "no key $2"
}

# passphrase WORLD: beside its site, as it should be.
passphrase()
{
    printf '%s\n' "$secret" >"$1/passphrase"
    chmod 600 "$1/passphrase"
    key "$1" passphrase_file ../passphrase
}

# facts_of JOB: the dump, less path, digest and length of the application.
facts_of()
{
    local digest
    digest=$(openssl dgst -sm3 -r "$1"/in/keys/* | cut -c1-64)
    dump "$1" | sed -e "s/$digest/APPLICATION/g; s/${digest:0:16}/APPLICATION/g" |
        awk -F'\t' -v OFS='\t' '$1 == "file" && $7 ~ /^in\/keys\// { $7 = "PATH"; $10 = "BYTES" }
            { print }'
}

line_through()
{
    job=$work/$1/site/B1
    line_run "$work/$1" "$job" 0
    facts_of "$job" >"$work/facts-$1"
}

cp -a "$work/base" "$work/plain"
cp "$table" "$work/plain/site/B1/in/keys/application.csv"
line_through plain
cp "$job/out/machine/B1-0001.csv" "$work/plain-machine"
[ "$(balance "$job" written)" -eq $rows ] || fail "not all cards were written"

# packed NAME COMMAND...: COMMAND, run in $work/pack, makes $out; the line gives what the plain one
# gave.
packed()
{
    local name=$1
    shift
    cp -a "$work/base" "$work/$name"
    passphrase "$work/$name"
    out=$work/$name/site/B1/in/keys/application.${name##*_}
    (cd "$work/pack" && "$@") >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        fail "$name: $*"
    }
    line_through "$name"
    same "$work/facts-plain" "$work/facts-$name" "facts of the plain table (<) and of $name (>)"
    cmp "$job/out/machine/B1-0001.csv" "$work/plain-machine" || fail "$name: another machine file"
    ! grep -rqF "$secret" "$work/$name/site/B1" || fail "$name: the passphrase lies in the job"
    rm -rf "${work:?}/$name"
    part "$name: the ledger and the machine file are those of the plain table"
}

mkdir -p "$work/pack/deep" "$work/pack/gbk" "$work/pack/folder"
cp "$table" "$work/pack/application.csv"
cp "$table" "$work/pack/folder/application.csv"
perl "$here/members.pl" "$table" "$work/pack/deep"
perl "$here/members.pl" "$table" "$work/pack/pem" pem
gbk_table=$(printf '\303\373\265\245_\313\304\264\250.csv') # 名单_四川
cp "$table" "$work/pack/gbk/$gbk_table"
gz() { tar -czf "$out" "$@"; }
zst() { tar -cf - "$@" | zstd -q >"$out"; }
sevenzip() { 7z a -tzip -p"$secret" "$@"; }

packed plain_tar tar -cf "$work/plain_tar/site/B1/in/keys/application.tar" application.csv
packed table_tar.gz gz application.csv
packed table_tar.zst zst application.csv
packed table_zip zip -q "$work/table_zip/site/B1/in/keys/application.zip" application.csv
packed folder_zip zip -qr "$work/folder_zip/site/B1/in/keys/application.zip" folder
packed gbk_tar tar -cf "$work/gbk_tar/site/B1/in/keys/application.tar" gbk
gbk_zip() { LC_ALL=C zip -qr "$out" gbk; }
packed gbk_zip gbk_zip
for kind in AES128 AES192 AES256; do
    aes() { sevenzip -mem=$kind "$out" application.csv; }
    packed "${kind}_zip" aes
done
packed requests_tar.gz gz deep # the table is in the folder too, before or behind them
packed behind_tar tar -cf "$work/behind_tar/site/B1/in/keys/application.tar" \
    -C deep application.csv p10
packed before_tar tar -cf "$work/before_tar/site/B1/in/keys/application.tar" \
    -C deep p10 application.csv
packed requests_zip zip -qr "$work/requests_zip/site/B1/in/keys/application.zip" deep
packed pem_tar.zst zst pem
aes() { sevenzip -mem=AES256 "$out" deep; }
packed requests_aes_zip aes

# The manifest states another encoding than the profile, and stands behind its table, as it does in
# the order of names.
late()
{
    sed -i '0,/^encoding = .*/s//encoding = gb18030/' "$work/$name/site/profiles/default.conf"
    "$@"
}
echo '{"rows": '$rows', "encoding": "utf-8"}' >"$work/pack/application.csv.manifest.json"
packed late_tar.zst late zst application.csv application.csv.manifest.json
late_zip() { zip -q "$out" application.csv application.csv.manifest.json; }
packed late_zip late late_zip
aes() { sevenzip -mem=AES256 "$out" application.csv application.csv.manifest.json; }
packed late_aes_zip late aes

# Of two tables each as its own manifest says, the second one's behind them too.
cp -a "$work/base" "$work/two"
head -n 21 "$table" >"$work/pack/1.csv"
sed '2,21d' "$table" | iconv -f UTF-8 -t GB18030 >"$work/pack/2.csv"
echo '{"rows": 20}' >"$work/pack/1.csv.manifest.json"
echo '{"rows": 20, "encoding": "gb18030"}' >"$work/pack/2.csv.manifest.json"
(cd "$work/pack" && tar -cf "$work/two/site/B1/in/keys/two.tar" {1,2}.csv{,.manifest.json})
line_run "$work/two" "$work/two/site/B1" 0
cmp "$work/two/site/B1/out/machine/B1-0001.csv" "$work/plain-machine" ||
    fail "two tables, two encodings: another machine file"
part "two tables in two encodings, their manifests behind them: the same machine file"

# ---- requests that are wrong ----

# A faulty batch as a table and as members: the same cards are held, for the same reasons. What is
# no Base64 in a cell is no DER in a file (R123, R124); PEM is unusual in a cell alone; and of a
# card that stands twice the second row has no request of its own.
sample_make "$work/f" --cards 300 --faults 0.4 --seed 14 --batch B2
rm "$work"/f/*/*.manifest.json
perl "$here/members.pl" "$work/f/keys/application.csv" "$work/f/pack"
for form in table members; do
    cp -a "$work/base" "$work/$form"
    job_make "$work/$form" F "" --batch B2
done
expect 3 "$PERSOLINE" ingest "$work/table/site/F" "$work/f/keys/application.csv"
(cd "$work/f/pack" && tar -cf ../members.tar application.csv p10)
expect 3 "$PERSOLINE" ingest "$work/members/site/F" "$work/f/members.tar"
awk -F, '$2 == "request-pem" || $2 == "card-twice" { print $1 }' "$work/f/truth.csv" >"$work/other"
held "$work/table/site/F" | sed 's/\tR123\t/\tR124\t/' | grep -vFf "$work/other" >"$work/want"
held "$work/members/site/F" | grep -vFf "$work/other" >"$work/have"
same "$work/want" "$work/have" "held of the table (<) and of members (>)"
for code in R122 R124 R125 R127 R128 R132 R141; do
    cut -f2 "$work/have" | has "^$code$" || fail "the sample plants no $code"
done
part "faulty requests as members: the same cards are held as of the table"

# changed NAME COMMANDS: $work/NAME.tar of the good batch's members after COMMANDS in their folder.
changed()
{
    rm -rf "${work:?}/c"
    cp -a "$work/pack/deep" "$work/c"
    (cd "$work/c/p10" && eval "$2")
    (cd "$work/c" && rm -f "$work/$1.tar" && tar -cf "$work/$1.tar" application.csv p10)
}

# ingest_new ARCHIVE CODE [ARGUMENT...]: into a new job, $job.
ingest_new()
{
    local name
    name=J$(basename "$1" | tr -c '0-9A-Za-z\n' _)
    rm -rf "${work:?}/new"
    cp -a "$work/base" "$work/new"
    job=$work/new/site/B1
    expect "$2" "$PERSOLINE" ingest "$job" "$1" "${@:3}"
}

mapfile -t ids < <(sed 1d "$table" | cut -d, -f1)
a=${ids[0]} b=${ids[1]} c=${ids[2]}

changed swapped "mv $a.p10 x; mv $b.p10 $a.p10; mv x $b.p10"
ingest_new "$work/swapped.tar" 3
printf '%s\tR134\tingest\n' "$a" "$b" | sort >"$work/want"
held "$job" >"$work/have"
same "$work/want" "$work/have" "held where two requests have each other's name (<)"
expect 0 "$PERSOLINE" release "$job" "$a" --reason "looks right"
held "$job" >"$work/have"
same "$work/want" "$work/have" "held after a release (<)"
part "a request that is named after another card holds its card, R134, released too"

changed renamed "mv $a.p10 张三.p10; mv $b.p10 ${b,,}.P10; mkdir sub; mv $c.p10 sub/$c.CSR"
ingest_new "$work/renamed.tar" 3
printf '%s\tR134\tingest\n' "$a" >"$work/want"
held "$job" >"$work/have"
same "$work/want" "$work/have" "held where a request is named after a person (<)"
! grep -rF 张三 "$work/out" "$work/err" "$job/held" || fail "a member's name is told"
part "a request named after a person holds its card, unnamed; case and folders do not matter"

changed missing "rm $a.p10; printf garbage >$b.p10; head -c 20 $c.p10 >x; mv x $c.p10
    : >${ids[3]}.p10; printf x >>${ids[4]}.p10"
ingest_new "$work/missing.tar" 3
{
    printf '%s\tR122\tingest\n' "$a" "${ids[3]}"
    printf '%s\tR124\tingest\n' "$b" "$c"
    printf '%s\tR125\tingest\n' "${ids[4]}"
} | sort >"$work/want"
held "$job" >"$work/have"
same "$work/want" "$work/have" "held where requests are missing, cut or garbage (<)"
part "a request that is missing, empty, cut, garbage or followed by bytes is told at its card"

changed other "cp $a.p10 $b.p10"
ingest_new "$work/other.tar" 3
printf '%s\tR127\tingest\n' "$b" >"$work/want"
held "$job" >"$work/have"
same "$work/want" "$work/have" "held where a card's request has another's key (<)"
part "a request with another card's key holds the card that it is named after, R127"

changed more "cp $a.p10 ${a%????}0000.p10"
ingest_new "$work/more.tar" 0
said 'more.tar: 1 requests belong to no row'
key "$work/base" row_count required
ingest_new "$work/more.tar" 1 --rows 40
said 'more.tar: .*1 requests belong to no row \[F129 '
key "$work/base" row_count warn
part "requests without a row are counted, and refuse the file where totals are required"

# A row that has its request in the table needs no member.
rm -rf "${work:?}/c"
cp -a "$work/pack/deep" "$work/c"
awk -F, -v OFS=, 'NR == 1 || NR % 2 == 0' "$table" >"$work/c/application.csv"
awk -F, -v OFS=, 'NR == 1 || NR % 2 == 1 { if (NR > 1) $7 = ""; print }' "$table" >"$work/c/b.csv"
(cd "$work/c" && tar -cf "$work/half.tar" application.csv b.csv p10)
ingest_new "$work/half.tar" 0
said 'rows 40, received 40'
said '20 requests belong to no row'
part "rows with a request of their own, and rows without, in two tables"

# ---- what refuses the file ----

job_make "$work/base" B3 "" --batch B3
job_make "$work/base" B4 "" --batch B4
stage "$work/base/site/B3" ingest
good=$work/good.csv
cp "$table" "$good"
changed twice "mkdir sub; cp $a.p10 sub/$a.csr"
refused F111 ': .*requests [0-9]+ and [0-9]+ are named after one card' "$work/twice.tar"
changed long "cp $a.p10 $(printf '%0100d' 1).p10"
refused F111 ': .*member [0-9]+: a request that no card' "$work/long.tar"
changed large "head -c 12289 /dev/zero >$a.p10"
refused F112 ': .*member [0-9]+: a request of more than 12288 bytes' "$work/large.tar"
changed none "rm *.p10; rmdir ../p10; mkdir ../p10"
refused F126 ':1: P10: ' "$work/none.tar"
(cd "$work/pack/deep" && tar -cf "$work/alone.tar" p10)
refused F104 ': .*holds no table' "$work/alone.tar"
(cd "$work/pack/deep" && tar -cf "$work/other.tar" application.csv p10 -C "$work" payload)
refused F111 ': .*member [0-9]+: neither a table' "$work/other.tar"
# Requests are of applications alone.
expect 1 "$PERSOLINE" reconcile "$work/base/site/B4" "$work/swapped.tar"
said 'swapped.tar: .*F1[12][0-9]'
part "two requests of one card, names and sizes beyond reason, requests without a table"

sized()
{
    key "$work/base" "$1" "$2"
    refused "$4" "$5" "$3"
    key "$work/base" "$1" "$6"
}
(cd "$work/pack/deep" && tar -cf "$work/ten.tar" application.csv "p10/$a.p10" "p10/$b.p10" p10)
sized members 3 "$work/ten.tar" F112 ': .*member 4: at most 3 members' 1000100
perl -e 'print "A,B\n"; print $_ * 7919 % 100_003, ",$_\n" for 1 .. 200_000' >"$work/large.csv"
(cd "$work" && zip -q large.zip large.csv)
sized member_mib 1 "$work/large.zip" F112 ': .*member 1: more than 1048576 bytes' 2048
sized total_mib 1 "$work/large.zip" F112 ': .*member 1: more than 1048576 bytes in all' 4096
sized ratio 2 "$work/large.zip" F112 ': .*member 1: more than 2 bytes out' 100
(cd "$work/pack" && tar -cf "$work/gbk.tar" gbk)
sized names utf-8 "$work/gbk.tar" F111 ': .*member [0-9]+: name is not allowed' either
part "limits and the encoding of names are the profile's"

# ---- passphrases ----

aes=$work/aes.zip
(cd "$work/pack" && 7z a -tzip -p"$secret" -mem=AES256 "$aes" application.csv) >/dev/null
refused F113 ': .*passphrase_file' "$aes"
(cd "$work/pack" && 7z a -tzip -p"$secret" "$work/old.zip" application.csv) >/dev/null
refused F111 ': .*member 1: traditional encryption' "$work/old.zip"
file=$work/base/passphrase
passphrase "$work/base"
rm "$file"
refused F113 ': passphrase_file: .*No such file' "$aes"
printf 'wrong\n' >"$file"
refused F113 ': passphrase_file: .*mode 0644, want 0600' "$aes"
chmod 640 "$file"
refused F113 ': passphrase_file: .*mode 0640, want 0600' "$aes"
chmod 600 "$file"
refused F113 ': passphrase_file: .*member 1: passphrase is wrong' "$aes"
for text in '' '\n' 'one\ntwo\n' 'one\n\n' 'nul\0\n' "$(printf '%0257d' 1)"; do
    printf "$text" >"$file"
    refused F113 ': passphrase_file: .*want one line' "$aes"
done
mv "$file" "$file-2"
ln -s "$file-2" "$file"
refused F113 ': passphrase_file: .*not a regular file' "$aes"
rm "$file"
mkdir "$file"
refused F113 ': passphrase_file: .*not a regular file' "$aes"
rmdir "$file"
mkfifo -m 600 "$file"
refused F113 ': passphrase_file: .*not a regular file' "$aes"
rm "$file"
if [ "$(id -u)" -eq 0 ]; then
    passphrase "$work/base"
    chown 65534 "$file"
    refused F113 ': passphrase_file: .*another user' "$aes"
    rm -f "$file"
fi
passphrase "$work/base"
# mixed: encrypted beside plain. damaged: a byte of the ciphertext; cut.
cp "$aes" "$work/mixed.zip"
(cd "$work/pack" && cp application.csv second.csv && zip -q "$work/mixed.zip" second.csv)
refused F111 ': .*member 2: encrypted members beside' "$work/mixed.zip"
perl -0777 -pe 'substr($_, 400, 1) ^= "\1"' "$aes" >"$work/flipped.zip"
refused F110 ': .*member 1: ' "$work/flipped.zip"
head -c 5000 "$aes" >"$work/cut.zip"
refused F110 ': .*member 1: ' "$work/cut.zip"
expect 0 "$PERSOLINE" profile check "$aes" --conf "$work/base/site/persoline.conf" --as application
said 'control total none'
part "a passphrase's file that is not as it should be, a wrong one, changed and mixed archives"

# ---- somebody at a terminal ----

key "$work/base" passphrase_file ''
typed()
{
    local code=$1
    shift
    expect "$code" "$PERSOLINE_TYPIST" "passphrase of" "$@"
    ! grep -aqF "$secret" "$work/out" || fail "what was typed is shown"
}
typed 1 wrong again 'and again' -- "$PERSOLINE" ingest "$job" "$aes"
said 'aes.zip: .*passphrase is wrong \[F113 '
typed 1 '' -- "$PERSOLINE" ingest "$job" "$aes"
said 'aes.zip: .*no passphrase was typed'
unchanged "(terminal)"
typed 130 wrong '^C' -- "$PERSOLINE" ingest "$job" "$aes"
! grep -qF F113 "$work/out" || fail "a question that was broken off is told as a refusal"
typed 0 wrong "$secret" -- "$PERSOLINE" show "$aes"
said 'rows 40'
typed 0 wrong again "$secret" -- "$PERSOLINE" ingest "$job" "$aes"
said 'rows 40, received 40'
! grep -rqF "$secret" "$work/base/site/B3" || fail "the passphrase lies in the job"
part "at a terminal it is asked for three times, without echo; ^C leaves it as it was"
