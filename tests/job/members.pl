# members.pl TABLE FOLDER [ENDING [NAME]]: the table without its column P10 as FOLDER/NAME, and each
# request as FOLDER/p10/AAZ501.ENDING: DER, or PEM where the ending is pem. A cell that is no Base64
# goes as it is; of two rows of one card the second has none.
use strict;
use warnings;
use MIME::Base64;

my ($table, $folder, $ending, $name) = (@ARGV, ('p10', 'application.csv')[@ARGV - 2 .. 1]);
open my $in, '<:raw', $table or die "$table: $!";
mkdir $folder;
mkdir "$folder/p10" or die "$folder/p10: $!";
open my $out, '>:raw', "$folder/$name" or die "$folder/$name: $!";
my ($p10, $id);
while (my $line = <$in>) {
    $line =~ s/\r?\n\z//;
    my @cells = split /,/, $line, -1;
    if (!defined $p10) {
        ($p10) = grep { $cells[$_] eq 'P10' } 0 .. $#cells;
        ($id) = grep { $cells[$_] eq 'AAZ501' } 0 .. $#cells;
    } elsif ($cells[$p10] ne '' && !-e "$folder/p10/$cells[$id].$ending") {
        my $cell = $cells[$p10];
        my $bytes = length($cell) % 4 == 0 && $cell =~ m{\A[A-Za-z0-9+/]+=*\z}
            ? decode_base64($cell) : $cell;
        $bytes = "-----BEGIN CERTIFICATE REQUEST-----\n" . encode_base64($bytes)
            . "-----END CERTIFICATE REQUEST-----\n" if $ending eq 'pem';
        open my $file, '>:raw', "$folder/p10/$cells[$id].$ending" or die "$cells[$id]: $!";
        print $file $bytes;
    }
    splice @cells, $p10, 1;
    print $out join(',', @cells), "\n";
}
