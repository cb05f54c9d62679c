# language.pl chinese|english LOG: prints what an operator who reads only this language could not
# read, and fails if there is anything. Lines are "command argument>what was said".
# language.pl slip LOG: prints lines that do not say the same to both.
use strict;
use warnings;
use utf8;
use open qw(:std :encoding(UTF-8));

my ($language, $log) = @ARGV;
die "usage: language.pl chinese|english|slip LOG\n"
    unless defined $log && $language =~ /^(chinese|english|slip)$/;

# Names of things, not words: columns and keys as they stand in files, programs, forms, parties.
my %name = map { $_ => 1 } qw(persoline site ra machine default test zip tar gz zst zstd
    seq mode batch division date rows kind trust digest sequence speed none policy persoline-sandbox
    status trace init run help counted sender recipient finisher vendor role sig wrap two
    nonsense nowhere nothing lists);
my @commands = qw(site init prepare ingest reconcile approve bundle submit collect match forward personalize
    close run hold release cancel reject confirm withdraw purge status report trace show check slip
    audit verify profile help);
my $command = join '|', @commands;
my $role = 'vendor|department|centre|all';
# Values of keys, as they are typed.
my $value = 'dot|space|width|case|any|card|batch|required|no|sig|bare|pem|attributes|null|raw|hybrid|'
    . 'compressed|either|skf|as-received|carry|wrapped|clear';

# What is left of a line in Chinese once everything is gone that is no word.
sub words_of
{
    my ($rest) = @_;
    if ($rest =~ s/^配置项: 名称 \S+, 取值 .*?, 为默认值 (是|否), 默认值 .*?, (可取值 \S+, )?//) {
        $rest =~ s/ envelope = / /;
        $rest =~ s/`($command)`/ /g;
        $rest =~ s/\b($value)\b(?=[ ：；、，（]|$)/ /g;
    }
    $rest =~ s/\[[A-Z]\d{3} [^\]]*\]/ /g;               # a code and its clause
    $rest =~ s/\[(LD|GB|GM)[^\]]*\]/ /g;
    $rest =~ s/\[on_mismatch = batch\]/ /g;
    $rest =~ s/(SQLite|OpenSSL|libarchive|libcsv) 报告：.*/ /g;
    $rest =~ s/persoline (($command) ?)+/ /g;           # commands to be typed
    $rest =~ s/\b($command)：/ /g;
    $rest =~ s/\b($command) (?=--)/ /g;
    $rest =~ s/角色 ($role)( 的 ($command) 环节)?/ /g;  # as it is typed
    $rest =~ s/(给出的是|规定为|数据包中是) ($role)\b/ /g;
    $rest =~ s/(请交给|等待|可用|放入) ?($command) / /g;
    $rest =~ s/回执 .*/ /;                              # what the peer, or the way to it, answered
    $rest =~ s{[\w.@~-]*/[\w./@*-]*}{ }g;               # paths
    $rest =~ s/\b[\w-]+(\.(conf|csv|cer|pem|db|txt|key|json|sig|wrap|part|zip|tar|gz))+\b/ /g;
    $rest =~ s/(代码|字段|表头) \w+/ /g if $rest =~ /^(列|卡|将扣留|扣留|拒绝|格式|缺失): /;
    $rest =~ s/\b(bar-pinyin|chinese-gbk)\b/ /g;
    $rest =~ s/\b(utf-8|utf-16|gbk|gb18030)\b/ /g;
    $rest =~ s/--[a-z-]+(=\S+)?( [a-z]+(\|[a-z]+)+)?/ /g;
    $rest =~ s/\b\w*[A-Z0-9_]\w*\b/ /g;                 # codes, identifiers, numbers
    return grep { length > 2 && !$name{$_} } $rest =~ /[a-z][a-z-]*/g;
}

# Names and cells of somebody's columns, events of trace (JSON in every language), rows of tables,
# and slips, which are in both languages.
sub is_data
{
    my ($of, $said) = @_;
    return 1 if $said =~ /^\{/ || $said =~ /^[^ ]*,[^ ]*,[^ ]*$/ || $of =~ /^slip /;
    return $said =~ /^(表: 编码|行: 行号) / if $language eq 'chinese';
    return 1 if $of =~ /^profile / && $said =~ /^(column|missing): /;
    return $said =~ /^(table: encoding|row: line) /;
}

# The field's own word for a thing may stand beside the English one.
sub chinese_of
{
    my ($said) = @_;
    $said =~ s/result files \(制卡回盘\)//;
    return $said =~ /(\p{Han}+)/g;
}

# Words of one language without the other beside them; digests and names of files are neither.
sub alone
{
    my ($said) = @_;
    $said =~ s/\b[\w-]+\.(csv|zip|json|txt)\b//g;
    $said =~ s/(SM3 )?\b[0-9a-f]{64}\b//g;
    my $chinese = $said =~ /\p{Han}/;
    my $english = $said =~ /[A-Za-z]{2,}/;
    return $chinese == $english ? () : $said;
}

open my $in, '<', $log or die "$log: $!\n";
my $bad = 0;
while (my $line = <$in>) {
    chomp $line;
    my ($of, $said) = $line =~ /^([^>]*)>(.*)$/ or die "$log: not as it is written: $line\n";
    next if $language ne 'slip' && is_data($of, $said);
    my @words = $language eq 'chinese' ? words_of($said)
        : $language eq 'english' ? chinese_of($said) : alone($said);
    next unless @words;
    print "$of>$said\n    <- @words\n";
    $bad = 1;
}
exit $bad;
