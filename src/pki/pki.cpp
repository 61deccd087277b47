#include "orilla/pki/pki.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "certificates.hpp"
#include "orilla/base/base64.hpp"
#include "orilla/base/durable.hpp"
#include "orilla/base/ipv4.hpp"
#include "orilla/base/read_file.hpp"
#include "orilla/base/unique_fd.hpp"

namespace orilla::pki {

namespace {
constexpr size_t pem_bytes_max = 64 * 1024;

Result<std::string> read_pem_file(const std::string& path) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd) return Error::from_errno("read " + path, errno);
    return read_fd(fd.get(), path, pem_bytes_max);
}

Result<void> write_new_file(const std::string& path, const std::string& text, mode_t mode) {
    UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!fd) return Error::from_errno("create " + path, errno);
    const ssize_t put = ::write(fd.get(), text.data(), text.size());
    if (put < 0) return Error::from_errno("write " + path, errno);
    if (put != static_cast<ssize_t>(text.size())) return Error::from_errno("write " + path, ENOSPC);
    // On its way to the disk already while the next file is written; sync_path waits for it.
    ::sync_file_range(fd.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
    return ok();
}

/// The new text is complete on disk before it is seen under the name.
Result<void> replace_file(const std::string& directory, const std::string& name, const std::string& text, mode_t mode) {
    const std::string path = fmt::format("{}/{}", directory, name);
    const std::string fresh = path + ".new";
    ::unlink(fresh.c_str());
    TRY_VOID(write_new_file(fresh, text, mode));
    TRY_VOID(sync_path(fresh));
    if (::rename(fresh.c_str(), path.c_str()) != 0) return Error::from_errno("rename " + fresh, errno);
    return sync_path(directory);
}

struct PkiFile {
    const char* name;
    std::string Pki::*text;
    mode_t mode;
};
constexpr PkiFile pki_files[] = {
    {"ca.crt", &Pki::ca_certificate, 0644}, {"server.crt", &Pki::server_certificate, 0644},
    {"server.key", &Pki::server_key, 0600}, {"admin.crt", &Pki::admin_certificate, 0644},
    {"admin.key", &Pki::admin_key, 0600},
};
constexpr const char* ca_key_name = "ca.key";

/// The sum of what ensure_pki needs when it makes everything.
Result<std::pair<Pki, std::string>> make_pki(const PkiNames& names) {
    Pki pki;
    TRY(auto ca, make_authority("orilla-ca"));
    TRY(auto server_key, make_key());
    TRY(auto admin_key, make_key());
    TRY(pki.server_certificate, sign_server_certificate(ca, server_key.get(), names));
    TRY(pki.admin_certificate, sign_client_certificate(ca, admin_key.get(), "orilla-admin", "system:masters"));
    TRY(pki.ca_certificate, render_certificate(ca.certificate.get()));
    TRY(pki.server_key, render_key(server_key.get()));
    TRY(pki.admin_key, render_key(admin_key.get()));
    TRY(auto ca_key, render_key(ca.key.get()));
    return std::pair<Pki, std::string>(std::move(pki), std::move(ca_key));
}

void remove_leftovers(const std::string& directory) {
    for (const auto& file : pki_files) {
        ::unlink(fmt::format("{}/{}", directory, file.name).c_str());
    }
    ::unlink(fmt::format("{}/{}", directory, ca_key_name).c_str());
    ::rmdir(directory.c_str());
}

/// Everything in a directory of its own, then one rename: the power may fail at any point.
Result<Pki> create_pki(const std::string& directory, const PkiNames& names) {
    TRY(auto made, make_pki(names));
    const std::string fresh = directory + ".new";
    remove_leftovers(fresh);
    if (::mkdir(fresh.c_str(), 0700) != 0) return Error::from_errno("create " + fresh, errno);
    for (const auto& file : pki_files) {
        TRY_VOID(write_new_file(fmt::format("{}/{}", fresh, file.name), made.first.*file.text, file.mode));
    }
    TRY_VOID(write_new_file(fmt::format("{}/{}", fresh, ca_key_name), made.second, 0600));
    for (const auto& file : pki_files) {
        TRY_VOID(sync_path(fmt::format("{}/{}", fresh, file.name)));
    }
    TRY_VOID(sync_path(fmt::format("{}/{}", fresh, ca_key_name)));
    TRY_VOID(sync_path(fresh));
    if (::rename(fresh.c_str(), directory.c_str()) != 0) return Error::from_errno("rename " + fresh, errno);
    TRY_VOID(sync_path(parent_directory(directory)));
    return std::move(made.first);
}

