// Netlink as bytes: a writer of messages, a reader of attributes, a socket that sends a batch and returns what the kernel
// said to it. rtnetlink, nfnetlink and ctnetlink all go through here. The kernel answers before send returns, so nothing
// here waits for anybody but the kernel.
#pragma once

#include <linux/netlink.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"

namespace orilla::network {

constexpr size_t netlink_batch_bytes_max = 64u << 20;
constexpr size_t netlink_attribute_bytes_max = 0xffff;
constexpr int netlink_reply_ms_max = 10'000;

class NetlinkWriter {
  public:
    /// Starts a message. `what` names it in errors and must be a literal; `tolerated_errno` is no error for this message.
    template <class Header>
    void begin(uint16_t type, uint16_t flags, const Header& header, const char* what, int tolerated_errno = 0) {
        begin_bytes(type, flags, &header, sizeof header, what, tolerated_errno);
    }
    void end();

    void put(uint16_t type, const void* data, size_t size);
    void put(uint16_t type, std::string_view bytes) { put(type, bytes.data(), bytes.size()); }
    /// With the terminating zero, as the kernel wants names.
    void put_name(uint16_t type, const std::string& name) { put(type, name.c_str(), name.size() + 1); }
    void put_flag(uint16_t type) { put(type, nullptr, 0); }
    template <class T>
    void put_value(uint16_t type, const T& value) {
        put(type, &value, sizeof value);
    }
    /// nfnetlink's numbers are in network order.
    void put_be32(uint16_t type, uint32_t value);
    void put_be64(uint16_t type, uint64_t value);

    size_t nest(uint16_t type);
    void unnest(size_t start);
    /// Raw bytes inside an attribute that is open, such as veth's ifinfomsg; padded to 4.
    void append(const void* data, size_t size);

    const std::vector<uint8_t>& bytes() const { return bytes_; }
    size_t size() const { return bytes_.size(); }
    bool empty() const { return expected_.empty(); }
    void clear();

    struct Expected {
        const char* what;
        int tolerated_errno;
    };
    /// Message i has sequence number i + 1.
    const std::vector<Expected>& expected() const { return expected_; }
    /// Sets NLM_F_ACK on the message that was written last but `back`.
    void ask_for_ack(size_t back);

  private:
    void begin_bytes(uint16_t type, uint16_t flags, const void* header, size_t size, const char* what, int tolerated);
    std::vector<uint8_t> bytes_;
    std::vector<Expected> expected_;
    std::vector<size_t> starts_;
};

/// Attributes of one level by type. Types above the range are left out; of repeated ones the last counts.
class NetlinkAttributes {
  public:
    static constexpr size_t types_max = 72;
    NetlinkAttributes(const void* data, size_t size);
    bool has(size_t type) const { return type < types_max && found_[type].data() != nullptr; }
    std::string_view bytes(size_t type) const { return type < types_max ? found_[type] : std::string_view(); }
    /// Up to the first zero.
    std::string name(size_t type) const;
    NetlinkAttributes nested(size_t type) const { return {bytes(type).data(), bytes(type).size()}; }
    template <class T>
    T value(size_t type) const {
        T out{};
        if (bytes(type).size() >= sizeof out) std::memcpy(&out, bytes(type).data(), sizeof out);
        return out;
    }
    uint32_t be32(size_t type) const;

  private:
    std::string_view found_[types_max];
};

/// Calls `each` for every attribute at one level, in order; for lists of same-typed attributes.
void for_each_attribute(std::string_view bytes, const std::function<void(uint16_t type, std::string_view)>& each);

/// A received message without its nlmsghdr.
struct NetlinkMessage {
    uint16_t type;
    std::string_view body;
};

/// A body's own header, such as ifinfomsg, and its attributes behind it; false when it is cut short.
template <class Header>
bool split_body(std::string_view body, Header& header, std::string_view& attributes) {
    if (body.size() < sizeof header) return false;
    std::memcpy(&header, body.data(), sizeof header);
    attributes = body.substr(std::min<size_t>(NLMSG_ALIGN(sizeof header), body.size()));
    return true;
}

class NetlinkSocket {
  public:
    /// In the network namespace of the calling thread, where it stays.
    static Result<NetlinkSocket> open(int protocol);

    /// Sends every message and waits for an acknowledgement of each (they are asked for here); the first failure that
    /// is not tolerated is returned, after all have been tried.
    Result<void> apply(NetlinkWriter& batch);
    /// Sends an nfnetlink batch that is all or nothing: BEGIN, messages, END, of which the last message asks for an ack.
    Result<void> commit(NetlinkWriter& batch);
    /// Sends one dump request and hands over every message of the answer.
    Result<void> dump(const NetlinkWriter& request, const std::function<void(const NetlinkMessage&)>& each);

    /// What the kernel knows the socket by, in what it tells others of its doings.
    uint32_t port_id() const;

  private:
    explicit NetlinkSocket(UniqueFd fd) : fd_(std::move(fd)) {}
    Result<void> send(const std::vector<uint8_t>& bytes);
    Result<size_t> receive();
    /// One received datagram; `left` counts acknowledgements down to the last.
    void settle(std::string_view datagram, const NetlinkWriter& batch, size_t last_sequence, bool& done,
                std::vector<Error>& errors);
    UniqueFd fd_;
    std::vector<char> buffer_;
};

}  // namespace orilla::network
