#include "channel_pool.hpp"

#include <utility>

namespace orilla::gateway {

ChannelPool::Lease::Lease(std::shared_ptr<ChannelPool> pool, Place place) : pool_(std::move(pool)), place_(place) {}

ChannelPool::Lease& ChannelPool::Lease::operator=(Lease&& other) noexcept {
    if (this != &other) {
        give_back();
        pool_ = std::move(other.pool_);
        place_ = other.place_;
    }
    return *this;
}

void ChannelPool::Lease::give_back() {
    if (const auto pool = std::exchange(pool_, nullptr)) pool->give_back(place_);
}

/// The one that was used last is the one that its server has most likely not closed, and the others grow old.
ChannelPool::Lease ChannelPool::take(const std::shared_ptr<ChannelPool>& pool) {
    auto& channels = pool->channels_;
    for (auto place = channels.begin(); place != channels.end();) {
        const auto here = place++;
        if (here->channel->is_over()) {
            if (here->leases > 0) continue;
            --pool->idle_;
            channels.erase(here);
            continue;
        }
        if (here->channel->room() == 0) continue;
        if (here->leases++ == 0) --pool->idle_;
        here->was_used = true;
        return {pool, here};
    }
    return {};
}

ChannelPool::Lease ChannelPool::add(const std::shared_ptr<ChannelPool>& pool, std::unique_ptr<http::Channel> channel) {
    Kept kept;
    kept.channel = std::move(channel);
    kept.leases = 1;
    // Later, for it is the channel that tells: one that its server has ended holds no descriptor until the next sweep.
    kept.channel->on_over([loop = &pool->loop_, weak = std::weak_ptr<ChannelPool>(pool)] {
        loop->post([weak] {
            if (const auto open = weak.lock()) open->sweep();
        });
    });
    pool->channels_.push_front(std::move(kept));
    return {pool, pool->channels_.begin()};
}

void ChannelPool::give_back(Place place) {
    if (--place->leases > 0) return;
    if (is_closed_ || idle_ >= limits_.idle_max || place->channel->is_over() || place->channel->room() == 0) {
        channels_.erase(place);
        return;
    }
    ++idle_;
    place->idle_since_ms = loop_.now_ms();
    channels_.splice(channels_.begin(), channels_, place);
    sweep_later();
}

void ChannelPool::sweep_later() {
    if (!sweeper_.armed()) sweeper_.arm_after(limits_.idle_ms_max, [this] { sweep(); });
}

void ChannelPool::sweep() {
    const int64_t now_ms = loop_.now_ms();
    std::erase_if(channels_, [this, now_ms](const Kept& kept) {
        const bool is_idle = kept.leases == 0;
        const bool goes = is_idle && (kept.channel->is_over() || now_ms - kept.idle_since_ms >= limits_.idle_ms_max);
        if (goes) --idle_;
        return goes;
    });
    if (idle_ > 0) sweep_later();
}

void ChannelPool::close() {
    is_closed_ = true;
    std::erase_if(channels_, [](const Kept& kept) { return kept.leases == 0; });
    idle_ = 0;
}

}  // namespace orilla::gateway
