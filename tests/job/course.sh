# shellcheck shell=bash disable=SC2034,SC2154  # of lib.sh, and for the tests
# The course of one job, a command a step, and how two jobs that took it are compared (CONTRACTS 5).
# For the tests that disturb a job on its way; sourced after lib.sh.

steps=(ingest reconcile hold release reject approve bundle submit ra-1 collect match personalize
    ra-2 run-2 machine-1 close personalize-2 machine-2 run-3 lists cancel run-4)
declare -A step_code step_ms # as the undisturbed course had them
faults_of_ra=(--fault late:0.02 --fault refused:0.01 --fault wrong-key:0.01)
faults_of_machine=(--retry 0.02 --spoil 0.01)

# is_ours STEP: a command of the product; the others are the RA, the machine and the operator's.
is_ours()
{
    case $1 in
    ra-* | machine-* | lists) return 1 ;;
    esac
}

# course_make WORLD SAMPLE: where the course begins.
course_make()
{
    world_make "$1"
    job_make "$1" B1 "$2"
    mkdir "$1/lists"
}

# course_choose WORLD: the cards that the operator will put aside.
course_choose()
{
    local chosen
    mapfile -t chosen < <(states "$1/site/B1" | awk -F'\t' '$2 == "reconciled" { print $1 }')
    card_to_hold=${chosen[1]}
    card_to_reject=${chosen[3]}
}

