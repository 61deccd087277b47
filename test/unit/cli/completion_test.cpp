#include "completion.hpp"

#include <sstream>

#include "cli_support.hpp"

using namespace orilla;
using namespace orilla::cli;

namespace {
using Line = std::vector<std::string>;
using Wants = CompletionPlan::Wants;

const std::vector<ServeFlag> serve_flags{{"data-dir", "PATH", "objects"}, {"listen", "TEXT", "an address"}};

CompletionPlan plan(const Line& words) { return plan_completion(words, serve_flags); }

/// The candidates that begin with what was typed, separated by blanks, and how the shell goes on.
std::string offered(const Line& words) {
    std::istringstream lines(render_completion(plan(words), words.back()));
    std::string out;
    for (std::string line; std::getline(lines, line);) out += (out.empty() ? "" : " ") + line.substr(0, line.find('\t'));
    return out;
}
}  // namespace

TEST_CASE("plan_completion: commands, and what is below them") {
    CHECK(offered({"desc"}) == "describe :done");
    CHECK(offered({"ser"}) == "serve :done");
    CHECK(offered({"rollout", "re"}) == "restart resume :done");
    CHECK(offered({"create", "se"}) == "secret service :done");
    CHECK(offered({"create", "secret", ""}) == "generic tls docker-registry :done");
    CHECK(offered({"help", "rollout", "u"}) == "undo :done");
    CHECK(offered({"completion", ""}) == "bash zsh fish :done");
    CHECK(offered({"exec", ""}) == ":done");
    CHECK(offered({"--socket", "/s", "api-r"}) == "api-resources :done");
}

TEST_CASE("plan_completion: flags of the command and their values") {
    CHECK(offered({"get", "pods", "--show-"}) == "--show-labels --show-kind :done");
    CHECK(offered({"scale", "--rep"}) == "--replicas :done");
    CHECK(offered({"apply", "--dry"}) == "--dry-run= :nospace");
    CHECK(offered({"apply", "--dry-run=s"}) == "--dry-run=server :done");
    CHECK(offered({"get", "pods", "--output=js"}) == "--output=json --output=jsonpath= :nospace");
    CHECK(offered({"get", "pods", "-o", "y"}) == "yaml :done");
    CHECK(offered({"delete", "pods", "-o", ""}) == "name :done");
    CHECK(offered({"wait", "pod/x", "--for", "c"}) == "create condition= :nospace");
    CHECK(offered({"events", "--for", "deploy"}) == "deployments/ :nospace");
    CHECK(offered({"create", "secret", "generic", "x", "--type=kubernetes.io/t"}) == "--type=kubernetes.io/tls :done");
    CHECK(offered({"serve", "--da"}) == "--data-dir :done");
}

TEST_CASE("plan_completion: files and directories are the shell's") {
    CHECK(offered({"apply", "-f", ""}) == ":files");
    CHECK(offered({"apply", "--filename="}) == ":files");
    CHECK(offered({"image", "import", ""}) == ":files");
    CHECK(offered({"kubeconfig", "-o", ""}) == ":files");
    CHECK(offered({"kubeconfig", "--data-dir", ""}) == ":directories");
    CHECK(offered({"serve", "--config", ""}) == ":files");
}

TEST_CASE("plan_completion: types, those that the verb can do something with") {
    CHECK(offered({"get", "deployme"}) == "deployments :done");
    CHECK(offered({"get", "pods,deployme"}) == "pods,deployments :done");
    CHECK(offered({"scale", ""}).find("pods") == std::string::npos);
    CHECK(offered({"rollout", "undo", ""}) == "daemonsets deployments statefulsets :done");
    CHECK(offered({"get", "pods/a", "deployme"}) == "deployments/ :nospace");
    CHECK(offered({"get", "-f", "x.yaml", ""}) == ":done");
}

TEST_CASE("plan_completion: names come from the server, in the namespace that the line says") {
    const CompletionPlan names = plan({"delete", "-n", "x", "pods", "a", ""});
    CHECK(names.wants == Wants::objects);
    CHECK(names.kind->kind == "Pod");
    CHECK(names.options.ns == "x");
    CHECK(names.taken == Line{"a"});
    CHECK(plan({"get", "deploy/w"}).prefix == "deploy/");
    CHECK(plan({"get", "-n", ""}).kind->kind == "Namespace");
    CHECK(plan({"get", "--namespace=k"}).prefix == "--namespace=");
    CHECK(plan({"logs", ""}).kind->kind == "Pod");
    CHECK(plan({"drain", ""}).kind->kind == "Node");
    CHECK(plan({"cordon", "box", ""}).taken == Line{"box"});
    CHECK(offered({"taint", ""}) == "node :done");
    CHECK(plan({"taint", "node", ""}).kind->kind == "Node");
    CHECK(plan({"logs", "web", "-c", ""}).wants == Wants::containers);
    CHECK(plan({"logs", "web", ""}).pod == "web");
    CHECK(plan({"label", "pods", "web", ""}).wants == Wants::nothing);
    CHECK(plan({"image", "remove", ""}).wants == Wants::images);
    CHECK(plan({"create", "deployment", "x", "--", "l"}).wants == Wants::nothing);
}

TEST_CASE("find_completion_script: one for each shell") {
    for (const char* shell : {"bash", "zsh", "fish"})
        CHECK(find_completion_script(shell).find("__complete") != std::string_view::npos);
    CHECK(find_completion_script("powershell").empty());
}
