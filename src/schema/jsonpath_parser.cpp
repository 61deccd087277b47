#include "jsonpath_parser.hpp"

#include <fmt/core.h>
#include <array>
#include <charconv>

#include "orilla/schema/codec.hpp"
#include "orilla/schema/jsonpath.hpp"

namespace orilla::api::jsonpath {
namespace {

Error bad_template(std::string message) { return Error(Code::bad_request, "error parsing jsonpath: " + message); }

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view trim(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

bool is_quoted(std::string_view text) {
    return text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
}

/// Of a text in quotes: \n, \t, \r and any other escaped character as itself.
std::string unquote(std::string_view text) {
    std::string out;
    for (size_t i = 1; i + 1 < text.size(); ++i) {
        if (text[i] != '\\' || i + 2 >= text.size()) {
            out += text[i];
            continue;
        }
        char c = text[++i];
        out += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
    }
    return out;
}

/// The position of `wanted` outside of quotes, brackets and parentheses, or npos.
size_t find_outside(std::string_view text, std::string_view wanted) {
    int nesting = 0;
    char quote = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (quote != 0) {
            if (c == '\\') ++i;
            else if (c == quote) quote = 0;
            continue;
        }
        if (nesting == 0 && wanted.find(c) != wanted.npos) return i;
        if (c == '"' || c == '\'') quote = c;
        else if (c == '[' || c == '(') ++nesting;
        else if ((c == ']' || c == ')') && nesting > 0) --nesting;
    }
    return text.npos;
}

std::optional<long> parse_long(std::string_view text) {
    long value = 0;
    auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc() || end != text.data() + text.size()) return {};
    return value;
}

bool is_number(std::string_view text) {
    double value = 0;
    auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    return !text.empty() && code == std::errc() && end == text.data() + text.size() &&
           text.find_first_not_of("0123456789.-+eE") == text.npos;
}

Step literal(std::string json) {
    Step step;
    step.kind = Step::Kind::literal;
    step.name = std::move(json);
    return step;
}

class ExpressionParser {
  public:
    ExpressionParser(std::string_view text, int depth) : text_(text), depth_(depth) {}

    Result<Expression> parse() {
        if (depth_ > jsonpath_depth_max) return bad_template("nested too deeply");
        text_ = trim(text_);
        if (auto whole = parse_literal()) return Expression{std::move(*whole)};
        Expression steps;
        while (at_ < text_.size()) {
            TRY(Step step, parse_step());
            steps.push_back(std::move(step));
        }
        return steps;
    }

  private:
    /// "text", 'text', 12, true: an operand of a comparison, or text to print.
    std::optional<Step> parse_literal() const {
        if (is_quoted(text_)) {
            std::string json;
            append_json_string(json, unquote(text_));
            return literal(std::move(json));
        }
        if (is_number(text_) || text_ == "true" || text_ == "false") return literal(std::string(text_));
        return {};
    }

    Result<Step> parse_step() {
        char c = text_[at_];
        Step step;
        if (c == '$' || c == '@') {
            ++at_;
            step.kind = c == '$' ? Step::Kind::root : Step::Kind::current;
            return step;
        }
        if (c == '[') return parse_brackets();
        if (c == '.') {
            ++at_;
            if (at_ < text_.size() && text_[at_] == '.') {
                if (at_ + 1 < text_.size() && text_[at_ + 1] == '.') return bad_template("too many dots");
                ++at_;
                step.kind = Step::Kind::recursive;
                // ..name goes on with .name, which takes this dot; ..[0] goes on by itself.
                if (at_ < text_.size() && text_[at_] != '[') --at_;
                if (at_ == text_.size()) return bad_template("a field's name is missing after ..");
                return step;
            }
            if (at_ == text_.size() || text_[at_] == '[') return step;
            return parse_name();
        }
        // Only at the beginning may a field go without its dot.
        if (at_ == 0) return parse_name();
        return bad_template(fmt::format("unexpected '{}' in {}", c, text_.substr(0, 256)));
    }

    Result<Step> parse_name() {
        Step step;
        step.kind = Step::Kind::field;
        if (text_[at_] == '*') {
            ++at_;
            step.kind = Step::Kind::wildcard;
            return step;
        }
        constexpr std::string_view terminators = " \t\r\n.,[]$@{}";
        while (at_ < text_.size() && terminators.find(text_[at_]) == terminators.npos) {
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
            step.name += text_[at_++];
        }
        if (step.name.empty()) return bad_template("a field's name is missing in " + std::string(text_.substr(0, 256)));
        return step;
    }

    Result<Step> parse_brackets() {
        size_t close = find_close();
        if (close == text_.npos) return bad_template("unterminated array in " + std::string(text_.substr(0, 256)));
        std::string_view inside = trim(text_.substr(at_ + 1, close - at_ - 1));
        at_ = close + 1;
        if (inside.starts_with('?')) return parse_filter(inside);
        if (find_outside(inside, ",") != inside.npos) return parse_together(inside);
        return parse_subscript(inside);
    }

    size_t find_close() const {
        size_t inside = find_outside(text_.substr(at_ + 1), "]");
        return inside == text_.npos ? inside : at_ + 1 + inside;
    }

    Result<Step> parse_together(std::string_view inside) {
        Step step;
        step.kind = Step::Kind::together;
        while (!inside.empty()) {
            size_t comma = std::min(find_outside(inside, ","), inside.size());
            std::string part = fmt::format("[{}]", trim(inside.substr(0, comma)));
            TRY(Expression one, ExpressionParser(part, depth_ + 1).parse());
            step.expressions.push_back(std::move(one));
            inside.remove_prefix(std::min(comma + 1, inside.size()));
        }
        return step;
    }

