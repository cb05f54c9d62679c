#!/usr/bin/perl
# envelope_seeds.pl POINT FOLDER: seeds of tests/fuzz/corpus/envelope, every form with what is right
# and wrong in it. POINT: X || Y of a point of the curve in hex; it is C1 and the key. For
# make_corpus.sh.
use strict;
use warnings;

my ($hex, $folder) = @ARGV;
die "usage: envelope_seeds.pl POINT FOLDER\n" if @ARGV != 2 || $hex !~ /\A[0-9a-f]{128}\z/;
my ($x, $y) = unpack 'a32 a32', pack 'H*', $hex;
my $zeros = "\0" x 32;
my ($d, $hash, $cipher) = (join('', map { chr } 1 .. 32), "\x3c" x 32, "\xc1" x 16);

sub seed {
    my ($name, $bytes) = @_;
    open my $out, '>:raw', "$folder/$name" or die "$folder/$name: $!\n";
    print $out $bytes;
    close $out or die "$name: $!\n";
    return $bytes;
}

# changed NAME BYTES OFFSET CHANGE: CHANGE stands at OFFSET.
sub changed {
    my ($name, $bytes, $at, $change) = @_;
    substr $bytes, $at, length $change, $change;
    return seed($name, $bytes);
}

# ---- blobs ----

sub number { return pack $_[1] == 8 ? 'Q<' : 'V', $_[0] }
sub padded { return join '', map { $zeros . $_ } @_ }

