#include "flags.hpp"

#include <algorithm>
#include <set>
#include <sstream>

#include "cli_support.hpp"

using namespace orilla;
using namespace orilla::cli;

namespace {
using Words = std::vector<std::string>;

Options parsed(const Words& words) {
    auto line = parse_command_line(words);
    INFO(complaint(line));
    REQUIRE(line);
    REQUIRE(line->command);
    return line->options;
}

std::string refusal(const Words& words) { return complaint(parse_command_line(words)); }
}  // namespace

TEST_CASE("parse_command_line: a flag's value may stand behind it in each of pflag's ways") {
    for (const Words& words :
         {Words{"get", "pods", "-n", "x"}, Words{"get", "-nx", "pods"}, Words{"get", "-n=x", "pods"},
          Words{"get", "pods", "--namespace", "x"}, Words{"get", "pods", "--namespace=x"}, Words{"-n", "x", "get", "pods"}}) {
        const Options options = parsed(words);
        CHECK(options.ns == "x");
        CHECK(options.args == Words{"pods"});
    }
    CHECK(parsed({"get", "pods", "-oyaml"}).output == "yaml");
    CHECK(parsed({"get", "pods", "-o", "jsonpath={.a}=b"}).output == "jsonpath={.a}=b");
}

TEST_CASE("parse_command_line: switches may be told off, and letters stand together") {
    CHECK(parsed({"get", "pods", "-Aw"}).watch);
    CHECK(parsed({"get", "pods", "-Aw"}).all_namespaces);
    CHECK(parsed({"get", "pods", "-Awoname"}).output == "name");
    CHECK_FALSE(parsed({"delete", "pods", "x", "--wait=false"}).wait);
    CHECK_FALSE(parsed({"rollout", "status", "deploy/x", "-w=false"}).rollout_watch);
    CHECK(refusal({"delete", "pods", "x", "--wait=maybe"}).find("invalid argument \"maybe\" for \"--wait\" flag") !=
          std::string::npos);
}

TEST_CASE("parse_command_line: a flag takes one value, never the words behind it") {
    const Options options = parsed({"create", "configmap", "--from-literal", "a=b", "c", "--from-literal=x=y,z"});
    CHECK(options.args == Words{"c"});
    CHECK(options.from_literal == Words{"a=b", "x=y,z"});
    CHECK(parsed({"apply", "-f", "a.yaml,b.yaml", "-f", "c.yaml"}).files == Words{"a.yaml", "b.yaml", "c.yaml"});
    CHECK(parsed({"delete", "pods", "x", "--cascade", "orphan"}).cascade == "background");
    CHECK(parsed({"delete", "pods", "x", "--cascade=orphan"}).cascade == "orphan");
    CHECK(parsed({"logs", "x", "--tail", "-1"}).tail == -1);
    CHECK(refusal({"logs", "x", "--tail=ten"}).starts_with("error: invalid argument \"ten\" for \"--tail\" flag"));
}

TEST_CASE("parse_command_line: what stands after -- is the container's command, or words that begin with a dash") {
    CHECK(parsed({"get", "pods", "--", "-n", "x"}).args == Words{"pods", "-n", "x"});
    const Options options = parsed({"create", "deployment", "d", "--image=x", "--", "sh", "-c", "sleep 1"});
    CHECK(options.args == Words{"d"});
    CHECK(options.container_command == Words{"sh", "-c", "sleep 1"});
}

TEST_CASE("parse_command_line: commands of two and three words, and their short names") {
    CHECK(parsed({"rollout", "status", "deploy/x"}).verb == "rollout status");
    CHECK(parsed({"create", "secret", "generic", "s"}).verb == "create secret generic");
    CHECK(parsed({"create", "-n", "x", "cm", "c"}).verb == "create configmap");
    CHECK(parsed({"create", "svc", "nodeport", "c", "--tcp=80"}).verb == "create service nodeport");
    CHECK(parsed({"image", "ls"}).verb == "image list");
    CHECK(parsed({"get", "status"}).args == Words{"status"});
}

TEST_CASE("parse_command_line: a verb refuses the flags that it does not honour") {
    CHECK(refusal({"events", "--timeout=5s"}) == "error: unknown flag: --timeout\nSee 'orilla events --help' for usage.");
    CHECK(refusal({"events", "-l", "a=b"}).starts_with("error: unknown shorthand flag: 'l' in -l"));
    CHECK(refusal({"wait", "pod/x", "--types=Normal"}).starts_with("error: unknown flag: --types"));
    CHECK(refusal({"wait", "pod/x", "--no-headers"}).starts_with("error: unknown flag: --no-headers"));
    CHECK(refusal({"create", "configmap", "c", "--image=x"}).starts_with("error: unknown flag: --image"));
    CHECK(refusal({"create", "configmap", "c", "--type=x"}).starts_with("error: unknown flag: --type"));
    CHECK(refusal({"create", "secret", "generic", "c", "--tcp=1"}).starts_with("error: unknown flag: --tcp"));
    CHECK(refusal({"create", "deployment", "c", "--from-literal=a=b"}).starts_with("error: unknown flag: --from-literal"));
    CHECK(refusal({"create", "service", "clusterip", "c", "--node-port=1"}).starts_with("error: unknown flag: --node-port"));
    CHECK(refusal({"rollout", "status", "deploy/x", "--to-revision=1"}).starts_with("error: unknown flag: --to-revision"));
    CHECK(refusal({"image", "prune", "--name=x"}).starts_with("error: unknown flag: --name"));
    CHECK(refusal({"check", "-n", "x"}).starts_with("error: unknown shorthand flag: 'n' in -n"));
}

