"""The house rules that one file can break by itself, each as a function from the file to complaints (line, words)."""
import ast
import re

import cpp_reader

FILE_LINES_MAX = 800
FUNCTION_LINES_MAX = 70
LAMBDA_LINES_MAX = 10
# 15 are the aim; what is defined outside of the class counts. CONTRIBUTING.md says both.
METHODS_MAX = 22
# Each is one idea with one state, whose steps or forms are many: entries of an archive, expressions of a rule, what every kind
# has in common, values of a document. The number is what it has, so that none grows unseen.
MANY_METHODS = {"images LayerWriter": 23, "network NftBatch": 37, "objects Objects": 29, "schema Decoder": 25}

# The table of docs/architecture.md: who may include whom. A room always may include itself.
MAY_INCLUDE = {
    "base": set(),
    "loop": {"base"},
    "http": {"loop", "base"},
    "pki": {"base"},
    "schema": {"base"},
    "kinds": {"schema", "base"},
    "store": {"loop", "base"},
    "objects": {"kinds", "schema", "store", "loop", "base"},
    "controllers": {"objects", "kinds", "schema", "loop", "base"},
    "scheduler": {"objects", "kinds", "schema", "loop", "base"},
    "node": {"http", "objects", "kinds", "schema", "loop", "base"},
    "proxy": {"objects", "kinds", "schema", "http", "loop", "base"},
    "gateway": {"http", "loop", "base"},
    "images": {"loop", "base"},
    "runtime": {"loop", "base"},
    "runtime/supervisor": set(),
    "network": {"loop", "base"},
    "apiserver": {"objects", "kinds", "schema", "http", "pki", "loop", "base"},
    "cli": {"kinds", "schema", "base"},
}
# Vocabulary arrows: the exact headers, of values and of interfaces without I/O, that another room may include besides.
VOCABULARY = {
    "controllers": {"orilla/store/entry.hpp", "orilla/store/reader.hpp"},
    "apiserver": {"orilla/store/entry.hpp", "orilla/store/reader.hpp"},
    "node": {
        "orilla/runtime/spec.hpp", "orilla/runtime/pod_runtime.hpp",
        "orilla/images/image.hpp", "orilla/images/pod_images.hpp", "orilla/images/reference.hpp",
        "orilla/network/pod_links.hpp", "orilla/network/service_rules.hpp",
    },
    "proxy": {"orilla/gateway/routes.hpp", "orilla/network/address_pool.hpp", "orilla/network/dns_zone.hpp", "orilla/network/lan_addresses.hpp", "orilla/network/lan_names.hpp",
              "orilla/network/service_rules.hpp"},
}
# These connect the rooms and name concrete types: they may include everything.
WIRING = {"wiring", "main.cpp"}
# Costly or foreign headers that a room's public face must not pull into every file of its neighbours.
HEAVY = re.compile(r"<(boost/|yaml-cpp/|fmt/|openssl/|CLI/|catch2/|sqlite3\.h|curl/|nlohmann/|iostream|regex)")
CPP = (".cpp", ".hpp", ".c", ".h")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.M)
# Spelled in halves, because this file is read as well.
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")

MESSAGE_READ = re.compile(r"\bmessage\(\)\s*\.\s*(r?find\w*|starts_with|ends_with|contains|substr|compare)\s*\(")


def room_of(path):
    """The room of src/ROOM/... or include/orilla/ROOM/..., 'main.cpp', or None for files of no room."""
    match = re.match(r"(?:src|include/orilla)/(.+)$", path)
    if not match:
        return None
    inside = match.group(1)
    if inside.startswith("runtime/supervisor/"):
        return "runtime/supervisor"
    return inside.split("/")[0]


def included(text):
    """(line, quote, path) of every include."""
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match.group(1), match.group(2)


