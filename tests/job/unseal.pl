#!/usr/bin/perl
# unseal.pl KEY ID SEQUENCE PURPOSE FIELD: opens a sealed field by the rules of CONTRACTS 5 with
# openssl alone; KEY is the file's key in hex. Prints the value in hex; ends with 1 where the tag is
# not that of this key, id, purpose, sequence and value.
use strict;
use warnings;
use MIME::Base64;

my ($key, $id, $sequence, $purpose, $field) = @ARGV;

# COMMAND with BYTES as its input
sub filtered
{
    my ($bytes, @command) = @_;
    my $pid = open(my $pipe, '-|') // die "fork: $!\n";
    if ($pid == 0) {
        open my $in, '|-:raw', @command or die "$command[0]: $!\n";
        print $in $bytes;
        close $in or exit 1;
        exit 0;
    }
    binmode $pipe;
    local $/;
    my $out = <$pipe> // '';
    close $pipe or die "$command[0]: failed\n";
    return $out;
}

sub hmac
{
    my ($hex, $message) = @_;
    return filtered($message, qw(openssl mac -digest SM3 -binary -macopt), "hexkey:$hex",
        qw(-in - HMAC));
}

my $sealed = decode_base64($field);
die "too short\n" if length $sealed < 17;
my ($tag, $ciphertext) = (substr($sealed, 0, 16), substr $sealed, 16);
my $k1 = unpack 'H*', hmac($key, 'persoline mac');
my $k2 = unpack 'H*', substr hmac($key, 'persoline enc'), 0, 16;
my $plain = filtered($ciphertext, qw(openssl enc -sm4-ctr -K), $k2, '-iv', unpack 'H*', $tag);
my $want = substr hmac($k1, $id . $purpose . pack('N', $sequence) . $plain), 0, 16;
die "the tag is another\n" unless $tag eq $want;
print unpack('H*', $plain), "\n";
