#!/bin/bash
# Files that cannot be right, given to ingest, reconcile and close: each is refused as a whole, with
# its name, the line, the field and a code, and leaves nothing behind: no row, no claim, no file
# (CONTRACTS 1 and 2, DESIGN 6). Afterwards the good file of the same stage is taken.
# shellcheck disable=SC2016  # programs of awk and perl
# shellcheck source=tests/job/refusals.sh
. "$(dirname "$0")/refusals.sh"

bad=$work/bad
mkdir "$bad"

# ---- files that are no table at all ----

no_tables()
{
    local good=$1
    : >"$bad/empty.csv"
    refused F103 ': ' "$bad/empty.csv"
    printf '\xef\xbb\xbf' >"$bad/mark.csv"
    refused F103 ': ' "$bad/mark.csv"
    printf '\r\n\n' >"$bad/newlines.csv"
    refused F103 ': ' "$bad/newlines.csv"
    mkdir -p "$bad/folder.csv"
    refused F102 ': ' "$bad/folder.csv"
    ln -sf "$good" "$bad/link.csv"
    refused F102 ': ' "$bad/link.csv"
    [ -p "$bad/fifo.csv" ] || mkfifo "$bad/fifo.csv"
    refused F102 ': ' "$bad/fifo.csv"
    refused F101 ': .*[Nn]o such file' "$bad/not-there.csv"
    refused F101 ': .*([Nn]o such file|[Nn]ot a directory)' "$good/below-a-file.csv"
    head -c 5000 /dev/urandom >"$bad/random.csv"
    refused 'F1[0-9][0-9]' ':' "$bad/random.csv"
    printf '{"rows": 3}\n' >"$bad/json.csv"
    refused F126 ':1: .*no header' "$bad/json.csv"
}

# As root only without the right to read everything.
unreadable()
{
    local as=()
    cp "$1" "$bad/unreadable.csv"
    chmod 0 "$bad/unreadable.csv"
    if [ "$(id -u)" -eq 0 ]; then
        as=(setpriv --bounding-set "-dac_override,-dac_read_search")
        if ! "${as[@]}" true 2>/dev/null || "${as[@]}" cat "$bad/unreadable.csv" 2>/dev/null; then
            skip "unreadable file: $stage: root reads everything here"
            return
        fi
    fi
    expect 1 ${as[@]+"${as[@]}"} "$PERSOLINE" "$stage" "$job" "$bad/unreadable.csv"
    said "^$bad/unreadable.csv: .*Permission denied.* \[F101 "
}

# ---- tables with a fault of structure ----

# column_of FILE NAME: its number, from 1.
column_of()
{
    head -n 1 "$1" | tr -d '\r' | tr , '\n' | grep -nx "$2" | cut -d: -f1
}

# edit NAME PROGRAM: $bad/NAME from the good file by an awk program over cells.
edit()
{
    awk -F, -v OFS=, "$2" "$good" >"$bad/$1"
}

columns_wrong()
{
    local good=$1 needed=$2 first=$3 second=$4 a b n
    n=$(column_of "$good" "$needed")
    edit missing.csv '{ out = ""; for (i = 1; i <= NF; i++) if (i != '"$n"')
        out = out (out == "" ? "" : ",") $i; print out }'
    refused F126 ":1: $needed: " "$bad/missing.csv"
    edit doubled.csv '{ print $0, $'"$n"' }'
    refused F127 ":1: $needed: " "$bad/doubled.csv"
    # The header says one thing and the cells another: the file, not its rows (CONTRACTS 2).
    a=$(column_of "$good" "$first")
    b=$(column_of "$good" "$second")
    edit swapped.csv 'NR > 1 { t = $'"$a"'; $'"$a"' = $'"$b"'; $'"$b"' = t } { print }'
    refused F128 ":2: ($first|$second): " "$bad/swapped.csv"
    edit delimiter.csv '{ gsub(/,/, "|"); print }'
    refused F125 ':1: .*have "\|", want ","' "$bad/delimiter.csv"
    edit semicolon.csv '{ gsub(/,/, ";"); print }'
    refused F125 ':1: .*have ";", want ","' "$bad/semicolon.csv"
    edit more.csv 'NR == 9 { $0 = $0 ",x" } { print }'
    refused F123 ':9: .*have [0-9]+, want [0-9]+' "$bad/more.csv"
    edit fewer.csv 'NR == 9 { sub(/,[^,]*$/, "") } { print }'
    refused F123 ':9: .*have [0-9]+, want [0-9]+' "$bad/fewer.csv"
    edit blank.csv 'NR == 9 { print "" } { print }'
    refused F123 ':9: .*empty line' "$bad/blank.csv"
    sed 1d "$good" >"$bad/no-header.csv"
    refused F126 ':1: .*no header' "$bad/no-header.csv"
}

