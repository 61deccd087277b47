#include "probes/grpc_probe.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "orilla/base/text.hpp"
#include "orilla/http/channel.hpp"
#include "orilla/loop/timeout.hpp"

namespace orilla::node {
namespace {

constexpr std::string_view check_path = "/grpc.health.v1.Health/Check";
constexpr std::string_view user_agent = "kube-probe/1.33";
constexpr size_t prefix_bytes = 5;  ///< one of compression, four of the length
constexpr int64_t connect_again_ms = 1'000;
constexpr uint64_t serving = 1;

/// gRPC's status codes, by number.
constexpr std::array<std::string_view, 17> code_names{
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};
constexpr unsigned code_unknown = 2, code_deadline_exceeded = 4, code_unimplemented = 12, code_internal = 13;

Error failed(std::string text) { return Error(Code::unavailable, std::move(text)); }

/// The request's body, whole.
class OneMessage final : public http::BodyStream {
  public:
    explicit OneMessage(std::string text) : text_(std::move(text)) {}
    bool ended() const override { return text_.empty(); }
    void take_ready(std::string* out) override { out->append(std::exchange(text_, {})); }
    loop::Task<Result<bool>> next(std::string* out) override {
        const bool has_more = !text_.empty();
        take_ready(out);
        co_return has_more;
    }

