#include "orilla/cli/cli.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "output.hpp"
#include "verbs.hpp"

namespace orilla::cli {
namespace {

using Verb = Result<void> (*)(Client&, const Options&);

/// Which flags a verb takes.
struct VerbSpec {
    const char* name;
    const char* help;
    const char* flags;  ///< names of the groups below, by letter
    Verb run;           ///< null: needs no server
};

// N namespace, n namespace and selectors, o output, f files, d dry run, w watch, D deletion, l logs, s scale, r rollout, L labels,
// c create, W waiting, i images, k local
constexpr VerbSpec verbs[] = {
    {"apply", "Create or change objects so that they are as the files say", "Nofd", run_apply},
    {"get", "Show objects", "now", run_get},
    {"describe", "Show one or more objects in detail, with their events", "n", run_describe},
    {"create", "Create objects from files, or a configmap, secret, namespace, deployment or service", "Nofdc", run_create},
    {"delete", "Delete objects", "nofdDW", run_delete},
    {"logs", "Print what a container wrote", "nl", run_logs},
    {"scale", "Set the number of replicas", "nosW", run_scale},
    {"rollout", "status, history, undo, restart, pause or resume a Deployment", "NorW", run_rollout},
    {"label", "Change labels: label pods web tier=front old-", "nodL", run_label},
    {"annotate", "Change annotations", "nodL", run_label},
    {"image", "pull, import, list, remove or prune images on this box", "oi", run_image},
    {"api-resources", "List the kinds that are served", "o", run_api_resources},
    {"explain", "Show the fields of a kind: explain pod.spec.containers", "", run_explain},
    {"events", "List events", "nowW", run_events},
    {"wait", "Wait for a condition: wait pod/web --for=condition=Ready", "noW", run_wait},
    {"version", "Show the client's and the server's version", "o", run_version},
    {"kubeconfig", "Print the administrator's kubeconfig for kubectl", "k", nullptr},
    {"check", "Tell what this kernel lacks", "", nullptr},
};

void add_namespace_flag(CLI::App& app, Options& o) {
    app.add_option("-n,--namespace", o.ns, "namespace")->each([&o](const std::string&) { o.ns_given = true; });
}

void add_listing_flags(CLI::App& app, Options& o) {
    add_namespace_flag(app, o);
    app.add_flag("-A,--all-namespaces", o.all_namespaces, "all namespaces");
    app.add_option("-l,--selector", o.selector, "label selector: app=web,tier!=front");
    app.add_option("--field-selector", o.field_selector, "field selector: status.phase=Running");
    app.add_flag("--all", o.all, "all objects of the namespace");
}

void add_output_flags(CLI::App& app, Options& o) {
    app.add_option("-o,--output", o.output, "json, yaml, name, wide or jsonpath=TEMPLATE");
    app.add_flag("--show-labels", o.show_labels, "a column with the labels");
    app.add_flag("--no-headers", o.no_headers, "no header line");
}

void add_delete_flags(CLI::App& app, Options& o) {
    app.add_option("--grace-period", o.grace_period_s, "seconds to end gracefully");
    app.add_flag("--force", o.force, "with --grace-period=0: do not wait for the end of the processes");
    app.add_flag("--now", o.now, "a grace period of one second");
    app.add_option("--cascade", o.cascade, "background, foreground or orphan");
    app.add_flag("--wait,!--no-wait", o.wait, "wait until they are gone");
}

void add_log_flags(CLI::App& app, Options& o) {
    app.add_option("-c,--container", o.container, "container");
    app.add_flag("-f,--follow", o.follow, "go on as more comes");
    app.add_flag("-p,--previous", o.previous, "of the attempt before");
    app.add_flag("--timestamps", o.timestamps, "time of each line");
    app.add_flag("--all-containers", o.all_containers, "of every container");
    app.add_flag("--prefix", o.prefix, "pod and container in front of each line");
    app.add_option("--tail", o.tail, "the last lines only");
    app.add_option("--limit-bytes", o.limit_bytes, "at most so many bytes");
    app.add_option("--since", o.since, "newer than 10s, 5m, 1h");
    app.add_option("--since-time", o.since_time, "newer than an RFC3339 time");
}

void add_change_flags(CLI::App& app, Options& o, const std::string& groups) {
    const auto has = [&](char letter) { return groups.find(letter) != std::string::npos; };
    if (has('f')) {
        app.add_option("-f,--filename", o.files, "file, directory or - for standard input");
        app.add_flag("-R,--recursive", o.recursive, "with the directories below");
        app.add_option("--validate", o.validate, "true (strict), warn or false")->expected(0, 1);
    }
    if (has('d')) app.add_option("--dry-run", o.dry_run, "none, client or server");
    if (has('s')) {
        app.add_option("--replicas", o.replicas, "wanted number")->required();
        app.add_option("--current-replicas", o.current_replicas, "only if there are so many now");
    }
    if (has('r')) {
        app.add_option("--revision", o.revision, "revision to show");
        app.add_option("--to-revision", o.to_revision, "revision to go back to; 0: the one before");
        app.add_flag("-w,--watch,!--no-watch", o.watch, "wait until it is done");
    }
    if (has('L')) {
        app.add_flag("--overwrite", o.overwrite, "values that are there may change");
        app.add_flag("--list", o.list, "show them");
    }
    if (has('c')) {
        app.add_option("--image", o.image, "image of a deployment");
        app.add_option("--replicas", o.replicas, "replicas of a deployment");
        app.add_option("--from-literal", o.from_literal, "KEY=VALUE");
        app.add_option("--from-file", o.from_file, "[KEY=]FILE");
        app.add_option("--tcp", o.tcp, "PORT[:TARGET] of a service");
        app.add_option("--type", o.type, "type of a secret");
    }
}

void add_flags(CLI::App& app, Options& o, const std::string& groups) {
    const auto has = [&](char letter) { return groups.find(letter) != std::string::npos; };
    app.add_option("--socket", o.socket, "the API's unix socket (ORILLA_SOCKET)");
    if (has('N')) add_namespace_flag(app, o);
    if (has('n')) add_listing_flags(app, o);
    if (has('o')) add_output_flags(app, o);
    if (has('w')) {
        app.add_flag("-w,--watch", o.watch, "go on with changes");
        app.add_flag("--watch-only", o.watch_only, "only changes");
    }
    if (has('D')) add_delete_flags(app, o);
    if (has('l')) add_log_flags(app, o);
    add_change_flags(app, o, groups);
    if (has('W')) {
        app.add_option("--timeout", o.timeout, "how long to wait: 30s, 5m");
        app.add_option("--for", o.wait_for, "delete, create, condition=Ready[=True], jsonpath=PATH=VALUE; with events: TYPE/NAME");
        app.add_option("--types", o.types, "Normal or Warning (events)");
    }
    if (has('D') || has('w')) app.add_flag("--ignore-not-found", o.ignore_not_found, "no error for what is not there");
    if (has('i')) {
        app.add_option("--name", o.name, "name for the imported image");
        app.add_flag("-q,--quiet", o.quiet, "no progress");
    }
    if (has('k')) {
        app.add_option("--data-dir", o.data_dir, "read the keys there instead of asking the daemon");
        app.add_option("--server", o.server, "URL that kubectl uses; by default where the daemon listens");
    }
    app.add_option("args", o.args, "what to work on");
}

/// Tells what went wrong, and where help is.
int fail_usage(const std::string& message, const std::string& verb) {
    fprintf(stderr, "error: %s\nSee 'orilla %s--help'.\n", message.c_str(), verb.empty() ? "" : (verb + " ").c_str());
    return 2;
}

Result<void> dispatch(const VerbSpec& verb, const Options& options, const Local& local) {
    if (options.verb == "check") return run_check(options, local);
    Client client(options.socket);
    if (options.verb == "kubeconfig") return run_kubeconfig(client, options, local);
    return verb.run(client, options);
}

}  // namespace

int64_t parse_duration_ms(const std::string& text) {
    if (text.empty()) return -1;
    int64_t total = 0, number = 0;
    bool digits = false;
    for (size_t i = 0; i < text.size(); ++i) {
        if (isdigit(static_cast<unsigned char>(text[i])) && number < 1'000'000'000) {
            number = number * 10 + (text[i] - '0');
            digits = true;
            continue;
        }
        const int64_t unit = text[i] == 'h' ? 3'600'000 : text[i] == 'm' ? 60'000 : text[i] == 's' ? 1'000 : 0;
        if (!digits || unit == 0) return -1;
        const bool milli = text[i] == 'm' && i + 1 < text.size() && text[i + 1] == 's';
        total += number * (milli ? 1 : unit);
        i += milli;
        number = 0;
        digits = false;
    }
    return digits ? total + number * 1000 : total;
}

int run(const std::vector<std::string>& args, const Local& local) {
    Options options;
    if (const char* socket = getenv("ORILLA_SOCKET"); socket && *socket) options.socket = socket;
    CLI::App app("Orilla: a one-node Kubernetes for small boxes.", "orilla");
    app.require_subcommand(1);
    app.footer("`orilla serve` runs the node; see 'orilla serve --help'.");
    app.set_version_flag("--version", "orilla " ORILLA_VERSION);
    std::map<const CLI::App*, const VerbSpec*> known;
    for (const auto& verb : verbs) {
        CLI::App* sub = app.add_subcommand(verb.name, verb.help);
        add_flags(*sub, options, verb.flags);
        known[sub] = &verb;
    }
    try {
        app.parse(std::vector<std::string>(args.rbegin(), args.rend()));
    } catch (const CLI::CallForHelp&) {
        const auto subs = app.get_subcommands();
        print(subs.empty() ? app.help() : subs[0]->help());
        return 0;
    } catch (const CLI::CallForVersion&) {
        print("orilla " ORILLA_VERSION "\n");
        return 0;
    } catch (const CLI::Error& error) {
        const auto subs = app.get_subcommands();
        return fail_usage(error.what(), subs.empty() ? "" : subs[0]->get_name());
    }
    const CLI::App* chosen = app.get_subcommands()[0];
    options.verb = chosen->get_name();
    if (options.dry_run != "none" && options.dry_run != "client" && options.dry_run != "server")
        return fail_usage("--dry-run must be none, client or server", options.verb);
    auto done = dispatch(*known[chosen], options, local);
    fflush(stdout);
    return done ? 0 : fail(done.error());
}

}  // namespace orilla::cli