bytes_wrong()
{
    local good=$1
    perl -pe 's/,/,\0/ if $. == 7' "$good" >"$bad/nul.csv"
    refused F121 ':7: ' "$bad/nul.csv"
    perl -pe 's/\A([^,]*),/$1\0,/ if $. == 1' "$good" >"$bad/nul-header.csv"
    refused F121 ':1: ' "$bad/nul-header.csv"
    perl -pe 's/,/x"y,/ if $. == 7' "$good" >"$bad/stray-quote.csv"
    refused F122 ':7: ' "$bad/stray-quote.csv"
    perl -pe 's/,/,"/ if $. == 7' "$good" >"$bad/open-quote.csv"
    refused F122 ':7: ' "$bad/open-quote.csv"
    perl -pe 's/\A([^,]*),/"$1"x,/ if $. == 7' "$good" >"$bad/after-quote.csv"
    refused F122 ':7: ' "$bad/after-quote.csv"
    perl -pe 's/,/"x" x 8192 . "y" x 8193 . ","/e if $. == 7' "$good" >"$bad/cell.csv"
    refused F124 ':7: [A-Z0-9_]+: ' "$bad/cell.csv"
    perl -pe 's/,/"," . "z" x 70000/e if $. == 7' "$good" >"$bad/line.csv"
    refused F124 ':7: ' "$bad/line.csv"
    perl -e 'print "A" x 3_000_000' >"$bad/one-line.csv"
    refused F124 ':1: ' "$bad/one-line.csv"
    perl -pe 's/,/\r,/ if $. == 7' "$good" >"$bad/carriage.csv"
    refused F123 ':7: .*carriage return' "$bad/carriage.csv"
    perl -pe 's/\n/\r/' "$good" >"$bad/old-mac.csv"
    refused F123 ':1: .*carriage return' "$bad/old-mac.csv"
    perl -e 'print "\xff\xfeA\0A\0Z\0"' >"$bad/utf16.csv"
    refused F120 ':1: .*utf-16' "$bad/utf16.csv"
    perl -e 'local $/; open F, "<:raw", $ARGV[0]; $_ = <F>; print substr $_, 0, length() - 3' \
        "$good" >"$bad/clean.csv"
}

# ENCODING of a file that has Chinese names: declared one way, written the other, both ways.
encoding_wrong()
{
    local good=$1 line
    iconv -f utf-8 -t gb18030 "$good" >"$bad/gb.csv"
    line=$(LC_ALL=C grep -naE -m 1 "$(printf '[\x80-\xff]')" "$bad/gb.csv" | cut -d: -f1)
    refused F120 ":$line: .*not utf-8; valid gb18030" "$bad/gb.csv"
    if [ "$stage" != close ]; then
        cp "$good" "$bad/utf8.csv"
        refused F120 ":[0-9]+: .*(have utf-8, want gbk|not gbk)" "$bad/utf8.csv" --encoding gbk
        refused F120 ":[0-9]+: .*(have utf-8, want gb18030|not gb18030)" "$bad/utf8.csv" \
            --encoding gb18030
        refused F120 ': encoding: .*want utf-8, gbk or gb18030' "$bad/utf8.csv" --encoding latin1
    fi
    perl -pe 's/,/,\xe4\xba/ if $. == 7' "$good" >"$bad/half.csv"
    refused F120 ':7: .*not utf-8' "$bad/half.csv"
}

