// Where a test makes the certificates of a box.
#pragma once

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "orilla/pki/pki.hpp"

namespace orilla::test {

/// Removed at the end.
struct PkiDirectory {
    std::string path;
    PkiDirectory() {
        char name[] = "/tmp/orilla-pki-XXXXXX";
        REQUIRE(::mkdtemp(name));
        path = name;
    }
    PkiDirectory(const PkiDirectory&) = delete;
    PkiDirectory& operator=(const PkiDirectory&) = delete;
    ~PkiDirectory() { std::filesystem::remove_all(path); }
};

inline const pki::PkiNames pki_names = pki::default_pki_names("edge-1", "cluster.local", {"10.43.0.1"});

}  // namespace orilla::test
