# shellcheck shell=bash disable=SC2034,SC2154  # of lib.sh, and for the tests
# A world of three installations, vendor, department and centre, with the courier between them, the
# department's RA and a machine of each finisher. Sourced after lib.sh.

parties=(vendor department centre)
parties_ra=()                  # arguments of the RA and of the machines
parties_machine=()             # a test sets them
parties_trust=department       # whose CA certificates vendor and centre are given; "" : nobody's
parties_approve=yes            # parties_run approves what waits for it
carry_doubled=                 # yes: each package comes a second time under another name
carry_backwards=               # yes: the later before the earlier
carry_most=1000                # packages that one turn of the courier takes
before_persoline=()            # put before every command of parties_run: a test's own wrapper

# ---- making ----

# parties_make WORLD MODE [FINISHER]: sites that know each other; the vendor has no job yet.
parties_make()
{
    local world=$1 one other
    mkdir -p "$world/samples" "$world/to-ra"
    printf 'mode=%s finisher=%s\n' "$2" "${3:-$([ "$2" = 2 ] && echo centre || echo vendor)}" \
        >"$world/conf"
    for one in "${parties[@]}"; do
        expect 0 "$PERSOLINE" site init "$world/$one" --name "$one"
    done
    for one in "${parties[@]}"; do
        for other in "${parties[@]}"; do
            [ "$one" = "$other" ] || cp "$world/$other/site.cer" "$world/$one/peers/$other.cer"
        done
    done
    expect 0 "$PERSOLINE_SANDBOX" ra init "$world/ra" --site "$world/department" --seed 7
    for one in vendor centre; do
        expect 0 "$PERSOLINE_SANDBOX" machine init "$world/machine-$one" --site "$world/$one"
        [ -z "$parties_trust" ] || cp "$world/$parties_trust"/trust/* "$world/$one/trust/"
    done
}

# of_world WORLD: sets $mode, $finisher.
of_world()
{
    local line
    read -r line <"$1/conf"
    mode=${line#mode=} mode=${mode%% *} finisher=${line##*=}
}

# parties_job WORLD BATCH SAMPLE [ARGUMENT...]: the vendor's job; the department will have the
# sample's issuance data when the first application comes.
parties_job()
{
    local mode finisher job=$1/vendor/$2
    of_world "$1"
    cp -r "$3" "$1/samples/$2"
    expect 0 "$PERSOLINE" init "$job" --role vendor --mode "$mode" --batch "$2" \
        --division 411600 --vendor V1 --date "$job_date" --ra department \
        --finisher "$finisher" "${@:4}"
    cp "$3"/keys/* "$job/in/keys/"
}

# jobs_of WORLD SITE
jobs_of()
{
    local conf
    for conf in "$1/$2"/*/job.conf; do
        [ ! -e "$conf" ] || dirname "$conf"
    done
}

# ---- the courier ----

