// The commands and flags, as tables.
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
    {"prune", 0, "", "delete what was applied and is in no file any more; needs -l or --all", &Options::prune},
    {"prune-allowlist", 0, "GROUP/VERSION/KIND",
     "a kind that --prune looks at instead of the usual; may be given several times", &Options::prune_allowlist, "", true},
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
    {"cascade", 0, "background|foreground|orphan", "what becomes of the objects it owns (default background)",
     &Options::cascade, "background"},
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
    {"from-file", 0, "[KEY=]FILE|DIR", "a file, or each file of a directory; may be given several times", &Options::from_file,
     "", true},
    {"from-env-file", 0, "FILE", "lines of KEY=VALUE; may be given several times", &Options::from_env_file, "", true},
    {"tcp", 0, "PORT[:TARGET]", "a port; may be given several times", &Options::tcp, "", true},
    {"node-port", 0, "PORT", "the port on the node", &Options::node_port},
    {"external-name", 0, "DNS_NAME", "what the Service is an alias of", &Options::external_name},
    {"clusterip", 0, "IP", "the address, or None for a headless Service", &Options::cluster_ip},
    {"hard", 0, "RESOURCE=AMOUNT,...", "the most of each: pods=10,requests.cpu=1", &Options::hard},
    {"scopes", 0, "SCOPE,...", "count only what all of these hold for: BestEffort, NotTerminating, ...", &Options::scopes},
    {"type", 0, "TYPE", "the secret's type", &Options::secret_type},
    {"from", 0, "cronjob/NAME", "what a CronJob would make now", &Options::from},
    {"schedule", 0, "SCHEDULE", "when it starts: '*/5 * * * *', @hourly", &Options::schedule},
    {"restart", 0, "Never|OnFailure", "what becomes of a container that fails (default OnFailure)", &Options::restart},
    {"min-available", 0, "COUNT|PERCENT%", "so many pods have to stay ready", &Options::min_available},
    {"max-unavailable", 0, "COUNT|PERCENT%", "at most so many pods may be away", &Options::max_unavailable},
    {"value", 0, "NUMBER", "the priority of the class's pods (default 0)", &Options::value},
    {"global-default", 0, "", "the class of all pods that name none", &Options::global_default},
    {"description", 0, "TEXT", "when to use the class", &Options::description},
    {"preemption-policy", 0, "PreemptLowerPriority|Never", "whether its pods take the place of others",
     &Options::preemption_policy},
    {"ignore-daemonsets", 0, "", "leave the pods of DaemonSets where they are", &Options::ignore_daemonsets},
    {"delete-emptydir-data", 0, "", "go on in spite of pods that lose what is in their emptyDir volumes",
     &Options::delete_emptydir_data},
    {"disable-eviction", 0, "", "delete the pods, whatever their PodDisruptionBudgets say", &Options::disable_eviction},
    {"pod-selector", 0, "SELECTOR", "only pods with these labels", &Options::pod_selector},
    {"skip-wait-for-delete-timeout", 0, "SECONDS", "do not wait for pods that are ending for longer than this",
     &Options::skip_wait_for_delete_s},
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
    {"min", 0, "COUNT", "the least number of pods (default 1)", &Options::min_replicas},
    {"max", 0, "COUNT", "the greatest number of pods", &Options::max_replicas},
    {"cpu-percent", 0, "PERCENT", "the cpu that pods are to use, of what they request (default 80)", &Options::cpu_percent},
    {"cpu", 0, "PERCENT%|AMOUNT", "the same, or an amount: 80%, 500m", &Options::cpu},
    {"memory", 0, "PERCENT%|AMOUNT", "the memory that pods are to use: 60%, 200Mi", &Options::memory},
    {"containers", 0, "", "each container of the pods", &Options::show_containers},
    {"sum", 0, "", "with a last line that sums them up", &Options::sum},
    {"show-capacity", 0, "", "percent of what the node has, not of what pods may use of it", &Options::show_capacity},
    {"types", 0, "TYPE,...", "only these: Normal, Warning", &Options::event_types, "", true},
    {"client", 0, "", "only the client's", &Options::client_only},
    {"api-group", 0, "GROUP", "only of this group", &Options::api_group},
    {"verbs", 0, "VERB,...", "only what has these verbs", &Options::verbs, "", true},
    {"namespaced", 0, "true|false", "only what is, or is not, in namespaces", &Options::namespaced, "true"},
    {"merge", 0, "", "into the file that kubectl reads: KUBECONFIG, or ~/.kube/config", &Options::merge},
    {"socket", 0, "PATH", "the API's unix socket (ORILLA_SOCKET)", &Options::socket},
    {"request-timeout", 0, "DURATION",
     "how long one request may take: 5s, 1m; 0 is for ever (default: 60s for the answer to begin)", &Options::request_timeout},
    {"v", 'v', "LEVEL", "6 tells each request, 7 its headers, 8 and 9 the bodies in part, 10 in whole", &Options::verbosity},
};

