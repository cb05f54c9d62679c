#!/bin/bash
# What a known party could send to do harm: cards into another's job, names that steer a terminal,
# columns without end, numbers at the end of their range, secrets where none belong (CONTRACTS 3).
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/job/handing.sh
. "$here/handing.sh"
# shellcheck source=tests/job/forge.sh
. "$here/forge.sh"

world=$work/world
parties_make "$world"
site=$world/department
sample_make "$work/sample" --cards 12
expect 0 "$PERSOLINE" site init "$world/rival" --name rival
cp "$world/rival/site.cer" "$site/peers/rival.cer"
csv=$work/sample/keys/application.csv

# rows FROM TO >TABLE: of the sample's applications.
rows()
{
    sed -n "1p;$(($1 + 1)),$(($2 + 1))p" "$csv"
}

# app FILE BY KEY=VALUE...: $work/members as an APP signed by a site.
app()
{
    local file=$1 by=$2
    shift 2
    forge_package "$file" "$work/members" "sender=$by" \
        "cards=$(($(wc -l <"$work/members/application.csv") - 1))" "$@"
    forge_sign "$world/$by" "$file"
}
mkdir "$work/members" "$work/p"

# job NAME ARGUMENT...: a department's job.
job()
{
    expect 0 "$PERSOLINE" init "$site/$1" --role department --mode 1 --batch "$1" \
        --division 411600 --vendor V1 --date "$job_date" "${@:2}"
}

# plain FILE...: no byte of a terminal's controls, in one byte or in UTF-8, no turned direction.
plain()
{
    local one='[\x00-\x08\x0b-\x1f\x7f]'
    local more='\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]|\xe2\x81[\xa6-\xa9]'
    ! LC_ALL=C grep -aPq "$one|$more" "$@" || fail "controls in $*"
}

# ---- whose cards they are ----

# The first cards came as a table: what is made of them is not for who sends a package later.
job T
rows 1 4 >"$site/T/in/keys/a.csv"
expect 4 "$PERSOLINE" run "$site/T"
rows 5 6 >"$work/members/application.csv"
app "$work/p/rival.zip" rival batch=T
untouched "$site/T" expect 1 "$PERSOLINE" ingest "$site/T" "$work/p/rival.zip"
said 'sender: .*have rival, want V1 .*F133'
part "a package of another known peer brings nothing into a job that has cards"

# A peer of the vendor's own name sends its own applications.
expect 0 "$PERSOLINE" site init "$world/V1" --name V1
cp "$world/V1/site.cer" "$site/peers/V1.cer"
job N
app "$work/p/named.zip" rival batch=N
untouched "$site/N" expect 1 "$PERSOLINE" ingest "$site/N" "$work/p/named.zip"
said 'sender: .*have rival, want V1 .*F133'
expect 1 "$PERSOLINE" init "$site/M" --from "$work/p/named.zip"
said 'sender: .*have rival, want V1 .*F133'
[ ! -e "$site/M" ] || fail "a job of a stranger's package"
app "$work/p/own.zip" V1 batch=N
expect 0 "$PERSOLINE" init "$site/M" --from "$work/p/own.zip" --date "$job_date" --dry-run
said 'vendor V1, sender V1$'
expect 0 "$PERSOLINE" ingest "$site/N" "$work/p/own.zip"
equal "$(count_state "$site/N" received)" 2 "the vendor's own"
rm "$site/peers/V1.cer"
part "where the vendor is a peer by name, only it begins a job of its name or brings cards"

# A centre's job: the sender is the RA, whatever the operator says besides.
mkdir "$work/fwd"
printf 'AAZ501\n' >"$work/fwd/cards.csv"
cp "$world/rival/site.cer" "$world/centre/peers/"
forge_package "$work/p/fwd.zip" "$work/fwd" kind=FWD sender=department recipient=centre mode=2
forge_sign "$site" "$work/p/fwd.zip"
expect 1 "$PERSOLINE" init "$world/centre/F" --from "$work/p/fwd.zip" --ra rival
said 'ra: have rival, but the package says department'
expect 0 "$PERSOLINE" init "$world/centre/F" --from "$work/p/fwd.zip" --dry-run
said 'vendor V1, sender department$'
part "init says whose package begins the job, and takes no other RA beside it"

# ---- names ----

n=0
for name in $'rival\u009b2J' $'rival\u202e' $'ri\u2066val'; do
    n=$((n + 1))
    app "$work/p/name$n.zip" rival "vendor=$name"
    expect 1 "$PERSOLINE" init "$site/X" --from "$work/p/name$n.zip"
    said 'vendor: .*not a name of a party.*F131'
    plain "$work/out" "$work/err"
done
job C
awk -v e="$(printf '\u009b')" -v r="$(printf '\u202e')" 'NR == 1 { print $0 ",a" e "2J,b" r "x" }
    NR > 1 { print $0 ",c" e "3J,d" }' < <(rows 1 4) >"$work/members/application.csv"
