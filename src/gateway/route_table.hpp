// Which rule answers a request. The table is kept up by changes: one of a route costs the hosts that the route has, whatever
// the number of others. A lookup allocates nothing; what it finds stays as it is for as long as the request holds it, also when
// the table has changed meanwhile.
//
// The order, which Ingress and the Gateway API share: the listener's port; the host (an exact name, then the longest wildcard,
// then every host); the path (exact, then expressions, then the longest prefix by elements); then method, number of headers, of
// query parameters, age, name, place. A host that is known does not fall through to a less close one: where none of its paths
// fits, default backends answer, or nobody.
//
// Listeners are isolated within their Gateway (or Ingress): of one Gateway's listeners on a port only the closest one to a host
// has a say about it. Several Gateways and the Ingresses may share a port. Over TLS, a host of another listener than the one
// that SNI has chosen, or of one that asks for other client certificates, is misdirected.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compiled_route.hpp"
#include "host_table.hpp"
#include "orilla/gateway/routes.hpp"
#include "path_table.hpp"

namespace orilla::gateway {

struct RouteFound {
    enum class Outcome : uint8_t {
        rule,         ///< `rule` answers
        none,         ///< 404; of gRPC UNIMPLEMENTED
        misdirected,  ///< 421
    };
    Outcome outcome = Outcome::none;
    std::shared_ptr<const CompiledRoute> route;  ///< keeps `rule`
    const Rule* rule = nullptr;
    /// Of the request's path, what the match's prefix took: what ReplacePrefixMatch replaces.
    size_t prefix_bytes = 0;
    bool is_grpc = false;  ///< of the request
};

class RouteTable {
  public:
    RouteTable();
    RouteTable(RouteTable&&) noexcept;
    ~RouteTable();
    struct Fault {
        std::string route;
        std::string message;
    };
    /// Takes over the listeners and routes. Answers what of the changed routes does not work.
    std::vector<Fault> apply(const Change& change);

    RouteFound find(const RequestFacts& facts) const;
    /// Of TLS that goes on to a backend: by port and SNI alone.
    RouteFound find_by_name(uint16_t port, std::string_view server_name) const;
    /// The listener whose certificates, protocol and client authorities are those of a new connection; over TLS by SNI. Null
    /// where nobody listens for that name. Valid until the next change.
    const Listener* find_listener(uint16_t port, std::string_view server_name) const;
    std::vector<uint16_t> ports() const;
    size_t size() const { return routes_.size(); }

  private:
    struct Port;
    struct HostEntry;
    struct ListenerEntry {
        Listener listener;
        uint32_t number = 0;  ///< among the port's
        uint32_t group = 0;   ///< of the port: its Gateway
    };
    /// Where a route stands.
    struct Place {
        uint16_t port = 0;
        HostPattern host;
    };
    struct RouteEntry {
        std::shared_ptr<const CompiledRoute> route;
        std::vector<Place> places;
    };
    class Update;

    const Port* find_port(uint16_t port) const;
    RouteFound find_in(const Port& port, const HostEntry* entry, const RequestFacts& facts) const;
    bool is_misdirected(const Port& port, const RequestFacts& facts, const PathItem* item) const;

    std::unordered_map<uint16_t, std::unique_ptr<Port>> ports_;
    ByText<ListenerEntry> listeners_;
    ByText<RouteEntry> routes_;
};

}  // namespace orilla::gateway
