#include "storage/tree_copy.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>

#include "storage/volume_files.hpp"

using namespace orilla;
using namespace orilla::node;
namespace fs = std::filesystem;

namespace {

struct Trees {
    std::string path = "/var/tmp/orilla-trees-XXXXXX";
    std::string from, to;
    objects::CopyProgress progress;
    Trees() {
        REQUIRE(mkdtemp(path.data()));
        from = path + "/from", to = path + "/to";
        fs::create_directory(from);
        fs::create_directory(to);
    }
    ~Trees() { fs::remove_all(path); }
    void write(const std::string& name, const std::string& text) const { std::ofstream(from + "/" + name) << text; }
    std::string read(const std::string& name) const {
        std::ifstream in(to + "/" + name);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    struct stat look(const std::string& file) const {
        struct stat out {};
        REQUIRE(lstat(file.c_str(), &out) == 0);
        return out;
    }
};

}  // namespace

TEST_CASE("copy_tree: modes, times, links and attributes are the same") {
    Trees it;
    fs::create_directories(it.from + "/in/deep");
    it.write("in/deep/file", "hello");
    fs::create_hard_link(it.from + "/in/deep/file", it.from + "/again");
    fs::create_symlink("/etc/passwd", it.from + "/link");
    REQUIRE(mkfifo((it.from + "/pipe").c_str(), 0640) == 0);
    REQUIRE(chmod((it.from + "/in").c_str(), 02750) == 0);
    REQUIRE(chmod((it.from + "/again").c_str(), 04711) == 0);
    const bool has_attributes = setxattr((it.from + "/again").c_str(), "user.note", "x", 1, 0) == 0;
    const timespec old[] = {{1000, 0}, {2000, 5}};
    REQUIRE(utimensat(AT_FDCWD, (it.from + "/in").c_str(), old, 0) == 0);
    REQUIRE(copy_tree(it.from, it.to, it.progress));
    CHECK(it.read("in/deep/file") == "hello");
    CHECK(it.look(it.to + "/again").st_ino == it.look(it.to + "/in/deep/file").st_ino);
    CHECK(it.look(it.to + "/again").st_ino != it.look(it.from + "/again").st_ino);
    CHECK((it.look(it.to + "/again").st_mode & 07777) == 04711);
    CHECK((it.look(it.to + "/in").st_mode & 07777) == 02750);
    CHECK(it.look(it.to + "/in").st_mtim.tv_sec == 2000);
    CHECK(S_ISFIFO(it.look(it.to + "/pipe").st_mode));
    CHECK(fs::read_symlink(it.to + "/link") == "/etc/passwd");
    char value = 0;
    if (has_attributes) CHECK((getxattr((it.to + "/again").c_str(), "user.note", &value, 1) == 1 && value == 'x'));
}

TEST_CASE("copy_tree: holes stay holes") {
    Trees it;
    REQUIRE(make_sparse(it.from + "/hole", int64_t{64} << 20));
    REQUIRE(copy_tree(it.from, it.to, it.progress));
    CHECK(it.look(it.to + "/hole").st_size == int64_t{64} << 20);
    CHECK(it.look(it.to + "/hole").st_blocks < 1000);
}

TEST_CASE("copy_tree: what nobody wants any more ends, and what is too deep is told") {
    Trees it;
    it.write("file", "x");
    it.progress.cancelled = true;
    CHECK_FALSE(copy_tree(it.from, it.to, it.progress));
    it.progress.cancelled = false;
    std::string deep = it.from;
    for (int i = 0; i < 250; ++i) fs::create_directory(deep += "/d");
    const auto copied = copy_tree(it.from, it.to, it.progress);
    REQUIRE_FALSE(copied);
    CHECK(copied.error().message().find("deeper than 200") != std::string::npos);
}

TEST_CASE("has_changed_since: whatever was written, made or removed") {
    Trees it;
    fs::create_directory(it.from + "/in");
    it.write("in/file", "x");
    it.write("gone", "x");
    const auto seen_now = [&it](int64_t moment) {
        const auto changed = has_changed_since(it.from, moment);
        REQUIRE(changed);
        return *changed;
    };
    // The file system's clock goes on in ticks.
    const auto next_tick = [] {
        const int64_t now = file_clock_ns();
        while (file_clock_ns() < now + 20'000'000) usleep(1000);
        return file_clock_ns();
    };
    int64_t moment = next_tick();
    CHECK_FALSE(seen_now(moment));
    it.write("in/file", "y");
    CHECK(seen_now(moment));
    moment = next_tick();
    CHECK_FALSE(seen_now(moment));
    fs::remove(it.from + "/gone");
    CHECK(seen_now(moment));
}

TEST_CASE("visit_files: each directory and plain file, and through no link") {
    Trees it;
    fs::create_directories(it.from + "/in");
    it.write("in/file", "x");
    fs::create_directory_symlink(it.path, it.from + "/up");
    std::set<ino_t> seen;
    const auto note = [&seen](const UniqueFd& file) -> Result<void> {
        struct stat one {};
        REQUIRE(fstat(file.get(), &one) == 0);
        seen.insert(one.st_ino);
        return ok();
    };
    REQUIRE(visit_files(it.from, note));
    CHECK(seen ==
          std::set<ino_t>{it.look(it.from).st_ino, it.look(it.from + "/in").st_ino, it.look(it.from + "/in/file").st_ino});
}

TEST_CASE("a number in a file: written whole, and told when it is none") {
    Trees it;
    CHECK(read_number(it.from + "/size").error().code() == Code::not_found);
    REQUIRE(write_number(it.from + "/size", 67'108'864));
    REQUIRE(write_number(it.from + "/size", 134'217'728));
    CHECK(read_number(it.from + "/size").value_or(0) == 134'217'728);
    it.write("size", "many");
    CHECK(read_number(it.from + "/size").error().code() == Code::invalid);
}
