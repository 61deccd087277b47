// The queue in front of a backend. A request takes a seat at an endpoint, of which each has so many; who finds none waits:
// bounded in number and time, in turn for each client's address, so that one client with many requests does not keep the others
// out. A backend without endpoints (a rolling update, a crash, nothing started yet) is waited for in the same way. Over the
// bounds requests are refused at once and told when to come again. BackendQueue is pure, time is handed in; Seats awaits on the
// loop.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "balancer.hpp"
#include "host_table.hpp"
#include "orilla/base/result.hpp"
#include "orilla/gateway/routes.hpp"
#include "orilla/loop/loop.hpp"

namespace orilla::gateway {

/// The daemon is told again after so long that somebody waits for what it could start.
constexpr int64_t wanted_again_ms = 10'000;
constexpr int retry_after_s_max = 30;

struct SeatWish {
    std::string_view client;  ///< an address, without port
    Balancer::Wish endpoint;
    int64_t wait_ms_max = 0;  ///< of this request; 0: the backend's
};

class BackendQueue {
  public:
    /// `wanted` is called when requests wait for a backend that somebody can start.
    BackendQueue(std::string secret, std::function<void()> wanted) : balancer_(std::move(secret)), wanted_(std::move(wanted)) {}

    /// A request that wants a seat. It takes itself off when it goes away, and gives back a seat that was not fetched.
    class Waiter {
      public:
        enum class State : uint8_t { outside, waiting, seated, refused } state = State::outside;
        enum class Why : uint8_t { full, client_full, time, nothing_runs, gone } why = Why::full;  ///< refused
        Waiter(BackendQueue& queue, const SeatWish& wish) : queue_(queue), client_(wish.client), wish_(wish.endpoint) {}
        Waiter(const Waiter&) = delete;
        Waiter& operator=(const Waiter&) = delete;
        ~Waiter();
        /// Of one that is seated: whoever fetches it gives it back to the queue.
        EndpointPtr fetch() { return std::move(seat_); }
        int64_t deadline_ms() const { return deadline_ms_; }
        loop::Event* woken = nullptr;  ///< told when it is seated or refused after it had to wait

      private:
        friend class BackendQueue;
        BackendQueue& queue_;
        std::string client_;
        Balancer::Wish wish_;
        EndpointPtr seat_;
        int64_t since_ms_ = 0, deadline_ms_ = 0;
        std::list<Waiter*>::iterator place_;
    };

    /// Answers the new endpoints, which want pools before the loop goes on: who waits may be seated at them.
    std::vector<EndpointPtr> replace(const Backend& backend, int64_t now_ms);
    /// The backend is gone: who waits is refused.
    void close();

    /// At once, without being a Waiter: null when that cannot be.
    EndpointPtr take_now(const Balancer::Wish& wish, int64_t now_ms);
    /// Seated, waiting or refused. `wait_ms_max` as in SeatWish.
    void enter(Waiter& waiter, int64_t wait_ms_max, int64_t now_ms);
    void give_back(EndpointState& endpoint, int64_t now_ms);
    /// Refuses whose time is over.
    void expire(int64_t now_ms);
    std::optional<int64_t> next_deadline_ms() const;
    /// When the queue that there is now should be gone.
    int retry_after_s(int64_t now_ms) const;

    Balancer& balancer() { return balancer_; }
    size_t waiting() const { return waiting_; }
    uint64_t refused() const { return refused_; }
    uint64_t waited_ms() const { return waited_ms_; }

  private:
    struct Client {
        std::string address;
        std::list<Waiter*> waiters;
    };
    void refuse(Waiter& waiter, Waiter::Why why);
    void put_in(Waiter& waiter);
    void take_off(Waiter& waiter);
    void seat_waiters(int64_t now_ms);
    void seat(Waiter& waiter, EndpointPtr endpoint, int64_t now_ms);
    void tell_wanted(int64_t now_ms);
    std::optional<Waiter::Why> why_not(const Waiter& waiter, int64_t now_ms) const;

    Balancer balancer_;
    std::function<void()> wanted_;
    QueuePolicy policy_;
    bool is_on_demand_ = false;
    bool is_closed_ = false;
    std::list<Client> turns_;  ///< those who wait; the next one to be seated is first
    ByText<std::list<Client>::iterator> clients_;
    size_t waiting_ = 0;
    uint64_t refused_ = 0, waited_ms_ = 0;
    int64_t latest_ms_ = 0;  ///< that was handed in
    std::optional<int64_t> vacant_since_ms_, wanted_told_ms_;
    struct Second {
        int64_t number = -1;
        uint32_t ended = 0;
    };
    std::array<Second, 10> ended_;  ///< of the last 10 s
};

class Seats;

/// A place at an endpoint. It is given back when the request has ended: with this.
class Seat {
  public:
    Seat() = default;
    Seat(std::shared_ptr<Seats> seats, EndpointPtr endpoint) : seats_(std::move(seats)), endpoint_(std::move(endpoint)) {}
    Seat(Seat&&) noexcept = default;
    Seat& operator=(Seat&& other) noexcept;
    ~Seat() { give_back(); }
    explicit operator bool() const { return endpoint_ != nullptr; }
    const EndpointPtr& endpoint() const { return endpoint_; }
    /// Of the endpoint: for its rest (Balancer::tell).
    void tell(bool has_failed) const;
    void give_back();

  private:
    std::shared_ptr<Seats> seats_;
    EndpointPtr endpoint_;
};

/// One for each backend, shared by its requests: it outlives the backend while some are under way.
class Seats : public std::enable_shared_from_this<Seats> {
  public:
    Seats(loop::Loop& loop, std::string secret, std::function<void()> wanted)
        : loop_(loop), queue_(std::move(secret), std::move(wanted)), timer_(loop) {}

    std::vector<EndpointPtr> replace(const Backend& backend) { return queue_.replace(backend, loop_.now_ms()); }
    void close() { queue_.close(); }
    /// Without waiting and without a coroutine; empty when `take` has to be awaited.
    Seat take_now(const Balancer::Wish& wish);
    /// unavailable, with retry_after_s and a reason for people, when it is refused. May be destroyed while it waits.
    loop::Task<Result<Seat>> take(SeatWish wish);
    BackendQueue& queue() { return queue_; }

  private:
    friend class Seat;
    Error refusal(BackendQueue::Waiter::Why why) const;
    void wait_for_deadline();
    loop::Loop& loop_;
    BackendQueue queue_;
    loop::Timer timer_;
};

}  // namespace orilla::gateway
