#!/usr/bin/env python3
"""api_support.py [--write]: docs/api-support.md, made from src/kinds/kinds.tsv, src/kinds/refused_fields.cpp and
src/kinds/noted_fields.cpp: what is served, which fields are refused and why, and which do nothing. Without --write it says whether
the page is as they are."""
import itertools
import pathlib
import re
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
KINDS = REPOSITORY / "src/kinds"
PAGE = REPOSITORY / "docs/api-support.md"

HEAD = """# What the API serves

Made by `test/tidy/api_support.py --write` from `kinds.tsv`, `refused_fields.cpp` and `noted_fields.cpp` in `src/kinds`.
`orilla explain KIND` tells every field.

## Kinds

| group/version | kind | short names | namespaced | subresources | kept |
|---|---|---|---|---|---|
"""
KEPT = {"durable": "on disk before the answer", "soft": "on disk soon after", "memory": "in memory",
        "computed": "nowhere: measured when it is read (get, list)"}
FIELDS = """
The usual verbs are served for each (create, get, list, watch, update, patch, delete, deletecollection; a Namespace has no
deletecollection). Statuses are on disk soon after the answer, those of Jobs and CronJobs before it. Every other kind is unknown: `no
matches for kind`.

## Fields that are refused

Nothing is accepted and ignored: these fields, or these values of them, are answered with 422 and the reason.

| type | field | refused | why |
|---|---|---|---|
"""
NOTED = """
## Fields that do nothing

As on any node without what they are for. Who writes them is told so with a `Warning` header, which kubectl shows.

| type | field | what is told |
|---|---|---|
"""


def kinds():
    for line in (KINDS / "kinds.tsv").read_text().splitlines():
        if not line.startswith(("#", "group/version")):
            columns = line.split("\t")
            subresources = ", ".join(sorted(part.split(":")[0] for part in columns[8].split(";") if part))
            yield (f"| {columns[0]} | {columns[1]} | {columns[4].replace(',', ', ')} | {'yes' if columns[5] == 'true' else 'no'} "
                   f"| {subresources} | {KEPT[columns[7] if columns[7] == 'computed' else columns[6]]} |")


def literal(words, constants):
    """C++ string literals that stand side by side, or a constant's name."""
    words = words.strip()
    if words in constants:
        return constants[words]
    return "".join(re.sub(r'\\(.)', r"\1", part) for part in re.findall(r'"((?:[^"\\]|\\.)*)"', words))


def split_row(text, begin):
    """The arguments between the braces of a row, which begins behind its first one."""
    parts, part, depth = [], "", 0
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"|[{},]|[^"{},]+', text[begin:]):
        word = token.group()
        if depth == 0 and word in ",}":
            parts.append(part)
            if word == "}":
                return parts
            part = ""
            continue
        depth += (word == "{") - (word == "}")
        part += word
    raise ValueError("a row without an end")


def refusals():
    """(type, field, what is refused, reason)"""
    text = (KINDS / "refused_fields.cpp").read_text()
    constants = {name: literal(words, {}) for name, words in
                 re.findall(r'constexpr std::string_view (\w+) =\s*((?:"(?:[^"\\]|\\.)*"\s*)+);', text)}
    for row in re.finditer(r"^    Refusal\{", text, re.M):
        parts = [literal(part, constants) for part in split_row(text, row.end())]
        type_, field, reason, only, but = (parts + ["", ""])[:5]
        yield type_, field, f"`{only}`" if only else f"all but `{but}`" if but else "always", reason


def notes():
    """(type, field, text)"""
    text = (KINDS / "noted_fields.cpp").read_text()
    constants = {name: literal(words, {}) for name, words in
                 re.findall(r'constexpr std::string_view (\w+) =\s*((?:"(?:[^"\\]|\\.)*"\s*)+);', text)}
    for row in re.finditer(r"^    Note\{", text, re.M):
        yield tuple(literal(part, constants) for part in split_row(text, row.end()))


def page():
    rows = list(refusals())
    noted = [f"| {type_} | `{field}` | {text} |" for type_, field, text in notes()]
    lines = []
    for (type_, what, reason), same in itertools.groupby(rows, key=lambda row: (row[0], row[2], row[3])):
        lines.append(f"| {type_} | {', '.join(f'`{row[1]}`' for row in same)} | {what} | {reason} |")
    return HEAD + "\n".join(kinds()) + "\n" + FIELDS + "\n".join(lines) + "\n" + NOTED + "\n".join(noted) + "\n", len(rows)


def main():
    text, count = page()
    source = (KINDS / "refused_fields.cpp").read_text()
    written = source.count("    Refusal{")
    if count != written:
        sys.exit(f"api_support: {written} refusals are written, {count} were read")
    if "--write" in sys.argv:
        PAGE.write_text(text)
    elif not PAGE.exists() or PAGE.read_text() != text:
        sys.exit("docs/api-support.md is not what the tables say: run test/tidy/api_support.py --write")


if __name__ == "__main__":
    main()