/// Only the certificate changes, not its key, so that one rename is enough.
Result<void> renew_server_certificate(const std::string& directory, const PkiNames& names, Pki& pki) {
    TRY(auto ca_key, read_pem_file(fmt::format("{}/{}", directory, ca_key_name)));
    TRY(auto ca, parse_authority(pki.ca_certificate, ca_key));
    TRY(auto key, parse_key(pki.server_key));
    TRY(pki.server_certificate, sign_server_certificate(ca, key.get(), names));
    return replace_file(directory, "server.crt", pki.server_certificate, 0644);
}
}  // namespace

PkiNames default_pki_names(const std::string& node_name, const std::string& cluster_domain,
                           const std::vector<std::string>& addresses) {
    PkiNames names;
    names.dns = {"localhost",
                 node_name,
                 "kubernetes",
                 "kubernetes.default",
                 "kubernetes.default.svc",
                 "kubernetes.default.svc." + cluster_domain};
    names.ips = {"127.0.0.1", "::1"};
    for (const auto& address : addresses)
        if (!address.empty()) names.ips.push_back(address);  // a box may boot without any network
    return names;
}

void add_pki_names(PkiNames& names, const std::vector<std::string>& more) {
    for (const auto& name : more) {
        auto& list = is_ip(name) ? names.ips : names.dns;
        if (std::find(list.begin(), list.end(), name) == list.end()) list.push_back(name);
    }
}

namespace {
/// An empty directory holds nothing that could be lost.
bool is_absent_or_empty(const std::string& directory) {
    std::error_code error;
    const bool there = std::filesystem::exists(directory, error);
    return !error && (!there || std::filesystem::is_empty(directory, error)) && !error;
}

Error incomplete(Error why, const std::string& directory) {
    return Error(why.code(), fmt::format("{}: put back a copy of {}, or move it away to make new certificates, with which "
                                         "every kubeconfig has to be fetched again",
                                         why.message(), directory));
}
}  // namespace

Result<Pki> ensure_pki(const std::string& directory, const PkiNames& names) {
    if (is_absent_or_empty(directory)) {
        auto made = create_pki(directory, names);
        if (!made) return std::move(made).error().with_context("make certificates");
        return made;
    }
    Pki pki;
    for (const auto& file : pki_files) {
        auto text = read_pem_file(fmt::format("{}/{}", directory, file.name));
        if (!text) return incomplete(std::move(text).error(), directory);
        pki.*file.text = std::move(*text);
    }
    auto certificate = parse_certificate(pki.server_certificate);
    if (!certificate)
        return incomplete(std::move(certificate).error().with_context(fmt::format("read {}/server.crt", directory)), directory);
    const bool any_will_do = names.dns.empty() && names.ips.empty();
    if (!any_will_do && !certificate_is_for(certificate->get(), names)) {
        TRY_VOID(renew_server_certificate(directory, names, pki));
    }
    return pki;
}

std::string render_kubeconfig(const Pki& pki, const std::string& server) {
    std::string text = "apiVersion: v1\nkind: Config\nclusters:\n- name: orilla\n  cluster:\n    server: ";
    text += fmt::format("{}\n    certificate-authority-data: {}", server, encode_base64(pki.ca_certificate));
    text += "\nusers:\n- name: orilla-admin\n  user:\n    client-certificate-data: " + encode_base64(pki.admin_certificate);
    text += "\n    client-key-data: " + encode_base64(pki.admin_key);
    text += "\ncontexts:\n- name: orilla\n  context:\n    cluster: orilla\n    user: orilla-admin\n";
    text += "current-context: orilla\n";
    return text;
}

}  // namespace orilla::pki
