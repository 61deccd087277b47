#include "dns/dns_upstream.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "dns/dns_message.hpp"
#include "orilla/loop/timeout.hpp"

namespace orilla::network {

namespace {
constexpr size_t upstreams_max = 8;
constexpr size_t resolv_conf_bytes_max = 64 * 1024;
constexpr int wrong_replies_max = 64;  // of strangers who guess; then the question counts as unanswered

UniqueFd connect_to(DnsUpstream to, int type) {
    UniqueFd fd(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(to.ip.value);
    address.sin_port = htons(to.port);
    if (!fd) return fd;
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS)
        fd.reset();
    return fd;
}

bool answers(std::string_view query, std::string_view reply) {
    if (reply.size() < dns_header_bytes || reply.substr(0, 2) != query.substr(0, 2)) return false;
    if (!(static_cast<uint8_t>(reply[2]) & 0x80)) return false;
    const std::string_view asked = question_bytes(query);
    return !asked.empty() && equal_ignoring_case(asked, question_bytes(reply));
}

/// Blocks as long as the file system does.
std::vector<DnsUpstream> read_resolv_conf(const std::string& path) {
    std::string text(resolv_conf_bytes_max, '\0');
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    const ssize_t got = file ? ::read(file.get(), text.data(), text.size()) : 0;
    return parse_resolv_conf(std::string_view(text).substr(0, got > 0 ? static_cast<size_t>(got) : 0));
}
}  // namespace

std::vector<DnsUpstream> parse_resolv_conf(std::string_view text) {
    std::vector<DnsUpstream> found;
    while (!text.empty() && found.size() < upstreams_max) {
        const size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        constexpr std::string_view keyword = "nameserver";
        if (line.substr(0, keyword.size()) != keyword) continue;
        line.remove_prefix(keyword.size());
        const size_t start = line.find_first_not_of(" \t");
        if (start == 0 || start == std::string_view::npos) continue;
        line.remove_prefix(start);
        auto ip = parse_ipv4(line.substr(0, line.find_first_of(" \t\r#;")));
        if (ip) found.push_back({*ip, 53});
    }
    return found;
}

loop::Task<void> DnsUpstreamList::read_file() {
    reading_ = true;
    looked_ms_ = loop_.now_ms();
    AWAIT(found_, loop::run_on(files_, loop_, [path = config_.resolv_conf] { return read_resolv_conf(path); }));
    // A node that asks us itself must not be asked back.
    std::erase_if(found_, [this](const DnsUpstream& upstream) { return upstream.ip == config_.address; });
    reading_ = false;
    read_.notify_all();
}

loop::Task<std::vector<DnsUpstream>> DnsUpstreamList::current() {
    if (!config_.upstreams.empty()) co_return config_.upstreams;
    if (!reading_ && (looked_ms_ < 0 || loop_.now_ms() - looked_ms_ >= resolv_conf_age_ms_max)) scope_.spawn(read_file());
    while (reading_) {
        const int64_t left_ms = looked_ms_ + resolv_conf_answer_ms_max - loop_.now_ms();
        if (left_ms <= 0) break;
        AWAIT_VOID(loop::wait_for(loop_, read_, left_ms));
    }
    co_return found_;
}

loop::Task<std::string> exchange_udp(loop::Loop& loop, DnsUpstream to, std::string query) {
    const UniqueFd fd = connect_to(to, SOCK_DGRAM);
    if (!fd) co_return std::string();
    loop::FdWatch watch(loop, fd.get());
    if (::send(fd.get(), query.data(), query.size(), MSG_NOSIGNAL) < 0) co_return std::string();
    std::string reply;
    for (int wrong = 0; wrong < wrong_replies_max;) {
        reply.resize(4096);
        const ssize_t got = ::recv(fd.get(), reply.data(), reply.size(), 0);
        if (got < 0 && errno == EAGAIN) {
            co_await watch.readable();
            continue;
        }
        if (got < 0) co_return std::string();
        reply.resize(static_cast<size_t>(got));
        if (answers(query, reply)) co_return reply;
        ++wrong;
    }
    co_return std::string();
}

loop::Task<std::string> exchange_tcp(loop::Loop& loop, DnsUpstream to, std::string query) {
    const UniqueFd fd = connect_to(to, SOCK_STREAM);
    if (!fd) co_return std::string();
    loop::FdWatch watch(loop, fd.get());
    auto writing = write_message(watch, fd.get(), query);
    if (!co_await std::move(writing)) co_return std::string();
    AWAIT(std::string reply, read_message(watch, fd.get(), dns_tcp_bytes_max));
    if (!answers(query, reply)) reply.clear();
    co_return reply;
}

loop::Task<bool> write_message(loop::FdWatch& watch, int fd, std::string message) {
    if (message.size() > dns_tcp_bytes_max) co_return false;
    message.insert(0, be16(static_cast<uint16_t>(message.size())));
    for (size_t sent = 0; sent < message.size();) {
        const ssize_t step = ::send(fd, message.data() + sent, message.size() - sent, MSG_NOSIGNAL);
        if (step < 0 && (errno == EAGAIN || errno == ENOTCONN)) {
            co_await watch.writable();
            continue;
        }
        if (step < 0) co_return false;
        sent += static_cast<size_t>(step);
    }
    co_return true;
}

loop::Task<std::string> read_message(loop::FdWatch& watch, int fd, size_t bytes_max) {
    std::string bytes(2, '\0');
    size_t wanted = 2, have = 0;
    while (have < wanted) {
        const ssize_t step = ::recv(fd, bytes.data() + have, wanted - have, 0);
        if (step < 0 && errno == EAGAIN) {
            co_await watch.readable();
            continue;
        }
        if (step <= 0) co_return std::string();
        have += static_cast<size_t>(step);
        if (have < 2 || wanted > 2) continue;
        wanted = 2 + (size_t{static_cast<uint8_t>(bytes[0])} << 8 | static_cast<uint8_t>(bytes[1]));
        if (wanted == 2 || wanted - 2 > bytes_max) co_return std::string();
        bytes.resize(wanted);
    }
    co_return bytes.substr(2);
}

}  // namespace orilla::network
