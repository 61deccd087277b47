#include "yaml_faults.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <optional>
#include <vector>

namespace orilla::api {
namespace {

constexpr std::string_view put_in_quotes = "put the whole value in quotes";

/// One line of the text, as far as its shape goes.
struct YamlLine {
    std::string_view all;
    std::string_view words;  ///< without indentation, comment and blanks at the end
    size_t indent = 0;       ///< blanks in front
    bool has_tab = false;    ///< among them

    bool is_empty() const { return words.empty(); }
};

/// Where a # begins a comment; quotes keep it from doing so.
size_t comment_at(std::string_view line) {
    char quote = 0;
    for (size_t i = 0; i < line.size(); ++i) {
        if (quote) quote = line[i] == quote ? 0 : quote;
        else if ((line[i] == '"' || line[i] == '\'') &&
                 (i == 0 || std::string_view(" [{,:-").find(line[i - 1]) != std::string_view::npos))
            quote = line[i];
        else if (line[i] == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) return i;
    }
    return line.size();
}

YamlLine look_at(std::string_view line) {
    YamlLine out;
    out.all = line;
    const size_t first = std::min(line.find_first_not_of(" \t"), line.size());
    out.indent = std::min(line.find_first_not_of(' '), line.size());
    out.has_tab = out.indent < first;
    out.words = line.substr(first, std::max(comment_at(line), first) - first);
    out.words = out.words.substr(0, out.words.find_last_not_of(" \t\r") + 1);
    return out;
}

std::vector<YamlLine> lines_of(std::string_view text) {
    std::vector<YamlLine> out;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        out.push_back(look_at(text.substr(0, end)));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

/// The ": " or ":" at the end that ends the key; npos when there is none.
size_t find_key_end(std::string_view words) {
    char quote = 0;
    for (size_t i = 0; i < words.size(); ++i) {
        if (quote) quote = words[i] == quote ? 0 : quote;
        else if (words[i] == '"' || words[i] == '\'') quote = words[i];
        else if (words[i] == ':' && (i + 1 == words.size() || words[i + 1] == ' ' || words[i + 1] == '\t')) return i;
    }
    return std::string_view::npos;
}

/// What stands behind the key of a line, or behind its dash.
std::string_view text_behind_key(std::string_view words) {
    while (words.starts_with("- ")) words.remove_prefix(std::min(words.find_first_not_of(' ', 1), words.size()));
    if (const size_t end = find_key_end(words); end != std::string_view::npos) words.remove_prefix(end + 1);
    words.remove_prefix(std::min(words.find_first_not_of(" \t"), words.size()));
    return words;
}

std::string blanks_text(size_t count) {
    return count == 0 ? "not at all" : count == 1 ? "by 1 blank" : fmt::format("by {} blanks", count);
}

bool begins_block_text(const YamlLine& line) {
    const std::string_view value = text_behind_key(line.words);
    return !value.empty() && (value[0] == '|' || value[0] == '>') && value.find(' ') == std::string_view::npos;
}

class Explainer {
  public:
    Explainer(std::string_view text, int line, std::string_view message) : lines_(lines_of(text)), message_(message) {
        if (lines_.empty()) lines_.push_back({});
        at_ = std::min(static_cast<size_t>(std::max(line, 0)), lines_.size() - 1);
        while (at_ > 0 && lines_[at_].is_empty()) --at_;
    }

    YamlFault run() {
        using Look = std::optional<YamlFault> (Explainer::*)() const;
        constexpr Look looks[] = {&Explainer::tab,          &Explainer::template_braces, &Explainer::open_quote,
                                  &Explainer::open_bracket, &Explainer::letter,          &Explainer::alias,
                                  &Explainer::escape,       &Explainer::block_text,      &Explainer::no_colon,
                                  &Explainer::second_colon, &Explainer::behind_quote,    &Explainer::indentation};
        for (const Look look : looks)
            if (auto found = (this->*look)()) return *std::move(found);
        return fault(at_, "the YAML cannot be read from here on: " + message_);
    }

  private:
    static YamlFault fault(size_t line, std::string what) { return {static_cast<int>(line), std::move(what)}; }
    const YamlLine& here() const { return lines_[at_]; }
    bool says(std::string_view words) const { return message_.find(words) != std::string::npos; }

    /// The last line before this one that has something on it; this one when there is none.
    size_t line_above() const {
        for (size_t line = at_; line-- > 0;)
            if (!lines_[line].is_empty()) return line;
        return at_;
    }

    std::optional<YamlFault> tab() const {
        if (!here().has_tab) return std::nullopt;
        return fault(at_, "there is a tab in the indentation: YAML takes only blanks there");
    }

    std::optional<YamlFault> template_braces() const {
        if (here().all.find("{{") == std::string_view::npos) return std::nullopt;
        return fault(at_, std::string(yaml_template_fault));
    }

    std::optional<YamlFault> open_quote() const {
        if (!says("EOF in scalar")) return std::nullopt;
        // From the end: it is the last quote that begins a value.
        for (size_t line = lines_.size(); line-- > 0;) {
            std::string_view value = text_behind_key(lines_[line].words);
            const bool quoted = !value.empty() && (value[0] == '"' || value[0] == '\'');
            if (quoted && value.substr(1).find(value[0]) == std::string_view::npos)
                return fault(line, fmt::format("the text that begins with {} does not end: the closing {} is missing", value[0],
                                               value[0]));
        }
        return fault(at_, "a text in quotes does not end: its closing quote is missing");
    }

    std::optional<YamlFault> open_bracket() const {
        if (says("illegal flow end")) return fault(at_, "there is a } or ] too much");
        const bool map = says("end of map flow"), list = says("end of sequence flow");
        if (!map && !list) return std::nullopt;
        const char open = map ? '{' : '[', close = map ? '}' : ']';
        const std::string what = fmt::format("{} that begins with {} does not end: a {} or a comma is missing",
                                             map ? "the map" : "the list", open, close);
        std::ptrdiff_t missing = 0;
        for (size_t line = at_ + 1; line-- > 0;) {
            missing += std::ranges::count(lines_[line].words, open) - std::ranges::count(lines_[line].words, close);
            if (missing > 0) return fault(line, what);
        }
        return fault(at_, what);
    }

    std::optional<YamlFault> letter() const {
        const std::string_view value = text_behind_key(here().words);
        if (value.empty() || !says("unknown token") || std::string_view("@`%").find(value[0]) == std::string_view::npos)
            return std::nullopt;
        return fault(at_, fmt::format("a value cannot begin with {}: {}", value[0], put_in_quotes));
    }

    std::optional<YamlFault> alias() const {
        if (!says("anchor is not defined")) return std::nullopt;
        return fault(
            at_, "a * stands for what an & named before, and nothing was named so: put a value that begins with * in quotes");
    }

    std::optional<YamlFault> escape() const {
        if (!says("unknown escape character")) return std::nullopt;
        return fault(at_, fmt::format("\\{} means nothing between \" and \": write \\\\ for a backslash, or use ' and '",
                                      message_.substr(message_.find_last_of(' ') + 1)));
    }

    /// x: | whose lines do not stand deeper.
    std::optional<YamlFault> block_text() const {
        const YamlLine& above = lines_[line_above()];
        const bool is_key = find_key_end(here().words) != std::string_view::npos;
        if (!begins_block_text(above) || here().indent > above.indent || is_key) return std::nullopt;
        return fault(at_, "the lines of a text that begins with | or > must be indented deeper than its key");
    }

    /// "data" alone on the line above.
    std::optional<YamlFault> no_colon() const {
        if (!says("illegal map value") && !says("end of map not found")) return std::nullopt;
        for (const size_t line : {at_, line_above()}) {
            const std::string_view words = lines_[line].words;
            const bool is_word = !words.empty() && words.find_first_of(" \"'[]{}-&*!|>%@`:") == std::string_view::npos;
            if (is_word)
                return fault(
                    line,
                    fmt::format("\"{}\" has no ':' behind it: 'key: value', or 'key:' above lines that are indented deeper",
                                words));
        }
        return std::nullopt;
    }

    std::optional<YamlFault> second_colon() const {
        const std::string_view value = text_behind_key(here().words);
        const bool quoted = !value.empty() && (value[0] == '"' || value[0] == '\'' || value[0] == '{' || value[0] == '[');
        if (!says("illegal map value") || quoted || find_key_end(value) == std::string_view::npos) return std::nullopt;
        return fault(
            at_, fmt::format("there is a second ': ' in the line: {}, or begin a new line behind the first", put_in_quotes));
    }

    std::optional<YamlFault> behind_quote() const {
        const std::string_view value = text_behind_key(here().words);
        if (value.empty() || (value[0] != '"' && value[0] != '\'')) return std::nullopt;
        const size_t end = value.find(value[0], 1);
        if (end == std::string_view::npos || end + 1 == value.size()) return std::nullopt;
        return fault(at_,
                     fmt::format("there is more behind the closing {}: {}{}", value[0], put_in_quotes,
                                 value[0] == '"' ? ", and \\ in front of each \" in it" : ", and write each ' in it twice"));
    }

    /// The indentations that a line here may have: those of the open lines above, dashes and what stands behind them.
    std::vector<size_t> open_indents() const {
        std::vector<size_t> out;
        for (size_t line = 0; line < at_; ++line) {
            if (lines_[line].is_empty()) continue;
            size_t indent = lines_[line].indent;
            while (!out.empty() && out.back() >= indent) out.pop_back();
            out.push_back(indent);
            for (std::string_view words = lines_[line].words; words.starts_with("- ");) {
                const size_t inner = std::min(words.find_first_not_of(' ', 1), words.size());
                words.remove_prefix(inner);
                out.push_back(indent += inner);
            }
        }
        return out;
    }

    std::optional<YamlFault> indentation() const {
        const std::vector<size_t> open = open_indents();
        if (open.empty()) return std::nullopt;
        const bool fits = std::ranges::find(open, here().indent) != open.end();
        if (!fits && here().indent > open.back())
            return fault(
                at_,
                fmt::format(
                    "this line is indented deeper ({}) than the one above it ({}), which has its value already: line it up",
                    blanks_text(here().indent), blanks_text(open.back())));
        std::string allowed;
        for (const size_t one : open) allowed += (allowed.empty() ? "" : ", ") + std::to_string(one);
        if (!fits)
            return fault(at_, fmt::format("this line is indented {}, which fits no line above ({}): line it up",
                                          blanks_text(here().indent), allowed));
        if (here().words.starts_with("- ") || here().words == "-")
            return fault(at_,
                         "a list begins here, where a key is expected: line the dash up with those of its list, or give it a "
                         "key of its own");
        return fault(at_, fmt::format("a key and its value are expected here, or the line belongs to another indentation ({})",
                                      allowed));
    }

    std::vector<YamlLine> lines_;
    size_t at_ = 0;
    std::string message_;
};

}  // namespace

YamlFault explain_yaml_fault(std::string_view text, int line, std::string_view message) {
    return Explainer(text, line, message).run();
}

}  // namespace orilla::api