sub blob {
    my ($order, $outer, $inner, $room) = @_;
    my %member = (
        v => number(1, $outer),
        a => number(0x20800, $outer),
        s => number(0x401, $outer),
        b => number(256, $outer),
        k => padded($d),
        p => number(256, $inner) . padded($x, $y),
        c => padded($x, $y) . $hash . number(16, $inner) . $cipher . "\0" x (($room // 16) - 16),
    );
    return join '', map { $member{$_} } split //, $order;
}

my $skf = seed('good', blob('vsbkpc', 4, 4));
my $long = seed('skf_long', blob('vsbkpc', 8, 8));
my $sdf = seed('sdf_cipher_first', blob('ascpk', 4, 4));
seed('cut', substr $skf, 0, 387);
seed('skf_and_more', "$skf\0");
seed('skf_head', substr $skf, 0, 12);
seed('skf_long_cut', substr $long, 0, 400);
seed('sdf_cipher_last', blob('aspkc', 4, 4));
seed('sdf_long_first', blob('ascpk', 8, 4));
seed('sdf_long_last', blob('aspkc', 8, 4));
seed('sdf_136', blob('ascpk', 4, 4, 136));
seed('sdf_bits', blob('asbkpc', 4, 4));
my @skf = (
    [algorithm => 4, "\2"], [off_curve => 120, "\0"], [padding => 12, "\1"],
    [version_0 => 0, "\0"], [version_2 => 0, "\2"], [sm1 => 5, "\1"], [ssf33 => 5, "\2"],
    [cbc => 4, "\2"], [no_algorithm => 4, "\0\0"], [bits => 8, "\1"], [bit_len => 76, "\1"],
    [x_left => 80, "\1"], [y_left => 144, "\1"], [c1_left => 208, "\1"], [c1_off => 335, "\0"],
    [length_15 => 368, "\x0f"], [length_big => 371, "\xff"], [key_zero => 112, $zeros],
    [c1_zero => 240, $zeros], [d_zero => 44, $zeros], [ff => 0, "\xff" x 388],
);
changed($_->[0], $skf, $_->[1], $_->[2]) for @skf;
changed('long_high_half', $long, 4, "\1");
changed('long_sm1', $long, 9, "\1");
changed('long_bits', $long, 17, "\0");
changed('long_length', $long, 384, "\x0f");
changed('sdf_not_sm2', $sdf, 2, "\1");
changed('sdf_cbc', $sdf, 4, "\2");
changed('sdf_off', $sdf, 71, "\0");
changed('sdf_bit_len', $sdf, 188, "\1");
changed('sdf_d_left', $sdf, 320, "\1");

# ---- DER ----

sub tlv {
    my ($tag, $body) = @_;
    my $n = length $body;
    my $length = $n < 128 ? chr $n : $n < 256 ? "\x81" . chr $n : "\x82" . pack 'n', $n;
    return chr($tag) . $length . $body;
}
sub sequence { return tlv(0x30, join '', @_) }
sub set      { return tlv(0x31, join '', @_) }
sub octets   { return tlv(0x04, $_[0]) }
sub bits     { return tlv(0x03, "\0$_[0]") }
sub oid      { return tlv(0x06, pack 'H*', $_[0]) }

sub integer {
    my $bytes = $_[0] =~ s/\A\0+(?=.)//sr;
    return tlv(0x02, ord($bytes) >= 0x80 ? "\0$bytes" : $bytes);
}
my $null = tlv(0x05, '');
my $iv = octets($cipher);
my ($sm4, $gm, $pkcs7) = ('2a811ccf550168', '2a811ccf5506010402', '2a864886f70d0107');
my $ecb = sequence(oid("${sm4}01"), $null);
my $sm2 = sequence(integer($x), integer($y), octets($hash), octets($cipher));
my $key = bits("\4$x$y");

sub asn1 {
    my %with = (algorithm => $ecb, cipher => $sm2, key => $key, private => bits($d), tail => '', @_);
    return sequence(@with{qw(algorithm cipher key private tail)});
}

my $asn1 = seed('asn1', asn1());
seed('asn1_bare', asn1(algorithm => sequence(oid($sm4))));
seed('asn1_null', asn1(algorithm => sequence(oid($sm4), $null)));
seed('asn1_no_null', asn1(algorithm => sequence(oid("${sm4}01"))));
seed('asn1_cbc', asn1(algorithm => sequence(oid("${sm4}02"), $iv)));
seed('asn1_iv', asn1(algorithm => sequence(oid($sm4), $iv)));
seed('asn1_ecb_iv', asn1(algorithm => sequence(oid("${sm4}01"), $iv)));
seed('asn1_gcm', asn1(algorithm => sequence(oid("${sm4}08"), sequence(octets('nonce')))));
seed('asn1_mode_0', asn1(algorithm => sequence(oid("${sm4}00"))));
seed('asn1_sm1', asn1(algorithm => sequence(oid('2a811ccf550166'))));
seed('asn1_ssf33', asn1(algorithm => sequence(oid('2a811ccf550167'))));
seed('asn1_sm3', asn1(algorithm => sequence(oid('2a811ccf55018311'))));
seed('asn1_aes', asn1(algorithm => sequence(oid('608648016503040101'))));
seed('asn1_integer', asn1(algorithm => sequence(oid($sm4), integer("\1"))));
seed('asn1_two', asn1(algorithm => sequence(oid($sm4), $null, $null)));
seed('asn1_48', asn1(private => bits($d . "\x10" x 16)));
seed('asn1_64', asn1(private => bits($zeros . $d)));
seed('asn1_64_left', asn1(private => bits($d . $zeros)));
seed('asn1_80', asn1(private => bits($zeros . $d . "\x10" x 16)));
seed('asn1_1024', asn1(private => bits($d x 32)));
seed('asn1_1040', asn1(private => bits($d x 32 . $cipher)));
seed('asn1_16', asn1(private => bits($cipher)));
seed('asn1_33', asn1(private => bits("\0$d")));
seed('asn1_unused', asn1(private => tlv(0x03, "\1$d")));
seed('asn1_octets', asn1(private => octets($d)));
seed('asn1_compressed', asn1(key => bits("\2$x")));
seed('asn1_hybrid', asn1(key => bits("\6$x$y")));
seed('asn1_key_off', asn1(key => bits("\4$y$x")));
seed('asn1_key_unused', asn1(key => tlv(0x03, "\4\4$x$y")));
seed('asn1_tail', asn1(tail => $null));
my @ciphers = (
    [no_c2 => integer($x), integer($y), octets($hash)],
    [hash_33 => integer($x), integer($y), octets("\0$hash"), octets($cipher)],
    [key_24 => integer($x), integer($y), octets($hash), octets("\0" x 24)],
    [off => integer($y), integer($x), octets($hash), octets($cipher)],
    [negative => tlv(0x02, "\x80" . substr $x, 1), integer($y), octets($hash), octets($cipher)],
    [zeros => tlv(0x02, "\0\0$x"), integer($y), octets($hash), octets($cipher)],
    [long => tlv(0x02, "\1$x"), integer($y), octets($hash), octets($cipher)],
    [c2_first => integer($x), integer($y), octets($cipher), octets($hash)],
    [more => integer($x), integer($y), octets($hash), octets($cipher), $null],
);
for (@ciphers) {
    my ($name, @parts) = @$_;
    seed("asn1_cipher_$name", asn1(cipher => sequence(@parts)));
}
seed('asn1_cipher_raw', asn1(cipher => octets("\4$x$y$hash$cipher")));
seed('asn1_cut', substr $asn1, 0, -1);
seed('asn1_and_more', "$asn1\0");
changed('asn1_length', $asn1, 2, "\xff");
seed('asn1_indefinite', "\x30\x80" . substr($asn1, 3) . "\0\0");

# ---- GM/T 0010 ----

my $name = sequence(set(sequence(oid('550403'), tlv(0x0c, 'CA'))));
my $other = sequence(set(sequence(oid('550403'), tlv(0x0c, 'CB'))));
my $sm2_encrypt = sequence(oid('2a811ccf5501822d03'));
my $spki = sequence(sequence(oid('2a8648ce3d0201'), oid('2a811ccf5501822d')), $key);

sub recipient {
    my %with = (rid => sequence($name, integer("\7")), algorithm => $sm2_encrypt, key => $sm2, @_);
    return sequence(integer("\1"), $with{rid}, $with{algorithm}, octets($with{key}));
}

sub certificate {
    my ($issuer, $subject, $serial) = @_;
    my $validity = sequence(map { tlv(0x17, $_) } '200101000000Z', '391231235959Z');
    my $signature = sequence(oid('2a811ccf55018375'));
    return sequence(sequence(tlv(0xa0, integer("\2")), integer($serial), $signature, $issuer,
        $validity, $subject, $spki), $signature, bits(sequence(integer($x), integer($y))));
}
my $signers = set(sequence(integer("\1"), sequence($name, integer("\7")),
    sequence(oid('2a811ccf55018311')), sequence(oid('2a811ccf5501822d01')), octets('signature')));

sub cms {
    my %with = (type => "${gm}03", recipients => recipient(), data => "${gm}01",
        algorithm => sequence(oid($sm4)), content => tlv(0x80, $d), tail => '', @_);
    my $digests = exists $with{signers} ? set(sequence(oid('2a811ccf55018311'))) : '';
    my $content = sequence(oid($with{data}), $with{algorithm}, $with{content});
    return sequence(oid($with{type}), tlv(0xa0, sequence(integer("\1"), set($with{recipients}),
        $digests, $content, $with{certificates} // '', $with{signers} // '', $with{tail})));
}
my @signed = (type => "${gm}04", signers => $signers);
seed('cms', cms());
seed('cms_pkcs7', cms(type => "${pkcs7}03", data => "${pkcs7}01"));
seed('cms_signed', cms(@signed));
seed('cms_pkcs7_signed', cms(@signed, type => "${pkcs7}04"));
seed('cms_64', cms(@signed, content => tlv(0x80, $zeros . $d)));
seed('cms_48', cms(content => tlv(0x80, $d . $cipher)));
seed('cms_pkcs8', cms(content => tlv(0x80, $d x 5)));
seed('cms_cbc', cms(algorithm => sequence(oid("${sm4}02"), $iv)));
seed('cms_constructed', cms(content => tlv(0xa0, octets($d))));
seed('cms_no_content', cms(content => ''));
seed('cms_two', cms(recipients => recipient() . recipient()));
seed('cms_none', cms(recipients => ''));
seed('cms_ski', cms(recipients => recipient(rid => tlv(0x80, 'card'))));
seed('cms_rsa', cms(recipients => recipient(algorithm => sequence(oid('2a864886f70d010101'), $null))));
seed('cms_raw', cms(recipients => recipient(key => "\4$x$y$hash$cipher")));
seed('cms_key_tail', cms(recipients => recipient(key => $sm2 . $null)));
seed('cms_signed_data', cms(data => "${gm}02"));
seed('cms_type_2', cms(type => "${gm}02"));
seed('cms_type_5', cms(type => "${gm}05"));
seed('cms_tail', cms(tail => tlv(0xa1, '')));
seed('cms_no_signers', cms(type => "${gm}04", signers => ''));
seed('cms_bad_signer', cms(@signed, signers => set(sequence(integer("\1")))));
seed('cms_empty_signers', cms(@signed, signers => set()));
seed('cms_crls', cms(@signed, certificates => tlv(0xa0, '') . tlv(0xa1, sequence())));
seed('cms_bad_crls', cms(@signed, certificates => tlv(0xa1, "\x1f")));
my %beside = (signer => [$name, $other, "\7"], ca => [$name, $name, "\x08"],
    foreign => [$name, $other, "\x09"]);
for my $kind (sort keys %beside) {
    seed("cms_$kind", cms(@signed, certificates => tlv(0xa0, certificate(@{ $beside{$kind} }))));
}
seed('cms_no_certificate', cms(@signed, certificates => tlv(0xa0, sequence(octets('x')))));
seed('cms_short_tbs', cms(@signed, certificates => tlv(0xa0, sequence(sequence(integer("\1"))))));
seed('cms_cut', substr cms(), 0, 100);

# ---- opaque ----

seed('empty', '');
seed('text', 'JMMY');
seed('noise', "\xfe" x 100);
seed('sequence', "\x30\0");
seed('pkcs8', sequence(sequence(oid('2a864886f70d01050d'), $null), octets($d)));
seed('certificate', certificate($name, $other, "\7"));
seed('max', "\xfe" x 8192);
seed('over', "\xfe" x 8193);
