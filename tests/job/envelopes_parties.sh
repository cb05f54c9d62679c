#!/bin/bash
# Key envelopes (JMMY) between parties: the department judges and forwards them as they came; who
# finishes the cards writes them in the form that its own machine takes (DOMAIN 5.5; CONTRACTS 3).
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/job/parties_lib.sh
. "$here/parties_lib.sh"

cards=40
sample_make "$work/s" --cards "$cards" --ssse
parties_machine=(--chips "$work/s")

# begin WORLD MODE KIND: a world with a vendor's job, whose RA sends envelopes of the kind.
begin()
{
    parties_ra=(--envelope "$3")
    parties_make "$work/$1" "$2"
    parties_job "$work/$1" B1 "$work/s"
}

# as_sent WORLD FILE: FILE gets the JMMY of the RA's returns.
as_sent()
{
    of_packages JMMY -- certificates.csv "$work/$1"/department/B1/in/ra/RET-*.zip | sort >"$2"
    [ "$(wc -l <"$2")" = "$cards" ] || fail "the RA sent $(wc -l <"$2") envelopes, want $cards"
}

for mode in 1 2; do
    begin "mixed$mode" "$mode" mixed
    parties_run "$work/mixed$mode"
    of_world "$work/mixed$mode"
    as_sent "mixed$mode" "$work/sent"
    of_packages JMMY -- certificates.csv "$work/mixed$mode"/department/B1/out/forward/FWD-*.zip |
        sort >"$work/have"
    same "$work/sent" "$work/have" "JMMY as the RA sent it (<) and as it is forwarded (>)"
    job=$work/mixed$mode/$finisher/B1
    columns "$job/out/machine/B1-0001.csv" JMMY | while read -r one; do
        base64 -d <<<"$one" | wc -c
    done | sort | uniq -c | tr -s ' ' >"$work/sizes"
    equal "$(<"$work/sizes")" " $cards 388" "sizes of envelopes in the machine file"
    equal "$(balance "$job" written)" "$cards" "written in mode $mode"
    part "mode $mode: every form is forwarded as it came, the $finisher's machine opens them all"
done

begin padded 1 padded
parties_run "$work/padded"
equal "$(in_state "$work/padded/department/B1" forwarded | wc -l)" "$cards" "forwarded, padded"
held "$work/padded/vendor/B1" match | cut -f2 | sort | uniq -c | tr -s ' ' >"$work/have"
equal "$(<"$work/have")" " $cards R333" "held by the vendor's match"
part "what the finisher's machine cannot take is forwarded, and held by the finisher: R333"

begin waiting 4 padded
parties_run "$work/waiting"
equal "$(held "$work/waiting/department/B1" | wc -l)" 0 "held at the department in mode 4"
expect 0 "$PERSOLINE" status "$work/waiting/department/B1" --json
said "\"waiting\": $cards"
part "in mode 4 envelopes wait in the cupboard as they came: no machine takes them now"
