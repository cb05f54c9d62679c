#!/usr/bin/perl
# payload.pl HEX COLUMN...: cells of a row payload (formats/base/row_payload.h), a line for each of
# the columns, empty where the payload has none.
use strict;
use warnings;

my ($hex, @columns) = @ARGV;
my @codes = (
    '', qw(AAZ501 AAZ500 AAC002 AAC003 AAC004 AAC005 AAC006 AAC025 AAB301 BAZ033 AAC008 AAZ502
        AAZ503 KYXQ CSHJGBM BAZ103 AAE010 QMGY P10 QM SF request_id QMZS JMZS JMMY GLYPIN ZKMY)
);
my %cell;
my $rest = pack 'H*', $hex;
while (length $rest) {
    my $number = unpack 'C', $rest;
    die "column $number\n" unless $number > 0 && defined $codes[$number];
    my ($value) = unpack 'x n/a', $rest;
    $cell{$codes[$number]} = $value;
    substr $rest, 0, 3 + length $value, '';
}
print +($cell{$_} // ''), "\n" for @columns;
delete @cell{@columns};
die "more cells: @{[sort keys %cell]}\n" if %cell;
