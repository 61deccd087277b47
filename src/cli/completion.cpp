#include "completion.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <set>

#include "flags.hpp"
#include "orilla/kinds/types.hpp"
#include "resources.hpp"
#include "served_kinds.hpp"
#include "verbs/logs.hpp"
#include "verbs/rollout.hpp"

namespace orilla::cli {
namespace {

using Wants = CompletionPlan::Wants;

// What a flag's value is made of; what is not here comes from the help (strict|warn|ignore), or is free text.
struct ValueSource {
    std::string_view flag;
    Wants wants;
    std::string_view words;  ///< separated by blanks; those that end in = go on
};
constexpr ValueSource value_sources[] = {
    {"filename", Wants::files, ""},
    {"from-file", Wants::files, ""},
    {"from-env-file", Wants::files, ""},
    {"cert", Wants::files, ""},
    {"key", Wants::files, ""},
    {"socket", Wants::files, ""},
    {"data-dir", Wants::directories, ""},
    {"container", Wants::containers, ""},
    {"image", Wants::images, ""},
    {"types", Wants::nothing, "Normal Warning"},
    {"sort-by", Wants::nothing, ".metadata.creationTimestamp .metadata.name"},
    {"field-selector", Wants::nothing, "metadata.name= metadata.namespace= status.phase= spec.nodeName="},
    {"type", Wants::nothing,
     "Opaque kubernetes.io/basic-auth kubernetes.io/dockerconfigjson kubernetes.io/ssh-auth kubernetes.io/tls"},
    {"verbs", Wants::nothing, "create delete deletecollection get list patch update watch"},
    {"v", Wants::nothing, "6 7 8 9 10"},
};

struct OutputFormats {
    std::string_view verb, words;
};
constexpr OutputFormats output_formats[] = {
    {"get", "json yaml name wide jsonpath= custom-columns="},
    {"delete", "name"},
    {"api-resources", "name wide"},
    {"version", "json yaml"},
    {"image list", "json yaml jsonpath="},
};
constexpr std::string_view change_formats = "json yaml name jsonpath=";

/// The verbs whose words are TYPE NAME... or TYPE/NAME....
constexpr std::string_view resource_verbs[] = {"get", "describe", "delete", "label", "annotate", "wait", "scale"};
/// Those whose words are nodes.
constexpr std::string_view node_verbs[] = {"cordon", "uncordon", "drain"};

class Planner {
  public:
    Planner(PartialLine line, std::string typed, const std::vector<ServeFlag>& serve_flags)
        : line_(std::move(line)), typed_(std::move(typed)), serve_flags_(serve_flags) {}

    CompletionPlan run() {
        const size_t equals = typed_.find('=');
        const std::string first = line_.path.empty() ? line_.next.value_or("") : "";
        if (first == "serve") serve();
        else if (first == "help") help();
        else if (line_.pending) value(*line_.pending);
        else if (line_.is_behind_dashes) plan_.wants = Wants::nothing;
        else if (typed_.starts_with("--") && equals != std::string::npos) value_in_word(equals);
        else if (typed_.starts_with('-')) flags();
        else words();
        plan_.options = std::move(line_.options);
        return std::move(plan_);
    }

  private:
    void add(std::string text, std::string_view help = "") { plan_.candidates.push_back({std::move(text), std::string(help)}); }

    void add_each(std::string_view list, char separator) {
        while (!list.empty()) {
            const size_t end = std::min(list.find(separator), list.size());
            add(plan_.prefix + std::string(list.substr(0, end)));
            list.remove_prefix(std::min(end + 1, list.size()));
        }
    }

    std::vector<const Flag*> known_flags() const {
        const Command* command = find_command(line_.path);
        return command ? flags_of(*command) : global_flags();
    }