// Flags whose name another command uses with other words.
constexpr Flag special_flags[] = {
    {"force", 0, "", "go on in spite of pods that no controller makes anew", &Options::force},
    {"selector", 'l', "SELECTOR", "the nodes with these labels", &Options::selector},
    {"selector", 0, "SELECTOR", "the pods that the budget is about: app=web", &Options::selector},
    {"overwrite", 0, "", "taints that are there may change", &Options::overwrite},
    {"all", 0, "", "all nodes", &Options::all},
    {"timeout", 0, "DURATION", "how long to wait before giving up: 30s, 5m; 0 is for ever (default 0)", &Options::timeout},
    {"for", 0, "TYPE/NAME", "only about this object", &Options::wait_for},
    {"watch", 'w', "", "wait until it is done (default true)", &Options::rollout_watch},
    {"sort-by", 0, "cpu|memory", "the greatest first", &Options::sort_by},
    {"name", 0, "NAME", "how the autoscaler is called (default: as what it scales)", &Options::name},
    {"output", 'o', "FILE", "into this file, beside the clusters that it has; its directory is made",
     &Options::kubeconfig_file},
    {"name", 0, "NAME", "name of cluster and context (default: orilla)", &Options::name},
    {"overwrite", 0, "", "take the name from another cluster", &Options::overwrite},
};

