#!/bin/bash
# Two parties: a vendor's applications go over to the department as packages (CONTRACTS 3; LD/T
# 03-2022 6.4.7.2 a, b). Every fault is found where it should be; what is not a good package of that
# vendor has no effect; corrections follow; killed on both sides, all ends as undisturbed.
# shellcheck source=tests/job/refusals.sh
. "$(dirname "$0")/refusals.sh"
# shellcheck source=tests/job/forge.sh
. "$here/forge.sh"

cards=${PERSO_CARDS:-360}
kills=${PERSO_KILLS:-25}
RANDOM=${PERSO_SEED:-7}

# parties_make DIR: DIR/v and DIR/d know each other; packages of 100 cards.
parties_make()
{
    mkdir -p "$1"
    expect 0 "$PERSOLINE" site init "$1/v" --name vendor
    expect 0 "$PERSOLINE" site init "$1/d" --name department
    expect 0 "$PERSOLINE_SANDBOX" ra init "$1/ra" --site "$1/d" --seed 7
    cp "$1/v/site.cer" "$1/d/peers/vendor.cer"
    cp "$1/d/site.cer" "$1/v/peers/department.cer"
    sed -i 's/^package_cards = .*/package_cards = 100/' "$1/v/persoline.conf"
}

# vendor_make DIR JOB [ARGUMENT...]
vendor_make()
{
    expect 0 "$PERSOLINE" init "$1/v/$2" --mode 1 --division 411600 --vendor V1 \
        --date "$job_date" --role vendor --ra department "${@:3}"
}

app()
{
    printf '%s/v/J/out/ra/APP-411600-B1-%04d.zip' "$1" "$2"
}

# give FILE JOB: with its signature, where run looks.
give()
{
    cp "$1" "$1.sig" "$2/in/keys/"
}

