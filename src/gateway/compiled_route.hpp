// A route as it is matched: its paths in normal form, its expressions read, its matches with their places in the order of
// precedence. It is never changed, so that a request that was given a rule of it keeps that whatever becomes of the table.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/gateway/routes.hpp"
#include "orilla/http/message.hpp"
#include "regex.hpp"

namespace orilla::gateway {

/// What of a request decides its route.
struct RequestFacts {
    uint16_t port = 0;             ///< of the listener
    bool is_tls = false;           ///< TLS has ended here (or goes on: `server_name` decides alone)
    std::string_view server_name;  ///< SNI in normal form; empty: none
    std::string_view host;         ///< in normal form (normal_form.hpp)
    std::string_view method;
    std::string_view path;  ///< in normal form
    std::string_view query;
    std::span<const http::HeaderView> headers;

    /// POST of application/grpc.
    bool is_grpc() const;
};

/// A header or a parameter of the query that has to be so.
class ValueTest {
  public:
    static Result<ValueTest> compile(const ValueMatch& match);
    const std::string& name() const { return name_; }
    /// Of repeated headers, as one that is joined by commas.
    bool fits_header(std::span<const http::HeaderView> headers) const;
    /// Of repeated parameters, the first; names and values are decoded.
    bool fits_query(std::string_view query) const;
    /// Of a value alone; an empty one without an expression fits everything.
    bool fits_part(std::string_view text) const;
    size_t value_bytes() const { return value_.size(); }
    bool is_regex() const { return regex_.has_value(); }
    const std::string& value() const { return value_; }

  private:
    std::string name_, value_;
    std::optional<Regex> regex_;
};

struct CompiledMatch {
    /// How the path is found. A service of gRPC is a prefix of one element, one with its method is an exact path; what is said
    /// of them in another way is looked at one by one.
    enum class Way : uint8_t { exact, prefix, regex, grpc } way = Way::prefix;
    std::string path;  ///< with single slashes; of a prefix without the last one
    std::optional<Regex> regex;
    std::string method;
    std::vector<ValueTest> headers, query;  ///< each name once
    bool is_grpc = false;
    ValueTest service, grpc_method;
    uint32_t rule = 0;
    uint32_t place = 0;  ///< among the rule's matches

    /// All but the path, which its place in the table tells.
    bool fits(const RequestFacts& facts, bool is_grpc_request) const;
    /// What has to be looked at for each request besides (regex, grpc).
    bool fits_path(std::string_view path) const;
};

class CompiledRoute : public std::enable_shared_from_this<CompiledRoute> {
  public:
    /// A match that cannot be read fits nothing; what is wrong with it goes to `*faults`.
    static std::shared_ptr<const CompiledRoute> compile(Route route, std::vector<std::string>* faults);

    const Route& route() const { return route_; }
    const std::vector<CompiledMatch>& matches() const { return matches_; }
    const Rule& rule_of(const CompiledMatch& match) const { return route_.rules[match.rule]; }

  private:
    explicit CompiledRoute(Route route) : route_(std::move(route)) {}
    Route route_;
    std::vector<CompiledMatch> matches_;
};

}  // namespace orilla::gateway
