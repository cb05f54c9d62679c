#!/bin/bash
# Marked secrets (GLYPIN, ZKMY) stand nowhere in the clear after the whole line, nor after kills on
# its way; ID numbers and names only where the data itself goes (LD/T 03-2022 8.3.6, STYLE 5).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/course.sh"

mark_pin=3530333134373339 # eight digits, as a card has them
mark_bad=503147c3a95e7d12f0b6214e # a GLYPIN of no shape: its cards are held, it must not be told
mark_key=9e41d7065bc83af214e8a3b07d5c69f1
said_by_us=$work/said # what the product said, a file a command
mkdir "$said_by_us"
n_said=0

# product COMMAND...: runs it, keeps what it said and how it was called; any exit code but a crash.
product()
{
    local code=0
    n_said=$((n_said + 1))
    "$@" >"$said_by_us/$n_said.out" 2>"$said_by_us/$n_said.err" </dev/null || code=$?
    printf '%s\n' "$*" >"$said_by_us/$n_said.argv"
    [ "$code" -le 4 ] || fail "exit code $code: $*"
}

# ---- what to look for ----

# Names and ID numbers of the sample, both encodings; a name of one character is no name.
personal_needles()
{
    local file
    for file in "$work"/sample/keys/*.csv "$work"/sample/issuance/*.csv; do
        columns "$file" AAC002 AAC003
    done | perl -MEncode -F'\t' -lane '
        $F[0] =~ s/^="(.*)"$/$1/;
        print "ID number\t", unpack("H*", $F[0]), "\tr" if length $F[0] >= 15 && !$id{$F[0]}++;
        $name = decode("UTF-8", $F[1]);
        next if length $name < 2 || $name{$name}++ || $name =~ /^[\x00-\x7f]{1,5}$/;
        print "name\t", unpack("H*", $F[1]), "\tr";
        # GB 18030 of such as have it in two bytes a character
        $gbk = eval { encode("GBK", $name, Encode::FB_CROAK) };
        print "name in GBK\t", unpack("H*", $gbk), "\tr" if defined $gbk && length $gbk >= 6;'
}

needles()
{
    printf '%s\t%s\trhb\n' GLYPIN "$mark_pin" "bad GLYPIN" "$mark_bad" ZKMY "$mark_key" \
        >"$work/secret.needles"
    personal_needles >"$work/personal.needles"
    [ "$(wc -l <"$work/personal.needles")" -gt 300 ] || fail "too few names to look for"
}

# ---- looking ----

# files_of WORLD: everything that the product wrote or that an operator keeps with it.
files_of()
{
    find "$1/site" "$said_by_us" -type f
}

no_secret()
{
    local files
    mapfile -t files < <(files_of "$1")
    perl "$here/leak.pl" "$work/secret.needles" "${files[@]}" >"$work/leaks" ||
        fail "$2: $(head -n 5 "$work/leaks")"
}

# Personal values may stand in the files that carry the data (see CONTRACTS 1 and 4).
no_person()
{
    local files
    mapfile -t files < <(files_of "$1" |
        grep -vE '/B1/(in/|data/[0-9]+\.seg$|reports/reconcile\.csv$)' |
        grep -vE '/B1/out/(bundle|ra)/(APP|REQ)-[^/]*\.zip$|/B1/out/machine/[^/]*\.csv$')
    [ "${#files[@]}" -gt 100 ] || fail "only ${#files[@]} files to search"
    perl "$here/leak.pl" "$work/personal.needles" "${files[@]}" >"$work/leaks" ||
        fail "$2: $(cut -c 1-200 "$work/leaks" | head -n 5)"
}

# A search that finds nothing must be one that finds something.
search_finds()
{
    local planted=$work/planted form=0 bytes before
    mkdir "$planted"
    for bytes in "$mark_pin" "$mark_bad" "$mark_key"; do
        perl -e 'print "x" x 5000, pack("H*", $ARGV[0]), "y"' "$bytes" >"$planted/raw"
        printf 'a%sb' "$bytes" >"$planted/lower"
        printf 'a%sb' "${bytes^^}" >"$planted/upper"
        for before in 0 1 2; do
            perl -MMIME::Base64 -e 'print encode_base64("z" x (3 + $ARGV[1]) . pack("H*", $ARGV[0])
                . "zzzzz", "")' "$bytes" "$before" >"$planted/base64-$before"
        done
        for form in raw lower upper base64-0 base64-1 base64-2; do
            ! perl "$here/leak.pl" "$work/secret.needles" "$planted/$form" >"$work/leaks" ||
                fail "a planted secret is not found: $form"
        done
    done
    printf 'a line with %s\n' "$(columns "$work"/sample/keys/application.csv AAC002 | sed -n 7p)" \
        >"$planted/id"
    printf 'a line with %s\n' "$(columns "$work"/sample/keys/application.csv AAC003 | sed -n 7p)" \
        >"$planted/name"
    for form in id name; do
        ! perl "$here/leak.pl" "$work/personal.needles" "$planted/$form" >"$work/leaks" ||
            fail "a planted $form is not found"
    done
    # Where the product could leak: one of its own files, and the name of one.
    cp -a "$1" "$planted/world"
    perl -e 'print pack "H*", $ARGV[0]' "$mark_key" >>"$planted/world/site/B1/ledger.db"
    (no_secret "$planted/world" planted) 2>"$work/leaks" && fail "a leak in ledger.db is not found"
    cp "$planted/id" "$planted/world/site/B1/out/close/planted.csv"
    (no_person "$planted/world" planted) 2>"$work/leaks" && fail "a leak in out/close is not found"
    rm -rf "$planted"
    part "the search finds what is planted"
}

# ---- the line ----

# Every command that looks, in both forms.
look_around()
{
    local job=$1/site/B1 card file json
    mapfile -t cards < <(states "$job" | awk -F'\t' '{ last[$2] = $1 } END { for (s in last)
        print last[s] }')
    for json in "" --json; do
        product "$PERSOLINE" status "$job" $json
        product "$PERSOLINE" report "$job" $json
        product "$PERSOLINE" report "$job" --excel $json
        product "$PERSOLINE" slip "$job" $json
        product "$PERSOLINE" check "$job" $json
        product "$PERSOLINE" audit verify "$job" $json
        for card in "${cards[@]}"; do
            product "$PERSOLINE" trace "$job" "$card" $json
        done
        while IFS= read -r file; do
            product "$PERSOLINE" show "$file" $json
        done < <(find "$job/in" "$job/out" "$job/held" "$job/reports" "$job/data" -type f)
    done
    product "$PERSOLINE" check "$job" --dump
}

# Files that are refused: a message tells the place, never the value.
refused_files()
{
    local job=$1/site/B1 source=$work/sample/keys/application.csv
    perl -pe 's/^([^,]*),([^,]*),([^,]*),([^,]*),/$1,$2,$4,$3,/ if $. > 1' "$source" \
        >"$work/swapped.csv"
    sed -n '1,9p;10s/,/;/gp;11,$p' "$source" >"$work/columns.csv"
    sed '12s/^/"/' "$source" >"$work/quote.csv"
    perl -MEncode -pe '$_ = encode("GBK", decode("UTF-8", $_))' "$source" >"$work/encoding.csv"
    perl -pe 's/,/\0,/ if $. == 15' "$source" >"$work/nul.csv"
    sed 's/,/|/g' "$source" >"$work/delimiter.csv"
    head -c 20000 "$source" >"$work/cut.csv"
    sed '2,$s/[0-9A-F]\{32\}/x/' "$work/sample/issuance/issuance.csv" >"$work/issuance.csv"
    for file in swapped columns quote encoding nul delimiter cut; do
        product "$PERSOLINE" ingest "$job" "$work/$file.csv"
        product "$PERSOLINE" ingest "$job" "$work/$file.csv" --dry-run --json
    done
    product "$PERSOLINE" reconcile "$job" "$work/issuance.csv"
    product "$PERSOLINE" collect "$job" "$source"
    product "$PERSOLINE" close "$job" "$source"
}

# The course, every command killed once on its way; the search follows every kill.
course_with_kills()
{
    local world=$1 step pid ms=3
    for step in "${steps[@]}"; do
        [ "$step" != hold ] || course_choose "$world"
        [ "$step" != approve ] || digest=$(digest_of "$world/site/B1")
        [ "$step" != reconcile ] || refused_files "$world"
        step_command "$world" "$step"
        [ "$step" != ra-1 ] || command+=(--mark-pin "$mark_pin")
        [ "$step" != ra-2 ] || command+=(--mark-pin "$mark_bad")
        if is_ours "$step"; then
            product "${command[@]}" --dry-run
            n_said=$((n_said + 1))
            "${command[@]}" >"$said_by_us/$n_said.out" 2>"$said_by_us/$n_said.err" &
            pid=$!
            sleep "0.$(printf '%03d' "$ms")"
            ms=$(((ms * 3 + 7) % 200))
            kill -KILL "$pid" 2>/dev/null || true
            wait "$pid" 2>/dev/null || true
            no_secret "$world" "after a kill in $step"
            product "${command[@]}"
        else
            expect 0 "${command[@]}"
        fi
    done
}

sample_make "$work/sample" --cards 800 --faults 0.3
needles
course_make "$work/world" "$work/sample"
faults_of_ra=(--fault late:0.05 --fault refused:0.02 --fault wrong-person:0.02 --fault partial:0.02
    --fault seal:0.01 --fault conflict:0.02 --mark-key "$mark_key")
course_with_kills "$work/world"
[ "$(balance "$work/world/site/B1" written)" -gt 300 ] || fail "too few cards were written"
no_secret "$work/world" "after the line"
look_around "$work/world"
no_secret "$work/world" "after looking around"
part "no secret in $(files_of "$work/world" | wc -l) files"
no_person "$work/world" "after the line"
part "no ID number or name where none belongs"
search_finds "$work/world"
