#include "orilla/schema/jsonpath.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <deque>

#include "json_value.hpp"
#include "jsonpath_parser.hpp"

namespace json = boost::json;

namespace orilla::api {
namespace {

using jsonpath::Comparison;
using jsonpath::Expression;
using jsonpath::Piece;
using jsonpath::Slice;
using jsonpath::Step;

using Values = std::vector<const json::value*>;

Error jsonpath_failed(std::string message) { return Error(Code::bad_request, "error executing jsonpath: " + message); }

std::string printed(const json::value& value) {
    if (value.is_string()) return std::string(view(value.get_string()));
    return value.is_null() ? std::string() : render_value(value);
}

/// Negative, 0 or positive; nothing when the two cannot be compared.
std::optional<int> compare(const json::value& a, const json::value& b) {
    if (a.is_number() && b.is_number()) {
        auto left = a.to_number<double>();
        auto right = b.to_number<double>();
        return left < right ? -1 : left > right ? 1 : 0;
    }
    if (a.is_string() && b.is_string()) {
        int order = view(a.get_string()).compare(view(b.get_string()));
        return order < 0 ? -1 : order > 0 ? 1 : 0;
    }
    if (a.is_bool() && b.is_bool()) return static_cast<int>(a.get_bool()) - static_cast<int>(b.get_bool());
    return {};
}

bool holds(Comparison comparison, int order) {
    switch (comparison) {
        case Comparison::equal: return order == 0;
        case Comparison::not_equal: return order != 0;
        case Comparison::less: return order < 0;
        case Comparison::greater: return order > 0;
        case Comparison::less_or_equal: return order <= 0;
        case Comparison::greater_or_equal: return order >= 0;
        case Comparison::exists: break;
    }
    return true;
}

class Evaluator {
  public:
    Evaluator(const json::value& root, bool allow_missing) : root_(root), allow_missing_(allow_missing) {}

    Result<void> print(const std::vector<Piece>& nodes, const json::value& current, std::string& out) {
        for (const Piece& node : nodes) {
            if (node.kind == Piece::Kind::text) {
                out += node.text;
                continue;
            }
            TRY(Values values, evaluate(node.expression, {&current}));
            if (node.kind == Piece::Kind::range) {
                for (const json::value* value : values) TRY_VOID(print(node.body, *value, out));
                continue;
            }
            for (size_t i = 0; i < values.size(); ++i) out += (i == 0 ? "" : " ") + printed(*values[i]);
        }
        return ok();
    }

    Result<Values> evaluate(const Expression& expression, Values values) {
        for (const Step& step : expression) {
            Values next;
            // ..name finds only where it is: what lacks the field below is no mistake.
            bool after_recursive = &step != expression.data() && (&step)[-1].kind == Step::Kind::recursive;
            for (const json::value* value : values) TRY_VOID(apply(step, *value, next));
            if (step.kind == Step::Kind::field && next.empty() && !values.empty() && !allow_missing_ && !after_recursive)
                return jsonpath_failed(step.name + " is not found");
            values = std::move(next);
        }
        return values;
    }

  private:
    Result<void> apply(const Step& step, const json::value& value, Values& out) {
        if (++steps_ > jsonpath_steps_max || out.size() > jsonpath_steps_max) return jsonpath_failed("too many steps");
        switch (step.kind) {
            case Step::Kind::root: out.push_back(&root_); break;
            case Step::Kind::current: out.push_back(&value); break;
            case Step::Kind::field: add_field(step.name, value, out); break;
            case Step::Kind::wildcard: add_children(value, out); break;
            case Step::Kind::recursive: return add_descendants(value, out);
            case Step::Kind::slice: return add_slice(step.slice, value, out);
            case Step::Kind::together: return add_together(step, value, out);
            case Step::Kind::filter: return add_matching(step, value, out);
            case Step::Kind::literal: return add_literal(step.name, out);
        }
        return ok();
    }

    static void add_field(std::string_view name, const json::value& value, Values& out) {
        if (!value.is_object()) return;
        if (const json::value* found = value.get_object().if_contains(key_of(name))) out.push_back(found);
    }

