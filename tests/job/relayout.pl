#!/usr/bin/perl
# relayout.pl PROFILE FILE [utf-8]: rewrites a table of the sandbox in place as a province with that
# shipped profile has it: its headers, delimiter, line ends. Its bytes are of the profile's encoding
# already, or UTF-8 where that is said. A manifest beside the file states the number of rows alone.
use strict;
use warnings;
use utf8;
use Encode;

my @codes = qw(AAZ501 AAZ500 AAC002 AAC003 AAC004 AAC005 AAC006 AAC008 AAC025 AAB301 AAE010 AAZ502
    AAZ503 BAZ033 BAZ103 KYXQ CSHJGBM QMGY P10 box position result step reason QMZS_SM3 JMZS_SM3
    ATR time);
my %headers = (
    'bar-pinyin' => [qw(KSBM KH SHBZHM XM XB MZ CSRQ RYZT CSD XZQHDM YHKH KYYZT FKRQ ZKPCH XMKZ
        KYXRQ CSHJGBM QMGY ZSQQ ZXWZ XNWZ ZKJG SBHJ SBYY QMZSZY JMZSZY KFWM ZKSJ)],
    'chinese-gbk' => [qw(卡识别码 社会保障卡卡号 公民身份号码 姓名 性别 民族 出生日期 人员状态 出生地
        行政区划代码 银行卡号 卡状态 发卡日期 制卡批次号 姓名扩展 有效期至 初始化机构 签名公钥
        签名证书请求 装箱位置 箱内位置 制卡结果 失败环节 失败原因 签名证书摘要 加密证书摘要
        卡复位信息 制卡时间)],
);

my ($profile, $file, $from) = @ARGV;
my %name;
@name{@codes} = @{ $headers{$profile} };
open my $in, '<:raw', $file or die "$file: $!\n";
my @lines = <$in>;
s/\r?\n\z// for @lines;
if ($from) {    # what the machine says is in GBK's part of GB18030
    $_ = encode('cp936', decode('UTF-8', $_, Encode::FB_CROAK), Encode::FB_CROAK) for @lines;
}
$lines[0] = join ',', map { encode('cp936', $name{$_} // die "$file: no name of $_\n") }
    split /,/, $lines[0];
/["|]/ and die "$file: has quotes or bars\n" for @lines;
if ($profile eq 'bar-pinyin') { tr/,/|/ for @lines }
my $end = $profile eq 'chinese-gbk' ? "\r\n" : "\n";
open my $out, '>:raw', $file or die "$file: $!\n";
print $out map { "$_$end" } @lines;
close $out or die "$file: $!\n";
open my $manifest, '>', "$file.manifest.json" or die "$file: $!\n";
printf $manifest "{\"rows\": %d}\n", $#lines;
close $manifest or die "$file: $!\n";
