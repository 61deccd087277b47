#include "answer_reader.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "orilla/base/text.hpp"

namespace orilla::http {

namespace {
ChannelLimits parser_limits(const AnswerLimits& limits) {
    ChannelLimits own;
    own.head_bytes_max = limits.head_bytes_max;
    own.header_count_max = limits.head_bytes_max;  // their bytes are bound enough
    own.interim_answers_max = limits.interim_answers_max;
    own.chunk_line_bytes_max = limits.head_bytes_max;
    return own;
}
}  // namespace

AnswerReader::AnswerReader(AnswerLimits limits, bool to_head)
    : limits_(limits), parser_limits_(parser_limits(limits)), parser_(parser_limits_, true) {
    parser_.start(to_head);
}

Result<void> AnswerReader::take_head() {
    if (parser_.is_interim()) return parser_.next_head();
    answer_.status = parser_.head().status;
    for (const HeaderView& field : parser_.head().headers) answer_.headers.emplace_back(lowered(field.name), field.value);
    return ok();
}

Result<void> AnswerReader::take_body(std::string_view data) {
    const size_t room = limits_.body_bytes_max - answer_.body.size();
    if (data.size() > room && !limits_.cuts_body)
        return Error(Code::unavailable, fmt::format("the answer's body is larger than {} bytes", limits_.body_bytes_max));
    answer_.body.append(data.substr(0, room));
    is_cut_ = limits_.cuts_body && answer_.body.size() == limits_.body_bytes_max;
    return ok();
}

Result<bool> AnswerReader::take(std::string_view bytes) {
    while (!bytes.empty() && !complete()) {
        const bool was_head = parser_.state() == AnswerParser::State::head;
        std::string_view data;
        TRY(const size_t taken, parser_.take(bytes, &data));
        bytes.remove_prefix(taken);
        if (was_head && parser_.has_head()) TRY_VOID(take_head());
        if (!data.empty()) TRY_VOID(take_body(data));
    }
    return complete();
}

}  // namespace orilla::http