    static void add_children(const json::value& value, Values& out) {
        if (value.is_array())
            for (const json::value& element : value.get_array()) out.push_back(&element);
        if (value.is_object())
            for (const auto& member : value.get_object()) out.push_back(&member.value());
    }

    Result<void> add_descendants(const json::value& value, Values& out) {
        if (++steps_ > jsonpath_steps_max) return jsonpath_failed("too many steps");
        out.push_back(&value);
        Values children;
        add_children(value, children);
        for (const json::value* child : children) TRY_VOID(add_descendants(*child, out));
        return ok();
    }

    static Result<void> add_slice(const Slice& slice, const json::value& value, Values& out) {
        if (value.is_null()) return ok();
        if (!value.is_array()) return jsonpath_failed("the value before [...] is not an array");
        const json::array& list = value.get_array();
        auto size = static_cast<long>(list.size());
        auto from_end = [size](long index) { return index < 0 ? index + size : index; };
        if (slice.single) {
            long index = from_end(*slice.start);
            if (index < 0 || index >= size)
                return jsonpath_failed(fmt::format("array index out of bounds: index {}, length {}", *slice.start, size));
            out.push_back(&list[static_cast<size_t>(index)]);
            return ok();
        }
        long start = std::clamp(from_end(slice.start.value_or(0)), 0L, size);
        long end = std::clamp(from_end(slice.end.value_or(size)), 0L, size);
        for (long i = start; i < end && i >= start; i += slice.step) {
            out.push_back(&list[static_cast<size_t>(i)]);
            if (slice.step > size) break;
        }
        return ok();
    }

    Result<void> add_together(const Step& step, const json::value& value, Values& out) {
        for (const Expression& expression : step.expressions) {
            TRY(Values values, evaluate(expression, {&value}));
            out.insert(out.end(), values.begin(), values.end());
        }
        return ok();
    }

    Result<void> add_matching(const Step& step, const json::value& value, Values& out) {
        Values elements;
        add_children(value, elements);
        for (const json::value* element : elements) {
            TRY(Values left, find_operand(step.expressions[0], *element));
            if (step.comparison == Comparison::exists) {
                if (!left.empty()) out.push_back(element);
                continue;
            }
            TRY(Values right, find_operand(step.expressions[1], *element));
            if (left.empty() || right.empty()) continue;
            if (left.size() > 1 || right.size() > 1) return jsonpath_failed("can only compare one element at a time");
            auto order = compare(*left[0], *right[0]);
            bool different = !order && step.comparison == Comparison::not_equal;
            if (different || (order && holds(step.comparison, *order))) out.push_back(element);
        }
        return ok();
    }

    /// In a filter, an absent field only means that the element does not match.
    Result<Values> find_operand(const Expression& expression, const json::value& element) {
        bool before = std::exchange(allow_missing_, true);
        auto values = evaluate(expression, {&element});
        allow_missing_ = before;
        return values;
    }

    Result<void> add_literal(const std::string& text, Values& out) {
        TRY(json::value value, parse_value(text, "a literal"));
        literals_.push_back(std::move(value));
        out.push_back(&literals_.back());
        return ok();
    }

    const json::value& root_;
    bool allow_missing_;
    size_t steps_ = 0;
    std::deque<json::value> literals_;
};

}  // namespace

Result<std::string> render_jsonpath(std::string_view json_template, std::string_view text, bool allow_missing) {
    TRY(std::vector<Piece> nodes, jsonpath::parse_template(json_template));
    TRY(json::value root, parse_value(text, "the document"));
    std::string out;
    TRY_VOID(Evaluator(root, allow_missing).print(nodes, root, out));
    return out;
}

Result<std::vector<std::string>> find_jsonpath(std::string_view expression, std::string_view text) {
    TRY(Expression steps, jsonpath::parse_expression(expression));
    TRY(json::value root, parse_value(text, "the document"));
    TRY(Values values, Evaluator(root, true).evaluate(steps, {&root}));
    std::vector<std::string> out;
    for (const json::value* value : values) out.push_back(printed(*value));
    return out;
}

}  // namespace orilla::api