    void flags() {
        for (const Flag* flag : known_flags()) {
            const bool needs_value = !flag->is_switch() && flag->bare.empty();
            add(fmt::format("--{}{}", flag->name, flag->is_switch() || needs_value ? "" : "="), flag->help);
            if (flag->shorthand && typed_ == "-") add(std::string("-") + flag->shorthand, flag->help);
        }
        add("--help", "help for this command");
    }

    /// --output=js
    void value_in_word(size_t equals) {
        const std::string name = typed_.substr(2, equals - 2);
        plan_.prefix = typed_.substr(0, equals + 1);
        for (const Flag* flag : known_flags())
            if (flag->name == name) return value(*flag);
    }

    void value(const Flag& flag) {
        if (flag.name == "namespace") return objects(api::kind_of<api::Namespace>());
        if (flag.name == "output" && line_.path == "kubeconfig") plan_.wants = Wants::files;
        else if (flag.name == "output") output();
        else if (flag.name == "for" && line_.path == "wait") add_each("create delete condition= jsonpath=", ' ');
        else if (flag.name == "for") objects_with_type();
        else if (flag.name == "api-group") groups();
        else if (flag.value.find('|') != std::string_view::npos && flag.value.find('[') == std::string_view::npos)
            add_each(flag.value, '|');
        for (const ValueSource& source : value_sources) {
            if (source.flag != flag.name) continue;
            plan_.wants = source.wants;
            if (source.wants == Wants::containers) plan_.pod = line_.options.args.empty() ? "" : line_.options.args[0];
            add_each(source.words, ' ');
        }
    }

    void output() {
        std::string_view formats = change_formats;
        for (const OutputFormats& one : output_formats)
            if (one.verb == line_.path) formats = one.words;
        add_each(formats, ' ');
    }

    void groups() {
        std::set<std::string_view> seen;
        for (const api::KindInfo& kind : served_kinds().all())
            if (!kind.group.empty() && seen.insert(kind.group).second) add(plan_.prefix + std::string(kind.group));
    }

    void objects(const api::KindInfo& kind) {
        plan_.wants = Wants::objects;
        plan_.kind = &kind;
    }

    bool fits(const api::KindInfo& kind) const {
        if (line_.path == "scale") return kind.find_subresource("scale") != nullptr;
        if (line_.path.starts_with("rollout ")) return has_rollout(kind, line_.path.substr(line_.path.find(' ') + 1));
        if (line_.path == "logs") return selects_pods(kind);
        return kind.has_verb("list");
    }

    /// Types; behind a comma the next one.
    void types(const char* after = "") {
        const size_t comma = typed_.rfind(',');
        const std::string before = comma == std::string::npos || *after ? "" : typed_.substr(0, comma + 1);
        for (const api::KindInfo& kind : served_kinds().all())
            if (fits(kind)) add(plan_.prefix + before + std::string(kind.plural) + after, kind.api_version);
    }

    /// pod/we, --for=pod/we
    void objects_with_type() {
        const std::string word = typed_.substr(plan_.prefix.size());
        const size_t slash = word.find('/');
        if (slash == std::string::npos) return types("/");
        const api::KindInfo* kind = served_kinds().find_by_any_name(word.substr(0, slash));
        if (!kind || !fits(*kind)) return;
        objects(*kind);
        plan_.prefix += word.substr(0, slash + 1);
    }

    /// TYPE NAME..., TYPE/NAME...
    void resources() {
        const std::vector<std::string>& args = line_.options.args;
        if (!line_.options.files.empty()) return;
        if (typed_.find('/') != std::string::npos) return objects_with_type();
        if (args.empty()) return types();
        if (args[0].find('/') != std::string::npos) return types("/");
        const api::KindInfo* kind = served_kinds().find_by_any_name(args[0]);
        if (!kind || !fits(*kind)) return;
        const bool sets = line_.path == "label" || line_.path == "annotate";
        if (sets && args.size() > 1) return;
        objects(*kind);
        plan_.taken.assign(args.begin() + 1, args.end());
    }

