#!/bin/bash
# What a compiler does not see: the rules of the tree (DESIGN 5, STYLE 1 and 10). Every check says
# `ok NAME`, `skip NAME: why` or `FAIL NAME` with what is wrong below it.
# usage: tests/check.sh [--build FOLDER] [NAME...]
# shellcheck disable=SC2317  # checks are called by name
set -euo pipefail
export LC_ALL=C.UTF-8
cd "$(dirname "$0")/.."

build=build/gcc
[ "${1:-}" != --build ] || { build=$2 && shift 2; }
wanted=("$@")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0

# tree PATTERN FOLDER...: files of the tree, as git and the build see them
tree()
{
    local pattern=$1
    shift
    find "$@" -type f -name "$pattern" 2>/dev/null | sort
}

# Code without the blocks that keep tables in their own form; line numbers stay.
code_of()
{
    awk '/clang-format off/ { off = 1 } { print off ? "" : $0 } /clang-format on/ { off = 0 }' "$1"
}

# ---- checks: each prints what is wrong; nothing printed is a pass ----

# includes FOLDER ALLOWED: FOLDER includes nothing of ours but what ALLOWED matches
includes()
{
    grep -rnE --include='*.[ch]' '^#include "' "$1" | grep -vE "#include \"($2)" || true
}

check_includes_point_down()
{
    includes include 'perso/'
    includes formats 'perso/|formats/'
    includes ra-client 'perso/|formats/|ra-client/'
    includes stages 'perso/|formats/|stages/'
    includes pipeline 'perso/|formats/|ra-client/|stages/|pipeline/'
    local below='perso/|formats/|ra-client/|stages/' folder
    for folder in store job file report drive command; do
        below+="|pipeline/$folder/"
        includes "pipeline/$folder" "$below"
    done
    # Rehearsal programs would prove nothing with the code that they rehearse (CONTRACTS 7).
    grep -rnE '#include "(stages|pipeline|ra-client)/' tests/sandbox || true
}

check_sqlite_only_in_pipeline()
{
    grep -rnE --include='*.[ch]' '#include <sqlite3' include formats ra-client stages || true
}

# Only the driver prints, opens files, reads clocks or the environment (DESIGN 6).
check_no_outside_below_pipeline()
{
    local calls='v?f?printf|puts|fputs|putchar|perror|fopen|freopen|open|openat|creat|time'
    calls+='|clock_gettime|gettimeofday|localtime|localtime_r|getenv|exit|abort|system|popen'
    grep -rnE --include='*.[ch]' "(^|[^A-Za-z0-9_>.])($calls)\(" formats ra-client stages include |
        grep -vE '^[^:]*:[0-9]+: *(/?\*|//)' || true
}

headers_alone()
{
    local header
    while IFS= read -r header; do
        printf '#include "%s"\n' "${header#include/}" >"$scratch/alone.c"
        "$1" -std=c17 -D_XOPEN_SOURCE=700 -Wall -Wextra -Werror -Iinclude -I. -fsyntax-only \
            "$scratch/alone.c" 2>&1 || printf '%s does not compile alone\n' "$header"
    done < <(tree '*.h' include formats ra-client stages pipeline)
}

check_headers_compile_alone_gcc()
{
    headers_alone gcc
}

check_headers_compile_alone_clang()
{
    headers_alone clang
}

