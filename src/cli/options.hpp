// Everything a command line can say, parsed once. Verbs read the fields that they offer as flags.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace orilla::cli {

struct Options {
    std::string verb;                            ///< "get", "rollout status", "create secret generic"
    std::vector<std::string> args;               ///< what is left: resources, names, key=value
    std::vector<std::string> container_command;  ///< after `--`
    std::string socket = "/run/orilla/orilla.sock";
    std::string request_timeout;  ///< empty: the default
    std::optional<int64_t> verbosity;
    std::string ns;  ///< "default" when no flag says another
    bool all_namespaces = false;
    std::string selector;
    std::string field_selector;
    std::string output;
    std::vector<std::string> files;
    bool recursive = false;
    bool watch = false;
    bool watch_only = false;
    bool show_labels = false;
    bool show_kind = false;
    std::vector<std::string> label_columns;
    std::string sort_by;
    bool no_headers = false;
    std::string raw;
    bool show_events = true;
    std::string dry_run = "none";  ///< none, client, server
    std::string validate = "strict";
    bool all = false;
    bool prune = false;
    std::vector<std::string> prune_allowlist;  ///< group/version/Kind
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
    bool all_pods = false;
    bool prefix = false;
    std::optional<int64_t> tail;
    std::optional<int64_t> limit_bytes;
    std::optional<int64_t> log_requests_max;
    std::string since;
    std::string since_time;
    // autoscale
    std::optional<int64_t> min_replicas;
    std::optional<int64_t> max_replicas;
    std::optional<int64_t> cpu_percent;
    std::string cpu;
    std::string memory;
    // top
    bool show_containers = false;
    bool show_capacity = false;
    bool sum = false;
    // scale, rollout, label
    std::optional<int64_t> replicas;
    std::optional<int64_t> current_replicas;
    std::optional<int64_t> revision;
    std::optional<int64_t> to_revision;
    bool rollout_watch = true;
    bool overwrite = false;
    bool list = false;
    // create
    std::vector<std::string> images;
    std::optional<int64_t> port;
    std::vector<std::string> from_literal;
    std::vector<std::string> from_file;
    std::vector<std::string> from_env_file;
    std::vector<std::string> tcp;
    std::optional<int64_t> node_port;
    std::string cluster_ip;
    std::string external_name;
    std::string secret_type;
    std::string hard;      ///< of a quota: pods=1,cpu=500m
    std::string scopes;    ///< of a quota, with commas
    std::string from;      ///< cronjob/NAME
    std::string schedule;  ///< as crontab has it
    std::string restart;   ///< the restartPolicy
    std::string cert;      ///< a file
    std::string key;       ///< a file
    std::string docker_server = "https://index.docker.io/v1/";
    std::string docker_username;
    std::string docker_password;
    std::string docker_email;
    std::string min_available;    ///< a number or a percentage
    std::string max_unavailable;  ///< the same
    std::optional<int64_t> value;
    bool global_default = false;
    std::string description;
    std::string preemption_policy = "PreemptLowerPriority";
    // drain
    bool ignore_daemonsets = false;
    bool delete_emptydir_data = false;
    bool disable_eviction = false;
    std::string pod_selector;
    std::optional<int64_t> skip_wait_for_delete_s;
    // image, kubeconfig, version, api-resources
    std::string name;
    std::string data_dir;  ///< empty: ask the daemon
    std::string server;
    bool merge = false;
    std::string kubeconfig_file;
    std::vector<std::string> event_types;
    bool quiet = false;
    bool client_only = false;
    std::string api_group;
    std::vector<std::string> verbs;
    std::string namespaced;  ///< true, false; empty: both
};

/// "30s", "5m", "1h30m", "90" (seconds) to milliseconds; -1 when it is none of those.
int64_t parse_duration_ms(const std::string& text);

}  // namespace orilla::cli
