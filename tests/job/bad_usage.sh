#!/bin/bash
# Commands typed wrongly, and sites and jobs where something is missing, damaged, barred or full:
# the message says what, where, and what to do; the exit code is 2 for usage, else 1; and once it is
# mended the job goes on (CONTRACTS 1, DESIGN 4).
# shellcheck disable=SC2016  # programs of awk and perl
# shellcheck source=tests/job/refusals.sh
. "$(dirname "$0")/refusals.sh"

card=411600D15600000000000000000000FF # of no job

# usage COMMAND ARGUMENT...: exit code 2 and the usage line of the command.
usage()
{
    expect 2 "$PERSOLINE" "$@"
    said "^usage: persoline $1( |\$)"
    [ ! -s "$work/out" ] || fail "$*: a usage error writes to stdout"
}

# ---- what is typed ----

world_make "$work/w"
sample_make "$work/s" --cards 3
job_make "$work/w" J "$work/s"
job=$work/w/site/J
line_to_ra "$work/w" "$job"
ra_answer "$work/w" "$job"
for command in $("$PERSOLINE" --help | awk '$1 == "persoline" && NR > 1 { print $2 }' | sort -u); do
    usage "$command" --nonsense
    usage "$command" "$job" --reason
    case $command in
    status | check) ;; # the job may be the folder one stands in
    *) usage "$command" ;;
    esac
    case $command in
    prepare | ingest | reconcile | collect) usage "$command" "$job" ;;
    close) ;; # any number of files
    hold | release | cancel | reject)
        usage "$command" "$job" --reason because
        usage "$command" "$job" "$card"
        usage "$command" "$job" "$card" --reason ''
        ;;
    *) usage "$command" "$job" 1 2 3 ;;
    esac
done
expect 2 "$PERSOLINE"
said 'persoline ingest JOB FILE'
expect 2 "$PERSOLINE" nonsense
said 'no such command: nonsense'
usage ingest "$job" x --rows 3x
usage ingest "$job" x --rows -1
part "every command refuses missing, superfluous and unknown arguments with 2 and its usage"

new=(--mode 1 --batch B9 --division 411600 --vendor V1)
# init_refused TEXT ARGUMENT...: of arguments given twice the last one counts.
init_refused()
{
    expect 1 "$PERSOLINE" init "$work/w/site/N" "${new[@]}" "${@:2}"
    said "$1"
    [ ! -e "$work/w/site/N" ] || fail "init left a folder: ${*:2}"
}
init_refused '^mode: ' --mode 7
init_refused '^mode: ' --mode 3
init_refused '^finisher: ' --finisher centre
init_refused '^role: ' --mode 4 --role centre --finisher vendor
init_refused '^batch: want' --batch 'B 9'
init_refused '^batch: want' --batch ../B9
init_refused '^division: want 6 digits' --division 4116
init_refused '^date: ' --date 2025-02-29
init_refused '^date: ' --date 20250301
init_refused 'another job' --batch B1
expect 1 "$PERSOLINE" init "$job" "${new[@]}"
said 'is a job already'
expect 1 "$PERSOLINE" init "$work/nowhere/N" "${new[@]}"
expect 1 "$PERSOLINE" site init "$work/w/site"
said 'is a site already'
for command in run status report check 'audit verify'; do
    # shellcheck disable=SC2086  # two words
    expect 1 "$PERSOLINE" $command "$work/w/site/none"
    said 'none is no job: it has no job.conf; see persoline init'
done
for command in hold release cancel reject; do
    expect 1 "$PERSOLINE" "$command" "$job" "$card" --reason because
    said "$card.*no such card"
done
expect 1 "$PERSOLINE" hold "$job" 11010519491231002X --reason because
said 'want a card identification code'
! grep -q 11010519491231002X "$work/err" || fail "what may be somebody's number is told"
expect 1 "$PERSOLINE" trace "$job" "$card"
said 'no such card in this job'
expect 1 "$PERSOLINE" withdraw "$job" no-file --reason because
said 'no-file: not a file of this job'
expect 1 "$PERSOLINE" show no-file
said 'no-file: .*No such file'
part "init, unknown jobs, cards and files: 1 and what is wrong"

# ---- what lies in site and job ----

# Each case works on a copy of the site, and the same copy, mended, then goes on to its end.
cp -a "$work/w" "$work/good"
mkdir "$work/bad"
begin()
{
    rm -rf "$work/bad/w"
    cp -a "$work/good" "$work/bad/w"
    site=$work/bad/w/site
    job=$site/J
}

