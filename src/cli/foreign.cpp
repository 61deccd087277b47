#include "foreign.hpp"

#include <fmt/core.h>

namespace orilla::cli {
namespace {

// `missing` ones need something of the server that it does not serve yet, whoever asks.
enum class Reason { missing, kubectl };
struct Foreign {
    std::string_view name;
    Reason reason;
    std::string_view hint;  ///< what helps meanwhile; empty: nothing does
};
constexpr Foreign foreign_commands[] = {
    {"exec", Reason::missing, "give the container a probe or a hook, or a sidecar that does it"},
    {"attach", Reason::missing, "'orilla logs -f POD' shows what it writes"},
    {"cp", Reason::missing, "mount a hostPath volume or a ConfigMap"},
    {"port-forward", Reason::missing, "from this box the pod's address answers: 'orilla get pod NAME -o wide'"},
    {"debug", Reason::missing, "'orilla describe pod NAME' and 'orilla logs NAME --previous' tell most"},
    {"auth", Reason::missing, "whoever may use the socket, or holds the kubeconfig, is an administrator"},
    {"certificate", Reason::missing, ""},
    {"run", Reason::kubectl, "or 'orilla create deployment NAME --image=IMAGE'"},
    {"expose", Reason::kubectl, "or 'orilla create service clusterip NAME --tcp=PORT'"},
    {"set", Reason::kubectl, "or change the file and 'orilla apply -f FILE'"},
    {"edit", Reason::kubectl, "or 'orilla get TYPE/NAME -o yaml >FILE', and 'orilla apply -f FILE'"},
    {"patch", Reason::kubectl, "or change the file and 'orilla apply -f FILE'"},
    {"replace", Reason::kubectl, "or 'orilla apply -f FILE'"},
    {"diff", Reason::kubectl, "or 'orilla apply -f FILE --dry-run=server -o yaml'"},
    {"kustomize", Reason::kubectl, "it needs no cluster: 'kubectl kustomize DIR | orilla apply -f -'"},
    {"proxy", Reason::kubectl, "or 'curl --unix-socket /run/orilla/orilla.sock http://orilla/api'"},
    {"cluster-info", Reason::kubectl, "or 'orilla version' and 'orilla get nodes -o wide'"},
    {"api-versions", Reason::kubectl, "or 'orilla api-resources'"},
    {"config", Reason::kubectl, "'orilla kubeconfig --merge' adds this box to its file"},
    {"plugin", Reason::kubectl, ""},
    {"krew", Reason::kubectl, ""},
    {"options", Reason::kubectl, "'orilla help' lists the flags of every command"},
    {"alpha", Reason::kubectl, ""},
    {"kuberc", Reason::kubectl, ""},
};

struct ForeignFlag {
    std::string_view name, instead;
};
constexpr std::string_view speaks_socket = "orilla speaks over its unix socket: --socket PATH";
constexpr ForeignFlag foreign_flags[] = {
    {"server-side", "apply compares on the client; 'kubectl apply --server-side' works against Orilla where the server has it"},
    {"kustomize", "render first: 'kubectl kustomize DIR | orilla apply -f -'"},
    {"template", "use -o jsonpath=TEMPLATE"},
    {"chunk-size", "orilla asks for lists whole; use kubectl for pages"},
    {"subresource", "use --raw PATH"},
    {"kubeconfig", speaks_socket},
    {"context", speaks_socket},
    {"cluster", speaks_socket},
    {"user", speaks_socket},
    {"server", speaks_socket},
    {"token", speaks_socket},
    {"certificate-authority", speaks_socket},
    {"client-certificate", speaks_socket},
    {"client-key", speaks_socket},
    {"insecure-skip-tls-verify", speaks_socket},
    {"tls-server-name", speaks_socket},
    {"as", "whoever may use the socket is an administrator"},
    {"as-group", "whoever may use the socket is an administrator"},
    {"as-uid", "whoever may use the socket is an administrator"},
    {"cache-dir", "nothing is cached"},
    {"warnings-as-errors", "warnings go to standard error"},
};

}  // namespace

std::optional<std::string> refuse_command(std::string_view name) {
    for (const Foreign& one : foreign_commands) {
        if (one.name != name) continue;
        const std::string word(name), hint(one.hint);
        if (one.reason == Reason::missing)
            return fmt::format("error: \"{}\" is not served by this version of Orilla{}", word,
                               hint.empty() ? "" : ": " + hint);
        return fmt::format(
            "error: orilla has no \"{}\", use kubectl for this: 'orilla kubeconfig --merge', then 'kubectl {}'{}", word, word,
            hint.empty() ? "" : "; " + hint);
    }
    return std::nullopt;
}

std::string_view instead_of_flag(std::string_view name) {
    for (const ForeignFlag& one : foreign_flags)
        if (one.name == name) return one.instead;
    return "";
}

}  // namespace orilla::cli
