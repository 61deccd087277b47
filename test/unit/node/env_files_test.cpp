#include "pod/env_files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "pod/container_spec.hpp"

using namespace orilla;
using namespace orilla::node;

namespace {

std::string value(std::string_view text, std::string_view key = "A") {
    const auto found = find_env_file_value(text, key);
    if (!found) return "error: " + found.error().message();
    return *found ? **found : "none";
}

struct EnvFileWorld {
    std::string pod_dir = std::filesystem::temp_directory_path() / ("orilla-env-files-" + std::to_string(getpid()));
    std::string volume = pod_dir + "/volumes/data";
    api::Pod pod;
    api::Container container;

    EnvFileWorld() {
        std::filesystem::create_directories(volume);
        auto& made = pod.spec.volumes.emplace_back();
        made.name = "data";
        made.empty_dir.ensure();
        container.name = "c";
    }
    ~EnvFileWorld() { std::filesystem::remove_all(pod_dir); }
    EnvFileWorld(const EnvFileWorld&) = delete;
    EnvFileWorld& operator=(const EnvFileWorld&) = delete;

    void ask(const char* path, const char* key, bool optional = false) {
        auto& variable = container.env.emplace_back();
        variable.name = "X";
        auto& ref = variable.value_from.ensure().file_key_ref.ensure();
        ref.volume_name = "data";
        ref.path = path;
        ref.key = key;
        if (optional) ref.optional = true;
    }
    void write(const std::string& name, const std::string& text) const { std::ofstream(volume + "/" + name) << text; }
    /// The variable's value, why there is none, or nothing where it is left out.
    std::string resolved() const {
        EnvSources sources;
        auto files = find_env_files(pod, container, pod_dir);
        if (files) sources.files = read_env_files(std::move(*files));
        PodPlacement placement;
        placement.pod_dir = pod_dir;
        const auto env = resolve_env(pod, container, sources, placement);
        if (!env) return "error: " + env.error().message();
        return env->empty() ? "none" : env->front().second;
    }
};

}  // namespace

TEST_CASE("env file: declarations, comments and blank lines") {
    CHECK(value("A='one'\n") == "one");
    CHECK(value("# A='no'\n\n  A = 'with blanks'  # and a remark\nB='x'") == "with blanks");
    CHECK(value("A=plain text  \r\n") == "plain text");
    CHECK(value("A='first'\nA='last'") == "last");
    CHECK(value("A=") == "");
    CHECK(value("A='two\nlines # of it'\nB='x'") == "two\nlines # of it");
    CHECK(value("A='two\nlines'\nB='x'", "B") == "x");
    CHECK(value("A='$HOME \\n \"x\"'") == "$HOME \\n \"x\"");
    CHECK(value("AB='1'") == "none");
    CHECK(value("") == "none");
}

TEST_CASE("env file: a line of another form is told by its number") {
    CHECK(value("A='1'\nno declaration") == "error: couldn't parse env file: line 2: must be VAR='value'");
    CHECK(value("=x") == "error: couldn't parse env file: line 1: must be VAR='value'");
    CHECK(value("export A=x") == "error: couldn't parse env file: line 1: must be VAR='value'");
    CHECK(value("\nA='never closed\nB='x") == "error: couldn't parse env file: line 2: text after the closing quote");
    CHECK(value("A='never closed\n\n") == "error: couldn't parse env file: line 1: the quote is not closed");
}

TEST_CASE("fileKeyRef: a value of a file in the volume, or why there is none", "[kernel]") {
    EnvFileWorld world;
    world.ask("config/a.env", "KEY");
    CHECK(world.resolved() == "error: env file \"config/a.env\" not found");
    std::filesystem::create_directories(world.volume + "/config");
    world.write("config/a.env", "KEY='told'\n");
    CHECK(world.resolved() == "told");
    world.write("config/a.env", "OTHER='told'\n");
    CHECK(world.resolved() == "error: environment variable key \"KEY\" not found in file");
    world.write("config/a.env", "KEY='" + std::string(env_file_value_bytes_max + 1, 'x') + "'");
    CHECK(world.resolved() == "error: environment variable value for key \"KEY\" exceeds maximum size of 32KB");
    world.write("config/a.env", std::string(env_file_bytes_max + 1, '\n'));
    CHECK(world.resolved().find("64 KiB") != std::string::npos);
}

TEST_CASE("fileKeyRef: what is optional and not there is left out, what is wrong is told all the same", "[kernel]") {
    EnvFileWorld world;
    world.ask("a.env", "KEY", true);
    CHECK(world.resolved() == "none");
    world.write("a.env", "OTHER='x'");
    CHECK(world.resolved() == "none");
    world.write("a.env", "?");
    CHECK(world.resolved().starts_with("error: couldn't parse env file"));
}

TEST_CASE("fileKeyRef: the container's files lead nowhere else, and hold nobody up", "[kernel]") {
    EnvFileWorld world;
    world.ask("a.env", "KEY");
    std::ofstream(world.pod_dir + "/secret") << "KEY='the node's'";
    std::filesystem::create_symlink("../../secret", world.volume + "/a.env");
    CHECK(world.resolved() == "error: env file \"a.env\" not found");
    std::filesystem::remove(world.volume + "/a.env");
    std::filesystem::create_symlink("/b.env", world.volume + "/a.env");
    world.write("b.env", "KEY='in the volume'");
    CHECK(world.resolved() == "in the volume");
    std::filesystem::remove(world.volume + "/a.env");
    REQUIRE(mkfifo((world.volume + "/a.env").c_str(), 0600) == 0);
    CHECK(world.resolved() == "error: env file \"a.env\" is not a file");
}

TEST_CASE("fileKeyRef: files are few, and the volume is one of the pod's", "[kernel]") {
    EnvFileWorld world;
    for (size_t i = 0; i <= env_files_max; ++i) world.ask(("f" + std::to_string(i)).c_str(), "KEY", true);
    CHECK(world.resolved() == "error: the environment comes from more than 32 files");
    EnvFileWorld other;
    other.ask("a.env", "KEY");
    other.pod.spec.volumes.clear();
    CHECK(other.resolved() == "error: cannot find the volume \"data\" referenced by FileKeyRef");
}
