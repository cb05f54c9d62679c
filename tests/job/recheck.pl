#!/usr/bin/perl
# recheck.pl: judges the rows of machine files anew, with perl and the openssl command alone; it
# shares no code with Persoline (issue 3, "must show" 3; DESIGN 1 rule 3, DOMAIN 5.9).
#
# recheck.pl --application CSV --issuance CSV --held LIST --root CER --issuing CER --sender PEM
#     --date YYYY-MM-DD --work DIR MACHINE-FILE...
#
# LIST has one AAZ501 a line: cards that no machine file may have; every other card of the
# application must be there exactly once. Prints one line for each thing that is wrong and ends
# with 1, or says what was checked and ends with 0.
use strict;
use warnings;
use Encode qw(decode);
use Getopt::Long qw(GetOptions);
use MIME::Base64 qw(decode_base64 encode_base64);

my %o;
GetOptions(\%o, map { "$_=s" } qw(application issuance held root issuing sender date work))
    && @ARGV or die "usage: see the head of $0\n";
my $distid = 'distid:1234567812345678';    # on every level (GM/T 0009-2012)
my $wrong = 0;

sub wrong { print "@_\n"; $wrong++; return }

# ---- tables ----

sub cells {
    my ($line) = @_;
    my @cells;
    while ($line =~ /\G(?:"((?:[^"]|"")*)"|([^,]*))(,|\z)/gc) {
        my ($quoted, $plain, $end) = ($1, $2, $3);
        $quoted =~ s/""/"/g if defined $quoted;
        push @cells, defined $quoted ? $quoted : $plain;
        last if $end eq '';
    }
    return @cells;
}

# Rows as hashes by column name, in file order.
sub table {
    my ($path) = @_;
    open my $in, '<:raw', $path or die "$path: $!\n";
    my (@names, @rows);
    while (my $line = <$in>) {
        $line =~ s/\r?\n\z//;
        $line =~ s/\A\xef\xbb\xbf// if $. == 1;
        my @cells = cells($line);
        if (!@names) { @names = @cells; next }
        @cells == @names or die "$path:$.: have " . @cells . " cells, want " . @names . "\n";
        my %row;
        @row{@names} = @cells;
        push @rows, \%row;
    }
    return @rows;
}

sub lines_of {
    my ($path) = @_;
    open my $in, '<:raw', $path or die "$path: $!\n";
    chomp(my @lines = <$in>);
    return @lines;
}

# ---- DER ----

# The elements that stand side by side in some bytes: [tag, contents].
sub elements {
    my ($der) = @_;
    my ($at, @found) = (0);
    while ($at < length $der) {
        die "DER: cut\n" if length($der) < $at + 2;
        my ($tag, $length) = unpack 'CC', substr $der, $at, 2;
        $at += 2;
        if ($length >= 0x80) {
            my $n = $length & 0x7f;
            die "DER: length\n" if $n < 1 || $n > 4 || length($der) < $at + $n;
            $length = 0;
            $length = $length << 8 | $_ for unpack 'C*', substr $der, $at, $n;
            $at += $n;
        }
        die "DER: cut\n" if length($der) < $at + $length;
        push @found, [$tag, substr $der, $at, $length];
        $at += $length;
    }
    return @found;
}

sub one {
    my ($der, $tag) = @_;
    my @found = elements($der);
    die "DER: have " . @found . " elements, want 1 with tag $tag\n"
        if @found != 1 || $found[0][0] != $tag;
    return $found[0][1];
}

my %oid = (
    "\x55\x04\x03" => 'CN',
    "\x55\x04\x05" => 'serialNumber',
    "\x55\x1d\x0f" => 'keyUsage',
    "\x2a\x81\x1c\xd0\x14\x04\x01\x01" => 'identifyCode',       # 1.2.156.10260.4.1.1
    "\x2a\x81\x1c\xd0\x14\x04\x01\x02" => 'insuranceNumber',    # 1.2.156.10260.4.1.2
);
my $sm2 = "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x81\x1c\xcf\x55\x01\x82\x2d";

