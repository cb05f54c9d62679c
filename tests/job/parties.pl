#!/usr/bin/perl
# parties.pl WORLD BATCH FINISHER: re-adds what three sites say of one batch, from the packages that
# passed between them, the slips and the balances in out/close; nothing here is of the product.
# Prints the counts that agree, or what does not and exits with 1.
use strict;
use warnings;
use utf8;

binmode STDOUT, ':utf8';
my ($world, $batch, $finisher) = @ARGV;
my $wrong = 0;

sub wrong { print "WRONG: @_\n"; $wrong = 1 }

sub agree
{
    my ($what, $have, $want) = @_;
    wrong("$what: $have and $want") if $have != $want;
}

# ---- reading ----

sub member
{
    my ($zip, $name) = @_;
    open my $from, '-|:raw', 'unzip', '-p', $zip, $name or die "unzip: $!\n";
    local $/;
    my $text = <$from>;
    close $from or die "$zip: no $name\n";
    utf8::decode($text) or die "$zip: $name is not UTF-8\n";
    return $text;
}

sub slurp
{
    my ($path) = @_;
    open my $from, '<:encoding(UTF-8)', $path or die "$path: $!\n";
    local $/;
    return <$from>;
}

# Rows of a table without quotes that matter: a list of hashes.
sub rows
{
    my ($text) = @_;
    $text =~ s/\A\x{feff}//;
    my ($head, @lines) = split /\r?\n/, $text;
    my @names = split /,/, $head;
    my @rows;
    for my $line (@lines) {
        my @cells;
        while ($line =~ /\G(?:"((?:[^"]|"")*)"|([^,]*))(,|\z)/gc) {
            push @cells, defined $1 ? $1 =~ s/""/"/gr : $2;
            last if $3 eq '';
        }
        my %row;
        @row{@names} = @cells;
        push @rows, \%row;
    }
    return @rows;
}

# The one number that a slip gives on a line with this English word.
sub of_slip
{
    my ($slip, $word) = @_;
    return $slip =~ /\b\Q$word\E:\s+(\d+)/ ? $1 : undef;
}

my %table = (APP => 'application.csv', FWD => 'cards.csv', HLD => 'held.csv',
    RES => 'result.csv', RMK => 'remake.csv', RVK => 'revoke.csv', REQ => 'requests.csv');

