#!/bin/bash
# Messages in the sources and their translations (GNU gettext).
# usage: po/messages.sh extract FILE    write all messages of the sources to FILE, a template
#        po/messages.sh update          take new messages up into po/zh_CN.po, drop those gone
#        po/messages.sh missing         list what po/zh_CN.po lacks, has fuzzy or has no more
set -euo pipefail
export LC_ALL=C.UTF-8
cd "$(dirname "$0")/.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Functions that show a text, and functions of one file that hand it on; 3,3t is the third of three.
keywords=(_:1 N_:1 perso_error_set:4 perso_error_prefix:2 perso_error_errno:2
    perso_error_openssl:2 perso_warn:1 perso_hint:1 perso_say_begin:2 perso_say_text:2
    perso_say_number:2 perso_say_word:2 perso_say_reject:2
    perso_progress_begin:2 perso_fault_syntax:2 perso_fault_algorithm:2 perso_zip_damaged:2
    perso_zip_refuse:2 refuse_member:2 damaged:2 wrong:3 bad_event:3 wrong_card:3 check_none:3
    'refuse:3,3t' 'refuse:4,4t')

# xgettext takes one argument of a function: the word of perso_say_word has a pass of its own.
pass()
{
    local out=$1
    shift
    find include formats ra-client stages pipeline -name '*.[ch]' | sort |
        xgettext --files-from=- --from-code=UTF-8 --language=C --output="$out" --keyword \
            "${@/#/--keyword=}" --add-comments=Translators --flag=perso_error_set:4:c-format \
            --flag=perso_error_prefix:2:c-format --flag=perso_warn:1:c-format \
            --flag=perso_hint:1:c-format --add-location=file --width=100 \
            --package-name=persoline --msgid-bugs-address=none \
            2> >(grep -v 'Empty msgid\|returns the header\|meta information' >&2)
}

extract()
{
    pass "$scratch/1.pot" "${keywords[@]}"
    pass "$scratch/2.pot" perso_say_word:3
    # No date: the template is the same for the same sources.
    msgcat --use-first --add-location=file --width=100 \
        "$scratch/1.pot" "$scratch/2.pot" | sed '/^"POT-Creation-Date:/d; s/=CHARSET/=UTF-8/' >"$1"
}

merge()
{
    extract "$scratch/pot"
    msgmerge --quiet --no-fuzzy-matching --add-location=file --width=100 -o "$scratch/merged" \
        po/zh_CN.po "$scratch/pot"
    msgattrib --no-obsolete --add-location=file --width=100 -o "$scratch/po" "$scratch/merged"
}

# entries WORD: each entry of stdin but the header as WORD, its first file and its msgid
entries()
{
    awk -v word="$1" 'BEGIN { RS = "" } !/"Project-Id-Version/ {
        file = $2; sub(/\nmsgstr.*/, ""); sub(/^.*\nmsgid/, "msgid"); gsub(/\n/, " ")
        print word ": " file ": " $0 }'
}

missing()
{
    merge
    msgattrib --untranslated --no-wrap "$scratch/po" | entries "no translation"
    msgattrib --only-fuzzy --no-wrap "$scratch/po" | entries "fuzzy"
    msgattrib --only-obsolete --no-wrap "$scratch/merged" | grep '^#~ msgid' |
        sed 's/^#~ /in no source any more: /' || true
    msgfmt --check-format --check-domain -o /dev/null "$scratch/po" 2>&1 |
        sed "s|$scratch/po|po/zh_CN.po|" || true
}

case ${1:-} in
extract) extract "$2" ;;
update)
    merge
    mv "$scratch/po" po/zh_CN.po
    msgfmt --check-format --check-domain --statistics -o /dev/null po/zh_CN.po
    ;;
missing) missing ;;
*) sed -n '3,5s/^# //p' "$0" >&2 && exit 2 ;;
esac