# What this file judges a certificate by.
sub certificate {
    my ($der) = @_;
    my %c = (numbers => []);
    my ($tbs) = elements(one($der, 0x30));
    my @part = elements($tbs->[1]);
    shift @part if $part[0][0] == 0xa0;
    my ($subject, $spki) = @part[4, 5];
    for my $rdn (elements($subject->[1])) {
        my ($type, $value) = elements(one($rdn->[1], 0x30));
        my $name = $oid{ $type->[1] } or next;
        $c{$name} = $value->[1];
    }
    my ($algorithm, $bits) = elements($spki->[1]);
    die "not an SM2 key\n" if $algorithm->[1] ne $sm2;
    $bits->[1] =~ /\A\0\x04(.{64})\z/s or die "not an uncompressed point\n";
    $c{key} = uc unpack 'H*', $1;
    for my $extensions (grep { $_->[0] == 0xa3 } @part) {
        for my $extension (elements(one($extensions->[1], 0x30))) {
            my @e = elements($extension->[1]);
            my $name = $oid{ $e[0][1] } or next;
            if ($name eq 'keyUsage') {
                my ($unused, $first) = unpack 'CC', one($e[-1][1], 0x03);
                $c{usage} = $first;
                next;
            }
            my ($value) = elements($e[-1][1]);
            ($value) = elements($value->[1]) while $value->[0] & 0x20;
            push @{ $c{numbers} }, $value->[1];
        }
    }
    return \%c;
}

# ---- names ----

# Dot, space and width are no difference (profile default, DOMAIN 3.5); written anew here.
sub folded {
    my ($bytes) = @_;    # decode empties what it is given
    my $name = decode('UTF-8', $bytes, Encode::FB_CROAK);
    $name =~ tr/\x{ff01}-\x{ff5e}/\x21-\x7e/;
    $name =~ s/[\x{b7}\x{387}\x{2022}\x{2027}\x{2219}\x{22c5}\x{30fb}\x{ff65}.]/\x{b7}/g;
    $name =~ s/[ \x{a0}\x{3000}]//g;
    return $name;
}

my $padding = qr/ |\xe3\x80\x80/;    # no part of a value: space, ideographic space

# ---- one row ----

my %application = map { $_->{AAZ501} => $_ } table($o{application});
my %issuance = map { $_->{AAZ501} => $_ } table($o{issuance});
my %held = map { $_ => 1 } lines_of($o{held});
my (%seen, $n_rows, @pem);

