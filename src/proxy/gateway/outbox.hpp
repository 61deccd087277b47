// What has to be told to the gateway, gathered until it is whole: a route never goes out before the backends that it needs, and
// what is put twice goes out once. The first change that goes out is everything there is.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "orilla/gateway/routes.hpp"

namespace orilla::proxy {

class Outbox {
  public:
    explicit Outbox(gateway::RouteSink& sink) : sink_(sink) {}

    void put(gateway::Listener listener);
    void put(gateway::Certificate certificate);
    void put(gateway::Route route);
    void put(gateway::Backend backend);
    void drop_listener(const std::string& key) { listeners_[key].reset(); }
    void drop_certificate(const std::string& key) { certificates_[key].reset(); }
    void drop_route(const std::string& key) { routes_[key].reset(); }
    void drop_backend(const std::string& key) { backends_[key].reset(); }

    /// Nothing goes out before everything is there.
    void open();
    bool is_open() const { return is_open_; }
    void flush();

  private:
    template <class T>
    using Parts = std::map<std::string, std::optional<T>>;  ///< nothing: it is gone

    gateway::RouteSink& sink_;
    bool is_open_ = false, is_whole_ = true;
    Parts<gateway::Listener> listeners_;
    Parts<gateway::Certificate> certificates_;
    Parts<gateway::Route> routes_;
    Parts<gateway::Backend> backends_;
};

}  // namespace orilla::proxy
