#!/usr/bin/env python3
"""Every rule of tidy, shown bad code that it must refuse and good code that it must leave alone."""
import pathlib
import unittest

import cpp_reader
import rules

PAUSE = "    step();\n"


def words(path, text):
    return [complaint for _, complaint in rules.check(path, text)]


def kinds(text):
    return [scope.kind for scope in cpp_reader.scopes_of(cpp_reader.tokens_of(text)) if scope.kind not in "(["]


class Rooms(unittest.TestCase):
    def test_a_room_includes_what_the_table_allows(self):
        self.assertEqual(words("src/objects/a.cpp", '#include "orilla/schema/x.hpp"\n#include "a.hpp"\n#include <vector>\n'), [])
        self.assertEqual(len(words("src/store/a.cpp", '#include "orilla/schema/x.hpp"\n')), 1)

    def test_a_room_includes_nothing_else(self):
        self.assertIn("apiserver may not include controllers", words("src/apiserver/a.cpp", '#include "orilla/controllers/x.hpp"\n')[0])
        self.assertIn("schema may not include loop", words("include/orilla/schema/a.hpp", '#pragma once\n# include "orilla/loop/x.hpp"\n')[0])

    def test_a_vocabulary_arrow_is_one_header_and_not_its_room(self):
        self.assertEqual(words("src/node/a.cpp", '#include "orilla/runtime/spec.hpp"\n'), [])
        self.assertIn("only its vocabulary", words("src/node/a.cpp", '#include "orilla/runtime/runtime.hpp"\n')[0])
        self.assertIn("only its vocabulary", words("include/orilla/proxy/a.hpp", '#pragma once\n#include "orilla/network/links.hpp"\n')[0])
        self.assertIn("proxy may not include runtime", words("src/proxy/a.cpp", '#include "orilla/runtime/spec.hpp"\n')[0])

    def test_every_word_of_a_vocabulary_is_a_header(self):
        include = pathlib.Path(__file__).parents[2] / "include"
        self.assertEqual([word for room in rules.VOCABULARY.values() for word in room if not (include / word).is_file()], [])

    def test_the_supervisor_includes_no_room_at_all(self):
        self.assertIn("(it may include: nothing)", words("src/runtime/supervisor/a.cpp", '#include "orilla/base/x.hpp"\n')[0])
        self.assertEqual(words("src/runtime/a.cpp", '#include "orilla/base/x.hpp"\n'), [])

    def test_no_path_climbs_out_of_a_room(self):
        self.assertIn("climbs out", words("src/apiserver/a.cpp", '#include "../store/x.hpp"\n')[0])

    def test_main_and_the_wiring_include_everything(self):
        self.assertEqual(words("src/main.cpp", '#include "orilla/apiserver/x.hpp"\n#include "orilla/node/x.hpp"\n'), [])
        self.assertEqual(words("src/wiring/a.cpp", '#include "orilla/runtime/x.hpp"\n'), [])

    def test_a_room_that_the_table_does_not_know_is_refused(self):
        self.assertIn("not in the table", words("src/attic/a.cpp", "int a;\n")[0])

    def test_public_headers_stay_light(self):
        self.assertIn("too heavy", words("include/orilla/store/a.hpp", "#pragma once\n#include <sqlite3.h>\n")[0])
        self.assertEqual(words("src/store/a.cpp", "#include <sqlite3.h>\n"), [])

    def test_a_public_header_serves_another_room(self):
        files = {"include/orilla/loop/a.hpp": '#include "orilla/loop/b.hpp"\n', "include/orilla/loop/b.hpp": "",
                 "include/orilla/loop/own.hpp": "", "src/loop/own.cpp": '#include "orilla/loop/own.hpp"\n',
                 "src/store/s.cpp": '#include "orilla/loop/a.hpp"\n', "test/unit/t.cpp": '#include "orilla/loop/own.hpp"\n'}
        self.assertEqual(rules.unshared_headers(files), ["include/orilla/loop/own.hpp"])


