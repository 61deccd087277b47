// The URL of a request taken apart: percent-decoding, the query's parameters, the path's segments. It refuses what could mean
// two things: bad escapes, empty or dotted segments, bytes below 32.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orilla/base/result.hpp"

namespace orilla::http {

constexpr size_t query_parameters_max = 256;
constexpr size_t path_segments_max = 16;

Result<std::string> percent_decode(std::string_view text, bool plus_is_space);

class Query {
  public:
    static Result<Query> parse(std::string_view text);
    /// The first of that name, empty without one.
    std::string_view get(std::string_view name) const;
    bool has(std::string_view name) const;
    std::vector<std::string_view> all(std::string_view name) const;
    /// "1", "true" and the like; a bare `watch` counts as true. bad_request for other text.
    Result<bool> flag(std::string_view name) const;
    /// Nothing when absent; bad_request when it is no number.
    Result<std::optional<int64_t>> number(std::string_view name) const;

  private:
    std::vector<std::pair<std::string, std::string>> parameters_;
};

/// Decoded segments of a path.
Result<std::vector<std::string>> split_path(std::string_view path);

}  // namespace orilla::http
