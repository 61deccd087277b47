// The puller: speaks to one registry and brings one image's blobs. It is nobody, sees of the file system what a resolver
// and a TLS client read and the blob directory, listens nowhere, and ends with the pull.
#include <curl/curl.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "download.hpp"
#include "limits.hpp"
#include "messages.hpp"
#include "offer.hpp"
#include "orilla/loop/confine.hpp"
#include "registry.hpp"
#include "worker_fds.hpp"

namespace orilla::images {

namespace {

constexpr size_t credentials_max = 8;
constexpr size_t authorities_bytes_max = 4 << 20;

/// Where distributions keep the authorities that the system trusts.
constexpr const char* authority_files[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                           "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

struct PullOrder {
    Reference reference;
    RegistryAccess access;
    std::vector<std::optional<Credential>> credentials;  ///< to be tried in this order
    int layers_parallel_max = 3;
    uint32_t uid = 65534;
};

Result<std::string> read_authorities(const std::string& path) {
    std::ifstream in(path);
    if (!in) return Error(Code::invalid, "cannot read the certificate authorities " + path);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (text.size() > authorities_bytes_max) return Error(Code::too_large, path + " is larger than 4 MiB");
    if (text.find("-----BEGIN ") == std::string::npos) return Error(Code::invalid, path + " holds no PEM certificate");
    return text;
}

bool has_proxy() {
    for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY"})
        if (std::getenv(name)) return true;
    return false;
}

Result<void> take_registry(const json::object& registry, PullOrder& order) {
    order.access.insecure = flag_of(registry, "insecure");
    if (const std::string file = text_of(registry, "ca_file"); !file.empty()) {
        TRY(order.access.authorities, read_authorities(file));
    }
    if (const std::string user = text_of(registry, "username"); !user.empty())
        order.credentials.push_back(Credential{user, text_of(registry, "password")});
    return ok();
}

Result<PullOrder> parse_order(const json::object& request) {
    PullOrder order;
    TRY(order.reference, parse_reference(text_of(request, "reference")));
    order.access.host = order.reference.domain;
    order.access.behind_proxy = has_proxy();
    for (const char* file : authority_files)
        if (order.access.authorities_file.empty() && access(file, R_OK) == 0) order.access.authorities_file = file;
    for (const auto& config : texts_of(request, "docker_configs")) {
        TRY(const auto found, find_credentials(config, order.reference));
        for (const auto& credential : found)
            if (order.credentials.size() < credentials_max) order.credentials.emplace_back(credential);
    }
    for (const json::value& value : array_of(request, "registries"))
        if (value.is_object() && text_of(value.get_object(), "host") == order.access.host)
            TRY_VOID(take_registry(value.get_object(), order));
    if (order.credentials.empty()) order.credentials.push_back(std::nullopt);
    order.layers_parallel_max = static_cast<int>(std::clamp<int64_t>(number_of(request, "layers_parallel_max"), 1, 16));
    order.uid = static_cast<uint32_t>(number_of(request, "uid"));
    return order;
}

Result<void> confine_puller(const PullOrder& order) {
    loop::ResourceLimits limits;
    limits.file_bytes = static_cast<uint64_t>(blob_bytes_max);
    limits.files = 128;
    TRY_VOID(loop::limit_resources(limits));
    TRY_VOID(loop::take_identity(order.uid, 0));
    TRY_VOID(loop::die_with_parent());
    loop::FileRules rules;
    rules.writable_fds = {directory_fd};
    rules.readable = {"/etc/resolv.conf", "/etc/hosts",           "/etc/nsswitch.conf",
                      "/etc/host.conf",   "/etc/ssl/openssl.cnf", order.access.authorities_file};
    TRY_VOID(loop::restrict_files(rules));
    TRY_VOID(loop::forbid_new_privileges());
    return loop::allow_calls(
        {{"read",       "write",      "pread64",         "readv",        "writev",         "lseek",         "close",
          "openat",     "open",       "fcntl",           "dup",          "fstat",          "newfstatat",    "stat",
          "statx",      "faccessat",  "faccessat2",      "access",       "renameat",       "renameat2",     "unlinkat",
          "ftruncate",  "flock",      "fstatfs",         "ioctl",        "socket",         "connect",       "bind",
          "getsockopt", "setsockopt", "getsockname",     "getpeername",  "sendto",         "recvfrom",      "sendmsg",
          "recvmsg",    "sendmmsg",   "shutdown",        "poll",         "ppoll",          "select",        "pselect6",
          "socketpair", "pipe2",      "eventfd2",        "mmap",         "munmap",         "mremap",        "mprotect",
          "madvise",    "brk",        "futex",           "getrandom",    "getpid",         "gettid",        "getuid",
          "geteuid",    "getgid",     "getegid",         "uname",        "sysinfo",        "clock_gettime", "gettimeofday",
          "time",       "nanosleep",  "clock_nanosleep", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",  "restart_syscall",
          "exit",       "exit_group"}});
}

struct Resolved {
    Offer offer;
    std::vector<Descriptor> layers;
};

Result<Resolved> resolve(Registry& registry, const Platform& host) {
    const Reference& reference = registry.reference();
    std::string wanted = reference.digest.empty() ? reference.tag : reference.digest;
    std::vector<std::string> digests;
    for (size_t depth = 0; depth < index_depth_max; ++depth) {
        TRY(const auto document, registry.fetch_manifest(wanted));
        TRY(auto parsed, parse_manifest(document.bytes, document.media_type));
        digests.push_back(document.digest);
        if (const auto* index = std::get_if<Index>(&parsed)) {
            TRY(const Descriptor chosen, choose_platform(*index, host));
            wanted = chosen.digest;
            continue;
        }
        auto& manifest = std::get<Manifest>(parsed);
        OfferSource source;
        source.config_digest = manifest.config.digest;
        TRY(source.config_bytes, registry.fetch_config(manifest.config));
        source.layers = manifest.layers;
        Reference named = reference;
        named.digest.clear();
        if (!named.tag.empty() && reference.digest.empty()) source.names = {named.name()};
        source.repo_digests = repo_digests_of({reference.repository()}, digests);
        TRY(Offer offer, make_offer(std::move(source), host));
        return Resolved{std::move(offer), std::move(manifest.layers)};
    }
    return Error(Code::corrupt, "indexes are nested more than 4 deep");
}

/// The layers that the daemon lacks, each once, in the order in which they will be unpacked.
std::vector<Descriptor> wanted_layers(const std::vector<Descriptor>& layers, const std::vector<std::string>& wanted) {
    std::vector<Descriptor> out;
    for (const auto& layer : layers) {
        const bool asked = std::find(wanted.begin(), wanted.end(), layer.digest) != wanted.end();
        const bool twice = std::any_of(out.begin(), out.end(), [&](const Descriptor& d) { return d.digest == layer.digest; });
        if (asked && !twice) out.push_back(layer);
    }
    return out;
}

json::object progress_message(const Descriptor& blob, int64_t bytes, const std::string& why) {
    json::object step;
    step["phase"] = why.empty() ? "downloading" : "waiting";
    step["layer"] = blob.digest;
    step["bytes"] = bytes;
    step["total_bytes"] = blob.size_bytes;
    step["message"] = why;
    json::object message;
    message["progress"] = std::move(step);
    return message;
}

DownloadEvents tell(const Channel& channel) {
    DownloadEvents events;
    events.finished = [&channel](const std::string& digest) {
        json::object message;
        message["blob"] = digest;
        return channel.send(message);
    };
    events.progress = [&channel](const Descriptor& blob, int64_t bytes, const std::string& why) {
        return channel.send(progress_message(blob, bytes, why));
    };
    return events;
}

Result<void> bring(Channel& channel, Registry& registry, const Resolved& resolved, int parallel_max) {
    json::object message;
    message["offer"] = encode_offer(resolved.offer);
    TRY_VOID(channel.send(message));
    TRY(const json::object answer, channel.receive());
    const auto blobs = wanted_layers(resolved.layers, texts_of(answer, "wanted"));
    const DownloadEvents events = tell(channel);
    TRY_VOID(download_blobs(registry, directory_fd, blobs, parallel_max, events));
    json::object done;
    done["done"] = true;
    return channel.send(done);
}

Result<void> pull(Channel& channel) {
    TRY(const json::object request, channel.receive());
    TRY(const PullOrder order, parse_order(request));
    // Reads its configuration now, because files are out of reach soon.
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return Error(Code::internal, "cannot start the HTTP library");
    auto confined = confine_puller(order);
    if (!confined) return std::move(confined).error().with_context("confine the puller");
    HttpClient client;
    for (size_t i = 0; i < order.credentials.size(); ++i) {
        Registry registry(client, order.access, order.reference, order.credentials[i]);
        auto resolved = resolve(registry, host_platform());
        if (resolved) return bring(channel, registry, *resolved, order.layers_parallel_max);
        const Code code = resolved.error().code();
        const bool next_may_help = code == Code::unauthorized || code == Code::not_found;
        if (!next_may_help || i + 1 == order.credentials.size()) return std::move(resolved).error();
    }
    return Error(Code::internal, "no credentials to try");
}

}  // namespace

int puller_main() {
    Channel channel(channel_fd);
    auto result = pull(channel);
    if (result) return 0;
    json::object message;
    message["error"] = encode_error(result.error());
    (void)channel.send(message);
    return 1;
}

}  // namespace orilla::images