# Packages of a kind in a folder, in the order of their numbers; each is held to its own slip.
sub packages
{
    my ($kind, $folder) = @_;
    my @found;
    for my $zip (sort glob "$world/$folder/$kind-*-$batch-[0-9]*.zip") {
        my @rows = rows(member($zip, $table{$kind}));
        my $slip = member($zip, 'slip.txt');
        my $cards = of_slip($slip, 'cards');
        my ($manifest) = member($zip, 'manifest.json') =~ /"cards":\s*(\d+)/;
        my %cards = map { $_->{AAZ501} // $_->{request_id} => 1 } @rows;
        defined $cards ? agree("$zip: cards of slip and table", $cards, scalar keys %cards)
            : wrong("$zip: the slip has no cards");
        agree("$zip: cards of manifest and table", $manifest, scalar keys %cards);
        boxes_agree($zip, $slip, @rows);
        push @found, { zip => $zip, rows => \@rows };
    }
    return @found;
}

# Boxes: lines of the slip like "box BOX-0001  ... cards 50", against the table, where it has boxes.
sub boxes_agree
{
    my ($zip, $slip, @rows) = @_;
    return if !@rows || !exists $rows[0]{box};
    my (%of_table, %of_slip);
    $_->{box} eq '' or $of_table{ $_->{box} }++ for @rows;
    $of_slip{$1} = $2 while $slip =~ /\bbox (\S+) .*\bcards (\d+)$/mg;
    for my $box (sort keys %{ { %of_table, %of_slip } }) {
        agree("$zip: cards in $box", $of_slip{$box} // 0, $of_table{$box} // 0);
    }
}

my @lines = qw(written deferred forwarded spoiled missing test returned refused cancelled held open);

# balance.csv and slip.txt of a job say the same, and in is the sum of the rest.
sub balance
{
    my ($site) = @_;
    my $folder = "$world/$site/$batch/out/close";
    my %balance = map { $_->{line} => $_->{cards} } rows(slurp("$folder/balance.csv"));
    my $slip = slurp("$folder/slip.txt");
    my $sum = 0;
    $sum += $balance{$_} for @lines;
    agree("$site: in and the sum of the other lines", $balance{in}, $sum);
    for my $line ('in', @lines) {
        my $said = of_slip($slip, $line);
        defined $said ? agree("$site: $line of slip and balance", $said, $balance{$line})
            : wrong("$site: the slip has no line $line");
    }
    return \%balance;
}

# ---- what passed between them ----

my $finishes = $finisher eq 'vendor';
my @app = packages('APP', "vendor/$batch/out/ra");
my @req = packages('REQ', "department/$batch/out/ra");
my @fwd = packages('FWD', "department/$batch/out/forward");
my @hld = packages('HLD', "department/$batch/out/forward");
my @res = packages('RES', "$finisher/$batch/out/close");

my (%applied, %forwarded, %told_back, %result);
for my $package (@app) { $applied{ $_->{AAZ501} }++ for @{ $package->{rows} } }
for my $package (@fwd) {
    for (@{ $package->{rows} }) {
        wrong("$_->{AAZ501} is forwarded twice") if $forwarded{ $_->{AAZ501} }++;
        wrong("$_->{AAZ501} is forwarded, but was never applied for") if !$applied{ $_->{AAZ501} };
    }
}
for my $package (@hld) { $told_back{ $_->{AAZ501} } = $_->{state} for @{ $package->{rows} } }
for my $package (@res) {
    for (@{ $package->{rows} }) {
        $result{ $_->{AAZ501} } = $_;
        wrong("$_->{AAZ501} has a result, but was not forwarded") if !$forwarded{ $_->{AAZ501} };
    }
}
for (sort keys %forwarded) { wrong("$_ was forwarded and has no result") if !$result{$_} }

# ---- against the balances ----

my $department = balance('department');
my $vendor = balance('vendor');
my $done = $finishes ? $vendor : balance('centre');

agree('cards applied for and cards in at the department', scalar keys %applied, $department->{in});
agree('requests to the RA and cards forwarded or settled',
    scalar(map { @{ $_->{rows} } } @req) >= scalar(keys %forwarded) ? 1 : 0, 1);
my %counted = map { $_ => 0 } qw(ok deferred spoiled missing test);
$counted{ $_->{result} eq 'ok' && $department->{deferred} ? 'deferred' : $_->{result} }++
    for values %result;
for (['ok', 'written'], map { [$_, $_] } qw(deferred spoiled missing test)) {
    my ($told, $line) = @$_;
    agree("$line at the department and $told in RES", $department->{$line}, $counted{$told});
}
agree("$_ at the department and at the $finisher", $department->{$_}, $done->{$_})
    for qw(written deferred missing test);
# A card that the finisher cancelled after it had come is spoiled to the department.
my $cut = grep { $_->{step} eq 'CANCEL' } values %result;
agree('spoiled at the department and spoiled or cancelled at the finisher',
    $department->{spoiled}, $done->{spoiled} + $cut);

# Each card of the department is with the finisher, back at the vendor, or settled here.
my $back = grep { !$forwarded{$_} && $told_back{$_} eq 'returned' } keys %told_back;
agree('returned at the department and told to the vendor', $department->{returned}, $back);
my $settled = grep { !$forwarded{$_} } keys %applied;
agree('cards applied for and never forwarded', $settled,
    $department->{returned} + $department->{cancelled} + $department->{refused}
        + $department->{held} + $department->{open});
agree('forwarded without a result yet', $department->{forwarded}, 0);

# What the vendor has it applied for, or settled before.
if ($finishes) {
    my $here = $vendor->{in} - $vendor->{cancelled} - $vendor->{held} - $vendor->{refused};
    agree('cards finished by the vendor and forwarded to it', $here, scalar(keys %forwarded) - $cut);
} else {
    agree('forwarded by the vendor and kept by the department', $vendor->{forwarded},
        scalar keys %forwarded);
    agree('in at the centre and forwarded by the department', $done->{in}, scalar keys %forwarded);
}

# ---- against the machine ----

my %machine;
for my $file (sort glob "$world/$finisher/$batch/in/machine/*.result.csv") {
    $machine{ $_->{AAZ501} } = $_ for rows(slurp($file));
}
for my $card (sort keys %result) {
    next if $result{$card}{step} eq 'CANCEL';
    my $said = $machine{$card} or wrong("$card: a result that no machine gave"), next;
    for my $column (qw(result step reason QMGY QMZS_SM3 JMZS_SM3 ATR box)) {
        wrong("$card: $column of RES is not the machine's")
            if $result{$card}{$column} ne $said->{$column};
    }
}

printf "%s: vendor in %d, applied for %d, forwarded %d, finished %d, settled %d\n", $batch,
    $vendor->{in}, scalar keys %applied, scalar keys %forwarded,
    $done->{written} + $done->{deferred}, $settled
    if !$wrong;
exit $wrong;
