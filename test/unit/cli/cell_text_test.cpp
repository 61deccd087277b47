#include "cli_support.hpp"
#include "print/output.hpp"

using namespace orilla;
using namespace orilla::cli;

TEST_CASE("cell_text: the first line only, and never wider than it looks") {
    CHECK(cell_text("one\ntwo") == "one...");
    CHECK(cell_text("one\rtwo") == "one...");
    CHECK(cell_text("a\tb\x1b") == "a b^[");
    TextTable table;
    table.add({"\x1b[2Jx", "y"});
    table.add({"plain", "z"});
    CHECK(table.render() == "^[[2Jx   y\nplain    z\n");
}

TEST_CASE("pretty_json: control characters are written as JSON writes them") {
    CHECK(pretty_json("\"a\\u001b\xc2\x9b\x7f\xe2\x80\xa8\"") == "\"a\\u001b\\u009b\\u007f\\u2028\"\n");
    CHECK(sorted_json(boost::json::parse("\"\xe2\x80\xa9\xc2\x9b\"")) == "\"\\u2029\xc2\x9b\"");
}
