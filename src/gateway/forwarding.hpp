// What of a message goes on to the other side: not what belongs to one connection (RFC 9110, 7.6.1), nor what a client says of
// where it comes from, for the gateway says that itself. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orilla/http/channel.hpp"
#include "orilla/http/message.hpp"

namespace orilla::gateway {

/// ADDRESS of ADDRESS:PORT or [ADDRESS]:PORT; an IPv4 address in IPv6's clothes without them.
std::string_view address_of(std::string_view client);

/// The headers of a request as the backend gets them. Lives as long as they are used; the request does, too.
class ForwardedHeaders {
  public:
    explicit ForwardedHeaders(const http::Request& request);
    std::vector<http::HeaderView>& headers() { return headers_; }

  private:
    void say_where_from(const http::Request& request);
    std::string text_;  ///< of those that we add
    std::vector<http::HeaderView> headers_;
};

/// The headers of an answer as the client gets them, each with its line end.
std::string render_answer_headers(const http::AnswerHead& head);

/// Asking twice for it does what asking once does.
bool is_idempotent(std::string_view method);

}  // namespace orilla::gateway