# batch_of PACKAGE
batch_of()
{
    local name
    name=$(basename "$1" .zip)
    name=${name#*-*-}
    echo "${name%-*}"
}

# put PACKAGE FOLDER [NAME]: what belongs to it first, the package last.
put()
{
    local to=$2/${3:-$(basename "$1")} end
    for end in .sig .wrap; do
        [ ! -e "$1$end" ] || cp "$1$end" "$to$end"
    done
    cp "$1" "$to.part"
    mv "$to.part" "$to"
}

# begun WORLD SITE PACKAGE: the job that this package begins, if it is not there yet.
begun()
{
    local mode finisher job
    job=$1/$2/$(batch_of "$3")
    [ ! -e "$job/job.conf" ] || return 0
    of_world "$1"
    expect 0 "$PERSOLINE" init "$job" --from "$3" --date "$job_date" --finisher "$finisher"
    [ "$2" != department ] || cp "$1/samples/$(batch_of "$3")"/issuance/* "$job/in/issuance/"
}

# carry_package WORLD PACKAGE SITE FOLDER: to the site's job of its batch, unless it is there.
carry_package()
{
    local to
    to=$1/$3/$(batch_of "$2")/$4
    [ ! -e "$to/$(basename "$2")" ] || return 0
    [ "$carried" -lt "$carry_most" ] || return 0
    begun "$1" "$3" "$2"
    put "$2" "$to"
    [ -z "$carry_doubled" ] || put "$2" "$to" "$(basename "$2" .zip)_again.zip" # is read after it
    carried=$((carried + 1))
}

# packages PATTERN: those that are there, in the courier's order.
packages()
{
    local file
    for file in "$@"; do
        [ ! -e "$file" ] || printf '%s\n' "$file"
    done | if [ -n "$carry_backwards" ]; then sort -r; else sort; fi
}

# carry WORLD: what is new to whom it is for; sets $carried.
carry()
{
    local mode finisher file world=$1
    of_world "$world"
    carried=0
    while IFS= read -r file; do
        case $(basename "$file") in
        APP-*) carry_package "$world" "$file" department in/keys ;;
        FWD-*) carry_package "$world" "$file" "$finisher" in/ra ;;
        HLD-*) carry_package "$world" "$file" vendor in/ra ;;
        RES-*) carry_package "$world" "$file" department in/result ;;
        RVK-*) [ -e "$world/to-ra/$(basename "$file")" ] || put "$file" "$world/to-ra" ;;
        esac
    done < <(packages "$world"/vendor/*/out/ra/APP-*.zip \
        "$world"/department/*/out/forward/{FWD,HLD}-*.zip \
        "$world"/{vendor,centre}/*/out/close/RES-*.zip "$world"/department/*/out/close/RVK-*.zip)
    carry_acknowledgements "$world"
}

# Nobody waits for them; run must pass over them.
carry_acknowledgements()
{
    local file to mode finisher
    of_world "$1"
    for file in "$1"/{vendor,centre}/*/out/ra/ACK-* "$1"/department/*/out/forward/ACK-*; do
        [ -e "$file" ] || continue
        case $(basename "$file") in
        ACK-APP-*) to=vendor/$(basename "${file%/out/*}")/in/ra ;;
        ACK-RES-*) to=$finisher/$(basename "${file%/out/*}")/in/ra ;;
        *) to=department/$(basename "${file%/out/*}")/in/result ;;
        esac
        cp -n "$file" "$1/$to/"
    done
}

# ---- the remaking ----

# parties_remake WORLD BATCH NEW: the vendor makes new chips for what the department's RMK of BATCH
# names, in a job NEW; the department has issuance data for them.
parties_remake()
{
    local world=$1 mode finisher first file lists=() job=$1/vendor/$3
    of_world "$world"
    mapfile -t lists < <(packages "$world/department/$2"/out/close/RMK-*.zip)
    [ "${#lists[@]}" -gt 0 ] || fail "the department of $world has no RMK of $2"
    first=${lists[0]}
    expect 0 "$PERSOLINE" init "$job" --from "$first" --batch "$3" --date "$job_date" \
        --finisher "$finisher"
    echo AAZ501 >"$world/to-remake.csv"
    for file in "${lists[@]}"; do
        put "$file" "$job/in/keys"
        unzip -p "$file" remake.csv >"$work/remake.csv"
        columns "$work/remake.csv" AAZ501 >>"$world/to-remake.csv"
    done
    expect 0 "$PERSOLINE_SANDBOX" remake "$world/samples/$3" --from "$world/samples/$2" \
        --cards "$world/to-remake.csv" --seed 11 --batch "$3"
    cp "$world/samples/$3"/keys/* "$job/in/keys/"
}

# ---- a day's work ----

# product COMMAND...: of a site that may have cards held or wait; any other end is a failure.
product()
{
    local code=0
    "${before_persoline[@]}" "$PERSOLINE" "$@" >"$work/out" 2>"$work/err" </dev/null || code=$?
    case $code in
    0 | 3 | 4) ;;
    *)
        tail -n 20 "$work/out" "$work/err" >&2
        fail "exit code $code: persoline $*"
        ;;
    esac
}

approve_if_asked()
{
    local digest
    [ -n "$parties_approve" ] || return 0
    digest=$(digest_of "$1")
    [ -z "$digest" ] || product approve "$1" --digest "$digest"
}

# digest_of of lib.sh wants a digest to be there; here there may be nothing to approve.
digest_of()
{
    "$PERSOLINE" approve "$1" --json >"$work/approve" 2>&1 || [ $? -le 4 ] || fail "approve $1"
    sed -n 's/.*"digest": "\([0-9a-f]*\)".*/\1/p' "$work/approve"
}

ra_plays()
{
    local job=$2
    [ -z "$(packages "$job"/out/ra/REQ-*.zip)" ] ||
        expect 0 "$PERSOLINE_SANDBOX" ra --in "$job/out/ra" --out "$job/in/ra" \
            --state "$1/ra" ${parties_ra[@]+"${parties_ra[@]}"}
    [ -z "$(packages "$1"/to-ra/RVK-*.zip)" ] ||
        expect 0 "$PERSOLINE_SANDBOX" ra --in "$1/to-ra" --out "$1/to-ra" --state "$1/ra"
}

# machine_plays WORLD SITE JOB
machine_plays()
{
    [ -z "$(packages "$3"/out/machine/*.csv)" ] ||
        expect 0 "$PERSOLINE_SANDBOX" machine --in "$3/out/machine" --out "$3/in/machine" \
            --state "$1/machine-$2" ${parties_machine[@]+"${parties_machine[@]}"}
}

# parties_turn WORLD: everybody does once what there is to do.
parties_turn()
{
    local job site mode finisher
    of_world "$1"
    for job in $(jobs_of "$1" vendor); do
        product run "$job"
    done
    carry "$1"
    for job in $(jobs_of "$1" department); do
        product run "$job"
        approve_if_asked "$job"
        product run "$job"
        ra_plays "$1" "$job"
        product run "$job"
    done
    carry "$1"
    for job in $(jobs_of "$1" "$finisher"); do
        product run "$job"
        machine_plays "$1" "$finisher" "$job"
        product run "$job"
    done
    carry "$1"
    for job in $(jobs_of "$1" department); do
        product run "$job"
    done
}

# What would be different if anything had happened.
parties_print()
{
    local site job
    find "$1"/*/*/{in,out} -type f -printf '%p %s\n' 2>/dev/null | sort
    for site in "${parties[@]}"; do
        for job in $(jobs_of "$1" "$site"); do
            states "$job"
        done
    done
}

# parties_run WORLD: until nothing happens any more.
parties_run()
{
    local turn
    parties_print "$1" >"$work/print.before"
    for ((turn = 0; turn < 40; turn++)); do
        parties_turn "$1"
        parties_print "$1" >"$work/print.after"
        ! cmp -s "$work/print.before" "$work/print.after" || return 0
        mv "$work/print.after" "$work/print.before"
    done
    fail "$1 does not come to rest in $turn turns"
}

# ---- looking ----

# in_state JOB STATE: the cards.
in_state()
{
    states "$1" | awk -F'\t' -v s="$2" '$2 == s { print $1 }'
}

# act COMMAND JOB REASON CARD...: an operator's; no cards, no act.
act()
{
    [ $# -gt 3 ] || return 0
    product "$1" "$2" "${@:4}" --reason "$3"
}

# member PACKAGE NAME COLUMN...
member()
{
    unzip -p "$1" "$2" >"$work/member.csv"
    columns "$work/member.csv" "${@:3}"
}

# of_packages COLUMN... -- MEMBER PACKAGE...: rows of all of them
of_packages()
{
    local names=() file table
    while [ "$1" != -- ]; do
        names+=("$1")
        shift
    done
    table=$2
    for file in "${@:3}"; do
        [ ! -e "$file" ] || member "$file" "$table" "${names[@]}"
    done
}