class Kinds(unittest.TestCase):
    def test_no_kind_is_asked_for_by_its_name(self):
        for text in ('if (kind.kind == "Pod") return;', 'if (info.kind() != "Node") return;', 'if (text_at(o, "kind") == "Job") return;',
                     "if (object.is<Pod>()) return;"):
            self.assertIn("a kind is asked for by its name", words("src/objects/a.cpp", text + "\n")[0], text)
        for text in ("if (kind == other.kind) return;", 'if (kind == "") return;', "if (is<T>()) return;", 'if (phase == "Failed") return;'):
            self.assertEqual(words("src/objects/a.cpp", text + "\n"), [], text)

    def test_what_is_served_is_asked_of_a_registry(self):
        self.assertIn("ask the registry", words("src/apiserver/a.cpp", "auto all = api::builtin_kinds();\n")[0])
        self.assertEqual(words("src/kinds/a.cpp", "auto all = builtin_kinds();\n"), [])

    def test_the_wiring_plans_nothing(self):
        self.assertIn("wiring decides nothing", words("src/wiring/a.cpp", "node::plan_pod(pod);\n")[0])
        self.assertEqual(words("src/node/a.cpp", "plan_pod(pod);\n"), [])


class Chains(unittest.TestCase):
    def complaints(self, expression, path="src/http/a.cpp"):
        return words(path, "std::string f() {\n    return " + expression + ";\n}\n")

    def test_a_number_among_three_parts_is_refused(self):
        for chain in ('"a " + std::to_string(n) + " b"', 'a + "/" + std::to_string(f(n, m))', 'std::to_string(n) + "." + a',
                      'g(h, "a " + std::to_string(list[n].size()) + " b")', 'c ? "none" : a + std::to_string(n) + "%"'):
            self.assertIn("fmt::format", " ".join(self.complaints(chain)), chain)

    def test_two_parts_and_sums_are_left_alone(self):
        for text in ('"a " + std::to_string(n)', 'std::to_string(n + m + 1)', 'c ? std::to_string(n) + "s" : std::to_string(n) + "m"',
                     'g(a + b, std::to_string(n), c + d)', 'fmt::format("{} of {}", n, m)'):
            self.assertEqual(self.complaints(text), [], text)
        self.assertEqual(words("src/http/a.cpp", 'void f() {\n    out += "a" + std::to_string(n);\n    ++at;\n}\n'), [])

    def test_headers_that_others_include_may_not_see_the_library(self):
        self.assertEqual(self.complaints('a + "b" + std::to_string(n)', "include/orilla/loop/a.cpp"), [])


class Sizes(unittest.TestCase):
    def function(self, lines, head="void f() {\n"):
        return head + PAUSE * (lines - 2) + "}\n"

    def test_a_file_has_800_lines(self):
        self.assertEqual(words("src/base/a.cpp", "int a;\n" * 800), [])
        self.assertIn("file of 801 lines", words("src/base/a.cpp", "int a;\n" * 801)[0])

    def test_a_function_has_70_lines(self):
        for head in ("void f() {\n", "Task<Result<void>> A::f(std::string a = {}) const noexcept {\n",
                     "A::A(int a) : a_{a}, b_(2), c_{} {\n", "template <class T> requires(x<T>) auto f() -> T {\n",
                     "struct x *f(void) {\n", "[[noreturn]] static void f() {\n", 'TEST_CASE("f: {does}") {\n',
                     "bool operator==(const A& a, const A& b) {\n"):
            self.assertEqual(words("src/base/a.cpp", self.function(70, head)), [], head)
            self.assertIn("function of 71 lines", words("src/base/a.cpp", self.function(71, head))[0], head)

    def test_members_of_a_class_are_functions_as_well(self):
        text = "class A : public B {\n  public:\n" + self.function(71) + "};\n"
        self.assertEqual(words("src/base/a.cpp", text), ["function of 71 lines (at most 70)"])

    def test_tables_namespaces_and_types_may_be_long(self):
        row = '    {"a", {1, 2}},\n'
        for head in ("constexpr Row rows[] = {\n", "namespace a {\n", "struct [[nodiscard]] A final {\n", "enum class A : int {\n",
                     "const std::map<std::string, std::function<void()>> rows{\n"):
            body = row if "rows" in head else "int a;\n"
            self.assertEqual(words("src/base/a.cpp", head + body * 100 + "};\n"), [], head)

    def test_a_lambda_has_10_lines(self):
        for head in ("auto f = [&](int a) {\n", "run([this, a = b[1]]() mutable {\n", "const auto f = [] {\n",
                     "sort(a, [](auto& l, auto& r) -> bool {\n"):
            end = "});\n" if "(" in head.split("[")[0] else "};\n"
            fits = "void f() {\n" + head + PAUSE * 8 + end + "}\n"
            self.assertEqual(words("src/base/a.cpp", fits), [], head)
            long = "void f() {\n" + head + PAUSE * 9 + end + "}\n"
            self.assertEqual(words("src/base/a.cpp", long), ["lambda of 11 lines (at most 10): name it as a function"], head)

    def test_brackets_in_literals_and_comments_do_not_count(self):
        text = 'void f() {\n    call("}", \'{\', R"x({ " )y" {)x", 1\'000); // {\n    /* { */\n#define A {\n}\n'
        self.assertEqual(kinds(text), ["function"])

    def test_subscripts_and_attributes_are_no_lambdas(self):
        self.assertEqual(kinds("void f() { if (a[1]) { b[2] = {}; } [[maybe_unused]] int c{1}; }"),
                         ["function", "block", "initialiser", "initialiser"])
        self.assertEqual(kinds("T& operator[](size_t i) { return a[i]; }"), ["function"])

    def test_brackets_that_do_not_pair_are_told(self):
        self.assertIn("cannot read", words("src/base/a.cpp", "void f() { (}\n")[0])
        self.assertIn("never closed", words("src/base/a.cpp", "void f() {\n")[0])

    def test_python_and_shell_functions_count_too(self):
        self.assertIn("function of 71", words("test/a.py", "def f():\n" + "    a()\n" * 70)[0])
        self.assertIn("function of 71", words("test/a.sh", "#!/bin/bash\nf() {\n" + "  a\n" * 69 + "}\n")[0])
        self.assertEqual(words("test/a.sh", "#!/bin/bash\nf() {\n" + "  a\n" * 68 + "}\n"), [])


