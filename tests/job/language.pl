# language.pl chinese LOG: prints what an operator who reads no English could not read, and fails if
# there is anything. Lines are "command argument>what was said".
use strict;
use warnings;
use utf8;
use open qw(:std :encoding(UTF-8));

my ($language, $log) = @ARGV;
die "usage: language.pl chinese LOG\n" unless $language eq 'chinese';

# Names of things, not words: columns and keys as they stand in files, programs, forms, parties.
my %name = map { $_ => 1 } qw(persoline site ra machine default test zip tar gz zst zstd
    seq mode batch division date rows kind trust digest sequence speed none policy persoline-sandbox
    status trace init run help
    nonsense nowhere nothing lists);
my @commands = qw(site init ingest reconcile approve bundle submit collect match personalize close
    run hold release cancel reject withdraw status report trace show check slip audit verify help);
my $command = join '|', @commands;

open my $in, '<', $log or die "$log: $!\n";
my $bad = 0;
while (my $line = <$in>) {
    chomp $line;
    (my $said = $line) =~ s/^[^>]*>//;
    next if $said =~ /^\{/;                             # events of trace are JSON in every language
    next if $said =~ /^(表: 编码|行: 行号) /;            # names and cells of somebody's columns
    next if $said =~ /^[^ ]*,[^ ]*,[^ ]*$/;             # a row of a CSV table
    my $rest = $said;
    $rest =~ s/\[[A-Z]\d{3} [^\]]*\]/ /g;               # a code and its clause
    $rest =~ s/\[(LD|GB|GM)[^\]]*\]/ /g;
    $rest =~ s/(SQLite|OpenSSL|libarchive|libcsv) 报告：.*/ /g;
    $rest =~ s/persoline (($command) ?)+/ /g;           # commands to be typed
    $rest =~ s/\b($command)：/ /g;
    $rest =~ s/\b($command) (?=--)/ /g;
    $rest =~ s/回执 .*/ /;                              # what the peer, or the way to it, answered
    $rest =~ s/\b(utf-8|utf-16|gbk|gb18030)\b/ /g;
    $rest =~ s/--[a-z-]+(=\S+)?/ /g;
    $rest =~ s{[\w.@~-]*/[\w./@*-]*}{ }g;               # paths
    $rest =~ s/\b[\w-]+\.(conf|csv|cer|db|txt|key|json|sig|wrap|part|zip|tar|gz|manifest)\b/ /g;
    $rest =~ s/\b\w*[A-Z0-9_]\w*\b/ /g;                 # codes, identifiers, numbers
    my @words = grep { length > 2 && !$name{$_} } $rest =~ /[a-z][a-z-]*/g;
    next unless @words;
    print "$said\n    <- @words\n";
    $bad = 1;
}
exit $bad;