  private:
    std::string text_;
};

std::string_view find(const http::Headers& headers, std::string_view name) {
    for (const auto& [own, value] : headers)
        if (equal_fold(own, name)) return value;
    return {};
}

/// grpc-message: what is not printable comes as %XX.
std::string decode_message(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        unsigned byte = 0;
        const char* digits = text.data() + i + 1;
        if (text[i] == '%' && i + 2 < text.size() && std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
            out += static_cast<char>(byte);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

/// What a status of HTTP means where gRPC's own is missing.
unsigned code_of_http(int status) {
    switch (status) {
        case 400: return code_internal;
        case 401: return 16;
        case 403: return 7;
        case 404: return code_unimplemented;
        case 429:
        case 502:
        case 503:
        case 504: return 14;
        default: return code_unknown;
    }
}

Error judge_code(unsigned code, const std::string& message, int64_t limit_ms) {
    if (code == code_unimplemented)
        return failed("error: this server does not implement the grpc health protocol (grpc.health.v1.Health): " + message);
    if (code == code_deadline_exceeded)
        return failed(fmt::format("timeout: health rpc did not complete within {}", render_go_seconds(limit_ms)));
    const std::string name = code < code_names.size() ? std::string(code_names[code]) : fmt::format("Code({})", code);
    return failed(fmt::format("error: health rpc probe failed: rpc error: code = {} desc = {}", name, message));
}

std::optional<uint64_t> read_varint(std::string_view& bytes) {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
        const auto byte = static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
        value |= static_cast<uint64_t>(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
    }
    return std::nullopt;
}

/// HealthCheckResponse: field 1 is the status; 0 when it is left out. Nothing when it cannot be read.
std::optional<uint64_t> read_status(std::string_view message) {
    uint64_t status = 0;
    while (!message.empty()) {
        const auto tag = read_varint(message);
        if (!tag) return std::nullopt;
        const uint64_t wire = *tag & 7;
        std::optional<uint64_t> skipped = wire == 5 ? 4 : wire == 1 ? 8 : 0;
        if (wire == 0 || wire == 2) {
            const auto value = read_varint(message);
            if (!value) return std::nullopt;
            if (*tag == 8) status = *value;
            if (wire == 2) skipped = value;
        } else if (wire != 1 && wire != 5) {
            return std::nullopt;
        }
        if (*skipped > message.size()) return std::nullopt;
        message.remove_prefix(*skipped);
    }
    return status;
}

std::string status_name(uint64_t status) {
    constexpr std::array<std::string_view, 4> names{"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
    return status < names.size() ? std::string(names[status]) : std::to_string(status);
}

http::Headers copy(const std::vector<http::HeaderView>& views) {
    http::Headers out;
    for (const auto& view : views) out.emplace_back(view.name, view.value);
    return out;
}

/// Connected, and greeted.
loop::Task<Result<std::unique_ptr<http::Channel>>> connect(loop::Loop& loop, std::string host, int port) {
    http::Url url;
    url.host = std::move(host);
    url.port = port;
    http::ServerTrust nobody;
    CO_TRY(auto connection, http::connect(loop, std::move(url), std::move(nobody)));
    http::ChannelLimits limits;
    CO_RETURN_AWAIT(http::open_http_2(loop, std::move(connection), limits));
}

/// Until there is a connection: as long as its caller waits.
loop::Task<std::unique_ptr<http::Channel>> connect_at_last(loop::Loop& loop, std::string host, int port) {
    for (;;) {
        const int64_t begun_ms = loop.now_ms();
        AWAIT(auto channel, connect(loop, host, port));
        if (channel) co_return std::move(*channel);
        co_await loop.sleep_until(begun_ms + connect_again_ms);
    }
}

loop::Task<Result<ProbeAnswer>> check(http::Channel& channel, GrpcProbeRequest request) {
    OneMessage body(render_health_request(request.service));
    const std::string authority = fmt::format("{}:{}", request.host, request.port);
    const std::string timeout = fmt::format("{}m", request.limit_ms);
    const std::array<http::HeaderView, 4> headers{http::HeaderView{"content-type", "application/grpc"},
                                                  {"user-agent", user_agent},
                                                  {"te", "trailers"},
                                                  {"grpc-timeout", timeout}};
    http::RequestHead head;
    head.method = "POST";
    head.target = check_path;
    head.authority = authority;
    head.headers = headers;
    const auto exchange = channel.begin(head, &body);
    constexpr unsigned code_unavailable = 14;
    for (bool is_interim = true; is_interim;) {
        AWAIT(const auto read, exchange->read_head());
        if (!read) co_return judge_code(code_unavailable, read.error().message(), request.limit_ms);
        is_interim = exchange->head().status / 100 == 1;
    }
    const int status = exchange->head().status;
    const http::Headers heads = copy(exchange->head().headers);
    std::string answer;
    for (bool more = true; more && answer.size() <= probe_answer_bytes_max;) {
        AWAIT(const auto read, exchange->next(&answer));
        if (!read) co_return judge_code(code_unavailable, read.error().message(), request.limit_ms);
        more = *read;
    }
    co_return judge_health_answer(status, heads, exchange->trailers(), answer, request.limit_ms);
}

}  // namespace

std::string render_go_seconds(int64_t ms) {
    const int64_t s = ms / 1000;
    if (ms % 1000 != 0) return fmt::format("{}ms", ms);
    if (s < 60) return fmt::format("{}s", s);
    if (s < 3600) return fmt::format("{}m{}s", s / 60, s % 60);
    return fmt::format("{}h{}m{}s", s / 3600, s / 60 % 60, s % 60);
}

std::string render_health_request(std::string_view service) {
    std::string message;
    if (!service.empty()) {
        message += '\x0a';  // field 1, a string
        size_t left = service.size();
        for (; left >= 0x80; left >>= 7) message += static_cast<char>(left | 0x80);
        message += static_cast<char>(left);
        message += service;
    }
    std::string out(1, '\0');
    for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(message.size() >> shift);
    return out + message;
}

Result<ProbeAnswer> judge_health_answer(int status, const http::Headers& headers, const http::Headers& trailers,
                                        std::string_view body, int64_t limit_ms) {
    // An answer that is nothing but an error says all of it in its head.
    const bool is_in_head = find(trailers, "grpc-status").empty();
    const http::Headers& told = is_in_head ? headers : trailers;
    const std::string_view number = find(told, "grpc-status");
    if (number.empty() && status != 200)
        return judge_code(code_of_http(status), fmt::format("unexpected HTTP status code received from server: {}", status),
                          limit_ms);
    if (number.empty() && !find(headers, "content-type").starts_with("application/grpc"))
        return judge_code(
            code_unknown,
            fmt::format("unexpected HTTP status code received from server: 200 (OK); transport: received unexpected "
                        "content-type \"{}\"",
                        find(headers, "content-type")),
            limit_ms);
    unsigned code = code_unknown;
    if (number.empty()) return judge_code(code_internal, "server closed the stream without sending trailers", limit_ms);
    std::from_chars(number.data(), number.data() + number.size(), code);
    if (code != 0) return judge_code(code, decode_message(find(told, "grpc-message")), limit_ms);
    const bool is_whole = body.size() >= prefix_bytes && body[0] == '\0';
    const auto said = is_whole ? read_status(body.substr(prefix_bytes)) : std::nullopt;
    if (!said) return judge_code(code_internal, "the answer is no HealthCheckResponse", limit_ms);
    if (*said != serving) return failed(fmt::format("service unhealthy (responded with \"{}\")", status_name(*said)));
    return ProbeAnswer{};
}

loop::Task<Result<ProbeAnswer>> check_grpc(loop::Loop& loop, GrpcProbeRequest request) {
    const int64_t end_ms = loop.now_ms() + request.limit_ms;
    auto connecting = connect_at_last(loop, request.host, request.port);
    AWAIT(auto channel, loop::with_timeout(loop, std::move(connecting), request.limit_ms));
    if (!channel)
        co_return failed(fmt::format("timeout: failed to connect service \"{}:{}\" within {}: context deadline exceeded",
                                     request.host, request.port, render_go_seconds(request.limit_ms)));
    const int64_t limit_ms = request.limit_ms;
    auto checking = check(**channel, std::move(request));
    AWAIT(auto answer, loop::with_timeout(loop, std::move(checking), std::max<int64_t>(end_ms - loop.now_ms(), 1)));
    if (!answer) co_return judge_code(code_deadline_exceeded, {}, limit_ms);
    co_return std::move(*answer);
}

}  // namespace orilla::node