TEST_CASE("parse_command_line: the global flags go with every command, behind it and in front") {
    for (const Command& command : all_commands()) {
        Words words{"--socket", "/s", "--request-timeout=5s", "-v", "6"};
        for (size_t from = 0; from < command.path.size(); from = command.path.find(' ', from) == std::string_view::npos
                                                                     ? command.path.size()
                                                                     : command.path.find(' ', from) + 1)
            words.emplace_back(command.path.substr(from, command.path.find(' ', from) - from));
        const Options before = parsed(words);
        std::rotate(words.begin(), words.begin() + 5, words.end());
        const Options behind = parsed(words);
        for (const Options& options : {before, behind}) {
            CHECK(options.verb == command.path);
            CHECK(options.socket == "/s");
            CHECK(options.request_timeout == "5s");
            CHECK(options.verbosity == 6);
        }
    }
    CHECK(refusal({"--socket", "/s", "serve"}).find("'orilla serve --socket PATH'") != std::string::npos);
    CHECK(refusal({"--socket", "/s"}).find("a command is missing") != std::string::npos);
}

TEST_CASE("parse_command_line: what kubectl has and orilla has not is told with what to do instead") {
    CHECK(refusal({"exec", "web", "--", "sh"}).starts_with("error: \"exec\" is not served by this version of Orilla: "));
    CHECK(refusal({"-n", "x", "port-forward", "web"}).starts_with("error: \"port-forward\" is not served by this version"));
    CHECK(refusal({"certificate", "x"}) == "error: \"certificate\" is not served by this version of Orilla");
    CHECK(refusal({"edit", "deploy", "web"})
              .starts_with(
                  "error: orilla has no \"edit\", use kubectl for this: 'orilla kubeconfig --merge', then 'kubectl edit'"));
    CHECK(refusal({"help", "edit"}).find("use kubectl for this") != std::string::npos);
    for (const char* verb : {"attach", "cp", "proxy", "run", "expose", "auth", "certificate", "debug", "diff", "replace",
                             "kustomize", "plugin", "patch", "set", "config", "cluster-info", "api-versions"}) {
        INFO(verb);
        const std::string said = refusal({verb, "x"});
        CHECK((said.find("not served by this version") != std::string::npos ||
               said.find("use kubectl for this") != std::string::npos));
    }
}

TEST_CASE("parse_command_line: mistyped flags and commands below a group are told with what was meant") {
    CHECK(refusal({"get", "pods", "--namspace=x"}) ==
          "error: unknown flag: --namspace\n\nDid you mean this?\n\t--namespace\n\nSee 'orilla get --help' for usage.");
    CHECK(refusal({"rollout", "sttus", "deploy/x"}).find("Did you mean this?\n\tstatus\n") != std::string::npos);
    CHECK(refusal({"create", "secret", "generics", "x"}).find("Did you mean this?\n\tgeneric\n") != std::string::npos);
    CHECK(refusal({"get", "pods", "--nosuch"}) == "error: unknown flag: --nosuch\nSee 'orilla get --help' for usage.");
}

TEST_CASE("parse_partial_line: says what a line means so far") {
    const PartialLine line = parse_partial_line({"-n", "x", "logs", "web", "--nosuch", "-c"});
    CHECK(line.path == "logs");
    CHECK(line.options.ns == "x");
    CHECK(line.options.args == Words{"web"});
    REQUIRE(line.pending);
    CHECK(line.pending->name == "container");
    CHECK(parse_partial_line({"create", "deployment", "d", "--"}).is_behind_dashes);
    CHECK(parse_partial_line({"exec"}).next == "exec");
}

TEST_CASE("parse_command_line: kubectl's flags that are missing here are refused with what to do instead") {
    CHECK(refusal({"apply", "-f", "x", "--template=x"}) == "error: orilla has no --template: use -o jsonpath=TEMPLATE");
    CHECK(refusal({"get", "pods", "--chunk-size=5"}).starts_with("error: orilla has no --chunk-size"));
}

