#include "pod_dir.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

#include "cgroup_files.hpp"
#include "orilla/base/read_file.hpp"

namespace orilla::runtime {

namespace {

struct FlagName {
    const char* name;
    bool PodFacts::*member;
};
constexpr FlagName flag_names[] = {{"own_ipc", &PodFacts::own_ipc},
                                   {"host_pid", &PodFacts::host_pid},
                                   {"share_process_namespace", &PodFacts::share_process_namespace},
                                   {"files_apart", &PodFacts::files_apart},
                                   {"messages_apart", &PodFacts::messages_apart},
                                   {"has_hostname", &PodFacts::has_hostname},
                                   {"has_hosts", &PodFacts::has_hosts},
                                   {"has_resolv_conf", &PodFacts::has_resolv_conf}};
struct StopTime {
    const char* name;
    int64_t StopProgress::*member;
};
constexpr StopTime stop_times[] = {{"begun_ms", &StopProgress::begun_ms},
                                   {"hook_begun_ms", &StopProgress::hook_begun_ms},
                                   {"hook_ended_ms", &StopProgress::hook_ended_ms},
                                   {"signalled_ms", &StopProgress::signalled_ms},
                                   {"grace_s", &StopProgress::grace_s}};
constexpr size_t shm_bytes = 64U << 20;
constexpr size_t message_room_bytes = 1U << 20;

}  // namespace

namespace {
/// -1 for what is no number from 0 on.
int64_t parse_number(std::string_view text) {
    int64_t value = -1;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    return read.ec == std::errc() && read.ptr == text.data() + text.size() && value >= 0 ? value : -1;
}
}  // namespace

std::string render_pod_record(const PodRecord& record) {
    std::string text = fmt::format("version 1\ncgroup {}\n", record.cgroup);
    if (record.created_ms >= 0) text += fmt::format("created_ms {}\n", record.created_ms);
    if (record.facts.first_id) text += fmt::format("first_id {}\n", record.facts.first_id);
    for (const auto& flag : flag_names)
        if (record.facts.*flag.member) text += std::string(flag.name) + " 1\n";
    return text;
}

Result<PodRecord> parse_pod_record(std::string_view text) {
    PodRecord record;
    record.facts.own_ipc = record.facts.messages_apart = false;
    bool versioned = false;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const size_t space = line.find(' ');
        if (space == std::string_view::npos) return Error(Code::corrupt, "pod record: a line without a value");
        const std::string_view key = line.substr(0, space), value = line.substr(space + 1);
        if (key == "version") versioned = value == "1";
        if (key == "cgroup") record.cgroup = value;
        if (key == "first_id") record.facts.first_id = static_cast<uint32_t>(std::max<int64_t>(parse_number(value), 0));
        if (key == "created_ms") record.created_ms = parse_number(value);
        for (const auto& flag : flag_names)
            if (key == flag.name) record.facts.*flag.member = value == "1";
    }
    if (!versioned || record.cgroup.empty()) return Error(Code::corrupt, "pod record: no version or no cgroup");
    return record;
}

std::string render_stop(const StopProgress& stop) {
    std::string text;
    for (const auto& time : stop_times)
        if (stop.*time.member >= 0) text += fmt::format("{} {}\n", time.name, stop.*time.member);
    return text;
}

StopProgress parse_stop(std::string_view text) {
    StopProgress stop;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const size_t space = std::min(line.find(' '), line.size());
        const int64_t value = parse_number(line.substr(std::min(space + 1, line.size())));
        if (value < 0) continue;
        for (const auto& time : stop_times)
            if (line.substr(0, space) == time.name) stop.*time.member = value;
    }
    return stop;
}

Result<void> write_file_atomically(const std::string& path, std::string_view content, unsigned mode) {
    const std::string beside = path + ".new";
    UniqueFd fd(open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!fd) return Error::from_errno("write " + path, errno);
    if (fchmod(fd.get(), mode) != 0) return Error::from_errno("write " + path, errno);
    if (write(fd.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size()))
        return Error::from_errno("write " + path, errno ? errno : ENOSPC);
    if (rename(beside.c_str(), path.c_str()) != 0) return Error::from_errno("write " + path, errno);
    return ok();
}

