"""Reads C++ just well enough for the house rules: tokens with lines, and what each brace opens.

It is no parser. It blanks comments, literals and directives, pairs the brackets, and names each `{` by the tokens before
it: namespace, type, function, lambda, block or initialiser. Code that it cannot pair is an error of its own, so that
nothing passes unread.
"""
import re
from dataclasses import dataclass, field

TOKEN = re.compile(r"[A-Za-z_]\w*|::|->|\S")
RAW_STRING = re.compile(r'(?:u8|u|U|L)?R"([^()\\\s]{0,16})\(')
CLOSERS = {")": "(", "]": "[", "}": "{"}
CONTROL = {"if", "for", "while", "switch", "do", "else", "try", "catch"}
QUALIFIERS = {"const", "noexcept", "override", "final", "volatile", "try"}
TYPES = {"class", "struct", "union", "enum"}


class Unreadable(Exception):
    """The brackets do not pair; `line` is where that shows."""

    def __init__(self, line, what):
        super().__init__(what)
        self.line = line


@dataclass
class Token:
    text: str
    line: int


@dataclass
class Scope:
    """One bracket: what it is, where it opens and closes (token indices), and what stood before it."""
    kind: str
    open: int
    parent: "Scope | None"
    head: int = 0  # first token of the statement that it belongs to
    capture: str = ""  # of a lambda
    close: int = -1
    children: list = field(default_factory=list)


def blank(text):
    """The same text with comments, literals and preprocessor directives as spaces; newlines stay."""
    out, at, line_start = [], 0, True
    spaces = lambda piece: re.sub(r"[^\n]", " ", piece)
    while at < len(text):
        char, two = text[at], text[at:at + 2]
        end = 0
        raw = RAW_STRING.match(text, at)
        if two == "//":
            end = _line_end(text, at)
        elif two == "/*":
            end = _after(text, "*/", at + 2)
        elif char == "#" and line_start:
            end = _line_end(text, at)
        elif raw:
            end = _after(text, ")" + raw.group(1) + '"', raw.end())
        elif char == '"' or (char == "'" and not (at and (text[at - 1].isalnum() or text[at - 1] == "_"))):
            end = _literal_end(text, at)
        if end:
            # A literal stays one token, so that `f("x") {` and `operator"" _x` keep their shape.
            piece = text[at:end]
            literal = char in "\"'uULR" and two not in ("//", "/*")
            out.append(("0" + spaces(piece[1:])) if literal else spaces(piece))
            at, line_start = end, False
            continue
        line_start = char == "\n" or (line_start and char.isspace())
        out.append(char)
        at += 1
    return "".join(out)


def _after(text, mark, start):
    end = text.find(mark, start)
    return len(text) if end < 0 else end + len(mark)


def _line_end(text, at):
    """The end of this line and of those that a backslash continues it on."""
    while True:
        end = text.find("\n", at)
        if end < 0:
            return len(text)
        if text[end - 1] != "\\":
            return end
        at = end + 1


def _literal_end(text, at):
    quote, at = text[at], at + 1
    while at < len(text) and text[at] != quote and text[at] != "\n":
        at += 2 if text[at] == "\\" else 1
    return min(at + 1, len(text))


def tokens_of(text):
    tokens = []
    for number, line in enumerate(blank(text).split("\n"), 1):
        tokens += [Token(match.group(), number) for match in TOKEN.finditer(line)]
    return tokens


