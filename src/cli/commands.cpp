// The commands and flags, as tables, and the help that they give.
#include <algorithm>
#include <iterator>

#include "flags.hpp"

namespace orilla::cli {
namespace {

constexpr Flag flags[] = {
    {"namespace", 'n', "NAME", "the namespace (default: default)", &Options::ns},
    {"all-namespaces", 'A', "", "in all namespaces", &Options::all_namespaces},
    {"selector", 'l', "SELECTOR", "by labels: app=web,tier!=front,env in (a,b)", &Options::selector},
    {"field-selector", 0, "SELECTOR", "by fields: status.phase=Running", &Options::field_selector},
    {"all", 0, "", "all objects of the type in the namespace", &Options::all},
    {"output", 'o', "FORMAT", "json, yaml, name, wide, jsonpath=TEMPLATE or custom-columns=HEADER:PATH,...", &Options::output},
    {"show-labels", 0, "", "a last column with the labels", &Options::show_labels},
    {"show-kind", 0, "", "TYPE/ in front of the names", &Options::show_kind},
    {"label-columns", 'L', "KEY,...", "a column for each of these labels", &Options::label_columns, "", true},
    {"sort-by", 0, "JSONPATH", "order by this field: .metadata.creationTimestamp", &Options::sort_by},
    {"no-headers", 0, "", "no header line", &Options::no_headers},
    {"raw", 0, "PATH", "what the server answers on this path", &Options::raw},
    {"show-events", 0, "", "with the events (default true)", &Options::show_events},
    {"filename", 'f', "FILE", "file, directory, or - for standard input", &Options::files, "", true},
    {"recursive", 'R', "", "with the directories below that of -f", &Options::recursive},
    {"validate", 0, "strict|warn|ignore", "what to do about unknown fields (default strict)", &Options::validate, "strict"},
    {"dry-run", 0, "none|client|server", "client: only print; server: check, but keep nothing", &Options::dry_run, "client"},
    {"watch", 'w', "", "go on with the changes", &Options::watch},
    {"watch-only", 0, "", "only the changes", &Options::watch_only},
    {"ignore-not-found", 0, "", "what is not there is no error", &Options::ignore_not_found},
    {"grace-period", 0, "SECONDS", "time to end by itself; 0 only with --force", &Options::grace_period_s},
    {"force", 0, "", "remove the object at once; its processes may go on for a while", &Options::force},
    {"now", 0, "", "a grace period of one second", &Options::now},
    {"cascade", 0, "background|foreground|orphan", "what becomes of the objects it owns (default background)", &Options::cascade, "background"},
    {"wait", 0, "", "wait until it is gone (default true)", &Options::wait},
    {"timeout", 0, "DURATION", "how long to wait: 30s, 5m", &Options::timeout},
    {"for", 0, "CONDITION", "delete, create, condition=NAME[=VALUE] or jsonpath='{PATH}'[=VALUE]", &Options::wait_for},
    {"container", 'c', "NAME", "the container", &Options::container},
    {"follow", 'f', "", "go on as more comes", &Options::follow},
    {"previous", 'p', "", "of the attempt before", &Options::previous},
    {"timestamps", 0, "", "the time in front of each line", &Options::timestamps},
    {"all-containers", 0, "", "of every container of the pod", &Options::all_containers},
    {"all-pods", 0, "", "of every pod of TYPE/NAME, not only the first", &Options::all_pods},
    {"prefix", 0, "", "pod and container in front of each line", &Options::prefix},
    {"tail", 0, "LINES", "only the last lines; -1 is all (default -1, with a selector 10)", &Options::tail},
    {"limit-bytes", 0, "BYTES", "not more than this", &Options::limit_bytes},
    {"max-log-requests", 0, "COUNT", "how many logs to follow at once, at most (default 5)", &Options::log_requests_max},
    {"since", 0, "DURATION", "not older than 10s, 5m, 1h", &Options::since},
    {"since-time", 0, "TIME", "not older than this RFC3339 time", &Options::since_time},
    {"replicas", 0, "COUNT", "the wanted number", &Options::replicas},
    {"current-replicas", 0, "COUNT", "only if there are so many now", &Options::current_replicas},
    {"revision", 0, "NUMBER", "details of this revision", &Options::revision},
    {"to-revision", 0, "NUMBER", "the revision to go back to; 0 is the one before", &Options::to_revision},
    {"overwrite", 0, "", "values that are there may change", &Options::overwrite},
    {"list", 0, "", "show them", &Options::list},
    {"image", 0, "IMAGE", "image of a container; may be given several times", &Options::images, "", true},
    {"port", 0, "PORT", "the port that the container listens on", &Options::port},
    {"from-literal", 0, "KEY=VALUE", "one key; may be given several times", &Options::from_literal},
    {"from-file", 0, "[KEY=]FILE|DIR", "a file, or each file of a directory; may be given several times", &Options::from_file, "", true},
    {"from-env-file", 0, "FILE", "lines of KEY=VALUE; may be given several times", &Options::from_env_file, "", true},
    {"tcp", 0, "PORT[:TARGET]", "a port; may be given several times", &Options::tcp, "", true},
    {"node-port", 0, "PORT", "the port on the node", &Options::node_port},
    {"clusterip", 0, "IP", "the address, or None for a headless Service", &Options::cluster_ip},
    {"type", 0, "TYPE", "the secret's type", &Options::secret_type},
    {"cert", 0, "FILE", "the certificate, in PEM", &Options::cert, "", true},
    {"key", 0, "FILE", "its private key, in PEM", &Options::key, "", true},
    {"docker-server", 0, "HOST", "the registry (default https://index.docker.io/v1/)", &Options::docker_server},
    {"docker-username", 0, "NAME", "who pulls", &Options::docker_username},
    {"docker-password", 0, "WORD", "the password, or a token", &Options::docker_password},
    {"docker-email", 0, "ADDRESS", "an address for the registry", &Options::docker_email},
    {"name", 0, "NAME", "name for the imported image", &Options::name},
    {"quiet", 'q', "", "no progress", &Options::quiet},
    {"data-dir", 0, "DIR", "read the keys there instead of asking the daemon", &Options::data_dir},
    {"server", 0, "URL", "where kubectl finds the API (default: where the daemon listens)", &Options::server},
    {"types", 0, "TYPE,...", "only these: Normal, Warning", &Options::event_types, "", true},
    {"client", 0, "", "only the client's", &Options::client_only},
    {"api-group", 0, "GROUP", "only of this group", &Options::api_group},
    {"verbs", 0, "VERB,...", "only what has these verbs", &Options::verbs, "", true},
    {"namespaced", 0, "true|false", "only what is, or is not, in namespaces", &Options::namespaced, "true"},
    {"socket", 0, "PATH", "the API's unix socket (ORILLA_SOCKET)", &Options::socket},
};

// Flags whose name another command uses with other words.
constexpr Flag special_flags[] = {
    {"for", 0, "TYPE/NAME", "only about this object", &Options::wait_for},
    {"watch", 'w', "", "wait until it is done (default true)", &Options::rollout_watch},
};

constexpr Command commands[] = {
    {"get", "(TYPE[,TYPE...] [NAME...] | TYPE/NAME... | -f FILE)", "Show objects",
     "namespace all-namespaces selector field-selector output show-labels show-kind label-columns sort-by no-headers ignore-not-found "
     "filename recursive watch watch-only raw socket"},
    {"describe", "(TYPE [NAME...] | TYPE/NAME... | -f FILE)", "Show objects in detail, with their events",
     "namespace all-namespaces selector filename recursive show-events socket"},
    {"apply", "-f FILE", "Create or change objects so that they are as the files say",
     "namespace filename recursive selector output dry-run validate socket"},
    {"create", "-f FILE", "Create objects from files, or one of the kinds below by its flags",
     "namespace filename recursive selector output dry-run validate socket"},
    {"create configmap", "NAME", "Create a ConfigMap from files, directories or literal values",
     "from-literal from-file from-env-file namespace output dry-run validate socket"},
    {"create secret generic", "NAME", "Create a Secret from files, directories or literal values",
     "from-literal from-file from-env-file type namespace output dry-run validate socket"},
    {"create secret tls", "NAME --cert=FILE --key=FILE", "Create a Secret of a certificate and its key",
     "cert key namespace output dry-run validate socket"},
    {"create secret docker-registry", "NAME --docker-username=NAME --docker-password=WORD", "Create a Secret for pulling from a registry",
     "docker-server docker-username docker-password docker-email from-file namespace output dry-run validate socket"},
    {"create namespace", "NAME", "Create a Namespace", "namespace output dry-run validate socket"},
    {"create deployment", "NAME --image=IMAGE [-- COMMAND [ARG...]]", "Create a Deployment",
     "image replicas port namespace output dry-run validate socket"},
    {"create service clusterip", "NAME --tcp=PORT[:TARGET]", "Create a Service with a cluster address",
     "tcp clusterip namespace output dry-run validate socket"},
    {"create service nodeport", "NAME --tcp=PORT[:TARGET]", "Create a Service with a port on the node",
     "tcp node-port namespace output dry-run validate socket"},
    {"delete", "(TYPE [NAME...] | TYPE/NAME... | -f FILE)", "Delete objects",
     "namespace all-namespaces selector field-selector all filename recursive output dry-run grace-period force now cascade wait "
     "timeout ignore-not-found socket"},
    {"logs", "(POD | TYPE/NAME | -l SELECTOR) [-c CONTAINER]", "Print what a container wrote",
     "namespace selector container follow previous timestamps all-containers all-pods prefix tail limit-bytes max-log-requests since "
     "since-time socket"},
    {"scale", "--replicas=COUNT (TYPE NAME | TYPE/NAME | -f FILE)", "Set the number of replicas",
     "replicas current-replicas namespace selector all filename recursive output dry-run timeout socket"},
    {"rollout status", "(TYPE NAME | TYPE/NAME | -f FILE)", "Tell how a rollout goes, until it is done",
     "namespace selector filename recursive rollout:watch revision timeout socket"},
    {"rollout history", "(TYPE NAME | TYPE/NAME | -f FILE)", "Show the revisions",
     "namespace selector filename recursive revision socket"},
    {"rollout undo", "(TYPE NAME | TYPE/NAME | -f FILE)", "Go back to an earlier revision",
     "namespace selector filename recursive to-revision output dry-run socket"},
    {"rollout restart", "(TYPE NAME | TYPE/NAME | -f FILE)", "Replace every pod", "namespace selector filename recursive output socket"},
    {"rollout pause", "(TYPE NAME | TYPE/NAME | -f FILE)", "Keep changes back", "namespace selector filename recursive output socket"},
    {"rollout resume", "(TYPE NAME | TYPE/NAME | -f FILE)", "Roll out what was kept back",
     "namespace selector filename recursive output socket"},
    {"label", "(TYPE NAME | TYPE/NAME | -f FILE) KEY=VALUE... KEY-...", "Set or remove labels",
     "namespace all-namespaces selector field-selector all filename recursive output dry-run overwrite list socket"},
    {"annotate", "(TYPE NAME | TYPE/NAME | -f FILE) KEY=VALUE... KEY-...", "Set or remove annotations",
     "namespace all-namespaces selector field-selector all filename recursive output dry-run overwrite list socket"},
    {"wait", "(TYPE NAME | TYPE/NAME | -f FILE) --for=CONDITION", "Wait for a condition",
     "for namespace all-namespaces selector field-selector all filename recursive output timeout socket"},
    {"events", "", "List events, oldest first", "events:for types namespace all-namespaces output no-headers watch socket"},
    {"image pull", "IMAGE...", "Bring images from their registries", "quiet socket"},
    {"image import", "FILE...", "Bring images from OCI or docker archives", "name quiet socket"},
    {"image list", "", "List the images on this box", "output no-headers socket"},
    {"image remove", "IMAGE...", "Remove names, and images that have none left", "socket"},
    {"image prune", "", "Remove every image that no pod uses", "socket"},
    {"explain", "TYPE[.FIELD...]", "Show the fields of a kind", "recursive namespace socket"},
    {"api-resources", "", "List the kinds that are served", "output no-headers api-group namespaced verbs namespace"},
    {"version", "", "Show the client's and the server's version", "client output namespace socket"},
    {"kubeconfig", "", "Print the administrator's kubeconfig for kubectl", "data-dir server socket"},
    {"check", "", "Tell what this kernel lacks", ""},
};

bool is_below(std::string_view path, std::string_view topic) {
    return path.size() > topic.size() && path.starts_with(topic) && path[topic.size()] == ' ';
}

void append_entry(std::string& out, const std::string& left, std::string_view right, size_t column) {
    out += "  " + left;
    out.append(column > left.size() ? column - left.size() : 2, ' ');
    out += std::string(right) + "\n";
}

std::string render_overview() {
    std::string out = "Orilla: a one-node Kubernetes for small boxes.\n\nUsage: orilla COMMAND [ARG...] [FLAG...]\n\nCommands:\n";
    append_entry(out, "serve", "Run the node: API, controllers, containers and network", 16);
    std::string before;
    for (const Command& command : commands) {
        const std::string verb(command.path.substr(0, command.path.find(' ')));
        if (verb == before) continue;
        before = verb;
        std::string_view help = command.help;
        if (verb == "rollout") help = "Tell, undo, restart, pause or resume the rollout of a Deployment";
        if (verb == "image") help = "Pull, import, list, remove or prune images on this box";
        append_entry(out, verb, help, 16);
    }
    return out + "\n'orilla COMMAND --help' tells more; 'orilla --version' is the version.\n";
}

/// The part below "create", "rollout" and the like.
void append_group(std::string& out, std::string_view topic) {
    bool first = true;
    for (const Command& command : commands) {
        if (!is_below(command.path, topic)) continue;
        if (first) out += "\nCommands:\n";
        first = false;
        append_entry(out, std::string(command.path.substr(topic.size() + 1)), command.help, 20);
    }
}

}  // namespace

std::span<const Command> all_commands() { return commands; }

const Flag* find_flag(std::string_view name) {
    if (name == "events:for") return &special_flags[0];
    if (name == "rollout:watch") return &special_flags[1];
    for (const Flag& flag : flags)
        if (flag.name == name) return &flag;
    return nullptr;
}

std::vector<const Flag*> flags_of(const Command& command) {
    std::vector<const Flag*> out;
    for (std::string_view rest = command.flags; !rest.empty();) {
        const size_t end = std::min(rest.find(' '), rest.size());
        out.push_back(find_flag(rest.substr(0, end)));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return out;
}

std::string render_help(std::string_view topic) {
    if (topic.empty()) return render_overview();
    if (topic == "serve") return "Runs the node: API server, object store, controllers, runtime and network.\n\n'orilla serve --help' lists its flags.\n";
    const auto found = std::ranges::find(commands, topic, &Command::path);
    const Command* command = found == std::end(commands) ? nullptr : &*found;
    std::string out = command ? std::string(command->help) + ".\n\nUsage: orilla " + std::string(topic) : "Usage: orilla " + std::string(topic);
    if (!command) out += " COMMAND";
    else if (!command->usage.empty()) out += " " + std::string(command->usage);
    out += command && !command->flags.empty() ? " [FLAG...]\n" : "\n";
    append_group(out, topic);
    if (!command || command->flags.empty()) return out;
    out += "\nFlags:\n";
    for (const Flag* flag : flags_of(*command)) {
        std::string left = flag->shorthand ? std::string("-") + flag->shorthand + ", " : std::string("    ");
        left += "--" + std::string(flag->name) + (flag->value.empty() ? "" : "=" + std::string(flag->value));
        append_entry(out, left, flag->help, 34);
    }
    return out;
}

}  // namespace orilla::cli
