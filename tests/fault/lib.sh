# shellcheck shell=bash disable=SC2034,SC2154  # of tests/job/, and for the tests
# Saved worlds, each before one command, and the sweep over that command. For the tests of faults;
# sourced after ../job/lib.sh.
#
# A stage is a command on one of four worlds: `line`, a job of role all, mode 1; `signing`, the same
# where the cards sign what they are given; `parties`, vendor and department; `site`, nothing but a
# site. stage_learn NAME... makes the worlds up to the last
# one that is named and keeps a copy before each; stage_sweep disturbs the command there.
# shellcheck source=tests/job/handing.sh
. "$here/handing.sh"

n_cards=30
[ -z "${PERSO_FULL:-}" ] || n_cards=300
n_cards=${PERSO_CARDS:-$n_cards}

line_stages=(members ingest reconcile approve bundle withdraw submit loose collect match personalize
    close cancel finish purge)
aside=' members withdraw loose ' # swept alone: the world does not go through them
signing_stages=(prepare signed)
party_stages=(vendor department requests forward machine results department-results)
site_stages=(site-init init)

# stage_command STAGE: sets ${command[@]}, $job, its site, $expected (exit codes that may be). Paths
# are from the world's folder.
stage_command()
{
    job=site/B1
    options=()
    case $1 in
    members) words=(ingest "$job" members.tar) ;;
    ingest) words=(ingest "$job" "$job/in/keys/application.csv") ;;
    reconcile) words=(reconcile "$job" "$job/in/issuance/issuance.csv") ;;
    prepare) words=(prepare "$job" "$job/in/keys/application.csv") ;;
    signed) words=(ingest "$job" "$job/in/signed/application.csv") ;;
    approve) words=(approve "$job" --digest "$digest") ;;
    withdraw)
        words=(withdraw "$job" REQ-411600-B1-0001.zip --reason "made too early")
        options=(--unsettled) # the file goes first: cut off then, `check` misses it
        ;;
    loose) words=(collect "$job" loose/RET-411600-B1-0001.zip) ;;
    collect) words=(collect "$job" "$job/in/ra/RET-411600-B1-0001.zip") ;;
    close) words=(close "$job" "$job/in/machine/B1-0001.result.csv") ;;
    cancel)
        words=(cancel "$job")
        for list in ingest reconcile collect match; do
            words+=("@held-before/$list.csv")
        done
        words+=(--reason settled)
        ;;
    finish) words=(run "$job") ;;
    purge)
        words=(purge "$job" --digest "$digest" --reason "the retention period is over")
        options=(--unsettled) # what is half gone is missed until it is repeated
        ;;
    vendor | machine | results) job=vendor/J words=(run "$job") ;;
    department | requests | forward | department-results) job=department/J words=(run "$job") ;;
    site-init)
        words=(site init site --name site)
        options=(--once --proof "$(init_proof init) && $(init_proof ingest)")
        ;;
    init)
        words=(init "$job" --mode 1 --batch B1 --division 411600 --vendor V1 --date "$job_date")
        options=(--once --proof "$(init_proof ingest)")
        ;;
    *) words=("$1" "$job") ;;
    esac
    command=("$program" "${words[@]}")
}
program=$PERSOLINE

# What shows that a new site or job is one: the next command works on it.
init_proof()
{
    case $1 in
    init)
        echo "'$PERSOLINE' init site/B1 --mode 1 --batch B1 --division 411600 --vendor V1" \
            "--date $job_date"
        ;;
    ingest) echo "{ '$PERSOLINE' ingest site/B1 application.csv; [ \$? -eq 3 ]; }" ;;
    esac
}