# ---- control totals ----

totals_wrong()
{
    local good=$1 rows
    rows=$(($(wc -l <"$good") - 1))
    cp "$good" "$bad/total.csv"
    printf '{"rows": %d}\n' $((rows + 1)) >"$bad/total.csv.manifest.json"
    refused F129 ": .*have $rows rows, want $((rows + 1))" "$bad/total.csv"
    printf '{"rows": %d, "sm3": "%064d"}\n' "$rows" 7 >"$bad/total.csv.manifest.json"
    refused F130 ': ' "$bad/total.csv"
    local text
    for text in '' '{' '[]' '{"rows": -1}' '{"rows": "30"}' '{"rows": 1e9}' '{"sm3": "zz"}' \
        '{"rows": 30, "rows": 30}' '{"encoding": "latin1"}'; do
        printf '%s' "$text" >"$bad/total.csv.manifest.json"
        expect 1 "$PERSOLINE" "$stage" "$job" "$bad/total.csv"
        said "^$bad/total.csv(.manifest.json)?:.* \[F(131|120|103) "
        [ "$stage" != ingest ] || unchanged "with the manifest '$text'"
    done
    rm "$bad/total.csv.manifest.json"
    [ "$stage" = close ] ||
        refused F129 ": .*have $rows rows, want $((rows - 1))" "$bad/total.csv" --rows $((rows - 1))
    # An export that found nothing is no order: only a stated total of 0 says that it is meant.
    head -n 1 "$good" >"$bad/header.csv"
    refused F103 ': empty file: a header and no rows' "$bad/header.csv"
}

# ---- archives ----

# archive_with NAME PERL: a tar in $bad/NAME; PERL prints it by member(NAME, TYPE, LINK, BYTES).
archive_with()
{
    perl -e 'sub member { my ($n, $t, $l, $b) = @_;
            my $h = pack("a100a8a8a8a12a12a8a1a100a6a2a32a32a8a8a155x12", $n, "0000600", "0000000",
                "0000000", sprintf("%011o", length $b), "00000000000", " " x 8, $t, $l,
                "ustar", "00", "", "", "", "", "");
            substr($h, 148, 8) = sprintf("%06o\0 ", unpack("%32C*", $h));
            print $h, $b, "\0" x (-length($b) % 512) }
        local $/; open F, "<:raw", shift; $g = <F>;' -e "$2" \
        -e ';print "\0" x 1024' "$good" >"$bad/$1"
}

