#!/usr/bin/perl
# leak.pl NEEDLES FILE...: where the needles stand in the files. NEEDLES has a line each: a name,
# TAB, the hex of the bytes, TAB, the forms to look for: r raw, h hex of either case, b Base64 at
# its three alignments. Prints "FILE: NAME as FORM" and ends with 1 where anything was found.
use strict;
use warnings;
use MIME::Base64;

my $needles = shift;
my %form_of;    # bytes to look for => "NAME as FORM"

sub add
{
    my ($bytes, $what) = @_;
    $form_of{$bytes} //= $what;
}

# Base64 of a secret that begins at byte 0, 1 or 2 of a group; characters that depend on its
# neighbours are left away.
sub add_base64
{
    my ($bytes, $name) = @_;
    for my $before (0 .. 2) {
        my $text = encode_base64("\0" x $before . $bytes, '');
        my $from = (0, 2, 3)[$before];
        my $to = int((8 * ($before + length $bytes)) / 6);
        add(substr($text, $from, $to - $from), "$name as Base64 at $before");
    }
}

open my $in, '<', $needles or die "$needles: $!\n";
while (<$in>) {
    chomp;
    my ($name, $hex, $forms) = split /\t/;
    my $bytes = pack 'H*', $hex;
    add($bytes, "$name raw") if $forms =~ /r/;
    add(lc $hex, "$name as lower-case hex") if $forms =~ /h/;
    add(uc $hex, "$name as upper-case hex") if $forms =~ /h/;
    add_base64($bytes, $name) if $forms =~ /b/;
}
%form_of or die "$needles: nothing to look for\n";
my $any = join '|', map { quotemeta } sort { length $b <=> length $a } keys %form_of;
my $pattern = qr/($any)/;

my $found = 0;
for my $file (@ARGV) {
    next unless -f $file && !-l $file;
    open my $from, '<:raw', $file or die "$file: $!\n";
    my $bytes = do { local $/; <$from> } // '';
    my %seen;
    for my $part ($file, $bytes) {    # a name of a file tells as well
        while ($part =~ /$pattern/g) {
            next if $seen{$1}++;
            print "$file: $form_of{$1}\n";
            $found = 1;
        }
    }
}
exit $found;
