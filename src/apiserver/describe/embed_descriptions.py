#!/usr/bin/env python3
"""Writes descriptions.txt, and what stands behind " -- " in the schemas, as one C++ text and a table into it, sorted by key.
Usage: embed_descriptions.py DESCRIPTIONS SCHEMA... OUTPUT"""
import sys

rows = {}
for number, line in enumerate(open(sys.argv[1], encoding="utf-8"), 1):
    if line.startswith("#") or not line.strip():
        continue
    keys, _, text = line.rstrip("\n").partition(" ")
    for key in keys.split(","):
        if key in rows or not key or not text:
            sys.exit(f"{sys.argv[1]}:{number}: {key}: twice, or without a sentence")
        rows[key] = text

for schema in sys.argv[2:-1]:
    for line in open(schema, encoding="utf-8"):
        head, _, text = line.rstrip("\n").partition(" -- ")
        words = head.split()
        if line.startswith("type "):
            type_name = words[1]
        if line.startswith("#") or not text:
            continue
        key = type_name if line.startswith("type ") else f"{type_name}.{words[0]}"
        if key in rows:
            sys.exit(f"{schema}: {key}: it has words in {sys.argv[1]} already")
        rows[key] = text


def quote(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '\\0"'


places, size = {}, 0
for text in [*sorted(rows), *rows.values()]:
    if text not in places:
        places[text] = size
        size += len(text.encode()) + 1

with open(sys.argv[-1], "w", encoding="utf-8") as out:
    out.write('#include "describe/descriptions.hpp"\n\nnamespace orilla::apiserver {\n\nnamespace {\n')
    out.write("constexpr char words[] =\n")
    for text in places:
        out.write(f"    {quote(text)}\n")
    out.write("    ;\nconstexpr Description table[] = {\n")
    for key in sorted(rows):
        out.write(f"    {{{places[key]}, {places[rows[key]]}}},\n")
    out.write("};\n}  // namespace\n\n")
    out.write("std::span<const Description> all_descriptions() { return table; }\n\n")
    out.write("std::string_view Description::key() const { return words + key_at; }\n\n")
    out.write("std::string_view Description::text() const { return words + text_at; }\n\n}  // namespace orilla::apiserver\n")
