#!/usr/bin/perl
# package.pl PACKAGE SIGNER.cer SCRATCH KEY=VALUE...: a package of CONTRACTS 3 holds, by the rules
# alone (unzip, openssl, no code of the product): stored members in the manifest's order, their
# bytes, rows and SM3, sorted keys, the detached signature of manifest.json under the standard id by
# the signing certificate of SIGNER.cer, and the given values of the manifest (kind=FWD). Prints the
# names of the members. Any fault is told and ends with 1.
use strict;
use warnings;
use JSON::PP;

my ($package, $signer, $scratch, @values) = @ARGV;

sub slurp
{
    my ($path) = @_;
    open my $in, '<:raw', $path or die "$path: $!\n";
    local $/;
    return <$in>;
}

sub spill
{
    my ($path, $bytes) = @_;
    open my $out, '>:raw', $path or die "$path: $!\n";
    print $out $bytes;
    close $out or die "$path: $!\n";
}

sub output_of
{
    open my $pipe, '-|:raw', @_ or die "$_[0]: $!\n";
    local $/;
    my $bytes = <$pipe> // '';
    close $pipe or die "@_: failed\n";
    return $bytes;
}

sub sm3
{
    spill("$scratch/member", $_[0]);
    my ($hex) = output_of('openssl', 'dgst', '-sm3', '-r', "$scratch/member") =~ /^([0-9a-f]{64})/;
    return $hex;
}

# The certificate of the file that may sign.
sub signing_key
{
    for my $pem (slurp($signer) =~ /-----BEGIN.*?END CERTIFICATE-----\n/gs) {
        spill("$scratch/one.cer", $pem);
        next unless output_of(qw(openssl x509 -noout -text -in), "$scratch/one.cer") =~
            /Digital Signature/;
        spill("$scratch/signer.pem",
            output_of(qw(openssl x509 -noout -pubkey -in), "$scratch/one.cer"));
        return;
    }
    die "$signer: no signing certificate\n";
}

my $list = output_of('unzip', '-lv', $package);
my @names = $list =~ /^\s*\d+\s+Stored\s+\d+\s+0%\s+\S+\s+\S+\s+[0-9a-f]{8}\s+(\S+)$/mg;
my ($total) = $list =~ /(\d+) files?\s*$/m;
die "$package: not all members are stored: $list\n" unless @names == $total;
die "$package: manifest.json is not the first member\n" unless $names[0] eq 'manifest.json';

my $json = output_of('unzip', '-p', $package, 'manifest.json');
my $manifest = JSON::PP->new->utf8->decode($json);
my @keys = $json =~ /^  "(\w+)":/mg;
die "$package: keys of the manifest are not sorted\n" unless "@keys" eq join ' ', sort @keys;
my @members = @{$manifest->{members}};
my @told = map { $_->{name} } @members;
die "$package: members @names, the manifest tells @told\n"
    unless "manifest.json @told" eq "@names";
for my $member (@members) {
    my $bytes = output_of('unzip', '-p', $package, $member->{name});
    my $rows = $member->{name} =~ /\.csv$/ ? ($bytes =~ tr/\n//) - 1 : 0;
    die "$package: $member->{name}: bytes\n" unless length $bytes == $member->{bytes};
    die "$package: $member->{name}: rows\n" unless $rows == $member->{rows};
    die "$package: $member->{name}: SM3\n" unless sm3($bytes) eq $member->{sm3};
}
for (@values) {
    my ($key, $want) = split /=/, $_, 2;
    my $have = $manifest->{$key} // 'null';
    die "$package: $key: have $have, want $want\n" unless $have eq $want;
}
signing_key();
spill("$scratch/manifest", $json);
output_of(qw(openssl pkeyutl -verify -pubin -inkey), "$scratch/signer.pem", qw(-rawin -in),
    "$scratch/manifest", '-sigfile', "$package.sig",
    qw(-digest sm3 -pkeyopt distid:1234567812345678));
print "$_\n" for @told;
