#!/bin/bash
# Returns as RAs really send them: each form, character set and kind of secret gives the machine
# file and the ledger's states that the same answers in a RET package give (issue 5, "must show" 1).
. "$(dirname "$0")/lib.sh"

cards=40
world_make "$work/w"
sample_make "$work/s" --cards "$cards"
profiles=$work/w/site/profiles
# profile_set NAME KEY VALUE: of [return].
profile_set()
{
    perl -0pi -e 's/(\[return\].*?\n'"$2"' = )[^\n]*/$1'"$3"'/s' "$profiles/$1.conf"
    grep -q "^$2 = $3\$" "$profiles/$1.conf" || fail "profile $1: $2 = $3"
}

job_make "$work/w" B1 "$work/s"
line_to_ra "$work/w" "$work/w/site/B1"
cp -a "$work/w" "$work/asked"

# answered NAME ARGUMENT...: a world of its own, in which the RA has answered.
answered()
{
    rm -rf "$work/one"
    cp -a "$work/asked" "$work/one"
    job=$work/one/site/B1
    profiles=$work/one/site/profiles
    ra_answer "$work/one" "$job" "$@"
    return_path=$(find "$job/in/ra" -mindepth 1 -maxdepth 1 -name 'RET-*' \
        ! -name '*.sig' ! -name '*.wrap')
    [ -e "$return_path" ] || fail "no return: $*"
}

# taken TEXT: collect by name, then run; the golden file and states.
taken()
{
    expect 0 "$PERSOLINE" collect "$job" "$return_path"
    said "issued $cards, refused 0, held 0"
    expect 4 "$PERSOLINE" run "$job"
    same "$job/out/machine/B1-0001.csv" "$work/golden/$golden.csv" "$1: machine file"
    states "$job" >"$work/states"
    same "$work/states" "$work/golden/$golden.states" "$1: states"
    expect 0 "$PERSOLINE" check "$job"
    part "$1"
}

# ---- golden: packages ----

mkdir "$work/golden"
for items in all certificates; do
    args=()
    answered --return package
    if [ "$items" = certificates ]; then
        profile_set default items QMZS,JMZS
        args=(--items "QMZS,JMZS")
        rm "$return_path"*
        rm -rf "$work/one/ra"
        cp -a "$work/asked/ra" "$work/one/ra"
        ra_answer "$work/one" "$job" "${args[@]}"
    fi
    expect 4 "$PERSOLINE" run "$job"
    said "matched $cards"
    cp "$job/out/machine/B1-0001.csv" "$work/golden/$items.csv"
    states "$job" >"$work/golden/$items.states"
done
cmp -s "$work/golden/all.csv" "$work/golden/certificates.csv" &&
    fail "two items give the same machine file as five"
columns "$work/golden/certificates.csv" steps | sort -u >"$work/steps"
[ "$(wc -l <"$work/steps")" -eq 1 ] && ! has 'JMMY|PIN|ZKMY' <"$work/steps" ||
    fail "steps of items that are not there: $(<"$work/steps")"
columns "$work/golden/all.csv" steps | sort -u | has 'JMMY.*GLYPIN.*ZKMY' ||
    fail "steps of all items"
part "items of the profile: what an RA does not send is in no plan"

# ---- records, in each character set and with each kind of secret ----

golden=all
for form in table xml json table.zip xml.zip; do
    for encoding in utf-8 gbk gb18030; do
        for secrets in wrapped sm2 clear; do
            # each encoding and each kind of secret with each form, not all with all
            [ "$encoding" = utf-8 ] || [ "$secrets" = wrapped ] || continue
            [ "$form" != xml.zip ] || [ "$encoding" = gbk ] || continue
            [ "$form" != table.zip ] || [ "$secrets" = clear ] || continue
            answered --return "$form" --encoding "$encoding" --secrets "$secrets"
            profile_set default encoding "$encoding"
            profile_set default secrets "$secrets"
            taken "$form, $encoding, $secrets"
        done
    done
done
answered --return table --delimiter bar --encoding gb18030
profile_set default encoding gb18030
profile_set default delimiter bar
taken "table with bars"

# ---- tables that name the card in other ways ----

# rows JOB: request_id TAB AAZ501 TAB AAC002 TAB AAZ500 of what was asked.
rows()
{
    unzip -p "$1"/out/ra/REQ-*.zip requests.csv >"$work/requests.csv"
    columns "$work/requests.csv" AAZ500 request_id AAC002 | sort >"$work/asked.tsv"
    columns "$1/in/keys/application.csv" AAZ500 AAZ501 | sort >"$work/ids.tsv"
    join -t "$(printf '\t')" "$work/asked.tsv" "$work/ids.tsv" |
        awk -F'\t' -v OFS='\t' '{ print $2, $4, $3, $1 }'
}

for by in AAZ501 AAC002,AAZ500; do
    answered --return table --secrets clear
    profile_set default secrets clear
    profile_set default unsigned yes
    rows "$job" >"$work/rows"
    perl -e 'my ($rows, $by) = @ARGV; my %r; open my $f, "<", $rows or die;
        while (<$f>) { chomp; my @c = split /\t/; $r{$c[0]} = \@c }
        while (<STDIN>) { chomp; my ($id, $rest) = split /,/, $_, 2;
            if ($. == 1) { print "$by,$rest\n"; next }
            print $by eq "AAZ501" ? $r{$id}[1] : "$r{$id}[2],$r{$id}[3]", ",$rest\n" }' \
        "$work/rows" "$by" <"$return_path" >"$work/table"
    rm "$return_path"*
    cp "$work/table" "$return_path"
    taken "table by $by"