class Coroutines(unittest.TestCase):
    def test_a_named_argument_is_fine(self):
        for line in ("auto r = co_await f(spec);", "if (!co_await f(a, b)) { c(); }", "for (auto& a : co_await list()) { b(a); }",
                     "x = g(co_await f(), T{1});", "Awaiter operator co_await() && { return {}; }",
                     "CO_TRY(auto r, f(Spec{1}));"):
            self.assertEqual(words("src/loop/a.cpp", "Task<void> f() {\n" + line + "\n}\n"), [], line)

    def test_braces_inside_the_expression_are_refused(self):
        for line in ("co_await f(Spec{1});", "co_await f({a, b});", "auto r = co_await f(1,\n g([&] { h(); }));",
                     "co_return co_await f(Spec{});"):
            complaints = words("src/loop/a.cpp", "Task<void> f() {\n" + line + "\n}\n")
            self.assertIn("braces inside a co_await expression", complaints[0], line)

    def test_a_capturing_lambda_is_no_coroutine(self):
        coroutine = "void f() { auto g = [%s]() -> Task<void> { co_await h(); }; }\n"
        self.assertIn("captures die", words("src/loop/a.cpp", coroutine % "this")[0])
        self.assertEqual(words("src/loop/a.cpp", coroutine % ""), [])
        self.assertIn("captures die", words("src/loop/a.cpp", "void f() { auto g = [this]() -> Task<void> { AWAIT_VOID(h()); }; }\n")[0])
        self.assertEqual(words("src/loop/a.cpp", "void f() { run([a] { run([]() -> T { co_return; }); }); }\n"), [])


