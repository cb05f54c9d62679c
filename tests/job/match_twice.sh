#!/bin/bash
# The RA repeats one card's encryption certificate and key envelope in the answer of another card of
# the same person, so that nothing else tells them apart: neither card gets it, whichever came
# first, until the answers no longer share it (DESIGN 1, CONTRACTS 4).
. "$(dirname "$0")/lib.sh"

cards=20
world_make "$work/w"
sample_make "$work/s" --cards "$cards"
# Two cards of one person: the second row takes the first one's person in both files.
perl -e 'my ($keys, $issuance) = @ARGV; my (%id, %person, $n);
    for my $file ($keys, $issuance) {
        open my $f, "<", $file or die; my @rows = <$f>; my %at;
        my @h = split /,/, $rows[0]; chomp @h; @at{@h} = 0 .. $#h;
        my @personal = grep { exists $at{$_} } qw(AAC002 AAC003 AAC004 AAC005 AAC006);
        @id{1, 2} = map { (split /,/, $rows[$_])[$at{AAZ501}] } 1, 2 if $file eq $keys;
        my ($one) = grep { (split /,/)[$at{AAZ501}] eq $id{1} } @rows;
        my ($two) = grep { (split /,/)[$at{AAZ501}] eq $id{2} } @rows;
        my @c = split /,/, $two; @c[@at{@personal}] = (split /,/, $one)[@at{@personal}];
        $_ eq $two and $_ = join ",", @c for @rows;
        open $f, ">", $file or die; print $f @rows }' \
    "$work/s/keys/application.csv" "$work/s/issuance/issuance.csv"
rm -f "$work"/s/*/*.manifest.json
mapfile -t ids < <(columns "$work/s/keys/application.csv" AAZ501)
first=${ids[0]} second=${ids[1]}
job_make "$work/w" B1 "$work/s"
# The requests name the persons that the cards had before.
sed -i -e 's/^subject_check = .*/subject_check = no/' -e 's/^secrets = .*/secrets = clear/' \
    -e 's/^unsigned = .*/unsigned = yes/' "$work/w/site/profiles/default.conf"
line_to_ra "$work/w" "$work/w/site/B1"
expect 0 "$PERSOLINE_SANDBOX" ra --in "$work/w/site/B1/out/ra" --out "$work/answers" \
    --state "$work/w/ra" --return table --secrets clear --unsigned
