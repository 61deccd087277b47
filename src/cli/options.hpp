// Everything a command line can say, parsed once. Verbs read the fields that they offer as flags.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace orilla::cli {

struct Options {
    std::string verb;
    std::string subverb;            ///< rollout STATUS, image PULL, create CONFIGMAP
    std::vector<std::string> args;  ///< what is left: resources, names, key=value
    std::string socket = "/run/orilla/orilla.sock";
    std::string ns = "default";
    bool ns_given = false;
    bool all_namespaces = false;
    std::string selector;
    std::string field_selector;
    std::string output;
    std::vector<std::string> files;
    bool recursive = false;
    bool watch = false;
    bool watch_only = false;
    bool show_labels = false;
    bool no_headers = false;
    std::string dry_run = "none";  ///< none, client, server
    std::string validate = "true";
    bool all = false;
    bool force = false;
    bool now = false;
    bool ignore_not_found = false;
    bool wait = true;
    std::string cascade = "background";
    std::optional<int64_t> grace_period_s;
    std::string timeout;
    std::string wait_for;
    // logs
    std::string container;
    bool follow = false;
    bool previous = false;
    bool timestamps = false;
    bool all_containers = false;
    bool prefix = false;
    std::optional<int64_t> tail;
    std::optional<int64_t> limit_bytes;
    std::string since;
    std::string since_time;
    // scale, rollout, label
    std::optional<int64_t> replicas;
    std::optional<int64_t> current_replicas;
    int64_t revision = 0;
    int64_t to_revision = 0;
    bool overwrite = false;
    bool list = false;
    // create
    std::string image;
    std::vector<std::string> from_literal;
    std::vector<std::string> from_file;
    std::vector<std::string> tcp;
    std::string type;
    // image, kubeconfig
    std::string name;
    std::string data_dir;  ///< empty: ask the daemon
    std::string server;
    std::string types;
    bool quiet = false;
};

/// "30s", "5m", "1h30m", "90" (seconds) to milliseconds; -1 when it is none of those.
int64_t parse_duration_ms(const std::string& text);

}  // namespace orilla::cli
