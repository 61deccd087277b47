#include "kubeconfig.hpp"

#include <sys/stat.h>

#include "cli_support.hpp"
#include "orilla/schema/manifest.hpp"

using namespace orilla;
using namespace orilla::cli;

namespace {
std::string ours(const std::string& ca = "Q0E=", const std::string& server = "https://127.0.0.1:6443") {
    return "apiVersion: v1\nkind: Config\nclusters:\n- name: orilla\n  cluster:\n    server: " + server +
           "\n    certificate-authority-data: " + ca +
           "\nusers:\n- name: orilla-admin\n  user:\n    client-certificate-data: Y3J0\n    client-key-data: "
           "a2V5\ncontexts:\n- name: orilla\n"
           "  context:\n    cluster: orilla\n    user: orilla-admin\ncurrent-context: orilla\n";
}

const std::string theirs =
    "apiVersion: v1\nkind: Config\ncurrent-context: work\npreferences: {colors: true}\n"
    "clusters:\n- {name: work, cluster: {server: 'https://work:6443', insecure-skip-tls-verify: true}}\n"
    "users:\n- name: me\n  user: {exec: {command: login, args: [-x, \"1\"], apiVersion: client.authentication.k8s.io/v1}}\n"
    "contexts:\n- {name: work, context: {cluster: work, user: me, namespace: shop}}\n";

boost::json::object merged(const std::string& existing, const std::string& made, const std::string& name = "orilla") {
    auto text = merge_kubeconfig(existing, made, name, "f");
    INFO(complaint(text));
    REQUIRE(text);
    return boost::json::parse((*api::read_documents(*text, "f"))[0].json).as_object();
}

std::string name_at(const boost::json::object& config, const char* list, size_t index) {
    return std::string(config.at(list).as_array().at(index).at("name").as_string());
}

mode_t mode_of(const std::string& path) {
    struct stat found {};
    return stat(path.c_str(), &found) == 0 ? found.st_mode & 0777 : 0;
}
}  // namespace

TEST_CASE("merge_kubeconfig: ours stands beside what is there, which stays as it is") {
    const auto config = merged(theirs, ours());
    auto before = boost::json::parse((*api::read_documents(theirs, "f"))[0].json).as_object();
    for (const char* list : {"clusters", "users", "contexts"}) {
        REQUIRE(config.at(list).as_array().size() == 2);
        CHECK(config.at(list).as_array()[0] == before.at(list).as_array()[0]);
    }
    CHECK(config.at("current-context") == "work");
    CHECK(config.at("preferences") == before.at("preferences"));
    CHECK(name_at(config, "users", 1) == "orilla-admin");
}

TEST_CASE("merge_kubeconfig: an empty file becomes ours, under whatever name") {
    CHECK(merged("", ours()).at("current-context") == "orilla");
    CHECK(merged("clusters: null\n", ours()).at("clusters").as_array().size() == 1);
    const auto config = merged("", ours(), "box2");
    CHECK(name_at(config, "clusters", 0) == "box2");
    CHECK(name_at(config, "users", 0) == "box2-admin");
    CHECK(config.at("contexts").as_array()[0].at("context").at("cluster") == "box2");
    CHECK(config.at("contexts").as_array()[0].at("context").at("user") == "box2-admin");
}

TEST_CASE("merge_kubeconfig: the same box again replaces its entries and keeps the context's namespace") {
    std::string text = *merge_kubeconfig(theirs, ours(), "orilla", "f");
    const size_t at = text.find("    user: orilla-admin");
    REQUIRE(at != std::string::npos);
    text.insert(at, "    namespace: mine\n");
    const auto config = merged(text, ours("Q0E=", "https://box.lan:6443"));
    CHECK(config.at("clusters").as_array().size() == 2);
    CHECK(config.at("clusters").as_array()[1].at("cluster").at("server") == "https://box.lan:6443");
    CHECK(config.at("contexts").as_array()[1].at("context").at("namespace") == "mine");
}

