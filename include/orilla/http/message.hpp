// One HTTP request and its answer, as the handlers see them. A Request is a view: it promises to stay valid until its
// answer was given, because the connection that owns the bytes reads no further before that. A Response is either whole
// (a body, or a view of bytes that somebody keeps alive) or a stream that is pulled as fast as the client reads, or it
// hands the connection over to another protocol.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/base/text.hpp"
#include "orilla/http/duplex.hpp"
#include "orilla/loop/byte_stream.hpp"
#include "orilla/loop/task.hpp"

namespace orilla::http {

enum class Method : uint8_t { get, head, post, put, patch, delete_, other };
std::string_view method_name(Method method);

enum class Protocol : uint8_t { http_1_0, http_1_1, http_2 };

using Headers = std::vector<std::pair<std::string, std::string>>;

/// What a connection proves of its other end: facts, from which a Handler decides who that is.
struct Peer {
    enum class Kind : uint8_t {
        nobody,       ///< it proves nothing
        local,        ///< on this machine: a user and groups
        certificate,  ///< of a CA that the listener trusts: a subject
    };
    Kind kind = Kind::nobody;
    uint32_t uid = 0;
    std::vector<uint32_t> groups;
    std::string common_name;
    std::vector<std::string> organisations;
};

/// Who a Handler took a peer for, once for each connection; it may keep more of them by deriving from this.
struct Caller {
    virtual ~Caller() = default;
    std::string name;       ///< by which connections and watches are counted; empty: a stranger
    bool admitted = false;  ///< other callers' requests are refused before their bodies are read
};

using loop::ByteStream;

/// A body on its way, of a request or of an answer: pulled piece by piece, so that nobody holds more of it than one piece.
class BodyStream : public ByteStream {
  public:
    /// Of the whole body, where its head says so: what comes is exactly so long, or an error.
    virtual std::optional<uint64_t> length() const { return std::nullopt; }
    /// Whether `next` has nothing more to give: known without waiting for it, at the latest once `next` said so.
    virtual bool ended() const = 0;
    /// Appends what is there already, without waiting; an error is for `next` to tell.
    virtual void take_ready(std::string* out) = 0;
    /// What came behind the end.
    virtual const Headers& trailers() const;
};

/// Heads of interim answers (103 Early Hints), before the one that counts.
class InterimAnswers {
  public:
    virtual ~InterimAnswers() = default;
    /// `status` from 102 to 199; `headers` as they go out, each with its line end.
    virtual loop::Task<Result<void>> send(int status, std::string headers) = 0;
};

/// What goes on over a connection once it was switched to another protocol: a WebSocket, SPDY.
class Upgrade {
  public:
    virtual ~Upgrade() = default;
    /// Owns the connection for as long as the task runs; it ends with the task. Whoever does not read does not learn that
    /// the client has gone. May be destroyed while it waits.
    virtual loop::Task<void> run(Duplex& connection) = 0;
};

struct HeaderView {
    std::string_view name;
    std::string_view value;
};

class Request {
  public:
    Method method = Method::get;
    Protocol protocol = Protocol::http_1_1;
    bool keep_alive = true;
    bool is_secure = false;        ///< came over TLS
    std::string_view method_text;  ///< as sent: `method` names only those that an API has
    std::string_view target;       ///< as sent, without scheme and host
    std::string_view path;         ///< before the question mark, still percent-encoded
    std::string_view query;        ///< after it
    std::string_view authority;    ///< whom the client asks: host and port of the target, of Host or of `:authority`
    std::string_view upgrade;      ///< the protocols that it wants to switch to; empty: none
    std::string_view body;         ///< the whole, unless it streams
    std::vector<HeaderView> headers;
    const Caller* caller = nullptr;
    std::string_view client;            ///< ADDRESS:PORT, [ADDRESS]:PORT of who has connected; empty where there is none
    std::string_view server_name;       ///< SNI, in small letters
    uint64_t tag = 0;                   ///< of the listener
    BodyStream* body_stream = nullptr;  ///< set when the Handler streams it; lives until the answer has gone out
    InterimAnswers* interim = nullptr;  ///< where the protocol knows them

    /// The first header of that name, empty without one; names compare without case.
    std::string_view header(std::string_view name) const;
};

/// Sun, 06 Nov 1994 08:49:37 GMT.
std::string render_http_date(int64_t wall_s);

class Response {
  public:
    explicit Response(int status_code = 200) : status(status_code) {}
    Response(int status_code, std::string_view type, std::string content)
        : status(status_code), content_type(type), body(std::move(content)) {}

    void add_header(std::string_view name, std::string_view value);

    int status;
    bool close = false;     ///< end the connection after this answer
    bool is_watch = false;  ///< the stream ends when its client likes: watches, logs that are followed
    std::string_view content_type = "application/json";  ///< a literal; empty for none
    std::string headers;                                 ///< more of them, as they go out
    std::string body;
    std::string_view view;               ///< instead of `body` when `keep` is set
    std::shared_ptr<const void> keep;    ///< owns what `view` shows
    std::unique_ptr<ByteStream> stream;  ///< what follows `body`
    /// Instead of `body` and `stream`: one that may know its length and have trailers. In answer to a HEAD, and with status
    /// 304, only its length is of interest. Destroyed before the request's own stream.
    std::unique_ptr<BodyStream> body_stream;
    bool adds_date = true;  ///< without it only what frames the answer is added to `headers`
    /// Switches the protocol: with status 101, an `Upgrade` among the headers, and no body. Counts as a watch.
    std::unique_ptr<Upgrade> upgrade;

    std::string_view content() const { return keep ? view : std::string_view(body); }
};

/// Answers requests; one for the whole server. Must not block; may be destroyed while it waits.
class Handler {
  public:
    virtual ~Handler() = default;
    /// Never null. Asked once for each connection.
    virtual std::shared_ptr<const Caller> identify(const Peer& peer) const = 0;
    /// For a caller that is not admitted; the body was not read.
    virtual Response refuse(const Request& request) const = 0;
    /// Asked once the head of a request with a body is here: true to be handed the request at once, with a `body_stream`.
    /// How much of it is taken, and how long that takes, is the Handler's then. A client that waits for 100 Continue gets it
    /// when the body is read.
    virtual bool streams_body(const Request&) const { return false; }
    /// `request` lives until the task has ended; where its body streams, until the answer has gone out.
    virtual loop::Task<Response> handle(const Request& request) = 0;
    /// The body of an error that HTTP itself found (414, 431, 400 ...), as this API words it.
    virtual Response render_http_error(int status, std::string_view message) const = 0;
};

}  // namespace orilla::http
