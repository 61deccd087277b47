// Short words for the tests of the command line. Contains no tests.
#pragma once

#include <unistd.h>

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "orilla/base/result.hpp"

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

}  // namespace orilla::cli