archives_wrong()
{
    local good=$1 size cut name
    mkdir -p "$bad/pack"
    cp "$good" "$bad/pack/table.csv"
    tar -C "$bad/pack" -czf "$bad/good.tar.gz" table.csv
    cp "$work/zst/keys/application.tar.zst" "$bad/good.tar.zst" # cut below
    rm -f "$bad/good.zip"
    (cd "$bad/pack" && zip -q "$bad/good.zip" table.csv)
    for name in good.tar.zst good.tar.gz good.zip; do
        size=$(stat -c %s "$bad/$name")
        head -c 1 "$bad/$name" >"$bad/cut-1.${name#good.}"
        refused 'F(104|12[0-9])' ':' "$bad/cut-1.${name#good.}"
        for cut in $((size / 10)) $((size / 2)) $((size * 9 / 10)) $((size - 1)); do
            head -c "$cut" "$bad/$name" >"$bad/cut-$cut.${name#good.}"
            refused F110 ':' "$bad/cut-$cut.${name#good.}"
        done
    done
    archive_with upwards.tar 'member("../x.csv", 0, "", $g)'
    refused F111 ': .*member 1: name is not allowed' "$bad/upwards.tar"
    archive_with absolute.tar 'member("/tmp/x.csv", 0, "", $g)'
    refused F111 ': .*member 1: name is not allowed' "$bad/absolute.tar"
    archive_with link.tar 'member("table.csv", 0, "", $g); member("x.csv", 2, "/etc/passwd", "")'
    refused F111 ': .*member 2: a link' "$bad/link.tar"
    archive_with hard.tar 'member("table.csv", 0, "", $g); member("x.csv", 1, "table.csv", "")'
    refused F111 ': .*member 2: a link' "$bad/hard.tar"
    archive_with fifo.tar 'member("x.csv", 6, "", "")'
    refused F111 ': .*member 1: not a regular' "$bad/fifo.tar"
    archive_with twice.tar 'member("table.csv", 0, "", $g); member("table.csv", 0, "", $g)'
    refused F111 ': .*member 2: name stands twice' "$bad/twice.tar"
    archive_with unknown.tar 'member("table.csv", 0, "", $g); member("setup.exe", 0, "", "MZ")'
    refused F111 ': .*member 2: neither a table' "$bad/unknown.tar"
    archive_with none.tar ''
    refused 'F(103|104|110|121)' ':' "$bad/none.tar"
    # A member's name may be somebody's: the number of the member tells.
    archive_with manifest.tar 'member("11010519491231002X.csv", 0, "", $g);
        member("11010519491231002X.csv.manifest.json", 0, "", "{\"rows\": 1}")'
    refused F129 ': .*member 1: .*want 1' "$bad/manifest.tar"
    ! grep -q 11010519491231002X "$work/err" || fail "$stage: the name of a member is told"
    archive_with listed.tar 'member("table.csv", 0, "", $g);
        member("11010519491231002X.csv.manifest.json", 0, "", "{\"rows\": 1}")'
    refused F132 ': .*member 2: ' "$bad/listed.tar"
    ! grep -q 11010519491231002X "$work/err" || fail "$stage: the name of a manifest is told"
    archive_with header.tar 'member("a.csv", 0, "", $g); member("b.csv", 0, "", "A,B\n1,2\n")'
    refused 'F12[0-9]' ':.*member 2: ' "$bad/header.tar"
    archive_with second.tar 'member("a.csv", 0, "", $g); member("b.csv", 0, "", $g . "1,2,3\n")'
    refused F123 ':[0-9]+: .*member 2: ' "$bad/second.tar"
    (cd "$bad" && rm -f nested.zip && zip -q nested.zip good.zip)
    refused F111 ': .*member 1: an archive inside' "$bad/nested.zip"
    perl -e 'print "A,B\n", "0,0\n" x 9_000_000' | gzip -9 >"$bad/bomb.csv.gz"
    refused 'F1(04|10|11|12|2[0-9])' ':' "$bad/bomb.csv.gz"
    rm -f "$bad/cut-"*
    # A fault inside a member is told with the archive's name and the line in the member.
    (cd "$bad/pack" && perl -pi -e 's/,/,\0/ if $. == 7' table.csv && rm -f "$bad/nul.zip" &&
        zip -q "$bad/nul.zip" table.csv)
    refused F121 ':7: .*member 1: ' "$bad/nul.zip"
}

everything_wrong()
{
    local group
    for group in no_tables unreadable columns_wrong bytes_wrong encoding_wrong totals_wrong \
        archives_wrong; do
        "$group" "$@"
        unchanged "(${group/_/ })"
    done
    refused F103 ': ' "$bad/empty.csv"
    payload "$job" | cmp - "$work/payload" || fail "$stage: payload of refused files stays"
    part "$stage: every bad file is refused and leaves nothing"
}

# ---- the three stages ----

