#include "proxy.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "forwarding.hpp"
#include "normal_form.hpp"
#include "orilla/base/log.hpp"
#include "orilla/loop/timeout.hpp"
#include "tunnel.hpp"

namespace orilla::gateway {

namespace {
/// Kept connections that their server had closed just when they were used: one after another may be such a one.
constexpr int stale_tries_max = 4;
constexpr size_t access_bytes_max = 48 * 1024;
constexpr int64_t retry_after_s = 1;

std::string_view reason_of(int status) {
    switch (status) {
        case 400: return "Bad Request";
        case 404: return "Not Found";
        case 421: return "Misdirected Request";
        case 500: return "Internal Server Error";
        case 502: return "Bad Gateway";
        case 503: return "Service Unavailable";
        case 504: return "Gateway Timeout";
        default: return "Error";
    }
}

struct Everybody : http::Caller {
    Everybody() {
        name = "client";
        admitted = true;
    }
};
}  // namespace

/// One request on its way, from the rule that it found to the last byte of its answer.
struct Proxy::Journey {
    explicit Journey(Proxy& the_proxy) : proxy(the_proxy), began_ms(the_proxy.loop_.now_ms()) {}
    ~Journey() {
        exchange.reset();
        leave();
        if (upstream) proxy.end(*this);
    }
    Journey(const Journey&) = delete;
    Journey& operator=(const Journey&) = delete;

    void enter(std::shared_ptr<UpstreamEndpoint> chosen) {
        leave();
        endpoint = std::move(chosen);
        ++endpoint->in_flight;
        ++upstream->report.in_flight;
    }
    void leave() {
        lease = {};
        if (!endpoint) return;
        --endpoint->in_flight;
        --upstream->report.in_flight;
        before = std::move(endpoint);
    }
    /// Of what is left until `limit_ms` and the rule's own limits; 0 when it is over.
    int64_t left_ms(int64_t limit_ms) const {
        const Rule& rule = *found.rule;
        const int64_t now_ms = proxy.loop_.now_ms();
        if (rule.try_timeout_ms > 0) limit_ms = std::min(limit_ms, try_began_ms + rule.try_timeout_ms - now_ms);
        if (rule.request_timeout_ms > 0) limit_ms = std::min(limit_ms, began_ms + rule.request_timeout_ms - now_ms);
        return std::max<int64_t>(limit_ms, 0);
    }

    Proxy& proxy;
    const int64_t began_ms;
    int64_t try_began_ms = 0;
    RouteFound found;
    std::shared_ptr<Upstream> upstream;
    std::string target;  ///< empty: the request's own
    std::shared_ptr<UpstreamEndpoint> before, endpoint;
    ChannelPool::Lease lease;
    std::unique_ptr<http::Exchange> exchange;
    bool was_sent = false;  ///< the last try: the backend may have acted on it
    bool is_stale = false;  ///< most likely it has not, for its connection had ended before
    int failure = 502;      ///< what it is answered
    // For the access log.
    std::string request_line;
    int status = 0;
    uint64_t bytes = 0;
};

/// The answer's body, as the client's side pulls it.
class Proxy::Answer final : public http::BodyStream {
  public:
    explicit Answer(std::unique_ptr<Journey> journey) : journey_(std::move(journey)) {}

    std::optional<uint64_t> length() const override { return exchange().length(); }
    bool ended() const override { return exchange().ended(); }
    const http::Headers& trailers() const override { return exchange().trailers(); }
    void take_ready(std::string* out) override {
        const size_t before = out->size();
        exchange().take_ready(out);
        journey_->bytes += out->size() - before;
    }
    loop::Task<Result<bool>> next(std::string* out) override {
        const size_t before = out->size();
        take_ready(out);
        if (out->size() > before) co_return true;
        if (exchange().ended()) co_return false;
        auto reading = exchange().next(out);
        const int64_t limit_ms = journey_->left_ms(journey_->upstream->backend().balance.answer_ms_max);
        AWAIT(auto more, loop::with_deadline(journey_->proxy.loop_, std::move(reading), limit_ms, "hear from the backend"));
        journey_->bytes += out->size() - before;
        if (!more) ++journey_->upstream->report.failed;
        co_return more;
    }