TEST_CASE("parse_command_line: what is missing or wrong is told as kubectl does") {
    CHECK(refusal({"get", "pods", "-o"}) == "error: flag needs an argument: 'o' in -o\nSee 'orilla get --help' for usage.");
    CHECK(refusal({"get", "pods", "--output"}) ==
          "error: flag needs an argument: --output\nSee 'orilla get --help' for usage.");
    CHECK(refusal({"apply", "-f", "x", "--dry-run=maybe"}) ==
          "error: Invalid dry-run value (maybe). Must be \"none\", \"server\", or \"client\".");
    CHECK(refusal({"apply", "-f", "x", "--validate=maybe"}).find("must be one of: strict (or true), warn, ignore (or false)") !=
          std::string::npos);
    CHECK(refusal({"rollout", "nosuch"}) ==
          "error: unknown command \"nosuch\"\nSee 'orilla rollout --help' for help and examples");
    CHECK(refusal({"create", "secret", "opaque", "s"}).find("unknown command \"opaque\"") != std::string::npos);
    CHECK(refusal({"create", "secret", "opaque", "s"}).find("what it does not list comes from -f FILE") != std::string::npos);
    CHECK(refusal({"rollout"}).find("status") != std::string::npos);
}

TEST_CASE("parse_command_line: an unknown command is told with the one that was meant") {
    CHECK(refusal({"gte", "pods"}) == "error: unknown command \"gte\" for \"orilla\"\n\nDid you mean this?\n\tget\n");
    CHECK(refusal({"xyzzy"}) == "error: unknown command \"xyzzy\" for \"orilla\"\nRun 'orilla help' for the commands.");
    CHECK(suggest_command("aply") == "apply");
    CHECK(suggest_command("desc") == "describe");
    CHECK(suggest_command("srve") == "serve");
    CHECK(suggest_command("x") == "");
}

TEST_CASE("parse_command_line: help and version, before and after the command") {
    for (const Words& words : {Words{"--help"}, Words{"-h"}, Words{"help"}, Words{}}) {
        auto line = parse_command_line(words);
        REQUIRE(line);
        CHECK(line->wants_help);
        CHECK(line->topic.empty());
    }
    CHECK(parse_command_line({"--version"})->wants_version);
    for (const Words& words :
         {Words{"help", "rollout", "undo"}, Words{"rollout", "undo", "--help"}, Words{"rollout", "undo", "x", "-h"}}) {
        auto line = parse_command_line(words);
        REQUIRE(line);
        CHECK(line->wants_help);
        CHECK(line->topic == "rollout undo");
    }
    CHECK(parse_command_line({"rollout", "--help"})->topic == "rollout");
    CHECK(render_help(parse_command_line({"help", "serve"})->topic).find("orilla serve --help") != std::string::npos);
    CHECK(refusal({"help", "gte"}).find("Did you mean this?") != std::string::npos);
}

TEST_CASE("render_help: each command tells its usage and all of its flags") {
    CHECK(render_help("").find("  rollout ") != std::string::npos);
    CHECK(render_help("").find("  serve ") != std::string::npos);
    CHECK(render_help("rollout").find("  undo ") != std::string::npos);
    for (const Command& command : all_commands()) {
        const std::string help = render_help(command.path);
        CHECK(help.find("Usage: orilla " + std::string(command.path)) != std::string::npos);
        for (const Flag* flag : flags_of(command)) CHECK(help.find("--" + std::string(flag->name)) != std::string::npos);
    }
}

TEST_CASE("render_help: every help has an example, and each example is a command line that is understood") {
    for (const char* topic : {"", "serve", "rollout", "image", "create secret", "create service"})
        CHECK(render_help(topic).find("\nExamples:\n  orilla ") != std::string::npos);
    for (const Command& command : all_commands()) {
        INFO(command.path << ": " << command.examples);
        CHECK(render_help(command.path).find("\nExamples:\n  ") != std::string::npos);
        const std::string examples(command.examples);
        const size_t at = examples.find("orilla ");
        REQUIRE(at != std::string::npos);
        Words words;
        std::istringstream text(examples.substr(at + 7, examples.find_first_of("\n)>", at) - at - 7));
        for (std::string word; text >> word;) words.push_back(word);
        auto line = parse_command_line(words);
        INFO(complaint(line));
        REQUIRE(line);
        CHECK((line->command == &command || command.path == "create"));
    }
}

TEST_CASE("render_commands: every command with its flags and examples, as JSON") {
    const auto all = boost::json::parse(render_commands(std::vector<ServeFlag>{{"config", "PATH", "a file"}})).as_object();
    CHECK(all.at("version") == ORILLA_VERSION);
    CHECK(all.at("commands").as_array().size() == all_commands().size());
    CHECK(all.at("globalFlags").as_array().size() == 3);
    CHECK(all.at("serveFlags").as_array()[0].at("name") == "config");
    const auto& get = all.at("commands").as_array()[0];
    CHECK(get.at("path") == "get");
    CHECK(get.at("flags").as_array()[0].at("short") == "n");
    CHECK_FALSE(get.at("examples").as_array().empty());
}

TEST_CASE("all_commands: every flag exists, once by name and by letter") {
    for (const Command& command : all_commands()) {
        std::set<std::string_view> names;
        std::set<char> letters;
        for (const Flag* flag : flags_of(command)) {
            INFO(command.path << ": " << command.flags);
            REQUIRE(flag);
            CHECK(names.insert(flag->name).second);
            if (flag->shorthand) CHECK(letters.insert(flag->shorthand).second);
            CHECK(flag->is_switch() == flag->value.empty());
        }
    }
}
