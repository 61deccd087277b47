// What a server answers, fed in pieces whose sizes the input chooses: the reader must keep to its limits and give the same
// answer however the bytes are cut, whether its body may be cut, and to a HEAD, too; and the same for the strict reading of a
// proxy.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/answer_reader.hpp"

using namespace orilla::http;

namespace {

AnswerLimits small_limits(bool cuts_body) {
    AnswerLimits limits;
    limits.head_bytes_max = 1024;
    limits.body_bytes_max = 1024;
    limits.cuts_body = cuts_body;
    return limits;
}

void look_at(const Answer& answer, const AnswerLimits& limits) {
    if (answer.body.size() > limits.body_bytes_max) std::abort();
    size_t head_bytes = 0;
    for (const auto& [name, value] : answer.headers) head_bytes += name.size() + value.size();
    if (head_bytes > limits.head_bytes_max || answer.status < 0 || answer.status > 999) std::abort();
    (void)answer.header("content-type");
}

/// What was understood, as one text; "failed" for what was refused.
std::string read_all(std::string_view bytes, size_t step, const AnswerLimits& limits, bool to_head) {
    AnswerReader reader(limits, to_head);
    bool complete = false;
    while (!complete && !bytes.empty()) {
        auto taken = reader.take(bytes.substr(0, step));
        bytes.remove_prefix(std::min(step, bytes.size()));
        look_at(reader.answer(), limits);
        if (!taken) return "failed";
        complete = *taken;
    }
    if (!complete && !reader.end()) return "incomplete";
    std::string seen = std::to_string(reader.answer().status) + "|" + reader.answer().body;
    for (const auto& [name, value] : reader.answer().headers) seen += "|" + name + ":" + value;
    const size_t body_bytes = reader.answer().body.size();
    // Nothing is taken behind the end.
    if (complete && (!reader.take("more\n") || reader.answer().body.size() != body_bytes)) std::abort();
    return seen;
}

/// What a proxy understands of it, by the letter: head, body, trailers, and what is left behind the end.
std::string read_strictly(std::string_view bytes, size_t step, bool to_head) {
    ChannelLimits limits;
    limits.head_bytes_max = limits.trailer_bytes_max = 1024;
    limits.header_count_max = 16;
    AnswerParser parser(limits);
    parser.start(to_head);
    std::string seen;
    size_t wire_bytes = 0;
    while (!bytes.empty() && parser.state() != AnswerParser::State::complete) {
        const bool was_head = parser.state() == AnswerParser::State::head;
        std::string_view data;
        auto taken = parser.take(bytes.substr(0, step), &data);
        if (!taken) return "failed";
        if (*taken > std::min(step, bytes.size()) || data.size() > *taken) std::abort();
        bytes.remove_prefix(*taken);
        wire_bytes += *taken;
        seen += data;
        if (!was_head || !parser.has_head()) continue;
        seen += std::to_string(parser.head().status) + "|";
        for (const HeaderView& field : parser.head().headers) {
            if (!is_token(field.name) || !is_field_value(field.value)) std::abort();
            seen += std::string(field.name) + ":" + std::string(field.value) + "|";
        }
        if (parser.is_interim() && !parser.next_head()) return "failed";
    }
    if (parser.state() != AnswerParser::State::complete && !parser.end()) return "incomplete";
    for (const auto& [name, value] : parser.trailers()) seen += "|" + name + ":" + value;
    return seen + "|" + std::to_string(wire_bytes) + (parser.keeps_connection() ? "kept" : "");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 1) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
    const AnswerLimits limits = small_limits(data[0] & 16);
    const bool to_head = data[0] & 32;
    const std::string whole = read_all(bytes, bytes.size() + 1, limits, to_head);
    if (read_all(bytes, data[0] % 16 + 1, limits, to_head) != whole) std::abort();
    if (read_strictly(bytes, bytes.size() + 1, to_head) != read_strictly(bytes, data[0] % 16 + 1, to_head)) std::abort();
    return 0;
}
