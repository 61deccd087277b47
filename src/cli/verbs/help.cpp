// The help that the tables of commands and flags give, for people and for what makes man pages.
#include <fmt/core.h>
#include <algorithm>
#include <boost/json.hpp>

#include "flags.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

constexpr size_t group_examples_max = 6;

void append_entry(std::string& out, const std::string& left, std::string_view right, size_t column) {
    out += "  " + left;
    out.append(column > left.size() ? column - left.size() : 2, ' ');
    out += std::string(right) + "\n";
}

void append_flags(std::string& out, const char* title, const std::vector<const Flag*>& flags) {
    if (!flags.empty()) out += fmt::format("\n{}:\n", title);
    for (const Flag* flag : flags) {
        std::string left = flag->shorthand ? fmt::format("-{}, ", flag->shorthand) : std::string("    ");
        left += fmt::format("--{}{}", flag->name, flag->value.empty() ? "" : "=" + std::string(flag->value));
        append_entry(out, left, flag->help, 34);
    }
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> out;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        out.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

/// A command's own examples, or the first one of each command below a group.
std::vector<std::string_view> examples_of(std::string_view topic) {
    if (const Command* command = find_command(topic)) return lines_of(command->examples);
    std::vector<std::string_view> out;
    for (const Command& command : all_commands())
        if (is_below(command.path, topic) && out.size() < group_examples_max) out.push_back(lines_of(command.examples)[0]);
    return out;
}

void append_examples(std::string& out, const std::vector<std::string_view>& examples) {
    out += "\nExamples:\n";
    for (const std::string_view example : examples) out += fmt::format("  {}\n", example);
}

std::string render_overview() {
    std::string out =
        "Orilla: a one-node Kubernetes for small boxes.\n\nUsage: orilla COMMAND [ARG...] [FLAG...]\n\nCommands:\n";
    append_entry(out, "serve", "Run the node: API, controllers, containers and network", 16);
    std::string_view before;
    for (const Command& command : all_commands()) {
        const std::string_view verb = command.path.substr(0, command.path.find(' '));
        if (verb == before) continue;
        before = verb;
        append_entry(out, std::string(verb), help_of(verb), 16);
    }
    append_flags(out, "Flags of every command", global_flags());
    append_examples(out, {"orilla apply -f web.yaml", "orilla get pods -A -o wide", "orilla kubeconfig --merge"});
    return out + "\n'orilla COMMAND --help' tells more; 'orilla --version' is the version.\n";
}

/// The part below "create", "rollout" and the like.
void append_group(std::string& out, std::string_view topic) {
    bool first = true;
    for (const Command& command : all_commands()) {
        if (!is_below(command.path, topic)) continue;
        if (first) out += "\nCommands:\n";
        first = false;
        append_entry(out, std::string(command.path.substr(topic.size() + 1)), command.help, 20);
    }
}

json::array describe_flags(const std::vector<const Flag*>& flags) {
    json::array out;
    for (const Flag* flag : flags)
        out.push_back({{"name", flag->name},
                       {"short", flag->shorthand ? std::string(1, flag->shorthand) : std::string()},
                       {"value", flag->value},
                       {"help", flag->help}});
    return out;
}

json::object describe_command(const Command& command) {
    json::array examples;
    for (const std::string_view example : lines_of(command.examples)) examples.emplace_back(example);
    return {{"path", command.path},
            {"usage", command.usage},
            {"help", command.help},
            {"flags", describe_flags(own_flags_of(command))},
            {"examples", std::move(examples)}};
}

}  // namespace

std::string_view help_of(std::string_view path) {
    if (path == "rollout") return "Tell, undo, restart, pause or resume a rollout";
    if (path == "image") return "Pull, import, list, remove or prune images on this box";
    if (path == "create secret") return "Create a Secret";
    if (path == "create service") return "Create a Service";
    const Command* command = find_command(path);
    return command ? command->help : "";
}

std::string render_help(std::string_view topic) {
    if (topic.empty()) return render_overview();
    if (topic == "serve")
        return "Runs the node: API server, object store, controllers, runtime and network.\n\n'orilla serve --help' lists its "
               "flags.\n"
               "\nExamples:\n  orilla serve --config /etc/orilla/config.yaml\n";
    const Command* command = find_command(topic);
    std::string out = fmt::format("{}.\n\nUsage: orilla {}", help_of(topic), topic);
    if (!command) out += " COMMAND";
    else if (!command->usage.empty()) out += " " + std::string(command->usage);
    out += " [FLAG...]\n";
    append_group(out, topic);
    append_examples(out, examples_of(topic));
    if (!command) return out;
    append_flags(out, "Flags", own_flags_of(*command));
    append_flags(out, "Flags of every command", global_flags());
    return out;
}

std::string render_commands(std::span<const ServeFlag> serve_flags) {
    json::array commands, serve;
    for (const Command& command : all_commands()) commands.emplace_back(describe_command(command));
    for (const ServeFlag& flag : serve_flags)
        serve.push_back({{"name", flag.name}, {"value", flag.value}, {"help", flag.help}});
    const json::object all{{"version", ORILLA_VERSION},
                           {"commands", std::move(commands)},
                           {"globalFlags", describe_flags(global_flags())},
                           {"serveFlags", std::move(serve)}};
    return pretty_json(json::serialize(all));
}

}  // namespace orilla::cli
