#!/usr/bin/perl
# text_cases.pl CARDS KEYS ISSUANCE FOLDER: the hostile tables of RELIABILITY T12, made from a good
# application table and a good issuance table of so many cards. For each a file FOLDER/NAME.csv,
# with a side file where it has one, and a line of stdout, tab-separated:
#   NAME STAGE ENCODING ROWS WANT
# ENCODING, ROWS: the options, - for none. WANT: `refused CODE LINE FIELD` (0, - where none is told),
# `taken N`, or `held CODE LINE FIELD`, with a comma between several.
use strict;
use warnings;
use utf8;
use FindBin;
use lib $FindBin::Bin;
use TextCases;

my ($cards, $keys, $issuance, $folder) = @ARGV;

# ---- structure: the file is refused, or read for all that ----

sub quotes
{
    my $n = rows_n();
    line('stray-quote', 5, 'refused F122 5 -', sub { s/,/x"y,/ });
    line('quote-at-the-end', 5, 'refused F122 5 -', sub { s/\z/"/ });
    line('quote-in-the-header', 1, 'refused F122 1 -', sub { s/,/"x,/ });
    line('open-quote', 5, 'refused F122 5 -', sub { s/,/,"/ });
    line('open-quote-first', 2, 'refused F122 2 -', sub { s/\A/"/ });
    line('open-quote-last', $n, "refused F122 $n -", sub { s/,([^,]*)\z/,"$1/ });
    line('after-quote', 5, 'refused F122 5 -', sub { s/\A([^,]*),/"$1"x,/ });
    line('before-quote', 5, 'refused F122 5 -', sub { s/\A([^,]*),/ "$1",/ });
    line('backslash-quote', 5, 'refused F122 5 -', sub { s/\A([^,]*),/"\\"$1",/ });
    line('pair-in-a-bare-cell', 5, 'refused F122 5 -', sub { s/\A(.)/$1""/ });
    line('quoted-newline', 5, 'refused F122 5 -', sub { s/,([^,]*),/,"$1\n",/ });
    line('all-quoted', 5, taken(), sub { $_ = join ',', map { quoted($_) } split /,/, $_, -1 });
}

sub ends
{
    my $n = rows_n();
    my $after = $n + 1;
    line('nul', 5, 'refused F121 5 -', sub { s/,/,\0/ });
    line('nul-in-the-header', 1, 'refused F121 1 -', sub { s/,/\0,/ });
    line('nul-at-the-end', $n, "refused F121 $n -", sub { s/\z/\0/ });
    raw('nul-after-the-end', "refused F121 $after -", sub { $_ .= "\0" });
    raw('dos-end', "refused F123 $after -", sub { $_ .= "\x1a" });
    line('return-alone', 5, 'refused F123 5 -', sub { s/,/\r,/ });
    line('return-twice', 5, 'refused F123 5 -', sub { s/\z/\r\r/ });
    whole('old-mac', 'refused F123 1 -', sub { tr/\n/\r/ });
    whole('return-at-the-end', "refused F123 $n -", sub { s/\n\z/\r/ });
    whole('crlf', taken(), sub { s/\n/\r\n/g });
    whole('crlf-mixed', taken(), sub { my $i = 0; s/\n/$i++ % 2 ? "\n" : "\r\n"/ge });
    whole('no-last-newline', taken(), sub { s/\n\z// });
    raw('mark', taken(), sub { $_ = "\xef\xbb\xbf$_" });
    raw('mark-and-crlf', taken(), sub { s/\n/\r\n/g; $_ = "\xef\xbb\xbf$_" });
    raw('two-marks', 'refused F126 1 AAZ501', sub { $_ = "\xef\xbb\xbf\xef\xbb\xbf$_" });
    whole('blank-end', taken(), sub { $_ .= "\n\r\n\n" });
    line('blank-line', 5, 'refused F123 5 -', sub { $_ = "\n$_" });
    line('line-of-blanks', 5, 'refused F123 5 -', sub { $_ = "   \n$_" });
    line('line-of-tabs', 5, 'refused F123 5 -', sub { $_ = "\t\t\n$_" });
    line('line-of-blanks-last', $n, "refused F123 $after -", sub { $_ .= "\n " });
    line('line-of-delimiters-short', 5, 'refused F123 5 -', sub { $_ = ",,\n$_" });
}

sub columns
{
    my $n = rows_n();
    my $last = (names())[-1];
    line('column-more', 5, 'refused F123 5 -', sub { $_ .= ',x' });
    line('column-empty-more', 5, 'refused F123 5 -', sub { $_ .= ',' });
    line('column-less', 5, 'refused F123 5 -', sub { s/,[^,]*\z// });
    line('column-less-first', 2, 'refused F123 2 -', sub { s/,[^,]*\z// });
    line('column-less-last', $n, "refused F123 $n -", sub { s/,[^,]*\z// });
    line('two-rows-joined', 5, 'refused F123 5 -', sub { $_ .= $_ });
    line('header-short', 1, 'refused F126 1 AAZ501', sub { s/\A[^,]*,// });
    whole('trailing-delimiter', 'refused F123 2 -', sub { s/\n/,\n/g; s/,\n/\n/ });
    whole('trailing-everywhere', taken(), sub { s/\n/,\n/g });
    whole('two-trailing', 'refused F127 1 -', sub { s/\n/,,\n/g });
    whole('column-missing', 'refused F126 1 AAZ501', sub { s/^[^,]*,//mg });
    whole('column-misnamed', 'refused F126 1 AAZ501', sub { s/\A./Q/ });
    whole('column-doubled', 'refused F127 1 AAZ501', sub { s/^([^,]*)/$1,$1/mg });
    whole('column-doubled-alias', 'refused F127 1 AAZ501',
        sub { s/^([^,]*)/$1,$1/mg; s/\A[^,]*/卡识别码/ });
    whole('unknown-doubled', 'refused F127 1 -', sub { s/\n/,x,y\n/g; s/,x,y\n/,note,note\n/ });
    line('header-lower-case', 1, taken(), sub { $_ = lc });
    line('header-blanks', 1, taken(), sub { s/,/ , /g });
    line('header-quoted', 1, taken(), sub { $_ = join ',', map { quoted($_) } split /,/ });
    line('header-chinese', 1, taken(), sub { s/AAZ501/卡识别码/; s/AAC003/姓名/ });
    line('header-mark-inside', 1, 'refused F126 1 AAZ500', sub { s/AAZ500/\x{feff}AAZ500/ });
    line('header-full-width', 1, 'refused F126 1 AAZ500', sub { s/AAZ500/ＡＡＺ５００/ });
    line('header-no-break-space', 1, 'refused F126 1 AAZ500', sub { s/AAZ500/AAZ500\x{a0}/ });
    whole('unknown-column', taken(), sub { s/\n/,x\n/g; s/,x\n/,note\n/ });
    whole('header-long-name', 'refused F123 1 -', sub { s/\n/,x\n/g; s/,x\n/',' . 'q' x 64 . "\n"/e });
    whole('many-columns', 'refused F123 1 -', sub { s/\A/join '', map { "c$_," } 1 .. 130/e });
    my @order = reverse 0 .. names() - 1;
    give('columns-reordered', taken(), bytes(text([map { [@$_[@order]] } rows()])));
    whole('delimiter-bar', 'refused F125 1 -', sub { tr/,/|/ });
    whole('delimiter-semicolon', 'refused F125 1 -', sub { tr/,/;/ });
    whole('delimiter-tab', 'refused F125 1 -', sub { tr/,/\t/ });
    whole('delimiter-wide-comma', 'refused F126 1 -', sub { s/,/，/g });
    line('delimiter-mixed', 5, 'refused F123 5 -', sub { tr/,/|/ });
    line('long-cell', 5, "refused F124 5 $last", sub { s/,[^,]*\z/',"' . 'A' x 16385 . '"'/e });
    line('long-line', 5, 'refused F124 5 -', sub { s/\z/'A' x 70000/e });
    line('ten-megabytes', 5, 'refused F124 5 -', sub { s/\z/'A' x 10_000_000/e });
    line('ten-megabytes-quoted', 5, 'refused F124 5 -', sub { s/\A/'"' . 'A' x 10_000_000 . '"'/e });
    line('open-over-many-lines', 5, 'refused F122 5 -', sub { s/\A/'"' . "x\n" x 100_000/e });
    whole('one-line', 'refused F124 1 -', sub { $_ = 'A' x 3_000_000 });
}

sub totals
{
    my $n = rows_n();
    my $cut = sub { s/[^\n]*\n\z// };
    raw('empty', 'refused F103 0 -', sub { $_ = '' });
    raw('mark-only', 'refused F103 0 -', sub { $_ = "\xef\xbb\xbf" });
    raw('newlines-only', 'refused F103 0 -', sub { $_ = "\r\n\n\r\n" });
    whole('header-only', 'refused F103 0 -', sub { s/\n.*/\n/s });
    whole('no-header', 'refused F126 1 -', sub { s/\A.*\n// });
    whole('blank-first', 'refused F123 1 -', sub { s/\A/\n/ });
    whole('cut-in-a-row', "refused F123 $n -", sub { s/,[^,]*,[^,]*\n\z// });
    whole('cut-in-the-header', 'refused F126 1 AAZ500', sub { s/,.*//s });
    option(rows => $n - 1);
    whole('cut-at-a-row-end', 'refused F129 0 -', $cut);
    option(manifest => sprintf '{"rows": %d}', $n - 1);
    whole('cut-at-a-row-end-manifest', 'refused F129 0 -', $cut);
    option(manifest => sprintf '{"rows": %d, "sm3": "%064d"}', $n - 1, 7);
    whole('other-digest', 'refused F130 0 -', sub { });
    option(rows => $n - 1);
    whole('rows-as-stated', taken(), sub { });
    option(rows => $n - 1);
    whole('a-row-too-many', 'refused F129 0 -', sub { s/\n([^\n]*\n)/\n$1$1/ });
}

# Columns that hold another's contents: the file, not its rows (CONTRACTS 2).
sub shapes
{
    line('swapped-header', 1, 'refused F128 2 AAC002', sub { s/AAC002,AAC003/AAC003,AAC002/ });
    line('swapped-numbers', 1, 'refused F128 2 AAZ500', sub { s/AAZ501,AAZ500/AAZ500,AAZ501/ });
    whole('all-scientific', 'refused F128 2 AAC002', sub { s/^([^,]*,[^,]*),\d[^,]*/$1,4.116E+17/mg });
    whole('all-hashes', 'refused F128 2 AAC002', sub { s/^([^,]*,[^,]*),\d[^,]*/$1,#######/mg });
}

# ---- character sets ----

# A few bytes in front of the end of line 5, of a table in a set, declared as that set.
sub bad_bytes
{
    my ($charset, %bad) = @_;
    for my $name (sort keys %bad) {
        option(encoding => $charset);
        raw("$charset-$name", 'refused F120 5 -',
            sub { my $i = 0; s/\n/++$i == 5 ? "$bad{$name}\n" : "\n"/ge }, $charset);
    }
}

sub encodings
{
    my $n = rows_n();
    for my $set (qw(gbk gb18030)) {
        option(encoding => $set);
        raw("as-$set", taken(), sub { }, $set);
        raw("$set-as-utf-8", 'refused F120 2 -', sub { }, $set);
        option(encoding => $set);
        raw("utf-8-as-$set", 'refused F120 2 -', sub { });
        option(encoding => $set);
        raw("utf-8-mark-as-$set", 'refused F120 1 -', sub { $_ = "\xef\xbb\xbf$_" }, $set);
        option(encoding => $set);
        raw("$set-cut-in-a-character", "refused F120 $n -",
            sub { s/([\x80-\xff])[\x40-\xff][^\n]*\n\z/$1/ }, $set);
    }
    bad_bytes('gbk', 'four-bytes' => "\x82\x32\x8d\x37", 'euro' => "\x80", 'ff' => "\xff",
        'trail-7f' => "\xb0\x7f", 'trail-comma' => "\xb0,");
    bad_bytes('gb18030', 'euro' => "\x80", 'ff' => "\xff", 'third' => "\x81\x30\x30\x30",
        'fourth' => "\x81\x30\x81\x40", 'over-the-bmp' => "\x84\x31\xa5\x30",
        'over-the-planes' => "\xe3\x32\x9a\x36", 'cut-by-the-line' => "\x81\x30");
    bad_bytes('utf-8', 'overlong' => "\xc0\xaf", 'overlong-nul' => "\xc0\x80",
        'surrogate' => "\xed\xa0\x80", 'over-the-planes' => "\xf4\x90\x80\x80",
        'lone-trail' => "\x80", 'cut-by-the-line' => "\xe5\xbc", 'latin-1' => "\xe9t\xe9",
        'cesu' => "\xed\xa1\x80\xed\xb1\x96");
    raw('cut-in-a-character', "refused F120 $n -", sub { s/([\x80-\xff])[\x80-\xff][^\n]*\n\z/$1/ });
    raw('utf-16-le', 'refused F120 1 -', sub { s/(.)/$1\0/gs; $_ = "\xff\xfe$_" });
    raw('utf-16-be', 'refused F120 1 -', sub { s/(.)/\0$1/gs; $_ = "\xfe\xff$_" });
    raw('utf-16-without-mark', 'refused F121 1 -', sub { tr/\x80-\xff/x/; s/(.)/$1\0/gs });
    option(encoding => 'gb18030');
    raw('gb18030-mark', taken(), sub { $_ = "\x84\x31\x95\x33$_" }, 'gb18030');
}

# ---- contents: the row is held ----

# held: the code of what is no name here, by its own kind.
my %names = (
    R115 => { 'empty' => '', 'blanks' => '   ', 'wide-blanks' => "\x{3000}\x{3000}" },
    R116 => { 'question-mark' => '张?', 'question-marks' => '???', 'wide-question-mark' => '张？',
        'replacement' => "张\x{fffd}", 'geta' => '张〓', 'square' => '张□',
        'replaced-twice' => '锟斤拷', 'substitute' => "张\x1a" },
    R117 => { 'private-first' => "张\x{e000}", 'private-of-fe51' => "张\x{e816}",
        'private-of-2000' => "张\x{e81e}", 'private-last' => "张\x{f8ff}",
        'plane-15' => "张\x{f0000}", 'plane-16' => "张\x{10fffd}" },
    R118 => { 'direction' => "张\x{202e}伟", 'isolate' => "张\x{2066}伟", 'zero-width' => "张\x{200b}伟",
        'joiner' => "张\x{200d}伟", 'mark' => "\x{feff}张伟", 'no-break-space' => "张\x{a0}伟",
        'line-separator' => "张\x{2028}伟", 'paragraph-separator' => "张\x{2029}伟",
        'next-line' => "张\x{85}伟", 'tab' => "张\t伟", 'bell' => "张\x07", 'escape' => "\x1b[31m张",
        'delete' => "张\x7f", 'form-feed' => "张\x0c", 'soft-hyphen' => "Mar\x{ad}ia",
        'variation' => "葛\x{e0100}", 'digits' => '12345678', 'emoji' => "张\x{1f600}",
        'markup' => '<b>张</b>', 'backslash' => '张\\伟', 'bar' => '张|伟', 'dot-alone' => '·',
        'description' => '⿰木木', 'formula' => '=cmd', 'formula-call' => quoted('=HYPERLINK("//x","张")'),
        'formula-at' => '@SUM(1+1)', 'formula-plus' => '+张', 'comma' => quoted('张,伟') },
    R119 => { 'long' => '张' x 26 },
);

# Names by the bytes of GB18030; the code for each (DOMAIN 3.3).
my @coded = (
    [ 'fe51', "\xfe\x51", 'R117' ], [ 'aaa1', "\xaa\xa1", 'R117' ],
    [ '82359037', "\x82\x35\x90\x37", 'R117' ], [ '84318236', "\x84\x31\x82\x36", 'R117' ],
    [ '8431a439', "\x84\x31\xa4\x39", 'R118' ], [ '8431a437', "\x84\x31\xa4\x37", 'R116' ],
);

sub names_held
{
    for my $code (sort keys %names) {
        cell("name-$_", $code, 'AAC003', $names{$code}{$_}) for sort keys %{ $names{$code} };
    }
    names_coded();
}

sub names_coded
{
    for (@coded) {
        my ($name, $bytes, $code) = @$_;
        my @rows = rows();
        $rows[4][column('AAC003')] = '张@@';
        option(encoding => 'gb18030');
        give("name-gb18030-$name", "held $code 5 AAC003",
            bytes(text(\@rows), 'gb18030') =~ s/\@\@/$bytes/r);
    }
}

# The next number that holds: another person's, and the same to who compares doubles.
sub next_number
{
    my $digits = substr($_, 0, 14) . sprintf '%03d', (substr($_, 14, 3) + 1) % 1000;
    return $digits . check($digits);
}

sub numbers_held
{
    cell('id-bad-check', 'R104', 'AAC002', sub { s/(.)\z/$1 eq '1' ? '2' : '1'/er });
    cell('id-x-for-a-digit', 'R104', 'AAC002',
        sub { my $c = check(substr $_, 0, 17); substr($_, 0, 17) . ($c eq 'X' ? '0' : 'X') });
    cell('id-17', 'R103', 'AAC002', sub { substr $_, 0, 17 });
    cell('id-19', 'R103', 'AAC002', sub { "${_}0" });
    cell('id-15', 'R103', 'AAC002', sub { substr($_, 0, 6) . substr $_, 8, 9 });
    cell('id-empty', 'R103', 'AAC002', '');
    cell('id-full-width', 'R105', 'AAC002', sub { tr/0-9X/０-９Ｘ/r });
    cell('id-one-full-width', 'R105', 'AAC002', sub { s/\A(\d)/chr(0xfee0 + ord $1)/er });
    cell('id-arabic-digits', 'R105', 'AAC002', sub { tr/0-9/\x{660}-\x{669}/r });
    cell('id-letter-o', 'R105', 'AAC002', sub { s/0/O/r });
    cell('id-minus', 'R105', 'AAC002', sub { s/\A./-/r });
    cell('id-zero-width', 'R103', 'AAC002', sub { "\x{200b}$_" });
    cell('id-mark', 'R103', 'AAC002', sub { "\x{feff}$_" });
    cell('id-no-break-space', 'R103', 'AAC002', sub { "$_\x{a0}" });
    cell('id-space', 'R103', 'AAC002', sub { " $_" });
    cell('id-tab', 'R103', 'AAC002', sub { "\t$_" });
    cell('id-apostrophe', 'R103', 'AAC002', sub { "'$_" });
    cell('id-direction', 'R103', 'AAC002', sub { "\x{202e}$_\x{202c}" });
    cell('id-direction-inside', 'R105', 'AAC002', sub { s/.\z/\x{202d}/r });
    cell('id-formula', 'R105', 'AAC002', q(=cmd|' /C calc'!A0));
    cell('id-province', 'R106', 'AAC002', sub { '19' . substr $_, 2 });
    cell('id-date', 'R107', 'AAC002', sub { substr($_, 0, 6) . '19990231' . substr $_, 14 });
    cell('id-next', 'R128:P10', 'AAC002', \&next_number);
    cell('id-scientific', 'R110', 'AAC002', '4.116E+17');
    cell('id-scientific-long', 'R110', 'AAC002', '4.11602199001E+17');
    cell('id-hashes', 'R110', 'AAC002', '##########');
    cell('id-lower-case-x', '', 'AAC002', sub { lc });
    cell('id-quoted', '', 'AAC002', sub { quoted($_) });
    cell('id-excel', '', 'AAC002', sub { qq(="$_") });
    cell('id-excel-quoted', '', 'AAC002', sub { quoted(qq(="$_")) });
}

sub cards_held
{
    cell('card-no-hashes', 'R110', 'AAZ500', '####');
    cell('card-no-zero-lost', 'R110', 'AAZ500', '12345678');
    cell('card-no-scientific', 'R110', 'AAZ500', '1.23E+08');
    cell('card-no-short', 'R111', 'AAZ500', sub { substr $_, 0, 8 });
    cell('card-no-full-width', 'R111', 'AAZ500', sub { s/\d/０/r });
    cell('card-no-joiner', 'R111', 'AAZ500', sub { "$_\x{200d}" });
    cell('card-no-formula', 'R111', 'AAZ500', '=1+2');
    cell('card-no-check', '', 'AAZ500', sub { s/(.)\z/$1 eq '1' ? '2' : '1'/er });    # warned of
    cell('card-id-empty', 'R101', 'AAZ501', '');
    cell('card-id-short', 'R101', 'AAZ501', sub { substr $_, 0, 31 });
    cell('card-id-spaced', 'R101', 'AAZ501', sub { "$_ " });
    cell('card-id-letter', 'R101', 'AAZ501', sub { s/.\z/G/r });
    cell('card-id-formula', 'R101', 'AAZ501', '=A1');
    cell('card-id-city', 'R102', 'AAZ501', sub { s/\A411600/310100/r });
    cell('card-id-lower-case', '', 'AAZ501', sub { lc });
    cell('division-scientific', 'R110', 'AAB301', '4.116E+05');
    cell('division-short', 'R113', 'AAB301', '41160');
    cell('division-full-width', 'R113', 'AAB301', '４１１６００');
    cell('division-of-another', 'R102:AAZ501', 'AAB301', '310101');
    cell('name-padded', '', 'AAC003', sub { "$_  \x{3000}" });
    cell('name-of-another', 'R128:P10', 'AAC003', '欧阳锋');
    line('header-again', 5, 'held R101 5 AAZ501', sub { $_ = join(',', names()) . "\n$_" });
    line('line-of-delimiters', 5, 'held R101 5 AAZ501', sub { $_ = ',' x (names() - 1) . "\n$_" });
}

sub keys_held
{
    cell('key-empty', 'R120', 'QMGY', '');
    cell('key-short', 'R120', 'QMGY', sub { substr $_, 0, 127 });
    cell('key-with-04', 'R120', 'QMGY', sub { "04$_" });
    cell('key-spaced', 'R120', 'QMGY', sub { s/\A(..)/$1 /r });
    cell('key-letter', 'R120', 'QMGY', sub { s/\A./G/r });
    cell('key-off-curve', 'R121', 'QMGY', sub { s/\A../$& eq '00' ? '01' : '00'/er });
    cell('key-lower-case', '', 'QMGY', sub { lc });
    cell('request-empty', 'R122', 'P10', '');
    cell('request-cut', 'R123', 'P10', sub { substr $_, 0, -3 });
    cell('request-cut-whole', 'R124', 'P10', sub { substr $_, 0, length() - 8 });
    cell('request-url-alphabet', 'R123', 'P10', sub { s/\A./-/r });
    cell('request-blank', 'R123', 'P10', sub { s/\A(.{64})/$1 /r });
    cell('request-not-der', 'R124', 'P10', 'AAAA');
    my @rows = rows();
    my ($card, $key) = map { column($_) } qw(AAZ501 QMGY);
    ($rows[4][column('P10')], $rows[5][column('P10')]) = map { $_->[column('P10')] } @rows[5, 4];
    give('requests-swapped', 'held R127 5 P10,held R127 6 P10', bytes(text(\@rows)));
    @rows = rows();
    $rows[7][$card] = $rows[4][$card];
    give('card-twice', 'held R140 5 AAZ501,held R140 8 AAZ501', bytes(text(\@rows)));
    @rows = rows();
    $rows[7][$_] = $rows[4][$_] for $key, column('P10'), column('AAC002'), column('AAC003');
    give('key-twice', 'held R141 5 QMGY,held R141 8 QMGY', bytes(text(\@rows)));
}

# ---- issuance data: the card of the row is held, and nothing of it goes to RA or card ----

sub issued_names
{
    for my $code (sort keys %names) {
        for my $name (sort keys %{ $names{$code} }) {
            # No name: it differs from the one that the application has.
            my $want = $code eq 'R115' ? 'R201' : $code;
            cell("name-$name", $want, 'AAC003', $names{$code}{$name});
        }
    }
    names_coded();
    cell('name-of-another', 'R201', 'AAC003', '欧阳锋');
    cell('extension-question-marks', 'R116', 'BAZ103', '??');
    cell('extension-private', 'R117', 'BAZ103', "\x{e816}");
    cell('extension-direction', 'R118', 'BAZ103', "\x{202e}提");
    cell('extension-long', 'R119', 'BAZ103', '买' x 11);
    cell('extension-good', '', 'BAZ103', '·买买提');
    cell('name-last-character', 'R201', 'AAC003', sub { s/.\z/㼆/r });
    cell('name-padded', '', 'AAC003', sub { "$_  \x{3000}" });
}

sub issued_numbers
{
    cell('id-next', 'R201', 'AAC002', \&next_number);
    cell('id-last-digit', 'R201', 'AAC002', sub { s/(.)\z/$1 eq '1' ? '2' : '1'/er });
    cell('id-full-width', 'R201', 'AAC002', sub { tr/0-9X/０-９Ｘ/r });
    cell('id-15', 'R201', 'AAC002', sub { substr($_, 0, 6) . substr $_, 8, 9 });
    cell('id-scientific', 'R201', 'AAC002', '4.116E+17');
    cell('id-zero-width', 'R201', 'AAC002', sub { "$_\x{200b}" });
    cell('id-empty', 'R201', 'AAC002', '');
    cell('id-lower-case-x', '', 'AAC002', sub { lc });
    cell('id-excel', '', 'AAC002', sub { qq(="$_") });
    cell('card-no-other', 'R201', 'AAZ500', sub { s/(.)\z/$1 eq '1' ? '2' : '1'/er });
    cell('card-no-hashes', 'R201', 'AAZ500', '####');
    cell('card-id-lower-case', '', 'AAZ501', sub { lc });
    cell('division-other', 'R201', 'AAB301', '411601');
    cell('division-empty', 'R201', 'AAB301', '');
    cell('batch-other', 'R201', 'BAZ033', 'B2');
    my @rows = rows();
    splice @rows, 6, 0, [@{ $rows[4] }];
    give('row-twice', 'held R204 7 AAZ501', bytes(text(\@rows)));
    line('column-less', 5, 'refused F123 5 -', sub { s/,[^,]*\z// });
    line('stray-quote', 5, 'refused F122 5 -', sub { s/,/x"y,/ });
    line('open-quote', 5, 'refused F122 5 -', sub { s/,/,"/ });
    whole('cut-in-a-row', 'refused F123 ' . rows_n() . ' -', sub { s/,[^,]*,[^,]*\n\z// });
    whole('all-scientific', 'refused F128 2 AAC002', sub { s/^([^,]*,[^,]*),\d[^,]*/$1,4.116E+17/mg });
    encodings();
}

begin($folder, 'ingest', $keys, $cards);
$_->() for \&quotes, \&ends, \&columns, \&totals, \&encodings, \&shapes, \&names_held,
    \&numbers_held, \&cards_held, \&keys_held;
whole('cut-at-a-row-end-unseen', taken(rows_n() - 2), sub { s/[^\n]*\n\z// });
begin($folder, 'reconcile', $issuance, $cards);
$_->() for \&issued_names, \&issued_numbers;
