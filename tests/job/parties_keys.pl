#!/usr/bin/perl
# parties_keys.pl MODE MACHINE_FILE... -- APPLICATION...: the key of each row of the machine files is
# the one that its card made (the applications'), and the one of its certificate; in mode 4 there
# are no certificates. Prints the number of rows, or what is wrong and exits with 1.
use strict;
use warnings;
use MIME::Base64;

my $mode = shift @ARGV;
my ($wrong, $n, %made, @machine) = (0, 0);

sub rows
{
    my ($file) = @_;
    open my $from, '<:raw', $file or die "$file: $!\n";
    my ($head, @lines) = map { s/\A\xef\xbb\xbf//; s/\r?\n\z//; $_ } <$from>;
    my @names = split /,/, $head;
    my @rows;
    for (@lines) {
        my %row;
        @row{@names} = map { s/\A="?(.*?)"?\z/$1/r } split /,/, $_, -1;
        push @rows, \%row;
    }
    return @rows;
}

push @machine, shift @ARGV while @ARGV && $ARGV[0] ne '--';
shift @ARGV;
for my $file (@ARGV) {
    $made{ $_->{AAZ501} }{ uc $_->{QMGY} } = 1 for rows($file);
}
for my $file (@machine) {
    for my $row (rows($file)) {
        my ($card, $key) = ($row->{AAZ501}, uc $row->{QMGY});
        $n++;
        $made{$card}{$key} or print("$card: not the key of the card\n"), $wrong = 1;
        if ($mode == 4) {
            "$row->{QMZS}$row->{JMZS}$row->{JMMY}" eq ''
                or print("$card: a certificate in mode 4\n"), $wrong = 1;
            next;
        }
        # The public key as a BIT STRING of an uncompressed point, as X.509 has it.
        my $point = "\x03\x42\x00\x04" . pack 'H*', $key;
        index(decode_base64($row->{QMZS}), $point) > 0
            or print("$card: the certificate is of another key\n"), $wrong = 1;
        index(decode_base64($row->{JMZS}), $point) < 0
            or print("$card: the encryption certificate is of the signing key\n"), $wrong = 1;
        if ($mode == 2) {
            $row->{SSSE} ne '' && $row->{SSSE} !~ /[0-9A-Fa-f]{32}/
                or print("$card: SSSE is no reference to a device's keys\n"), $wrong = 1;
        }
    }
}
print "$n\n" if !$wrong;
exit $wrong;