  private:
    http::Exchange& exchange() const { return *journey_->exchange; }
    std::unique_ptr<Journey> journey_;
};

class Proxy::Switched final : public http::Upgrade {
  public:
    explicit Switched(std::unique_ptr<Journey> journey) : journey_(std::move(journey)) {}
    loop::Task<void> run(http::Duplex& connection) override {
        AWAIT_VOID(carry(journey_->proxy.loop_, connection, *journey_->exchange->upgraded()));
    }

  private:
    std::unique_ptr<Journey> journey_;
};

Proxy::Proxy(loop::Loop& loop) : loop_(loop), everybody_(std::make_shared<Everybody>()), news_(loop) {}
Proxy::~Proxy() = default;

// ---- what is served --------------------------------------------------------------------------------------------------------

std::vector<Fault> Proxy::apply(Change change) {
    std::vector<Fault> faults;
    for (auto& fault : routes_.apply(change)) faults.push_back({Fault::About::route, fault.route, fault.message});
    if (change.is_whole) {
        std::set<std::string_view> named;
        for (const Backend& backend : change.backends) named.insert(backend.key);
        std::erase_if(upstreams_, [&named](const auto& entry) { return !named.contains(entry.first); });
    }
    for (const std::string& key : change.gone_backends) upstreams_.erase(key);
    for (Backend& backend : change.backends) {
        auto& upstream = upstreams_[backend.key];
        if (upstream) upstream->replace(std::move(backend));
        else upstream = std::make_shared<Upstream>(loop_, std::move(backend));
        if (!upstream->fault().empty()) faults.push_back({Fault::About::backend, upstream->backend().key, upstream->fault()});
    }
    return faults;
}

std::set<uint16_t> Proxy::ports() const {
    const auto ports = routes_.ports();
    return {ports.begin(), ports.end()};
}

void Proxy::listen(http::Server& server, uint16_t port, UniqueFd socket) {
    http::ListenerOptions options;
    options.tag = port;
    if (const Listener* listener = routes_.find_listener(port, {}))
        options.reads_proxy_protocol = listener->reads_proxy_protocol;
    server.serve_plain(std::move(socket), options);
}

// ---- who asks --------------------------------------------------------------------------------------------------------------

std::shared_ptr<const http::Caller> Proxy::identify(const http::Peer&) const { return everybody_; }
http::Response Proxy::refuse(const http::Request&) const { return fail(503, "not served"); }
bool Proxy::streams_body(const http::Request&) const { return true; }
http::Response Proxy::render_http_error(int status, std::string_view message) const { return fail(status, message); }

http::Response Proxy::fail(int status, std::string_view message) const {
    http::Response response(status, "text/plain; charset=utf-8",
                            fmt::format("{} {}{}{}\n", status, reason_of(status), message.empty() ? "" : ": ", message));
    if (status == 503) response.add_header("Retry-After", std::to_string(retry_after_s));
    response.close = is_retired_;
    return response;
}

// ---- a request -------------------------------------------------------------------------------------------------------------

/// An answer that needs no backend; nothing when the journey may begin.
std::optional<http::Response> Proxy::plan(const http::Request& request, Journey& journey) {
    HostBuffer host_buffer;
    const auto host = normal_host(request.authority, host_buffer);
    if (!host && !request.authority.empty()) return fail(400, "the host of the request is malformed");
    const auto path = normal_path(request.path, &journey.target);
    if (!path) return fail(400, "the path of the request is malformed");
    RequestFacts facts;
    facts.port = static_cast<uint16_t>(request.tag);
    facts.is_tls = request.is_secure;
    facts.server_name = request.server_name;
    if (host) facts.host = *host;
    facts.method = request.method_text;
    facts.path = *path;
    facts.query = request.query;
    facts.headers = request.headers;
    journey.found = routes_.find(facts);
    if (journey.found.outcome == RouteFound::Outcome::misdirected) return fail(421, "this name is served elsewhere");
    if (journey.found.outcome == RouteFound::Outcome::none) return fail(404, "no route for this host and path");
    const Share* share = choose_share(*journey.found.rule);
    const auto upstream = share == nullptr ? upstreams_.end() : upstreams_.find(share->backend);
    if (share == nullptr || share->backend.empty()) return fail(500, "the route has no valid backend");
    if (upstream == upstreams_.end()) return fail(503, "the backend is not known yet");
    journey.upstream = upstream->second;
    ++journey.upstream->report.requests;
    if (path->data() == request.path.data()) journey.target.clear();
    else if (!request.query.empty()) (journey.target += '?') += request.query;
    if (logs_access_)
        journey.request_line =
            fmt::format("{} \"{} {}{}\"", request.client, request.method_text, request.authority, request.target);
    return std::nullopt;
}

const Share* Proxy::choose_share(const Rule& rule) {
    uint64_t total = 0;
    for (const Share& share : rule.shares) total += share.weight;
    if (total == 0) return nullptr;
    if (rule.shares.size() == 1) return &rule.shares.front();
    // Multiples of the golden ratio: every share gets its part of any few requests in a row.
    lots_ += 0x9e3779b97f4a7c15ULL;
    uint64_t lot = (lots_ >> 32) * total >> 32;
    for (const Share& share : rule.shares) {
        if (lot < share.weight) return &share;
        lot -= share.weight;
    }
    return &rule.shares.back();
}

/// An endpoint, and a connection to it: one that is kept, or a new one.
loop::Task<Result<void>> Proxy::take_lease(Journey& journey) {
    Upstream& upstream = *journey.upstream;
    auto endpoint = upstream.choose(journey.before.get());
    if (!endpoint) endpoint = upstream.choose(nullptr);
    if (!endpoint) {
        journey.failure = 503;
        co_return Error(Code::unavailable, "no endpoint is ready");
    }
    journey.enter(std::move(endpoint));
    journey.lease = ChannelPool::take(journey.endpoint->pool);
    if (journey.lease) co_return ok();
    http::Endpoint to;
    to.address = journey.endpoint->endpoint.ip.text();
    to.port = journey.endpoint->endpoint.port;
    to.tls = upstream.tls();
    to.speaks_http_2 = upstream.backend().protocol == BackendProtocol::h2c;
    auto opening = http::open_channel(loop_, std::move(to), http::ChannelLimits());
    const int64_t limit_ms = journey.left_ms(upstream.backend().balance.connect_ms_max);
    AWAIT(auto channel, loop::with_deadline(loop_, std::move(opening), limit_ms, "connect to the backend"));
    if (!channel) {
        journey.failure = channel.error().code() == Code::timeout ? 504 : 502;
        co_return std::move(channel).error();
    }
    journey.lease = ChannelPool::add(journey.endpoint->pool, std::move(*channel));
    co_return ok();
}

/// One try, up to the head of the answer.
loop::Task<Result<void>> Proxy::ask(const http::Request& request, Journey& journey) {
    journey.try_began_ms = loop_.now_ms();
    journey.exchange.reset();
    journey.was_sent = journey.is_stale = false;
    CO_TRY_VOID(take_lease(journey));
    {
        ForwardedHeaders forwarded(request);
        http::RequestHead head;
        head.method = request.method_text;
        head.target = journey.target.empty() ? request.target : std::string_view(journey.target);
        head.scheme = request.is_secure ? "https" : "http";
        head.authority = request.authority;
        head.upgrade = request.upgrade;
        head.headers = forwarded.headers();
        journey.exchange = journey.lease.channel().begin(head, request.body_stream);
    }
    for (;;) {
        auto reading = journey.exchange->read_head();
        const int64_t limit_ms = journey.left_ms(journey.upstream->backend().balance.answer_ms_max);
        AWAIT(auto read, loop::with_deadline(loop_, std::move(reading), limit_ms, "hear from the backend"));
        if (!read) {
            journey.was_sent = journey.exchange->has_sent();
            journey.is_stale = journey.exchange->was_stale();
            journey.failure = read.error().code() == Code::timeout ? 504 : 502;
            co_return std::move(read).error();
        }
        const http::AnswerHead& head = journey.exchange->head();
        if (head.status >= 200 || head.status == 101) co_return ok();
        if (head.status == 100 || request.interim == nullptr) continue;
        std::string headers = render_answer_headers(head);
        AWAIT_VOID(request.interim->send(head.status, std::move(headers)));
    }
}

http::Response Proxy::answer(const http::Request& request, std::unique_ptr<Journey> journey) {
    const http::AnswerHead& head = journey->exchange->head();
    http::Response response(head.status);
    response.content_type = {};
    response.adds_date = false;
    response.headers = render_answer_headers(head);
    response.close = is_retired_;
    journey->status = head.status;
    if (head.status != 101) {
        response.body_stream = std::make_unique<Answer>(std::move(journey));
        return response;
    }
    if (request.upgrade.empty() || journey->exchange->upgraded() == nullptr)
        return fail(502, "the backend switches protocols without being asked");
    response.add_header("Upgrade", head.header("upgrade"));
    response.upgrade = std::make_unique<Switched>(std::move(journey));
    return response;
}

loop::Task<http::Response> Proxy::handle(const http::Request& request) {
    auto journey = std::make_unique<Journey>(*this);
    if (auto done = plan(request, *journey)) co_return std::move(*done);
    const BalancePolicy& policy = journey->upstream->backend().balance;
    int stale = 0;
    uint32_t retries = 0;
    for (;;) {
        AWAIT(auto asked, ask(request, *journey));
        if (asked) break;
        const bool has_sent_body = journey->exchange && journey->exchange->has_sent_body();
        const bool may_ask_again = !journey->was_sent || is_idempotent(request.method_text);
        const bool is_stale = journey->is_stale && may_ask_again && ++stale < stale_tries_max;
        const bool is_worth_it = journey->endpoint && may_ask_again;
        const bool is_over = journey->failure == 504 && journey->left_ms(1) == 0;
        journey->exchange.reset();
        journey->leave();
        if (!has_sent_body && is_stale) {
            journey->before.reset();
            continue;
        }
        if (!has_sent_body && is_worth_it && !is_over && retries < policy.retries_max) {
            ++retries;
            ++journey->upstream->report.retried;
            continue;
        }
        ++journey->upstream->report.failed;
        journey->status = journey->failure;
        log::debug(fmt::format("gateway: {}: {}", journey->upstream->backend().key, asked.error().message()));
        co_return fail(journey->failure, journey->failure == 503 ? "no endpoint of the backend is ready" : "");
    }
    co_return answer(request, std::move(journey));
}

// ---- what is told ----------------------------------------------------------------------------------------------------------

void Proxy::end(Journey& journey) {
    journey.upstream->ended_ms = loop_.now_ms();
    journey.upstream->has_news = true;
    if (!has_news_) news_.notify_all();
    has_news_ = true;
    if (!logs_access_ || journey.request_line.empty() || access_lines_.size() > access_bytes_max) return;
    access_lines_ += fmt::format("{} {} {} {}ms {} {}\n", journey.request_line, journey.status, journey.bytes,
                                 loop_.now_ms() - journey.began_ms, journey.upstream->backend().key,
                                 journey.before ? journey.before->endpoint.ip.text() : "-");
}

loop::Task<void> Proxy::wait_for_news() {
    while (!has_news_) co_await news_.wait();
}

std::vector<BackendReport> Proxy::take_reports() {
    has_news_ = false;
    std::vector<BackendReport> reports;
    for (const auto& [key, upstream] : upstreams_) {
        if (!std::exchange(upstream->has_news, false)) continue;
        BackendReport report = upstream->report;
        report.key = key;
        report.idle_ms = report.in_flight > 0 ? 0 : loop_.now_ms() - upstream->ended_ms;
        reports.push_back(std::move(report));
    }
    return reports;
}

std::string Proxy::take_access_lines() { return std::exchange(access_lines_, {}); }

}  // namespace orilla::gateway
