#!/usr/bin/env python3
"""Makes formats/text/gb18030_table.c. It was run once; the result is committed and decides alone.

    python3 tests/tools/make_gb18030_table.py > formats/text/gb18030_table.c

Source: Python's gb18030 codec, the table of GB18030-2000. On it the corrections of DOMAIN 3.3 are
made as swaps, so that the result stays a bijection:
  2005: A8BC is U+1E3F, and 8135F437 takes U+E7C7;
  2022: 18 two-byte codes leave the private use area, and the four-byte codes that the new
        characters had take the private use code points.
FE51 FE52 FE53 FE6C FE76 FE91 keep U+E816 E817 E818 E831 E83B E855: the standard of 2022 left them
there, their characters (U+20087 ...) have four-byte codes of the supplementary planes already.
"""
LEADS = range(0x81, 0xFF)
TRAILS = [t for t in range(0x40, 0xFF) if t != 0x7F]

SWAPS = [(0x1E3F, 0xE7C7)]
SWAPS += list(zip(range(0xFE10, 0xFE1A),
                  [0xE78D, 0xE78F, 0xE78E, 0xE790, 0xE791, 0xE792, 0xE793, 0xE794, 0xE795, 0xE796]))
SWAPS += list(zip(range(0x9FB4, 0x9FBC),
                  [0xE81E, 0xE826, 0xE82B, 0xE82C, 0xE832, 0xE843, 0xE854, 0xE864]))


def four_bytes(linear):
    linear, d = divmod(linear, 10)
    linear, c = divmod(linear, 126)
    a, b = divmod(linear, 10)
    return bytes((0x81 + a, 0x30 + b, 0x81 + c, 0x30 + d))


def array(kind, name, size, values, per_line, width):
    print(f"const {kind} {name}[{size}] = {{")
    for i in range(0, len(values), per_line):
        print("    " + " ".join(f"0x{v:0{width}x}," for v in values[i:i + per_line]))
    print("};\n")


def main():
    new = {pua: scalar for scalar, pua in SWAPS}
    two = []
    for lead in LEADS:
        for trail in TRAILS:
            old = ord(bytes((lead, trail)).decode("gb18030"))
            two.append(new.get(old, old))
    assert len(set(two)) == len(two) == 126 * 190

    ranges, before = [], None
    for linear in range(39420):
        scalar = ord(four_bytes(linear).decode("gb18030"))
        if scalar - linear != before:
            ranges.append((linear, scalar))
            before = scalar - linear

    pages, index = [[0] * 256], [0] * 256
    for i, scalar in enumerate(two):
        if index[scalar >> 8] == 0:
            index[scalar >> 8] = len(pages)
            pages.append([0] * 256)
        pages[index[scalar >> 8]][scalar & 255] = LEADS[i // 190] << 8 | TRAILS[i % 190]

    print("""\
/*
 * GB18030 as GB18030-2022 means it, as a bijection (DOMAIN 3.3). Made by
 * tests/tools/make_gb18030_table.py from the table of 2000; never edited by hand.
 *
 * The standards of 2005 and 2022 moved 1 and 18 two-byte codes from the private use area to
 * characters that had a four-byte code; that four-byte code then means the private use code point.
 * Both directions of each swap are here. FE51, FE52, FE53, FE6C, FE76 and FE91 stay U+E816, E817,
 * E818, E831, E83B, E855, as the standard keeps them: U+20087 and the other five have their
 * four-byte codes in the supplementary planes, and a second code would end the bijection (glibc
 * reads FE51 as U+20087, and then two byte sequences are one character).
 */
/* clang-format off */
#include "formats/text/gb18030_table.h"
""")
    print("/* Lead 81..FE by trail 40..7E, 80..FE. */")
    array("uint16_t", "perso_gb_two", "126 * 190", two, 12, 4)
    print("/* Code of a scalar value of the BMP by page; 0: it has four bytes, or is ASCII. */")
    array("uint8_t", "perso_gb_page", "256", index, 16, 2)
    print(f"const uint16_t perso_gb_code[PERSO_GB_PAGES][256] = {{")
    for page in pages:
        print("    {")
        for i in range(0, 256, 8):
            print("        " + " ".join(f"0x{v:04x}," for v in page[i:i + 8]))
        print("    },")
    print("};\n")
    print("/* Runs of the four-byte codes of the BMP, before the swaps. */")
    print("const struct perso_gb_range perso_gb_ranges[PERSO_GB_RANGES] = {")
    for i in range(0, len(ranges), 5):
        print("    " + " ".join(f"{{ {a}, 0x{s:04x} }}," for a, s in ranges[i:i + 5]))
    print("};\n")
    print("/* Characters that changed places with a private use code point. */")
    print("const struct perso_gb_swap perso_gb_swaps[PERSO_GB_SWAPS] = {")
    for i in range(0, len(SWAPS), 4):
        print("    " + " ".join(f"{{ 0x{s:04x}, 0x{p:04x} }}," for s, p in SWAPS[i:i + 4]))
    print("};")
    import sys
    print(f"pages {len(pages)} ranges {len(ranges)} swaps {len(SWAPS)}", file=sys.stderr)


main()
