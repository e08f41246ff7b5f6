# SPDX-License-Identifier: MIT
#
# Looks into cores of domains (Xen's dump-core format), with what every Debian has.
#
#   perl core.pl CORE [OTHER]
#
# Says what sections there are, how many vCPUs and pages, and how many of the pages that
# tests/guests/crash marks are as it made them. With two cores: how many pages of OTHER are in CORE,
# by the guest's numbers, with the same frame, and how many of these have the same contents.
use strict;
use warnings;

sub part {
    my ($h, $at, $size) = @_;
    my $text = q{};
    seek($h, $at, 0) && (!$size || read($h, $text, $size) == $size) or die "short: $!\n";
    return $text;
}

sub core {
    my ($path) = @_;
    open(my $h, q{<:raw}, $path) or die "$path: $!\n";
    my $elf = part($h, 0, 64);
    my ($magic, $type, $machine) = unpack('a6 x10 v v', $elf);
    die "no core of x86-64\n" if $magic ne "\x7fELF\2\1" || $type != 4 || $machine != 62;
    my ($shoff, $shentsize, $shnum, $shstrndx) = (unpack('x40 Q<', $elf), unpack('x58 v3', $elf));
    my @heads = map { [unpack('V2 Q<4 V2 Q<2', part($h, $shoff + $_ * $shentsize, 64))] } 0 .. $shnum - 1;
    my $names = part($h, @{$heads[$shstrndx]}[4, 5]);
    my %core = (file => $h, section => {});
    for (@heads[1 .. $shnum - 1]) {
        my $name = unpack('Z*', substr($names, $_->[0]));
        push @{$core{names}}, $name;
        $core{section}{$name} = {at => $_->[4], size => $_->[5], each => $_->[9]};
    }
    my $p2m = $core{section}{'.xen_p2m'};
    $core{p2m} = [unpack('Q<*', part($h, $p2m->{at}, $p2m->{size}))];
    $core{vcpus} = $core{section}{'.xen_prstatus'}{size} / 5168;
    $core{pages} = $core{section}{'.xen_pages'}{size} / 4096;
    return \%core;
}

sub page {
    my ($core, $nr) = @_;
    return part($core->{file}, $core->{section}{'.xen_pages'}{at} + $nr * 4096, 4096);
}

my ($core, $other) = map { core($_) } @ARGV;
my ($marked, $good) = (0, 0);
die "p2m and pages differ\n" if @{$core->{p2m}} != 2 * $core->{pages};
# Many at a time: an emulated dom0 takes long over each.
for (my $first = 0; $first < $core->{pages}; $first += 512) {
    my $count = $core->{pages} - $first < 512 ? $core->{pages} - $first : 512;
    my $pages = part($core->{file}, $core->{section}{'.xen_pages'}{at} + $first * 4096, $count * 4096);
    for my $nr (0 .. $count - 1) {
        next if substr($pages, $nr * 4096, 8) ne 'DAISCORE';
        my $pfn = $core->{p2m}[2 * ($first + $nr)];
        $marked++;
        $good++ if substr($pages, $nr * 4096, 4096) eq 'DAISCORE' . pack('Q<*', map { $pfn << 32 | $_ } 1 .. 511);
    }
}
print "sections @{$core->{names}}\n";
print "vcpus $core->{vcpus} pages $core->{pages} marked $marked good $good\n";
if ($other) {
    my ($found, $frame, $same) = (0, 0, 0);
    my %at = map { $core->{p2m}[2 * $_] => $_ } 0 .. $core->{pages} - 1;
    for my $nr (0 .. $other->{pages} - 1) {
        my $mine = $at{$other->{p2m}[2 * $nr]};
        next if !defined $mine;
        $found++;
        $frame++ if $core->{p2m}[2 * $mine + 1] == $other->{p2m}[2 * $nr + 1];
        $same++ if page($core, $mine) eq page($other, $nr);
    }
    print "other: sections @{$other->{names}}\n";
    print "other: vcpus $other->{vcpus} pages $other->{pages} found $found frame $frame same $same\n";
    for my $name ('.note.Xen', '.xen_prstatus', '.xen_shared_info') {
        my ($x, $y) = map { part($_->{file}, $_->{section}{$name}{at}, $_->{section}{$name}{size}) } $core, $other;
        print "other: $name ", ($x eq $y ? 'same' : 'differs'), q{ }, length($x), q{ }, length($y), "\n";
    }
}
