#include "proxy.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "forwarding.hpp"
#include "normal_form.hpp"
#include "orilla/base/log.hpp"
#include "orilla/base/random.hpp"
#include "orilla/loop/timeout.hpp"
#include "tunnel.hpp"

namespace orilla::gateway {

namespace {
/// Kept connections that their server had closed just when they were used: one after another may be such a one.
constexpr int stale_tries_max = 4;
constexpr size_t access_bytes_max = 48 * 1024;
constexpr int retry_after_s_min = 1;
/// A replica that has crashed refuses connections until its endpoint is gone: so long they are tried again.
constexpr int64_t crash_ms_max = 5'000, crash_pause_ms = 50;
constexpr size_t secret_bytes = 32;

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

/// No such method, as gRPC says it.
http::Response unimplemented() {
    http::Response response(200, "application/grpc", {});
    response.add_header("grpc-status", "12");
    response.add_header("grpc-message", "no route for this service and method");
    return response;
}

struct Everybody : http::Caller {
    Everybody() {
        name = "client";
        admitted = true;
    }
};

/// A request's body that notes when a piece of it was taken.
class Metered final : public http::BodyStream {
  public:
    Metered(http::BodyStream& stream, loop::Loop& loop, int64_t& moved_ms)
        : stream_(stream), loop_(loop), moved_ms_(moved_ms) {}
    std::optional<uint64_t> length() const override { return stream_.length(); }
    bool ended() const override { return stream_.ended(); }
    const http::Headers& trailers() const override { return stream_.trailers(); }
    void take_ready(std::string* out) override {
        moved_ms_ = loop_.now_ms();
        stream_.take_ready(out);
    }
    loop::Task<Result<bool>> next(std::string* out) override {
        auto reading = stream_.next(out);
        AWAIT(auto more, std::move(reading));
        moved_ms_ = loop_.now_ms();
        co_return more;
    }

  private:
    http::BodyStream& stream_;
    loop::Loop& loop_;
    int64_t& moved_ms_;
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

    void leave() {
        lease = {};
        if (!seat) return;
        before = seat.endpoint();
        seat.give_back();
    }
    /// Of what is left until `limit_ms` and the rule's own limits; 0 when it is over.
    int64_t left_ms(int64_t limit_ms) const {
        const Rule& rule = *found.rule;
        const int64_t now_ms = proxy.loop_.now_ms();
        if (rule.try_timeout_ms > 0) limit_ms = std::min(limit_ms, try_began_ms + rule.try_timeout_ms - now_ms);
        if (rule.request_timeout_ms > 0) limit_ms = std::min(limit_ms, began_ms + rule.request_timeout_ms - now_ms);
        return std::max<int64_t>(limit_ms, 0);
    }

    enum class Next : uint8_t { give_up, at_once, later };
    Next plan_next(const http::Request& request, bool has_answer);
    loop::Task<Result<void>> take_seat(const http::Request& request);
    loop::Task<Result<void>> take_lease();
    loop::Task<Result<void>> hear_head();
    std::string answer_headers(const http::Request& request) const;
    http::BodyStream* meter(http::BodyStream* stream) {
        if (stream == nullptr) return nullptr;
        return &body.emplace(*stream, proxy.loop_, moved_ms);
    }

