#include "orilla/pki/pki.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "../../support/pki_directory.hpp"
#include "pki/certificates.hpp"

using namespace orilla;
using namespace orilla::pki;

namespace {
const PkiNames& names = test::pki_names;
using Directory = test::PkiDirectory;
}  // namespace

TEST_CASE("ensure_pki: makes certificates once, with private keys") {
    const Directory directory;
    const auto first = ensure_pki(directory.path + "/pki", names);
    REQUIRE(first);
    const auto second = ensure_pki(directory.path + "/pki", names);
    REQUIRE(second);
    CHECK(first.value().server_certificate == second.value().server_certificate);
    struct stat info {};
    for (const char* name : {"ca.key", "server.key", "admin.key"}) {
        REQUIRE(::stat((directory.path + "/pki/" + name).c_str(), &info) == 0);
        CHECK((info.st_mode & 0777) == 0600);
    }
    REQUIRE(::stat((directory.path + "/pki").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0700);
    CHECK(::access((directory.path + "/pki.new").c_str(), F_OK) != 0);
}

TEST_CASE("ensure_pki: what a power cut left half-made is made again") {
    const Directory directory;
    std::filesystem::create_directory(directory.path + "/pki.new");
    ::close(::creat((directory.path + "/pki.new/ca.key").c_str(), 0600));
    CHECK(ensure_pki(directory.path + "/pki", names));
}

TEST_CASE("ensure_pki: an empty directory is filled, a damaged one is told of with the way out") {
    const Directory directory;
    const std::string pki = directory.path + "/pki";
    std::filesystem::create_directory(pki);
    REQUIRE(ensure_pki(pki, names));
    std::ofstream(pki + "/server.crt") << "garbage";
    CHECK(ensure_pki(pki, names).error().message().find("server.crt") != std::string::npos);
    CHECK(ensure_pki(pki, names).error().message().find("put back a copy of " + pki) != std::string::npos);
    std::filesystem::remove(pki + "/ca.crt");
    const auto refused = ensure_pki(pki, names);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message().find("read " + pki + "/ca.crt: No such file or directory") == 0);
    CHECK(refused.error().message().find("or move it away to make new certificates") != std::string::npos);
    CHECK(std::filesystem::exists(pki + "/ca.key"));
}

TEST_CASE("ensure_pki: a new name renews only the server's certificate") {
    const Directory directory;
    const auto first = ensure_pki(directory.path + "/pki", names);
    REQUIRE(first);
    const auto second = ensure_pki(directory.path + "/pki", default_pki_names("edge-2", "cluster.local", {"10.50.0.1"}));
    REQUIRE(second);
    CHECK(first.value().ca_certificate == second.value().ca_certificate);
    CHECK(first.value().admin_certificate == second.value().admin_certificate);
    CHECK(first.value().server_certificate != second.value().server_certificate);
    CHECK(certificate_covers(parse_certificate(second.value().server_certificate).value().get(),
                             default_pki_names("edge-2", "cluster.local", {"10.50.0.1"})));
}

TEST_CASE("ensure_pki: names are added and taken away with the list, and the CA stays") {
    const Directory directory;
    const std::string pki = directory.path + "/pki";
    const auto first = ensure_pki(pki, names);
    REQUIRE(first);
    PkiNames more = names;
    add_pki_names(more, {"kitchen.example", "203.0.113.7", "2001:db8::7", "localhost", "127.0.0.1"});
    CHECK(more.dns.size() == names.dns.size() + 1);
    CHECK(more.ips.size() == names.ips.size() + 2);
    const auto wider = ensure_pki(pki, more);
    REQUIRE(wider);
    CHECK(wider->ca_certificate == first->ca_certificate);
    CHECK(certificate_covers(parse_certificate(wider->server_certificate)->get(),
                             {{"kitchen.example"}, {"203.0.113.7", "2001:db8::7"}}));
    CHECK(ensure_pki(pki, more)->server_certificate == wider->server_certificate);
    // For whoever only reads it.
    CHECK(ensure_pki(pki, {})->server_certificate == wider->server_certificate);
    const auto narrower = ensure_pki(pki, names);
    REQUIRE(narrower);
    CHECK_FALSE(certificate_covers(parse_certificate(narrower->server_certificate)->get(), {{"kitchen.example"}, {}}));
}

TEST_CASE("default_pki_names: a box without an address has none to certify") {
    const PkiNames offline = default_pki_names("edge-1", "cluster.local", {"10.43.0.1", ""});
    CHECK(offline.ips == std::vector<std::string>{"127.0.0.1", "::1", "10.43.0.1"});
    const Directory directory;
    CHECK(ensure_pki(directory.path + "/pki", offline));
}

TEST_CASE("ensure_pki: a name that is more than a name is refused") {
    const Directory directory;
    CHECK_FALSE(ensure_pki(directory.path + "/pki", default_pki_names("a,email:copy", "cluster.local", {})));
    CHECK(::access((directory.path + "/pki").c_str(), F_OK) != 0);
}

TEST_CASE("render_kubeconfig: holds what a client needs") {
    Pki pki;
    pki.ca_certificate = "ca";
    const std::string text = render_kubeconfig(pki, "https://127.0.0.1:6443");
    CHECK(text.find("server: https://127.0.0.1:6443\n") != std::string::npos);
    CHECK(text.find("certificate-authority-data: Y2E=\n") != std::string::npos);
}
