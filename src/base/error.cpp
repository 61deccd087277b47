#include "orilla/base/error.hpp"

#include <fmt/core.h>
#include <cstring>

namespace orilla {

struct Error::Data {
    Code code;
    int error_number = 0;
    int retry_after_s = 0;
    std::string message;
    std::vector<Cause> causes;
    ErrorTarget target;
    std::string field;
    bool is_answer = false;
};

namespace {
struct CodeFacts {
    int status;
    std::string_view reason;
};

// The table of contract section 7; the last four never reach a client as themselves and show as InternalError.
CodeFacts facts(Code code) {
    switch (code) {
        case Code::bad_request: return {400, "BadRequest"};
        case Code::unauthorized: return {401, "Unauthorized"};
        case Code::forbidden: return {403, "Forbidden"};
        case Code::not_found: return {404, "NotFound"};
        case Code::method_not_allowed: return {405, "MethodNotAllowed"};
        case Code::not_acceptable: return {406, "NotAcceptable"};
        case Code::already_exists: return {409, "AlreadyExists"};
        case Code::conflict: return {409, "Conflict"};
        case Code::gone: return {410, "Gone"};
        case Code::expired: return {410, "Expired"};
        case Code::too_large: return {413, "RequestEntityTooLarge"};
        case Code::unsupported_media_type: return {415, "UnsupportedMediaType"};
        case Code::invalid: return {422, "Invalid"};
        case Code::too_many_requests: return {429, "TooManyRequests"};
        case Code::server_timeout: return {500, "ServerTimeout"};
        case Code::unavailable: return {503, "ServiceUnavailable"};
        case Code::timeout: return {504, "Timeout"};
        case Code::internal:
        case Code::system:
        case Code::cancelled:
        case Code::corrupt:
        case Code::unsupported: return {500, "InternalError"};
    }
    return {500, "InternalError"};
}
}  // namespace

int http_status(Code code) { return facts(code).status; }
std::string_view status_reason(Code code) { return facts(code).reason; }

Code code_of_reason(std::string_view reason) {
    // Those behind it show as InternalError.
    for (int i = 0; i < static_cast<int>(Code::system); ++i)
        if (status_reason(static_cast<Code>(i)) == reason) return static_cast<Code>(i);
    return Code::internal;
}

Error::Error(Code code, std::string message) : data_(std::make_unique<Data>()) {
    data_->code = code;
    data_->message = std::move(message);
}

Error Error::from_errno(std::string_view what, int error_number) {
    char text[128];
    const char* said = strerror_r(error_number, text, sizeof text);
    Error error(Code::system, fmt::format("{}: {}", what, said));
    error.data_->error_number = error_number;
    return error;
}

Error::Error(const Error& other) : data_(std::make_unique<Data>(*other.data_)) {}
Error& Error::operator=(const Error& other) {
    data_ = std::make_unique<Data>(*other.data_);
    return *this;
}
Error::Error(Error&&) noexcept = default;
Error& Error::operator=(Error&&) noexcept = default;
Error::~Error() = default;

Code Error::code() const { return data_->code; }
int Error::error_number() const { return data_->error_number; }
const std::string& Error::message() const { return data_->message; }
const std::vector<Cause>& Error::causes() const { return data_->causes; }
int Error::retry_after_s() const { return data_->retry_after_s; }
const ErrorTarget& Error::target() const { return data_->target; }
const std::string& Error::field() const { return data_->field; }
bool Error::is_answer() const { return data_->is_answer; }

Error Error::with_context(std::string_view what) && {
    data_->message.insert(0, std::string(what) + ": ");
    return std::move(*this);
}
Error Error::with_context(std::string_view what) const& { return Error(*this).with_context(what); }
Error Error::with_cause(Cause cause) && {
    data_->causes.push_back(std::move(cause));
    return std::move(*this);
}
Error Error::with_field(std::string field) && {
    data_->field = std::move(field);
    return std::move(*this);
}
Error Error::with_retry_after(int seconds) && {
    data_->retry_after_s = seconds;
    return std::move(*this);
}
Error Error::with_code(Code code) && {
    data_->code = code;
    return std::move(*this);
}
Error Error::with_errno(int error_number) && {
    data_->error_number = error_number;
    return std::move(*this);
}
Error Error::with_target(ErrorTarget target) && {
    data_->target = std::move(target);
    return std::move(*this);
}
Error Error::as_answer() && {
    data_->is_answer = true;
    return std::move(*this);
}

}  // namespace orilla
