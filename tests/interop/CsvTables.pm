# Seeded text tables for csv_judge.pl: what was meant, how it was written, and how it was damaged.
package CsvTables;
use strict;
use warnings;
use utf8;
use Encode ();

my @delimiters = (',', '|', ';', "\t");
my @charsets   = ('utf-8', 'gbk', 'gb18030');

# Characters of every set: some whose second byte in GBK is | or \, ones that readers fold or trim.
my @common = (
    'a' .. 'z', 'A' .. 'Z', 0 .. 9, ' ', ' ', q('), '=', '+', '-', '@', '#', '\\', '/', '.',
    map({ chr } 0x4e00 .. 0x4e3f), '张', '伟', '王', '芳', '·', '　', '龑', '～', '—', '“', '”',
    '頫', '誠', '陓', '瀨', '倈', '縗',
);
my @four = ("\x{3f06}", "\x{2cc56}", "\x{20000}", "\x{a0}", "\x{200b}", "\x{202e}", "\x{1f600}");

sub pick { return $_[int rand @_] }

sub cell
{
    my ($t) = @_;
    my $n = pick(0, 0, 1, 2, 3, 5, 8, 20);
    my @set = ((@common) x 3, $t->{charset} eq 'gbk' ? () : (@four) x 4);
    my $text = join '', map { pick(@set) } 1 .. $n;
    if (rand() < 0.25) {
        my @odd = ('"', '""', $t->{delimiter}, ', ', '|');
        push @odd, "\n", "\r\n", "\n\n" if $t->{newlines};
        substr($text, int rand(1 + length $text), 0) = pick(@odd) for 1 .. pick(1, 1, 3);
        $text =~ s/\r(?!\n)//g;
    }
    return $text;
}

# A name of its own for every column; none that is known as one.
sub header
{
    my ($t, $columns) = @_;
    return map {
        my $name = cell($t);
        $name =~ s/[\r\n]//g;
        substr($name, 8) = '' if length $name > 8;
        $name =~ s/="|"\z//g;
        pick('', ' ', "\t") . "列$_$name" . pick('', '', ' ')
    } 1 .. $columns;
}

sub quoted
{
    my ($t, $cell, $alone) = @_;
    return $cell
        unless $cell =~ /["\r\n]|\Q$t->{delimiter}\E/ || rand() < 0.2 || ($alone && $cell eq '');
    $cell =~ s/"/""/g;
    return qq("$cell");
}

sub line
{
    my ($t, @cells) = @_;
    return join $t->{delimiter}, map { quoted($t, $_, @cells == 1) } @cells;
}

# ---- damage: each changes the lines (without their ends), or the text, or the bytes ----

sub a_row { return 1 + int rand(@{ $_[0] } - 1) }

# A place in a cell of the line that is not quoted and not empty; undef where there is none.
sub within
{
    my ($t, $line) = @_;
    return undef if $line =~ /"/;
    my @at = grep { substr($line, $_ - 1, 2) !~ /\Q$t->{delimiter}\E/ } 1 .. length($line) - 1;
    return @at ? pick(@at) : undef;
}

sub insert
{
    my ($t, $lines, $text) = @_;
    for my $i (sort { rand() <=> 0.5 } 1 .. $#$lines) {
        my $at = within($t, $lines->[$i]) // next;
        substr($lines->[$i], $at, 0) = $text;
        return 1;
    }
    return 0;
}

sub at_row
{
    my ($lines, $change) = @_;
    local $_ = $lines->[my $i = a_row($lines)];
    $change->();
    $lines->[$i] = $_;
    return 1;
}

my %lines = (
    'stray-quote'    => sub { insert(@_, '"') },
    'stray-pair'     => sub { insert(@_, '""') },
    'backslash'      => sub { insert(@_, '\\"') },
    'after-quote'    => sub { my ($t, $l) = @_; at_row($l, sub { s/\A/"x"y$t->{delimiter}/ }) },
    'before-quote'   => sub { my ($t, $l) = @_; at_row($l, sub { s/\z/ "x"/ }) },
    'open-quote'     => sub { my ($t, $l) = @_; at_row($l, sub { s/\A/"/ }) },
    'open-end'       => sub { my ($t, $l) = @_; $l->[-1] .= "$t->{delimiter}\"x"; 1 },
    'column-more'    => sub { my ($t, $l) = @_; at_row($l, sub { s/\z/$t->{delimiter}x/ }) },
    'column-less'    => sub { my ($t, $l) = @_; at_row($l, sub { s/\Q$t->{delimiter}\E[^"]*?\z// }) },
    'trailing'       => sub { my ($t, $l) = @_; at_row($l, sub { s/\z/$t->{delimiter}/ }) },
    'all-trailing'   => sub { my ($t, $l) = @_; s/\z/$t->{delimiter}/ for @$l; 1 },
    'blank-line'     => sub { my ($t, $l) = @_; splice @$l, a_row($l), 0, ''; 1 },
    'blank-first'    => sub { my ($t, $l) = @_; unshift @$l, ''; 1 },
    'line-of-blanks' => sub { my ($t, $l) = @_; splice @$l, a_row($l), 0, '  '; 1 },
    'header-twice'   => sub { my ($t, $l) = @_; $l->[0] .= "$t->{delimiter}twice" x 2;
        $_ .= "$t->{delimiter}x" x 2 for @$l[1 .. $#$l]; 1 },
    'header-again'   => sub { my ($t, $l) = @_; splice @$l, a_row($l), 0, $l->[0]; 1 },
    'other-delimiter' => sub { my ($t, $l) = @_; my $d = $t->{delimiter} eq ',' ? ';' : ',';
        at_row($l, sub { s/\Q$t->{delimiter}\E/$d/g }) },
    'nul'            => sub { insert(@_, "\0") },
    'return'         => sub { insert(@_, "\r") },
    'control'        => sub { insert(@_, pick("\x01", "\x0b", "\x0c", "\x1a", "\x7f")) },
    'line-separator' => sub { insert(@_, pick("\x{2028}", "\x{85}")) },
    'mark-inside'    => sub { insert(@_, "\x{feff}") },
    'excel'          => sub { my ($t, $l) = @_; $_ .= "$t->{delimiter}=\"0012\"" for @$l[1 .. $#$l];
        $l->[0] .= "$t->{delimiter}long"; 1 },
    'excel-quoted'   => sub { my ($t, $l) = @_;
        $_ .= "$t->{delimiter}\"=\"\"0012\"\"\"" for @$l[1 .. $#$l];
        $l->[0] .= "$t->{delimiter}long"; 1 },
    'quoted-newline' => sub { my ($t, $l) = @_; $t->{newlines} = 0;
        at_row($l, sub { s/\A/"a\nb"$t->{delimiter}/ }); $_ = "x$t->{delimiter}$_"
            for grep { !/\A"a\n/ } @$l; 1 },
    'long-cell'      => sub { my ($t, $l) = @_; insert($t, $l, 'z' x 17000) },
    'long-line'      => sub { my ($t, $l) = @_; insert($t, $l, 'z' x 70000) },
    'many-columns'   => sub { my ($t, $l) = @_; my $i = 0;
        $_ = join $t->{delimiter}, map { "c$_" } 1 .. 129 for @$l; 1 },
);
my %text = (
    'cut'            => sub { substr($_[0], 1 + int(length($_[0]) * (0.3 + rand 0.6))) = ''; 1 },
    'blank-end'      => sub { $_[0] .= "\n\n"; 1 },
    'returns-only'   => sub { $_[0] =~ s/\r?\n/\r/g },
    'two-marks'      => sub { $_[0] = "\x{feff}\x{feff}$_[0]"; 1 },
    'empty'          => sub { $_[0] = ''; 1 },
    'mark-only'      => sub { $_[0] = "\x{feff}"; 1 },
);
my %bytes = (
    'cut-character'  => sub { $_[0] =~ s/([\x80-\xff])[\x80-\xff][^\n]*\z/$1/ },
    'bad-byte'       => sub { $_[0] =~ s/\n/\xff\n/ },
    'bad-pair'       => sub { $_[0] =~ s/\n/\xc1\x20\n/ },
    'overlong'       => sub { $_[1]{charset} eq 'utf-8' && $_[0] =~ s/\n/\xc0\xaf\n/ },
    'surrogate'      => sub { $_[1]{charset} eq 'utf-8' && $_[0] =~ s/\n/\xed\xa0\x80\n/ },
    'not-a-code'     => sub { $_[1]{charset} eq 'gb18030' && $_[0] =~ s/\n/\x84\x31\xa5\x30\n/ },
    'utf-16'         => sub { $_[0] = "\xff\xfe" . join '', map { "$_\0" } split //, $_[0]; 1 },
);
my @damages = (sort(keys %lines), sort(keys %text), sort(keys %bytes), 'mixed-ends');

# ---- tables ----

sub encoded
{
    my ($t, $text, $folder) = @_;
    my $utf8 = Encode::encode('UTF-8', $text);
    return $utf8 if $t->{charset} eq 'utf-8';
    open my $f, '>:raw', "$folder/e" or die $!;
    print $f $utf8;
    close $f or die $!;
    my $bytes = `iconv -f utf-8 -t $t->{charset} $folder/e`;
    die "iconv: $t->{charset}\n" if $?;
    return $bytes;
}

# One table with a damage ('none': as it is meant); undef where the damage does not fit it.
sub one
{
    my ($damage, $folder) = @_;
    my %t = (damage => $damage, delimiter => pick(@delimiters), charset => pick(@charsets),
        newlines => rand() < 0.5 ? 1 : 0);
    $t{charset} = pick('utf-8', 'gb18030')
        if $damage =~ /line-separator|mark/;    # not in GBK
    my $columns = pick(1, 2, 3, 5, 8);
    my @rows = ([header(\%t, $columns)]);
    push @rows, [map { cell(\%t) } 1 .. $columns] for 1 .. pick(0, 1, 2, 6, 12);
    my @lines = map { line(\%t, @$_) } @rows;
    return undef if $lines{$damage} && (@lines < 2 || !$lines{$damage}->(\%t, \@lines));
    my $end = pick("\n", "\r\n");
    $_ .= $damage eq 'mixed-ends' ? pick("\n", "\r\n") : $end for @lines;
    $lines[-1] =~ s/\r?\n\z// if rand() < 0.3;
    my $text = join '', @lines;
    return undef if $text{$damage} && !$text{$damage}->($text);
    my $bytes = encoded(\%t, $text, $folder);
    return undef if $bytes{$damage} && !$bytes{$damage}->($bytes, \%t);
    $bytes = "\xef\xbb\xbf$bytes"
        if $t{charset} eq 'utf-8' && $damage !~ /\A(?:two-marks|mark-only|utf-16)\z/
        && rand() < 0.3;
    $t{intended} = [map { [map { Encode::encode('UTF-8', $_) } @$_] } @rows]
        if $damage eq 'none' || $damage eq 'mixed-ends';
    return (\%t, $bytes);
}

# make(seed, tables, folder): the tables, written; half of them undamaged.
sub make
{
    my ($seed, $tables, $folder) = @_;
    my @ret;
    srand $seed;
    for my $i (0 .. $tables - 1) {
        my $damage = $i % 2 ? $damages[($i - 1) / 2 % @damages] : 'none';
        my ($t, $bytes);
        ($t, $bytes) = one($damage, $folder) until defined $t;
        @$t{qw(number path)} = ($i, "$folder/$i.csv");
        open my $f, '>:raw', $t->{path} or die $!;
        print $f $bytes;
        close $f or die $!;
        push @ret, $t;
    }
    return @ret;
}

1;
