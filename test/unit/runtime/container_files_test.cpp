#include "container_files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>

using namespace orilla;
using namespace orilla::runtime;

namespace {

class FilesBox {
  public:
    FilesBox() {
        std::string name = (std::filesystem::temp_directory_path() / "orilla-files-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()));
        path_ = name;
        std::filesystem::create_directory(path_ + "/layer");
        ::chmod((path_ + "/layer").c_str(), 0751);
        spec.id = "web-0";
        spec.layers = {path_ + "/layer"};
        spec.scratch_dir = path_ + "/containers/web-0";
        spec.log_path = path_ + "/logs/pod/web.log";
    }
    FilesBox(const FilesBox&) = delete;
    FilesBox& operator=(const FilesBox&) = delete;
    ~FilesBox() { std::filesystem::remove_all(path_); }
    const std::string& path() const { return path_; }

    ContainerSpec spec;

  private:
    std::string path_;
};

}  // namespace

TEST_CASE("make_container_files: a writable layer as the image's, and a directory for the log") {
    FilesBox box;
    const auto files = make_container_files(box.spec);
    REQUIRE(files);
    CHECK(files->device_rules == default_device_rules());
    CHECK(files->host_devices.empty());
    struct stat upper {};
    REQUIRE(::stat((box.spec.scratch_dir + "/upper").c_str(), &upper) == 0);
    CHECK((upper.st_mode & 07777) == 0751);
    CHECK(std::filesystem::is_directory(box.spec.scratch_dir + "/work"));
    CHECK(std::filesystem::is_directory(box.path() + "/logs/pod"));
}

TEST_CASE("make_container_files: what is left of an earlier one is not used") {
    FilesBox box;
    std::filesystem::create_directories(box.spec.scratch_dir + "/work");
    const auto files = make_container_files(box.spec);
    REQUIRE_FALSE(files);
    CHECK(files.error().error_number() == EEXIST);
}

TEST_CASE("make_container_files: devices of the spec are allowed, and have to be some") {
    FilesBox box;
    box.spec.devices = {{"/dev/null", "/dev/nothing"}};
    const auto files = make_container_files(box.spec);
    REQUIRE(files);
    CHECK(files->device_rules.size() == default_device_rules().size() + 1);
    CHECK(files->device_rules.back() == DeviceRule{'c', 1, 3});
    box.spec.devices = {{"/etc/passwd", "/dev/nothing"}};
    CHECK(make_container_files(box.spec).error().code() == Code::invalid);
    box.spec.devices = {{"/dev/none", "/dev/nothing"}};
    CHECK(make_container_files(box.spec).error().error_number() == ENOENT);
}