    void taints() {
        const std::vector<std::string>& args = line_.options.args;
        if (args.empty()) return add("node", "a node by its name");
        if (args.size() == 1) return objects(api::kind_of<api::Node>());
    }

    void logs() {
        const std::vector<std::string>& args = line_.options.args;
        if (args.size() == 1) {
            plan_.wants = Wants::containers;
            plan_.pod = args[0];
        } else if (args.empty() && typed_.find('/') == std::string::npos) {
            objects(api::kind_of<api::Pod>());
        } else if (args.empty()) {
            objects_with_type();
        }
    }

    /// Commands below `path`; at the top, the verbs.
    void commands(const std::string& path) {
        std::set<std::string_view> seen;
        for (const Command& command : all_commands()) {
            if (!path.empty() && !is_below(command.path, path)) continue;
            const std::string_view rest = command.path.substr(path.empty() ? 0 : path.size() + 1);
            const std::string_view word = rest.substr(0, rest.find(' '));
            if (seen.insert(word).second)
                add(std::string(word), help_of(path.empty() ? word : fmt::format("{} {}", path, word)));
        }
    }

    void words() {
        const std::string& path = line_.path;
        if (path.empty() && line_.next) return;
        if (path.empty())
            add("serve", "Run the node: API, controllers, containers and network"), add("help", "Help for a command");
        if (path.empty() || (is_group(path) && line_.options.args.empty())) return commands(path);
        if (std::ranges::find(resource_verbs, path) != std::end(resource_verbs) || path.starts_with("rollout "))
            return resources();
        if (path == "logs") return logs();
        if (std::ranges::find(node_verbs, path) != std::end(node_verbs)) {
            plan_.taken = line_.options.args;
            return objects(api::kind_of<api::Node>());
        }
        if (path == "taint") return taints();
        if (path == "explain" && line_.options.args.empty()) return types();
        if (path == "completion" && line_.options.args.empty()) return add_each("bash zsh fish", ' ');
        if (path == "image import") plan_.wants = Wants::files;
        if (path == "image remove" || path == "image pull") plan_.wants = Wants::images;
    }

    void help() {
        const std::vector<std::string>& args = line_.options.args;
        std::string path;
        for (auto it = std::ranges::find(args, "help"); it != args.end(); ++it)
            if (*it != "help") path += (path.empty() ? "" : " ") + *it;
        if (path.empty()) add("serve", "Run the node: API, controllers, containers and network");
        commands(path);
    }

    void serve() {
        if (typed_.starts_with('-') && typed_.find('=') == std::string::npos) {
            for (const ServeFlag& flag : serve_flags_) add("--" + flag.name, flag.help);
            return;
        }
        plan_.wants = Wants::files;
    }

    PartialLine line_;
    std::string typed_;
    const std::vector<ServeFlag>& serve_flags_;
    CompletionPlan plan_;
};

}  // namespace

CompletionPlan plan_completion(const std::vector<std::string>& words, const std::vector<ServeFlag>& serve_flags,
                               Options defaults) {
    const std::string typed = words.empty() ? "" : words.back();
    const std::vector<std::string> before(words.begin(), words.empty() ? words.end() : words.end() - 1);
    return Planner(parse_partial_line(before, std::move(defaults)), typed, serve_flags).run();
}

std::string render_completion(const CompletionPlan& plan, std::string_view typed) {
    std::string out;
    bool goes_on = false;
    for (const Candidate& one : plan.candidates) {
        if (!one.text.starts_with(typed)) continue;
        out += fmt::format("{}{}\n", one.text, one.help.empty() ? "" : "\t" + one.help);
        goes_on |= one.text.ends_with('=') || one.text.ends_with('/');
    }
    if (plan.wants == Wants::files) return out + ":files\n";
    if (plan.wants == Wants::directories) return out + ":directories\n";
    return out + (goes_on ? ":nospace\n" : ":done\n");
}

}  // namespace orilla::cli
