// What -v tells of each request, on standard error, with kubectl's levels: 6 the request and how it ended, 7 its headers,
// 8 the answer's headers and the first KB of the bodies, 9 more of them, 10 all. Bodies may have Secrets in them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace orilla::cli {

struct Request;

class Trace {
  public:
    explicit Trace(int level) : level_(level) {}

    void begin(const Request& request);
    /// A line of the answer's head as it arrives.
    void header(std::string_view line);
    void body(std::string_view piece);
    void end(const Request& request, int64_t took_ms);
    void fail(const Request& request, std::string_view why);

  private:
    void tell(const std::string& line) const;
    void show_body(const char* title, std::string_view text, size_t& shown) const;

    int level_;
    std::string status_;       ///< "200 OK"
    size_t answer_shown_ = 0;  ///< bytes of the answer's body that were told
};

}  // namespace orilla::cli