def check_includes(path, text):
    room = room_of(path)
    if room is None or room in WIRING or not path.endswith(CPP):
        return
    if room not in MAY_INCLUDE:
        yield 1, f"room '{room}' is not in the table of rooms (test/tidy/rules.py, docs/architecture.md)"
        return
    public = path.startswith("include/")
    for line, quote, target in included(text):
        if ".." in target.split("/"):
            yield line, f'include "{target}" climbs out of its folder: include "orilla/ROOM/..." instead'
        if target.startswith("orilla/"):
            other = room_of("include/" + target)
            if other == room or other in MAY_INCLUDE[room] or target in VOCABULARY.get(room, set()):
                continue
            if any(word.startswith(f"orilla/{other}/") for word in VOCABULARY.get(room, set())):
                yield line, f"{room} may not include {target}: of {other} only its vocabulary (VOCABULARY in test/tidy/rules.py)"
            else:
                yield line, f"{room} may not include {other} (it may include: {', '.join(sorted(MAY_INCLUDE[room])) or 'nothing'})"
        if public and quote == "<" and HEAVY.match(f"<{target}"):
            yield line, f"<{target}> is too heavy for a public header: hide it behind the .cpp"


def check_pragma_once(path, text):
    if path.endswith((".hpp", ".h")) and not re.search(r"^#pragma once$", text, re.M):
        yield 1, "header without #pragma once"


def check_file_length(path, text):
    lines = text.count("\n")
    if lines > FILE_LINES_MAX:
        yield FILE_LINES_MAX + 1, f"file of {lines} lines (at most {FILE_LINES_MAX})"


def check_unfinished(path, text):
    for match in UNFINISHED.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, f"'{match.group()}': finish it, or refuse it with an error"


# A kind by its name, where a rule, a column or api::kind_of could say it; what is no API object is called so as well.
KIND_BY_NAME = re.compile(r"""\bkind["()]*\s*[!=]=\s*"[A-Z]|\bis<[A-Z]\w+>\(\)""")
NO_KINDS = {"src/cli/kubeconfig.cpp", "src/cli/served_kinds.cpp"}
KNOWN_KINDS = re.compile(r"\b(builtin_kinds|find_builtin_kind)\b")


def check_kinds(path, text):
    """No file asks for a kind by its name, and what is served is asked of a registry."""
    if not path.startswith(("src/", "include/")) or path in NO_KINDS or not path.endswith(CPP):
        return
    for match in KIND_BY_NAME.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, "a kind is asked for by its name: let a rule or a column of kinds.tsv say it, or ask api::kind_of"
    if room_of(path) == "kinds" or path == "src/cli/served_kinds.cpp":
        return
    for match in KNOWN_KINDS.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, f"{match.group()}: ask the registry that is handed in what is served"


PLANNING = re.compile(r"\bplan_\w+\(")


def check_wiring(path, text):
    if not path.startswith("src/wiring/"):
        return
    for match in PLANNING.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, "wiring decides nothing: let the room decide whose job it is"


def check_no_message_is_read(path, text):
    """What an error is about is in its code, target and causes."""
    if not path.startswith(("src/", "include/")):
        return
    for match in MESSAGE_READ.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, "an error's sentence is for people: ask its code, target or causes"


def check_chains(path, text):
    """A number among three or more parts of a text: the sentence shows where it has places for them."""
    room = room_of(path)
    if room is None or not path.startswith("src/") or not path.endswith(CPP):
        return  # public headers cannot see {fmt}
    tokens = cpp_reader.tokens_of(text)
    for index, token in enumerate(tokens):
        if token.text == "to_string" and _pluses(tokens, index, 1) + _pluses(tokens, index, -1) > 1:
            yield token.line, "std::to_string in a text of three parts or more: write the sentence with places, fmt::format"


def _pluses(tokens, at, step):
    """How many `+` stand to one side of a term, up to where its expression ends. Literals are blank to this reader."""
    depth = count = 0
    while 0 <= (at := at + step) < len(tokens):
        word = tokens[at].text
        if word in "([{" or word in ")]}":
            depth += step if word in "([{" else -step
            if depth < 0:
                break
        elif depth == 0 and (word in ",;?:=<>&|" or word in ("return", "co_return")):
            break
        elif depth == 0 and word == "+" and tokens[at + 1].text not in "+=" and tokens[at - 1].text != "+":
            count += 1
    return count