sample_make "$work/s" --cards "$cards" --faults 0.2
sample_make "$work/clean" --cards "$cards"
parties_make "$work/p"
v=$work/p/v/J
d=$work/p/d/J
vendor_make "$work/p" J --batch B1
cp "$work"/s/keys/* "$v/in/keys/"
expect 4 "$PERSOLINE" run "$v"
last=$(find "$v/out/ra" -name 'APP-*.zip' | wc -l)
[ "$last" -ge 3 ] || fail "the vendor made $last packages, want 3 at least"
expect 0 "$PERSOLINE" init "$d" --from "$(app "$work/p" 1)" --date "$job_date"
cp "$work"/s/issuance/* "$d/in/issuance/"
cp -a "$work/p" "$work/begin"

# ---- what is not a good package of this vendor, for us, in its turn ----

mkdir "$work/x"
stage "$d" ingest
# copy NAME: the first package and its signature under $work/x/NAME, as $file.
copy()
{
    mkdir -p "$work/x/$1"
    file=$work/x/$1/APP-411600-B1-0001.zip
    cp "$(app "$work/p" 1)" "$file"
    cp "$(app "$work/p" 1).sig" "$file.sig"
}

expect 4 "$PERSOLINE" ingest "$d" "$(app "$work/p" 2)"
said 'sequence: have 2: waits for APP 1 of vendor$'
expect 4 "$PERSOLINE" ingest "$d" "$(app "$work/p" 3)"
said 'sequence: have 3: waits for APP 1 to 2 of vendor$'
unchanged "a gap"
copy no-sig
rm "$file.sig"
expect 4 "$PERSOLINE" ingest "$d" "$file"
said 'waits for APP-411600-B1-0001.zip.sig'
unchanged "without a signature"
part "a gap waits and says for which number; so does a package without its signature"

# members NAME: what is in the first package, to be changed.
members()
{
    mkdir -p "$work/m/$1"
    unzip -q "$(app "$work/p" 1)" -d "$work/m/$1"
    rm "$work/m/$1/manifest.json"
    n_first=$(awk 'END { print NR - 1 }' "$work/m/$1/application.csv")
    folder=$work/m/$1
}

copy swapped
unzip -q -p "$(app "$work/p" 2)" application.csv >"$work/application.csv"
(cd "$work" && zip -q -0 -X "$file" application.csv)
refused F130 ': application.csv: ' "$file"
copy cut
unzip -q -p "$file" application.csv | head -n 50 >"$work/application.csv"
(cd "$work" && zip -q -0 -X "$file" application.csv)
refused F130 ': application.csv: ' "$file"
copy other-signature
cp "$(app "$work/p" 2).sig" "$file.sig"
refused F133 ': ' "$file"
members control
mkdir "$work/f"
file=$work/f/sender.zip
forge_package "$file" "$folder" "cards=$n_first" sender=ra
forge_sign "$work/p/v" "$file"
refused F133 ': ' "$file" # the vendor's signature, another's name
forge_package "$file" "$folder" "cards=$n_first" sender=stranger
forge_sign "$work/p/v" "$file"
refused F133 ': sender: .*no certificate of stranger' "$file"
cp "$work/p/v/site.cer" "$work/p/d/peers/second.cer"
forge_package "$file" "$folder" "cards=$n_first" sender=second
forge_sign "$work/p/v" "$file"
# It is known here, but the job began with a package of the vendor.
stage "$d" ingest
refused F133 ': sender: .*have second, want vendor' "$file"
forge_package "$file" "$folder" "cards=$n_first" recipient=elsewhere
forge_sign "$work/p/v" "$file"
refused F134 ': recipient: .*have elsewhere, want department' "$file"
forge_package "$file" "$folder" "cards=$n_first" batch=B2
forge_sign "$work/p/v" "$file"
refused F105 ': batch: ' "$file"
forge_package "$file" "$folder" "cards=$n_first" mode=2
forge_sign "$work/p/v" "$file"
refused F105 ': batch: ' "$file"
forge_package "$file" "$folder" "cards=$n_first" kind=RES
forge_sign "$work/p/v" "$file"
refused F104 ': kind: ' "$file"
forge_package "$file" "$folder" "cards=$((n_first + 1))"
forge_sign "$work/p/v" "$file"
refused F129 ': application.csv: ' "$file"
rm "$folder/application.csv"
forge_package "$file" "$folder"
forge_sign "$work/p/v" "$file"
refused F132 ': application.csv: ' "$file"
unchanged "(forged)"
part "another sender, recipient, batch, mode, kind or number of cards, a member swapped, cut or" \
    "missing: refused by name"

# flip FILE N: N copies with one bit changed, under $work/flip.
flip()
{
    mkdir -p "$work/flip"
    perl -e 'my ($from, $dir, $want) = @ARGV; local $/; open my $f, "<:raw", $from; my $zip = <$f>;
        my $n = length $zip;
        for my $i (0 .. $want - 1) {
            my $at = $i < 8 ? 5 * $i : int(($n - 1) * $i / ($want - 1));
            substr(my $flipped = $zip, $at, 1) ^= chr(1 << $i % 8);
            my $to = sprintf "%s/%07d.zip", $dir, $at;
            open my $o, ">:raw", $to; print $o $flipped; close $o;
            link "$from.sig", "$to.sig" }' "$1" "$work/flip" "$2"
}

flip "$(app "$work/p" 1)" 24
for file in "$work"/flip/*.zip; do
    rm -rf "$work/q"
    cp -a "$work/p" "$work/q"
    code=0
    "$PERSOLINE" ingest "$work/q/d/J" "$file" >"$work/out" 2>"$work/err" || code=$?
    if [ "$code" -eq 1 ]; then
        said ' \[F'
        equal "$(balance "$work/q/d/J" in)" 0 "cards of a package with a bit changed"
    else # a bit that the members do not see: a date or a mode of the archive
        equal "$(balance "$work/q/d/J" in)" "$n_first" "cards of $file"
        void=$((${void:-0} + 1))
    fi
done
[ "${void:-0}" -le 4 ] || fail "$void flips of 24 had no effect"
part "one bit changed: refused before any effect (${void:-0} of 24 bits say nothing)"

# ---- hand over ----

for ((i = last; i >= 1; i--)); do
    give "$(app "$work/p" "$i")" "$d"
done
expect 4 "$PERSOLINE" run "$d"
columns "$work/s/truth.csv" AAZ501 code stage | awk -F'\t' '$3 == "ingest"' | sort >"$work/want"
held "$v" >"$work/have"
same "$work/have" "$work/want" "vendor: held (<) and planted (>)"
columns "$work/s/truth.csv" AAZ501 code stage | awk -F'\t' '$3 == "reconcile"' |
    sort >"$work/want"
held "$d" >"$work/have"
same "$work/have" "$work/want" "department: held (<) and planted (>)"
[ -s "$work/want" ] || fail "no fault of the issuance data was planted"
states "$v" | awk -F'\t' '$2 == "submitted" { print $1 }' >"$work/sent"
states "$d" | cut -f1 >"$work/come"
same "$work/come" "$work/sent" "cards at the department (<) and sent (>)"
equal "$(balance "$d" in)" $((cards - $(wc -l <"$v/held/ingest.jsonl"))) "cards of the department"
closes "$v"
closes "$d"
one=$(head -n 1 "$work/sent")
for job in "$v" "$d"; do
    "$PERSOLINE" trace "$job" "$one" | sed -n 's/.*request_id \([0-9a-f]*\).*/\1/p' >>"$work/ids"
