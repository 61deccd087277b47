#include "orilla/schema/selectors.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <charconv>
#include <optional>

#include "orilla/schema/names.hpp"

namespace orilla::api {
namespace {

using Operator = Requirement::Operator;

bool is_selector_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_symbol(char c) { return std::string_view("=!(),<>").find(c) != std::string_view::npos; }

/// One word or one operator; empty text is the end.
struct Token {
    std::string_view text;
    bool word = false;
};

class Lexer {
  public:
    explicit Lexer(std::string_view text) : text_(text) {}
    Token peek() {
        size_t before = at_;
        Token token = next();
        at_ = before;
        return token;
    }
    Token next() {
        while (at_ < text_.size() && is_selector_space(text_[at_])) ++at_;
        size_t start = at_;
        if (at_ == text_.size()) return {};
        if (!is_symbol(text_[at_])) {
            while (at_ < text_.size() && !is_symbol(text_[at_]) && !is_selector_space(text_[at_])) ++at_;
            return {text_.substr(start, at_ - start), true};
        }
        ++at_;
        bool two = at_ < text_.size() && text_[at_] == '=' && (text_[start] == '=' || text_[start] == '!');
        if (two) ++at_;
        return {text_.substr(start, at_ - start), false};
    }
    bool accept(std::string_view text) {
        if (peek().text != text || text.empty()) return false;
        next();
        return true;
    }

  private:
    std::string_view text_;
    size_t at_ = 0;
};

Error unexpected(const Token& token, std::string_view expected) {
    std::string found = token.text.empty() ? "the end" : fmt::format("'{}'", token.text);
    return Error(Code::bad_request, fmt::format("unable to parse requirement: found {}, expected: {}", found, expected));
}

std::optional<int64_t> parse_integer(std::string_view text) {
    int64_t value = 0;
    auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc() || end != text.data() + text.size()) return {};
    return value;
}

std::string first_complaint(const Complaints& complaints) { return complaints.empty() ? "" : complaints.front(); }

/// "" when key, operator and values go together.
std::string find_flaw(const Requirement& requirement) {
    std::string flaw = first_complaint(check_qualified_name(requirement.key));
    if (!flaw.empty()) return fmt::format("key: Invalid value: \"{}\": {}", requirement.key, flaw);
    bool set = requirement.op == Operator::in || requirement.op == Operator::not_in;
    if (set && requirement.values.empty())
        return "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty";
    bool order = requirement.op == Operator::greater_than || requirement.op == Operator::less_than;
    for (const std::string& value : requirement.values) {
        if (order && !parse_integer(value))
            return fmt::format("values: Invalid value: \"{}\": for 'Gt', 'Lt' operators, the value must be an integer", value);
        flaw = first_complaint(check_label_value(value));
        if (!flaw.empty()) return fmt::format("values: Invalid value: \"{}\": {}", value, flaw);
    }
    return {};
}

class Parser {
  public:
    explicit Parser(std::string_view text) : lexer_(text) {}

    Result<std::vector<Requirement>> parse() {
        std::vector<Requirement> out;
        while (!lexer_.peek().text.empty()) {
            TRY(Requirement requirement, parse_requirement());
            std::sort(requirement.values.begin(), requirement.values.end());
            if (std::string flaw = find_flaw(requirement); !flaw.empty())
                return Error(Code::bad_request, "unable to parse requirement: " + flaw);
            out.push_back(std::move(requirement));
            if (out.size() > selector_requirements_max)
                return Error(Code::bad_request,
                             fmt::format("a selector has {} requirements at most", selector_requirements_max));
            if (lexer_.accept(",")) {
                if (Token after = lexer_.peek(); !after.word && after.text != "!")
                    return unexpected(after, "identifier after ','");
            } else if (Token after = lexer_.peek(); !after.text.empty()) {
                return unexpected(after, "',' or the end");
            }
        }
        return out;
    }

