#!/bin/bash
# Commands that are cut off at chosen points: right after a file of ours stands, before the ledger
# knows; and at every point where something becomes durable (DESIGN 6). What the reader of the file
# may have is what the ledger says, whatever an operator does next; else all ends as undisturbed.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/job/handing.sh
. "$here/handing.sh"

first_draw=${PERSO_SEED:-$(($(date +%s) % 32768))}
echo "seed $first_draw: PERSO_SEED repeats the points"
RANDOM=$first_draw
[ -x "${PERSOLINE_CUT:-}" ] || fail "set PERSOLINE_CUT to persoline-cut"

# cut_at POINT COMMAND...: cut off there.
cut_at()
{
    local code=0
    { # the shell says aloud who was killed
        PERSO_CUT=$1 "$PERSOLINE_CUT" "${@:2}" >"$work/out" 2>"$work/err" </dev/null || code=$?
    } 2>/dev/null
    [ "$code" -eq 137 ] || fail "cut at $1: exit code $code: ${*:2}: $(tail -n 3 "$work/err")"
}

kept() { sha256sum "$@" >"$work/kept"; }
still() { sha256sum -c --quiet "$work/kept" >&2 || fail "$*"; }

# ---- the machine has the file ----

parties_make "$work/w"
sample_make "$work/s" --cards 12
mapfile -t cards < <(columns "$work/s/keys/application.csv" AAZ501)
vendor_begin "$work/w" "$work/s" --mode 1
expect 0 "$PERSOLINE" init "$work/w/department/J" --date "$job_date" \
    --from "$work/w/vendor/J/out/ra/APP-411600-B1-0001.zip"
