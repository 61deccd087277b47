// The syntax tree of a JSONPath template.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"

namespace orilla::api::jsonpath {

struct Step;
/// Steps from left to right; each maps the values before it to values after it.
using Expression = std::vector<Step>;

struct Slice {
    std::optional<long> start, end;
    long step = 1;
    bool single = false;  ///< [n]: `start` is the index
};

enum class Comparison { exists, equal, not_equal, less, greater, less_or_equal, greater_or_equal };

struct Step {
    enum class Kind { root, current, field, wildcard, recursive, slice, together, filter, literal };
    Kind kind = Kind::current;
    std::string name;                     ///< of field, and the JSON of a literal
    Slice slice;                          ///< of slice
    std::vector<Expression> expressions;  ///< of together: all of them; of filter: left and right
    Comparison comparison = Comparison::exists;
};

struct Piece {
    enum class Kind { text, expression, range };
    Kind kind = Kind::text;
    std::string text;
    Expression expression;
    std::vector<Piece> body;  ///< of range
};

Result<std::vector<Piece>> parse_template(std::string_view text);
/// With or without braces and leading dot.
Result<Expression> parse_expression(std::string_view text);

}  // namespace orilla::api::jsonpath