sed -i "1s/\$/,box/; 2,\$s/\$/,=1+1\xc2\x9b2J\xe2\x80\xaex/" "$work/members/application.csv"
sed -n 1p "$csv" | tr ',' '\n' | has '^box$' && fail "the sample has boxes"
app "$work/p/plain.zip" rival batch=C
n=0
for name in $'e\u009b2J.zip' $'e\u202e.zip' $'e\033[2J.zip' $'e\xff.zip'; do
    cp "$work/p/plain.zip" "$site/C/in/keys/$name"
    cp "$work/p/plain.zip.sig" "$site/C/in/keys/$name.sig"
    untouched "$site/C" expect 1 "$PERSOLINE" run "$site/C"
    said 'in/keys/e.*: its name is not UTF-8 or has control characters.*F102'
    plain "$work/out" "$work/err"
    "$PERSOLINE" show "$site/C/in/keys/$name" >"$work/out" 2>"$work/err" || true
    plain "$work/out" "$work/err"
    rm "$site/C/in/keys/$name" "$site/C/in/keys/$name.sig"
done
LC_ALL=C grep -ahoP 'in/keys/e[ -~\x80-\xff]*: its name' "$site/C"/ledger.db* >"$work/out" ||
    fail "no refusal in the audit"
plain "$work/out"
cp "$work"/p/plain.zip* "$site/C/in/keys/"
for arguments in "--dry-run" "" "--json"; do
    # shellcheck disable=SC2086  # none, or one
    "$PERSOLINE" run "$site/C" $arguments >"$work/out" 2>"$work/err" || true
    plain "$work/out" "$work/err"
    for command in show status next; do
        "$PERSOLINE" $command "$site/C" >"$work/out" 2>"$work/err" || true
        plain "$work/out" "$work/err"
    done
done
equal "$(count_state "$site/C" returned)" 4 "cards with odd boxes, of no issuance data"
expect 0 "$PERSOLINE" slip "$site/C"
unzip -p "$site/C/out/forward/HLD-411600-C-0001.zip" slip.txt >>"$work/out"
has 'box =1\+1\.2J\.x  ' <"$work/out" || fail "no box on the slip"
plain "$work/out"
part "names of parties, columns, boxes and files steer no terminal"

# ---- columns without end ----

sample_make "$work/wide" --cards 8 --seed 9 --batch W
csv=$work/wide/keys/application.csv

# wide FROM TO LETTER: rows with 40 columns of their own.
wide()
{
    rows "$1" "$2" | awk -v l="$3" '{
        line = $0
        for (i = 1; i <= 40; i++) line = line "," (NR == 1 ? l i : "v" i)
        print line
    }' >"$work/members/application.csv"
}
job W
wide 1 4 x
app "$site/W/in/keys/1.zip" vendor batch=W
wide 5 8 y
app "$site/W/in/keys/2.zip" vendor batch=W sequence=2 \
    "previous=$(manifest_digest "$site/W/in/keys/1.zip")"
cp "$work"/wide/issuance/* "$site/W/in/issuance/"
expect 4 "$PERSOLINE" run "$site/W"
expect 0 "$PERSOLINE" approve "$site/W" --digest "$(digest_of "$site/W")"
expect 4 "$PERSOLINE" run "$site/W"
expect 0 "$PERSOLINE_SANDBOX" ra --in "$site/W/out/ra" --out "$site/W/in/ra" --state "$world/ra"
expect 4 "$PERSOLINE" run "$site/W"
said 'FWD-411600-W-0001.zip: more than 64 unknown columns: the others are left out'
unzip -p "$site/W/out/forward/FWD-411600-W-0001.zip" personal.csv | sed -n 1p | tr ',' '\n' |
    grep -cE '^[xy][0-9]+$' >"$work/have"
equal "$(cat "$work/have")" 64 "columns that travel"
equal "$(count_state "$site/W" forwarded)" 8 "cards forwarded"
part "columns without end do not stop a job"

# ---- numbers ----

sample_make "$work/few" --cards 6 --seed 11
csv=$work/few/keys/application.csv
job S
rows 1 2 >"$work/members/application.csv"
app "$work/p/max.zip" vendor batch=S sequence=4294967295
expect 0 "$PERSOLINE" ingest "$site/S" "$work/p/max.zip"
rows 3 4 >"$work/members/application.csv"
last=$(manifest_digest "$work/p/max.zip")
for number in 1 5; do
    chain=$last
    [ "$number" -ne 1 ] || chain=null
    app "$work/p/low.zip" vendor batch=S "sequence=$number" "previous=$chain"
    untouched "$site/S" expect 1 "$PERSOLINE" ingest "$site/S" "$work/p/low.zip"
    said "sequence: .*have $number, which never was before 4294967295.*F135"
done
for number in 0 4294967296 -1; do
    app "$work/p/bad.zip" vendor batch=S "sequence=$number" "previous=$last"
    untouched "$site/S" expect 1 "$PERSOLINE" ingest "$site/S" "$work/p/bad.zip"
    said 'F131'
done
app "$work/p/other.zip" vendor batch=S sequence=4294967295
untouched "$site/S" expect 1 "$PERSOLINE" ingest "$site/S" "$work/p/other.zip"
said 'F135'
part "numbers at the end of their range end a chain and nothing else"

# ---- secrets where none belong ----

secret=c0ffee00c0ffee00c0ffee00c0ffee99
rows 5 6 | awk -v s="$secret" '{ print $0 (NR == 1 ? ",GLYPIN,ZKMY" : ",12345678," s) }' \
    >"$work/members/application.csv"
job G
app "$work/p/secret.zip" vendor batch=G
expect 0 "$PERSOLINE" ingest "$site/G" "$work/p/secret.zip"
equal "$(count_state "$site/G" received)" 2 "cards"
! grep -raqi "$secret" "$site/G" || fail "a secret of an application is kept"
part "secrets in a table that has none are not kept"