    Proxy& proxy;
    const int64_t began_ms;
    int64_t try_began_ms = 0;
    int64_t moved_ms = 0;  ///< when a piece of the request's body went out last
    std::optional<Metered> body;
    RouteFound found;
    std::shared_ptr<Upstream> upstream;
    std::string target;     ///< empty: the request's own
    std::string_view host;  ///< that it is rewritten to; empty: as it is
    FilterPlan filters;
    std::optional<CorsPlan> cors;
    EndpointPtr own;     ///< by its cookie
    EndpointPtr before;  ///< of the last try
    Seat seat;
    ChannelPool::Lease lease;
    std::unique_ptr<http::Exchange> exchange;
    bool was_sent = false;     ///< the last try: the backend may have acted on it
    bool is_stale = false;     ///< most likely it has not, for its connection had ended before
    bool was_refused = false;  ///< there was no connection
    int stale = 0;             ///< tries that found a connection ended
    uint32_t retries = 0;
    int failure = 502;  ///< what it is answered
    int retry_after_s = 0;
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
        if (!more) journey_->upstream->note_failure();
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

Proxy::Proxy(loop::Loop& loop, std::function<void(const std::string& backend)> wanted)
    : loop_(loop), wanted_(std::move(wanted)), everybody_(std::make_shared<Everybody>()), news_(loop) {
    SystemRandom random;
    while (cookie_secret_.size() < secret_bytes) cookie_secret_ += std::to_string(random.next());
}
Proxy::~Proxy() = default;

namespace {
bool is_served(const Listener& listener) {
    return listener.protocol == ListenerProtocol::http || listener.protocol == ListenerProtocol::https;
}

bool has_mirror(const std::vector<Filter>& filters) {
    return std::ranges::any_of(filters, [](const Filter& filter) { return std::holds_alternative<Mirror>(filter); });
}

bool has_mirror(const Route& route) {
    for (const Rule& rule : route.rules) {
        if (has_mirror(rule.filters)) return true;
        for (const Share& share : rule.shares)
            if (has_mirror(share.filters)) return true;
    }
    return false;
}

/// What this gateway does not do, it says.
void tell_unserved(const Change& change, std::vector<Fault>& faults) {
    for (const Listener& listener : change.listeners)
        if (!is_served(listener))
            faults.push_back({Fault::About::listener, listener.key, "TLS that goes on to backends is not served"});
    for (const Route& route : change.routes)
        if (has_mirror(route)) faults.push_back({Fault::About::route, route.key, "requests are not mirrored"});
}
}  // namespace

// ---- what is served --------------------------------------------------------------------------------------------------------

std::vector<Fault> Proxy::apply(Change change) {
    std::vector<Fault> faults;
    for (auto& fault : routes_.apply(change)) faults.push_back({Fault::About::route, fault.route, fault.message});
    tell_unserved(change, faults);
    for (auto& fault : fronts_.apply(change)) faults.push_back(std::move(fault));
    std::set<std::string_view> named;
    for (const Backend& backend : change.backends) named.insert(backend.key);
    const std::set<std::string_view> gone(change.gone_backends.begin(), change.gone_backends.end());
    std::erase_if(upstreams_, [&](const auto& entry) {
        const bool goes = !named.contains(entry.first) && (change.is_whole || gone.contains(entry.first));
        if (goes) entry.second->close();
        return goes;
    });
    for (Backend& backend : change.backends) {
        auto& upstream = upstreams_[backend.key];
        if (!upstream)
            upstream = std::make_shared<Upstream>(loop_, cookie_secret_, [this, key = backend.key] { wanted_(key); });
        upstream->replace(std::move(backend));
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
    options.speaks_http_2 = true;
    const Listener* listener = routes_.find_listener(port, {});
    if (listener) options.reads_proxy_protocol = listener->reads_proxy_protocol;
    if (!listener || listener->protocol == ListenerProtocol::http) return server.serve_plain(std::move(socket), options);
    auto tls = http::TlsContext::create_choosing([this, port](std::string_view name) {
        const Listener* asked = routes_.find_listener(port, name);
        return asked && is_served(*asked) ? fronts_.find(*asked, name) : nullptr;
    });
    if (tls) server.serve_tls(std::move(socket), std::move(*tls), options);
    else log::error("gateway: " + tls.error().message());
}

// ---- who asks --------------------------------------------------------------------------------------------------------------

std::shared_ptr<const http::Caller> Proxy::identify(const http::Peer&) const { return everybody_; }
http::Response Proxy::refuse(const http::Request&) const { return fail(503, "not served"); }
bool Proxy::streams_body(const http::Request&) const { return true; }
http::Response Proxy::render_http_error(int status, std::string_view message) const { return fail(status, message); }

http::Response Proxy::fail(int status, std::string_view message, int retry_after_s) const {
    http::Response response(status, "text/plain; charset=utf-8",
                            fmt::format("{} {}{}{}\n", status, reason_of(status), message.empty() ? "" : ": ", message));
    if (status == 503) response.add_header("Retry-After", std::to_string(std::max(retry_after_s, retry_after_s_min)));
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
    if (journey.found.outcome == RouteFound::Outcome::none && journey.found.is_grpc) return unimplemented();
    if (journey.found.outcome == RouteFound::Outcome::none) return fail(404, "no route for this host and path");
    const bool is_as_sent = path->data() == request.path.data();
    // Multiples of the golden ratio, spread over all bits: every share gets its part of any few requests in a row.
    const Share* share = choose_share(journey.found.rule->shares, lots_ += 0x9e3779b97f4a7c15ULL);
    journey.filters = plan_filters(*journey.found.rule, share);
    if (auto done = filter(request, journey, facts)) return done;
    if (share == nullptr || share->backend.empty()) return fail(500, "the route has no valid backend");
    const auto upstream = upstreams_.find(share->backend);
    if (upstream == upstreams_.end()) return fail(503, "the backend is not known yet");
    journey.upstream = upstream->second;
    journey.upstream->note_request();
    tell_news();
    const bool is_rewritten = journey.filters.rewrite && journey.filters.rewrite->path;
    if (is_as_sent && !is_rewritten) journey.target.clear();
    else if (!is_rewritten && !request.query.empty()) (journey.target += '?') += request.query;
    if (logs_access_)
        journey.request_line =
            fmt::format("{} \"{} {}{}\"", request.client, request.method_text, request.authority, request.target);
    return std::nullopt;
}

/// What filters answer by themselves; otherwise they are ready to change what goes on.
std::optional<http::Response> Proxy::filter(const http::Request& request, Journey& journey, const RequestFacts& facts) {
    FilterPlan& filters = journey.filters;
    if (filters.respond) {
        http::Response response(filters.respond->status, {}, filters.respond->body);
        if (!filters.respond->content_type.empty()) response.add_header("Content-Type", filters.respond->content_type);
        return response;
    }
    RequestPlace place;
    place.scheme = request.is_secure ? "https" : "http";
    place.host = facts.host;
    place.port = facts.port;
    place.path = facts.path;
    place.query = facts.query;
    place.prefix_bytes = journey.found.prefix_bytes;
    if (filters.redirect) {
        http::Response response(filters.redirect->status, {}, {});
        response.add_header("Location", render_location(*filters.redirect, place));
        return response;
    }
    if (filters.cors) journey.cors = plan_cors(*filters.cors, request.method_text, request.headers);
    if (journey.cors && journey.cors->is_preflight) {
        http::Response response(204, {}, {});
        for (const auto& [name, value] : journey.cors->headers) response.add_header(name, value);
        return response;
    }
    if (!filters.rewrite) return std::nullopt;
    journey.host = filters.rewrite->host;
    if (filters.rewrite->path) journey.target = render_changed_target(*filters.rewrite->path, place);
    return std::nullopt;
}

/// A place at an endpoint, for which the request may have to wait.
loop::Task<Result<void>> Proxy::Journey::take_seat(const http::Request& request) {
    Upstream& to_whom = *upstream;
    Balancer& balancer = to_whom.seats().queue().balancer();
    SeatWish wish;
    wish.endpoint.not_this = before.get();
    const BalancePolicy& policy = to_whom.backend().balance;
    if (!policy.affinity_cookie.empty())
        own = balancer.find_own(find_cookie(request.headers, policy.affinity_cookie), proxy.loop_.now_ms());
    wish.endpoint.own = own;
    seat = to_whom.seats().take_now(wish.endpoint);
    if (seat) co_return ok();
    wish.client = address_of(request.client);
    wish.wait_ms_max = left_ms(to_whom.backend().queue.wait_ms_max);
    AWAIT(auto taken, to_whom.seats().take(wish));
    if (!taken) {
        failure = 503;
        retry_after_s = taken.error().retry_after_s();
        co_return std::move(taken).error();
    }
    seat = std::move(*taken);
    co_return ok();
}

/// A connection to the endpoint: one that is kept, or a new one.
loop::Task<Result<void>> Proxy::Journey::take_lease() {
    Upstream& to_whom = *upstream;
    const EndpointPtr endpoint = seat.endpoint();
    lease = ChannelPool::take(endpoint->pool);
    if (lease) co_return ok();
    http::Endpoint to;
    to.address = endpoint->endpoint.ip.text();
    to.port = endpoint->endpoint.port;
    to.tls = to_whom.tls();
    to.speaks_http_2 = to_whom.backend().protocol == BackendProtocol::h2c;
    auto opening = http::open_channel(proxy.loop_, std::move(to), http::ChannelLimits());
    const int64_t limit_ms = left_ms(to_whom.backend().balance.connect_ms_max);
    AWAIT(auto channel, loop::with_deadline(proxy.loop_, std::move(opening), limit_ms, "connect to the backend"));
    if (!channel) {
        was_refused = true;
        failure = channel.error().code() == Code::timeout ? 504 : 502;
        co_return std::move(channel).error();
    }
    lease = ChannelPool::add(endpoint->pool, std::move(*channel));
    co_return ok();
}

/// The limit counts from the last piece of the request that went out: a long upload is no silence of the backend's.
loop::Task<Result<void>> Proxy::Journey::hear_head() {
    std::optional<Result<void>> heard;
    loop::Event done(proxy.loop_);
    loop::Scope reading(proxy.loop_);
    reading.spawn(loop::detail::store_into(exchange->read_head(), &heard, &done));
    while (!heard) {
        const int64_t quiet_ms_max = upstream->backend().balance.answer_ms_max;
        const int64_t limit_ms = left_ms(moved_ms + quiet_ms_max - proxy.loop_.now_ms());
        if (limit_ms == 0) co_return Error(Code::timeout, "the backend does not answer");
        AWAIT_VOID(loop::wait_for(proxy.loop_, done, limit_ms));
    }
    co_return std::move(*heard);
}

/// One try, up to the head of the answer.
loop::Task<Result<void>> Proxy::ask(const http::Request& request, Journey& journey) {
    journey.try_began_ms = journey.moved_ms = loop_.now_ms();
    journey.exchange.reset();
    journey.was_sent = journey.is_stale = journey.was_refused = false;
    CO_TRY_VOID(journey.take_seat(request));
    CO_TRY_VOID(journey.take_lease());
    {
        ForwardedHeaders forwarded(request);
        for (const HeaderChange* change : journey.filters.request) change_headers(*change, &forwarded.headers());
        http::RequestHead head;
        head.method = request.method_text;
        head.target = journey.target.empty() ? request.target : std::string_view(journey.target);
        head.scheme = request.is_secure ? "https" : "http";
        head.authority = journey.host.empty() ? request.authority : journey.host;
        head.upgrade = request.upgrade;
        head.headers = forwarded.headers();
        journey.exchange = journey.lease.channel().begin(head, journey.meter(request.body_stream));
    }
    for (;;) {
        AWAIT(auto read, journey.hear_head());
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

/// As the backend gave them, changed by filters.
std::string Proxy::Journey::answer_headers(const http::Request& request) const {
    const http::AnswerHead& head = exchange->head();
    std::string out;
    if (filters.response.empty() && !cors) {
        out = render_answer_headers(head);
    } else {
        http::AnswerHead changed = head;
        if (cors) std::erase_if(changed.headers, [](const auto& header) { return is_cors_header(header.name); });
        for (const HeaderChange* change : filters.response) change_headers(*change, &changed.headers);
        out = render_answer_headers(changed);
        if (cors)
            for (const auto& [name, value] : cors->headers) out += fmt::format("{}: {}\r\n", name, value);
    }
    const BalancePolicy& policy = upstream->backend().balance;
    if (!policy.affinity_cookie.empty() && own != seat.endpoint())
        out += fmt::format("Set-Cookie: {}\r\n", render_affinity_cookie(policy, *seat.endpoint(), request.is_secure));
    return out;
}

http::Response Proxy::answer(const http::Request& request, std::unique_ptr<Journey> journey) {
    const http::AnswerHead& head = journey->exchange->head();
    http::Response response(head.status);
    response.content_type = {};
    response.adds_date = false;
    response.headers = journey->answer_headers(request);
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

/// What to do after a try that failed, or was answered 502 or 503. Seat and connection are given back.
Proxy::Journey::Next Proxy::Journey::plan_next(const http::Request& request, bool has_answer) {
    const BalancePolicy& policy = upstream->backend().balance;
    const bool has_sent_body = exchange && exchange->has_sent_body();
    const bool may_ask_again = (!was_sent || is_idempotent(request.method_text)) && !has_sent_body;
    const bool is_over = failure == 504 && left_ms(1) == 0;
    if (!has_answer && !seat) return Next::give_up;  // the queue has refused it
    if (seat && !is_stale) seat.tell(true);
    if (!may_ask_again || is_over) return Next::give_up;
    if (is_stale && ++stale < stale_tries_max) return Next::at_once;
    if (was_refused && proxy.loop_.now_ms() - began_ms < crash_ms_max) return Next::later;
    if (retries >= policy.retries_max || !upstream->retries().take(policy, proxy.loop_.now_ms())) return Next::give_up;
    ++retries;
    upstream->note_retry();
    return Next::at_once;
}

loop::Task<http::Response> Proxy::handle(const http::Request& request) {
    auto journey = std::make_unique<Journey>(*this);
    if (auto done = plan(request, *journey)) co_return std::move(*done);
    for (;;) {
        AWAIT(auto asked, ask(request, *journey));
        const int status = asked ? journey->exchange->head().status : 0;
        const bool is_good = asked && status != 502 && status != 503;
        if (is_good) journey->seat.tell(false);
        if (is_good) break;
        if (asked) journey->was_sent = true;
        const bool may_repeat = !asked || journey->upstream->backend().balance.retries_on_5xx;
        const auto next = may_repeat ? journey->plan_next(request, asked.has_value()) : Journey::Next::give_up;
        if (asked && next == Journey::Next::give_up) break;  // then the backend's own answer is as good as any
        if (next == Journey::Next::give_up) {
            journey->upstream->note_failure();
            journey->status = journey->failure;
            log::debug(fmt::format("gateway: {}: {}", journey->upstream->backend().key, asked.error().message()));
            co_return fail(journey->failure, journey->failure == 503 ? asked.error().message() : "", journey->retry_after_s);
        }
        journey->exchange.reset();
        journey->leave();
        if (journey->is_stale) journey->before.reset();  // the endpoint itself is good
        if (next == Journey::Next::later) co_await loop_.sleep_for(crash_pause_ms);
    }
    co_return answer(request, std::move(journey));
}

// ---- what is told ----------------------------------------------------------------------------------------------------------

void Proxy::end(Journey& journey) {
    journey.upstream->note_end();
    journey.upstream->has_news = true;
    tell_news();
    if (!logs_access_ || journey.request_line.empty() || access_lines_.size() > access_bytes_max) return;
    access_lines_ += fmt::format("{} {} {} {}ms {} {}\n", journey.request_line, journey.status, journey.bytes,
                                 loop_.now_ms() - journey.began_ms, journey.upstream->backend().key,
                                 journey.before ? journey.before->endpoint.ip.text() : "-");
}

void Proxy::tell_news() {
    if (!std::exchange(has_news_, true)) news_.notify_all();
}

loop::Task<void> Proxy::wait_for_news() {
    while (!has_news_) co_await news_.wait();
}

std::vector<BackendReport> Proxy::take_reports() {
    has_news_ = false;
    std::vector<BackendReport> reports;
    for (const auto& entry : upstreams_) {
        const auto& upstream = entry.second;
        if (!std::exchange(upstream->has_news, false)) continue;
        BackendReport report = upstream->report();
        // What is under way or waits changes without a word.
        if (report.in_flight + report.waiting > 0) upstream->has_news = has_news_ = true;
        reports.push_back(std::move(report));
    }
    return reports;
}

std::string Proxy::take_access_lines() { return std::exchange(access_lines_, {}); }

}  // namespace orilla::gateway
