# fish completion for persoline(1)

# The command as it stands, with its second word where it has one.
function __persoline_is
    set -l words (commandline -opc)
    set -e words[1]
    test (count $words) -gt 0; or return 1
    if contains -- $words[1] site audit profile; and test (count $words) -gt 1
        contains -- "$words[1] $words[2]" $argv
    else
        contains -- $words[1] $argv
    end
end

function __persoline_first
    test (count (commandline -opc)) -eq 1
end

# The second word of site, audit and profile is still to come.
function __persoline_second
    set -l words (commandline -opc)
    test (count $words) -eq 2; and test $words[2] = $argv[1]
end

function __persoline_jobs
    for folder in (__fish_complete_directories (commandline -ct) '')
        set -l path (string split \t -- $folder)[1]
        test -e $path/job.conf; and echo $path
    end
end

# The job where it was typed already.
function __persoline_job
    for word in (commandline -opc)
        test -e $word/job.conf; and echo $word; and return
    end
end

function __persoline_lists
    for list in (__persoline_job)/held/*.csv
        echo @$list
    end
end

function __persoline_outgoing
    set -l job (__persoline_job)
    for file in $job/out/{bundle,forward,machine,close}/*.{zip,csv}
        path basename $file
    end
end

# __persoline_of_site FOLDER SUFFIX: names of profiles or peers. The site lies above the job.
function __persoline_of_site
    set -l folder $PWD
    for word in (commandline -opc)
        string match -q '*/*' -- $word; and set folder (path dirname (path resolve $word))
    end
    set -q PERSOLINE_CONF; and set folder (path dirname (path resolve $PERSOLINE_CONF))
    while not test -e $folder/persoline.conf; and test $folder != /
        set folder (path dirname $folder)
    end
    for file in $folder/$argv[1]/*$argv[2]
        path change-extension '' (path basename $file)
    end
end

set -l stages ingest reconcile approve bundle submit collect match forward personalize close run
set -l cards hold release cancel reject confirm
set -l acts prepare $stages $cards init 'site init' withdraw purge
set -l files prepare ingest reconcile collect close show 'profile check'
set -l looks status report trace check slip 'audit verify'

complete -c persoline -f
for row in 'site	make a site' 'init	make a job' \
    'prepare	what cards are to sign' 'ingest	read key-generation output' \
    'reconcile	compare with issuance data' 'approve	approve what goes to the RA' \
    'bundle	write packages' 'submit	hand packages over' \
    'collect	take what the peer returns' 'match	check certificates' \
    'forward	write packages for whoever finishes' 'personalize	write machine files' \
    'close	read results, close the job' 'run	every stage that has its input' \
    'hold	hold cards' 'release	judge held cards again' 'cancel	take cards out of the job' \
    'reject	refuse cards at approval' 'confirm	confirm spoiled cards' \
    'withdraw	take back a file that was written' \
    'status	states, what is outstanding, what to do next' \
    'report	every card with its state' 'trace	what happened to one card' \
    'show	what a file is and holds' 'check	is everything as it was written' \
    'slip	print a hand-over slip again' 'audit	check the chain of events' \
    'profile	what a profile means' 'purge	take personal data out of a finished job' \
    'help	all commands'
    set -l words (string split \t -- $row)
    complete -c persoline -n __persoline_first -a $words[1] -d $words[2]
end
complete -c persoline -n '__persoline_second site' -a init
complete -c persoline -n '__persoline_second audit' -a verify
complete -c persoline -n '__persoline_second profile' -a 'check show'

set -l job "__persoline_is $stages $cards withdraw purge $looks[1..5] 'audit verify'"
complete -c persoline -n $job -a '(__persoline_jobs)'
complete -c persoline -n "__persoline_is $files[1..5] 'profile check'" -F
complete -c persoline -n "__persoline_is init 'site init'" -a '(__fish_complete_directories)'
complete -c persoline -n "__persoline_is $cards" -a '(__persoline_lists)'
complete -c persoline -n '__persoline_is withdraw slip' -a '(__persoline_outgoing)'
complete -c persoline -n "__persoline_is 'profile show'" -a '(__persoline_of_site profiles .conf)'

set -l any "not __persoline_first"
complete -c persoline -n $any -l conf -r -F -d 'configuration of the site'
complete -c persoline -n $any -l by -x -d 'who gives the command'
complete -c persoline -n $any -l json -d 'one JSON object a line'
complete -c persoline -n "__persoline_is $acts[1..17] 'site init' withdraw purge" \
    -s n -l dry-run -d 'tell, and do nothing'
complete -c persoline -n "__persoline_is 'site init'" -l name -x -d 'what peers call this site'
complete -c persoline -n '__persoline_is init' -l mode -x -a '1 2 4' -d 'mode of LD/T 03-2022'
complete -c persoline -n '__persoline_is init' -l batch -x
complete -c persoline -n '__persoline_is init' -l division -x -d 'division, 6 digits'
complete -c persoline -n '__persoline_is init' -l vendor -x -d 'code of the vendor'
complete -c persoline -n '__persoline_is init' -l role -x -a 'vendor department centre all'
complete -c persoline -n '__persoline_is init' -l finisher -x -a 'vendor centre'
complete -c persoline -n '__persoline_is init' -l date -x -a '(date +%Y-%m-%d)'
complete -c persoline -n '__persoline_is init' -l ra -x -a '(__persoline_of_site peers .cer)'
complete -c persoline -n '__persoline_is init' -l centre -x -a '(__persoline_of_site peers .cer)'
complete -c persoline -n '__persoline_is init' -l from -r -F -d 'package that the job comes from'
complete -c persoline -n "__persoline_is init 'profile check'" -l profile -x \
    -a '(__persoline_of_site profiles .conf)'
complete -c persoline -n "__persoline_is 'profile check'" -l as -x \
    -a 'application issuance result return'
complete -c persoline -n "__persoline_is prepare ingest reconcile 'profile check'" -l encoding -x \
    -a 'utf-8 gbk gb18030'
complete -c persoline -n '__persoline_is prepare ingest reconcile' -l rows -x
complete -c persoline -n '__persoline_is ingest' -l counted -x -d 'cards in a box: BOX=N'
complete -c persoline -n '__persoline_is approve purge' -l digest -x
complete -c persoline -n "__persoline_is $cards withdraw purge" -l reason -x
complete -c persoline -n '__persoline_is report' -l excel -d 'safe for spreadsheet programs'
complete -c persoline -n '__persoline_is check' -l dump -d 'print the ledger'