done
equal "$(sort -u "$work/ids" | grep -c .)" 1 "request ids of one card at both"
for ((i = 1; i <= last; i++)); do
    ack=$d/out/forward/$(printf 'ACK-APP-411600-B1-%04d.json' "$i")
    [ -f "$ack" ] && [ -f "$ack.sig" ] || fail "no $ack with its signature"
    grep -q "\"sequence\": $i," "$ack" || fail "$ack is of another package"
done
part "$cards cards, $last packages: the same cards on both sides, every fault where it should be"

facts "$d" >"$work/before"
rm "$d"/out/forward/ACK-APP-411600-B1-0002.json*
expect 0 "$PERSOLINE" ingest "$d" "$(app "$work/p" 1)"
said 'known nothing to do'
mkdir -p "$work/again"
members again
(cd "$folder" && unzip -q "$(app "$work/p" 1)" manifest.json)
file=$work/again/renamed.zip
(cd "$folder" && zip -q -0 -X -D "$file" manifest.json application.csv slip.txt)
cp "$(app "$work/p" 1).sig" "$file.sig"
expect 0 "$PERSOLINE" ingest "$d" "$file" # packed anew, the same manifest
said 'known nothing to do'
facts "$d" >"$work/after"
same "$work/before" "$work/after" "a replay left something behind, or an acknowledgement is lost"
rm "$folder/manifest.json"
perl -pi -e 's/,[A-Z0-9]{9},/,AAAAAAAAA,/ if $. == 2' "$folder/application.csv"
forge_package "$work/f/used.zip" "$folder" "cards=$n_first"
forge_sign "$work/p/v" "$work/f/used.zip"
stage "$d" ingest
refused F135 ': sequence: .*have 1' "$work/f/used.zip"
forge_package "$work/f/next.zip" "$folder" "cards=$n_first" "sequence=$((last + 1))" \
    "previous=$(manifest_digest "$(app "$work/p" 1)")"
forge_sign "$work/p/v" "$work/f/next.zip"
refused F135 ': previous: ' "$work/f/next.zip"
part "a replay changes nothing, a used number with other content and a broken chain are refused"

# ---- corrections ----

columns "$v/held/ingest.csv" AAZ501 | grep -E '^4116[0-9A-F]{28}$' | sort -u >"$work/ids"
awk -F, 'NR == FNR { want[$1]; next } FNR == 1 || $1 in want' "$work/ids" \
    "$work/clean/keys/application.csv" >"$work/corrected.csv"
n=$(($(wc -l <"$work/corrected.csv") - 1))
[ "$n" -ge 10 ] || fail "only $n rows to correct"
before=$(balance "$v" held)
"$PERSOLINE" ingest "$v" "$work/corrected.csv" >"$work/out" 2>"$work/err" || [ $? -eq 3 ]
said 'corrections'
corrected=$((before - $(balance "$v" held)))
[ "$corrected" -ge 10 ] || fail "only $corrected of $n held cards were corrected"
expect 4 "$PERSOLINE" run "$v"
[ -f "$(app "$work/p" $((last + 1)))" ] || fail "no package with the corrections"
give "$(app "$work/p" $((last + 1)))" "$d"
in=$(balance "$d" in)
expect 4 "$PERSOLINE" run "$d"
equal $(($(balance "$d" in) - in)) "$corrected" "corrected cards that came over"
closes "$d"
part "$corrected corrected rows go over in the next package, and nothing else"

# ---- withdrawn and made again ----

parties_make "$work/w"
vendor_make "$work/w" J --batch B1
wv=$work/w/v/J
expect 3 "$PERSOLINE" ingest "$wv" "$work/s/keys/application.csv"
expect 0 "$PERSOLINE" bundle "$wv"
expect 1 "$PERSOLINE" withdraw "$wv" APP-411600-B1-0001.zip --reason wrong
said "withdraw APP-411600-B1-000$last.zip first"
for ((i = last; i >= last - 1; i--)); do
    expect 0 "$PERSOLINE" withdraw "$wv" "APP-411600-B1-000$i.zip" --reason wrong
    [ ! -e "$wv/out/bundle/APP-411600-B1-000$i.zip" ] || fail "a withdrawn package is still there"
done
expect 4 "$PERSOLINE" run "$wv"
said 'submit: file APP-411600-B1-000'$((last + 1))
expect 0 "$PERSOLINE" init "$work/w/d/K" --from "$wv/out/ra/APP-411600-B1-0001.zip" \
    --date "$job_date"