# between WORLD STAGE: what others do before the stage.
between()
{
    case $2 in
    members)
        perl "$here/members.pl" "$1/site/B1/in/keys/application.csv" "$work/members"
        tar -C "$work/members" -cf "$1/members.tar" application.csv p10
        ;;
    approve) digest=$(digest_of "$1/site/B1") ;;
    signed)
        expect 0 "$PERSOLINE_SANDBOX" sign --sample "$work/to-sign" \
            --in "$1/site/B1/out/tosign/tosign.csv" --out "$1/site/B1/in/signed"
        ;;
    loose)
        cp -a "$1/ra" "$work/ra-loose"
        expect 0 "$PERSOLINE_SANDBOX" ra --in "$1/site/B1/out/ra" --out "$1/loose" \
            --state "$work/ra-loose" --return mixed.zip --fault refused:0.05 --fault wrong-key:0.05
        ;;
    collect) ra_answer "$1" "$1/site/B1" --fault refused:0.05 --fault wrong-key:0.05 ;;
    close) machine_play "$1" "$1/site/B1" --spoil 0.1 ;;
    cancel) cp -r "$1/site/B1/held" "$1/held-before" ;;
    purge)
        expect 4 "$PERSOLINE" purge "$1/site/B1" --json
        digest=$(sed -n 's/.*"digest": "\([0-9a-f]*\)".*/\1/p' "$work/out")
        ;;
    department)
        expect 0 "$PERSOLINE" init "$1/department/J" --date "$job_date" \
            --from "$1/vendor/J/out/ra/APP-411600-B1-0001.zip"
        deliver "$1/vendor/J/out/ra" APP "$1/department/J/in/keys"
        cp "$work"/sample/issuance/* "$1/department/J/in/issuance/"
        ;;
    requests)
        "$PERSOLINE" approve "$1/department/J" --digest "$(digest_of "$1/department/J")" \
            >"$work/out" 2>"$work/err" || [ $? -eq 3 ]
        ;;
    forward)
        expect 0 "$PERSOLINE_SANDBOX" ra --in "$1/department/J/out/ra" \
            --out "$1/department/J/in/ra" --state "$1/ra" --fault refused:0.05
        ;;
    machine)
        deliver "$1/department/J/out/forward" FWD "$1/vendor/J/in/ra"
        deliver "$1/department/J/out/forward" HLD "$1/vendor/J/in/ra"
        ;;
    results)
        expect 0 "$PERSOLINE_SANDBOX" machine --in "$1/vendor/J/out/machine" \
            --out "$1/vendor/J/in/machine" --state "$1/machine-vendor" --spoil 0.1
        ;;
    department-results) deliver "$1/vendor/J/out/close" RES "$1/department/J/in/result" ;;
    esac
}

# world_of KIND: $work/KIND, where its first stage begins.
world_of()
{
    [ -d "$work/sample" ] || sample_make "$work/sample" --cards "$n_cards" --faults 0.1
    case $1 in
    line)
        world_make "$work/line"
        job_make "$work/line" B1 "$work/sample"
        ;;
    signing)
        sample_make "$work/to-sign" --cards "$n_cards" --faults 0.1 --form sig
        world_make "$work/signing"
        profile_set "$work/signing/site" form sig
        job_make "$work/signing" B1 "$work/to-sign"
        ;;
    parties)
        parties_make "$work/parties"
        expect 0 "$PERSOLINE" init "$work/parties/vendor/J" --mode 1 --batch B1 \
            --division 411600 --vendor V1 --date "$job_date" --role vendor
        cp "$work"/sample/keys/* "$work/parties/vendor/J/in/keys/"
        ;;
    site)
        mkdir "$work/site"
        cp "$work/sample/keys/application.csv" "$work/site/"
        ;;
    esac
}

declare -A digest_before

# stages_save KIND WANTED... -- STAGE...: the world of this kind goes through the stages, a copy is
# kept before each that is wanted; it goes no further than that.
stages_save()
{
    local kind=$1 stage wanted=() left
    shift
    while [ "$1" != -- ]; do
        wanted+=("$1")
        shift
    done
    shift
    world_of "$kind"
    for stage in "$@"; do
        left=" ${wanted[*]} "
        [ "$left" != "  " ] || return 0
        between "$work/$kind" "$stage"
        if [[ $left = *" $stage "* ]]; then
            cp -a "$work/$kind" "$work/before-$stage"
            digest_before[$stage]=$digest
            left=${left/ $stage / }
            read -r -a wanted <<<"$left"
        fi
        [[ $aside != *" $stage "* ]] || continue
        stage_command "$stage"
        (cd "$work/$kind" && "${command[@]}" >"$work/out" 2>"$work/err" </dev/null) ||
            [ $? -ge 3 ] || fail "$stage: $(tail -n 3 "$work/err")"
    done
}
digest=

# stages_learn STAGE...: what stage_sweep needs of these.
stages_learn()
{
    stages_save line "$@" -- "${line_stages[@]}"
    stages_save signing "$@" -- "${signing_stages[@]}"
    stages_save parties "$@" -- "${party_stages[@]}"
    stages_save site "$@" -- "${site_stages[@]}"
}

# stage_sweep STAGE OPTION...: exit code as fault-sweep has it; what it says goes to stdout.
stage_sweep()
{
    local stage=$1 site world=$work/before-$1 key
    shift
    digest=${digest_before[$stage]}
    stage_command "$stage"
    site=${job%/*}
    [ ! -f "$world/$site/site.cer" ] || options+=(--signer "$world/$site/site.cer")
    for key in machine machine-vendor; do
        [ ! -f "$world/$key/machine.key" ] || options+=(--opener "$world/$key/machine.key")
    done
    [ ! -f "$world/vendor/keys/sealing.key" ] ||
        options+=(--opener "$world/vendor/keys/sealing.key:$world/vendor/keys/password")
    mkdir -p "$work/sweep-$stage"
    "$FAULT_SWEEP" --name "$stage" --world "$world" --job "$job" --layer "$FAULT_LAYER" \
        --work "$work/sweep-$stage" --seed "$fault_seed" "${options[@]}" "$@" "${command[@]}"
}
fault_seed=${PERSO_SEED:-$(($(date +%s) % 32768))}