constexpr Command commands[] = {
    {"get", "(TYPE[,TYPE...] [NAME...] | TYPE/NAME... | -f FILE)", "Show objects",
     "namespace all-namespaces selector field-selector output show-labels show-kind label-columns sort-by no-headers "
     "ignore-not-found "
     "filename recursive watch watch-only raw",
     "orilla get pods -A -o wide\n"
     "orilla get deploy,svc -l app=web\n"
     "orilla get pod web -o jsonpath='{.status.podIP}'"},
    {"describe", "(TYPE [NAME...] | TYPE/NAME... | -f FILE)", "Show objects in detail, with their events",
     "namespace all-namespaces selector filename recursive show-events",
     "orilla describe pod web\n"
     "orilla describe deploy/web -n shop"},
    {"apply", "-f FILE", "Create or change objects so that they are as the files say",
     "namespace filename recursive selector output dry-run validate prune all prune-allowlist cascade",
     "orilla apply -f web.yaml\n"
     "orilla apply -f shop/ --prune -l app=shop\n"
     "kubectl kustomize shop/ | orilla apply -f -"},
    {"create", "-f FILE", "Create objects from files, or one of the kinds below by its flags",
     "namespace filename recursive selector output dry-run validate",
     "orilla create -f web.yaml\n"
     "orilla create deployment web --image=nginx:1.27"},
    {"create configmap", "NAME", "Create a ConfigMap from files, directories or literal values",
     "from-literal from-file from-env-file namespace output dry-run validate",
     "orilla create configmap settings --from-literal=mode=fast --from-file=app.conf"},
    {"create secret generic", "NAME", "Create a Secret from files, directories or literal values",
     "from-literal from-file from-env-file type namespace output dry-run validate",
     "orilla create secret generic login --from-literal=user=ann --from-file=password.txt"},
    {"create secret tls", "NAME --cert=FILE --key=FILE", "Create a Secret of a certificate and its key",
     "cert key namespace output dry-run validate", "orilla create secret tls web --cert=web.crt --key=web.key"},
    {"create secret docker-registry", "NAME --docker-username=NAME --docker-password=WORD",
     "Create a Secret for pulling from a registry",
     "docker-server docker-username docker-password docker-email from-file namespace output dry-run validate",
     "orilla create secret docker-registry pull --docker-server=registry.example.com --docker-username=ann "
     "--docker-password=WORD"},
    {"create namespace", "NAME", "Create a Namespace", "namespace output dry-run validate", "orilla create namespace shop"},
    {"create deployment", "NAME --image=IMAGE [-- COMMAND [ARG...]]", "Create a Deployment",
     "image replicas port namespace output dry-run validate",
     "orilla create deployment web --image=nginx:1.27 --replicas=2\n"
     "orilla create deployment tick --image=busybox:1 -- sh -c \"while date; do sleep 5; done\""},
    {"create job", "NAME (--image=IMAGE [-- COMMAND [ARG...]] | --from=cronjob/NAME)", "Create a Job",
     "image from namespace output dry-run validate",
     "orilla create job sum --image=busybox:1 -- sh -c 'echo done'\n"
     "orilla create job backup-now --from=cronjob/backup"},
    {"create cronjob", "NAME --image=IMAGE --schedule=SCHEDULE [-- COMMAND [ARG...]]", "Create a CronJob",
     "image schedule restart namespace output dry-run validate",
     "orilla create cronjob tick --image=busybox:1 --schedule='*/5 * * * *' -- date"},
    {"create poddisruptionbudget", "NAME --selector=SELECTOR (--min-available=COUNT | --max-unavailable=COUNT)",
     "Create a PodDisruptionBudget", "min-available max-unavailable budget:selector namespace output dry-run validate",
     "orilla create poddisruptionbudget web --selector=app=web --min-available=1\n"
     "orilla create pdb web --selector=app=web --max-unavailable=50%"},
    {"create priorityclass", "NAME --value=NUMBER", "Create a PriorityClass",
     "value global-default description preemption-policy namespace output dry-run validate",
     "orilla create priorityclass important --value=1000 --description='goes before others'"},
    {"create quota", "NAME [--hard=RESOURCE=AMOUNT,...] [--scopes=SCOPE,...]", "Create a ResourceQuota",
     "hard scopes namespace output dry-run validate",
     "orilla create quota small --hard=pods=10,requests.cpu=1,limits.memory=1Gi\n"
     "orilla create quota idle --hard=pods=2 --scopes=BestEffort"},
    {"create service clusterip", "NAME --tcp=PORT[:TARGET]", "Create a Service with a cluster address",
     "tcp clusterip namespace output dry-run validate", "orilla create service clusterip web --tcp=80:8080"},
    {"create service nodeport", "NAME --tcp=PORT[:TARGET]", "Create a Service with a port on the node",
     "tcp node-port namespace output dry-run validate", "orilla create service nodeport web --tcp=80:8080 --node-port=30080"},
    {"create service loadbalancer", "NAME --tcp=PORT[:TARGET]", "Create a Service with an address on the LAN",
     "tcp namespace output dry-run validate", "orilla create service loadbalancer web --tcp=80:8080"},
    {"create service externalname", "NAME --external-name=DNS_NAME", "Create a Service that is an alias of another name",
     "external-name tcp namespace output dry-run validate",
     "orilla create service externalname db --external-name=db.example.com"},
    {"delete", "(TYPE [NAME...] | TYPE/NAME... | -f FILE)", "Delete objects",
     "namespace all-namespaces selector field-selector all filename recursive output dry-run grace-period force now cascade "
     "wait "
     "timeout ignore-not-found",
     "orilla delete pod web\n"
     "orilla delete -f web.yaml\n"
     "orilla delete deploy -l app=web --cascade=foreground"},
    {"logs", "(POD | TYPE/NAME | -l SELECTOR) [-c CONTAINER]", "Print what a container wrote",
     "namespace selector container follow previous timestamps all-containers all-pods prefix tail limit-bytes max-log-requests "
     "since "
     "since-time",
     "orilla logs web -f\n"
     "orilla logs deploy/web -c main --since=1h\n"
     "orilla logs -l app=web --all-containers --prefix"},
    {"scale", "--replicas=COUNT (TYPE NAME | TYPE/NAME | -f FILE)", "Set the number of replicas",
     "replicas current-replicas namespace selector all filename recursive output dry-run timeout",
     "orilla scale deploy/web --replicas=3"},
    {"autoscale", "(TYPE NAME | TYPE/NAME | -f FILE) --max=COUNT", "Let the number of replicas follow what pods use",
     "min max cpu-percent cpu memory autoscale:name namespace filename recursive output dry-run",
     "orilla autoscale deploy/web --min=3 --max=10 --cpu=80%\n"
     "orilla autoscale sts db --max=5 --memory=200Mi"},
    {"rollout status", "(TYPE NAME | TYPE/NAME | -f FILE)", "Tell how a rollout goes, until it is done",
     "namespace selector filename recursive rollout:watch revision timeout", "orilla rollout status deploy/web --timeout=2m"},
    {"rollout history", "(TYPE NAME | TYPE/NAME | -f FILE)", "Show the revisions",
     "namespace selector filename recursive revision", "orilla rollout history deploy/web --revision=2"},
    {"rollout undo", "(TYPE NAME | TYPE/NAME | -f FILE)", "Go back to an earlier revision",
     "namespace selector filename recursive to-revision output dry-run", "orilla rollout undo deploy/web --to-revision=2"},
    {"rollout restart", "(TYPE NAME | TYPE/NAME | -f FILE)", "Replace every pod",
     "namespace selector filename recursive output", "orilla rollout restart deploy/web"},
    {"rollout pause", "(TYPE NAME | TYPE/NAME | -f FILE)", "Keep changes back", "namespace selector filename recursive output",
     "orilla rollout pause deploy/web"},
    {"rollout resume", "(TYPE NAME | TYPE/NAME | -f FILE)", "Roll out what was kept back",
     "namespace selector filename recursive output", "orilla rollout resume deploy/web"},
    {"label", "(TYPE NAME | TYPE/NAME | -f FILE) KEY=VALUE... KEY-...", "Set or remove labels",
     "namespace all-namespaces selector field-selector all filename recursive output dry-run overwrite list",
     "orilla label pod web tier=front\n"
     "orilla label pods --all tier-"},
    {"annotate", "(TYPE NAME | TYPE/NAME | -f FILE) KEY=VALUE... KEY-...", "Set or remove annotations",
     "namespace all-namespaces selector field-selector all filename recursive output dry-run overwrite list",
     "orilla annotate deploy/web note='look here'\n"
     "orilla annotate deploy/web note-"},
    {"cordon", "NODE...", "Let no new pods onto a node", "nodes:selector dry-run", "orilla cordon box"},
    {"uncordon", "NODE...", "Let pods onto a node again", "nodes:selector dry-run", "orilla uncordon box"},
    {"drain", "NODE...", "Cordon a node and take its pods off, as far as PodDisruptionBudgets allow",
     "ignore-daemonsets delete-emptydir-data drain:force grace-period drain:timeout disable-eviction pod-selector "
     "nodes:selector "
     "skip-wait-for-delete-timeout dry-run",
     "orilla drain box --ignore-daemonsets --delete-emptydir-data --timeout=5m\n"
     "orilla drain box --pod-selector=app=web --dry-run=client"},
    {"taint", "node NAME KEY=VALUE:EFFECT... KEY:EFFECT-...", "Set or remove taints of nodes",
     "taint:all nodes:selector taint:overwrite output dry-run",
     "orilla taint node box gpu=yes:NoSchedule\n"
     "orilla taint node box maintenance:NoExecute\n"
     "orilla taint node box gpu-"},
    {"wait", "(TYPE NAME | TYPE/NAME | -f FILE) --for=CONDITION", "Wait for a condition",
     "for namespace all-namespaces selector field-selector all filename recursive output timeout",
     "orilla wait pod/web --for=condition=Ready --timeout=1m\n"
     "orilla wait deploy/web --for=jsonpath='{.status.readyReplicas}'=2"},
    {"events", "", "List events, oldest first", "events:for types namespace all-namespaces output no-headers watch",
     "orilla events -A --types=Warning\n"
     "orilla events --for pod/web --watch"},
    {"top", "(node [NAME] | pod [NAME])", "Show what nodes or pods use of cpu and memory",
     "namespace all-namespaces selector field-selector containers sum show-capacity top:sort-by no-headers",
     "orilla top node\n"
     "orilla top pod -A --sort-by=memory\n"
     "orilla top pod -l app=web --containers --sum"},
    {"image pull", "IMAGE...", "Bring images from their registries", "quiet", "orilla image pull nginx:1.27"},
    {"image import", "FILE...", "Bring images from OCI or docker archives", "name quiet",
     "orilla image import nginx.tar --name=nginx:1.27"},
    {"image list", "", "List the images on this box", "output no-headers", "orilla image list"},
    {"image remove", "IMAGE...", "Remove names, and images that have none left", "", "orilla image remove nginx:1.27"},
    {"image prune", "", "Remove every image that no pod uses", "", "orilla image prune"},
    {"explain", "TYPE[.FIELD...]", "Show the fields of a kind", "recursive namespace",
     "orilla explain pod.spec.containers\n"
     "orilla explain deploy --recursive"},
    {"api-resources", "", "List the kinds that are served", "output no-headers api-group namespaced verbs namespace",
     "orilla api-resources --namespaced=false -o name"},
    {"version", "", "Show the client's and the server's version", "client output namespace",
     "orilla version -o yaml\n"
     "orilla version --client"},
    {"kubeconfig", "", "Print the administrator's kubeconfig for kubectl, or merge it into a file",
     "merge kubeconfig:output kubeconfig:name kubeconfig:overwrite data-dir server",
     "orilla kubeconfig --merge\n"
     "orilla kubeconfig --server=https://box.lan:6443 -o box.yaml"},
    {"check", "", "Tell what this kernel lacks", "", "orilla check"},
    {"completion", "bash|zsh|fish", "Print what makes a shell complete orilla's commands, kinds and names", "",
     "source <(orilla completion bash)\n"
     "orilla completion zsh >~/.zfunc/_orilla\n"
     "orilla completion fish >~/.config/fish/completions/orilla.fish"},
};

}  // namespace

