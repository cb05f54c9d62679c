# How the hostile tables of text_cases.pl are made: a good table is read, changed, written, and one
# line of stdout says what is to come of it.
package TextCases;
use strict;
use warnings;
use utf8;
use Encode ();
use Exporter 'import';
our @EXPORT = qw(begin column names rows text bytes option give whole raw line cell taken rows_n
    quoted check);

my ($folder, $stage, $taken, @good, @names, %at, %options, %used);

# The cases that follow are of this stage, made from this table, of which so many cards are taken;
# they are written into the folder.
sub begin
{
    my ($file);
    ($folder, $stage, $file, $taken) = @_;
    open my $f, '<:encoding(UTF-8)', $file or die "$file: $!\n";
    @good = map { chomp; [split /,/, $_, -1] } <$f>;
    @names = @{ $good[0] };
    %at = map { $names[$_] => $_ } 0 .. $#names;
}

sub column { return $at{ $_[0] } }
sub names  { return @names }
sub rows   { return map { [@$_] } @good }
sub rows_n { return scalar @good }                   # the header counted: the last line's number
sub taken  { return 'taken ' . ($_[0] // $taken) }

sub text
{
    my ($rows) = @_;
    return join '', map { join(',', @$_) . "\n" } @$rows;
}

sub bytes
{
    my ($text, $charset) = @_;
    my $utf8 = Encode::encode('UTF-8', $text);
    return $utf8 if ($charset // 'utf-8') eq 'utf-8';
    open my $f, '>:raw', "$folder/.text" or die $!;
    print $f $utf8;
    close $f or die $!;
    my $ret = `iconv -f utf-8 -t $charset $folder/.text`;
    die "iconv -t $charset\n" if $?;
    return $ret;
}

# Of the next case: encoding (as declared), rows (--rows), manifest (text of the side file).
sub option { %options = @_ }

sub write_file
{
    my ($file, $bytes) = @_;
    open my $f, '>:raw', $file or die "$file: $!\n";
    print $f $bytes;
    close $f or die $!;
}

sub give
{
    my ($name, $want, $bytes) = @_;
    $name = "$stage-$name";
    die "$name stands twice\n" if $used{$name}++;
    write_file("$folder/$name.csv", $bytes);
    write_file("$folder/$name.csv.manifest.json", $options{manifest}) if $options{manifest};
    print join("\t", $name, $stage, $options{encoding} // '-', $options{rows} // '-', $want), "\n";
    %options = ();
}

# The whole text is changed ($_).
sub whole
{
    my ($name, $want, $change) = @_;
    local $_ = text([rows()]);
    $change->();
    give($name, $want, bytes($_));
}

# The bytes are changed; charset: of the good text.
sub raw
{
    my ($name, $want, $change, $charset) = @_;
    local $_ = bytes(text([rows()]), $charset);
    $change->();
    give($name, $want, $_);
}

# One line is changed; lines are counted from 1, the header being one.
sub line
{
    my ($name, $line, $want, $change) = @_;
    my @lines = split /\n/, text([rows()]);
    local $_ = $lines[$line - 1];
    $change->();
    $lines[$line - 1] = $_;
    give($name, $want, bytes(join '', map { "$_\n" } @lines));
}

# One cell of line 5 is changed, to a text or by a function of $_. Codes: CODE, or CODE:FIELD where
# another field is told; '' where the row is taken.
sub cell
{
    my ($name, $codes, $field, $value) = @_;
    my @rows = rows();
    my ($code, $told) = split /:/, $codes;
    local $_ = $rows[4][$at{$field}];
    $rows[4][$at{$field}] = ref $value ? $value->() : $value;
    give($name, $codes eq '' ? taken() : "held $code 5 " . ($told // $field), bytes(text(\@rows)));
}

# A value as RFC 4180 quotes it.
sub quoted
{
    my ($value) = @_;
    $value =~ s/"/""/g;
    return qq("$value");
}

# The check character of GB 11643.
sub check
{
    my ($digits) = @_;
    my @weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2);
    my $sum = 0;
    $sum += $weights[$_] * substr($digits, $_, 1) for 0 .. 16;
    return substr '10X98765432', $sum % 11, 1;
}

1;