for file in "$wv"/out/ra/*.zip; do
    give "$file" "$work/w/d/K"
done
expect 0 "$PERSOLINE" ingest "$work/w/d/K" "$wv"/out/ra/*.zip
equal "$(balance "$work/w/d/K" in)" "$(states "$wv" | awk -F'\t' '$2 == "submitted"' | wc -l)" \
    "cards of packages after a withdrawal"
part "packages are withdrawn from the end; numbers that never come are no gap"

# ---- killed on both sides ----

steps=(v-ingest v-bundle v-submit give d-ingest d-run v-correct v-run give d-run)
# step_command WORLD STEP: sets ${command[@]}.
step_command()
{
    local v=$1/v/J d=$1/d/J
    case $2 in
    v-ingest) command=("$PERSOLINE" ingest "$v" "$v/in/keys/application.csv") ;;
    v-correct) command=("$PERSOLINE" ingest "$v" "$v/corrected.csv") ;;
    d-ingest) command=("$PERSOLINE" ingest "$d" "$d"/in/keys/*.zip) ;;
    v-* | d-*) command=("$PERSOLINE" "${2#*-}" "$1/${2%-*}/J") ;;
    give) command=(cp -a "$v/out/ra/." "$d/in/keys/") ;;
    esac
}

# step_pass WORLD STEP CODE_FILE: to its end, whatever it waits for; not to a refusal or a failure.
step_pass()
{
    local code=0
    step_command "$1" "$2"
    "${command[@]}" >"$work/out" 2>"$work/err" </dev/null || code=$?
    case $code in
    0 | 3 | 4) ;;
    *) fail "$2: exit code $code: $(tail -n 5 "$work/err")" ;;
    esac
    printf '%s %s\n' "$2" "$code" >>"$1.codes"
}

kill_step()
{
    local pid code=0
    step_command "$1" "$2"
    "${command[@]}" >"$work/out" 2>"$work/err" </dev/null &
    pid=$!
    sleep "0.$(printf '%03d' $((RANDOM % $3 + 1)))"
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || code=$?
    [ "$code" -ne 137 ] || landed=$((landed + 1))
}

rm -rf "$work/k"
parties_make "$work/k"
vendor_make "$work/k" J --batch B1
cp "$work"/s/keys/* "$work/k/v/J/in/keys/"
expect 0 "$PERSOLINE" init "$work/k/d/J" --role department --mode 1 --batch B1 --division 411600 \
    --vendor V1 --date "$job_date"
cp "$work"/s/issuance/* "$work/k/d/J/in/issuance/"
cp "$work/corrected.csv" "$work/k/v/J/"
cp -a "$work/k" "$work/whole"
declare -A step_ms
for step in "${steps[@]}"; do
    begin=$(date +%s%N)
    step_pass "$work/whole" "$step"
    step_ms[$step]=$((($(date +%s%N) - begin) / 1000000 + 1))
done
landed=0
for step in "${steps[@]}"; do
    [ "$step" = give ] || for ((i = 0; i < (kills + 7) / 8; i++)); do
        kill_step "$work/k" "$step" "${step_ms[$step]}"
    done
    step_pass "$work/k" "$step"
done
# What came too late hits commands that may be repeated for ever; the cards do not care.
for ((tries = 0; landed < kills && tries < 20 * kills; tries++)); do
    side=$([ $((RANDOM % 2)) -eq 0 ] && echo v || echo d)
    kill_step "$work/k" "$side-run" "${step_ms[d-run]}"
done
[ "$landed" -ge "$kills" ] || fail "only $landed kills of $kills landed"
step_pass "$work/k" v-run
step_pass "$work/k" d-run
grep -v -- '-run' "$work/whole.codes" >"$work/want"
grep -v -- '-run' "$work/k.codes" >"$work/have"
same "$work/have" "$work/want" "exit codes"

# outputs SITE: what goes out, is held and is reported; signatures by their being there.
outputs()
{
    (cd "$1/J" && find out held reports -type f | sort | while IFS= read -r file; do
        case $file in
        *.sig) echo "$file" ;;
        *) sha256sum "$file" ;;
        esac
    done)
}

for side in v d; do
    outputs "$work/whole/$side" >"$work/want"
    outputs "$work/k/$side" >"$work/have"
    same "$work/have" "$work/want" "outputs of $side, killed (<) and whole (>)"
    dump "$work/whole/$side/J" >"$work/want"
    dump "$work/k/$side/J" >"$work/have"
    same "$work/have" "$work/want" "check --dump of $side, killed (<) and whole (>)"
    expect 0 "$PERSOLINE" check "$work/k/$side/J"
    expect 0 "$PERSOLINE" audit verify "$work/k/$side/J"
done
part "killed $landed times on both sides, all ends byte for byte as undisturbed"