namespace {

Result<UniqueFd> open_to_read(const std::string& path) {
    UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!fd && errno == ENOENT) return Error(Code::not_found, "no file " + path);
    if (!fd) return Error::from_errno("read " + path, errno);
    return fd;
}

}  // namespace

Result<std::string> read_own_file(const std::string& path, size_t bytes_max) {
    TRY(const UniqueFd fd, open_to_read(path));
    return read_fd(fd.get(), path, bytes_max);
}

Result<std::string> read_file_end(const std::string& path, size_t bytes_max) {
    TRY(const UniqueFd fd, open_to_read(path));
    struct stat found {};
    if (fstat(fd.get(), &found) != 0) return Error::from_errno("read " + path, errno);
    const off_t from = std::max<off_t>(found.st_size - static_cast<off_t>(bytes_max), 0);
    if (lseek(fd.get(), from, SEEK_SET) < 0) return Error::from_errno("read " + path, errno);
    std::string text;
    char buffer[4096];
    // It may grow meanwhile.
    while (text.size() < bytes_max) {
        const ssize_t count = read(fd.get(), buffer, std::min(sizeof buffer, bytes_max - text.size()));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return Error::from_errno("read " + path, errno);
        if (count == 0) break;
        text.append(buffer, static_cast<size_t>(count));
    }
    return text;
}

namespace {

Result<void> mount_tmpfs(const char* name, const std::string& path, const char* mode, size_t bytes_max) {
    TRY_VOID(make_directories(path, 0700));
    const std::string options = fmt::format("mode={},size={}", mode, bytes_max);
    if (mount(name, path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options.c_str()) != 0)
        return Error::from_errno("mount " + path, errno);
    return ok();
}

}  // namespace

Result<PodRecord> make_pod_dir(const std::string& dir, const PodSandboxSpec& spec, const std::string& cgroup, uint32_t first_id,
                               int64_t now_ms) {
    PodRecord record;
    record.facts.first_id = first_id;
    record.created_ms = now_ms;
    record.cgroup = cgroup;
    PodFacts& facts = record.facts;
    facts.dir = dir;
    facts.own_ipc = !spec.host_ipc;
    facts.host_pid = spec.host_pid;
    facts.share_process_namespace = spec.share_process_namespace;
    facts.has_hostname = !spec.hostname.empty();
    facts.has_hosts = !spec.hosts.empty();
    facts.has_resolv_conf = !spec.resolv_conf.empty();
    TRY_VOID(make_directories(dir, 0700));
    TRY_VOID(make_directories(dir + "/rootfs"));
    TRY_VOID(make_directories(dir + "/empty", 0555));
    const struct {
        bool wanted;
        const char* name;
        std::string content;
    } files[] = {{facts.has_hostname, "/hostname", spec.hostname + "\n"},
                 {facts.has_hosts, "/hosts", spec.hosts},
                 {facts.has_resolv_conf, "/resolv.conf", spec.resolv_conf}};
    for (const auto& file : files)
        if (file.wanted) TRY_VOID(write_file_atomically(facts.files_dir() + file.name, file.content, 0644));
    if (facts.own_ipc) TRY_VOID(mount_tmpfs("shm", dir + "/shm", "1777", shm_bytes));
    TRY_VOID(write_file_atomically(dir + "/pod", render_pod_record(record), 0600));
    return record;
}