world_make "$work/w"
sample_make "$work/s1" --cards 30
sample_make "$work/zst" --cards 30 --archive tar.zst
sample_make "$work/s2" --cards 30 --seed 8 --batch B2
job_make "$work/w" J1
job_make "$work/w" J2 "" --batch B2
one=$work/w/site/J1
two=$work/w/site/J2

cp "$work/s2/keys/application.csv" "$bad/of-two.csv"
expect 0 "$PERSOLINE" ingest "$two" "$bad/of-two.csv"

stage "$one" ingest
everything_wrong "$work/s1/keys/application.csv" P10 AAC002 AAB301
cp "$bad/of-two.csv" "$bad/copy-of-two.csv"
refused F105 ': .*V1-411600-B2-1' "$bad/copy-of-two.csv"
part "ingest: a file of another job of the site is refused with that job's name"
# CRLF on some lines, on all, and a byte order mark: the same cards.
perl -pe 's/\n/\r\n/ if $. % 2' "$work/s1/keys/application.csv" >"$bad/mixed.csv"
expect 0 "$PERSOLINE" ingest "$one" "$bad/mixed.csv" --rows 30
expect 0 "$PERSOLINE" ingest "$one" "$work/s1/keys/application.csv"
said 'unchanged 30'
part "ingest: mixed line ends are taken, and the good file after it"

stage "$one" reconcile
everything_wrong "$work/s1/issuance/issuance.csv" AAC003 AAC002 AAC006
perl -pe 's/\n/\r\n/ if $. % 3' "$work/s1/issuance/issuance.csv" >"$bad/mixed.csv"
expect 0 "$PERSOLINE" reconcile "$one" "$bad/mixed.csv"
expect 0 "$PERSOLINE" reconcile "$one" "$work/s1/issuance/issuance.csv"
part "reconcile: mixed line ends are taken, and the good file after it"

job_approve "$one" 0
expect 4 "$PERSOLINE" run "$one"
ra_answer "$work/w" "$one"
expect 4 "$PERSOLINE" run "$one"
expect 0 "$PERSOLINE" reconcile "$two" "$work/s2/issuance/issuance.csv"
job_approve "$two" 0
expect 4 "$PERSOLINE" run "$two"
ra_answer "$work/w" "$two"
expect 4 "$PERSOLINE" run "$two"
machine_play "$work/w" "$one"
machine_play "$work/w" "$two"
result=$one/in/machine/B1-0001.result.csv
cp "$result" "$work/result.csv"
perl -pi -e 's/ok,,,/ok,,好,/ if $. > 1' "$work/result.csv"

stage "$one" close
everything_wrong "$work/result.csv" QMGY QMGY result
cp "$two/in/machine/B2-0001.result.csv" "$bad/cards-of-two.csv"
refused F105 ':2: AAZ501: ' "$bad/cards-of-two.csv"
# The file was never this job's, so the job that it belongs to can still take it.
expect 0 "$PERSOLINE" run "$two"
cp "$two/in/machine/B2-0001.result.csv" "$bad/taken-by-two.csv"
stage "$one" close
refused F105 ': .*V1-411600-B2-1' "$bad/taken-by-two.csv"
part "close: the result file of another batch is refused, whether that job has it or not"
expect 0 "$PERSOLINE" run "$one"
equal "$(balance "$one" written)" 30 "written cards of the first job"
part "close: the good file is taken afterwards"

# ---- the same names where run looks ----

sample_make "$work/s3" --cards 5 --seed 9 --batch B3
job_make "$work/w" J3 "$work/s3" --batch B3
three=$work/w/site/J3
cp "$bad/missing.csv" "$three/in/keys/a.csv"
expect 1 "$PERSOLINE" run "$three"
said '^in/keys/a.csv:1: [A-Z0-9_]+: .* \[F126 '
equal "$(balance "$three" in)" 5 "cards of the good file beside the bad one"
rm "$three/in/keys/a.csv"
expect 4 "$PERSOLINE" run "$three"
part "run: a bad file beside a good one is told, the good one is taken"
