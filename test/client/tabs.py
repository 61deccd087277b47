#!/usr/bin/env python3
"""tabs.py: what an interactive bash that has sourced `orilla completion bash` makes of a line.

tabs.py PROGRAM KEYS...  types each of KEYS on an empty line of its own and prints what the line has become. In KEYS \\t is
the tabulator and \\e* inserts all candidates."""
import os
import pty
import re
import select
import sys
import time

ANSWER_S_MAX = 10


class Shell:
    def __init__(self, program):
        self.text = ""
        pid, self.fd = pty.fork()
        if pid == 0:
            os.environ.update(TERM="dumb", PS1="", PS2="", HISTFILE="", COLUMNS="400")
            os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
        # Kept apart by the quotes: the terminal's echo of these lines must not look like an answer.
        self.send("bind 'set enable-bracketed-paste off'; bind 'set bell-style none'; stty cols 400\n")
        self.send("bind 'set completion-query-items 0'; bind 'set page-completions off'\n")
        self.send("orilla() { %s \"$@\"; }; source <(orilla completion bash)\n" % program)
        self.send("bind -x '\"\\C-g\": printf \"%s[%s]\\n\" LINE \"$READLINE_LINE\"; READLINE_LINE='\n")
        self.send("echo REA''DY\n")
        self.expect(r"READY\r?\n")

    def send(self, text):
        os.write(self.fd, text.encode())

    def expect(self, pattern):
        end = time.monotonic() + ANSWER_S_MAX
        while True:
            found = re.search(pattern, self.text)
            if found:
                self.text = self.text[found.end():]
                return found
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            if not ready:
                sys.exit("no %s in %r" % (pattern, self.text))
            self.text += os.read(self.fd, 65536).decode(errors="replace")

    def line_of(self, keys):
        self.send(keys.replace("\\t", "\t").replace("\\e", "\x1b") + "\x07")
        return self.expect(r"LINE\[([^\]]*)\]\r?\n").group(1)


if __name__ == "__main__":
    shell = Shell(sys.argv[1])
    for typed in sys.argv[2:]:
        print(shell.line_of(typed))
