// What the gateway is to serve, as the daemon keeps it: what was handed over, by key, and what of it has changed since the
// gateway heard last. A gateway that starts anew is told the whole of it, however it came about.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "orilla/gateway/routes.hpp"

namespace orilla::gateway {

class RouteBook {
  public:
    void apply(Change change);
    bool has_listeners() const { return !listeners_.parts.empty(); }
    std::set<uint16_t> ports() const;
    /// Keys.
    std::vector<std::string> listeners_of(uint16_t port) const;
    bool has_news() const;
    /// What has changed since the last one of these two.
    Change take_news();
    Change take_whole();

  private:
    template <class T>
    struct Table {
        std::map<std::string, T> parts;
        std::set<std::string> news;

        void apply(std::vector<T> changed, const std::vector<std::string>& gone, bool is_whole);
        void take_news(std::vector<T>& changed, std::vector<std::string>& gone);
        std::vector<T> take_whole();
    };
    Table<Listener> listeners_;
    Table<Certificate> certificates_;
    Table<Route> routes_;
    Table<Backend> backends_;
};

}  // namespace orilla::gateway
