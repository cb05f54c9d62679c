#!/bin/bash
# Profiles: whole jobs with each shipped one, and what `profile show` and `profile check` say
# (CONTRACTS 2; issue 4, "Profiles").
. "$(dirname "$0")/lib.sh"

# ---- a whole job in each layout, against the default profile on the same cards ----

ra_args=(--fault refused:0.05)
machine_args=(--spoil 0.1 --retry 0.1 --missing 0.05)

# results_as PROFILE JOB: what the machine left, in the layout of the profile.
results_as()
{
    local file
    for file in "$2"/in/machine/*.csv; do
        [ "$(head -c 7 "$file")" = AAZ501, ] || continue
        perl "$here/relayout.pl" "$1" "$file" utf-8
    done
}

# line_as PROFILE WORLD JOB: line_run with results in another layout.
line_as()
{
    line_to_machine "$2" "$3"
    for _ in 1 2; do
        machine_play "$2" "$3" "${machine_args[@]}"
        results_as "$1" "$3"
        "$PERSOLINE" run "$3" >"$work/out" 2>"$work/err" || true
    done
    expect 3 "$PERSOLINE" run "$3"
}

world_make "$work/base"
for row in bar-pinyin:gb18030 chinese-gbk:gbk; do
    profile=${row%:*} encoding=${row#*:}
    sample=$work/s-$profile
    sample_make "$sample" --cards 60 --seed 23 --faults 0.3 --encoding "$encoding"
    cp -a "$work/base" "$work/plain-$profile"
    cp -a "$work/base" "$work/$profile"
    job_make "$work/plain-$profile" B1 "$sample"
    line_run "$work/plain-$profile" "$work/plain-$profile/site/B1" 3

    cp -a "$sample" "$sample-own"
    perl "$here/relayout.pl" "$profile" "$sample-own/keys/application.csv"
    perl "$here/relayout.pl" "$profile" "$sample-own/issuance/issuance.csv"
    job=$work/$profile/site/B1
    job_make "$work/$profile" B1 "$sample-own" --profile "$profile"
    line_as "$profile" "$work/$profile" "$job"

    states "$work/plain-$profile/site/B1" >"$work/want"
    states "$job" >"$work/have"
    same "$work/want" "$work/have" "cards of the default profile (<) and of $profile (>)"
    for file in "$work/plain-$profile"/site/B1/out/machine/*.csv; do
        columns "$file" AAZ501 AAC002 AAC003 QMGY AAE010 KYXQ QMZS box >"$work/want"
        columns "$job/out/machine/$(basename "$file")" AAZ501 AAC002 AAC003 QMGY AAE010 KYXQ QMZS \
            box >"$work/have"
        same "$work/want" "$work/have" "$(basename "$file")"
    done
    held "$work/plain-$profile/site/B1" >"$work/want"
    held "$job" >"$work/have"
    same "$work/want" "$work/have" "held lists"
    [ "$(balance "$job" written)" -gt 20 ] || fail "too few cards were written to compare"
    for line in spoiled held; do
        [ "$(balance "$job" "$line")" -gt 0 ] || fail "no card was $line"
    done
    closes "$job"
    part "$profile: a whole job ends card by card as the default profile's"
done

# ---- profile check on good files ----

site=$work/base/site
export PERSOLINE_CONF=$site/persoline.conf
find "$site" -type f -exec sha1sum {} + | sort >"$work/site-before"

# check CODE FILE ARGUMENT...: what it said goes into $work/said too, to look for leaks.
check()
{
    local code=$1 file=$2
    shift 2
    expect "$code" "$PERSOLINE" profile check "$file" "$@"
    cat "$work/out" "$work/err" >>"$work/said"
}

# every FILE PROFILE N: each of N columns is known, by the names of the profile or of all.
every()
{
    local n
    n=$(grep -c '"what": "column"' "$work/out")
    equal "$n" "$2" "columns of $1"
    ! grep -E '"code": ""' "$work/out" >&2 || fail "$1: columns that are not known"
    ! grep -E '"what": "(missing|shape)"' "$work/out" >&2 || fail "$1: not whole"
}

for row in bar-pinyin:gb18030:bar chinese-gbk:gbk:comma; do
    IFS=: read -r profile encoding delimiter <<<"$row"
    sample=$work/good-$profile
    sample_make "$sample" --cards 40 --seed 29 --encoding "$encoding"
    for kind in application:keys:7 issuance:issuance:17; do
        IFS=: read -r as folder n <<<"$kind"
        file=$sample/$folder/$as.csv
        perl "$here/relayout.pl" "$profile" "$file"
        check 0 "$file" --profile "$profile" --json
        every "$file" "$n"
        said "\"as\": \"$as\", \"because\": \"of its columns\""
        said "\"what\": \"table\", \"number\": 1, \"encoding\": \"$encoding\""
        said "\"delimiter\": \"$delimiter\""
        said '"known by": "this profile"'
        said '"known by": "another name"'
        rows=$(($(wc -l <"$file") - 1))
        said "\"rows\": $rows, \"control total\": $rows"
        said "\"judged\", \"rows\": $rows, \"would be held\": 0"
        equal "$(grep -c '"what": "row"' "$work/out")" 3 "rows shown"
        check 0 "$file" --profile "$site/profiles/$profile.conf" --as "$as"
        said 'you say so'
    done
    result=("$work/$profile"/site/B1/in/machine/*.csv)
    check 0 "${result[0]}" --profile "$profile" --json
    every "${result[0]}" 10
    said '"as": "result"'
    part "$profile: check knows every column of its three tables, and holds nothing"
done

sample_make "$work/zip" --cards 40 --seed 29 --archive zip
check 0 "$work/zip/keys/application.zip" --json
said '"rows": 40, "control total": 40'
part "check reads archives"

# ---- the dry judgement is the job's ----

for profile in bar-pinyin chinese-gbk; do
    file=$work/s-$profile-own/keys/application.csv
    check 3 "$file" --profile "$profile" --json
    perl -ne 'print "$2\t$1\n" if /"would be held", "cards": (\d+), "code": "(\w+)"/' "$work/out" |
        awk '{ n[$1] += $2 } END { for (c in n) print c "\t" n[c] }' | sort >"$work/have"
    # What other rows, other jobs and the division of the job say needs a job.
    columns "$work/$profile/site/B1/held/ingest.csv" code | grep -vE '^R1(14|4.)$' | sort |
        uniq -c | awk '{ print $2 "\t" $1 }' | sort >"$work/want"
    [ "$(wc -l <"$work/want")" -gt 3 ] || fail "too few codes to compare"
    same "$work/have" "$work/want" "would be held (<) and held by the job (>), by code"
done
part "check holds what the job's ingest holds, code by code"

file=$work/good-bar-pinyin/issuance/issuance.csv
awk -F'|' -v OFS='|' 'NR == 3 { $11 = 9 } NR == 4 { $2 = "1" } { print }' "$file" \
    >"$work/status.csv"
check 3 "$work/status.csv" --profile bar-pinyin --json
said '"would be held", "cards": 1, "code": "R205", "field": "AAZ502", "first line": 3'
said '"would be held", "cards": 1, "code": "R201", "field": "AAZ500", "first line": 4'
said '"control total": "none"'
part "check of issuance data: a status that is not accepted, a card number that none can have"

# ---- bad files ----

good=$work/good-bar-pinyin/keys/application.csv
check 1 "$good"
said 'F125' # the default profile has commas
cp "$work/good-chinese-gbk/keys/application.csv" "$work/gbk.csv"
check 1 "$work/gbk.csv" --as application
said 'F120'
check 0 "$work/good-chinese-gbk/keys/application.csv" --profile chinese-gbk --encoding gb18030
said 'of --encoding gb18030'
part "check: another delimiter F125, another encoding F120"

# Swapped: number of the person and of the card, name and division.
awk -F'|' -v OFS='|' 'NR > 1 { t = $2; $2 = $3; $3 = t; t = $4; $4 = $5; $5 = t } { print }' \
    "$good" >"$work/swapped.csv"
check 1 "$work/swapped.csv" --profile bar-pinyin --json
said 'F1[0-9]*'
said '"shape", "code": "AAZ500", .*: 40, "of": 40, "first line": 2, "most look like": "AAC002"'
said '"shape", "code": "AAC002", .*"most look like": "AAZ500"'
said '"shape", "code": "AAB301", .*"most look like": "AAC003"'
part "check: swapped columns, and what they look like"

cut -d'|' -f1,2,4- "$good" >"$work/missing.csv"
check 1 "$work/missing.csv" --profile bar-pinyin --json
said '"missing", "code": "AAC002"'
equal "$(grep -c '"what": "missing"' "$work/out")" 1 "columns that are missing"
equal "$(grep -c '"what": "column"' "$work/out")" 6 "columns that are there"
part "check: a missing column is named, and what is there is shown all the same"

sed 1d "$good" >"$work/no-header.csv"
check 1 "$work/no-header.csv" --profile bar-pinyin
said 'no header\?'
sed 1d "$work/good-bar-pinyin/issuance/issuance.csv" | cut -d'|' -f1-4 >"$work/no-header.csv"
check 1 "$work/no-header.csv" --profile bar-pinyin
said 'first line a card, no header: not shown'
sed '1s/XM/CKR/; 1s/SHBZHM/ZJHM/' "$work/good-bar-pinyin/issuance/issuance.csv" >"$work/other.csv"
check 1 "$work/other.csv" --profile bar-pinyin --as issuance
said 'header CKR, code , known by no name: carried through'
said 'missing: code AAC003, other headers 姓名'
expect 1 "$PERSOLINE" profile check "$work/nothing.csv"
said 'nothing.csv'
expect 1 "$PERSOLINE" profile check "$good" --profile no-such
expect 2 "$PERSOLINE" profile check "$good" --as cards
expect 2 "$PERSOLINE" profile check
expect 2 "$PERSOLINE" profile
part "check: no header, a file that is not there, a profile that is not there, wrong usage"

# ---- long lines ----

subject='C=CN,ST=河南省,L=周口市,O=周口市人力资源和社会保障局,OU=社会保障卡管理服务中心信息技术科,'
more='OU=第三代社会保障卡非对称认证应用,CN={AAC003},serialNumber={AAC002},OU={AAZ501}'
shipped=$here/../../conf/profiles/default.conf
sed "s/^subject = .*/subject = $subject$more/" "$shipped" >"$work/long.conf"
expect 1 "$PERSOLINE" profile show "$work/long.conf"
said 'long.conf:[0-9]+: line too long: at most 198 bytes; a list goes on in the next line'
sed "s/^subject = .*/subject = $subject\n    $more/" "$shipped" >"$work/two.conf"
expect 0 "$PERSOLINE" profile show "$work/two.conf"
said "application.subject, value $subject$more,"
sed 's/^quotes = /  quotes = /' "$shipped" >"$work/indented.conf"
expect 1 "$PERSOLINE" profile show "$work/indented.conf"
said 'indented.conf:[0-9]+: delimiter: a line that begins with a blank continues a list'
part "a long list goes on in the next line; a line that is too long is told as that"

# ---- nothing personal, nothing changed ----

sample_make "$work/utf8" --cards 60 --seed 23 --faults 0.3
sample_make "$work/utf8-good" --cards 40 --seed 29
sample_make "$work/utf8-gbk" --cards 60 --seed 23 --faults 0.3 --encoding gbk # other rare names
perl -MEncode -pi -e '$_ = encode("UTF-8", decode("cp936", $_))' "$work/utf8-gbk"/*/*.csv
for file in "$work"/utf8*/issuance/issuance.csv; do
    columns "$file" AAC002 AAC003 AAE010 BAZ103 | tr '\t' '\n'
done | awk 'length($0) > 1' | sort -u >"$work/personal"
[ "$(wc -l <"$work/personal")" -gt 250 ] || fail "too few personal values to look for"
! grep -Ff "$work/personal" "$work/said" >&2 || fail "profile check shows a personal value"
[ "$(grep -c '\*\*\*' "$work/said")" -gt 20 ] || fail "check shows no masked rows"
find "$site" -type f -exec sha1sum {} + | sort >"$work/site-after"
same "$work/site-before" "$work/site-after" "the site"
part "check shows no name, number or account, and changes nothing"

# ---- profile show ----

expect 0 "$PERSOLINE" profile show
said 'key: name application.encoding, value utf-8, default yes, of default utf-8'
! grep -q ', default no,' "$work/out" || fail "the default profile differs from the default"
keys=$(grep -c '^key:' "$work/out")
equal "$keys" "$(grep -cE '^[a-z_]+ = ' "$site/profiles/default.conf")" "keys shown"
for profile in bar-pinyin chinese-gbk; do
    expect 0 "$PERSOLINE" profile show "$profile" --json
    perl -MJSON::PP -ne 'decode_json($_)' "$work/out" || fail "profile show --json is no JSON"
    equal "$(grep -c '"what": "key"' "$work/out")" "$keys" "keys of $profile"
    said "\"from\": \"$site/profiles/$profile.conf\""
    equal "$(grep -c '"default": "no"' "$work/out")" \
        "$(grep -A1 '^; default' "$site/profiles/$profile.conf" | awk '/^; default/ { d = $3 }
            / = / && $3 != d && !/^;/ { n++ } END { print n + 0 }')" "keys of $profile that differ"
done
said '"code": "AAC002", "other headers": "社会保障号码|SHBZHM", "of this profile": "公民身份号码"'
sed -i 's/^folds = .*/folds = case/' "$site/profiles/default.conf"
expect 0 "$PERSOLINE" profile show default
said 'name reconcile.folds, value case, default no, of default dot,space,width'
unset PERSOLINE_CONF
cd /
expect 0 "$PERSOLINE" profile show chinese-gbk
said 'what Persoline ships'
expect 1 "$PERSOLINE" profile show no-such
expect 2 "$PERSOLINE" profile show a b
part "show tells every key with its default, headers, and shipped profiles without a site"
