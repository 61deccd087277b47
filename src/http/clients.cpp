#include "clients.hpp"

#include <algorithm>

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
    end_watch();
    --clients_.connections_;
    ByName& all = clients_.of(standing_);
    const auto held = all.find(name_);
    if (--held->second.connections == 0) all.erase(held);
}

bool Clients::Seat::begin_watch(size_t watches_max) {
    if (standing_ == Standing::refused) return false;
    Held& held = clients_.of(standing_)[name_];
    if (held.watches >= watches_max) return false;
    ++held.watches;
    return is_watching_ = true;
}

void Clients::Seat::end_watch() {
    if (!is_watching_) return;
    is_watching_ = false;
    --clients_.of(standing_)[name_].watches;
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