check_function_length()
{
    local file
    while IFS= read -r file; do
        code_of "$file" | awk -v file="$file" -v max=75 '
            /^\{$/ { start = NR; name = before }
            /^\}/ && start { if (NR - start + 1 > max)
                printf "%s:%d: %s: %d lines\n", file, start, name, NR - start + 1; start = 0 }
            /^[A-Za-z_]/ { before = $0; sub(/\(.*/, "", before) }'
    done < <(tree '*.c' formats ra-client stages pipeline tests)
}

check_file_length()
{
    local file lines
    while IFS= read -r file; do
        lines=$(awk '/clang-format off/ { off = 1 } !off { n++ } /clang-format on/ { off = 0 }
            END { print n + 0 }' "$file")
        [ "$lines" -le 800 ] || printf '%s: %s lines\n' "$file" "$lines"
    done < <(tree '*.[ch]' include formats ra-client stages pipeline tests)
}

check_line_length()
{
    local file
    while IFS= read -r file; do
        code_of "$file" | FILE=$file perl -CSD -ne \
            'chomp; printf "%s:%d: %d columns\n", $ENV{FILE}, $., length if length > 100'
    done < <({ tree '*.[ch]' include formats ra-client stages pipeline tests
        tree '*.sh' tests po; tree CMakeLists.txt . | grep -v '^\./build'; echo dev; } | sort -u)
}

check_nothing_unfinished()
{
    local words='TODO|FIXME|XXX|HACK|[Ss]tub|not (yet )?implemented|[Uu]nimplemented'
    grep -rnwE --include='*.[ch]' --include='*.txt' --include='*.md' "$words" \
        include formats ra-client stages pipeline tests docs conf README.md || true
}

check_no_machine_paths()
{
    local here='/(work|root|home/[a-z]+)''/|/tmp/b''ash'
    grep -rnIE "$here" include formats ra-client stages pipeline tests conf docs testdata \
        .ci dev README.md README.zh-CN.md CMakeLists.txt | head -n 20 || true
}

check_reject_codes_unique()
{
    local rows
    rows=$(grep -oE '^ *ROW\([A-Z0-9_]+, *"[A-Z][0-9]+"' include/perso/reject.h |
        sed 's/.*"\(.*\)"/\1/')
    [ "$(wc -l <<<"$rows")" -ge 50 ] || echo "the table of rejects was not found"
    sort <<<"$rows" | uniq -d | sed 's/^/twice: /'
}

# A code in a text of ours that the table does not have is a typing error.
check_reject_codes_known()
{
    local code
    while IFS= read -r code; do
        grep -q "\"$code\"" include/perso/reject.h ||
            printf '%s: not in the table of rejects\n' "$code"
    done < <(grep -ohE '\b[RF][1-5][0-9]{2}\b' README*.md docs/*.md | sort -u)
}

check_shellcheck()
{
    local scripts
    mapfile -t scripts < <(tree '*.sh' tests po)
    shellcheck -x -P SCRIPTDIR -S warning dev .ci/run "${scripts[@]}" 2>&1 || true
    shellcheck -s bash -S warning pipeline/command/completion/persoline.bash 2>&1 || true
}

check_clang_format()
{
    local format=clang-format-14
    command -v "$format" >/dev/null || format=clang-format
    tree '*.[ch]' include formats ra-client stages pipeline tests |
        xargs "$format" --dry-run -Werror 2>&1 | grep -E 'error:' |
        awk -F: '{ n[$1]++ } END { for (f in n) printf "%s: %d places\n", f, n[f] }' | sort || true
}

# GB 11643: a number that passes could be a living person's. The published specimens may stand.
check_no_id_numbers()
{
    grep -raonE '[0-9]{17}[0-9Xx]' testdata docs conf tests/fuzz/corpus README*.md |
        awk -F: '
        BEGIN { split("7 9 10 5 8 4 2 1 6 3 7 9 10 5 8 4 2", w, " ")
            split("11010519491231002X 440524188001010014 810000199408230021 " \
                "830000199201300022", s, " ")
            for (i in s) specimen[s[i]] = 1 }
        { id = toupper($3); sum = 0
          for (i = 1; i <= 17; i++) sum += w[i] * substr(id, i, 1)
          month = substr(id, 11, 2); day = substr(id, 13, 2)
          if (substr("10X98765432", sum % 11 + 1, 1) == substr(id, 18) && month + 0 >= 1 &&
              month + 0 <= 12 && day + 0 >= 1 && day + 0 <= 31 && !(id in specimen))
              printf "%s:%s: an ID number that is no published specimen\n", $1, $2 }' || true
}

# Nobody should have to search for a file: the top level is that of DESIGN 5.
check_top_level()
{
    local known='include|formats|ra-client|stages|pipeline|conf|tests|testdata|docs|man|po|dev'
    known+='|CMakeLists\.txt|README(\.zh-CN)?\.md|LICENSE|\.ci|\.git|\.gitignore|\.clang-format'
    find . -mindepth 1 -maxdepth 1 | sed 's|^\./||' | sort |
        grep -vxE "$known|build.*|demo|\.cache" || true
}

# Every folder has tests of its own, and every module that others call is called by a test.
check_every_module_tested()
{
    local folder header use
    for folder in formats/*/ stages/ ra-client/ pipeline/; do
        [ -n "$(tree '*_test.c' "tests/$folder")" ] || printf 'no test in tests/%s\n' "$folder"
    done
    while IFS= read -r header; do
        use="#include \"$header\""
        grep -rqF --include='*.[ch]' "$use" tests/{formats,stages,ra-client} && continue
        grep -rlF --include='*.[ch]' "$use" formats stages ra-client pipeline |
            grep -qv "^$(dirname "$header")/" || continue # private to its folder
        printf 'no test includes %s\n' "$header"
    done < <(tree '*.h' formats stages ra-client)
}

check_fuzz_corpora()
{
    local target bytes
    for target in tests/fuzz/*_fuzz.c; do
        target=$(basename "$target" _fuzz.c)
        [ -n "$(tree '*' "tests/fuzz/corpus/$target")" ] || printf '%s has no corpus\n' "$target"
    done
    bytes=$(find tests/fuzz/corpus -type f -printf '%s\n' |
        awk '{ n += $1 } END { print n + 0 }')
    [ "$bytes" -le 1000000 ] || printf 'the corpora have %s bytes\n' "$bytes"
}

# Every message has its Chinese, whole and with the same % conversions (po/messages.sh).
check_messages_translated()
{
    po/messages.sh missing 2>&1
    # A literal of a ?: is not seen by xgettext, unless it is marked.
    grep -rnE --include='*.c' 'perso_(say_[a-z]+|warn|hint|error_set)\(.*[?] "[a-z]' \
        formats ra-client stages pipeline | sed 's/$/  <- mark both with N_()/' || true
}

# conf/ holds what `site init` writes, to the letter.
check_sample_configuration()
{
    local program=$build/pipeline/persoline
    "$program" site init "$scratch/site" --name site >/dev/null 2>&1 || echo "site init failed"
    diff -u conf/persoline.conf "$scratch/site/persoline.conf" 2>&1 || true
    diff -ru conf/profiles "$scratch/site/profiles" 2>&1 || true
}

# Bugs that are planted for the tests (pipeline/store/planted.h) are in persoline-planted alone.
check_no_planted_bugs()
{
    local planted=$build/tests/fault/persoline-planted name names
    names=$(grep -rhoE --include='*.c' 'PERSO_BUG\([a-z_]+' pipeline | sed 's/.*(//' | sort -u)
    [ "$(wc -l <<<"$names")" -ge 8 ] || echo "the planted bugs were not found"
    for name in $names; do
        ! grep -qa "planted:\|$name" "$build/pipeline/persoline" || printf 'persoline: %s\n' "$name"
        [ ! -x "$planted" ] || grep -qa "planted:$name" "$planted" ||
            printf '%s: not in persoline-planted, see tests/fault/CMakeLists.txt\n' "$name"
        grep -q "^$name " tests/fault/planted.sh || printf 'tests/fault/planted.sh: no %s\n' "$name"
    done
}

# ---- manual, completions, installation ----

check_man_pages_lint()
{
    mandoc -T lint -W warning man/*.[1-9] man/zh_CN/*.[1-9] 2>&1 || true
}

# What `persoline help` lists: COMMAND, or COMMAND WORD for those with a second one; and options.
commands_of_help()
{
    "$build/pipeline/persoline" help | awk '$1 == "persoline" {
        name = $2
        if ($3 ~ /^[a-z]/) name = name " " $3
        n = split($3, words, "|")
        if ($3 ~ /^[a-z|]+$/ && n > 1) name = $2 " " words[1]
        options = ""
        for (rest = $0; match(rest, /--[a-z]+/); rest = substr(rest, RSTART + RLENGTH))
            options = options " " substr(rest, RSTART, RLENGTH)
        print name ":" options
        for (i = 2; n > 1 && i <= n; i++) print $2 " " words[i] ":" options }'
}

# A row for every command and option, in English and in Chinese.
check_manual_tells_every_command()
{
    local page name options option text seen=0
    for page in man/persoline.1 man/zh_CN/persoline.1; do
        text=$(mandoc -T utf8 "$page" | sed 's/.\x08//g')
        while IFS=: read -r name options; do
            seen=$((seen + 1))
            grep -qE "^ +$name( |\$)" <<<"$text" ||
                printf '%s: nothing about %s\n' "$page" "$name"
            for option in $options; do
                grep -qE -e "$option( |\]|\$)" <<<"$text" ||
                    printf '%s: nothing about %s of %s\n' "$page" "$option" "$name"
            done
        done < <(commands_of_help)
    done
    [ "$seen" -ge 40 ] || echo "help lists only $seen commands"
}

# keys_of FILE: what each key of a commented configuration is: SECTION KEY DEFAULT CHOICES
keys_of()
{
    awk -F ' = ' '/^\[/ { section = substr($0, 2, length($0) - 2) }
        /^; one of: / { choices = substr($0, 11) }
        /^; default: / { value = substr($0, 12) }
        /^[a-z_]+ = / { print section "\t" $1 "\t" value "\t" choices; choices = value = "" }' "$1"
}

# The same of persoline.conf(5); its rows are `.It Ic KEY No = Ar DEFAULT`, `Values:`, `.Cm A , B .`
keys_of_manual()
{
    awk '/^\.Ss Section / { section = $3; key = "" }
        /^\.S[hs]/ && !/ Section / { section = "" }
        /^\.It Ic / { key = $3; value[section "\t" key] = $7; known[section "\t" key] = 1 }
        /^Values:/ { getline; gsub(/^\.Cm | \.$/, ""); gsub(/ , /, "|")
            choices[section "\t" key] = $0 }
        END { for (k in known) print k "\t" value[k] "\t" choices[k] }' \
        man/persoline.conf.5
}

check_manual_tells_every_key()
{
    local program=$build/pipeline/persoline site=$scratch/keys section key value choices row
    "$program" site init "$site" --name site >/dev/null 2>&1 || echo "site init failed"
    "$program" init "$site/J" --mode 1 --batch B1 --division 411600 --vendor V1 >/dev/null 2>&1 ||
        echo "init failed"
    cat "$site/persoline.conf" "$site/J/job.conf" "$site"/profiles/*.conf >"$scratch/keys.conf"
    keys_of "$scratch/keys.conf" | sort -u >"$scratch/keys.have"
    keys_of_manual >"$scratch/keys.told"
    [ "$(wc -l <"$scratch/keys.have")" -ge 40 ] || echo "too few keys were found"
    while IFS= read -r row; do
        section=$(cut -f 1 <<<"$row") key=$(cut -f 2 <<<"$row")
        value=$(cut -f 3 <<<"$row") choices=$(cut -f 4 <<<"$row")
        row=$(grep -P "^$section\t$key\t" "$scratch/keys.told") || {
            printf 'persoline.conf(5): nothing about %s of [%s]\n' "$key" "$section"
            continue
        }
        [ -z "$value" ] || [ "$(cut -f 3 <<<"$row")" = "$value" ] ||
            printf 'persoline.conf(5): default of %s of [%s] is %s\n' "$key" "$section" "$value"
        while IFS= read -r value; do
            [[ "|$(cut -f 4 <<<"$row")|" = *"|$value|"* ]] ||
                printf 'persoline.conf(5): value %s of %s of [%s]\n' "$value" "$key" "$section"
        done < <(tr '|' '\n' <<<"$choices" | grep .)
    done <"$scratch/keys.have"
}

# Every column and state of the code's tables stands in persoline-files(5).
check_manual_tells_every_column()
{
    local name names
    names=$(sed -n 's/^ *COL(\([A-Za-z0-9_]*\),.*/\1/p' include/perso/column.h
        sed -n 's/^ *ROW([A-Z]*, "\([a-z]*\)").*/\1/p' include/perso/state.h)
    [ "$(wc -l <<<"$names")" -ge 50 ] || echo "the tables of columns and states were not found"
    for name in $names; do
        grep -qE "^\.It (Cm )?(.* , )?$name( ,|\$)" man/persoline-files.5 ||
            printf 'persoline-files(5): nothing about %s\n' "$name"
    done
}

# completed WORD...: what bash offers in place of the last word
completed()
{
    bash -c '. pipeline/command/completion/persoline.bash
        compopt() { :; }
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _persoline
        printf "%s\n" "${COMPREPLY[@]}"' bash "$@"
}

check_completions_know_every_command()
{
    local folder=pipeline/command/completion name options option words at
    zsh -n "$folder/_persoline" 2>&1 || echo "zsh cannot read its completion"
    while IFS=: read -r name options; do
        read -r -a words <<<"$name"
        for ((at = 0; at < ${#words[@]}; at++)); do
            completed persoline "${words[@]:0:at}" '' | grep -xF -e "${words[at]}" >/dev/null ||
                printf 'bash: does not offer %s of %s\n' "${words[at]}" "$name"
        done
        grep -q "'${words[0]}:" "$folder/_persoline" || printf 'zsh: %s\n' "${words[0]}"
        grep -qE "'${words[0]}	" "$folder/persoline.fish" || printf 'fish: %s\n' "${words[0]}"
        for option in $options; do
            completed persoline "${words[@]}" -- | grep -xF -e "$option" >/dev/null ||
                printf 'bash: does not offer %s of %s\n' "$option" "$name"
            grep -qF -e "${option}[" "$folder/_persoline" || printf 'zsh: %s\n' "$option"
            grep -qE -e "-l ${option#--} " "$folder/persoline.fish" || printf 'fish: %s\n' "$option"
        done
    done < <(commands_of_help)
}

check_installs()
{
    local prefix=$scratch/prefix share=share/doc/persoline file
    cmake --install "$build" --prefix "$prefix" >"$scratch/install" 2>&1 ||
        sed 's/^/cmake --install: /' "$scratch/install"
    for file in bin/persoline share/man/man1/persoline.1 share/man/man5/persoline.conf.5 \
        share/man/man5/persoline-files.5 share/man/zh_CN/man1/persoline.1 \
        share/bash-completion/completions/persoline share/zsh/site-functions/_persoline \
        share/fish/vendor_completions.d/persoline.fish $share/README.md $share/README.zh-CN.md \
        $share/LICENSE $share/docs/files.md $share/docs/line.svg \
        $share/examples/persoline.conf $share/examples/profiles/default.conf \
        $share/examples/profiles/bar-pinyin.conf $share/examples/profiles/chinese-gbk.conf; do
        [ -s "$prefix/$file" ] || printf 'not installed: %s\n' "$file"
    done
    "$prefix/bin/persoline" --version 2>&1 | grep -E '^persoline [0-9]+\.[0-9]+' >/dev/null ||
        echo "the installed program does not run"
}

# ---- run them ----

with_program='sample_configuration manual_tells_every_command manual_tells_every_key'
with_program+=' completions_know_every_command installs no_planted_bugs'

run()
{
    local name=$1 found
    if [ "${#wanted[@]}" -gt 0 ] && [[ " ${wanted[*]} " != *" $name "* ]]; then
        return 0
    fi
    if [[ " $with_program " = *" $name "* ]] && [ ! -x "$build/pipeline/persoline" ]; then
        printf 'skip %s: no %s/pipeline/persoline; see ./dev test\n' "$name" "$build"
        return 0
    fi
    found=$("check_$name") || found+="the check itself failed"
    if [ -z "$found" ]; then
        printf 'ok %s\n' "$name"
    else
        printf 'FAIL %s: %s\n' "$name" "$(wc -l <<<"$found") lines"
        printf '    %s\n' "${found//$'\n'/$'\n'    }"
        failed=1
    fi
}

for check in $(declare -F | sed -n 's/^declare -f check_//p'); do
    run "$check"
done
exit "$failed"