sub cell_certificate {
    my ($where, $row, $column) = @_;
    my $der = decode_base64($row->{$column});
    my $name = sprintf '%06d.%s.pem', $n_rows, $column;
    open my $out, '>', "$o{work}/$name" or die "$o{work}/$name: $!\n";
    print $out "-----BEGIN CERTIFICATE-----\n", encode_base64($der), "-----END CERTIFICATE-----\n";
    close $out or die "$name: $!\n";
    push @pem, [$name, "$where: $column"];
    my $c = eval { certificate($der) };
    wrong("$where: $column: $@" =~ s/\n//gr) if !$c;
    return $c;
}

sub check_person {
    my ($where, $c, $column, $issued) = @_;
    wrong("$where: $column: CN is not AAC003 of the issuance data")
        if !defined $c->{CN} || folded($c->{CN}) ne folded($issued->{AAC003});
    my @numbers = grep { defined } $c->{serialNumber}, @{ $c->{numbers} };
    wrong("$where: $column: carries no number of the person") if !@numbers;
    for my $number (@numbers) {
        wrong("$where: $column: a number in it is not AAC002") if $number ne $issued->{AAC002};
    }
    return;
}

sub check_envelope {
    my ($where, $row, $jmzs) = @_;
    my $blob = decode_base64($row->{JMMY});
    return wrong("$where: JMMY: have " . length($blob) . ' bytes, want 388') if length $blob != 388;
    my ($bits, $cipher) = (unpack('V', substr $blob, 76, 4), unpack('V', substr $blob, 368, 4));
    my $key = uc unpack 'H*', substr($blob, 112, 32) . substr($blob, 176, 32);
    wrong("$where: JMMY: BitLen $bits, CipherLen $cipher") if $bits != 256 || $cipher != 16;
    wrong("$where: JMMY: its key is not the key of JMZS") if $jmzs && $key ne $jmzs->{key};
    return;
}

sub check_row {
    my ($where, $row) = @_;
    my $id = $row->{AAZ501};
    my ($asked, $issued) = ($application{$id}, $issuance{$id});
    return wrong("$where: a card that was not applied for") if !$asked || !$issued;
    wrong("$where: a card that must be held") if $held{$id};
    wrong("$where: the card stands here a second time") if $seen{$id}++;
    for my $column (qw(AAZ500 AAC002 AAC003 AAC004 AAC006 AAB301)) {
        my $want = $issued->{$column} =~ s/\A(?:$padding)+|(?:$padding)+\z//gr;
        wrong("$where: $column is not the issuance data's") if $row->{$column} ne $want;
    }
    wrong("$where: QMGY is not the key applied for") if uc $row->{QMGY} ne uc $asked->{QMGY};
    my $qmzs = cell_certificate($where, $row, 'QMZS');
    my $jmzs = cell_certificate($where, $row, 'JMZS');
    if ($qmzs) {
        wrong("$where: QMZS: its key is not QMGY of the row") if $qmzs->{key} ne uc $row->{QMGY};
        wrong("$where: QMZS: its key is not the key applied for")
            if $qmzs->{key} ne uc $asked->{QMGY};
        # digitalSignature 80, nonRepudiation 40
        wrong("$where: QMZS: key usage") if ($qmzs->{usage} // 0) != 0xc0;
        check_person($where, $qmzs, 'QMZS', $issued);
    }
    if ($jmzs) {
        # keyEncipherment 20, dataEncipherment 10, keyAgreement 08
        wrong("$where: JMZS: key usage") if ($jmzs->{usage} // 0) != 0x38;
        wrong("$where: JMZS: has the card's signing key") if $jmzs->{key} eq uc $row->{QMGY};
        check_person($where, $jmzs, 'JMZS', $issued);
    }
    check_envelope($where, $row, $jmzs);
    return;
}

# ---- a file and its side files ----

sub output_of {
    my @command = @_;
    open my $from, '-|', @command or die "$command[0]: $!\n";
    local $/ = undef;
    my $text = <$from>;
    close $from;
    return $text // '';
}

sub check_file {
    my ($path) = @_;
    my $file = $path =~ s{.*/}{}r;
    my @rows = table($path);
    for my $i (0 .. $#rows) {
        $n_rows++;
        my $where = "$file row " . ($i + 1);
        wrong("$where: seq is $rows[$i]{seq}") if $rows[$i]{seq} != $i + 1;
        check_row($where, $rows[$i]);
    }
    my $json = join "\n", lines_of("$path.manifest.json");
    my ($count) = $json =~ /"rows": *(\d+)/;
    my ($sm3) = $json =~ /"sm3": *"([0-9a-f]{64})"/;
    wrong("$file: have " . @rows . " rows, the manifest says $count") if $count != @rows;
    my $have = output_of('openssl', 'dgst', '-sm3', '-r', $path);
    wrong("$file: SM3 is not the manifest's") if substr($have, 0, 64) ne $sm3;
    my $verified = output_of('openssl', 'dgst', '-sm3', '-sigopt', $distid, '-verify',
        "$o{work}/sender.pub", '-signature', "$path.sig", "$path.manifest.json");
    wrong("$file: the manifest is not signed by the site") if $verified !~ /Verified OK/;
    return;
}

# All certificates in one call: openssl verify judges each file by itself. It sets the SM2 id on the
# last level only (PLATFORM), so the issuing certificate is verified by itself and then trusted.
sub check_chains {
    my ($year, $month, $day) = split /-/, $o{date};
    my $noon = `date -u -d $year-$month-${day}T12:00:00 +%s`;
    chomp $noon;
    my @verify = (qw(openssl verify -attime), $noon, '-vfyopt', $distid);
    wrong("the issuing certificate: openssl verify refuses it")
        if output_of(@verify, '-CAfile', $o{root}, $o{issuing}) !~ /: OK$/;
    chdir $o{work} or die "$o{work}: $!\n";
    open my $said, '-|', 'sh', '-c', 'exec "$@" 2>/dev/null', 'sh', @verify,
        '-partial_chain', '-trusted', $o{issuing}, map { $_->[0] } @pem
        or die "openssl: $!\n";
    my %good = map { /\A(\S+): OK\Z/ ? ($1 => 1) : () } <$said>;
    close $said;
    for my $pem (@pem) {
        wrong("$pem->[1]: openssl verify refuses it") if !$good{ $pem->[0] };
    }
    return;
}

mkdir $o{work};
system('sh', '-c', 'openssl x509 -in "$1" -pubkey -noout >"$2"', 'sh', $o{sender},
    "$o{work}/sender.pub") == 0 or die "$o{sender}: no certificate\n";
s{\A(?!/)}{$ENV{PWD}/} for @o{qw(root issuing)};
check_file($_) for @ARGV;
check_chains();
for my $id (sort keys %application) {
    wrong("$id: a good card is in no machine file") if !$held{$id} && !$seen{$id};
}
if ($wrong) {
    print "$wrong things are wrong\n";
    exit 1;
}
print "$n_rows rows of " . @ARGV . ' files, ' . @pem . " certificates\n";
