#include "orilla/base/durable.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace orilla;

TEST_CASE("parent_directory: what a name is in") {
    CHECK(parent_directory("/a/b") == "/a");
    CHECK(parent_directory("/a/b/") == "/a");
    CHECK(parent_directory("/a") == "/");
    CHECK(parent_directory("/") == "/");
    CHECK(parent_directory("a") == ".");
    CHECK(parent_directory("a/b") == "a");
    CHECK(parent_directory("") == ".");
}

TEST_CASE("make_durable_directory: makes what is missing on the way, and is fine with what is there") {
    char name[] = "/tmp/orilla-durable-XXXXXX";
    const std::string top = ::mkdtemp(name);
    CHECK(make_durable_directory(top + "/a/b/c", 0700).has_value());
    struct stat seen {};
    REQUIRE(::stat((top + "/a/b/c").c_str(), &seen) == 0);
    CHECK((seen.st_mode & 07777) == 0700);
    CHECK(make_durable_directory(top + "/a/b/c", 0700).has_value());
    CHECK(make_durable_directory(top + "/a/b/", 0700).has_value());
    REQUIRE(::stat((top + "/a/b").c_str(), &seen) == 0);
    CHECK((seen.st_mode & 07777) == 0755);
    std::ofstream(top + "/file") << "text";
    CHECK(make_durable_directory(top + "/file", 0700).error().message() == "make directory " + top + "/file: Not a directory");
    CHECK(make_durable_directory(top + "/file/a", 0700).error().message() ==
          "make directory " + top + "/file/a: Not a directory");
    std::filesystem::remove_all(top);
}

TEST_CASE("sync_path: what is not there cannot be synced") {
    const auto synced = sync_path("/tmp/orilla-durable-nothing");
    REQUIRE_FALSE(synced.has_value());
    CHECK(synced.error().message() == "sync /tmp/orilla-durable-nothing: No such file or directory");
}
