// An answer as a client reads it, as it comes: bounded; lines may end without CR, as Go's client has it, on which the kubelet
// stands. Pure.
#pragma once

#include <string>
#include <string_view>

#include "orilla/base/result.hpp"
#include "orilla/http/client.hpp"

namespace orilla::http {

/// The status of an HTTP/1.x status line; unavailable when it is none.
Result<int> parse_status_line(std::string_view line);

/// One answer, the interim ones before it skipped.
class AnswerReader {
  public:
    /// `to_head`: the request was a HEAD, so that no body follows.
    explicit AnswerReader(AnswerLimits limits, bool to_head = false) : limits_(limits), to_head_(to_head) {}
    /// True once it is complete, or as much of its body is here as is read.
    Result<bool> take(std::string_view bytes);
    /// The connection has ended.
    Result<void> end() const;
    const Answer& answer() const { return answer_; }
    Answer take_answer() { return std::move(answer_); }

  private:
    enum class Part { head, until_length, until_end, chunk_size, chunk, chunk_end, complete };
    Result<void> take_line(std::string_view line);
    Result<void> take_header(std::string_view line);
    Result<void> end_head();
    Result<void> begin_chunk(std::string_view line);
    Result<void> take_body(std::string_view& bytes);
    Result<void> count_line(size_t bytes);

    /// Of what stands between chunks, for each byte that a body may have: chunks of one byte have five.
    static constexpr size_t chunk_lines_per_byte_max = 8;

    const AnswerLimits limits_;
    const bool to_head_;
    Answer answer_;
    Part part_ = Part::head;
    int interim_ = 0;
    size_t head_bytes_ = 0;
    size_t chunk_line_bytes_ = 0;
    size_t left_bytes_ = 0;  ///< of the body, or of the chunk
    bool has_length_ = false;
    bool chunked_ = false;
    std::string line_;  ///< begun
};

}  // namespace orilla::http
