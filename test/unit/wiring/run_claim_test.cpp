#include "run_claim.hpp"

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <filesystem>

using namespace orilla;
using namespace orilla::wiring;
namespace fs = std::filesystem;

namespace {
struct Scratch {
    std::string path;
    Scratch() {
        char name[] = "/tmp/orilla-claim-XXXXXX";
        path = ::mkdtemp(name);
        for (const char* below : {"/run/pods", "/a", "/b"}) fs::create_directories(path + below);
    }
    ~Scratch() { fs::remove_all(path); }
};
}  // namespace

TEST_CASE("claim_run_directory: running pods belong to one data directory") {
    const Scratch scratch;
    const std::string run = scratch.path + "/run", a = scratch.path + "/a", b = scratch.path + "/b";
    REQUIRE(claim_run_directory(run, a));
    REQUIRE(claim_run_directory(run, b));  // no pods: nothing to lose
    REQUIRE(claim_run_directory(run, a));
    fs::create_directories(run + "/pods/uid");
    CHECK(claim_run_directory(run, a));
    CHECK(claim_run_directory(run, a + "/../a"));
    const auto refused = claim_run_directory(run, b);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == Code::conflict);
    CHECK(refused.error().message().find("holds the pods of data directory " + a) != std::string::npos);
    fs::remove(run + "/data-dir");
    CHECK(claim_run_directory(run, b));
}
