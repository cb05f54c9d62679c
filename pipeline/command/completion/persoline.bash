# bash completion for persoline(1)                                         -*- shell-script -*-

_persoline_commands='site init prepare ingest reconcile approve bundle submit collect match forward
personalize close run hold release cancel reject confirm withdraw status report trace show check
slip audit profile purge help --help --version'

# Options of a command, of which those of _persoline_values take a value.
_persoline_options()
{
    local looks='--conf --by --json' acts='--conf --by --json -n --dry-run'
    case $1 in
    'site init') echo "$acts --name" ;;
    init)
        echo "$acts --mode --batch --division --vendor --role --finisher --date --profile --ra" \
            "--centre --from"
        ;;
    ingest) echo "$acts --encoding --rows --counted" ;;
    prepare | reconcile) echo "$acts --encoding --rows" ;;
    approve) echo "$acts --digest" ;;
    bundle | submit | collect | match | forward | personalize | close | run) echo "$acts" ;;
    hold | release | cancel | reject | confirm | withdraw) echo "$acts --reason" ;;
    purge) echo "$acts --digest --reason" ;;
    report) echo "$looks --excel" ;;
    check) echo "$looks --dump" ;;
    'profile check') echo "$looks --profile --as --encoding" ;;
    status | trace | show | slip | 'audit verify' | 'profile show') echo "$looks" ;;
    esac
}

_persoline_values=' --conf --by --name --mode --batch --division --vendor --role --finisher --date
--profile --ra --centre --from --encoding --rows --counted --digest --reason --as '

_persoline_takes_value()
{
    [[ $_persoline_values == *[[:space:]]"$1"[[:space:]]* ]]
}

_persoline_words()
{
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

_persoline_files()
{
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}

_persoline_folders()
{
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -d -- "$cur")
}

# Jobs where there are some, else folders on the way to them.
_persoline_jobs()
{
    local folder jobs=()
    _persoline_folders
    for folder in "${COMPREPLY[@]}"; do
        [ ! -e "${folder/#\~/$HOME}/job.conf" ] || jobs+=("$folder")
    done
    [ "${#jobs[@]}" -eq 0 ] || COMPREPLY=("${jobs[@]}")
}

# Lists of cards, written @FILE: those of held/, or any file. @ may break words.
_persoline_cards()
{
    local at='' list found=()
    if [ "$prev" != @ ]; then
        at=@
        cur=${cur#@}
    fi
    mapfile -t found < <(compgen -f -- "$cur")
    [ -n "$cur" ] || found=("$job"/held/*.csv)
    for list in "${found[@]}"; do
        [ ! -e "$list" ] || COMPREPLY+=("$at$list")
    done
    compopt -o filenames 2>/dev/null
}

# Names of files of the job that went out, as withdraw and slip take them.
_persoline_outgoing()
{
    local file
    for file in "$job"/out/{bundle,forward,machine,close}/*.{zip,csv}; do
        file=${file##*/}
        [[ $file == \** || $file != "$cur"* ]] || COMPREPLY+=("$file")
    done
}

# _persoline_of_site FOLDER SUFFIX: names of profiles or peers. The site lies above the job.
_persoline_of_site()
{
    local folder=${job:-$PWD} suffix=$2 path
    [ -z "${PERSOLINE_CONF:-}" ] || folder=$(dirname "$PERSOLINE_CONF")
    folder=$(cd "$folder" 2>/dev/null || cd "$(dirname "$folder")" 2>/dev/null && pwd) || return 0
    while [ ! -e "$folder/persoline.conf" ] && [ "$folder" != / ]; do
        folder=$(dirname "$folder")
    done
    for path in "$folder/$1"/*"$suffix"; do
        path=${path##*/}
        path=${path%"$suffix"}
        [[ $path == \** || $path != "$cur"* ]] || COMPREPLY+=("$path")
    done
}

_persoline_value()
{
    case $1 in
    --mode) _persoline_words '1 2 4' ;;
    --role) _persoline_words 'vendor department centre all' ;;
    --finisher) _persoline_words 'vendor centre' ;;
    --encoding) _persoline_words 'utf-8 gbk gb18030' ;;
    --as) _persoline_words 'application issuance result return' ;;
    --date) _persoline_words "$(date +%Y-%m-%d)" ;;
    --profile) _persoline_of_site profiles .conf ;;
    --ra | --centre) _persoline_of_site peers .cer ;;
    --conf | --from) _persoline_files ;;
    esac
}

# Argument number $2 of a command, from 1.
_persoline_argument()
{
    case $1:$2 in
    'site init:1' | init:1) _persoline_folders ;;
    show:1 | 'profile check:1') _persoline_files ;;
    'profile show:1') _persoline_of_site profiles .conf ;;
    'profile check:'* | 'profile show:'* | help:* | --*:*) ;;
    *:1) _persoline_jobs ;;
    prepare:* | ingest:* | reconcile:* | collect:* | close:*) _persoline_files ;;
    hold:* | release:* | cancel:* | reject:* | confirm:*) _persoline_cards ;;
    withdraw:2 | slip:2) _persoline_outgoing ;;
    esac
}

_persoline()
{
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]:-} job='' i=2 n=1
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        _persoline_words "$_persoline_commands"
        return
    fi
    case $command in site | audit | profile)
        if [ "$COMP_CWORD" -eq 2 ]; then
            case $command in
            site) _persoline_words init ;;
            audit) _persoline_words verify ;;
            profile) _persoline_words 'check show' ;;
            esac
            return
        fi
        command+=" ${COMP_WORDS[2]}" i=3
        ;;
    esac
    for (( ; i < COMP_CWORD; i++)); do
        if [ "${COMP_WORDS[i]}" = = ] || _persoline_takes_value "${COMP_WORDS[i]}"; then
            i=$((i + 1)) # = breaks words: --counted A01=500
        elif [[ ${COMP_WORDS[i]} != -* && ${COMP_WORDS[i]} != @ ]]; then
            [ "$n" -ne 1 ] || job=${COMP_WORDS[i]/#\~/$HOME}
            n=$((n + 1))
        fi
    done
    if _persoline_takes_value "$prev"; then
        _persoline_value "$prev"
    elif [[ $cur == -* ]]; then
        _persoline_words "$(_persoline_options "$command")"
    else
        _persoline_argument "$command" "$n"
    fi
} && complete -F _persoline persoline
