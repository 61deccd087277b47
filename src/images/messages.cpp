#include "messages.hpp"

#include <fmt/core.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/json/parser.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>

#include "limits.hpp"

namespace orilla::images {

Result<json::object> parse_object(std::string_view text, std::string_view what) {
    json::parse_options options;
    options.max_depth = json_depth_max;
    json::parser parser({}, options);
    json::error_code error;
    parser.write(text.data(), text.size(), error);
    if (error) return Error(Code::corrupt, fmt::format("{} is not valid JSON: {}", what, error.message()));
    json::value value = parser.release();
    if (!value.is_object()) return Error(Code::corrupt, std::string(what) + " is not a JSON object");
    return std::move(value.get_object());
}

std::string text_of(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

int64_t number_of(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value && value->is_int64() ? value->get_int64() : 0;
}

bool flag_of(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value && value->is_bool() && value->get_bool();
}

const json::object& object_of(const json::object& object, std::string_view key) {
    static const json::object empty;
    const json::value* value = object.if_contains(key);
    return value && value->is_object() ? value->get_object() : empty;
}

const json::array& array_of(const json::object& object, std::string_view key) {
    static const json::array empty;
    const json::value* value = object.if_contains(key);
    return value && value->is_array() ? value->get_array() : empty;
}

std::vector<std::string> texts_of(const json::object& object, std::string_view key) {
    std::vector<std::string> out;
    for (const json::value& value : array_of(object, key))
        if (value.is_string()) out.emplace_back(value.get_string());
    return out;
}

json::array to_array(const std::vector<std::string>& texts) {
    json::array out;
    for (const auto& text : texts) out.emplace_back(text);
    return out;
}

json::object encode_error(const Error& error) {
    json::object out;
    out["code"] = static_cast<int64_t>(error.code());
    out["errno"] = error.error_number();
    out["message"] = error.message();
    out["retry_after_s"] = error.retry_after_s();
    return out;
}

Error decode_error(const json::object& object) {
    const int64_t number = number_of(object, "errno");
    const int64_t code = number_of(object, "code");
    const int64_t retry_after_s = number_of(object, "retry_after_s");
    const bool known = code >= 0 && code <= static_cast<int64_t>(Code::unsupported);
    std::string message = text_of(object, "message");
    // The message already says what strerror would.
    if (number > 0 && number < 4096) return Error(Code::system, std::move(message)).with_errno(static_cast<int>(number));
    Error error(known ? static_cast<Code>(code) : Code::internal, std::move(message));
    if (retry_after_s > 0 && retry_after_s < 86'400) return std::move(error).with_retry_after(static_cast<int>(retry_after_s));
    return error;
}

Result<void> Channel::send(const json::object& message) const {
    const std::string line = json::serialize(message) + "\n";
    std::string_view left = line;
    while (!left.empty()) {
        const ssize_t sent = ::send(fd_, left.data(), left.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return Error::from_errno("tell the daemon", errno);
        left.remove_prefix(static_cast<size_t>(sent));
    }
    return ok();
}

Result<json::object> Channel::receive() {
    for (;;) {
        const size_t end = buffer_.find('\n');
        if (end != std::string::npos) {
            const std::string line = buffer_.substr(0, end);
            buffer_.erase(0, end + 1);
            return parse_object(line, "message");
        }
        if (buffer_.size() > message_bytes_max) return Error(Code::too_large, "message is too long");
        char chunk[16 * 1024];
        const ssize_t got = ::read(fd_, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return Error(Code::unavailable, "the daemon has gone");
        buffer_.append(chunk, static_cast<size_t>(got));
    }
}

}  // namespace orilla::images
