// What a person sees: tables as kubectl prints them, and the machine formats of -o.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "options.hpp"
#include "orilla/base/result.hpp"
#include "resources.hpp"

namespace orilla::cli {

/// Columns of text, padded; the last one is not.
class TextTable {
  public:
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    bool empty() const { return rows_.empty(); }
    std::string render() const;

  private:
    std::vector<std::vector<std::string>> rows_;
};

/// A Table of the API as text. `prefix_kind`: "pod/web" in place of "web", when several kinds are printed.
struct TablePrinter {
    const Options& options;
    const api::KindInfo& kind;
    bool prefix_kind = false;
    bool headers_done = false;
    std::vector<std::string> columns;     ///< upper case
    std::vector<int> priorities;
    std::vector<size_t> widths;           ///< of what was printed: a watch keeps its columns

    std::string render(const boost::json::object& table);
};

/// yaml, json, name, jsonpath=..., jsonpath-file is refused; anything else is "wide" or empty.
bool is_machine_output(const std::string& output);
/// One object or List as -o says, with the last newline.
Result<std::string> render_object(const std::string& json, const Options& options);
std::string pretty_json(std::string_view json);

std::string text_at(const boost::json::object& object, std::string_view key);
const boost::json::object& object_at(const boost::json::object& object, std::string_view key);
const boost::json::array& array_at(const boost::json::object& object, std::string_view key);
Result<boost::json::object> parse_object(std::string_view text);
/// Any scalar as text; compact JSON otherwise; "" for null.
std::string text_of(const boost::json::value& value);
int64_t number_at(const boost::json::object& object, std::string_view key, int64_t otherwise = 0);

void print(std::string_view text);
/// "error: ..." on stderr, causes as kubectl lists them; gives exit status 1.
int fail(const Error& error);

}  // namespace orilla::cli
