#!/bin/bash
# Packages to a vendor that only its department could make, and should not (CONTRACTS 3).
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/job/handing.sh
. "$here/handing.sh"
# shellcheck source=tests/job/forge.sh
. "$here/forge.sh"

# ---- what only a department could send, and should not ----

# forged KIND NUMBER FOLDER: a package of these members, signed by the department.
forged()
{
    local file=$in/$1-411600-B1-000$2.zip
    forge_package "$file" "$3" "kind=$1" sender=department recipient=vendor "sequence=$2" \
        "cards=$(($(wc -l <"$3/$4") - 1))" "previous=${5:-null}"
    forge_sign "$world/department" "$file"
}

# edit FILE ID COLUMN VALUE: one cell of the row that has ID somewhere.
edit()
{
    ID=$2 N=$3 VALUE=$4 perl -i -pe '
        if ($. == 1) { my $i = 0; %at = map { s/\s//gr => $i++ } split /,/; next }
        next unless index($_, $ENV{ID}) >= 0;
        chomp; my @c = split /,/, $_, -1; $c[$at{$ENV{N}}] = $ENV{VALUE};
        $_ = join(",", @c) . "\n"' "$1"
}

world=$work/forged
mode_one_begin "$world"
mode_one_forward "$world"
deliver "$department/out/forward" FWD "$in"
mkdir "$work/members" "$work/edited"
unzip -q "$one" -d "$work/members"
rm "$work/members/manifest.json"
rm "$in"/FWD-*-0002* "$in"/FWD-*-0003*
mapfile -t ids < <(columns "$work/members/cards.csv" AAZ501)
mapfile -t requests < <(columns "$work/members/cards.csv" request_id)

# begin_edit: a fresh copy of the members in $work/edited.
begin_edit()
{
    rm -r "$work/edited"
    cp -r "$work/members" "$work/edited"
}

begin_edit
sed -i '2{h;d};3{G}' "$work/edited/personal.csv"
forged FWD 1 "$work/edited" cards.csv
untouched "$vendor" expect 1 "$PERSOLINE" collect "$vendor" "$one"
said "personal.csv: .*row 1 is not of the same card as in cards.csv"
begin_edit
sed -i '2{h;d};3{G}' "$work/edited/certificates.csv"
forged FWD 1 "$work/edited" cards.csv
untouched "$vendor" expect 1 "$PERSOLINE" collect "$vendor" "$one"
said "certificates.csv: .*row 1 is not of the same card as in cards.csv"
begin_edit
sed -i '$d' "$work/edited/personal.csv"
forged FWD 1 "$work/edited" cards.csv
untouched "$vendor" expect 1 "$PERSOLINE" collect "$vendor" "$one"
said "personal.csv: .*have 15 rows, want 16 as in cards.csv"
begin_edit
sed -i '$d' "$work/edited/certificates.csv"
forged FWD 1 "$work/edited" cards.csv
untouched "$vendor" expect 1 "$PERSOLINE" collect "$vendor" "$one"
said "certificates.csv: .*have 15 rows, want 16 as in cards.csv"
begin_edit
for member in cards personal certificates; do
    sed -i '$p' "$work/edited/$member.csv"
done
forged FWD 1 "$work/edited" cards.csv
untouched "$vendor" expect 1 "$PERSOLINE" collect "$vendor" "$one"
said "a card or request stands twice"
begin_edit
sed -i 's/,cancelled/,gone/' "$work/edited/outstanding.csv"
forged FWD 1 "$work/edited" cards.csv
untouched "$vendor" expect 1 "$PERSOLINE" collect "$vendor" "$one"
said "no such state"
begin_edit
rm "$work/edited/outstanding.csv"
forged FWD 1 "$work/edited" cards.csv
untouched "$vendor" expect 1 "$PERSOLINE" collect "$vendor" "$one"
part "tables of a FWD that do not belong together are refused"

# Cards that are not ours as they stand there.
key=$(columns "$work/members/cards.csv" QMGY | sed -n 1p)
begin_edit
edit "$work/edited/cards.csv" "${ids[0]}" AAZ500 JA334687X
edit "$work/edited/cards.csv" "${ids[1]}" QMGY "$key"
edit "$work/edited/personal.csv" "${ids[2]}" AAC002 11010519491231002X
edit "$work/edited/personal.csv" "${ids[3]}" AAC003 某某
for member in cards certificates; do
    edit "$work/edited/$member.csv" "${requests[4]}" request_id 00112233445566778899aabbccddeeff
done
edit "$work/edited/certificates.csv" "${requests[5]}" ZKMY ""
edit "$work/edited/certificates.csv" "${requests[6]}" GLYPIN \
    "$(columns "$work/members/certificates.csv" GLYPIN | sed -n 8p)"
edit "$work/edited/certificates.csv" "${requests[7]}" QMZS \
    "$(columns "$work/members/certificates.csv" QMZS | sed -n 9p)"
edit "$work/edited/certificates.csv" "${requests[9]}" code 17
forged FWD 1 "$work/edited" cards.csv
expect 0 "$PERSOLINE" hold "$vendor" "${ids[10]}" --reason "asked for"
expect 4 "$PERSOLINE" run "$vendor"
said "collect: .*rows 16, issued 9, held 6, doubled 0, orphans 1"
held "$vendor" collect match >"$work/have"
printf '%s\t%s\t%s\n' "${ids[0]}" R201 collect "${ids[1]}" R201 collect "${ids[2]}" R201 match \
    "${ids[3]}" R201 match "${ids[5]}" R303 collect "${ids[6]}" R305 collect \
    "${ids[7]}" R319 match "${ids[9]}" R301 collect "$cancelled" R306 collect | sort >"$work/want"
same "$work/have" "$work/want" "held at collect and match"
columns "$vendor/held/collect.csv" AAZ501 field | sort >"$work/have"
columns "$vendor/held/match.csv" AAZ501 field | sort >>"$work/have"
for pair in "${ids[0]} AAZ500" "${ids[1]} QMGY" "${ids[2]} AAC002" "${ids[3]} AAC003"; do
    has "^${pair% *}	${pair#* }\$" <"$work/have" || fail "field: $pair"
done
equal "$(state_of "$vendor" "${ids[4]}")" submitted "a card whose request is another's"
columns "$vendor/reports/orphans.csv" request_id why >"$work/have"
printf '00112233445566778899aabbccddeeff\tno such request in this job\n' >"$work/want"
same "$work/have" "$work/want" "orphans"
equal "$(machine_rows "$vendor" AAZ501 | wc -l)" 6 "cards that stand all tests"
equal "$(state_of "$vendor" "${ids[10]}")" "held R251" "the operator's card"
expect 0 "$PERSOLINE" release "$vendor" "${ids[10]}" --reason "found"
expect 4 "$PERSOLINE" run "$vendor"
equal "$(state_of "$vendor" "${ids[10]}")" prepared "the operator's card, released"
closes "$vendor"
part "a card that differs from ours is held by its field, a stranger's is an orphan"

# HLD for cards wherever they are here.
expect 0 "$PERSOLINE_SANDBOX" machine --in "$vendor/out/machine" --out "$vendor/in/machine" \
    --state "$world/machine-vendor"
mkdir "$work/machine-file"
mv "$vendor"/in/machine/B1-0002* "$work/machine-file/"
expect 4 "$PERSOLINE" run "$vendor"
equal "$(state_of "$vendor" "${ids[11]}")" written "a card that is finished"
expect 0 "$PERSOLINE" hold "$vendor" "${cards[39]}" --reason "asked for"
expect 0 "$PERSOLINE" cancel "$vendor" "${ids[9]}" --reason "settled"
mkdir "$work/hld"
{
    echo AAZ501,request_id,state,stage,code,clause,field,text_en,text_zh
    echo "${ids[11]},${requests[11]},returned,reconcile,R203,,,not in the issuance data,"
    echo "${ids[10]},${requests[10]},cancelled,,R306,,,,"
    echo "${ids[4]},,returned,approve,R777,,,\"a new rule, of $wrong\","
    echo "${cards[39]},,returned,reconcile,R201,,AAC003,application and issuance differ,"
    echo "${ids[9]},${requests[9]},returned,collect,R301,,,,"
    echo "${ids[0]},${requests[0]},returned,reconcile,R205,,AAZ502,,"
    echo "411600D156000005FFFFFFFFFFFFFFFF,,returned,reconcile,R201,,,,"
    echo ",ffffffffffffffffffffffffffffffff,returned,reconcile,R201,,,,"
} >"$work/hld/held.csv"
cp "$work/hld/held.csv" "$work/whole.csv"
sed -i '2s/returned/matched/' "$work/hld/held.csv"
forged HLD 1 "$work/hld" held.csv
untouched "$vendor" expect 1 "$PERSOLINE" collect "$vendor" "$in/HLD-411600-B1-0001.zip"
said "neither returned nor cancelled"
cp "$work/whole.csv" "$work/hld/held.csv"
forged HLD 1 "$work/hld" held.csv
expect 4 "$PERSOLINE" collect "$vendor" "$in/HLD-411600-B1-0001.zip"
said "rows 8, held 3, orphans 2, taken back 1, held before 1, too late 1"
said "1 CARDS THAT THE DEPARTMENT GIVES BACK ARE FINISHED HERE"
equal "$(state_of "$vendor" "${ids[11]}")" written "a finished card"
"$PERSOLINE" trace "$vendor" "${ids[11]}" | has '"late"' || fail "no event of the finished card"
equal "$(state_of "$vendor" "${ids[10]}")" "held R306" "a card at the machine"
equal "$(state_of "$vendor" "${ids[4]}")" "held R250" "an unknown code"
equal "$(state_of "$vendor" "${cards[39]}")" "held R251" "the operator's card"
equal "$(state_of "$vendor" "${ids[9]}")" cancelled "a card cancelled here"
equal "$(state_of "$vendor" "${ids[0]}")" "held R205" "a card held here already"
grep "^[0-9]*,${ids[4]}," "$vendor/held/collect.csv" | has 'R777: a new rule' || fail "no note"
expect 0 "$PERSOLINE" release "$vendor" "${cards[39]}" --reason "found"
equal "$(state_of "$vendor" "${cards[39]}")" "held R201" "the department's word"
closes "$vendor"
expect 0 "$PERSOLINE" check "$vendor"
part "HLD reaches a card wherever it is, but a finished one"