class Names(unittest.TestCase):
    @staticmethod
    def shared(one, two, folder="src/schema"):
        texts = {f"{folder}/{name}.cpp": "namespace {\n" + text + "\n}\n" for name, text in (("a", one), ("b", two))}
        return [complaint for _, _, complaint in rules.shared_names(texts)]

    def test_two_files_of_a_room_do_not_name_two_things_the_same(self):
        for text in ("int f() { return 1; }", "int f(long a, int b = 2) {\n}", "constexpr int f = 1;", "struct f {};", "class f final : g<int> {};",
                     "using f = int;", "const std::map<int, g> f{{1, {}}};", "template <class T>\nT f(T t) {\n}", "enum class f { a };",
                     "constexpr std::array<g, 2> f = {g{1}, g{2}};", "int f[3];", "Result<std::vector<g>> f(int);"):
            self.assertEqual(self.shared("int f();", text), ["'f' is a name in src/schema/a.cpp as well: give it another, or let both use one"], text)

    def test_no_file_hides_or_overloads_a_function_of_the_room(self):
        for header, wanted in (("src/schema/b.hpp", 1), ("include/orilla/schema/b.hpp", 1), ("include/orilla/base/b.hpp", 1), ("src/cli/b.hpp", 0)):
            texts = {"src/schema/a.cpp": "namespace {\nint f(const T& t) {\n}\n}\n", header: "#pragma once\nstd::string f(U u);\n"}
            self.assertEqual([words for _, _, words in rules.shared_names(texts)],
                             [f"'f' is a function of {header}: give this one another name"] * wanted, header)

    def test_what_is_no_name_of_the_file_may_be_the_same(self):
        for text in ("static_assert(a);", "using x::f;", "int C::f() { return 1; }", "bool operator==(a, b) { return true; }",
                     "struct g { int f; };", "int g(int f) { int f = 1; }"):
            self.assertEqual(self.shared("int f() {}", text), [], text)
        self.assertEqual(self.shared("bool operator==(a, b) {}", "bool operator==(c, d) {}"), [])
        self.assertEqual(self.shared("int f();", "int f();", "test/system/store"), [])
        self.assertEqual(list(rules.shared_names({"src/schema/a.cpp": "namespace { int f(); }", "src/cli/a.cpp": "namespace { int f(); }"})), [])

    def test_folders_of_a_room_are_one_file_too(self):
        texts = {f"src/cli/{folder}/a.cpp": "namespace {\nint f() {\n}\n}\n" for folder in ("print", "verbs")}
        self.assertEqual([path for path, _, _ in rules.shared_names(texts)], ["src/cli/verbs/a.cpp"])

    def test_a_class_lives_in_one_file(self):
        one = "int C::f() const {\n}\nC::C() {}\nstd::string C::g() {\n}\n"
        for other in ("void C::h(int a) {\n}\n", "C::~C() = default;\n", "loop::Task<Result<int>> C::h() {\n}\n"):
            self.assertEqual([(path, line) for path, line, _ in rules.split_classes({"src/node/a.cpp": one, "src/node/b/b.cpp": "\n" + other})],
                             [("src/node/b/b.cpp", 2)], other)
        for other in ("void D::h() {\n}\n", "    x = C::h(1);\n", "loop::Timer f(C::E e) {\n}\n", "store::Key f(int);\n"):
            self.assertEqual(list(rules.split_classes({"src/node/a.cpp": one, "src/node/b.cpp": other})), [], other)
        self.assertEqual(list(rules.split_classes({"src/node/a.cpp": one, "src/proxy/a.cpp": one})), [])

    def test_a_class_has_few_methods(self):
        many = lambda count: "".join(f"int C::f{i}() {{\n}}\nint f{i}() {{\n}}\n" for i in range(count))
        self.assertEqual(list(rules.check_methods("src/node/a.cpp", many(rules.METHODS_MAX))), [])
        complaints = list(rules.check_methods("src/node/a.cpp", many(rules.METHODS_MAX + 2)))
        self.assertEqual([line for line, _ in complaints], [4 * rules.METHODS_MAX + 1])
        self.assertEqual(list(rules.check_methods("test/unit/node/a.cpp", many(rules.METHODS_MAX + 1))), [])
        for known, count in rules.MANY_METHODS.items():
            room, name = known.split(" ")
            text = "".join(f"int {name}::f{i}() {{\n}}\n" for i in range(count + 1))
            self.assertEqual(list(rules.check_methods(f"src/{room}/a.cpp", text))[0][0], 2 * count + 1, known)


class Words(unittest.TestCase):
    def test_headers_say_pragma_once(self):
        self.assertEqual(words("src/base/a.hpp", "int a;\n"), ["header without #pragma once"])
        self.assertEqual(words("src/base/a.hpp", "// a\n#pragma once\n"), [])

    def test_no_code_reads_the_sentence_of_an_error(self):
        self.assertIn("for people", words("src/base/a.cpp", 'bool gone = error.message().find("not found") != 0;\n')[0])
        self.assertIn("for people", words("src/base/a.cpp", 'bool gone = error.message()\n    .starts_with("not");\n')[0])
        self.assertEqual(words("src/base/a.cpp", "log(error.message() + text.substr(1));\n"), [])

    def test_marks_of_unfinished_work_are_refused(self):
        for mark in ("TO" + "DO", "FIX" + "ME"):
            self.assertIn("finish it", words("src/base/a.cpp", f"// {mark}: later\n")[0])
        self.assertEqual(words("src/base/a.cpp", "int autodone;\n"), [])


if __name__ == "__main__":
    unittest.main(verbosity=0)
