// HTTP over the unix socket, blocking: this is a program that a person waits for.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connection.hpp"
#include "orilla/base/result.hpp"

namespace orilla::cli {

constexpr std::string_view accept_json = "application/json";
constexpr std::string_view accept_table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

struct Request {
    std::string method = "GET";
    std::string path;  ///< with the query, percent-encoded
    std::string body;
    std::string content_type = "application/json";
    std::string accept{accept_json};
    int64_t answer_begins_ms_max = answer_ms_max;  ///< unless --request-timeout says otherwise
};

constexpr size_t answer_bytes_max = size_t{256} << 20;  ///< of one that is not a stream
constexpr size_t line_bytes_max = size_t{16} << 20;     ///< of a stream; a longer one comes in pieces

class Client {
  public:
    explicit Client(Connection connection);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// The body of a success. A Status becomes an Error that is an answer, with its code, message, target and causes.
    /// Warning headers are printed to stderr.
    Result<std::string> send(const Request& request);
    /// Hands over a success's body as it arrives, until it ends or `sink` returns false.
    Result<void> stream(const Request& request, const std::function<bool(std::string_view)>& sink);
    /// The same, line by line.
    Result<void> stream_lines(const Request& request, const std::function<bool(std::string_view)>& sink);
    /// For another connection to the same place.
    const Connection& connection() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The text of a header line `Warning: 299 - "text"`, without its quotes and backslashes. Pure.
std::optional<std::string> find_warning(std::string_view header);

}  // namespace orilla::cli
