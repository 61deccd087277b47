#include "messages.hpp"

#include <algorithm>
#include <utility>

#include "wire.hpp"

namespace orilla::gateway {

// Every field once, in the order of the declarations: both directions read it here.

inline ListenerProtocol last_of(ListenerProtocol) { return ListenerProtocol::tls; }
inline PathMatch::Type last_of(PathMatch::Type) { return PathMatch::Type::regex; }
inline BackendProtocol last_of(BackendProtocol) { return BackendProtocol::tcp; }
inline Fault::About last_of(Fault::About) { return Fault::About::backend; }

template <class W, Either<HostPattern> T>
void fields(W& wire, T& v) {
    wire(v.text, v.is_one_label);
}
template <class W, Either<Listener> T>
void fields(W& wire, T& v) {
    wire(v.key, v.port, v.protocol, v.host, v.certificates, v.client_authorities, v.accepts_bad_client_certificates,
         v.reads_proxy_protocol);
}
template <class W, Either<Certificate> T>
void fields(W& wire, T& v) {
    wire(v.key, v.chain, v.private_key, v.hosts);
}
template <class W, Either<PathMatch> T>
void fields(W& wire, T& v) {
    wire(v.type, v.value);
}
template <class W, Either<ValueMatch> T>
void fields(W& wire, T& v) {
    wire(v.name, v.value, v.is_regex);
}
template <class W, Either<Match> T>
void fields(W& wire, T& v) {
    wire(v.path, v.method, v.headers, v.query, v.is_grpc, v.grpc_service, v.grpc_method);
}
template <class W, Either<HeaderChange> T>
void fields(W& wire, T& v) {
    wire(v.set, v.add, v.remove);
}
template <class W, Either<RequestHeaders> T>
void fields(W& wire, T& v) {
    wire(v.change);
}
template <class W, Either<ResponseHeaders> T>
void fields(W& wire, T& v) {
    wire(v.change);
}
template <class W, Either<PathChange> T>
void fields(W& wire, T& v) {
    wire(v.is_prefix, v.value);
}
template <class W, Either<Redirect> T>
void fields(W& wire, T& v) {
    wire(v.scheme, v.host, v.path, v.port, v.status);
}
template <class W, Either<Rewrite> T>
void fields(W& wire, T& v) {
    wire(v.host, v.path);
}
template <class W, Either<Mirror> T>
void fields(W& wire, T& v) {
    wire(v.backend, v.numerator, v.denominator);
}
template <class W, Either<Cors> T>
void fields(W& wire, T& v) {
    wire(v.allow_origins, v.allow_methods, v.allow_headers, v.expose_headers, v.max_age_s, v.allow_credentials);
}
template <class W, Either<Respond> T>
void fields(W& wire, T& v) {
    wire(v.status, v.content_type, v.body);
}
template <class W, Either<Share> T>
void fields(W& wire, T& v) {
    wire(v.backend, v.weight, v.filters);
}
template <class W, Either<Rule> T>
void fields(W& wire, T& v) {
    wire(v.matches, v.filters, v.shares, v.request_timeout_ms, v.try_timeout_ms);
}
template <class W, Either<Route> T>
void fields(W& wire, T& v) {
    wire(v.key, v.listeners, v.hosts, v.rules, v.created_s, v.name, v.is_default);
}
template <class W, Either<Endpoint> T>
void fields(W& wire, T& v) {
    wire(v.ip, v.port, v.is_draining);
}
template <class W, Either<BackendTls> T>
void fields(W& wire, T& v) {
    wire(v.server_name, v.authorities, v.alternative_names, v.certificate, v.private_key);
}
template <class W, Either<QueuePolicy> T>
void fields(W& wire, T& v) {
    wire(v.in_flight_max, v.waiting_max, v.waiting_per_client_max, v.wait_ms_max);
}
template <class W, Either<BalancePolicy> T>
void fields(W& wire, T& v) {
    wire(v.affinity_cookie, v.affinity_s_max, v.retries_max, v.retry_percent_max, v.retries_on_5xx, v.eject_failures_max,
         v.eject_ms, v.slow_start_ms, v.connect_ms_max, v.answer_ms_max);
}
template <class W, Either<Backend> T>
void fields(W& wire, T& v) {
    wire(v.key, v.protocol, v.endpoints, v.tls, v.queue, v.balance, v.is_on_demand);
}
template <class W, Either<Change> T>
void fields(W& wire, T& v) {
    wire(v.is_whole, v.listeners, v.certificates, v.routes, v.backends, v.gone_listeners, v.gone_certificates, v.gone_routes,
         v.gone_backends);
}
template <class W, Either<Settings> T>
void fields(W& wire, T& v) {
    wire(v.logs_access, v.affinity_secret);
}
template <class W, Either<Sockets> T>
void fields(W& wire, T& v) {
    wire(v.ports);
}
template <class W, Either<ChangePiece> T>
void fields(W& wire, T& v) {
    wire(v.sequence, v.is_last, v.bytes);
}
template <class W, Either<Retire> T>
void fields(W&, T&) {}
template <class W, Either<Applied> T>
void fields(W& wire, T& v) {
    wire(v.sequence);
}
template <class W, Either<BackendReport> T>
void fields(W& wire, T& v) {
    wire(v.key, v.requests, v.refused, v.failed, v.retried, v.waited_ms, v.in_flight, v.waiting, v.idle_ms);
}
template <class W, Either<Reports> T>
void fields(W& wire, T& v) {
    wire(v.backends);
}
template <class W, Either<Wanted> T>
void fields(W& wire, T& v) {
    wire(v.backend);
}
template <class W, Either<Fault> T>
void fields(W& wire, T& v) {
    wire(v.about, v.key, v.message);
}
template <class W, Either<AccessLines> T>
void fields(W& wire, T& v) {
    wire(v.text);
}

namespace {

/// Of a packet, for what is around the bytes or the reports in it: type, numbers, lengths.
constexpr size_t packet_head_bytes = 32;
constexpr size_t piece_bytes_max = packet_bytes_max - packet_head_bytes;

template <class Value>
std::string written(const Value& value) {
    std::string out;
    WireWriter wire(out);
    wire(value);
    return out;
}

/// What a terminal or a log would obey.
bool is_control(char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7f; }
bool is_control_in_line(char c) { return c != '\n' && is_control(c); }

bool is_plain(std::string_view text, size_t bytes_max) {
    return text.size() <= bytes_max && std::none_of(text.begin(), text.end(), is_control);
}
bool is_key(std::string_view text) { return !text.empty() && is_plain(text, key_bytes_max); }

struct MakeAcceptable {
    void operator()(Applied&) const {}
    void operator()(Reports&) const {}
    void operator()(Wanted&) const {}
    void operator()(Fault& fault) const {
        fault.message.resize(std::min(fault.message.size(), fault_bytes_max));
        std::replace_if(fault.message.begin(), fault.message.end(), is_control, '?');
    }
    void operator()(AccessLines& lines) const {
        lines.text.resize(std::min(lines.text.size(), piece_bytes_max));
        std::replace_if(lines.text.begin(), lines.text.end(), is_control_in_line, '?');
    }
};

struct IsAcceptable {
    bool operator()(const Applied&) const { return true; }
    bool operator()(const Reports& reports) const {
        return std::all_of(reports.backends.begin(), reports.backends.end(),
                           [](const auto& report) { return is_key(report.key); });
    }
    bool operator()(const Wanted& wanted) const { return is_key(wanted.backend); }
    bool operator()(const Fault& fault) const { return is_key(fault.key) && is_plain(fault.message, fault_bytes_max); }
    bool operator()(const AccessLines& lines) const {
        return std::none_of(lines.text.begin(), lines.text.end(), is_control_in_line);
    }
};

template <class Message>
Result<Message> read_packet(std::string_view packet, std::string_view sender) {
    Message message;
    WireReader wire(packet.substr(0, packet_bytes_max));
    wire(message);
    if (packet.size() > packet_bytes_max || !wire.is_whole())
        return Error(Code::bad_request, std::string(sender) + " sent a packet that is none of its messages");
    return message;
}

}  // namespace

std::string encode(const ToGateway& message) { return written(message); }

std::string encode(ToDaemon message) {
    std::visit(MakeAcceptable{}, message);
    return written(message);
}

Result<ToGateway> decode_to_gateway(std::string_view packet) {
    TRY(ToGateway message, read_packet<ToGateway>(packet, "the daemon"));
    const auto* sockets = std::get_if<Sockets>(&message);
    if (sockets && sockets->ports.size() > sockets_per_message_max)
        return Error(Code::bad_request, "the daemon sent more sockets than fit beside a message");
    return message;
}

Result<ToDaemon> decode_to_daemon(std::string_view packet) {
    TRY(ToDaemon message, read_packet<ToDaemon>(packet, "the gateway"));
    if (!std::visit(IsAcceptable{}, message))
        return Error(Code::bad_request, "the gateway sent a message with texts that it does not write");
    return message;
}

Result<std::vector<std::string>> encode_change(const Change& change, uint64_t sequence) {
    const std::string bytes = written(change);
    if (bytes.size() > change_bytes_max)
        return Error(Code::too_large, "the routes and certificates of the gateway take more than 32 MiB together");
    std::vector<std::string> packets;
    for (size_t at = 0; at < bytes.size(); at += piece_bytes_max) {
        const bool is_last = bytes.size() - at <= piece_bytes_max;
        packets.push_back(encode(ToGateway(ChangePiece{sequence, is_last, bytes.substr(at, piece_bytes_max)})));
    }
    return packets;
}

std::vector<std::string> encode_reports(const std::vector<BackendReport>& reports) {
    std::vector<std::string> packets;
    Reports some;
    size_t bytes = 0;
    for (const BackendReport& report : reports) {
        const size_t size = written(report).size();
        if (report.key.size() > key_bytes_max) continue;  // nobody asked for it
        if (bytes + size > piece_bytes_max) packets.push_back(encode(ToDaemon(std::exchange(some, {}))));
        if (some.backends.empty()) bytes = 0;
        bytes += size;
        some.backends.push_back(report);
    }
    if (!some.backends.empty()) packets.push_back(encode(ToDaemon(std::move(some))));
    return packets;
}

Result<std::optional<ChangePieces::Whole>> ChangePieces::take(ChangePiece piece) {
    if (sequence_ && *sequence_ != piece.sequence)
        return Error(Code::bad_request, "the daemon began a change before the last one was whole");
    if (bytes_.size() + piece.bytes.size() > change_bytes_max)
        return Error(Code::too_large, "the daemon sent a change of more than 32 MiB");
    sequence_ = piece.sequence;
    if (bytes_.empty()) bytes_ = std::move(piece.bytes);
    else bytes_ += piece.bytes;
    if (!piece.is_last) return std::optional<Whole>();
    Whole whole{piece.sequence, {}};
    const std::string bytes = std::exchange(bytes_, {});
    sequence_.reset();
    WireReader wire(bytes);
    wire(whole.change);
    if (!wire.is_whole()) return Error(Code::bad_request, "the daemon sent a change that cannot be read");
    return std::optional<Whole>(std::move(whole));
}

}  // namespace orilla::gateway
