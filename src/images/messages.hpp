// What the daemon and its workers say to each other: one JSON object a line, over a stream socket. Both ends are the same
// binary, but the daemon treats every line as hostile: bounded, typed access that never throws.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"

namespace orilla::images {

namespace json = boost::json;

/// A document from outside: bounded depth, no exceptions. `what` names it in the error.
Result<json::object> parse_object(std::string_view text, std::string_view what);

// Absent or of another type: the empty value.
std::string text_of(const json::object& object, std::string_view key);
int64_t number_of(const json::object& object, std::string_view key);
bool flag_of(const json::object& object, std::string_view key);
const json::object& object_of(const json::object& object, std::string_view key);
const json::array& array_of(const json::object& object, std::string_view key);
std::vector<std::string> texts_of(const json::object& object, std::string_view key);
json::array to_array(const std::vector<std::string>& texts);

json::object encode_error(const Error& error);
Error decode_error(const json::object& object);

/// The worker's end: blocking.
class Channel {
  public:
    explicit Channel(int fd) : fd_(fd) {}
    int fd() const { return fd_; }
    Result<void> send(const json::object& message) const;
    /// The next message; Code::unavailable when the daemon has gone.
    Result<json::object> receive();

  private:
    int fd_;
    std::string buffer_;
};

}  // namespace orilla::images