TEST_CASE("merge_kubeconfig: another cluster, user or context of the name is never overwritten unasked") {
    const std::string other = ours("T1RIRVI=");
    CHECK(complaint(merge_kubeconfig(other, ours(), "orilla", "f")) ==
          "error: f has another cluster \"orilla\" (https://127.0.0.1:6443): it stays as it is; choose another name for this "
          "box with --name, or "
          "--overwrite to replace it");
    CHECK(merged(other, ours(), "second").at("clusters").as_array().size() == 2);
    CHECK(merge_kubeconfig(other, ours(), "orilla", "f", true));
    CHECK(complaint(merge_kubeconfig("users: [{name: orilla-admin, user: {token: x}}]\n", ours(), "orilla", "f"))
              .find("another user") != std::string::npos);
    CHECK(complaint(merge_kubeconfig("contexts: [{name: orilla, context: {cluster: x}}]\n", ours(), "orilla", "f"))
              .find("another context") != std::string::npos);
}

TEST_CASE("merge_kubeconfig: what is no kubeconfig is refused") {
    for (const char* text : {"kind: Pod\n", "- a\n", "clusters: {}\n", "a: b\n---\nc: d\n", "a: [\n"}) {
        INFO(text);
        CHECK(complaint(merge_kubeconfig(text, ours(), "orilla", "f")).starts_with("error: f"));
    }
}

TEST_CASE("merge_into_file: makes the directory, mode 0600, and follows a link") {
    const Scratch scratch;
    const std::string file = scratch.path("home/.kube/config");
    REQUIRE(merge_into_file(file, ours(), "orilla"));
    CHECK(mode_of(file) == 0600);
    CHECK(mode_of(scratch.path("home/.kube")) == 0700);
    CHECK_FALSE(std::filesystem::exists(file + ".lock"));
    scratch.write("real", theirs);
    std::filesystem::create_symlink("real", scratch.path("link"));
    const auto said = merge_into_file(scratch.path("link"), ours(), "orilla");
    REQUIRE(said);
    CHECK(said->find("the current context there is still \"work\"") != std::string::npos);
    CHECK(std::filesystem::is_symlink(scratch.path("link")));
    CHECK(mode_of(scratch.path("real")) == 0600);
    CHECK(std::distance(std::filesystem::directory_iterator(scratch.path()), {}) ==
          3);  // home, real, link: nothing is left behind
}

TEST_CASE("merge_into_file: a failure leaves the file as it was") {
    const Scratch scratch;
    const std::string file = scratch.write("config", "kind: Pod\n");
    CHECK_FALSE(merge_into_file(file, ours(), "orilla"));
    CHECK_FALSE(std::filesystem::exists(file + ".lock"));
    scratch.write("config.lock", "");
    CHECK(complaint(merge_into_file(file, ours(), "orilla")).find("when none does, remove it") != std::string::npos);
    CHECK(std::filesystem::exists(file + ".lock"));
    CHECK(complaint(merge_into_file("/dev/zero", ours(), "orilla")) == "error: /dev/zero is no regular file");
}

TEST_CASE("find_kubeconfig_path: the first of KUBECONFIG that is there, else the last, else the home's") {
    const Scratch scratch;
    const std::string there = scratch.write("b", "");
    setenv("KUBECONFIG", (scratch.path("a") + ":" + there + ":" + scratch.path("c")).c_str(), 1);
    CHECK(*find_kubeconfig_path() == there);
    setenv("KUBECONFIG", (scratch.path("a") + "::" + scratch.path("c")).c_str(), 1);
    CHECK(*find_kubeconfig_path() == scratch.path("c"));
    unsetenv("KUBECONFIG");
    setenv("HOME", scratch.path().c_str(), 1);
    CHECK(*find_kubeconfig_path() == scratch.path(".kube/config"));
}