def scopes_of(tokens):
    """Every bracket of the file in order of opening. Raises Unreadable."""
    top = Scope("namespace", -1, None)
    current, scopes = top, []
    current_head = {id(top): 0}
    for index, token in enumerate(tokens):
        if token.text in "([{":
            scope = Scope(token.text, index, current, current_head[id(current)])
            if token.text == "{":
                scope.kind = _name_brace(tokens, scope)
                if scope.kind == "lambda":
                    scope.capture = _capture(tokens, scopes, index)
            scopes.append(scope)
            current.children.append(scope)
            current = scope
            current_head[id(scope)] = index + 1
        elif token.text in CLOSERS:
            if current.open < 0 or tokens[current.open].text != CLOSERS[token.text]:
                raise Unreadable(token.line, f"'{token.text}' closes nothing")
            current.close = index
            ended, current = current, current.parent
            if ended.kind in ("namespace", "type", "function", "block"):
                current_head[id(current)] = index + 1
        elif token.text == ";" or (token.text == ":" and _is_label(tokens, current_head[id(current)], index)):
            current_head[id(current)] = index + 1
    if current is not top:
        raise Unreadable(tokens[current.open].line, f"'{tokens[current.open].text}' is never closed")
    return scopes


def _is_label(tokens, head, index):
    words = [token.text for token in tokens[head:index]]
    return words in (["public"], ["private"], ["protected"], ["default"]) or words[:1] == ["case"]


def _name_brace(tokens, scope):
    words = [token.text for token in tokens[scope.head:scope.open]]
    if _is_lambda(tokens, scope.open):
        return "lambda"
    words = _without_prefix(words)
    if scope.parent.kind in ("namespace", "type"):
        return _name_outer(words)
    if not words or words[0] in CONTROL or words[:2] == ["constexpr", "if"]:
        return "block"
    if words[0] in TYPES and "(" not in words and "=" not in words:
        return "type"
    return "initialiser"


def _name_outer(words):
    if words[:1] == ["namespace"] or words[:2] == ["inline", "namespace"] or words[:2] == ["extern", "0"]:
        return "namespace"
    if words and words[0] in TYPES and "(" not in words and "=" not in words:
        return "type"
    if "(" not in words and "operator" not in words:
        return "initialiser"
    if _has_outside_brackets(words, "=") and "operator" not in words:
        return "initialiser"
    # `X::X() : a_{1}, b_(2) {` and `std::function<void()> f{`: an object's braces follow a name; a body's follow a bracket,
    # a qualifier, or the type after `->`.
    named = re.match(r"[A-Za-z_]", words[-1]) or words[-1] == ">"
    if named and words[-1] not in QUALIFIERS and (_initialisers_at(words) >= 0 or not {"->", "requires"} & set(words)):
        return "initialiser"
    return "function"


def _initialisers_at(words):
    """Index of the `:` that begins a constructor's member initialisers, or -1."""
    depth, seen = 0, False
    for index, word in enumerate(words):
        depth += (word in "([{") - (word in ")]}")
        seen = seen or word == ")"
        if word == ":" and depth == 0 and seen:
            return index
    return -1


def _has_outside_brackets(words, wanted):
    depth = 0
    for word in words:
        depth += (word in "([{<") - (word in ")]}>")
        if word == wanted and depth <= 0:
            return True
        if word == "(":
            return False
    return False


def _without_prefix(words):
    """Drops `template <...>`, attributes, alignas and storage words before a declaration's own words."""
    at = 0
    while at < len(words):
        if words[at] == "template" and words[at + 1:at + 2] == ["<"]:
            at = _skip(words, at + 1, "<", ">")
        elif words[at] == "[" and words[at + 1:at + 2] == ["["]:
            at = _skip(words, at, "[", "]")
        elif words[at] in ("typedef", "static", "inline", "constexpr", "thread_local", "const", "consteval", "friend"):
            if words[at:at + 2] == ["inline", "namespace"]:
                break
            at += 1
        elif words[at] in ("requires", "alignas") and "(" in words[at:at + 2]:
            at = _skip(words, at + 1, "(", ")")
        else:
            break
    words = words[at:]
    if words[:1] and words[0] in TYPES:  # struct [[nodiscard]] alignas(8) X
        rest = words[1:] if words[1:2] != ["class"] else words[2:]
        return [words[0]] + (_without_prefix(rest) if rest[:1] in (["["], ["alignas"]) else rest)
    return words


