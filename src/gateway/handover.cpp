#include "handover.hpp"

#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "listening.hpp"
#include "orilla/loop/timeout.hpp"

namespace orilla::gateway {

namespace {
constexpr int64_t meeting_ms_max = 2'000;
constexpr int daemons_waiting_max = 4;

std::string hidden(const std::string& path) { return path + ".new"; }

Result<sockaddr_un> unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return Error(Code::invalid, fmt::format("the path {} is too long for a socket", path));
    memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

loop::Task<Result<PortSockets>> receive_sockets(PacketSocket& channel) {
    CO_TRY(Packet packet, channel.receive());
    if (packet.bytes.empty()) co_return Error(Code::unavailable, "it has ended");
    auto message = decode_to_gateway(packet.bytes);
    if (!message) co_return std::move(message).error();
    const auto* sockets = std::get_if<Sockets>(&*message);
    if (sockets == nullptr) co_return Error(Code::bad_request, "it speaks of something else");
    co_return take_sockets(*sockets, std::move(packet.fds));
}
}  // namespace

Result<UniqueFd> make_meeting_place(const std::string& path) {
    const std::string place = hidden(path);
    TRY(const sockaddr_un address, unix_address(place));
    UniqueFd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return Error::from_errno("make a unix socket", errno);
    unlink(place.c_str());
    const mode_t before = umask(0177);
    const bool is_bound = bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    const int error = errno;
    umask(before);
    if (!is_bound) return Error::from_errno("bind " + place, error);
    if (listen(fd.get(), daemons_waiting_max) != 0) return Error::from_errno("listen on " + place, errno);
    return fd;
}

Result<void> show_meeting_place(const std::string& path) {
    if (rename(hidden(path).c_str(), path.c_str()) != 0) return Error::from_errno("rename " + hidden(path), errno);
    return ok();
}

loop::Task<Predecessor> meet_predecessor(loop::Loop& loop, std::string path) {
    Predecessor none;
    const auto address = unix_address(path);
    if (!address) co_return none;
    UniqueFd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd || connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) co_return none;
    Predecessor found;
    found.channel = std::make_unique<PacketSocket>(loop, std::move(fd));
    auto receiving = receive_sockets(*found.channel);
    AWAIT(auto sockets, loop::with_deadline(loop, std::move(receiving), meeting_ms_max, "hear from the gateway before"));
    if (!sockets) co_return none;
    found.sockets = std::move(*sockets);
    co_return found;
}

Result<PortSockets> take_sockets(const Sockets& message, std::vector<UniqueFd> fds) {
    if (fds.size() != message.ports.size()) return Error(Code::bad_request, "sockets are missing beside the message");
    PortSockets out;
    for (size_t i = 0; i < fds.size(); ++i) {
        if (find_listening_port(fds[i].get()) != message.ports[i])
            return Error(Code::bad_request, fmt::format("the socket for port {} does not listen there", message.ports[i]));
        out[message.ports[i]] = std::move(fds[i]);
    }
    return out;
}

std::pair<std::string, std::vector<int>> render_sockets(const PortSockets& sockets) {
    Sockets message;
    std::vector<int> fds;
    for (const auto& [port, fd] : sockets) {
        if (fds.size() == sockets_per_message_max) break;
        message.ports.push_back(port);
        fds.push_back(fd.get());
    }
    return {encode(ToGateway(std::move(message))), std::move(fds)};
}

}  // namespace orilla::gateway
