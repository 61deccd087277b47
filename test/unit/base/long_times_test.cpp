#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>

namespace fs = std::filesystem;

TEST_CASE("times and file offsets have 64 bits") {
    CHECK(sizeof(time_t) == 8);
    CHECK(sizeof(off_t) == 8);
    CHECK(sizeof(ino_t) == 8);
}

TEST_CASE("files of after 2038 are seen") {
    constexpr time_t year_2100 = 4102444800;
    char directory[] = "/tmp/orilla-times-XXXXXX";
    REQUIRE(mkdtemp(directory));
    const std::string file = std::string(directory) + "/late";
    std::ofstream(file) << "late";
    const timespec times[2] = {{year_2100, 0}, {year_2100, 7}};
    REQUIRE(utimensat(AT_FDCWD, file.c_str(), times, 0) == 0);
    REQUIRE(utimensat(AT_FDCWD, directory, times, 0) == 0);

    struct stat seen {};
    REQUIRE(stat(file.c_str(), &seen) == 0);
    CHECK(seen.st_mtim.tv_sec == year_2100);
    CHECK(fs::is_regular_file(file));
    CHECK(fs::file_size(file) == 4);
    std::error_code failed;
    CHECK_FALSE(fs::create_directories(directory, failed));
    CHECK_FALSE(failed);
    CHECK(fs::symlink_status(directory, failed).type() == fs::file_type::directory);
    CHECK(fs::remove_all(directory) == 2);
}