def _skip(words, at, opener, closer):
    depth = 0
    while at < len(words):
        depth += (words[at] == opener) - (words[at] == closer)
        at += 1
        if depth == 0:
            break
    return at


def _introducer_end(tokens, brace):
    """Index of the `]` before a lambda's parameters and trailing words, or -1."""
    at, steps_max = brace - 1, 200
    while at >= 0 and steps_max:
        word = tokens[at].text
        if word == "]":
            return at
        if word == ")":
            at = _back(tokens, at, "(", ")") - 1
            if at >= 0 and tokens[at].text not in ("]", "noexcept") and not _trailing(tokens, at):
                return -1
        elif word == ">":
            at = _back(tokens, at, "<", ">") - 1
        elif re.match(r"[A-Za-z_]\w*$|::|->|\*|&|,", word) and word not in CONTROL and word != "return":
            at -= 1
        else:
            return -1
        steps_max -= 1
    return -1


def _trailing(tokens, at):
    return tokens[at].text in ("mutable", "constexpr", ">")


def _back(tokens, at, opener, closer):
    depth = 0
    while at >= 0:
        depth += (tokens[at].text == closer) - (tokens[at].text == opener)
        if depth == 0:
            return at
        at -= 1
    return at


def _is_lambda(tokens, brace):
    end = _introducer_end(tokens, brace)
    if end < 0:
        return False
    # Between `]` and `{` may stand only parameters, specifiers and `-> type`.
    between = [token.text for token in tokens[end + 1:brace]]
    if between and between[0] not in ("(", "mutable", "noexcept", "constexpr", "->", "<"):
        return False
    start = _back(tokens, end, "[", "]")
    if start <= 0:
        return True
    before = tokens[start - 1].text
    if before == "[" or tokens[end - 1].text == "]" and tokens[start + 1].text == "[":
        return False  # an attribute
    return before in ("return", "co_return", "co_await", "co_yield", "case") or not re.match(r"[\w\)\]]", before)


def _capture(tokens, scopes, brace):
    end = _introducer_end(tokens, brace)
    start = _back(tokens, end, "[", "]")
    return " ".join(token.text for token in tokens[start + 1:end])


def hidden_names(tokens, scopes):
    """(name, line) of what the file's unnamed namespaces declare. Qualified names, operators and assertions have none."""
    for scope in scopes:
        if scope.kind == "namespace" and [token.text for token in tokens[scope.head:scope.open]] == ["namespace"]:
            for words, line in _statements(tokens, scope):
                name = _declared_name(_without_prefix(words))
                if name:
                    yield name, line


def _statements(tokens, scope):
    """(words up to the body or the semicolon, line) of each declaration directly in the scope."""
    bodies = {child.open: child for child in scope.children}
    at, words = scope.open + 1, []
    while at < scope.close:
        body = bodies.get(at)
        if body and body.kind in ("function", "type", "namespace"):
            yield words, tokens[at].line
            at, words = body.close + 1, []
        elif tokens[at].text == ";":
            yield words, tokens[at].line
            at, words = at + 1, []
        else:
            words.append(tokens[at].text)
            at = body.close if body else at + 1
            if body:
                words.append(tokens[at].text)
                at += 1


def _declared_name(words):
    if not words or words[0] in ("namespace", "static_assert"):
        return None
    if words[0] in TYPES:
        words = words[2:] if words[1:2] in (["class"], ["struct"]) else words[1:]
        return words[0] if words else None
    if words[0] == "using":
        return words[1] if words[2:3] == ["="] else None
    depth = 0
    for at, word in enumerate(words):
        depth += (word == "<") - (word == ">")
        if depth <= 0 and word in "(=[{":
            words = words[:at]
            break
    named = len(words) > 1 and re.match(r"[A-Za-z_]", words[-1]) and "operator" not in words and words[-2] != "::"
    return words[-1] if named else None
