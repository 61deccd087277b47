// What probes and hooks read and follow of HTTP: one answer as it comes, and where it leads. Pure and bounded; lines may
// end without CR, as Go's client has it, on which the kubelet stands.
#pragma once

#include <string>
#include <string_view>

#include "orilla/base/result.hpp"

namespace orilla::node {

constexpr size_t probe_answer_bytes_max = 10 * 1024;  ///< of a body
constexpr size_t probe_head_bytes_max = 64 * 1024;    ///< of all heads of one answer
constexpr int probe_interim_answers_max = 5;          ///< 100 Continue, 103 Early Hints ...

struct ProbeUrl {
    bool tls = false;
    std::string host;  ///< an address; names are not looked up
    int port = 80;
    std::string target = "/";  ///< path and query
    bool operator==(const ProbeUrl&) const = default;
};

/// http://10.42.0.5:8080/healthz
std::string render_url(const ProbeUrl& url);
/// The path that a probe names, as it can stand in a request: "healthz" is "/healthz".
std::string render_target(std::string_view path);
/// Where a Location leads that `from` answered with.
Result<ProbeUrl> resolve_location(const ProbeUrl& from, std::string_view location);
/// Whether it says where on its own, with host and scheme.
bool is_absolute_location(std::string_view location);
/// The status of an HTTP/1.x status line; unavailable when it is none.
Result<int> parse_status_line(std::string_view line);

/// One answer, the interim ones before it skipped.
class HttpAnswer {
  public:
    /// True once it is complete, or as much of its body is here as is read.
    Result<bool> take(std::string_view bytes);
    /// The connection has ended.
    Result<void> end() const;
    int status() const { return status_; }
    const std::string& location() const { return location_; }
    const std::string& body() const { return body_; }

  private:
    enum class Part { head, until_length, until_end, chunk_size, chunk, chunk_end, complete };
    Result<void> take_line(std::string_view line);
    Result<void> take_header(std::string_view line);
    Result<void> end_head();
    Result<void> begin_chunk(std::string_view line);
    void take_body(std::string_view& bytes);

    Part part_ = Part::head;
    int status_ = 0;
    int interim_ = 0;
    size_t head_bytes_ = 0;
    size_t left_bytes_ = 0;  ///< of the body, or of the chunk
    bool has_length_ = false;
    bool chunked_ = false;
    std::string line_;       ///< begun
    std::string location_;
    std::string body_;
};

}  // namespace orilla::node