# stops TEXT...: run ends with 1 and says each TEXT; no card is held for it.
stops()
{
    local text
    expect 1 ${as[@]+"${as[@]}"} "$PERSOLINE" run "$job"
    for text in "$@"; do
        said "$text"
    done
    ! grep -q ',R[0-9]*,' "$job"/held/*.csv || fail "a card is held for a fault of the site"
}

# mended PATH...: these as they were in the good site; the job goes on to the machine.
mended()
{
    local path
    for path in "$@"; do
        rm -rf "${site:?}/$path"
        cp -a "$work/good/site/$path" "$site/$path"
    done
    expect 4 "$PERSOLINE" run "$job"
    said 'out/machine/B1-0001.csv, cards 3'
}

conf_line()
{
    begin
    printf '%b' "$2" >>"$site/$1"
    stops "^.*$1:$(wc -l <"$site/$1"): $3"
    mended "$1"
}
conf_line persoline.conf '[limits]\nspeed = 3\n' 'speed: no such key in section \[limits\]'
conf_line persoline.conf '[approval]\npolicy = three\n' 'policy: '
conf_line persoline.conf 'what is this\n' ''
conf_line J/job.conf 'speed = 3\n' 'speed: no such key in section \[job\]'
conf_line J/job.conf 'mode = 9\n' 'mode: '
begin
: >"$site/J/job.conf"
stops 'J/job.conf: batch: missing'
mended J/job.conf
begin
sed -i 's/^vendor.*/vendor = V2/' "$site/J/job.conf"
cp -a "$job/out" "$work/out-before"
stops 'V2-411600-B1-1'
part "a key that is unknown, damaged or missing in persoline.conf or job.conf: file, line, key"

for peer in ra machine; do
    begin
    rm "$site/peers/$peer.cer"
    stops "no certificate of $peer: put the file that it gave you at .*/peers/$peer.cer"
    mended "peers/$peer.cer"
    for bytes in '' junk; do
        begin
        printf %s "$bytes" >"$site/peers/$peer.cer"
        stops "^peers/$peer.cer: "
        mended "peers/$peer.cer"
    done
done
begin
rm "$site"/trust/*
stops '^trust: no CA certificate reaches a root: put the root and issuing certificates'
mended trust
begin
rm -r "$site/trust"
stops '^trust: no CA certificate reaches a root'
mended trust
begin
rm "$site"/trust/root.cer
stops '^trust: no CA certificate reaches a root'
mended trust
begin
echo junk >"$site/trust/readme.txt"
stops '^readme.txt: '
mended trust
part "a missing or damaged certificate of a peer or CA stops the run; no card is held for it"

begin
echo wrong >"$site/keys/password"
stops 'sender key: wrong password'
mended keys
for file in password sender.key sealing.key; do
    begin
    rm "$site/keys/$file"
    stops "keys/$file: .*No such file"
    mended keys
done
begin
: >"$site/keys/sealing.key"
stops 'sealing key: not a PEM file'
mended keys
begin
cp "$site/keys/sender.key" "$site/keys/sealing.key"
stops 'key of the file cannot be unwrapped'
mended keys
part "a wrong password, a missing or another key stops the run"

for file in site.db J/ledger.db; do
    begin
    rm "$site/$file"
    stops "$file: No such file"
    mended "$file"
    begin
    head -c 9000 /dev/zero | tr '\0' x >"$site/$file"
    stops "${file#J/}: .*not a database"
    mended "$file"
done
begin
rm -r "$job/data"
expect 1 "$PERSOLINE" run "$job"
mended J/data
begin
rmdir "$job/out/machine"
: >"$job/out/machine"
stops 'J/out/machine: not a folder'
rm "$job/out/machine"
mended
part "a missing or damaged store, ledger or folder stops the run, and its copy from before goes on"

# ---- rights and room ----

if [ "$(id -u)" -eq 0 ]; then # which may write everywhere, unless told otherwise
    as=(setpriv --bounding-set "-dac_override,-dac_read_search")
fi
begin
chmod -R a-w "$job"
if ${as[@]+"${as[@]}"} touch "$job/in/ra/x" 2>/dev/null; then
    skip "a job copied read-only: this user writes everywhere"
else
    stops 'readonly|Permission denied|Read-only'
    expect 0 ${as[@]+"${as[@]}"} "$PERSOLINE" status "$job"
    chmod -R u+w "$job"
    mended
    begin
    chmod 0 "$job/in/ra"
    stops 'in/ra: Permission denied'
    chmod 700 "$job/in/ra"
    mended
    part "a job that may not be written or read stops the run; status still looks at it"
fi
as=()
begin
mended
cp -a "$job/out" "$work/want-out" # what every job below must come to

full=$work/full
mkdir "$full"
if ! mount -t tmpfs -o size=4m,mode=700 tmpfs "$full" 2>/dev/null; then
    skip "a full disk: mounting a tmpfs is not allowed here"
    exit 0
fi
leave()
{
    local code=$?
    set +e
    umount -l "$full"
    (exit "$code")
    finish
}
trap leave EXIT
cp -a "$work/good/." "$full/"
job=$full/site/J
# Room for ever more of what the run writes, until there is enough: each stop is clean and resumed.
stopped=0
for room in 0 8 16 24 32 40 48 64 80 96 128 160 192 256 320 400 512 768; do
    rm -f "$full/ballast"
    dd if=/dev/zero of="$full/ballast" bs=4096 2>"$work/err" || true
    dd if=/dev/null of="$full/ballast" bs=1024 \
        seek=$(($(stat -c %s "$full/ballast") / 1024 - room)) 2>"$work/err"
    code=0
    "$PERSOLINE" run "$job" >"$work/out" 2>"$work/err" || code=$?
    [ "$code" -ne 4 ] || break
    equal "$code" 1 "exit code with $room KiB free"
    grep -qiE 'No space left|disk is full|database or disk' "$work/err" ||
        fail "with $room KiB free nothing is said of the disk: $(cat "$work/err")"
    stopped=$((stopped + 1))
done
equal "$code" 4 "the last run, with room enough"
[ "$stopped" -ge 3 ] || fail "the disk was full only $stopped times"
rm -f "$full/ballast"
expect 4 "$PERSOLINE" run "$job"
expect 0 "$PERSOLINE" check "$job"
diff -r --exclude='*.sig' --exclude='*.wrap' "$job/out" "$work/want-out" >&2 ||
    fail "after $stopped full disks the outputs differ"
[ -z "$(find "$job" -name "*.part" -o -name "*.tmp*")" ] || fail "unfinished files stay"
part "a disk that is full at $stopped places: 1, said so, and the run goes on once there is room"
