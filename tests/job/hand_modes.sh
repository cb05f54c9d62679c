#!/bin/bash
# Who finishes the cards tells the department, in the modes with a centre and without certificates
# at issue (LD/T 03-2022 6.4.7.3, 6.4.7.5; CONTRACTS 3): cancelled cards, a job that closes twice,
# boxes on paper, what waits in the cupboard.
. "$(dirname "$0")/lib.sh"

w=$work/w
mkdir "$w"
for party in v1 dept c1; do
    expect 0 "$PERSOLINE" site init "$w/$party" --name "$party"
done
cp "$w/v1/site.cer" "$w/dept/peers/v1.cer"
cp "$w/c1/site.cer" "$w/dept/peers/c1.cer"
cp "$w/dept/site.cer" "$w/v1/peers/dept.cer"
cp "$w/dept/site.cer" "$w/c1/peers/dept.cer"
expect 0 "$PERSOLINE_SANDBOX" ra init "$w/ra" --site "$w/dept" --seed 7
expect 0 "$PERSOLINE_SANDBOX" machine init "$w/machine" --site "$w/c1"
cp -r "$w/dept/trust/." "$w/c1/trust/"

give() { cp "$1/$2-"* "$3/"; }
in_state() { states "$1" | awk -F'\t' -v s="$2" '$2 == s { print $1 }'; }

