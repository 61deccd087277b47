// What llhttp leaves to others: it takes many a head that two readers could read in two ways, and each such head is a way
// to smuggle a request past a proxy. Here the lines of a head are looked at before llhttp sees them, and its framing
// afterwards, by the letter of RFC 9112; what is not by the letter is refused, never mended.
#pragma once

#include <cstddef>
#include <string_view>

#include "orilla/http/message.hpp"

namespace orilla::http {

/// Goes over the raw bytes of a request's head, or of the trailers behind a chunked body, in whatever pieces they come.
class HeadLines {
  public:
    static constexpr int empty_lines_max = 4;  ///< before a request: some clients send one behind a body

    void start_head() { *this = {}; }
    void start_trailers() {
        *this = {};
        part_ = Part::fields;
    }
    /// Takes bytes up to the end of the empty line that is the last one, and says how many; after a fault none.
    size_t take(std::string_view bytes);
    bool ended() const { return ended_; }
    /// Null when all was well so far.
    const char* fault() const { return fault_; }

  private:
    enum class Part { request_line, fields };
    void take_byte(char c);
    void end_line();
    void check_request_line(char c);
    void check_start_of_field(char c);

    const char* fault_ = nullptr;
    size_t line_bytes_ = 0;  ///< of the line so far
    int empty_lines_ = 0;
    int spaces_ = 0;  ///< in the request line
    Part part_ = Part::request_line;
    bool after_cr_ = false;
    bool ended_ = false;
};

/// Why a request whose head was read must not be answered; null when it may. `minor` is that of HTTP/1.x.
const char* find_framing_fault(const Request& request, int minor);

}  // namespace orilla::http
