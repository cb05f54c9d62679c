#!/usr/bin/perl
# 1,000 seeded tables, right ones and damaged ones, read by formats/text (table_rows) and by
# Text::CSV_XS in strict mode. Where both accept, every cell must be the same; where only one does,
# csv_differences.txt must say why. usage: csv_judge.pl TABLE_ROWS DIFFERENCES [SEED [TABLES]]
# Exit code 77: the judge (libtext-csv-xs-perl) is not installed.
use strict;
use warnings;
use Encode ();
use File::Temp ();
use FindBin;
use lib $FindBin::Bin;
use CsvTables;

unless (eval { require Text::CSV_XS; 1 }) {
    print "Text::CSV_XS is not installed (libtext-csv-xs-perl)\n";
    exit 77;
}
my ($program, $list, $seed, $tables) = @ARGV;
my $own_seed = 7;    # the list is whole for this one
$seed   //= $own_seed;
$tables //= 1000;
my $folder = File::Temp->newdir('persoline-csv.XXXXXX', TMPDIR => 1);
my $wrong  = 0;

sub wrong
{
    my ($table, $text) = @_;
    print "table $table->{number} of seed $seed ($table->{damage}, $table->{charset}): $text\n";
    die "too many\n" if ++$wrong > 20;
}

# ---- the judge ----

sub slurp
{
    open my $f, '<:raw', $_[0] or die "$_[0]: $!\n";
    local $/;
    return scalar(<$f>) // '';
}

# Bytes as UTF-8, undef where they are not of the set. Never by our own table.
sub decoded
{
    my ($table) = @_;
    my $bytes = slurp($table->{path});
    if ($table->{charset} ne 'utf-8') {
        my $code = system("iconv -f $table->{charset} -t utf-8 $table->{path} >$folder/d 2>&1");
        return $code == 0 ? slurp("$folder/d") : undef;
    }
    my $text = eval { Encode::decode('UTF-8', my $copy = $bytes, Encode::FB_CROAK) };
    return defined $text ? $bytes : undef;
}

# (rows, '') or (undef, why): what a strict reader makes of it.
sub judged
{
    my ($table) = @_;
    my $text = decoded($table) // return (undef, 'encoding');
    $text =~ s/\A\xef\xbb\xbf//;
    my $csv = Text::CSV_XS->new(
        {   binary      => 1,
            strict      => 1,
            sep_char    => $table->{delimiter},
            decode_utf8 => 0
        }
    ) or die Text::CSV_XS->error_diag;
    open my $in, '<:raw', \$text or die $!;
    my @rows;
    while (my $row = $csv->getline($in)) {
        push @rows, $row;
    }
    my $code = 0 + $csv->error_diag;    # 2012: end of data
    return $code == 0 || $code == 2012 ? (\@rows, '') : (undef, $code);
}

# ---- ours ----

sub ask_ours
{
    my @all = @_;
    open my $in, '>', "$folder/questions" or die $!;
    printf $in "%s %x %d %s\n", $_->{charset}, ord $_->{delimiter}, $_->{newlines}, $_->{path}
        for @all;
    close $in or die $!;
    open my $out, '-|', "$program <$folder/questions" or die $!;
    my @rows;
    while (<$out>) {
        chomp;
        if (/\Arow ,(.*)\z/) {
            push @rows, [map { pack 'H*', $_ } length $1 ? split(/,/, $1, -1) : ''];
            next;
        }
        my $table = shift @all or die "an answer too many\n";
        ($table->{ours}, $table->{code}, $table->{text}) =
            /\Arefused (\S+) (\d+ .*)\z/ ? (undef, $1, $2) : ([@rows], '', '');
        @rows = ();
    }
    close $out or die "$program: $?\n";
    die "answers are missing\n" if @all;
}

# ---- comparison ----

# Two rules of ours that change cells: names in a header lose the blanks around them, and ="..." is
# taken off (CONTRACTS 2). The judge's rows are brought to the same form.
sub as_ours
{
    my ($rows) = @_;
    my @ret = map { [map { /\A="([^"]*)"\z/ ? $1 : $_ } @$_] } @$rows;
    s/\A[ \t]+//, s/[ \t]+\z// for @{ $ret[0] // [] };
    return \@ret;
}

# The first place where two readings differ; '' where none does.
sub difference
{
    my ($have, $want) = @_;
    my $rows = @$have > @$want ? @$have : @$want;
    for my $i (0 .. $rows - 1) {
        my ($left, $right) = map { $_->[$i] // [] } $have, $want;
        my $cells = @$left > @$right ? @$left : @$right;
        for my $k (0 .. $cells - 1) {
            my ($x, $y) = map { defined $_->[$k] ? unpack('H*', $_->[$k]) : 'none' } $left, $right;
            return "row $i, cell $k: have $x, want $y" if $x ne $y;
        }
    }
    return '';
}

# The judge has more rows, and these are of one empty cell.
sub only_empty_rows
{
    my ($ours, $rows) = @_;
    my $common = @$ours;
    return 0 if difference($ours, as_ours([@$rows[0 .. $common - 1]]));
    return !grep { @$_ != 1 || $_->[0] ne '' } @$rows[$common .. $#$rows];
}

my (%reasons, %listed, %met, %count);

sub read_list
{
    open my $f, '<', $list or die "$list: $!\n";
    while (<$f>) {
        next if /^#|^$/;
        $reasons{$1} = 1, next if /^= (\S+)/;
        my ($damage, $ours, $judge, $reason) = split;
        die "$list:$.: not a difference\n" unless defined $reason && $reasons{$reason};
        $listed{"$_ $ours $judge"} = $. for split /\|/, $damage;
    }
}

sub compare
{
    my ($table) = @_;
    my ($rows, $why) = judged($table);
    if (defined $rows && $table->{intended}) {
        my $place = difference($rows, $table->{intended});
        wrong($table, "the judge does not read what was written: $place") if $place;
    }
    my ($ours, $judge) = ($table->{code} || 'accepted', $why || 'accepted');
    if (defined $rows && defined $table->{ours}) {
        my $place = difference($table->{ours}, as_ours($rows));
        return $count{accepted}++ unless $place;
        return wrong($table, $place) unless only_empty_rows($table->{ours}, $rows);
        $judge = 'rows';
    } elsif (!defined $rows && !defined $table->{ours}) {
        return $count{refused}++;
    }
    my $key = "$table->{damage} $ours $judge";
    $count{explained}++;
    return wrong($table, "not listed: $key ($table->{text})") unless $listed{$key};
    $met{ $listed{$key} }++;
}

read_list();
my @all = CsvTables::make($seed, $tables, "$folder");
ask_ours(@all);
compare($_) for @all;
my %lines = reverse %listed;
for my $line (sort { $a <=> $b } keys %lines) {
    next if $met{$line} || $seed != $own_seed;
    print "$list:$line: does not occur\n";
    $wrong++;
}
my $whole = grep { $_->{intended} } @all;
printf "seed %s: %d tables, %d of them undamaged: %d accepted by both, %d refused by both, "
    . "%d explained in %d classes\n", $seed, scalar @all, $whole,
    map({ $count{$_} // 0 } qw(accepted refused explained)), scalar keys %met;
exit($wrong != 0);
