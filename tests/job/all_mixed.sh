#!/bin/bash
# Everything that may come differs, in one job (issue 5, "must show" 1): the applications in three
# files, an encrypted zip in GB18030, requests as members in PEM, a plain table with a byte order
# mark and CRLF; issuance data in GB18030 in a tar.gz; the RA answers with certificates in files and
# with records in one archive, in GB18030, with secrets under SM2 and six forms of key envelope.
# The machine file and the cards' states are those of plain tables and a RET package.
. "$(dirname "$0")/lib.sh"

cards=42
secret=correct-horse-battery
world_make "$work/base"
sample_make "$work/s" --cards $cards
rm "$work"/s/*/*.manifest.json
table=$work/s/keys/application.csv
job_make "$work/base" B1

through()
{
    job=$work/$1/site/B1
    line_to_ra "$work/$1" "$job"
    ra_answer "$work/$1" "$job" "${@:2}"
    expect 4 "$PERSOLINE" run "$job"
    states "$job" >"$work/states-$1"
    machine_play "$work/$1" "$job" --envelope skf --chips "$work/s"
    expect 0 "$PERSOLINE" run "$job"
    equal "$(balance "$job" written)" $cards "cards written, $1"
    closes "$job"
}

cp -a "$work/base" "$work/plain"
job_give "$work/plain/site/B1" "$work/s"
through plain

# set_key SECTION KEY VALUE: of the profile.
set_key()
{
    local profile=$work/mixed/site/profiles/default.conf
    perl -0pi -e 's{(\['"$1"'\].*?\n'"$2"' =)[^\n]*}{$1 '"$3"'}s' "$profile"
    grep -q "^$2 = $3\$" "$profile" || fail "profile: $2 = $3"
}

# part_of FROM TO: these rows of the application, with the header.
part_of() { sed -n "1p; $(($1 + 1)),$(($2 + 1))p" "$table"; }

cp -a "$work/base" "$work/mixed"
keys=$work/mixed/site/B1/in/keys
mkdir "$work/one" "$work/two" "$work/issued"
part_of 1 14 | iconv -f UTF-8 -t GB18030 >"$work/one/application.csv"
(cd "$work/one" && 7z a -tzip -mem=AES256 -p"$secret" "$keys/1.zip" application.csv) >"$work/log"
echo '{"rows": 14, "encoding": "gb18030"}' >"$keys/1.zip.manifest.json"
part_of 15 28 >"$work/second.csv"
perl "$here/members.pl" "$work/second.csv" "$work/two" pem
tar -C "$work/two" -cf - . | zstd -q >"$keys/2.tar.zst"
part_of 29 42 | sed 's/$/\r/; 1s/^/\xef\xbb\xbf/' >"$keys/3.csv"
iconv -f UTF-8 -t GB18030 "$work/s/issuance/issuance.csv" >"$work/issued/issuance.csv"
issued=$work/mixed/site/B1/in/issuance/issuance.tar.gz
tar -C "$work/issued" -czf "$issued" issuance.csv
echo '{"encoding": "gb18030"}' >"$issued.manifest.json"
printf '%s\n' "$secret" >"$work/mixed/passphrase"
chmod 600 "$work/mixed/passphrase"
set_key archive passphrase_file ../passphrase
set_key return encoding gb18030
set_key return secrets sm2
through mixed --return mixed.zip --encoding gb18030 --secrets sm2 --envelope mixed

cmp "$work"/{plain,mixed}/site/B1/out/machine/B1-0001.csv || fail "another machine file"
same "$work/states-plain" "$work/states-mixed" "states of plain files (<) and of mixed ones (>)"
expect 0 "$PERSOLINE" check "$work/mixed/site/B1"
expect 0 "$PERSOLINE" audit verify "$work/mixed/site/B1"
part "three forms of file, six of envelope, two of return in one job: the plain machine file"