answers=$(echo "$work"/answers/*.csv)
expect 0 "$PERSOLINE" trace "$work/w/site/B1" "$first" --json
request_of()
{
    unzip -q -p "$work"/w/site/B1/out/ra/REQ-*.zip requests.csv >"$work/requests.csv"
    local key
    key=$(columns "$work/s/keys/application.csv" AAZ501 QMGY |
        awk -v id="$1" '$1 == id { print $2 }')
    columns "$work/requests.csv" request_id QMGY | awk -v key="$key" '$2 == key { print $1 }'
}
first_request=$(request_of "$first") second_request=$(request_of "$second")

# answers_of NAME WRONG RIGHT: all answers, where WRONG's has JMZS and JMMY of RIGHT's.
answers_of()
{
    perl -e 'my ($wrong, $right, $file) = @ARGV; open my $f, "<", $file or die; my @rows = <$f>;
        my %at; my @h = split /,/, $rows[0]; @at{@h} = 0 .. $#h;
        my ($good) = grep { /^$right,/ } @rows; my @g = split /,/, $good;
        for (@rows) { my @c = split /,/; next if $c[0] ne $wrong;
            @c[@at{qw(JMZS JMMY)}] = @g[@at{qw(JMZS JMMY)}]; $_ = join ",", @c }
        print @rows' "$2" "$3" "$answers" >"$work/$1.csv"
}
answers_of second-wrong "$second_request" "$first_request"
answers_of first-wrong "$first_request" "$second_request"
only() { sed -n -e 1p -e "/^$1,/p" "$2"; }

# both_held TEXT: R321 on the two, and no other.
both_held()
{
    held "$job" match | cut -f1,2 | tr '\t' ' ' >"$work/have"
    printf '%s R321\n' "$first" "$second" | sort >"$work/want"
    same "$work/want" "$work/have" "$1"
}

# begin NAME: a copy of the job at the RA.
begin()
{
    cp -a "$work/w" "$work/$1"
    job=$work/$1/site/B1
}

for wrong in first second; do
    begin "$wrong"
    expect 0 "$PERSOLINE" collect "$job" "$work/$wrong-wrong.csv"
    expect 3 "$PERSOLINE" match "$job"
    both_held "$wrong card's answer is the other's: held"
    for card in "$first" "$second"; do
        expect 0 "$PERSOLINE" release "$job" "$card" --reason "looked at"
        expect 3 "$PERSOLINE" match "$job"
        both_held "$card released alone: held"
    done
    expect 0 "$PERSOLINE" release "$job" "$first" "$second" --reason "looked at"
    expect 3 "$PERSOLINE" match "$job"
    both_held "both released: held"
    part "the $wrong card has the other's certificate: both are held, and stay so"

    right=$second
    [ "$wrong" = second ] || right=$first
    request=$(request_of "$([ "$wrong" = first ] && echo "$first" || echo "$second")")
    only "$request" "$answers" >"$work/corrected.csv"
    expect 0 "$PERSOLINE" collect "$job" "$work/corrected.csv"
    "$PERSOLINE" match "$job" >"$work/out" 2>"$work/err" || [ $? -eq 3 ]
    states "$job" >"$work/states"
    equal "$(awk -v id="$right" '$1 == id { print $2 }' "$work/states")" matched "corrected: $wrong"
    "$PERSOLINE" release "$job" "@$job/held/match.csv" --reason "the other one was wrong" \
        >"$work/out" 2>"$work/err" || fail "release"
    expect 0 "$PERSOLINE" match "$job"
    equal "$(balance "$job" held)" 0 "held after the correction"
    expect 0 "$PERSOLINE" personalize "$job"
    columns "$job/out/machine/B1-0001.csv" AAZ501 JMZS | sort >"$work/machine"
    equal "$(cut -f2 "$work/machine" | sort -u | wc -l)" "$cards" "certificates on cards"
    part "with a corrected answer of the $wrong card both go on, each with its own"
done

# One after the other.
begin apart
only "$first_request" "$answers" >"$work/one.csv"
only "$second_request" "$work/second-wrong.csv" >"$work/two.csv"
expect 4 "$PERSOLINE" collect "$job" "$work/one.csv"
expect 0 "$PERSOLINE" match "$job"
expect 4 "$PERSOLINE" collect "$job" "$work/two.csv"
expect 3 "$PERSOLINE" match "$job"
both_held "the first was matched before the second came"
part "a card that was matched before is held too"

begin far
expect 4 "$PERSOLINE" collect "$job" "$work/one.csv"
expect 0 "$PERSOLINE" match "$job"
expect 0 "$PERSOLINE" personalize "$job"
expect 4 "$PERSOLINE" collect "$job" "$work/two.csv"
expect 3 "$PERSOLINE" match "$job"
equal "$(held "$job" match | cut -f1,2 | tr '\t' ' ')" "$second R321" "the one that came later"
expect 0 "$PERSOLINE" status "$job"
said "flagged: AAZ501 $first"
part "one that is in a machine file already is flagged"

begin cancelled
expect 0 "$PERSOLINE" collect "$job" "$work/second-wrong.csv"
expect 3 "$PERSOLINE" match "$job"
expect 0 "$PERSOLINE" cancel "$job" "$second" --reason "made again"
expect 0 "$PERSOLINE" release "$job" "$first" --reason "it is this one's"
expect 3 "$PERSOLINE" match "$job"
equal "$(held "$job" match | cut -f1,2 | tr '\t' ' ')" "$first R321" "the first one"
part "a certificate of a cancelled card is to be revoked: the first one waits for another"
