#!/usr/bin/env python3
"""Writes descriptions.txt as a C++ table, sorted by key. Usage: embed_descriptions.py INPUT OUTPUT"""
import sys

rows = {}
for number, line in enumerate(open(sys.argv[1], encoding="utf-8"), 1):
    if line.startswith("#") or not line.strip():
        continue
    key, _, text = line.rstrip("\n").partition(" ")
    if key in rows or not text:
        sys.exit(f"{sys.argv[1]}:{number}: {key}: twice, or without a sentence")
    rows[key] = text


def quote(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


with open(sys.argv[2], "w", encoding="utf-8") as out:
    out.write('#include "descriptions.hpp"\n\nnamespace orilla::server {\n\nnamespace {\n')
    out.write("constexpr Description table[] = {\n")
    for key in sorted(rows):
        out.write(f"    {{{quote(key)}, {quote(rows[key])}}},\n")
    out.write("};\n}  // namespace\n\n")
    out.write("std::span<const Description> all_descriptions() { return table; }\n\n}  // namespace orilla::server\n")
