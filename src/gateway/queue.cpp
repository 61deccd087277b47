#include "queue.hpp"

#include <algorithm>
#include <utility>

namespace orilla::gateway {

BackendQueue::Waiter::~Waiter() {
    if (state == State::waiting) queue_.take_off(*this);
    // Who is seated by that is told by an event, not from inside.
    if (seat_) queue_.give_back(*seat_, queue_.latest_ms_);
}

std::vector<EndpointPtr> BackendQueue::replace(const Backend& backend, int64_t now_ms) {
    policy_ = backend.queue;
    is_on_demand_ = backend.is_on_demand;
    is_closed_ = false;
    latest_ms_ = now_ms;
    std::vector<EndpointPtr> fresh = balancer_.replace(backend, now_ms);
    if (balancer_.has_any()) {
        vacant_since_ms_.reset();
        wanted_told_ms_.reset();
    } else if (!vacant_since_ms_) {
        vacant_since_ms_ = now_ms;
    }
    seat_waiters(now_ms);
    return fresh;
}

void BackendQueue::close() {
    is_closed_ = true;
    while (!turns_.empty()) {
        Waiter& waiter = *turns_.front().waiters.front();
        take_off(waiter);
        refuse(waiter, Waiter::Why::gone);
    }
}

EndpointPtr BackendQueue::take_now(const Balancer::Wish& wish, int64_t now_ms) {
    return waiting_ > 0 || is_closed_ ? nullptr : balancer_.take(wish, now_ms);
}

void BackendQueue::enter(Waiter& waiter, int64_t wait_ms_max, int64_t now_ms) {
    latest_ms_ = waiter.since_ms_ = now_ms;
    waiter.deadline_ms_ = now_ms + (wait_ms_max > 0 ? std::min(wait_ms_max, policy_.wait_ms_max) : policy_.wait_ms_max);
    if (is_closed_) return refuse(waiter, Waiter::Why::gone);
    if (EndpointPtr endpoint = take_now(waiter.wish_, now_ms)) return seat(waiter, std::move(endpoint), now_ms);
    if (!balancer_.has_any() && is_on_demand_) tell_wanted(now_ms);
    put_in(waiter);
    // Those before it may want another endpoint than it does.
    seat_waiters(now_ms);
    if (waiter.state != Waiter::State::waiting) return;
    if (const auto why = why_not(waiter, now_ms)) {
        take_off(waiter);
        refuse(waiter, *why);
    }
}

/// Why it may not wait, counted with itself.
std::optional<BackendQueue::Waiter::Why> BackendQueue::why_not(const Waiter& waiter, int64_t now_ms) const {
    // Nothing has come for so long that nothing is to be expected.
    const bool is_vacant = vacant_since_ms_ && !is_on_demand_ && now_ms - *vacant_since_ms_ >= policy_.wait_ms_max;
    if (is_vacant) return Waiter::Why::nothing_runs;
    if (waiting_ > policy_.waiting_max) return Waiter::Why::full;
    if (clients_.find(waiter.client_)->second->waiters.size() > policy_.waiting_per_client_max) return Waiter::Why::client_full;
    return std::nullopt;
}

void BackendQueue::tell_wanted(int64_t now_ms) {
    if (wanted_told_ms_ && now_ms - *wanted_told_ms_ < wanted_again_ms) return;
    wanted_told_ms_ = now_ms;
    if (wanted_) wanted_();
}

void BackendQueue::put_in(Waiter& waiter) {
    auto known = clients_.find(waiter.client_);
    if (known == clients_.end())
        known = clients_.emplace(waiter.client_, turns_.insert(turns_.end(), Client{waiter.client_, {}})).first;
    auto& waiters = known->second->waiters;
    waiter.place_ = waiters.insert(waiters.end(), &waiter);
    waiter.state = Waiter::State::waiting;
    ++waiting_;
}

void BackendQueue::take_off(Waiter& waiter) {
    const auto known = clients_.find(waiter.client_);
    known->second->waiters.erase(waiter.place_);
    waiter.state = Waiter::State::outside;
    --waiting_;
    if (!known->second->waiters.empty()) return;
    turns_.erase(known->second);
    clients_.erase(known);
}

void BackendQueue::refuse(Waiter& waiter, Waiter::Why why) {
    waiter.state = Waiter::State::refused;
    waiter.why = why;
    ++refused_;
    if (waiter.woken) waiter.woken->notify_all();
}

void BackendQueue::seat(Waiter& waiter, EndpointPtr endpoint, int64_t now_ms) {
    waiter.state = Waiter::State::seated;
    waiter.seat_ = std::move(endpoint);
    waited_ms_ += static_cast<uint64_t>(std::max<int64_t>(now_ms - waiter.since_ms_, 0));
    if (waiter.woken) waiter.woken->notify_all();
}

/// Clients in turn, each one's requests in order. One that waits for its own endpoint does not hold up other clients.
void BackendQueue::seat_waiters(int64_t now_ms) {
    bool is_full = false;
    for (auto turn = turns_.begin(); turn != turns_.end();) {
        const auto client = turn++;
        Waiter& waiter = *client->waiters.front();
        const bool is_simple = !waiter.wish_.own && !waiter.wish_.not_this;
        EndpointPtr endpoint = is_simple && is_full ? nullptr : balancer_.take(waiter.wish_, now_ms);
        if (!endpoint) {
            is_full = is_full || is_simple;
            continue;
        }
        const bool has_more = client->waiters.size() > 1;
        if (has_more) turns_.splice(turns_.end(), turns_, client);
        if (has_more && turn == turns_.end()) turn = client;
        take_off(waiter);
        seat(waiter, std::move(endpoint), now_ms);
    }
}

void BackendQueue::give_back(EndpointState& endpoint, int64_t now_ms) {
    balancer_.give_back(endpoint);
    latest_ms_ = now_ms;
    const int64_t number = now_ms / 1000;
    Second& second = ended_[static_cast<size_t>(number) % ended_.size()];
    if (second.number != number) second = {number};
    ++second.ended;
    if (waiting_ > 0) seat_waiters(now_ms);
}

void BackendQueue::expire(int64_t now_ms) {
    std::vector<Waiter*> late;
    for (const Client& client : turns_)
        for (Waiter* waiter : client.waiters)
            if (waiter->deadline_ms_ <= now_ms) late.push_back(waiter);
    for (Waiter* waiter : late) {
        take_off(*waiter);
        refuse(*waiter, Waiter::Why::time);
    }
}

std::optional<int64_t> BackendQueue::next_deadline_ms() const {
    std::optional<int64_t> next;
    for (const Client& client : turns_)
        for (const Waiter* waiter : client.waiters) next = std::min(next.value_or(INT64_MAX), waiter->deadline_ms_);
    return next;
}

int BackendQueue::retry_after_s(int64_t now_ms) const {
    uint64_t ended = 0;
    for (const Second& second : ended_)
        if (second.number > now_ms / 1000 - static_cast<int64_t>(ended_.size())) ended += second.ended;
    // Nobody knows when a backend comes that does nothing.
    if (ended == 0) return 5;
    const uint64_t seconds = (waiting_ * ended_.size() + ended - 1) / ended;
    return static_cast<int>(std::clamp<uint64_t>(seconds, 1, retry_after_s_max));
}

// ---- on the loop -----------------------------------------------------------------------------------------------------------

Seat& Seat::operator=(Seat&& other) noexcept {
    if (this == &other) return *this;
    give_back();
    seats_ = std::move(other.seats_);
    endpoint_ = std::move(other.endpoint_);
    return *this;
}

void Seat::give_back() {
    if (!endpoint_) return;
    const EndpointPtr endpoint = std::exchange(endpoint_, nullptr);
    const std::shared_ptr<Seats> seats = std::exchange(seats_, nullptr);
    seats->queue_.give_back(*endpoint, seats->loop_.now_ms());
}

void Seat::tell(bool has_failed) const {
    if (endpoint_) seats_->queue_.balancer().tell(*endpoint_, has_failed, seats_->loop_.now_ms());
}

Seat Seats::take_now(const Balancer::Wish& wish) {
    EndpointPtr endpoint = queue_.take_now(wish, loop_.now_ms());
    return endpoint ? Seat(shared_from_this(), std::move(endpoint)) : Seat();
}

Error Seats::refusal(BackendQueue::Waiter::Why why) const {
    using Why = BackendQueue::Waiter::Why;
    std::string message;
    switch (why) {
        case Why::full: message = "too many requests wait for this service already"; break;
        case Why::client_full: message = "too many requests of this client wait for this service already"; break;
        case Why::time: message = "this service had no room in time"; break;
        case Why::nothing_runs: message = "nothing runs that could answer"; break;
        case Why::gone: message = "this service has been removed"; break;
    }
    return Error(Code::unavailable, std::move(message)).with_retry_after(queue_.retry_after_s(loop_.now_ms()));
}

void Seats::wait_for_deadline() {
    const auto next = queue_.next_deadline_ms();
    if (!next) return timer_.disarm();
    timer_.arm_at(*next, [this] {
        queue_.expire(loop_.now_ms());
        wait_for_deadline();
    });
}

loop::Task<Result<Seat>> Seats::take(SeatWish wish) {
    const std::shared_ptr<Seats> self = shared_from_this();
    loop::Event woken(loop_);
    BackendQueue::Waiter waiter(queue_, wish);
    waiter.woken = &woken;
    queue_.enter(waiter, wish.wait_ms_max, loop_.now_ms());
    const bool is_first = !timer_.armed() || waiter.deadline_ms() < timer_.deadline_ms();
    if (waiter.state == BackendQueue::Waiter::State::waiting && is_first) wait_for_deadline();
    while (waiter.state == BackendQueue::Waiter::State::waiting) co_await woken.wait();
    if (waiter.state == BackendQueue::Waiter::State::refused) co_return refusal(waiter.why);
    co_return Seat(self, waiter.fetch());
}

}  // namespace orilla::gateway
