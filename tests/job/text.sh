#!/bin/bash
# The corpus of RELIABILITY T12, through the program: every table of text_cases.pl is refused with
# file, line, field and code, or its rows are held with these, or it is taken where BOM, CRLF, x in
# lower case and the like are read. Each starts from a copy of one site.
# shellcheck source=tests/job/lib.sh
. "$(dirname "$0")/lib.sh"

cards=12
world_make "$work/w"
sample_make "$work/s" --cards "$cards"
job_make "$work/w" J1
cp -r "$work/w/site" "$work/ingest"
expect 0 "$PERSOLINE" ingest "$work/w/site/J1" "$work/s/keys/application.csv"
mv "$work/w/site" "$work/reconcile" # what a case of these stages starts from
mkdir "$work/cases"
perl "$here/text_cases.pl" "$cards" "$work/s/keys/application.csv" "$work/s/issuance/issuance.csv" \
    "$work/cases" >"$work/list"

surprises=0
surprise()
{
    surprises=$((surprises + 1))
    printf 'surprise: %s: %s\n' "$name" "$*" >&2
    tail -n 3 "$work/err" >&2
}

# The one refusal of the file that the last command told, as `CODE LINE FIELD`.
told()
{
    perl -e '$file = shift; while (<>) {
        next unless s/\A\Q$file\E(?:\.manifest\.json)?:// && / \[(F\d+) /;
        my $code = $1;
        my $line = s/\A(\d+):// ? $1 : 0;
        my $field = s/\A ([A-Z0-9]+): // ? $1 : "-";
        print "$code $line $field\n" }' "$1" "$work/err"
}

run_case()
{
    local file=$work/cases/$name.csv job=$work/w/site/J1 options=() code=0 want
    [ "$encoding" = - ] || options+=(--encoding "$encoding")
    [ "$rows" = - ] || options+=(--rows "$rows")
    rm -rf "$work/w/site"
    cp -r "$work/$at_stage" "$work/w/site"
    timeout 20 "$PERSOLINE" "$at_stage" "$job" "$file" ${options[@]+"${options[@]}"} \
        >"$work/out" 2>"$work/err" </dev/null || code=$?
    case $wanted in
    refused*) want="1 ${wanted#refused }" have="$code $(told "$file")" ;;
    held*)
        want="3 $wanted"
        have="$code $(columns "$job/held/$at_stage.csv" code line field | sort -t $'\t' -k2n |
            awk -F'\t' '{ printf "%sheld %s %s %s", (NR > 1 ? "," : ""), $1, $2, $3 }')"
        ;;
    taken*)
        want="0 ${wanted#taken } held 0"
        have="$code $(balance "$job" in) held $(balance "$job" held)"
        ;;
    esac
    [ "$have" = "$want" ] || surprise "have $have, want $want"
}

n=0
while IFS=$'\t' read -r name at_stage encoding rows wanted; do
    n=$((n + 1))
    run_case
done <"$work/list"
[ "$n" -ge 150 ] || fail "$n cases are no corpus"
[ "$surprises" -eq 0 ] || fail "$surprises of $n cases"
part "$n tables: each as expected, 0 surprises"
