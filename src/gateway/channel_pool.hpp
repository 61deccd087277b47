// Connections to one endpoint of a backend, kept between requests: taken again while they are good, closed when they have been
// idle for a while or are too many. A lease belongs to one request; the connection outlives the pool's end as long as a lease
// holds it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>

#include "orilla/http/channel.hpp"
#include "orilla/loop/loop.hpp"

namespace orilla::gateway {

class ChannelPool {
  public:
    struct Limits {
        size_t idle_max = 64;
        int64_t idle_ms_max = 30'000;
    };
    struct Kept {
        std::unique_ptr<http::Channel> channel;
        size_t leases = 0;
        int64_t idle_since_ms = 0;
        bool was_used = false;
    };
    using Place = std::list<Kept>::iterator;

    /// Empty: there is none.
    class Lease {
      public:
        Lease() = default;
        Lease(std::shared_ptr<ChannelPool> pool, Place place);
        Lease(Lease&& other) noexcept : pool_(std::move(other.pool_)), place_(other.place_) {}
        Lease& operator=(Lease&& other) noexcept;
        ~Lease() { give_back(); }

        explicit operator bool() const { return pool_ != nullptr; }
        http::Channel& channel() const { return *place_->channel; }
        /// A request went over it before.
        bool was_used() const { return place_->was_used; }

      private:
        void give_back();
        std::shared_ptr<ChannelPool> pool_;
        Place place_;
    };

    ChannelPool(loop::Loop& loop, Limits limits) : loop_(loop), limits_(limits), sweeper_(loop) {}

    /// One that is open and has room; empty without one.
    static Lease take(const std::shared_ptr<ChannelPool>& pool);
    /// Takes over one that was opened just now.
    static Lease add(const std::shared_ptr<ChannelPool>& pool, std::unique_ptr<http::Channel> channel);
    /// The endpoint has gone: what is idle goes as well, the rest with its last lease.
    void close();
    size_t size() const { return channels_.size(); }

  private:
    void give_back(Place place);
    void sweep();
    void sweep_later();

    loop::Loop& loop_;
    const Limits limits_;
    std::list<Kept> channels_;  ///< the one that was used last is first
    size_t idle_ = 0;
    bool is_closed_ = false;
    loop::Timer sweeper_;
};

}  // namespace orilla::gateway