done

# Sealed under the card's own id, which is all that this RA knows of it.
answered --return table
rows "$job" >"$work/rows"
expect 0 "$PERSOLINE" collect "$job" "$return_path"
part "sealed fields are of the request"

# ---- certificates alone ----

golden=certificates
for form in cer cer.zip p7b; do
    answered --return "$form" --items QMZS,JMZS --unsigned
    profile_set default items QMZS,JMZS
    rm -f "$return_path.wrap"
    taken "$form without a signature"
done
answered --return cer --items QMZS,JMZS
profile_set default items QMZS,JMZS
expect 4 "$PERSOLINE" run "$job"
said 'links or folders'
said "open $cards"
part "run takes no folder: it is given by name"

# ---- everything in one ----

golden=all
for form in mixed mixed.zip; do
    answered --return "$form"
    taken "$form"
done

# ---- the order of members says nothing ----

answered --return mixed.zip
mkdir "$work/members"
unzip -qd "$work/members" "$return_path"
rm "$return_path.sig"
for order in "sort" "sort -r" "sort -k1.3"; do
    answered --return mixed.zip
    profile_set default unsigned yes
    rm "$return_path" "$return_path.sig"
    (cd "$work/members" && find . -type f | sed 's,^\./,,' | $order |
        python3 -c 'import sys, zipfile
z = zipfile.ZipFile(sys.argv[1], "w")
for name in sys.stdin.read().split("\n"):
    if name: z.write(name, "x/" + name)' "$return_path")
    taken "mixed in the order of $order"
done

# ---- again, elsewhere, dry ----

answered --return xml
taken "xml once more"
expect 0 "$PERSOLINE" collect "$job" "$return_path"
said 'known'
cp -r "$job" "$work/one/site/keep"
dump "$job" >"$work/before"
expect 4 "$PERSOLINE" run "$job"
dump "$job" >"$work/after"
same "$work/before" "$work/after" "the same return again changes the ledger"
expect 0 "$PERSOLINE" init "$work/one/site/B2" --mode 1 --batch B2 --division 411600 --vendor V1 \
    --date "$job_date"
expect 1 "$PERSOLINE" collect "$work/one/site/B2" "$return_path"
said 'F105'
answered --return json
dump "$job" >"$work/before"
expect 0 "$PERSOLINE" collect "$job" "$return_path" --dry-run --json
said '"issued": 40'
dump "$job" >"$work/after"
same "$work/before" "$work/after" "a dry run changes the ledger"
expect 0 "$PERSOLINE" collect "$job" "$return_path" --json
perl -MJSON::PP -ne 'decode_json($_)' "$work/out"
part "a known return is a no-op, another job's is refused, a dry run leaves nothing"

# ---- marked secrets stand nowhere but where they came ----

mark_pin=3530333134373339 # eight digits, as a card has them
mark_key=9e41d7065bc83af214e8a3b07d5c69f1
printf '%s\t%s\trhb\n' GLYPIN "$mark_pin" ZKMY "$mark_key" >"$work/needles"
for secrets in wrapped sm2 clear; do
    answered --return xml --secrets "$secrets" --mark-pin "$mark_pin" --mark-key "$mark_key"
    profile_set default secrets "$secrets"
    rm -rf "$work/said"
    mkdir "$work/said"
    card=$(columns "$job/in/keys/application.csv" AAZ501 | sed -n 3p)
    number=0
    for words in "collect $job $return_path" "run $job" "status $job" "trace $job $card" \
        "report $job" "check $job --dump" "slip $job" "collect $job $return_path --json"; do
        number=$((number + 1))
        # shellcheck disable=SC2086 # words of a command
        "$PERSOLINE" $words >"$work/said/$number" 2>&1 || [ $? -ge 3 ] || fail "$words"
    done
    mapfile -t files < <(find "$work/one/site" "$work/said" -type f ! -path "$return_path")
    [ "${#files[@]}" -gt 30 ] || fail "only ${#files[@]} files to search"
    perl "$here/leak.pl" "$work/needles" "${files[@]}" >"$work/leaks" ||
        fail "$secrets: $(head -n 3 "$work/leaks")"
    [ "$secrets" != clear ] || ! perl "$here/leak.pl" "$work/needles" "$return_path" \
        >"$work/leaks" || fail "the search does not find what is there"
done
part "marked secrets of all three kinds stand nowhere in clear but in the return itself"

# ---- secrets in clear are asked for until they are gone ----

answered --return table --secrets clear
profile_set default secrets clear
expect 0 "$PERSOLINE" collect "$job" "$return_path"
said 'destroy.*RET-411600-B1-0001.csv'
expect 0 "$PERSOLINE" status "$job"
said 'destroy.*RET-411600-B1-0001.csv'
expect 4 "$PERSOLINE" run "$job"
said 'destroy'
[ -e "$return_path" ] || fail "the operator's file was taken away"
shred -u "$return_path"
expect 0 "$PERSOLINE" status "$job"
! grep -q destroy "$work/out" || fail "status asks for what is gone"
expect 4 "$PERSOLINE" run "$job" --by keeper
! grep -q destroy "$work/out" || fail "run asks for what is gone"
expect 0 "$PERSOLINE" check "$job" --dump
grep -c destroyed "$work/out" >"$work/n"
expect 4 "$PERSOLINE" run "$job" --by keeper
expect 0 "$PERSOLINE" check "$job" --dump
grep -c destroyed "$work/out" | cmp -s - "$work/n" || fail "its end is recorded twice"
expect 0 "$PERSOLINE" audit verify "$job"
part "secrets in clear: asked for until the file is gone, and that is recorded once"