def check_cpp(path, text):
    """Lengths of functions and lambdas, and what g++ 12 destroys twice."""
    if not path.endswith(CPP):
        return
    tokens = cpp_reader.tokens_of(text)
    try:
        scopes = cpp_reader.scopes_of(tokens)
    except cpp_reader.Unreadable as error:
        yield error.line, f"cannot read this file's brackets: {error}"
        return
    for scope in scopes:
        lines = tokens[scope.close].line - tokens[scope.open].line + 1
        if scope.kind == "function" and lines > FUNCTION_LINES_MAX:
            yield tokens[scope.open].line, f"function of {lines} lines (at most {FUNCTION_LINES_MAX})"
        if scope.kind == "lambda" and lines > LAMBDA_LINES_MAX:
            yield tokens[scope.open].line, f"lambda of {lines} lines (at most {LAMBDA_LINES_MAX}): name it as a function"
        if scope.kind == "lambda" and scope.capture and _is_coroutine(tokens, scope):
            yield tokens[scope.open].line, "capturing lambda is a coroutine: its captures die before it does"
    for index, token in enumerate(tokens):
        declared = index and tokens[index - 1].text == "operator"
        if token.text == "co_await" and not declared and _has_brace(tokens, index):
            yield token.line, "braces inside a co_await expression: name the value first (g++ 12 destroys it twice)"


# What makes a coroutine of a function, macros among them.
AWAITING = ("co_await", "co_return", "co_yield", "AWAIT", "AWAIT_VOID", "CO_RETURN_AWAIT", "CO_TRY", "CO_TRY_VOID", "CO_CHECK", "CO_CHECK_VOID")


def _is_coroutine(tokens, scope):
    inner = [(child.open, child.close) for child in _nested_lambdas(scope)]
    return any(tokens[at].text in AWAITING and not any(a < at < b for a, b in inner)
               for at in range(scope.open, scope.close))


def _nested_lambdas(scope):
    for child in scope.children:
        if child.kind == "lambda":
            yield child
        else:
            yield from _nested_lambdas(child)


def _has_brace(tokens, at):
    """Whether the expression that co_await begins, up to its `;`, `,` or the bracket around it, holds a `{`."""
    depth = 0
    for token in tokens[at + 1:]:
        if token.text == "{":
            return True
        if token.text in "([":
            depth += 1
        elif token.text in ")]":
            depth -= 1
        if depth < 0 or (depth == 0 and token.text in ";,"):
            return False
    return False


def check_python(path, text):
    if not path.endswith(".py"):
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno + 1 > FUNCTION_LINES_MAX:
            yield node.lineno, f"function of {node.end_lineno - node.lineno + 1} lines (at most {FUNCTION_LINES_MAX})"


def check_shell(path, text):
    if not re.match(r"#!.*\b(ba)?sh\b|# shellcheck shell=", text):
        return
    begun = None
    for number, line in enumerate(text.split("\n"), 1):
        if re.match(r"[\w-]+ ?\(\) *[{(]$", line):
            begun = number
        if line in ("}", ")") and begun:
            if number - begun + 1 > FUNCTION_LINES_MAX:
                yield begun, f"function of {number - begun + 1} lines (at most {FUNCTION_LINES_MAX})"
            begun = None


RULES = (check_includes, check_pragma_once, check_file_length, check_unfinished, check_kinds, check_wiring, check_no_message_is_read, check_chains, check_cpp, check_python, check_shell)


def check(path, text):
    """All complaints about one file."""
    return [(line, words) for rule in RULES for line, words in rule(path, text)]


