// Short words for the tests of the command line. Contains no tests.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"

namespace orilla::cli {

template <class T>
std::string complaint(const Result<T>& result) {
    return result ? "none" : result.error().message();
}

inline boost::json::object object(const char* text) { return boost::json::parse(text).as_object(); }

/// A directory that goes with the test.
class Scratch {
  public:
    Scratch() {
        char name[] = "/tmp/orilla-cli-test-XXXXXX";
        path_ = mkdtemp(name);
    }
    ~Scratch() { std::filesystem::remove_all(path_); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    std::string path(const std::string& name = "") const { return name.empty() ? path_ : path_ + "/" + name; }
    std::string write(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
        std::ofstream(path(name), std::ios::binary) << text;
        return path(name);
    }

  private:
    std::string path_;
};

/// A listener at `path` whose queue has room for one.
inline UniqueFd listen_at(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(listen(fd.get(), 0) == 0);
    return fd;
}

}  // namespace orilla::cli