    static Result<Step> parse_subscript(std::string_view inside) {
        Step step;
        if (inside == "*") {
            step.kind = Step::Kind::wildcard;
            return step;
        }
        if (is_quoted(inside)) {
            step.kind = Step::Kind::field;
            step.name = unquote(inside);
            return step;
        }
        step.kind = Step::Kind::slice;
        std::array<std::optional<long>, 3> numbers;
        size_t count = 0;
        bool more = true;
        for (std::string_view rest = inside; more; ++count) {
            size_t colon = rest.find(':');
            std::string_view part = trim(rest.substr(0, colon));
            if (count >= numbers.size()) return bad_template("invalid array index " + std::string(inside.substr(0, 256)));
            numbers[count] = parse_long(part);
            if (!part.empty() && !numbers[count])
                return bad_template("invalid array index " + std::string(inside.substr(0, 256)));
            more = colon != rest.npos;
            if (more) rest.remove_prefix(colon + 1);
        }
        step.slice = {numbers[0], numbers[1], numbers[2].value_or(1), count == 1};
        if (step.slice.single && !numbers[0]) return bad_template("an array index is missing");
        if (step.slice.step <= 0) return bad_template("the step of a slice must be greater than 0");
        return step;
    }

    Result<Step> parse_filter(std::string_view inside) {
        inside.remove_prefix(1);
        inside = trim(inside);
        if (!inside.starts_with('(') || !inside.ends_with(')')) return bad_template("a filter reads [?(...)]");
        inside = trim(inside.substr(1, inside.size() - 2));
        Step step;
        step.kind = Step::Kind::filter;
        size_t at = find_outside(inside, "!<>=");
        std::string_view left = inside.substr(0, at);
        TRY(Expression first, ExpressionParser(left, depth_ + 1).parse());
        step.expressions.push_back(std::move(first));
        if (at == inside.npos) return step;
        std::string_view rest = inside.substr(at);
        std::string_view op = rest.substr(0, std::min(rest.find_first_not_of("!<>="), rest.size()));
        if (op == "==" || op == "=") step.comparison = Comparison::equal;
        else if (op == "!=") step.comparison = Comparison::not_equal;
        else if (op == "<") step.comparison = Comparison::less;
        else if (op == ">") step.comparison = Comparison::greater;
        else if (op == "<=") step.comparison = Comparison::less_or_equal;
        else if (op == ">=") step.comparison = Comparison::greater_or_equal;
        else return bad_template("unrecognized filter operator " + std::string(op));
        TRY(Expression second, ExpressionParser(rest.substr(op.size()), depth_ + 1).parse());
        step.expressions.push_back(std::move(second));
        return step;
    }

    std::string_view text_;
    size_t at_ = 0;
    int depth_;
};

class TemplateParser {
  public:
    explicit TemplateParser(std::string_view text) : text_(text) {}

    Result<std::vector<Piece>> parse(int depth = 0) {
        if (depth > jsonpath_depth_max) return bad_template("nested too deeply");
        std::vector<Piece> nodes;
        while (at_ < text_.size()) {
            if (text_[at_] != '{') {
                Piece node;
                size_t end = std::min(text_.find('{', at_), text_.size());
                node.text = std::string(text_.substr(at_, end - at_));
                at_ = end;
                nodes.push_back(std::move(node));
                continue;
            }
            size_t close = find_outside(text_.substr(at_ + 1), "}");
            if (close == text_.npos) return bad_template("unclosed action");
            std::string_view action = trim(text_.substr(at_ + 1, close));
            at_ += close + 2;
            if (action == "end") {
                if (depth == 0) return bad_template("not in range, nothing to end");
                return nodes;
            }
            TRY(Piece node, parse_action(action, depth));
            nodes.push_back(std::move(node));
        }
        if (depth > 0) return bad_template("unclosed range: {end} is missing");
        return nodes;
    }

  private:
    Result<Piece> parse_action(std::string_view action, int depth) {
        Piece node;
        node.kind = Piece::Kind::expression;
        if (action.starts_with("range") && (action.size() == 5 || is_space(action[5]))) {
            node.kind = Piece::Kind::range;
            TRY(node.expression, ExpressionParser(action.substr(5), 0).parse());
            TRY(node.body, parse(depth + 1));
            return node;
        }
        if (is_quoted(action)) {
            node.kind = Piece::Kind::text;
            node.text = unquote(action);
            return node;
        }
        TRY(node.expression, ExpressionParser(action, 0).parse());
        return node;
    }

    std::string_view text_;
    size_t at_ = 0;
};

Result<void> check_size(std::string_view text) {
    if (text.size() <= jsonpath_bytes_max) return ok();
    return bad_template(fmt::format("a template is {} bytes at most", jsonpath_bytes_max));
}

}  // namespace

Result<std::vector<Piece>> parse_template(std::string_view text) {
    TRY_VOID(check_size(text));
    return TemplateParser(text).parse();
}

Result<Expression> parse_expression(std::string_view text) {
    TRY_VOID(check_size(text));
    text = trim(text);
    if (text.starts_with('{') && text.ends_with('}') && text.size() >= 2) text = text.substr(1, text.size() - 2);
    return ExpressionParser(text, 0).parse();
}

}  // namespace orilla::api::jsonpath