  private:
    Result<Requirement> parse_requirement() {
        bool absent = lexer_.accept("!");
        Token key = lexer_.next();
        if (!key.word) return unexpected(key, "!, identifier, or the end");
        Requirement requirement{std::string(key.text), absent ? Operator::does_not_exist : Operator::exists, {}};
        Token after = lexer_.peek();
        if (absent || after.text.empty() || after.text == ",") return requirement;
        lexer_.next();
        if (after.text == "in" || after.text == "notin") {
            requirement.op = after.text == "in" ? Operator::in : Operator::not_in;
            TRY(requirement.values, parse_values());
            return requirement;
        }
        if (after.text == "=" || after.text == "==") requirement.op = Operator::equals;
        else if (after.text == "!=") requirement.op = Operator::not_equals;
        else if (after.text == ">") requirement.op = Operator::greater_than;
        else if (after.text == "<") requirement.op = Operator::less_than;
        else return unexpected(after, "=, !=, ==, in, notin, <, >");
        requirement.values.push_back(accept_value());
        return requirement;
    }
    /// A value may be empty: then the next token is ',' or ')' or the end.
    std::string accept_value() {
        if (!lexer_.peek().word) return {};
        return std::string(lexer_.next().text);
    }
    Result<std::vector<std::string>> parse_values() {
        if (!lexer_.accept("(")) return unexpected(lexer_.peek(), "'('");
        std::vector<std::string> values;
        do values.push_back(accept_value());
        while (lexer_.accept(","));
        if (!lexer_.accept(")")) return unexpected(lexer_.peek(), "',' or ')'");
        return values;
    }

    Lexer lexer_;
};

std::optional<Operator> find_operator(std::string_view name) {
    if (name == "In") return Operator::in;
    if (name == "NotIn") return Operator::not_in;
    if (name == "Exists") return Operator::exists;
    if (name == "DoesNotExist") return Operator::does_not_exist;
    return {};
}

std::string join(const std::vector<std::string>& values) {
    std::string text;
    for (const std::string& value : values) text += (text.empty() && &value == &values.front() ? "" : ",") + value;
    return text;
}

}  // namespace

bool Requirement::matches(const Map<Str>& labels) const {
    const Str* label = labels.get(key);
    auto listed = [this, label] { return std::binary_search(values.begin(), values.end(), label->view()); };
    switch (op) {
        case Operator::equals:
        case Operator::in: return label != nullptr && listed();
        case Operator::not_equals:
        case Operator::not_in: return label == nullptr || !listed();
        case Operator::exists: return label != nullptr;
        case Operator::does_not_exist: return label == nullptr;
        default: break;
    }
    auto number = label == nullptr ? std::optional<int64_t>() : parse_integer(*label);
    auto bound = parse_integer(values.front());
    if (!number || !bound) return false;
    return op == Operator::greater_than ? *number > *bound : *number < *bound;
}

std::string Requirement::to_string() const {
    switch (op) {
        case Operator::equals: return fmt::format("{}={}", key, values.front());
        case Operator::not_equals: return fmt::format("{}!={}", key, values.front());
        case Operator::in: return fmt::format("{} in ({})", key, join(values));
        case Operator::not_in: return fmt::format("{} notin ({})", key, join(values));
        case Operator::does_not_exist: return "!" + key;
        case Operator::greater_than: return fmt::format("{}>{}", key, values.front());
        case Operator::less_than: return fmt::format("{}<{}", key, values.front());
        case Operator::exists: break;
    }
    return key;
}

Result<Selector> Selector::parse(std::string_view text) {
    if (text.size() > selector_bytes_max)
        return Error(Code::bad_request, fmt::format("a selector is {} bytes at most", selector_bytes_max));
    Selector selector;
    TRY(selector.requirements_, Parser(text).parse());
    return selector;
}

Result<void> Selector::require(std::string_view key, std::string_view op_text, std::vector<std::string> values) {
    auto op = find_operator(op_text);
    if (!op) return Error(Code::invalid, fmt::format("\"{}\" is not a valid label selector operator", op_text));
    Requirement requirement{std::string(key), *op, std::move(values)};
    std::sort(requirement.values.begin(), requirement.values.end());
    if (std::string flaw = find_flaw(requirement); !flaw.empty()) return Error(Code::invalid, flaw);
    requirements_.push_back(std::move(requirement));
    return ok();
}

Selector Selector::from_labels(const Map<Str>& labels) {
    Selector selector;
    for (const auto& label : labels) selector.requirements_.push_back({label.key.str(), Operator::equals, {label.value.str()}});
    return selector;
}

Selector Selector::nothing() {
    Selector selector;
    selector.nothing_ = true;
    return selector;
}

bool Selector::matches(const Map<Str>& labels) const {
    if (nothing_) return false;
    for (const Requirement& requirement : requirements_)
        if (!requirement.matches(labels)) return false;
    return true;
}

std::string Selector::to_string() const {
    std::vector<const Requirement*> sorted;
    for (const Requirement& requirement : requirements_) sorted.push_back(&requirement);
    auto by_key = [](const Requirement* a, const Requirement* b) { return a->key < b->key; };
    std::stable_sort(sorted.begin(), sorted.end(), by_key);
    std::string text;
    for (const Requirement* requirement : sorted) text += (text.empty() ? "" : ",") + requirement->to_string();
    return text;
}

}  // namespace orilla::api
