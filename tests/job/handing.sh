# shellcheck shell=bash disable=SC2034,SC2154  # of lib.sh, and for the tests
# Vendor, department and centre with their jobs, and how packages go between them. For the tests of
# what the department hands over; sourced after lib.sh.

parties=(vendor department centre)

# parties_make DIR: three sites that know each other, the department's RA, a machine at each
# finisher. Packages of the department are small, so that there are several.
parties_make()
{
    local a b
    mkdir -p "$1"
    for a in "${parties[@]}"; do
        expect 0 "$PERSOLINE" site init "$1/$a" --name "$a"
    done
    for a in "${parties[@]}"; do
        for b in "${parties[@]}"; do
            [ "$a" = "$b" ] || cp "$1/$a/site.cer" "$1/$b/peers/$a.cer"
        done
    done
    sed -i 's/^package_cards = .*/package_cards = 16/' "$1/department/persoline.conf"
    expect 0 "$PERSOLINE_SANDBOX" ra init "$1/ra" --site "$1/department" --seed 7
    for a in vendor centre; do
        expect 0 "$PERSOLINE_SANDBOX" machine init "$1/machine-$a" --site "$1/$a"
    done
}

# deliver FROM KIND TO: packages of a kind, the package last.
deliver()
{
    local file side
    for file in "$1"/"$2"-*.zip; do
        for side in .sig .wrap; do
            [ ! -e "$file$side" ] || cp "$file$side" "$3/"
        done
        cp "$file" "$3/"
    done
}

# profile_set SITE KEY VALUE: in the site's profile `default`.
profile_set()
{
    [ -f "$1/profiles/default.conf" ] || cp "$here/../../conf/profiles/default.conf" "$1/profiles/"
    sed -i "s/^$2 = .*/$2 = $3/" "$1/profiles/default.conf"
}

# vendor_begin WORLD SAMPLE INIT-ARGUMENT...: the vendor's job J, its applications in out/ra.
vendor_begin()
{
    local world=$1 sample=$2
    shift 2
    expect 0 "$PERSOLINE" init "$world/vendor/J" --batch B1 --division 411600 --vendor V1 \
        --date "$job_date" --role vendor "$@"
    cp "$sample"/keys/* "$world/vendor/J/in/keys/"
    "$PERSOLINE" run "$world/vendor/J" >"$work/out" 2>"$work/err" || [ $? -eq 4 ]
}

# department_begin WORLD SAMPLE: the department's job J from the vendor's first package.
department_begin()
{
    local package=$1/vendor/J/out/ra/APP-411600-B1-0001.zip
    expect 0 "$PERSOLINE" init "$1/department/J" --from "$package" --date "$job_date" "${@:3}"
    deliver "$1/vendor/J/out/ra" APP "$1/department/J/in/keys"
    cp "$2"/issuance/* "$1/department/J/in/issuance/"
    expect 4 "$PERSOLINE" run "$1/department/J"
}

# department_go WORLD: approves what there is, asks the RA, forwards what came.
department_go()
{
    local job=$1/department/J digest
    digest=$(digest_of "$job")
    "$PERSOLINE" approve "$job" --digest "$digest" >"$work/out" 2>"$work/err" ||
        [ $? -eq 3 ] || fail "approve: $(tail -n 3 "$work/err")"
    expect 4 "$PERSOLINE" run "$job"
    expect 0 "$PERSOLINE_SANDBOX" ra --in "$job/out/ra" --out "$job/in/ra" --state "$1/ra"
    expect 4 "$PERSOLINE" run "$job"
}

# count_state JOB STATE
count_state()
{
    states "$1" | awk -F'\t' -v s="$2" '$2 == s { n++ } END { print n + 0 }'
}

# machine_rows JOB COLUMN...: of all its machine files.
machine_rows()
{
    local job=$1 file
    shift
    for file in "$job"/out/machine/*.csv; do
        columns "$file" "$@"
    done
}

# untouched JOB COMMAND...: whatever the command says, no card of the job has moved.
untouched()
{
    states "$1" >"$work/before"
    "${@:2}"
    states "$1" >"$work/after"
    same "$work/before" "$work/after" "cards moved"
}

# same_job ONE OTHER: nothing tells two jobs apart but the random bytes of SM2.
same_job()
{
    diff -r -x '*.sig' -x '*.wrap' "$1/out" "$2/out" >&2 || fail "out differs"
    diff -r "$1/held" "$2/held" >&2 || fail "held differs"
    diff -r "$1/reports" "$2/reports" >&2 || fail "reports differ"
    dump "$1" >"$work/dump.one"
    dump "$2" >"$work/dump.other"
    same "$work/dump.one" "$work/dump.other" "check --dump"
    expect 0 "$PERSOLINE" check "$2"
    expect 0 "$PERSOLINE" audit verify "$2"
}

# mode_one_begin WORLD: $work/sample, and the vendor's job over it with one card of another number;
# the department rejects a card, cancels one and forwards the others. Sets cards and names of these.
mode_one_begin()
{
    local good
    parties_make "$1"
    sample_make "$work/sample" --cards 40
    mapfile -t cards < <(columns "$work/sample/keys/application.csv" AAZ501)
    wrong=${cards[0]} rejected=${cards[1]} cancelled=${cards[2]}
    good=$(columns "$work/sample/keys/application.csv" AAZ500 | sed -n 1p)
    cp -r "$work/sample" "$work/faulty"
    sed -i "/^$wrong,/s/,$good,/,JA334687X,/" "$work/faulty/keys/application.csv"
    rm "$work/faulty/keys/application.csv.manifest.json"
    vendor_begin "$1" "$work/faulty" --mode 1
    vendor=$1/vendor/J department=$1/department/J in=$1/vendor/J/in/ra
    one=$in/FWD-411600-B1-0001.zip
}

# mode_one_forward WORLD
mode_one_forward()
{
    department_begin "$1" "$work/sample"
    expect 0 "$PERSOLINE" reject "$department" "$rejected" --reason "person unknown"
    expect 0 "$PERSOLINE" cancel "$department" "$cancelled" --reason "died"
    department_go "$1"
}

kills=${PERSO_KILLS:-20}

# kill_often JOB: killed at random moments while it runs, then run to its end.
kill_often()
{
    local i pid code
    landed=0
    for ((i = 0; i < kills * 4 && landed < kills; i++)); do
        "$PERSOLINE" run "$1" >"$work/killed.out" 2>&1 </dev/null &
        pid=$!
        sleep "0.$(printf '%03d' $((RANDOM % (i < kills ? 120 : 40) + 1)))"
        kill -KILL "$pid" 2>/dev/null || true
        code=0
        wait "$pid" 2>/dev/null || code=$?
        [ "$code" -ne 137 ] || landed=$((landed + 1))
        expect 0 "$PERSOLINE" status "$1"
    done
    [ "$landed" -ge $((kills / 2)) ] || fail "only $landed kills landed"
    "$PERSOLINE" run "$1" >"$work/out" 2>"$work/err" || [ $? -eq 4 ] || [ $? -eq 3 ] ||
        fail "$(tail -n 3 "$work/err")"
}
