// What a person sees: tables as kubectl prints them, and the machine formats of -o.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "options.hpp"
#include "orilla/base/result.hpp"
#include "print/terminal.hpp"
#include "resources.hpp"

namespace orilla::cli {

/// Columns of text, padded; the last one is not.
class TextTable {
  public:
    /// Cells become cell_text.
    void add(std::vector<std::string> row);
    bool empty() const { return rows_.empty(); }
    std::string render() const;

  private:
    std::vector<std::vector<std::string>> rows_;
};

/// Tables of the API as text, one kind's. A watch goes on with the same printer, so that its columns stay where they are.
struct TablePrinter {
    const Options& options;
    const api::KindInfo& kind;
    bool prefix_kind = false;  ///< "pod/web" in place of "web", when several kinds are printed
    bool headers_done = false;
    std::vector<std::string> columns;  ///< upper case
    std::vector<int> priorities;
    std::vector<size_t> widths;  ///< of what was printed

    std::string render(const boost::json::object& table);
};

/// What the server answered about one target.
struct KindTable {
    const api::KindInfo* kind;
    boost::json::object table;
};
/// As kubectl prints them: neighbours of one kind share a table; several kinds get a blank line between them, and TYPE/
/// in front of the names.
Result<std::string> render_tables(const Options& options, const std::vector<KindTable>& tables);
/// Objects of -o json, yaml, name, jsonpath=, custom-columns=. One that is no list stays itself (`single`), all else
/// becomes a List.
Result<std::string> render_objects(const Options& options, const std::vector<boost::json::object>& objects, bool single);
/// Orders `indices` of objects as --sort-by=PATH says; fails when no object has the field.
Result<std::vector<size_t>> sort_objects(const std::string& path, const std::vector<const boost::json::object*>& objects);

/// json, yaml, name, jsonpath=..., custom-columns=...; anything else is "wide" or empty.
bool is_machine_output(const std::string& output);
/// Is -o one of these (names separated by commas)? kubectl's words for one that is not.
Result<void> check_output(const Options& options, std::string_view allowed);
constexpr std::string_view change_outputs = "json,jsonpath,name,yaml";
/// One object or List as -o says, with the last newline.
Result<std::string> render_object(const std::string& json, const Options& options);
/// Keys sorted, four blanks a level, as kubectl prints.
std::string pretty_json(std::string_view json);
/// One line, keys sorted, as Go writes it: two programs that say the same write the same.
std::string sorted_json(const boost::json::value& value);
/// The text of a cell: its first line, as terminal_text.
std::string cell_text(std::string_view text);

std::string text_at(const boost::json::object& object, std::string_view key);
const boost::json::object& object_at(const boost::json::object& object, std::string_view key);
const boost::json::array& array_at(const boost::json::object& object, std::string_view key);
Result<boost::json::object> parse_object(std::string_view text);
/// Any scalar as text; compact JSON otherwise; "" for null.
std::string text_of(const boost::json::value& value);
int64_t number_at(const boost::json::object& object, std::string_view key, int64_t otherwise = 0);

/// What an error says, as kubectl words it: each cause once, on a line of its own when there are several.
std::string render_error(const Error& error);
/// The error on stderr; nothing for one that was told already.
void print_error(const Error& error);

/// Several objects, of which some may fail: each failure is told at once and the rest goes on, as with kubectl.
class Failures {
  public:
    void add(const Error& error);
    template <class T>
    void add_if(const Result<T>& result) {
        if (!result) add(result.error());
    }
    bool any() const { return any_; }
    /// Ends the verb: an error without words when there was any.
    Result<void> outcome() const;

  private:
    bool any_ = false;
};

}  // namespace orilla::cli