# step_command WORLD STEP: sets ${command[@]}.
step_command()
{
    local world=$1 job=$1/site/B1
    case $2 in
    ingest) command=("$PERSOLINE" ingest "$job" "$job"/in/keys/*.csv) ;;
    reconcile) command=("$PERSOLINE" reconcile "$job" "$job"/in/issuance/*.csv) ;;
    hold | release) command=("$PERSOLINE" "$2" "$job" "$card_to_hold" --reason "asked for") ;;
    reject) command=("$PERSOLINE" reject "$job" "$card_to_reject" --reason "asked for") ;;
    approve) command=("$PERSOLINE" approve "$job" --digest "$digest") ;;
    collect) command=("$PERSOLINE" collect "$job" "$job"/in/ra/*.zip) ;;
    close) command=("$PERSOLINE" close "$job" "$job"/in/machine/*.result.csv) ;;
    run-*) command=("$PERSOLINE" run "$job") ;;
    lists) command=(cp -r "$job/held" "$world/lists/") ;;
    cancel)
        command=("$PERSOLINE" cancel "$job" "$world"/lists/held/*.csv --reason settled)
        command=("${command[@]/#"$world"\/lists/@"$world"\/lists}")
        ;;
    ra-*)
        command=("$PERSOLINE_SANDBOX" ra --in "$job/out/ra" --out "$job/in/ra" --state "$world/ra"
            "${faults_of_ra[@]}")
        ;;
    machine-*)
        command=("$PERSOLINE_SANDBOX" machine --in "$job/out/machine" --out "$job/in/machine"
            --state "$world/machine" "${faults_of_machine[@]}")
        ;;
    *) command=("$PERSOLINE" "${2%-*}" "$job") ;;
    esac
    command=("${before_command[@]}" "${command[@]}")
}
before_command=() # put before every command: a test's own wrapper

# step_pass WORLD STEP: undisturbed, to the exit code that the course knows.
step_pass()
{
    local command
    step_command "$1" "$2"
    expect "${step_code[$2]}" "${command[@]}"
}

# course_learn WORLD: the undisturbed course; learns exit codes and durations of its steps.
course_learn()
{
    local step command code begin
    for step in "${steps[@]}"; do
        [ "$step" != hold ] || course_choose "$1"
        [ "$step" != approve ] || digest=$(digest_of "$1/site/B1")
        step_command "$1" "$step"
        code=0
        begin=$(date +%s%N)
        "${command[@]}" >"$work/out" 2>"$work/err" </dev/null || code=$?
        step_ms[$step]=$((($(date +%s%N) - begin) / 1000000 + 1))
        step_code[$step]=$code
        case $code in
        0 | 3 | 4) ;;
        *) fail "$step: exit code $code: $(tail -n 5 "$work/err")" ;;
        esac
    done
    equal "${step_code[run-4]}" 0 "exit code at the end of the course"
    equal "$(balance "$1/site/B1" open)" 0 "open cards at the end of the course"
}

# ---- comparing ----

# signing_key_of SITE: of the certificates of a party, the one that may sign.
signing_key_of()
{
    perl -0777 -ne 'print "$_\0" for /-----BEGIN.*?END CERTIFICATE-----\n/gs' "$1/site.cer" |
        while IFS= read -r -d '' pem; do
            openssl x509 -noout -text <<<"$pem" | grep -q 'Digital Signature' || continue
            openssl x509 -noout -pubkey <<<"$pem"
        done >"$work/signer.pem"
    [ -s "$work/signer.pem" ] || fail "$1/site.cer has no signing certificate"
}

# sm2_verify MESSAGE SIGNATURE: under the standard id, with the key of signing_key_of.
sm2_verify()
{
    openssl pkeyutl -verify -pubin -inkey "$work/signer.pem" -rawin -in "$1" -sigfile "$2" \
        -digest sm3 -pkeyopt distid:1234567812345678 >/dev/null 2>&1 ||
        fail "$2: the signature does not verify"
}

# signature_holds FILE.sig: a package is signed by its manifest, a table by its side manifest, an
# acknowledgement as it is.
signature_holds()
{
    local file=${1%.sig}
    case $file in
    *.zip) unzip -p "$file" manifest.json >"$work/manifest" ;;
    *.json) cp "$file" "$work/manifest" ;;
    *) cp "$file.manifest.json" "$work/manifest" ;;
    esac
    sm2_verify "$work/manifest" "$1"
}

# unwrapped FILE.wrap KEY [PASSWORD_FILE]: the key in it, as its recipient opens it.
unwrapped()
{
    openssl pkeyutl -decrypt -inkey "$2" ${3:+-passin "file:$3"} -in "$1" | od -An -tx1 ||
        fail "$1: cannot be unwrapped"
}

# key_of WORLD FILE.wrap: arguments of unwrapped for its recipient; a test may have another one.
key_of()
{
    wrap_key=("$1/machine/machine.key")
}

# same_files WORLD OTHER JOB: out/, held/ and reports/ of the job SITE/NAME, raw; signatures
# verified, keys opened. Counts the keys in $wrapped.
same_files()
{
    local file one=$1/$3 other=$2/$3 wrap_key key
    (cd "$one" && find out held reports | sort) >"$work/names.one"
    (cd "$other" && find out held reports | sort) >"$work/names.other"
    same "$work/names.one" "$work/names.other" "names of the outputs of $3"
    signing_key_of "$1/${3%/*}"
    while IFS= read -r file; do
        [ -f "$one/$file" ] || continue
        case $file in
        *.sig)
            signature_holds "$one/$file"
            signature_holds "$other/$file"
            ;;
        *.wrap)
            key_of "$1" "$file"
            key=$(unwrapped "$one/$file" "${wrap_key[@]}")
            equal "$(unwrapped "$other/$file" "${wrap_key[@]}")" "$key" "key in $file"
            wrapped=$((wrapped + 1))
            ;;
        *) same "$one/$file" "$other/$file" "$file" ;;
        esac
    done <"$work/names.one"
}

# same_outputs WORLD OTHER
same_outputs()
{
    local wrapped=0
    same_files "$1" "$2" site/B1
    [ "$wrapped" -gt 0 ] || fail "no wrapped key was compared"
}

# same_job WORLD OTHER: both went the whole course, and nothing tells them apart.
same_job()
{
    same_outputs "$1" "$2"
    dump "$1/site/B1" >"$work/dump.one"
    dump "$2/site/B1" >"$work/dump.other"
    same "$work/dump.one" "$work/dump.other" "check --dump"
    expect 0 "$PERSOLINE" check "$2/site/B1"
    expect 0 "$PERSOLINE" audit verify "$2/site/B1"
}
