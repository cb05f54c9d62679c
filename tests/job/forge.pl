#!/usr/bin/perl
# forge.pl flips ZIP FOLDER: copies of the package with one bit flipped in the bytes of each member,
# at its begin, its end and three places between; beside each a copy of its side files.
# forge.pl repair FOLDER MEMBER: the manifest in FOLDER says of MEMBER what is true of it now.
use strict;
use warnings;

sub slurp
{
    my ($path) = @_;
    open my $from, '<:raw', $path or die "$path: $!\n";
    local $/;
    return scalar <$from>;
}

sub spew
{
    my ($path, $bytes) = @_;
    open my $to, '>:raw', $path or die "$path: $!\n";
    print $to $bytes;
    close $to or die "$path: $!\n";
}

sub flips
{
    my ($zip, $folder) = @_;
    my $bytes = slurp($zip);
    for my $member (split /\n/, `unzip -Z1 '$zip'`) {
        my $content = `unzip -p '$zip' '$member'`;
        my $begin = index $bytes, $content;    # stored, so it stands there as it is
        $begin >= 0 or die "$zip: $member is not stored\n";
        my $n = length $content;
        my $bit = 0;
        for my $at (0, int($n / 4), int($n / 2), int(3 * $n / 4), $n - 1) {
            my $flipped = $bytes;
            substr($flipped, $begin + $at, 1) ^= chr(1 << $bit++);
            my $to = "$folder/$member-$at.zip";
            spew($to, $flipped);
            -e "$zip.$_" and spew("$to.$_", slurp("$zip.$_")) for qw(sig wrap);
        }
    }
}

sub repair
{
    my ($folder, $member) = @_;
    my $content = slurp("$folder/$member");
    my $n = length $content;
    my $rows = ($content =~ tr/\n//) - 1;
    my ($sm3) = `openssl dgst -sm3 -r '$folder/$member'` =~ /^([0-9a-f]{64})/;
    my $json = slurp("$folder/manifest.json");
    $json =~ s/("bytes": )\d+(,\s*"name": "\Q$member\E",\s*"rows": )\d+(,\s*"sm3": ")[0-9a-f]*/$1$n$2$rows$3$sm3/
        or die "$folder/manifest.json: no $member\n";
    spew("$folder/manifest.json", $json);
}

my $what = shift @ARGV;
$what eq 'flips' ? flips(@ARGV) : $what eq 'repair' ? repair(@ARGV) : die "flips or repair\n";
