#include "orilla/base/file_system.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

using namespace orilla;

TEST_CASE("list_names: what a directory holds, and nothing of what is none") {
    std::string name = (std::filesystem::temp_directory_path() / "orilla-list-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()));
    CHECK(list_names(name).empty());
    for (const char* file : {"/b", "/.hidden", "/a"}) std::ofstream(name + file) << "x";
    std::filesystem::create_directory(name + "/..data");
    auto names = list_names(name);
    std::ranges::sort(names);
    CHECK(names == std::vector<std::string>{"..data", ".hidden", "a", "b"});
    CHECK(list_names(name + "/a").empty());
    CHECK(list_names(name + "/none").empty());
    std::filesystem::remove_all(name);
}
