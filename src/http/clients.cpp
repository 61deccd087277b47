#include "clients.hpp"

#include <algorithm>
#include <utility>

namespace orilla::http {

Clients::Seat::Seat(Clients& clients, Standing standing, std::string name)
    : clients_(clients), standing_(standing), name_(std::move(name)) {
    take();
}

Clients::Seat::~Seat() { give_back(); }

void Clients::Seat::become(Standing standing, std::string name) {
    give_back();
    standing_ = standing;
    name_ = std::move(name);
    take();
}

void Clients::Seat::take() {
    if (standing_ == Standing::refused) {
        ++clients_.refused_;
        return;
    }
    ++clients_.connections_;
    ++clients_.of(standing_)[name_].connections;
}

void Clients::Seat::give_back() {
    if (standing_ == Standing::refused) {
        --clients_.refused_;
        return;
    }
    --clients_.connections_;
    ByName& all = clients_.of(standing_);
    const auto held = all.find(name_);
    held->second.watches -= std::exchange(watches_, 0);
    held->second.requests -= std::exchange(requests_, 0);
    if (--held->second.connections == 0) all.erase(held);
}

bool Clients::Seat::begin_watch(size_t watches_max) {
    if (standing_ == Standing::refused) return false;
    Held& held = clients_.of(standing_)[name_];
    if (held.watches >= watches_max) return false;
    ++held.watches;
    ++watches_;
    return true;
}

void Clients::Seat::end_watch() {
    if (watches_ == 0) return;
    --watches_;
    --clients_.of(standing_)[name_].watches;
}

bool Clients::Seat::begin_request(size_t requests_max) {
    if (standing_ == Standing::refused) return false;
    Held& held = clients_.of(standing_)[name_];
    if (held.requests >= requests_max) return false;
    ++held.requests;
    ++requests_;
    return true;
}

void Clients::Seat::end_request() {
    if (requests_ == 0) return;
    --requests_;
    --clients_.of(standing_)[name_].requests;
}

size_t Clients::connections_of(Standing standing, const std::string& name) const {
    const auto held = of(standing).find(name);
    return held == of(standing).end() ? 0 : held->second.connections;
}

std::string Clients::busiest(Standing standing) const {
    const auto fewer = [](const auto& a, const auto& b) { return a.second.connections < b.second.connections; };
    const auto most = std::ranges::max_element(of(standing), fewer);
    return most == of(standing).end() ? std::string() : most->first;
}

}  // namespace orilla::http
