#!/bin/bash
# The chain of events of a finished job: every field changed, events removed or swapped, the whole
# ledger rolled back; `audit verify` ends with 1 and names the place (CONTRACTS 5, 8.3.8 a).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/course.sh"

if ! command -v sqlite3 >/dev/null; then
    echo "skipped: no sqlite3 (Debian package sqlite3)"
    exit 77
fi

# sql STATEMENTS: on the ledger; an intruder heeds no CHECK, and drops the triggers (restore).
sql()
{
    sqlite3 -cmd "PRAGMA ignore_check_constraints = 1" "$job/ledger.db" "$1"
}

restore()
{
    cp "$work/whole.db" "$job/ledger.db"
    rm -f "$job"/ledger.db-*
    sql 'DROP TRIGGER event_follows; DROP TRIGGER event_stays; DROP TRIGGER event_remains'
}

# found EVENT WHAT...
found()
{
    local code=0
    "$PERSOLINE" audit verify "$job" >"$work/out" 2>"$work/err" || code=$?
    equal "$code" 1 "exit code of audit verify: ${*:2}"
    grep -qE "event $1\b" "$work/err" || fail "${*:2}: event $1 is not named: $(cat "$work/err")"
}

# other_value COLUMN: an expression for another value of the same type.
other_value()
{
    case $1 in
    digest) echo "CASE WHEN length(digest) = 32 THEN x'' ELSE zeroblob(32) END" ;;
    prev | sm3) echo "CAST(substr($1, 1, 31) || CASE WHEN hex(substr($1, 32)) = '5A'
        THEN x'5B' ELSE x'5A' END AS BLOB)" ;;
    stage) echo "CASE WHEN stage = 'match' THEN 'close' ELSE 'match' END" ;;
    from_state | to_state) echo "CASE WHEN $1 = 'written' THEN 'held' ELSE 'written' END" ;;
    first_seq) echo "CASE WHEN first_seq > 0 THEN first_seq - 1 ELSE first_seq END" ;;
    time_ms | last_seq | n_cards | file) echo "$1 + 1" ;;
    *) echo "$1 || 'x'" ;;
    esac
}

every_field_changed()
{
    local event column changed=0
    for event in 1 $((events / 2)) "$events"; do
        for column in "${columns[@]}"; do
            [ "$column" != id ] || continue
            restore
            sql "UPDATE event SET $column = $(other_value "$column") WHERE id = $event"
            # first_seq = 0 has nothing below it: then it is left as it was.
            [ "$column" != first_seq ] ||
                [ "$(sql "SELECT first_seq FROM event WHERE id = $event")" != "$(sqlite3 \
                    "$work/whole.db" "SELECT first_seq FROM event WHERE id = $event")" ] ||
                sql "UPDATE event SET first_seq = 1, last_seq = last_seq + 1 WHERE id = $event"
            found "$event" "$column of event $event changed"
            changed=$((changed + 1))
        done
        restore
        sql "UPDATE event SET id = $events + 7 WHERE id = $event"
        found "$event" "number of event $event changed"
    done
    part "$changed changes of a field"
}

# A type that SQLite holds apart is a change as well: a blob that reads like the text.
type_changed()
{
    restore
    sql "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = replace(sql, ') STRICT', ')')
        WHERE name = 'event'; PRAGMA writable_schema = 0;"
    sql "UPDATE event SET note = CAST(note AS BLOB) WHERE id = 2"
    found 2 "note of event 2 as a blob"
    part "the type of a field changed"
}

events_removed()
{
    local event
    for event in 1 $((events / 2)) "$events"; do
        restore
        sql "DELETE FROM event WHERE id = $event"
        found "$event" "event $event removed"
    done
    # Closing the gap does not help: the next one does not follow.
    restore
    sql "DELETE FROM event WHERE id = 3; UPDATE event SET id = -(id - 1) WHERE id > 3;
        UPDATE event SET id = -id WHERE id < 0"
    found 3 "event 3 removed and the others renumbered"
    restore
    sql 'DELETE FROM event'
    found 1 "all events removed"
    part "first, middle, last and all events removed"
}

events_swapped()
{
    local set='id = CASE id WHEN %d THEN -%d ELSE -%d END'
    restore
    # shellcheck disable=SC2059
    sql "UPDATE event SET $(printf "$set" 4 5 4) WHERE id IN (4, 5);
        UPDATE event SET id = -id WHERE id < 0"
    found 4 "events 4 and 5 swapped"
    part "two events swapped"
}

# chain_field HEX: as the chain digests it, after its length.
chain_field()
{
    printf '%08x%s' $((${#1} / 2)) "$1"
}

# The last event forged with a digest that fits: only the head that the site keeps tells.
last_forged()
{
    local name value text
    restore
    sql "UPDATE event SET note = note || ' (forged)' WHERE id = $events"
    text=$(sql "SELECT lower(hex(prev)) FROM event WHERE id = $events")
    for name in "${columns[@]}"; do
        case $name in
        prev | sm3) continue ;;
        id | time_ms | first_seq | last_seq | n_cards | file)
            value=$(printf '%016x' "$(sql "SELECT $name FROM event WHERE id = $events")")
            ;;
        *) value=$(sql "SELECT lower(hex(CAST($name AS BLOB))) FROM event WHERE id = $events") ;;
        esac
        text+=$(chain_field "$value")
    done
    value=$(perl -e 'print pack "H*", $ARGV[0]' "$text" | openssl dgst -sm3 -r | cut -d' ' -f1)
    sql "UPDATE event SET sm3 = x'$value' WHERE id = $events"
    expect 1 "$PERSOLINE" audit verify "$job"
    said "event $events: is not the one whose digest the site keeps"
    part "the last event forged with its digest"
}

rolled_back()
{
    local event
    cp "$work/older.db" "$job/ledger.db"
    event=$(($(sql 'SELECT max(id) FROM event') + 1))
    found "$event" "an older ledger put back"
    part "a ledger rolled back to event $((event - 1)) of $events"
}

sample_make "$work/sample" --cards 60 --faults 0.1
course_make "$work/world" "$work/sample"
job=$work/world/site/B1
for step in "${steps[@]}"; do
    [ "$step" != hold ] || course_choose "$work/world"
    [ "$step" != approve ] || digest=$(digest_of "$job")
    [ "$step" != run-3 ] || cp "$job/ledger.db" "$work/older.db"
    step_command "$work/world" "$step"
    "${command[@]}" >"$work/out" 2>"$work/err" || [ $? -gt 2 ] || fail "$step"
done
expect 0 "$PERSOLINE" audit verify "$job"
cp "$job/ledger.db" "$work/whole.db"
events=$(sql 'SELECT count(*) FROM event')
mapfile -t columns < <(sql "SELECT name FROM pragma_table_info('event')")
equal "${#columns[@]}" 20 "columns of an event"
restore
expect 0 "$PERSOLINE" audit verify "$job" # what restore does to a ledger is no change of events
every_field_changed
type_changed
events_removed
events_swapped
last_forged
rolled_back
