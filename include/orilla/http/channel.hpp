// Connections to a server that are kept: a Channel is one of them, an Exchange one request over it and its answer, streamed
// both ways at once. HTTP/1.1 carries one exchange after another, HTTP/2 many side by side. It promises that nothing of an
// answer is read before somebody wants it, that an answer whose end two readers could see in two places is an error, and that
// a channel is used again only when the last exchange has left nothing behind. Who connects when, keeps how many and for how
// long, tries again, and what headers mean: all that is the caller's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/http/duplex.hpp"
#include "orilla/http/message.hpp"
#include "orilla/loop/loop.hpp"

namespace orilla::http {

class TlsContext;

struct ChannelLimits {
    size_t head_bytes_max = 64 * 1024;  ///< of all heads of one answer
    size_t header_count_max = 256;
    int interim_answers_max = 5;
    size_t chunk_line_bytes_max = 4 * 1024;  ///< a size and its extensions
    size_t trailer_bytes_max = 16 * 1024;
};

/// Where a channel leads.
struct Endpoint {
    std::string address;  ///< IPv4
    int port = 80;
    TlsContext* tls = nullptr;   ///< of a client (TlsContext::create_client); null: plain. Outlives the channel.
    bool speaks_http_2 = false;  ///< plain: with prior knowledge; TLS: offered by ALPN beside HTTP/1.1
};

/// A request as it goes out. The views live until `begin` has returned.
struct RequestHead {
    std::string_view method = "GET";
    std::string_view target = "/";
    std::string_view scheme = "http";  ///< HTTP/2 says it
    std::string_view authority;        ///< Host, `:authority`
    std::string_view upgrade;          ///< a protocol to switch to
    /// More of them, in order. What frames or routes is left out of them, for the channel says that itself: Host,
    /// Content-Length, Transfer-Encoding, Connection, Upgrade.
    std::span<const HeaderView> headers;
};

/// Valid until the exchange's next head is read.
struct AnswerHead {
    int status = 0;
    Protocol protocol = Protocol::http_1_1;
    std::vector<HeaderView> headers;  ///< as sent, all of them, in order
    /// The first header of that name, empty without one; names compare without case.
    std::string_view header(std::string_view name) const;
};

/// One request and its answer; itself the answer's body. Destroying it before both have ended breaks the request off.
class Exchange : public BodyStream {
  public:
    /// Waits for a head: of an interim answer (100 to 199 but 101), behind which another one comes, or of the answer.
    virtual loop::Task<Result<void>> read_head() = 0;
    virtual const AnswerHead& head() const = 0;
    /// Bytes of the request have gone out. Without one the server has surely not acted on it.
    virtual bool has_sent() const = 0;
    /// After an error of `read_head`: the channel had been used before and ended without a word, so that most likely the
    /// server had ended it while it was idle. What may be done twice can be asked again over another one.
    virtual bool was_stale() const = 0;
    /// Whether bytes of the request's body were taken from its stream: then it cannot be asked again elsewhere.
    virtual bool has_sent_body() const = 0;
    /// After 101: the connection, which from now on speaks the other protocol. Lives with the exchange.
    virtual Duplex* upgraded() = 0;
};

class Channel {
  public:
    /// Outlives its exchanges.
    virtual ~Channel() = default;
    virtual Protocol protocol() const = 0;
    /// How many requests may be begun now.
    virtual size_t room() = 0;
    /// No request will ever be begun on it again.
    virtual bool is_over() = 0;
    /// Begins to send the request, at the latest while the answer is waited for; only with `room`. `body` may be null; it
    /// outlives the exchange.
    virtual std::unique_ptr<Exchange> begin(const RequestHead& head, BodyStream* body) = 0;
    /// Told, from the loop, when an idle channel is over: the server has ended it.
    virtual void on_over(std::function<void()> told) = 0;
};

/// Over a connection that was made elsewhere, where both sides know that it speaks HTTP/2. Waits until the server has said so,
/// too.
loop::Task<Result<std::unique_ptr<Channel>>> open_http_2(loop::Loop& loop, std::unique_ptr<Duplex> connection,
                                                         ChannelLimits limits);

/// Connects, and shakes hands where there is TLS. How long that may take is the caller's to say (loop/timeout.hpp).
loop::Task<Result<std::unique_ptr<Channel>>> open_channel(loop::Loop& loop, Endpoint endpoint, ChannelLimits limits);

}  // namespace orilla::http
