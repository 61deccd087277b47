// The one HTTP client: a request to an address and its answer, plain or TLS, on the loop. It promises bounds on what it reads,
// and that it blocks nothing; how long it may take is its caller's to say (loop/timeout.hpp). One request a connection.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/http/duplex.hpp"
#include "orilla/http/message.hpp"
#include "orilla/http/url.hpp"
#include "orilla/loop/loop.hpp"

namespace orilla::http {

struct ClientRequest {
    std::string method = "GET";
    Url url;
    Headers headers;  ///< Host, Content-Length and Connection are added where they lack
    std::string body;
};

struct AnswerLimits {
    size_t body_bytes_max = 3 * 1024 * 1024;
    bool cuts_body = false;             ///< of a larger body the first bytes are enough; otherwise it is an error
    size_t head_bytes_max = 64 * 1024;  ///< of all heads of one answer
    int interim_answers_max = 5;        ///< 100 Continue, 103 Early Hints ...
};

struct Answer {
    int status = 0;
    Headers headers;  ///< names in small letters
    std::string body;

    /// The first header of that name (in small letters), empty without one.
    std::string_view header(std::string_view name) const;
};

/// Whom a client takes for the server that it asks. PEM texts.
struct ServerTrust {
    std::string authority;    ///< who must have signed its certificate; empty: anybody, nothing is checked
    std::string server_name;  ///< what the certificate must be for, and SNI; empty: the URL's host
    std::string certificate;  ///< the client's own, with its key; empty: none
    std::string key;
    std::vector<std::string> accepted_names;  ///< any may be what the server's certificate is for, instead of `server_name`
};

/// A connection that closes by a reset: it leaves no TIME_WAIT behind. `host` is an IPv4 address.
loop::Task<Result<UniqueFd>> connect_tcp(loop::Loop& loop, std::string host, int port);
/// To `url`'s host, ready to be written to; `trust` counts with TLS only.
loop::Task<Result<std::unique_ptr<Duplex>>> connect(loop::Loop& loop, Url url, ServerTrust trust);
/// As it goes out.
std::string render_request(const ClientRequest& request);
/// Writes the request and reads its answer.
loop::Task<Result<Answer>> ask(Duplex& connection, ClientRequest request, AnswerLimits limits);
loop::Task<Result<Answer>> ask(loop::Loop& loop, ClientRequest request, AnswerLimits limits, ServerTrust trust);

}  // namespace orilla::http
