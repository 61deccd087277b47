// Where a body ends, and which of the bytes on the wire are its own: with a length, in chunks with trailers behind them, or up
// to the connection's end. Chunks are taken by the letter, like heads. It holds nothing of the body.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "head.hpp"

namespace orilla::http {

enum class BodyKind : uint8_t { none, with_length, chunked, until_end };

struct BodyRules {
    size_t overhead_bytes_max = 0;     ///< of sizes, extensions and line ends ...
    size_t overhead_per_byte_max = 0;  ///< and so many more for each byte of the body: chunks of one byte have five
    size_t trailer_bytes_max = 0;
    size_t trailer_count_max = 0;
    bool lenient = false;  ///< lines may end without CR, and what comes behind the last chunk is not looked at
};

class BodyDecoder {
  public:
    enum class Fault : uint8_t { none, chunk, chunk_bytes, overhead, trailers };

    void begin(BodyKind kind, uint64_t length, const BodyRules& rules);
    /// Takes bytes up to the end of one piece of the body, which `*data` shows (it may be empty), and says how many.
    size_t take(std::string_view bytes, std::string_view* data);
    bool complete() const { return part_ == Part::complete; }
    /// Only the connection's end is its own.
    bool is_until_end() const { return part_ == Part::until_end; }
    Fault fault() const { return fault_; }
    /// Bytes of the body, or of its chunk, that are still to come.
    uint64_t left() const { return left_; }
    /// Of the trailers, once they have ended.
    Headers trailers() const;

  private:
    enum class Part : uint8_t {
        complete,
        until_length,
        until_end,
        size_start,
        size,
        size_blanks,
        extension,
        size_line_feed,
        data,
        data_end,
        data_line_feed,
        last_end,
        last_line_feed,
        trailers,
    };
    void take_line_byte(char c);
    void take_size_byte(char c);
    void end_size_line();
    void end_line(char c, Part next);
    size_t take_trailers(std::string_view bytes);
    void fail(Fault fault) { fault_ = fault; }

    BodyRules rules_;
    std::unique_ptr<HeadLines> trailers_;  ///< most bodies have none
    uint64_t left_ = 0;
    uint64_t data_bytes_ = 0;
    uint64_t overhead_bytes_ = 0;
    Part part_ = Part::complete;
    Fault fault_ = Fault::none;
};

}  // namespace orilla::http
