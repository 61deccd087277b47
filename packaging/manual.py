#!/usr/bin/env python3
"""manual.py --version V --date SECONDS --configuration FILE.md OUT_DIR PROGRAM...

Writes Orilla's manual pages: orilla.1 and orilla-serve.8 from what PROGRAM's own --help says of every command, so that they
name the flags that there are, and orilla-config.5 from docs/configuration.md. PROGRAM may be several words: an emulator first.
"""
import argparse
import datetime
import os
import re
import subprocess

FILES = """
.SH FILES
.TP
.I /etc/orilla/config.yaml
Configuration, see
.BR orilla\\-config (5).
.TP
.I /etc/orilla/manifests
Its files are applied when the daemon starts and when they change.
.TP
.I /var/lib/orilla
Objects, images, volumes and certificates.
.TP
.I /run/orilla/orilla.sock
The API for this machine: root and the group orilla are admins there.
"""
ENVIRONMENT = """
.SH ENVIRONMENT
.TP
.B ORILLA_SOCKET
The API's unix socket, for every command but
.BR serve .
.SH EXIT STATUS
0, or 1 when something went wrong; what, is said on standard error.
"""


def escape(text):
    """Text that roff leaves as it is."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga").replace("^", "\\(ha").replace("~", "\\(ti")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in text.split("\n"))


class Page:
    """One page, written down from top to bottom."""

    def __init__(self, name, section, title, version, date):
        day = datetime.datetime.fromtimestamp(date, datetime.timezone.utc).strftime("%Y-%m-%d")
        self.file = f"{name}.{section}"
        self.out = [f'.TH {escape(name).upper()} {section} {day} "Orilla {version}" "Orilla"', ".SH NAME", f"{escape(name)} \\- {escape(title)}"]

    def heading(self, words, level="SH"):
        self.out.append(f".{level} {escape(words)}")

    def paragraph(self, words):
        self.out += [".PP", words]

    def item(self, term, words):
        self.out += [".TP", f".B {term}", words]

    def verbatim(self, lines):
        self.out += [".PP", ".nf", ".RS 4", *map(escape, lines), ".RE", ".fi"]

    def raw(self, text):
        self.out.append(text.strip("\n"))

    def write(self, directory):
        with open(os.path.join(directory, self.file), "w", encoding="utf-8") as file:
            file.write("\n".join(self.out) + "\n")


def help_of(program, words):
    return subprocess.run([*program, *words, "--help"], check=True, capture_output=True, text=True).stdout


def sections_of(text):
    """[(title, lines)] of a help text: what stands before a line `Title:` alone has the title ''."""
    sections = [("", [])]
    for line in text.splitlines():
        if re.fullmatch(r"[A-Z][A-Za-z ]*:", line):
            sections.append((line[:-1], []))
        elif line.startswith("Usage: "):
            sections.append(("Usage", [line.removeprefix("Usage: ")]))
        else:
            sections[-1][1].append(line)
    return [(title, "\n".join(lines).strip("\n").split("\n")) for title, lines in sections if any(lines)]


LISTS = ("Flags", "Options", "Flags of every command", "Commands")


def write_items(page, lines):
    """Lines of `  term   words`."""
    for line in lines:
        row = re.fullmatch(r"\s+(\S.*?)(?:\s{2,}(\S.*))?", line)
        if row:
            page.item(escape(row.group(1)), escape(row.group(2) or ""))


def write_section(page, title, lines):
    """What a section of the help says; its examples end where the text goes on."""
    if title in LISTS:
        write_items(page, lines)
    elif title == "":
        page.paragraph(escape("\n".join(lines)))
    else:
        page.verbatim([line.removeprefix("  ") for line in lines[:(lines + [""]).index("")]])


def commands_in(text):
    return [line.split()[0] for title, lines in sections_of(text) if title == "Commands" for line in lines if line]


def write_command(page, program, words):
    """The help of one command, and of those below it; what is common to all is in the overview."""
    text = help_of(program, words)
    page.heading("orilla " + " ".join(words), "SS")
    for title, lines in sections_of(text):
        if title not in ("Flags of every command", "Commands"):
            write_section(page, title, lines)
    for name in commands_in(text):
        write_command(page, program, [*words, name])


def make_orilla(program, version, date):
    page = Page("orilla", 1, "a one-node Kubernetes for small boxes", version, date)
    overview = help_of(program, [])
    page.raw(".SH SYNOPSIS\n.B orilla\nCOMMAND [ARG...] [FLAG...]")
    for title, lines in sections_of(overview):
        if title != "Usage":
            page.heading(title.upper() or "DESCRIPTION")
            write_section(page, title, lines)
    page.heading("COMMANDS IN DETAIL")
    for name in commands_in(overview):
        if name != "serve":
            write_command(page, program, [name])
    page.raw(FILES + ENVIRONMENT + "\n.SH SEE ALSO\n.BR orilla\\-serve (8),\n.BR orilla\\-config (5),\n.BR kubectl (1)")
    return page


def make_serve(program, version, date):
    page = Page("orilla-serve", 8, "runs the node: API server, controllers, containers and network", version, date)
    page.raw(".SH SYNOPSIS\n.B orilla serve\n[OPTION...]")
    for title, lines in sections_of(help_of(program, ["serve"])):
        if title != "Usage":
            page.heading(title.upper() or "DESCRIPTION")
            write_section(page, title, lines)
    page.heading("PODS")
    page.paragraph("Pods outlive this process: when it stops, is killed or is replaced by another version, their containers, logs and "
                   "connections go on, and the next one adopts them. With systemd it is the unit orilla.service.")
    page.raw(FILES + ".SH SEE ALSO\n.BR orilla (1),\n.BR orilla\\-config (5)")
    return page


def inline(text):
    """Markdown within a line."""
    parts = re.split(r"`([^`]*)`", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text))
    return "".join(("\\fB" + escape(part) + "\\fR") if index % 2 else escape(part) for index, part in enumerate(parts))


def write_table(page, rows):
    """Each row as an item: its first cell, then the others with the names of their columns."""
    names, _, *rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))] for row in rows]
    for first, *others in rows:
        # In the order: what it is, then the rest.
        *middle, last = others
        more = ", ".join(f"{name}: {cell}" for name, cell in zip(names[1:], middle) if cell not in ("", "-"))
        page.item(inline(first), inline(last.replace("\\|", "|")) + (f"\n.br\n({inline(more)})" if more else ""))


def kind_of(line):
    return "heading" if line.startswith("#") else "table" if line.startswith("|") else "text" if line.strip() else "gap"


def blocks_of(markdown):
    """[(kind, lines)] of what docs/configuration.md is made of."""
    blocks, in_code = [], False
    for line in markdown.splitlines():
        if line.startswith("```"):
            in_code = not in_code
            blocks.append(("code" if in_code else "gap", []))
            continue
        kind = "code" if in_code else kind_of(line)
        if not blocks or blocks[-1][0] != kind:
            blocks.append((kind, []))
        blocks[-1][1].append(line)
    return blocks


def make_config(markdown, version, date):
    page = Page("orilla-config", 5, "configuration of orilla serve", version, date)
    page.heading("DESCRIPTION")
    for kind, lines in blocks_of(markdown):
        if kind == "heading" and not lines[0].startswith("# "):
            page.heading(lines[0].lstrip("# ").upper())
        elif kind == "code":
            page.verbatim(lines)
        elif kind == "table":
            write_table(page, lines)
        elif kind == "text":
            page.paragraph(inline("\n".join(lines)))
    page.raw(".SH SEE ALSO\n.BR orilla (1),\n.BR orilla\\-serve (8)")
    return page


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", required=True)
    parser.add_argument("--date", type=int, required=True)
    parser.add_argument("--configuration", required=True)
    parser.add_argument("out")
    parser.add_argument("program", nargs="+")
    arguments = parser.parse_args()
    os.makedirs(arguments.out, exist_ok=True)
    with open(arguments.configuration, encoding="utf-8") as file:
        markdown = file.read()
    pages = [make_orilla(arguments.program, arguments.version, arguments.date),
             make_serve(arguments.program, arguments.version, arguments.date),
             make_config(markdown, arguments.version, arguments.date)]
    for page in pages:
        page.write(arguments.out)


if __name__ == "__main__":
    main()
