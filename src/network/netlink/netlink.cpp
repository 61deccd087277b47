#include "netlink/netlink.hpp"

#include <arpa/inet.h>
#include <endian.h>
#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cassert>
#include <cerrno>

namespace orilla::network {

namespace {
constexpr size_t receive_bytes = 32 * 1024;  // the kernel's largest dump datagram
constexpr int send_buffer_bytes_min = 256 * 1024;

size_t padded(size_t size) { return (size + 3) & ~size_t{3}; }

/// The kernel's sentence about an error, when it has one (NLMSGERR_ATTR_MSG).
std::string error_text(std::string_view body, uint16_t flags) {
    // With NETLINK_CAP_ACK only the header of the failed message is repeated.
    const size_t skip = sizeof(nlmsgerr);
    if (!(flags & NLM_F_ACK_TLVS) || body.size() <= skip) return {};
    const NetlinkAttributes attributes(body.data() + skip, body.size() - skip);
    return attributes.name(NLMSGERR_ATTR_MSG);
}
}  // namespace

// ---- NetlinkWriter ---------------------------------------------------------------------------------------------------

void NetlinkWriter::begin_bytes(uint16_t type, uint16_t flags, const void* header, size_t size, const char* what,
                                int tolerated) {
    expected_.push_back({what, tolerated});
    starts_.push_back(bytes_.size());
    nlmsghdr head{};
    head.nlmsg_type = type;
    head.nlmsg_flags = flags | NLM_F_REQUEST;
    head.nlmsg_seq = static_cast<uint32_t>(expected_.size());
    append(&head, sizeof head);
    append(header, size);
}

void NetlinkWriter::end() {
    const uint32_t length = static_cast<uint32_t>(bytes_.size() - starts_.back());
    std::memcpy(bytes_.data() + starts_.back(), &length, sizeof length);
}

void NetlinkWriter::ask_for_ack(size_t back) {
    assert(back < starts_.size());
    auto* head = reinterpret_cast<nlmsghdr*>(bytes_.data() + starts_[starts_.size() - 1 - back]);
    head->nlmsg_flags |= NLM_F_ACK;
}

void NetlinkWriter::append(const void* data, size_t size) {
    const size_t at = bytes_.size();
    bytes_.resize(at + padded(size));
    if (size > 0) std::memcpy(bytes_.data() + at, data, size);
}

void NetlinkWriter::put(uint16_t type, const void* data, size_t size) {
    assert(size + sizeof(nlattr) <= netlink_attribute_bytes_max);
    const nlattr head{static_cast<uint16_t>(sizeof(nlattr) + size), type};
    append(&head, sizeof head);
    append(data, size);
}

void NetlinkWriter::put_be32(uint16_t type, uint32_t value) { put_value(type, htonl(value)); }
void NetlinkWriter::put_be64(uint16_t type, uint64_t value) { put_value(type, htobe64(value)); }

size_t NetlinkWriter::nest(uint16_t type) {
    const size_t start = bytes_.size();
    const nlattr head{0, static_cast<uint16_t>(type | NLA_F_NESTED)};
    append(&head, sizeof head);
    return start;
}

void NetlinkWriter::unnest(size_t start) {
    const size_t size = bytes_.size() - start;
    assert(size <= netlink_attribute_bytes_max);
    const uint16_t length = static_cast<uint16_t>(size);
    std::memcpy(bytes_.data() + start, &length, sizeof length);
}

void NetlinkWriter::clear() {
    bytes_.clear();
    expected_.clear();
    starts_.clear();
}

// ---- attributes ------------------------------------------------------------------------------------------------------

void for_each_attribute(std::string_view bytes, const std::function<void(uint16_t, std::string_view)>& each) {
    while (bytes.size() >= sizeof(nlattr)) {
        nlattr head;
        std::memcpy(&head, bytes.data(), sizeof head);
        if (head.nla_len < sizeof head || head.nla_len > bytes.size()) return;
        each(head.nla_type & NLA_TYPE_MASK, bytes.substr(sizeof head, head.nla_len - sizeof head));
        bytes.remove_prefix(std::min(padded(head.nla_len), bytes.size()));
    }
}

NetlinkAttributes::NetlinkAttributes(const void* data, size_t size) {
    for_each_attribute({static_cast<const char*>(data), size}, [this](uint16_t type, std::string_view value) {
        if (type < types_max) found_[type] = value;
    });
}

std::string NetlinkAttributes::name(size_t type) const {
    const std::string_view text = bytes(type);
    return std::string(text.substr(0, text.find('\0')));
}

uint32_t NetlinkAttributes::be32(size_t type) const { return ntohl(value<uint32_t>(type)); }

// ---- NetlinkSocket ---------------------------------------------------------------------------------------------------

Result<NetlinkSocket> NetlinkSocket::open(int protocol) {
    UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
    if (!fd) return Error::from_errno("open a netlink socket", errno);
    const int on = 1;
    ::setsockopt(fd.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
    ::setsockopt(fd.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
    const int room = 1 << 20;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    const timeval limit{netlink_reply_ms_max / 1000, 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return NetlinkSocket(std::move(fd));
}

uint32_t NetlinkSocket::port_id() const {
    sockaddr_nl own{};
    socklen_t length = sizeof own;
    return ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&own), &length) == 0 ? own.nl_pid : 0;
}

Result<void> NetlinkSocket::send(const std::vector<uint8_t>& bytes) {
    if (bytes.size() > netlink_batch_bytes_max)
        return Error(Code::too_large,
                     fmt::format("netlink batch of {} bytes: the limit is {}", bytes.size(), netlink_batch_bytes_max));
    // A batch must go in one piece, so the buffer must take it whole.
    const int room = std::max(static_cast<int>(bytes.size() + 4096), send_buffer_bytes_min);
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    ssize_t sent;
    do {
        sent = ::sendto(fd_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) return Error::from_errno("send to netlink", errno);
    return ok();
}

Result<size_t> NetlinkSocket::receive() {
    buffer_.resize(receive_bytes);
    ssize_t got;
    do {
        got = ::recv(fd_.get(), buffer_.data(), buffer_.size(), 0);
    } while (got < 0 && errno == EINTR);
    if (got < 0) return Error::from_errno("receive from netlink", errno == EAGAIN ? ETIMEDOUT : errno);
    return static_cast<size_t>(got);
}

void NetlinkSocket::settle(std::string_view datagram, const NetlinkWriter& batch, size_t last_sequence, bool& done,
                           std::vector<Error>& errors) {
    while (datagram.size() >= sizeof(nlmsghdr)) {
        nlmsghdr head;
        std::memcpy(&head, datagram.data(), sizeof head);
        if (head.nlmsg_len < sizeof head || head.nlmsg_len > datagram.size()) return;
        const std::string_view body = datagram.substr(sizeof head, head.nlmsg_len - sizeof head);
        if (head.nlmsg_type == NLMSG_ERROR && body.size() >= sizeof(nlmsgerr)) {
            int code = 0;
            std::memcpy(&code, body.data(), sizeof code);
            const size_t index = head.nlmsg_seq - 1;
            const auto& all = batch.expected();
            const bool known = index < all.size();
            if (code != 0 && !(known && all[index].tolerated_errno == -code)) {
                std::string what = known ? all[index].what : "netlink";
                const std::string text = error_text(body, head.nlmsg_flags);
                if (!text.empty()) what += fmt::format(" ({})", text);
                errors.push_back(Error::from_errno(what, -code));
            }
            if (head.nlmsg_seq == last_sequence) done = true;
        }
        datagram.remove_prefix(std::min(padded(head.nlmsg_len), datagram.size()));
    }
}

Result<void> NetlinkSocket::apply(NetlinkWriter& batch) {
    if (batch.empty()) return ok();
    for (size_t i = 0; i < batch.expected().size(); ++i) batch.ask_for_ack(i);
    TRY_VOID(send(batch.bytes()));
    std::vector<Error> errors;
    for (bool done = false; !done;) {
        TRY(const size_t got, receive());
        settle({buffer_.data(), got}, batch, batch.expected().size(), done, errors);
    }
    if (!errors.empty()) return std::move(errors.front());
    return ok();
}

Result<void> NetlinkSocket::commit(NetlinkWriter& batch) {
    const size_t count = batch.expected().size();
    assert(count >= 3 && "begin, at least one message, end");
    batch.ask_for_ack(1);
    TRY_VOID(send(batch.bytes()));
    std::vector<Error> errors;
    for (bool done = false; !done;) {
        TRY(const size_t got, receive());
        settle({buffer_.data(), got}, batch, count - 1, done, errors);
        // A batch that cannot even be started is refused with one error for its first message.
        if (!errors.empty() && !done) done = true;
    }
    if (errors.empty()) return ok();
    // What else the kernel had to say about this batch must not be taken for answers to the next.
    while (::recv(fd_.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT) > 0) {
    }
    return std::move(errors.front());
}

Result<void> NetlinkSocket::dump(const NetlinkWriter& request, const std::function<void(const NetlinkMessage&)>& each) {
    TRY_VOID(send(request.bytes()));
    for (;;) {
        TRY(const size_t got, receive());
        std::string_view datagram(buffer_.data(), got);
        while (datagram.size() >= sizeof(nlmsghdr)) {
            nlmsghdr head;
            std::memcpy(&head, datagram.data(), sizeof head);
            if (head.nlmsg_len < sizeof head || head.nlmsg_len > datagram.size()) break;
            const std::string_view body = datagram.substr(sizeof head, head.nlmsg_len - sizeof head);
            if (head.nlmsg_type == NLMSG_DONE) return ok();
            if (head.nlmsg_type == NLMSG_ERROR) {
                int code = 0;
                if (body.size() >= sizeof code) std::memcpy(&code, body.data(), sizeof code);
                if (code == 0) return ok();
                return Error::from_errno(request.expected().front().what, -code);
            }
            each({head.nlmsg_type, body});
            datagram.remove_prefix(std::min(padded(head.nlmsg_len), datagram.size()));
        }
    }
}

}  // namespace orilla::network
