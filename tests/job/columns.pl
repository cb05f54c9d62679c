#!/usr/bin/perl
# columns.pl FILE NAME...: prints the named columns of a comma-separated table (RFC 4180, UTF-8,
# with or without BOM, CRLF or LF), tab-separated and without the header. A column that is not there
# is an error.
use strict;
use warnings;

my ($file, @names) = @ARGV;
open my $in, '<:raw', $file or die "$file: $!\n";
my ($header, %at);
while (my $line = <$in>) {
    $line =~ s/\r?\n\z//;
    $line =~ s/\A\xef\xbb\xbf// if $. == 1;
    my @cells;
    while ($line =~ /\G(?:"((?:[^"]|"")*)"|([^,]*))(,|\z)/gc) {
        my $cell = defined $1 ? $1 =~ s/""/"/gr : $2;
        push @cells, $cell;
        last if $3 eq '';
    }
    if (!$header) {
        $header = \@cells;
        @at{@cells} = 0 .. $#cells;
        exists $at{$_} or die "$file: no column $_\n" for @names;
        next;
    }
    @cells == @$header or die "$file:$.: have " . @cells . " cells, want " . @$header . "\n";
    print join("\t", @cells[@at{@names}]), "\n";
}