deliver "$work/w/vendor/J/out/ra" APP "$work/w/department/J/in/keys"
cp "$work"/s/issuance/* "$work/w/department/J/in/issuance/"
cp -a "$work/w" "$work/before-department"
expect 4 "$PERSOLINE" run "$work/w/department/J"
v=$work/w/vendor/J
d=$work/w/department/J
digest=$(digest_of "$d")
expect 0 "$PERSOLINE" approve "$d" --digest "$digest"
cp -a "$work/w" "$work/before-bundle"
expect 4 "$PERSOLINE" run "$d"
expect 0 "$PERSOLINE_SANDBOX" ra --in "$d/out/ra" --out "$d/in/ra" --state "$work/w/ra"
cp -a "$work/w" "$work/before-forward"

cut_at FWD-411600-B1-0001.zip run "$d"
kept "$d/out/forward/FWD-411600-B1-0001.zip"
equal "$(count_state "$d" matched)" 12 "the ledger does not know of the package yet"
cp -a "$work/w" "$work/t"
expect 1 "$PERSOLINE" cancel "$d" "${cards[0]}" --reason "too late"
still "the package changed"
equal "$(count_state "$d" forwarded)" 12 "the vendor may have all of them"
part "FWD: a card of a package that may be at the vendor is forwarded, not cancelled"

expect 0 "$PERSOLINE" withdraw "$work/t/department/J" FWD-411600-B1-0001.zip --reason wrong
[ ! -e "$work/t/department/J/out/forward/FWD-411600-B1-0001.zip" ] || fail "it is still there"
equal "$(count_state "$work/t/department/J" matched)" 12 "cards of a withdrawn package"
expect 4 "$PERSOLINE" run "$work/t/department/J"
[ -e "$work/t/department/J/out/forward/FWD-411600-B1-0002.zip" ] || fail "no second package"
part "withdraw takes it back, the next one has a number of its own"

expect 4 "$PERSOLINE" run "$d"
still "the package changed"
deliver "$d/out/forward" FWD "$v/in/ra"
cp -a "$work/w" "$work/before-machine"
cut_at B1-0001.csv run "$v"
kept "$v/out/machine/B1-0001.csv"
equal "$(count_state "$v" matched)" 12 "the ledger does not know of the machine file yet"
cp -a "$work/w" "$work/t2"
expect 0 "$PERSOLINE" hold "$v" "${cards[1]}" --reason "a doubt"
expect 4 "$PERSOLINE" run "$v"
still "the machine file changed"
equal "$(ls "$v/out/machine")" "$(ls "$work/t2/vendor/J/out/machine")" "machine files"
equal "$(count_state "$v" prepared)" 11 "prepared"
expect 0 "$PERSOLINE" release "$v" "${cards[1]}" --reason settled
equal "$(state_of "$v" "${cards[1]}")" prepared "a card that stood in the file"
part "a card that is held after the cut stands in the machine file, once"

mv "$work/t2/vendor/J/out/machine" "$work/taken"
mkdir -m 700 "$work/t2/vendor/J/out/machine"
expect 0 "$PERSOLINE" hold "$work/t2/vendor/J" "${cards[1]}" --reason "a doubt"
said 'B1-0001.csv is not there any more'
expect 4 "$PERSOLINE" run "$work/t2/vendor/J"
[ -z "$(ls "$work/t2/vendor/J/out/machine")" ] || fail "a file that was taken is made again"
equal "$(count_state "$work/t2/vendor/J" prepared)" 11 "prepared"
part "a file that the machine took before the ledger knew is not made again"

cp "$v"/out/ra/ACK-FWD-* "$d/in/ra/"
expect 1 "$PERSOLINE" withdraw "$d" FWD-411600-B1-0001.zip --reason wrong
said 'taken by vendor, as its acknowledgement says'
equal "$(count_state "$d" forwarded)" 12 "forwarded"
part "what the recipient has acknowledged is not withdrawn"

# ---- a finisher's word ----

expect 0 "$PERSOLINE_SANDBOX" machine --in "$v/out/machine" --out "$v/in/machine" \
    --state "$work/w/machine-vendor" --spoil 0.3
cp -a "$work/w" "$work/before-close"
cut_at RES-411600-B1-0001.zip run "$v"
kept "$v/out/close/RES-411600-B1-0001.zip"
spoiled=$(states "$v" | awk -F'\t' '$2 == "spoiled" && !n++ { print $1 }')
[ -n "$spoiled" ] || fail "no spoiled card"
expect 0 "$PERSOLINE" cancel "$v" "$spoiled" --reason "no more"
"$PERSOLINE" run "$v" >"$work/out" 2>"$work/err" || [ $? -le 4 ]
still "the RES changed"
part "RES: what was told stays told"

# ---- every point ----

# sweep WORLD PARTY TEXT COMMAND ARGUMENT...: a command on the party's job, which is cut off at its
# points and repeated. Every third point, beginning anywhere; all of them with PERSO_FULL.
sweep()
{
    local n i step=3 first=$((RANDOM % 3 + 1)) job=$work/cut/$2/J
    [ -z "${PERSO_FULL:-}" ] || step=1 first=1
    rm -rf "$work/whole" "$work/cut"
    cp -a "$1" "$work/whole"
    PERSO_CUT_COUNT=$work/count "$PERSOLINE_CUT" "$4" "$work/whole/$2/J" "${@:5}" >"$work/out" \
        2>"$work/err" || [ $? -gt 2 ] || fail "$4: $(tail -n 3 "$work/err")"
    n=$(cat "$work/count")
    for ((i = first; i <= n; i += step)); do
        rm -rf "$work/cut"
        cp -a "$1" "$work/cut"
        cut_at "$i" "$4" "$job" "${@:5}"
        expect 0 "$PERSOLINE" status "$job"
        "$PERSOLINE" "$4" "$job" "${@:5}" >"$work/out" 2>"$work/err" || [ $? -gt 2 ] ||
            fail "$4 after a cut at $i: $(tail -n 3 "$work/err")"
        same_job "$work/whole/$2/J" "$job"
    done
    part "$2, $3: cut off at its $n points (by $step), ends as undisturbed"
}

sweep "$work/before-department" department "applications and issuance data" run
sweep "$work/before-bundle" department "requests to the RA" run
sweep "$work/before-forward" department "to the finisher" run
sweep "$work/before-machine" vendor "to the machine" run
sweep "$work/before-close" vendor "results" run
sweep "$work/before-machine" vendor "a hold" hold "${cards[3]}" --reason "a doubt"
sweep "$work/before-machine" vendor "a cancelled card" cancel "${cards[3]}" --reason "no more"
sweep "$work/before-close" vendor "a machine file" withdraw B1-0001.csv --reason "it is broken"

# The vendor was quick: its RES is here before the ledger knows that the package stood.
cp -a "$work/before-forward" "$work/quick"
cut_at FWD-411600-B1-0001.zip run "$work/quick/department/J"
expect 0 "$PERSOLINE" close "$work/quick/department/J" "$v"/out/close/RES-411600-B1-0001.zip
equal "$(count_state "$work/quick/department/J" forwarded)" 0 "cards that wait for a result"
part "a RES that comes before the ledger knows of its FWD is taken"

deliver "$v/out/close" RES "$d/in/result"
cp -a "$work/w" "$work/before-results"
sweep "$work/before-results" department "the finisher's results" run
"$PERSOLINE" run "$d" >"$work/out" 2>"$work/err" || [ $? -gt 2 ] || fail "run"
lost=$(states "$d" | awk -F'\t' '$2 == "spoiled" && !n++ { print $1 }')
sweep "$work/w" department "a confirmation" confirm "$lost" --reason "made again"
expect 0 "$PERSOLINE" confirm "$d" "$lost" --reason "made again"
sweep "$work/w" department "remaking and revocation" run

# ---- mode 4: what waits in the cupboard ----

parties_make "$work/four"
vendor_begin "$work/four" "$work/s" --mode 4 --finisher vendor
department_begin "$work/four" "$work/s" --finisher vendor
d=$work/four/department/J
expect 0 "$PERSOLINE" approve "$d" --digest "$(digest_of "$d")"
expect 4 "$PERSOLINE" run "$d"
expect 0 "$PERSOLINE_SANDBOX" ra --in "$d/out/ra" --out "$d/in/ra" --state "$work/four/ra"
sweep "$work/four" department "mode 4, to the cupboard" run

# ---- an acceptance that was cut off leaves nothing at the site ----

# key_of FILE CARD
key_of() { columns "$1" AAZ501 QMGY | awk -F'\t' -v c="$2" '$1 == c { print $2 }'; }

# replaced_at WORLD FIRST OTHER: the file FIRST cut off at each point of its reading and thrown
# away; what the file OTHER says instead is judged as if FIRST had never been.
replaced_at()
{
    local n i job=$work/cut/site/B1 undone=0
    rm -rf "$work/whole"
    cp -a "$1" "$work/whole"
    "$PERSOLINE" ingest "$work/whole/site/B1" "$3" >"$work/out" 2>"$work/err" || [ $? -eq 3 ]
    states "$work/whole/site/B1" >"$work/want"
    rm -rf "$work/cut"
    cp -a "$1" "$work/cut"
    PERSO_CUT_COUNT=$work/count "$PERSOLINE_CUT" ingest "$job" "$2" >"$work/out" 2>"$work/err" ||
        [ $? -eq 3 ]
    n=$(cat "$work/count")
    for ((i = 1; i <= n; i++)); do
        rm -rf "$work/cut"
        cp -a "$1" "$work/cut"
        cut_at "$i" ingest "$job" "$2"
        "$PERSOLINE" status "$job" --json >"$work/out"
        if [ "$(balance "$job" in)" -eq "$(balance "$1/site/B1" in)" ] &&
            ! dump "$job" | has $'^event\tingest\taccept.*'"$(sm3_of "$2")"; then
            "$PERSOLINE" ingest "$job" "$3" >"$work/out" 2>"$work/err" || [ $? -eq 3 ] ||
                fail "cut at $i: $(tail -n 3 "$work/err")"
            states "$job" >"$work/have"
            same "$work/have" "$work/want" "cut at $i of $n (<) and as if it had never been (>)"
            undone=$((undone + 1))
        fi
    done
    [ "$undone" -ge 5 ] || fail "only $undone cuts came before the acceptance"
    part "$4: $undone cuts before the acceptance leave nothing that stands against another file"
}

sm3_of() { openssl dgst -sm3 -r "$1" | cut -c1-64; }

world_make "$work/one"
job_make "$work/one" B1
table=$work/s/keys/application.csv
cp "$table" "$work/first.csv"
# The file was mixed up: in truth two cards are the other way round.
perl -F, -lane 'push @f, [@F]; END { ($f[1][$_], $f[2][$_]) = ($f[2][$_], $f[1][$_])
    for grep { $f[0][$_] =~ /^AAZ50[01]$/ } 0 .. $#{ $f[0] };
    print join ",", @$_ for @f }' "$table" >"$work/other.csv"
cmp -s "$work/first.csv" "$work/other.csv" && fail "nothing is mixed up"
replaced_at "$work/one" "$work/first.csv" "$work/other.csv" "a new file"

# A card is held; the first correction gives it the chip of a card that comes after.
rm -rf "$work/one"
world_make "$work/one"
job_make "$work/one" B1
sed '3d; 2s/,[^,]*$/,MEUC/' "$table" >"$work/begin.csv"
expect 3 "$PERSOLINE" ingest "$work/one/site/B1" "$work/begin.csv"
equal "$(held "$work/one/site/B1" | cut -f1)" "${cards[0]}" "held"
sed -n '1p; 3s/^[^,]*,/'"${cards[0]}"',/p' "$table" >"$work/first.csv"
sed -n 1,3p "$table" >"$work/other.csv"
replaced_at "$work/one" "$work/first.csv" "$work/other.csv" "a correction"