def unshared_headers(files):
    """Public headers that no other room needs, not even through a public header that another room includes."""
    public = {path for path in files if re.match(r"include/orilla/[^/]+/.*\.hpp$", path)}
    targets = {path: {"include/" + target for _, _, target in included(text) if target.startswith("orilla/")}
               for path, text in files.items() if room_of(path)}
    shared = {target for path, wanted in targets.items() for target in wanted & public if room_of(target) != room_of(path)}
    waiting = list(shared)
    while waiting:
        for target in targets.get(waiting.pop(), set()) & public - shared:
            shared.add(target)
            waiting.append(target)
    return sorted(public - shared)


# A free function, as headers declare it: at the beginning of a line, behind its type.
DECLARED = re.compile(r"^(?!using|return|static_assert|#)[\w:\[\]][^\n(){};=]*[ &*>](\w+)\(", re.M)


def declared_functions(files):
    """{folder: {name: header}}: the free functions that the files of a room's folder may call by their bare name."""
    rooms = {}
    for path, text in sorted(files.items()):
        if room_of(path) and path.endswith(".hpp"):
            for name in DECLARED.findall(text):
                rooms.setdefault("src/" + room_of(path), {}).setdefault(name, path)
    base = rooms.get("src/base", {})
    return {"src/" + room: {**base, **rooms.get("src/" + room, {})} for room in [*MAY_INCLUDE, *WIRING] if room != "runtime/supervisor"}


def unit_of(path):
    """The folder that a build with -Dunity=on compiles as one file: src/ROOM with all below it, or a folder of tests."""
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] == "src" and "supervisor" not in parts else path.rsplit("/", 1)[0]


# The head of a method's definition: at the beginning of a line, behind its type if it has one.
METHOD = re.compile(r"^(?=\w)(?!using|return|static_assert|template)(?:[\w:<>,*&\[\] ]+?[ *&>])?((?:\w+::)+)~?\w+\(", re.M)


def methods_of(path, text):
    """(class, line) of each method that a .cpp of a room defines."""
    if room_of(path) is None or not path.endswith(".cpp"):
        return
    for match in METHOD.finditer(text):
        name = match.group(1)[:-2]
        if name[0].isupper():  # otherwise it is a function's type, with its namespace
            yield name, text.count("\n", 0, match.start()) + 1


def check_methods(path, text):
    """A class with too many methods is several: each wants state, a header and a test of its own."""
    counts = {}
    for name, line in methods_of(path, text):
        counts[name] = counts.get(name, 0) + 1
        if counts[name] == MANY_METHODS.get(f"{room_of(path)} {name}", METHODS_MAX) + 1:
            yield line, f"class {name} has more methods than {counts[name] - 1}: divide it"


RULES += (check_methods,)


def split_classes(files):
    """(path, line, words) where a class of a room has its methods in a second file: it has become two ideas, of which one wants
    a class of its own, with its state, header and test."""
    homes = {}
    for path, text in sorted(files.items()):
        for name, line in methods_of(path, text):
            home = homes.setdefault((room_of(path), name), path)
            if home != path:
                homes[(room_of(path), name)] = path
                yield path, line, f"methods of {name} are in {home} as well: a class lives in one file"


def shared_names(files):
    """(path, line, words) where two files of a folder give a name of their own the same name, or one that a header of the room
    or of base gives a function: a build with -Dunity=on compiles the folder as one file, in which the names collide or, worse,
    overload each other, and another file's call finds the wrong one."""
    first = {}
    declared = declared_functions(files)
    for path, text in sorted(files.items()):
        if not re.match(r"(src|test/unit|test/sim)/.*\.cpp$", path):
            continue
        folder = unit_of(path)
        tokens = cpp_reader.tokens_of(text)
        try:
            names = list(cpp_reader.hidden_names(tokens, cpp_reader.scopes_of(tokens)))
        except cpp_reader.Unreadable:
            continue  # which check_cpp complains about
        for name, line in names:
            header = declared.get(folder, {}).get(name)
            if header:
                yield path, line, f"'{name}' is a function of {header}: give this one another name"
            other = first.setdefault((folder, name), path)
            if other != path:
                yield path, line, f"'{name}' is a name in {other} as well: give it another, or let both use one"
