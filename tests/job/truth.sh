#!/bin/bash
# Planted faults against what is held: card by card, code by code, stage by stage, none missed and
# none extra (issue 3, "must show" 2; CONTRACTS 4, 7). PERSO_FULL=1: 100,000 cards, and the memory.
. "$(dirname "$0")/lib.sh"

sandbox=$here/../sandbox
cards=3000 rate=0.3
[ -z "${PERSO_FULL:-}" ] || cards=100000 rate=0.02

# ---- every reject code is planted by a fault, or listed with the reason why none does ----

# The names of the rows of reject.h, and of the columns of the fault tables that say a code.
sed -n 's/^ *ROW(\([A-Z0-9_]*\), *"\([FR][0-9]*\)".*/\2 \1/p' "$here/../../include/perso/reject.h" |
    sort >"$work/codes"
{
    sed -n 's/^ *ROW([A-Z0-9_]*, *"[^"]*", *[A-Z]*, *[A-Z]*, *\([A-Z0-9_]*\),.*/\1/p' \
        "$sandbox/faults.h"
    sed -n 's/^ *ROW([A-Z0-9_]*, *"[^"]*", *[A-Z]*, *\([A-Z0-9_]*\)).*/\1/p' "$sandbox/ra_faults.h"
    sed -n 's/^ *ROW([A-Z0-9_]*, *"[^"]*", *\([A-Z0-9_]*\)).*/\1/p' "$sandbox/machine.h"
} | grep -v '^NONE$' | sort -u >"$work/planted"
[ "$(wc -l <"$work/codes")" -ge 80 ] && [ "$(wc -l <"$work/planted")" -ge 50 ] ||
    fail "the tables of rejects and faults are not read: has their form changed?"

awk 'FILENAME == ARGV[1] { code[$2] = $1; next }
    FILENAME == ARGV[2] { planted[$1]; next }
    /^#/ || NF == 0 { next }
    !($2 in code) || code[$2] != $1 { print $1, $2 ": no such code"; bad = 1 }
    $2 in planted { print $1, $2 ": is planted, take it out of the list"; bad = 1 }
    $2 in listed { print $1, $2 ": stands twice"; bad = 1 }
    NF < 5 { print $1, $2 ": no reason"; bad = 1 }
    { listed[$2] }
    END {
        for (name in planted)
            if (!(name in code)) { print name ": planted, but no code"; bad = 1 }
        for (name in code)
            if (!(name in planted) && !(name in listed)) {
                print code[name], name ": neither planted nor in unplanted.txt"
                bad = 1
            }
        exit bad
    }' "$work/codes" "$work/planted" "$here/unplanted.txt" >&2 || fail "codes and faults differ"
part "every reject code: $(wc -l <"$work/planted") are planted," \
    "$(grep -cv '^\(#.*\)\{0,1\}$' "$here/unplanted.txt") are listed with a reason"

# ---- truth against held/ ----

# check_truth JOB SAMPLE: held/ says what truth.csv says, and where.
check_truth()
{
    columns "$2/truth.csv" AAZ501 code stage | sort >"$work/want"
    held "$1" >"$work/have"
    same "$work/have" "$work/want" "$1: held (<) and planted (>)"
    columns "$2/truth.csv" stage AAZ501 file record |
        awk -F'\t' '$1 == "ingest" { print $2 "\tin/" $3 "\t" $4 }' | sort >"$work/want"
    columns "$1/held/ingest.csv" AAZ501 file record | sort >"$work/have"
    same "$work/have" "$work/want" "$1: file and record of what ingest holds"
}

# check_rest JOB SAMPLE CARDS: every card without a fault is written, and nothing else is.
check_rest()
{
    local faulty
    faulty=$(columns "$2/truth.csv" AAZ501 | wc -l)
    closes "$1"
    equal "$(balance "$1" in)" "$3" "$1: in"
    equal "$(balance "$1" held)" "$faulty" "$1: held"
    equal "$(balance "$1" written)" "$(($3 - faulty))" "$1: written"
    columns "$2/truth.csv" AAZ501 | sort -u >"$work/faulty"
    states "$1" | awk -F'\t' '$2 == "written" { print $1 }' >"$work/written"
    [ -z "$(comm -12 "$work/faulty" "$work/written")" ] || fail "$1: a faulty card was written"
}

world_make "$work/w"
sample_make "$work/s" --cards "$cards" --faults "$rate"
job_make "$work/w" B1 "$work/s"
job=$work/w/site/B1

# Peak memory: only where GNU time is there, and only in the full run, since sanitizers want memory
# of their own. The program is stood in for by one that measures it.
persoline_plain=$PERSOLINE
if [ -n "${PERSO_FULL:-}" ] && [ -x /usr/bin/time ]; then
    cat >"$work/timed" <<TIMED
#!/bin/bash
exec /usr/bin/time -q -a -o "$work/peak" -f "%M \$1" "$persoline_plain" "\$@"
TIMED
    chmod +x "$work/timed"
    PERSOLINE=$work/timed
fi
line_run "$work/w" "$job" 3
PERSOLINE=$persoline_plain

check_truth "$job" "$work/s"
check_rest "$job" "$work/s" "$cards"
part "$cards cards, $(wc -l <"$work/faulty") with a fault: held equals planted, the rest is written"
columns "$work/s/truth.csv" fault | sort -u >"$work/have"
sed -n '/, *SIGNATURE, /!s/^ *ROW([A-Z0-9_]*, *"\([^"]*\)".*/\1/p' "$sandbox/faults.h" | sort \
    >"$work/want" # those of the form sig are signed.sh's
same "$work/have" "$work/want" "kinds of faults in the sample (<) and in the table (>)"
part "each of $(wc -l <"$work/want") kinds of faults was among them"
if [ -s "$work/peak" ]; then
    peak_kib=$(sort -n "$work/peak" | tail -n 1 | cut -d' ' -f1)
    [ "$peak_kib" -lt $((300 * 1024)) ] || fail "peak memory: have $peak_kib KiB, want < 300 MiB"
    part "peak memory of any command $peak_kib KiB"
else
    echo "skipped: peak memory (wants PERSO_FULL=1 and the package time)"
fi

# ---- every encoding, every form of archive ----

for encoding in utf-8 gbk gb18030; do
    for archive in csv tar.zst tar.gz zip; do
        name=$encoding-${archive//./-}
        sample_make "$work/s-$name" --cards 400 --faults 0.3 --encoding "$encoding" \
            --archive "$archive" --batch "$name"
        job_make "$work/w" "$name" "$work/s-$name" --batch "$name"
        expect 4 "$PERSOLINE" run "$work/w/site/$name"
        check_truth "$work/w/site/$name" "$work/s-$name"
        equal "$(balance "$work/w/site/$name" in)" 400 "$name: in"
        part "$encoding in $archive: 400 cards, $(wc -l <"$work/want") held at ingest as planted"
    done
done