Result<UniqueFd> open_listener(const std::string& dir) {
    UniqueFd dir_fd(open(dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!dir_fd) return Error::from_errno("open " + dir, errno);
    UniqueFd listener(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listener) return Error::from_errno("socket", errno);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // By way of the fd, because the path may be too long for sockaddr_un.
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/socket", dir_fd.get());
    unlink(socket_path(dir).c_str());
    constexpr int backlog = 4;
    if (bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        chmod(socket_path(dir).c_str(), 0600) != 0 || listen(listener.get(), backlog) != 0)
        return Error::from_errno("listen at " + socket_path(dir), errno);
    return listener;
}

Result<UniqueFd> open_state_file(const std::string& dir) {
    const std::string path = dir + "/state";
    UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return Error::from_errno("open " + path, errno);
    return fd;
}

void unmount_pod_dir(const std::string& dir) {
    // Detached: whoever still has it open keeps it for that long.
    for (const char* name : {"/shm", "/files", "/user", "/net"}) umount2((dir + name).c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
    for (const auto& id : list_directories(dir + "/messages"))
        umount2((dir + "/messages/" + id).c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
}

std::string message_path(const PodFacts& facts, const std::string& container_id) {
    if (facts.messages_apart) return facts.dir + "/messages/" + container_id + "/message";
    return facts.files_dir() + "/" + container_id + ".message";
}

Result<std::string> make_message_file(const PodFacts& facts, const std::string& container_id) {
    const std::string path = message_path(facts, container_id);
    // What a container writes is in memory and must not be able to fill the host's /run, nor take another's room.
    if (facts.messages_apart) TRY_VOID(mount_tmpfs("message", path.substr(0, path.rfind('/')), "0700", message_room_bytes));
    UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666));
    const uid_t owner = facts.first_id;
    if (!fd || fchmod(fd.get(), 0666) != 0 || fchown(fd.get(), owner, owner) != 0)
        return Error::from_errno("make " + path, errno);
    return path;
}

void remove_message_file(const PodFacts& facts, const std::string& container_id) {
    const std::string path = message_path(facts, container_id);
    if (!facts.messages_apart) {
        unlink(path.c_str());
        return;
    }
    const std::string directory = path.substr(0, path.rfind('/'));
    umount2(directory.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
    rmdir(directory.c_str());
}

Result<std::vector<PodFile>> read_pod_files(const PodFacts& facts) {
    const std::pair<bool, const char*> files[] = {
        {facts.has_hostname, "hostname"}, {facts.has_hosts, "hosts"}, {facts.has_resolv_conf, "resolv.conf"}};
    std::vector<PodFile> found;
    for (auto [present, name] : files) {
        if (!present) continue;
        PodFile file{name, facts.files_dir() + "/" + name, ""};
        TRY(file.content, read_own_file(file.path, pod_file_bytes_max));
        found.push_back(std::move(file));
    }
    return found;
}

std::vector<supervisor::Record> read_state_records(const std::string& dir) {
    std::vector<supervisor::Record> records;
    UniqueFd fd(open((dir + "/state").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    // On the heap: the file is as large as it can become.
    const auto file = std::make_unique_for_overwrite<supervisor::StateFile>();
    supervisor::StateFile& state = *file;
    const ssize_t bytes = fd ? read(fd.get(), &state, sizeof state) : -1;
    if (bytes < static_cast<ssize_t>(offsetof(supervisor::StateFile, records)) || state.magic != supervisor::state_magic)
        return records;
    const size_t count = (static_cast<size_t>(bytes) - offsetof(supervisor::StateFile, records)) / sizeof state.records[0];
    for (size_t i = 0; i < count; ++i) {
        supervisor::Record& record = state.records[i];
        if (record.phase == supervisor::RecordPhase::free) continue;
        for (auto [text, size] :
             {std::pair(record.id, sizeof record.id), std::pair(record.name, sizeof record.name),
              std::pair(record.log_path, sizeof record.log_path), std::pair(record.scratch_dir, sizeof record.scratch_dir)})
            text[size - 1] = 0;
        records.push_back(record);
    }
    return records;
}

std::optional<int> read_supervisor_pid(const std::string& dir) {
    UniqueFd fd(open((dir + "/state").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    const auto file = std::make_unique_for_overwrite<supervisor::StateFile>();
    supervisor::StateFile& state = *file;
    constexpr size_t head = offsetof(supervisor::StateFile, records);
    if (!fd || read(fd.get(), &state, head) != static_cast<ssize_t>(head) || state.magic != supervisor::state_magic)
        return std::nullopt;
    return state.supervisor_pid;
}

}  // namespace orilla::runtime
