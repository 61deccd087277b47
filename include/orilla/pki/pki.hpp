// The box's own certificates: a CA, the API server's certificate and the administrator's client certificate, made on the
// first start. They promise to be there completely or not at all, with keys that only root reads. They never expire: a
// box without time could not tell, and nobody would renew them.
#pragma once

#include <string>
#include <vector>

#include "orilla/base/result.hpp"

namespace orilla::pki {

/// PEM texts.
struct Pki {
    std::string ca_certificate;
    std::string server_certificate;
    std::string server_key;
    std::string admin_certificate;
    std::string admin_key;
};

/// The names and addresses that clients use for this server.
struct PkiNames {
    std::vector<std::string> dns;  ///< localhost, the node's name, kubernetes.default.svc ...
    std::vector<std::string> ips;  ///< 127.0.0.1, the first service address, extra listen addresses
};

/// localhost, the node, the names of the kubernetes Service; 127.0.0.1, ::1 and the given addresses.
PkiNames default_pki_names(const std::string& node_name, const std::string& cluster_domain,
                           const std::vector<std::string>& addresses);
/// Adds what else the server is called by: each is an address or a DNS name. What is there already is not added again.
void add_pki_names(PkiNames& names, const std::vector<std::string>& more);

/// Reads `directory` (<data-dir>/pki); makes it when missing; replaces the server's certificate when it is not for exactly
/// `names`; without any it is left as it is. Blocks for some milliseconds: for start-up only.
Result<Pki> ensure_pki(const std::string& directory, const PkiNames& names);

/// The kubeconfig of the administrator; `server` is a URL such as https://127.0.0.1:6443.
std::string render_kubeconfig(const Pki& pki, const std::string& server);

}  // namespace orilla::pki
