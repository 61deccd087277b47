#include <fmt/core.h>
#include <algorithm>
#include <cstdio>

#include "documents.hpp"

namespace orilla::api {
namespace {
constexpr std::string_view blanks = " \t\r\n";

/// Walks JSON text value by value, noting the line of each field. It only finds its way: check_json() judges the
/// grammar.
class Scanner {
  public:
    Scanner(std::string_view text, int first_line) : text_(text), line_(first_line) {}

    struct Item {
        size_t begin, end;
        int line;
        std::vector<std::pair<std::string, int>> lines;
    };

    /// One whole value at the current place, or false when it cannot be followed.
    bool value(const std::string& path, int depth) {
        skip_blanks();
        if (depth > json_depth_max || at_end()) return false;
        if (text_[at_] == '{') return object(path, depth);
        if (text_[at_] == '[') return list(path, depth);
        if (text_[at_] == '"') return string().has_value();
        size_t end = text_.find_first_of(",]} \t\r\n", at_);
        at_ = end == std::string_view::npos ? text_.size() : end;
        return true;
    }

    void skip_blanks() {
        for (; !at_end() && blanks.find(text_[at_]) != std::string_view::npos; ++at_)
            if (text_[at_] == '\n') ++line_;
    }
    bool at_end() const { return at_ >= text_.size(); }
    size_t at() const { return at_; }
    int line() const { return line_; }

    std::vector<std::pair<std::string, int>> lines;
    std::vector<Item> items;  ///< the elements of the top object's "items"
    std::string kind;         ///< the top object's

  private:
    bool take(char c) {
        skip_blanks();
        if (at_end() || text_[at_] != c) return false;
        return ++at_, true;
    }

    std::optional<std::string_view> string() {
        size_t begin = ++at_;
        for (; !at_end(); ++at_) {
            if (text_[at_] == '\\') ++at_;
            else if (text_[at_] == '"') return text_.substr(begin, at_++ - begin);
        }
        return std::nullopt;
    }

    bool object(const std::string& path, int depth) {
        ++at_;
        if (take('}')) return true;
        do {
            skip_blanks();
            if (at_end() || text_[at_] != '"') return false;
            int key_line = line_;
            auto key = string();
            if (!key || !take(':')) return false;
            std::string field_path = path.empty() ? std::string(*key) : fmt::format("{}.{}", path, *key);
            lines.emplace_back(field_path, key_line);
            skip_blanks();
            size_t begin = at_;
            if (!value(field_path, depth + 1)) return false;
            if (depth == 0 && *key == "kind") kind = text_.substr(begin, at_ - begin);
        } while (take(','));
        return take('}');
    }

    bool list(const std::string& path, int depth) {
        ++at_;
        if (take(']')) return true;
        size_t index = 0;
        do {
            skip_blanks();
            std::string item_path = fmt::format("{}[{}]", path, index++);
            Item item{at_, 0, line_, {}};
            size_t first = lines.size();
            lines.emplace_back(item_path, line_);
            if (!value(item_path, depth + 1)) return false;
            item.end = at_;
            if (depth == 1 && path == "items") add_item(item, first + 1, item_path.size() + 1);
        } while (take(','));
        return take(']');
    }

    /// The lines of the fields inside items[3], with their paths counted from there.
    void add_item(Item& item, size_t first, size_t prefix) {
        for (size_t i = first; i < lines.size(); ++i)
            item.lines.emplace_back(lines[i].first.substr(std::min(prefix, lines[i].first.size())), lines[i].second);
        items.push_back(std::move(item));
    }

    std::string_view text_;
    size_t at_ = 0;
    int line_;
};

ManifestDocument document_of(std::string_view source, std::string_view json, int line) {
    ManifestDocument document;
    document.source = source;
    document.json = json;
    document.line = line;
    return document;
}

/// "invalid JSON at line 2, column 6: syntax error", as FILE:LINE and with what stands there.
Error json_fault(std::string_view source, std::string_view json, int first_line, const std::string& message) {
    int line = 0, column = 0;
    if (sscanf(message.c_str(), "invalid JSON at line %d, column %d", &line, &column) != 2)
        return manifest_error(source, first_line, message);
    for (int skipped = first_line; skipped < line; ++skipped) json.remove_prefix(std::min(json.find('\n') + 1, json.size()));
    json.remove_prefix(std::min(static_cast<size_t>(column - 1), json.size()));
    const std::string where = fmt::format("invalid JSON in column {}: ", column);
    if (json.empty()) return manifest_error(source, line, where + "it ends too early: a }, a ] or a closing \" is missing");
    const std::string_view here = json.substr(0, json.find_first_of(" \t\r\n,"));
    return manifest_error(
        source, line,
        fmt::format("{}{} is not expected there: is a comma or a \" missing before it, or something too much?", where,
                    here.substr(0, 20)));
}

bool is_list(const Scanner& scanner) {
    std::string_view kind = scanner.kind;
    bool quoted = kind.size() > 2 && kind.front() == '"';
    return quoted && is_list_kind(kind.substr(1, kind.size() - 2)) &&
           std::ranges::any_of(scanner.lines, [](const auto& line) { return line.first == "items"; });
}

Result<void> add_documents(std::vector<ManifestDocument>& documents, std::string_view text, std::string_view source,
                           bool take_lists_apart) {
    int line = 1;
    while (text.find_first_not_of(blanks) != std::string_view::npos) {
        Scanner scanner(text, line);
        scanner.skip_blanks();
        size_t begin = scanner.at();
        line = scanner.line();
        bool whole = scanner.value("", 0);
        std::string_view json = text.substr(begin, whole ? scanner.at() - begin : std::string_view::npos);
        if (auto checked = check_json(json, line); !checked) return json_fault(source, json, line, checked.error().message());
        if (!whole) return manifest_error(source, line, "nested too deeply");
        if (take_lists_apart && is_list(scanner)) {
            for (Scanner::Item& item : scanner.items) {
                documents.push_back(document_of(source, text.substr(item.begin, item.end - item.begin), item.line));
                documents.back().lines = std::move(item.lines);
            }
        } else {
            documents.push_back(document_of(source, json, line));
            documents.back().lines = std::move(scanner.lines);
        }
        if (documents.size() > manifest_documents_max) return manifest_error(source, line, "too many documents");
        text.remove_prefix(scanner.at());
        line = scanner.line();
    }
    return ok();
}
}  // namespace

ManifestReading read_json_documents(std::string_view text, std::string_view source, bool take_lists_apart) {
    ManifestReading reading;
    if (auto added = add_documents(reading.documents, text, source, take_lists_apart); !added)
        reading.faults.push_back(std::move(added).error());
    return reading;
}

}  // namespace orilla::api
