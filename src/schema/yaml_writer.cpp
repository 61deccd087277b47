#include <algorithm>
#include <vector>

#include "json_value.hpp"
#include "orilla/schema/codec.hpp"
#include "orilla/schema/yaml.hpp"
#include "yaml_scalar.hpp"

namespace orilla::api {
namespace {
namespace json = boost::json;

constexpr size_t simple_key_bytes_max = 128;  // quoting may make it several times longer

bool is_blank(char c) { return c == ' ' || c == '\n'; }
bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f; }
/// U+0080 to U+009F: a terminal obeys them, too.
bool is_wide_control(std::string_view text, size_t at) {
    return static_cast<unsigned char>(text[at]) == 0xc2 && at + 1 < text.size() &&
           static_cast<unsigned char>(text[at + 1]) < 0xa0;
}
bool has_control(std::string_view text) {
    for (size_t i = 0; i < text.size(); ++i)
        if (is_control(text[i]) || is_wide_control(text, i)) return true;
    return false;
}

/// 12:30 and the like are numbers to base 60 for some readers of YAML 1.1.
bool looks_base60(std::string_view text) {
    return text.find(':') != std::string_view::npos && text.find_first_not_of("0123456789:_.+-") == std::string_view::npos;
}

/// How many digits `text` begins with, taken off.
size_t take_digits(std::string_view& text) {
    const size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(count);
    return count;
}

/// 2026-11-25 and 2026-11-25T15:03:07Z are no strings for readers of YAML 1.1.
bool looks_timestamp(std::string_view text) {
    if (take_digits(text) != 4) return false;
    for (int part = 0; part < 2; ++part) {
        if (!text.starts_with('-')) return false;
        text.remove_prefix(1);
        const size_t digits = take_digits(text);
        if (digits < 1 || digits > 2) return false;
    }
    if (text.empty()) return true;
    return (text[0] == 'T' || text[0] == 't' || text[0] == ' ') && text.find(':') != std::string_view::npos &&
           text.find_first_not_of("0123456789:.+-Z", 1) == std::string_view::npos;
}

bool means_something_else(std::string_view text) {
    return looks_timestamp(text) || resolve_plain_scalar(text).type != YamlScalar::Type::string || looks_base60(text) ||
           text == "<<" || text == "=";
}

bool may_be_plain(std::string_view text) {
    constexpr std::string_view never_first = "#,[]{}&*!|>'\"%@`";
    if (text.starts_with("---") || text.starts_with("...")) return false;
    if (is_blank(text.front()) || is_blank(text.back())) return false;
    if (never_first.find(text.front()) != std::string_view::npos) return false;
    bool marker = text.front() == '-' || text.front() == '?' || text.front() == ':';
    if (marker && (text.size() == 1 || is_blank(text[1]))) return false;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == ':' && (i + 1 == text.size() || is_blank(text[i + 1]))) return false;
        if (text[i] == '#' && i > 0 && is_blank(text[i - 1])) return false;
    }
    return true;
}

/// Lines that a block scalar can hold as they are: no control characters and no blanks before a line's end.
bool may_be_block(std::string_view text) {
    return !has_control(text) && text.find(" \n") == std::string_view::npos && text.back() != ' ' &&
           text.find_first_not_of('\n') != std::string_view::npos;
}

class YamlWriter {
  public:
    std::string out;

    /// After "key:" or "-": scalars and empty containers go on the same line, the rest below.
    void value(const json::value& value, size_t indent, bool after_dash) {
        if (const json::object* object = value.if_object(); object != nullptr && !object->empty()) {
            this->object(*object, indent, after_dash);
        } else if (const json::array* list = value.if_array(); list != nullptr && !list->empty()) {
            this->list(*list, indent, after_dash);
        } else {
            out += ' ';
            scalar(value, indent);
        }
    }

