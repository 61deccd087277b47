// A whole answer, collected: what a client wants that asks once. Bounded; lenient as the parser below it can be. Pure.
#pragma once

#include <string>
#include <string_view>

#include "answer_parser.hpp"
#include "orilla/base/result.hpp"
#include "orilla/http/client.hpp"

namespace orilla::http {

/// One answer, the interim ones before it skipped.
class AnswerReader {
  public:
    /// `to_head`: the request was a HEAD, so that no body follows.
    explicit AnswerReader(AnswerLimits limits, bool to_head = false);
    AnswerReader(const AnswerReader&) = delete;
    AnswerReader& operator=(const AnswerReader&) = delete;
    /// True once it is complete, or as much of its body is here as is read.
    Result<bool> take(std::string_view bytes);
    /// The connection has ended.
    Result<void> end() { return is_cut_ ? ok() : parser_.end(); }
    const Answer& answer() const { return answer_; }
    Answer take_answer() { return std::move(answer_); }

  private:
    Result<void> take_head();
    Result<void> take_body(std::string_view data);
    bool complete() const { return is_cut_ || parser_.state() == AnswerParser::State::complete; }

    const AnswerLimits limits_;
    const ChannelLimits parser_limits_;
    AnswerParser parser_;
    Answer answer_;
    bool is_cut_ = false;  ///< enough of its body is here
};

}  // namespace orilla::http
