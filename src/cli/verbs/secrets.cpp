// create secret: from files and values, a certificate with its key, or what a registry wants to hear.
#include <fmt/core.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <boost/json.hpp>
#include <memory>

#include "config_sources.hpp"
#include "orilla/base/base64.hpp"
#include "orilla/schema/codec.hpp"
#include "resources.hpp"
#include "verbs/create.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

template <auto free>
struct Free {
    void operator()(auto* pointer) const { free(pointer); }
};
using BioPtr = std::unique_ptr<BIO, Free<BIO_free_all>>;
using X509Ptr = std::unique_ptr<X509, Free<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

BioPtr bio_of(const std::string& text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

/// A key that asks for a pass phrase is of no use to whoever mounts it.
int no_pass_phrase(char*, int, int, void*) { return -1; }

Result<void> check_pair(const Options& options, const std::string& cert, const std::string& key) {
    const X509Ptr certificate(PEM_read_bio_X509(bio_of(cert).get(), nullptr, no_pass_phrase, nullptr));
    const KeyPtr secret(PEM_read_bio_PrivateKey(bio_of(key).get(), nullptr, no_pass_phrase, nullptr));
    const bool fits = certificate && secret && X509_check_private_key(certificate.get(), secret.get()) == 1;
    ERR_clear_error();
    if (!certificate) return usage(options.cert + " has no certificate in PEM");
    if (!secret) return usage(options.key + " has no private key in PEM that can be read without a pass phrase");
    if (!fits)
        return usage(
            fmt::format("the private key in {} does not belong to the first certificate in {}", options.key, options.cert));
    return ok();
}

Result<std::vector<ConfigEntry>> make_tls(const Options& options) {
    std::string missing;
    if (options.cert.empty()) missing += "\"cert\"";
    if (options.key.empty()) missing += missing.empty() ? "\"key\"" : ", \"key\"";
    if (!missing.empty()) return usage(fmt::format("required flag(s) {} not set", missing));
    Options files = options;
    files.from_file = {"tls.crt=" + options.cert, "tls.key=" + options.key};
    TRY(auto entries, read_config_sources(files, "Secret", options.args[0]));
    TRY_VOID(check_pair(options, entries[0].value, entries[1].value));
    return entries;
}

Result<std::vector<ConfigEntry>> make_docker_registry(const Options& options) {
    constexpr const char* key = ".dockerconfigjson";
    if (!options.from_file.empty()) {
        Options files = options;
        // A file's own name is rarely that of the key, which is the only one that counts here.
        if (files.from_file.size() == 1 && files.from_file[0].find('=') == std::string::npos)
            files.from_file[0] = fmt::format("{}={}", key, files.from_file[0]);
        return read_config_sources(files, "Secret", options.args[0]);
    }
    if (options.docker_username.empty() || options.docker_password.empty() || options.docker_server.empty())
        return usage(
            "either --from-file or the combination of --docker-username, --docker-password and --docker-server is required");
    json::object login{{"username", options.docker_username}, {"password", options.docker_password}};
    if (!options.docker_email.empty()) login["email"] = options.docker_email;
    login["auth"] = encode_base64(fmt::format("{}:{}", options.docker_username, options.docker_password));
    const json::object config{{"auths", json::object{{options.docker_server, std::move(login)}}}};
    return std::vector<ConfigEntry>{{key, json::serialize(config)}};
}

}  // namespace

Result<json::object> make_secret(const Options& options, json::object metadata) {
    std::string type = options.secret_type;
    std::vector<ConfigEntry> entries;
    if (options.verb == "create secret tls") {
        type = "kubernetes.io/tls";
        TRY(entries, make_tls(options));
    } else if (options.verb == "create secret docker-registry") {
        type = "kubernetes.io/dockerconfigjson";
        TRY(entries, make_docker_registry(options));
    } else {
        TRY(entries, read_config_sources(options, "Secret", options.args[0]));
    }
    json::object data;
    for (const auto& [key, value] : entries) data[key] = encode_base64(value);
    json::object out{{"apiVersion", "v1"}, {"kind", "Secret"}, {"metadata", std::move(metadata)}};
    if (!type.empty()) out["type"] = type;
    if (!data.empty()) out["data"] = std::move(data);
    return out;
}

}  // namespace orilla::cli
