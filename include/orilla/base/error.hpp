// The one error type. It promises a code that maps to exactly one HTTP status and one Kubernetes Status reason, a
// message that a person can act on, what it is about as data, so that nobody has to read the message for it, and a chain of
// context that reads as a sentence:
// "start container web: mount /proc: operation not permitted". It refuses implicit construction and silent loss.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace orilla {

/// What went wrong, in the words of Kubernetes Status reasons (apimachinery meta/v1 StatusReason), plus the few that
/// never reach the API: `system` (errno says more), `cancelled`, `corrupt`.
enum class Code {
    bad_request,
    unauthorized,
    forbidden,
    not_found,
    method_not_allowed,
    not_acceptable,
    already_exists,
    conflict,
    gone,
    expired,
    too_large,
    unsupported_media_type,
    invalid,
    too_many_requests,
    internal,
    server_timeout,
    unavailable,
    timeout,
    system,
    cancelled,
    corrupt,
    unsupported,
};

/// One entry of Status.details.causes: `reason` is a CauseType such as FieldValueRequired, `field` a path such as
/// spec.containers[0].name (empty when the cause is about the whole object).
struct Cause {
    std::string reason;
    std::string message;
    std::string field;
};

/// The object that an error is about, as Status.details names it; all empty when there is none.
struct ErrorTarget {
    std::string group;
    std::string kind;  ///< the Kind of what is invalid, the resource of everything else
    std::string name;
};

/// HTTP status of a code: not_found is 404.
int http_status(Code code);
/// Kubernetes Status reason of a code: not_found is "NotFound".
std::string_view status_reason(Code code);
/// The code that has this reason; internal for what is none.
Code code_of_reason(std::string_view reason);

class [[nodiscard]] Error {
  public:
    Error(Code code, std::string message);
    /// code `system`, errno kept, message "WHAT: strerror(errno)".
    static Error from_errno(std::string_view what, int error_number);
    Error(const Error& other);
    Error& operator=(const Error& other);
    Error(Error&&) noexcept;
    Error& operator=(Error&&) noexcept;
    ~Error();

    Code code() const;
    int error_number() const;  ///< errno, 0 when there is none
    /// The whole sentence, outermost context first.
    const std::string& message() const;
    const std::vector<Cause>& causes() const;
    int retry_after_s() const;  ///< Status.details.retryAfterSeconds, 0 when unset
    const ErrorTarget& target() const;
    /// Where in the document that was read: a path such as spec.containers[0].name, empty where that is not known.
    const std::string& field() const;
    /// Somebody else's finding, in their words: a server answered it.
    bool is_answer() const;

    /// Puts "what: " in front of the message.
    Error with_context(std::string_view what) &&;
    Error with_context(std::string_view what) const&;
    Error with_cause(Cause cause) &&;
    Error with_retry_after(int seconds) &&;
    Error with_code(Code code) &&;
    Error with_errno(int error_number) &&;
    Error with_target(ErrorTarget target) &&;
    Error with_field(std::string field) &&;
    Error as_answer() &&;

  private:
    struct Data;
    std::unique_ptr<Data> data_;
};

}  // namespace orilla
