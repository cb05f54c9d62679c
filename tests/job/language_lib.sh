# shellcheck shell=bash disable=SC2034,SC2154  # of lib.sh, and for the tests
# The same commands in two worlds, $work/zh and $work/en, which are one but for the language that is
# spoken there. Sourced after lib.sh.

chinese=(env -u LC_ALL -u LC_MESSAGES -u LANGUAGE LANG=zh_CN.UTF-8)
english=(env -u LC_ALL -u LC_MESSAGES -u LANGUAGE LANG=C.UTF-8)

# both CODE ARGUMENT...: persoline in each world, in its language. Both end with CODE ("any": both
# with 0, 3 or 4 alike); what they say is kept in zh.log and en.log, that of this command in zh.last
# and en.last.
both()
{
    local want=$1 language code
    shift
    for language in zh en; do
        local as=("${english[@]}")
        [ "$language" = en ] || as=("${chinese[@]}")
        code=0
        (cd "$work/$language" && "${as[@]}" "$PERSOLINE" "$@") >"$work/$language.last" 2>&1 \
            </dev/null || code=$?
        sed "s|^|${1:-} ${2:-}>|" "$work/$language.last" >>"$work/$language.log"
        [[ $want != any || $code != [034] ]] || want=$code
        [ "$code" = "$want" ] && continue
        tail -n 20 "$work/$language.last" >&2
        fail "$language: exit code: have $code, want $want: $*"
    done
}

# job_trees ONE OTHER FOLDER...: of two jobs they are the same. Signatures and wrapped keys are new
# in every writing.
job_trees()
{
    local folder
    for folder in "${@:3}"; do
        diff -r --exclude='*.sig' --exclude='*.wrap' "$1/$folder" "$2/$folder" >"$work/diff" || {
            head -n 20 "$work/diff" >&2
            fail "$folder depends on the language"
        }
    done
}

# job_outputs JOB [PACKAGE...]: what is stored, or made for programs and paper, is the same in both.
job_outputs()
{
    local language kind package
    for language in zh en; do
        local as=("${english[@]}" "$PERSOLINE")
        [ "$language" = en ] || as=("${chinese[@]}" "$PERSOLINE")
        (
            cd "$work/$language" || exit
            "${as[@]}" check "$1" --dump >"$work/$language.dump"
            "${as[@]}" report "$1" >"$work/$language.report"
            "${as[@]}" status "$1" --json >"$work/$language.json"
            "${as[@]}" slip "$1" >"$work/$language.slip"
            for package in "${@:2}"; do
                "${as[@]}" slip "$1" "$package"
                "${as[@]}" show "$package" --json
            done >"$work/$language.packages"
        )
    done
    for kind in dump report json slip packages; do
        same "$work/zh.$kind" "$work/en.$kind" "$kind of $1 depends on the language"
    done
}

# read_by_people LINES: of at least so many lines, in Chinese nobody reads English, and the reverse.
read_by_people()
{
    perl "$here/language.pl" chinese "$work/zh.log" >"$work/english-words" ||
        fail "English in Chinese:
$(head -n 40 "$work/english-words")"
    [ "$(wc -l <"$work/zh.log")" -gt "$1" ] || fail "too little was said to judge by"
    part "in Chinese every word is Chinese but names, paths, codes and commands"
    perl "$here/language.pl" english "$work/en.log" >"$work/chinese-words" ||
        fail "Chinese in English:
$(head -n 20 "$work/chinese-words")"
    part "in English there is no Chinese"
}