# to_centre BATCH MODE SAMPLE: vendor $v, department $d, centre $c, whose machine file is made.
to_centre()
{
    v=$w/v1/$1 d=$w/dept/$1 c=$w/c1/$1
    expect 0 "$PERSOLINE" init "$v" --mode "$2" --role vendor --finisher centre --ra dept \
        --batch "$1" --division 411600 --vendor V1 --date "$job_date"
    cp "$3"/keys/*.csv "$v/in/keys/"
    "$PERSOLINE" run "$v" >"$work/out" 2>&1 || [ $? -eq 3 ] || fail "run: $(cat "$work/out")"
    expect 0 "$PERSOLINE" cancel "$v" "@$v/held/ingest.csv" --reason "scrapped"
    expect 0 "$PERSOLINE" run "$v"
    said closed # the cards left the house
    expect 0 "$PERSOLINE" init "$d" --from "$v/out/ra/APP-411600-$1-0001.zip" --finisher centre \
        --centre c1
    give "$v/out/ra" APP "$d/in/keys"
    cp "$3"/issuance/*.csv "$d/in/issuance/"
    line_to_ra "$w" "$d"
    ra_answer "$w" "$d"
    expect 4 "$PERSOLINE" run "$d"
    expect 0 "$PERSOLINE" init "$c" --from "$d/out/forward/FWD-411600-$1-0001.zip"
    give "$d/out/forward" FWD "$c/in/ra"
    expect 4 "$PERSOLINE" run "$c"
}

# ---- mode 2 ----

sample_make "$work/s" --cards 80 --boxes 30 --ssse --faults 0.3
to_centre B1 2 "$work/s"

# The slip of the APP is the paper of the physical hand-over.
for slip in APP FWD; do
    file=$v/out/ra/APP-411600-B1-0001.zip table=application.csv
    [ "$slip" = APP ] || file=$d/out/forward/FWD-411600-B1-0001.zip table=cards.csv
    unzip -p "$file" "$table" >"$work/table"
    unzip -p "$file" slip.txt | awk '$1 == "箱号" { print $3, $NF }' >"$work/have"
    columns "$work/table" box | awk '{ if (!n[$1]++) order[++k] = $1 }
        END { for (i = 1; i <= k; i++) print order[i], n[order[i]] }' >"$work/want"
    [ "$(wc -l <"$work/want")" -gt 1 ] || fail "$slip: not two boxes"
    same "$work/have" "$work/want" "boxes of the slip (<) and of $table (>) of the $slip"
done
part "slips of APP and FWD have the boxes of their cards"

give "$d/out/forward" HLD "$v/in/ra"
expect 3 "$PERSOLINE" run "$v"
! grep -q closed "$work/out" || fail "closed although cards are held"
expect 0 "$PERSOLINE" cancel "$v" "@$v/held/collect.csv" --reason "scrapped"
expect 0 "$PERSOLINE" run "$v"
said closed
equal "$(grep -o '"kind":"\(close\|reopen\)"' "$v/audit.log" | paste -sd' ')" \
    '"kind":"close" "kind":"reopen" "kind":"close"' "closings of the vendor's job"
expect 0 "$PERSOLINE" audit verify "$v"
[ -z "$(find "$v/out/close" -name '*.zip')" ] ||
    fail "a vendor that does not finish has nothing to tell"
part "a vendor's job that closed is open again when cards come back, and closes again"

gone=$(in_state "$c" prepared | sed -n 2p)
expect 0 "$PERSOLINE" cancel "$c" "$gone" --reason "fell down, chip dead"
machine_play "$w" "$c" --spoil 0.1
expect 0 "$PERSOLINE" run "$c"
said closed
unzip -p "$c/out/close/RES-411600-B1-0001.zip" result.csv >"$work/result.csv"
has "^$gone,spoiled,CANCEL,\"fell down, chip dead\",,,,,,\$" <"$work/result.csv" ||
    fail "the cancelled card: $(grep "^$gone" "$work/result.csv")"
give "$c/out/close" RES "$d/in/result"
"$PERSOLINE" run "$d" >"$work/out" 2>"$work/err" || [ $? -eq 3 ] ||
    fail "run: $(tail -n 5 "$work/err")"
in_state "$c" written >"$work/want"
in_state "$d" written >"$work/have"
same "$work/have" "$work/want" "written at the department (<) and at the centre (>)"
equal "$(state_of "$d" "$gone")" "spoiled R510" "a card that the centre cancelled"
columns "$d/out/close/remake.csv" AAZ501 reason | has "^$gone	CANCEL: fell down, chip dead" ||
    fail "remake.csv: $(cat "$d/out/close/remake.csv")"
part "a card that the centre cancelled is told as spoiled, with its reason"

# Told as written, then doubted and given up by the centre: the department looks, cancels, revokes.
doubted=$(in_state "$d" written | sed -n 1p)
{
    sed -n 1p "$work/result.csv"
    grep "^$doubted," "$work/result.csv" | sed 's/,ok,,/,spoiled,READ,broke later/'
} >"$c/in/machine/doubt.result.csv"
expect 3 "$PERSOLINE" run "$c"
equal "$(state_of "$c" "$doubted")" "held R504" "two results at the centre"
[ ! -e "$c/out/close/RES-411600-B1-0002.zip" ] || fail "a held card is told"
expect 0 "$PERSOLINE" cancel "$c" "$doubted" --reason "it is broken"
expect 0 "$PERSOLINE" run "$c"
said closed
give "$c/out/close" RES "$d/in/result"
expect 3 "$PERSOLINE" run "$d"
equal "$(state_of "$d" "$doubted")" "held R504" "two results at the department"
expect 0 "$PERSOLINE" cancel "$d" "$doubted" --reason "the centre says so"
expect 0 "$PERSOLINE" confirm "$d" "$doubted" --reason "the centre says so"
"$PERSOLINE" run "$d" >"$work/out" 2>"$work/err" || [ $? -eq 3 ] || fail "run: $(cat "$work/err")"
unzip -p "$d/out/close/RVK-411600-B1-0001.zip" revoke.csv >"$work/revoke.csv"
equal "$(columns "$work/revoke.csv" AAZ501 | sort | uniq -c | awk '{ print $1, $2 }')" \
    "2 $doubted" "certificates of a cancelled card that is confirmed"
[ -z "$(find "$d/out/close" -name 'RMK-*')" ] || fail "a cancelled card is made again"
part "another result in a later RES holds the card, R504; cancelled and confirmed it is revoked"

closes "$v" && closes "$d" && closes "$c"
part "all three balances close"

# ---- mode 4 ----

sample_make "$work/t" --cards 40 --seed 9 --batch B4
to_centre B4 4 "$work/t"
machine_play "$w" "$c" --spoil 0.2 --missing 0.1
expect 0 "$PERSOLINE" run "$c"
give "$c/out/close" RES "$d/in/result"
expect 0 "$PERSOLINE" run "$d"
said closed
in_state "$c" deferred >"$work/want"
in_state "$d" deferred >"$work/have"
[ -s "$work/want" ] || fail "no card is deferred"
same "$work/have" "$work/want" "deferred at the department (<) and at the centre (>)"
{ in_state "$d" spoiled && in_state "$d" missing; } | sort >"$work/lost"
waiting() { columns "$d"/reports/pickup.csv AAZ501 | sort; }
waiting >"$work/have"
states "$d" | cut -f1 | sort >"$work/want"
same "$work/have" "$work/want" "waiting in the cupboard (<) and cards (>)"
expect 0 "$PERSOLINE" confirm "$d" "@$work/lost" --reason "lost"
expect 0 "$PERSOLINE" run "$d"
waiting >"$work/have"
in_state "$d" deferred | sort >"$work/want"
same "$work/have" "$work/want" "waiting in the cupboard after confirm (<) and deferred cards (>)"
unzip -p "$d/out/close/RVK-411600-B4-0001.zip" revoke.csv >"$work/revoke.csv"
columns "$work/revoke.csv" AAZ501 | sort | uniq -c | awk '$1 == 2 { print $2 }' >"$work/have"
same "$work/have" "$work/lost" "cards with two certificates in the RVK (<) and confirmed ones (>)"
mkdir "$work/rvk" && give "$d/out/close" RVK "$work/rvk"
expect 0 "$PERSOLINE_SANDBOX" ra --in "$work/rvk" --out "$work/none" --state "$w/ra"
equal "$(sed 1d "$w/ra/revoked.csv" | wc -l)" $((2 * $(wc -l <"$work/lost"))) "revoked by the RA"
part "mode 4: what was made is deferred; confirmed cards leave the cupboard and are revoked"

# ---- killed and repeated ----

# Both sides are killed at moments of what follows the machine's results, and end as undisturbed.
sample_make "$work/u" --cards 60 --seed 11 --batch B5
to_centre B5 4 "$work/u"
machine_play "$w" "$c" --spoil 0.3 --missing 0.2
cp -a "$w" "$work/x"
kills=0

# once COMMAND...: as it is; often COMMAND...: killed first, at eight moments.
once() { expect 0 "$@"; }
often()
{
    local ms
    for ms in 004 008 012 016 024 032 045 060; do
        "$@" >/dev/null 2>&1 </dev/null &
        sleep "0.$ms"
        ! kill -KILL $! 2>/dev/null || kills=$((kills + 1))
        wait $! 2>/dev/null || true
    done
    expect 0 "$@"
}

# after_results HOW WORLD
after_results()
{
    local d=$2/dept/B5 c=$2/c1/B5
    "$1" "$PERSOLINE" run "$c"
    give "$c/out/close" RES "$d/in/result"
    "$1" "$PERSOLINE" run "$d"
    { in_state "$d" spoiled && in_state "$d" missing; } | sort >"$work/lost"
    "$1" "$PERSOLINE" confirm "$d" "@$work/lost" --reason "lost"
    "$1" "$PERSOLINE" run "$d"
}
after_results once "$w"
after_results often "$work/x"
[ "$kills" -ge 10 ] || fail "only $kills kills came in time"
for party in dept c1; do
    for world in w x; do
        (cd "$work/$world/$party/B5" && find out held reports -type f ! -name '*.sig' \
            ! -name '*.wrap' -exec openssl dgst -sm3 -r {} + | sort) >"$work/files.$world"
        dump "$work/$world/$party/B5" >"$work/dump.$world"
    done
    same "$work/files.w" "$work/files.x" "outputs of $party, undisturbed (<) and killed (>)"
    same "$work/dump.w" "$work/dump.x" "check --dump of $party, undisturbed (<) and killed (>)"
    expect 0 "$PERSOLINE" audit verify "$work/x/$party/B5"
done
part "RES, its reading, confirm, RMK and RVK, killed $kills times, end as undisturbed ones do"
