// What happens to the body of an answer on its way out: JSON spread over lines or turned into YAML, and whatever it is,
// gzipped. Each is done as the bytes pass, a portion at a time: a list of ten megabytes is never there twice, and holds up
// nobody.
#pragma once

#include <memory>

#include "orilla/apiserver/ports.hpp"
#include "orilla/http/message.hpp"
#include "rest/rest.hpp"

namespace orilla::apiserver {

/// Rewrites a text as it passes. What it does not give at once it gives later, at the end at the latest.
class Rewriter {
  public:
    virtual ~Rewriter() = default;
    virtual Task<Result<void>> take(std::string_view text, std::string* out) = 0;
    virtual Task<Result<void>> finish(std::string* out) = 0;
};

/// JSON, each member and element on a line of its own. Does not look at the grammar.
std::unique_ptr<Rewriter> make_pretty_rewriter();
/// A JSON document as YAML: member by member, and where a member is a list, element by element.
std::unique_ptr<Rewriter> make_yaml_rewriter(Rest& rest);
std::unique_ptr<Rewriter> make_gzip_rewriter();

/// The answer in the form that its request asked for: `pretty`, YAML, gzip.
Task<http::Response> rewrite_answer(Rest& rest, const http::Request& request, http::Response response);

}  // namespace orilla::apiserver
