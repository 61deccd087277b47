// The API server: Kubernetes' HTTP API over the store, on a unix socket and on TLS. It promises that every answer that
// is no success is a Status, that nobody is served but root and the members of one group (by the socket) and holders of
// a certificate for system:masters (by TLS), and that no client can hold up the loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "orilla/apiserver/ports.hpp"
#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/objects/pod_logs.hpp"
#include "orilla/objects/usage_meter.hpp"
#include "orilla/pki/pki.hpp"

namespace orilla::loop {
class Executor;
class Loop;
}  // namespace orilla::loop
namespace orilla::objects {
class Objects;
}

namespace orilla::apiserver {

/// What /version tells beside the version.
struct BuildInfo {
    std::string_view commit = "0000000000000000000000000000000000000000";
    std::string_view tree_state = "archive";  ///< clean, dirty, archive
    std::string_view date = "1970-01-01T00:00:00Z";
};

struct ServerOptions {
    BuildInfo build;
    std::string advertised_address;  ///< HOST:PORT of the TLS listener as clients see it
    objects::PodLogs* logs = nullptr;
    ImageService* images = nullptr;
    objects::UsageMeter* usage = nullptr;
    /// A thread for what would hold up the loop: large YAML, patches of large objects. Null: done on the loop.
    loop::Executor* executor = nullptr;
    /// What /readyz says; an error is told to the client. Empty: always ready.
    std::function<Result<void>()> ready;
    /// Adds lines in Prometheus' text format to /metrics: queues, pods, pulls.
    std::function<void(std::string& out)> append_metrics;
};

class Server {
  public:
    /// `loop`, `objects` and the ports outlive it.
    Server(loop::Loop& loop, objects::Objects& objects, ServerOptions options);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Makes and serves the socket: mode 0660, group `orilla` when there is one.
    Result<void> listen_unix(const std::string& path);
    /// Serves TLS at IP:PORT.
    Result<void> listen_tls(const std::string& address, const pki::Pki& pki);
    /// The same on sockets that somebody else made.
    void serve_unix(UniqueFd listener);
    Result<void> serve_tls(UniqueFd listener, const pki::Pki& pki);

    size_t connections() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// What the server is to listen on, to be had before there is a server.
struct ListeningSockets {
    UniqueFd unix_socket;
    UniqueFd tcp_socket;
};
/// What systemd passes by LISTEN_FDS, empty without it; either may be missing. Clears the variables.
Result<ListeningSockets> take_activated_sockets();
/// Makes those that are missing: a unix socket at `path`, and, unless `address` is empty, one at IP:PORT. True when the unix
/// socket is new, and `path` to be removed at the end.
Result<bool> make_missing_sockets(ListeningSockets& sockets, const std::string& path, const std::string& address);
}  // namespace orilla::apiserver
