// An answer as it comes over a connection: interim heads, the head, the body, trailers. Bounded, and one parser for all who
// ask: it streams, and whoever wants the whole collects it (answer_reader.hpp). By the letter for a proxy, which must not pass
// on what another reader would read in another way; lenient for probes, which want to know whether somebody is there. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "body_decoder.hpp"
#include "head.hpp"
#include "orilla/base/result.hpp"
#include "orilla/http/channel.hpp"

namespace orilla::http {

/// The status of an HTTP/1.x status line; unavailable when it is none.
Result<int> parse_status_line(std::string_view line);

class AnswerParser {
  public:
    enum class State : uint8_t { head, body, complete };

    explicit AnswerParser(const ChannelLimits& limits, bool lenient = false) : limits_(limits), lenient_(lenient) {}
    /// For the next answer. `to_head`: the request was a HEAD, so that no body follows.
    void start(bool to_head);
    /// Takes bytes up to the end of a head, which `has_head` tells, or of one piece of the body, which `*data` shows.
    Result<size_t> take(std::string_view bytes, std::string_view* data);
    /// The connection has ended.
    Result<void> end();

    State state() const { return state_; }
    /// One is here that was not looked at: an interim one, behind which `next_head` waits for another, or the last one.
    bool has_head() const { return has_head_; }
    bool is_interim() const { return head_.status < 200 && head_.status != 101; }
    Result<void> next_head();
    const AnswerHead& head() const { return head_; }
    /// Something of it has come.
    bool begun() const { return head_bytes_ + lines_.bytes() > 0; }
    /// Of the whole body, where its head says so; for a HEAD and with status 304, of the one that does not come.
    std::optional<uint64_t> length() const { return length_; }
    Headers trailers() const { return decoder_.trailers(); }
    /// Once it is complete: the server will answer another request over the same connection.
    bool keeps_connection() const { return keeps_; }

  private:
    void start_lines();
    Result<size_t> take_head(std::string_view bytes);
    Result<void> end_head();
    Result<void> check_framing(const Framing& framing) const;
    Error head_error() const;

    const ChannelLimits& limits_;
    const bool lenient_;
    bool to_head_ = false;
    bool has_head_ = false;
    bool keeps_ = false;
    State state_ = State::head;
    int interim_ = 0;
    size_t head_bytes_ = 0;  ///< of the heads before
    HeadLines lines_;
    AnswerHead head_;
    std::optional<uint64_t> length_;
    BodyDecoder decoder_;
};

}  // namespace orilla::http