std::span<const Command> all_commands() { return commands; }

const Command* find_command(std::string_view path) {
    const auto found = std::ranges::find(commands, path, &Command::path);
    return found == std::end(commands) ? nullptr : &*found;
}

bool is_group(std::string_view path) {
    return std::ranges::any_of(commands, [path](const Command& command) { return is_below(command.path, path); });
}

bool is_below(std::string_view path, std::string_view topic) {
    return path.size() > topic.size() && path.starts_with(topic) && path[topic.size()] == ' ';
}

const Flag* find_flag(std::string_view name) {
    constexpr std::string_view special_names[] = {
        "drain:force",       "nodes:selector",  "budget:selector",     "taint:overwrite", "taint:all",
        "drain:timeout",     "events:for",      "rollout:watch",       "top:sort-by",     "autoscale:name",
        "kubeconfig:output", "kubeconfig:name", "kubeconfig:overwrite"};
    static_assert(std::size(special_names) == std::size(special_flags));
    for (size_t i = 0; i < std::size(special_names); ++i)
        if (special_names[i] == name) return &special_flags[i];
    for (const Flag& flag : flags)
        if (flag.name == name) return &flag;
    return nullptr;
}

namespace {
std::vector<const Flag*> parse_flag_names(std::string_view names) {
    std::vector<const Flag*> out;
    while (!names.empty()) {
        const size_t end = std::min(names.find(' '), names.size());
        out.push_back(find_flag(names.substr(0, end)));
        names.remove_prefix(std::min(end + 1, names.size()));
    }
    return out;
}
}  // namespace

std::vector<const Flag*> own_flags_of(const Command& command) { return parse_flag_names(command.flags); }

std::vector<const Flag*> global_flags() { return parse_flag_names("socket request-timeout v"); }

std::vector<const Flag*> flags_of(const Command& command) {
    std::vector<const Flag*> out = own_flags_of(command);
    for (const Flag* flag : global_flags()) out.push_back(flag);
    return out;
}

}  // namespace orilla::cli