    /// `in_place`: the first key continues the line of a dash.
    void object(const json::object& object, size_t indent, bool in_place) {
        std::vector<const json::key_value_pair*> sorted;
        for (const json::key_value_pair& pair : object) sorted.push_back(&pair);
        std::ranges::sort(sorted, {},
                          [](const auto* pair) { return std::string_view(pair->key().data(), pair->key().size()); });
        for (const json::key_value_pair* pair : sorted) {
            start_line(indent, in_place);
            key({pair->key().data(), pair->key().size()}, indent);
            bool below = pair->value().is_object();
            value(pair->value(), below ? indent + 2 : indent, false);
        }
    }

    void list(const json::array& list, size_t indent, bool in_place) {
        for (const json::value& item : list) {
            start_line(indent, in_place);
            out += '-';
            // What a block's indentation is counted from is the dash, while what is below an item stands beside its text.
            value(item, item.is_string() ? indent : indent + 2, true);
        }
    }

    void scalar(const json::value& value, size_t indent) {
        if (const json::string* string = value.if_string()) text({string->data(), string->size()}, indent, false);
        else out += render_value(value);
    }

  private:
    /// Long keys need the explicit form: readers look for the colon of a short one within 1024 characters.
    void key(std::string_view name, size_t indent) {
        bool is_long = name.size() > simple_key_bytes_max;
        if (is_long) out += "? ";
        text(name, indent, true);
        if (is_long) out.append("\n").append(indent, ' ');
        out += ':';
    }

    void start_line(size_t indent, bool& in_place) {
        if (in_place) {
            out += ' ';
            in_place = false;
            return;
        }
        if (!out.empty() && out.back() != '\n') out += '\n';
        out.append(indent, ' ');
    }

    void text(std::string_view text, size_t indent, bool is_key) {
        bool lines = text.find('\n') != std::string_view::npos;
        if (means_something_else(text) || has_control(text)) double_quoted(text);
        else if (lines && !is_key && may_be_block(text)) block(text, indent + 2);
        else if (lines) double_quoted(text);
        else if (may_be_plain(text)) out += text;
        else single_quoted(text);
    }

    /// As JSON, which lets some control characters through.
    void double_quoted(std::string_view text) {
        static constexpr char hex[] = "0123456789abcdef";
        std::string quoted;
        append_json_string(quoted, text);
        for (size_t i = 0; i < quoted.size(); ++i) {
            const bool wide = is_wide_control(quoted, i);
            if (!wide && quoted[i] != 0x7f) {
                out += quoted[i];
                continue;
            }
            const auto c = static_cast<unsigned char>(quoted[wide ? ++i : i]);
            out += "\\u00";
            out += hex[c >> 4];
            out += hex[c & 15];
        }
    }

    void single_quoted(std::string_view text) {
        out += '\'';
        for (char c : text) {
            if (c == '\'') out += '\'';
            out += c;
        }
        out += '\'';
    }

    void block(std::string_view text, size_t indent) {
        out += '|';
        if (is_blank(text.front())) out += '2';
        if (!text.ends_with('\n')) out += '-';
        else if (text.ends_with("\n\n")) out += '+';
        while (!text.empty()) {
            size_t end = std::min(text.find('\n'), text.size());
            out += '\n';
            if (end > 0) out.append(indent, ' ').append(text.substr(0, end));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
        out += '\n';
    }
};
}  // namespace

Result<std::string> render_yaml(std::string_view text) {
    TRY(json::value document, parse_value(text, "document"));
    YamlWriter writer;
    if (const json::object* object = document.if_object(); object != nullptr && !object->empty()) {
        writer.object(*object, 0, false);
    } else if (const json::array* list = document.if_array(); list != nullptr && !list->empty()) {
        writer.list(*list, 0, false);
    } else {
        writer.scalar(document, 0);
    }
    if (writer.out.back() != '\n') writer.out += '\n';
    return std::move(writer.out);
}

}  // namespace orilla::api
