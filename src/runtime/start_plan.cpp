#include "start_plan.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

namespace orilla::runtime {

using supervisor::PlanHeader;
using supervisor::Step;

namespace {

/// Everything behind the header and the steps; knows where in the plan it begins.
class Pool {
  public:
    explicit Pool(size_t start) : start_(start) {}

    uint32_t add_text(const std::string& text) {
        if (text.empty()) return 0;
        const uint32_t offset = here();
        bytes_.append(text).push_back('\0');
        return offset;
    }
    uint64_t add_aligned(std::string_view blob) {
        align();
        const uint64_t offset = here();
        bytes_.append(blob);
        return offset;
    }
    /// A table of offsets that ends with `zeros` zeros.
    uint64_t add_table(const std::vector<std::string>& texts, int zeros) {
        std::vector<uint64_t> offsets;
        for (const auto& text : texts) {
            offsets.push_back(here());
            bytes_.append(text).push_back('\0');
        }
        offsets.insert(offsets.end(), static_cast<size_t>(zeros), 0);
        return add_aligned({reinterpret_cast<const char*>(offsets.data()), offsets.size() * sizeof(uint64_t)});
    }
    std::string take() {
        align();
        bytes_.push_back('\0');
        return std::move(bytes_);
    }

  private:
    uint32_t here() const { return static_cast<uint32_t>(start_ + bytes_.size()); }
    void align() {
        while ((start_ + bytes_.size()) % 8) bytes_.push_back('\0');
    }
    size_t start_;
    std::string bytes_;
};

Step encode_step(const PlanStep& step, Pool& pool) {
    Step out{step.kind, step.flags, {}, {}};
    for (size_t i = 0; i < 4; ++i) {
        out.number[i] = step.number[i];
        out.text[i] = pool.add_text(step.text[i]);
    }
    if (step.blob_at >= 0) out.number[step.blob_at] = pool.add_aligned(step.blob);
    if (step.kind == StepKind::run) {
        out.number[0] = pool.add_table(step.args, 1);
        out.number[1] = pool.add_table(step.env, 2);  // the second zero leaves room for HOME
    }
    return out;
}

}  // namespace

Result<std::string> encode(const StartPlan& plan) {
    if (plan.steps.size() > supervisor::plan_steps_max)
        return Error(Code::invalid, fmt::format("too many mounts: {} steps", plan.steps.size()));
    const size_t head = sizeof(PlanHeader) + plan.steps.size() * sizeof(Step);
    Pool pool(head);
    PlanHeader header{};
    header.magic = supervisor::plan_magic;
    header.version = supervisor::plan_version;
    header.step_count = static_cast<uint16_t>(plan.steps.size());
    header.flags = plan.flags;
    header.clone_flags = plan.clone_flags;
    header.id = pool.add_text(plan.id);
    header.name = pool.add_text(plan.name);
    header.log_path = pool.add_text(plan.log_path);
    header.scratch_dir = pool.add_text(plan.scratch_dir);
    header.into_cgroup = pool.add_text(plan.into_cgroup);
    header.target = plan.target;
    header.stop_signal = plan.stop_signal;
    std::vector<Step> steps;
    steps.reserve(plan.steps.size());
    for (const auto& step : plan.steps) steps.push_back(encode_step(step, pool));
    const std::string tail = pool.take();
    if (head + tail.size() > supervisor::plan_bytes_max)
        return Error(Code::invalid, fmt::format("arguments and environment are too long: {} bytes", tail.size()));
    header.bytes = static_cast<uint32_t>(head + tail.size());
    std::string out(reinterpret_cast<const char*>(&header), sizeof header);
    out.append(reinterpret_cast<const char*>(steps.data()), steps.size() * sizeof(Step));
    return out.append(tail);
}

namespace {

/// Reads an encoded plan; every offset is checked.
class Reader {
  public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}

    bool read(void* out, size_t offset, size_t count) {
        if (offset > bytes_.size() || count > bytes_.size() - offset) return sound_ = false;
        memcpy(out, bytes_.data() + offset, count);
        return true;
    }
    std::string text(uint64_t offset) {
        if (offset == 0) return {};
        const size_t end = offset < bytes_.size() ? bytes_.find('\0', offset) : std::string_view::npos;
        if (end == std::string_view::npos) return sound_ = false, std::string();
        return std::string(bytes_.substr(offset, end - offset));
    }
    std::string blob(uint64_t offset, uint64_t count) {
        if (offset > bytes_.size() || count > bytes_.size() - offset) return sound_ = false, std::string();
        return std::string(bytes_.substr(offset, count));
    }
    std::vector<std::string> table(uint64_t offset) {
        std::vector<std::string> out;
        for (uint64_t entry = 0; read(&entry, offset, sizeof entry) && entry; offset += sizeof entry)
            out.push_back(text(entry));
        return out;
    }
    bool sound() const { return sound_; }

  private:
    std::string_view bytes_;
    bool sound_ = true;
};

PlanStep decode_step(const Step& step, Reader& reader) {
    PlanStep out;
    out.kind = step.kind;
    out.flags = step.flags;
    for (size_t i = 0; i < 4; ++i) {
        out.number[i] = step.number[i];
        out.text[i] = reader.text(step.text[i]);
    }
    if (step.kind == StepKind::set_seccomp) {
        out.blob_at = 0;
        out.blob = reader.blob(step.number[0], step.number[1] * 8);
    } else if (step.kind == StepKind::resolve_user) {
        uint64_t count = 0;
        reader.read(&count, step.number[3], sizeof count);
        out.blob_at = 3;
        out.blob = reader.blob(step.number[3], sizeof count + count * sizeof(uint32_t));
    } else if (step.kind == StepKind::run) {
        out.args = reader.table(step.number[0]);
        out.env = reader.table(step.number[1]);
        out.number[0] = out.number[1] = 0;
    }
    if (out.blob_at >= 0) out.number[static_cast<size_t>(out.blob_at)] = 0;
    return out;
}

}  // namespace

Result<StartPlan> decode(std::string_view bytes) {
    Reader reader(bytes);
    PlanHeader header{};
    if (!reader.read(&header, 0, sizeof header) || header.magic != supervisor::plan_magic ||
        header.version != supervisor::plan_version || header.bytes != bytes.size())
        return Error(Code::corrupt, "start plan: not one of this version");
    StartPlan plan;
    plan.flags = header.flags;
    plan.clone_flags = header.clone_flags;
    plan.id = reader.text(header.id);
    plan.name = reader.text(header.name);
    plan.log_path = reader.text(header.log_path);
    plan.scratch_dir = reader.text(header.scratch_dir);
    plan.into_cgroup = reader.text(header.into_cgroup);
    plan.target = header.target;
    plan.stop_signal = header.stop_signal;
    for (size_t i = 0; i < header.step_count; ++i) {
        Step step{};
        if (!reader.read(&step, sizeof header + i * sizeof step, sizeof step)) break;
        plan.steps.push_back(decode_step(step, reader));
    }
    if (!reader.sound()) return Error(Code::corrupt, "start plan: an offset leads out of it");
    return plan;
}

Result<UniqueFd> write_plan(const StartPlan& plan) {
    TRY(const std::string bytes, encode(plan));
    UniqueFd fd(memfd_create("orilla-plan", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd) return Error::from_errno("create the start plan", errno);
    size_t written = 0;
    while (written < bytes.size()) {
        const ssize_t count = write(fd.get(), bytes.data() + written, bytes.size() - written);
        if (count < 0 && errno != EINTR) return Error::from_errno("write the start plan", errno);
        if (count > 0) written += static_cast<size_t>(count);
    }
    if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        return Error::from_errno("seal the start plan", errno);
    return fd;
}

std::string describe(const PlanStep& step) {
    switch (step.kind) {
        case StepKind::join_cgroup: return "join cgroup " + step.text[0];
        case StepKind::enter_container: return "enter the container's namespaces";
        case StepKind::enter_namespace: return "enter namespace " + step.text[0];
        case StepKind::unshare: return "unshare namespaces";
        case StepKind::set_host_name: return "set hostname " + step.text[0];
        case StepKind::write_file: return "write " + step.text[0];
        case StepKind::set_propagation: return "make mounts private";
        case StepKind::mount_overlay: return "mount the overlay of the image's layers";
        case StepKind::new_mount: return fmt::format("create a {} mount", step.text[0]);
        case StepKind::keep_shared:
        case StepKind::clone_tree:
            return fmt::format("open mount source {}{}", step.text[0],
                               (step.text[1].empty() ? "" : " subPath " + step.text[1]));
        case StepKind::attach:
        case StepKind::attach_plain:
        case StepKind::attach_at_path: return "mount " + step.text[0];
        case StepKind::make_node: return "make device " + step.text[0];
        case StepKind::clone_node: return fmt::format("make device {} like {}", step.text[0], step.text[1]);
        case StepKind::make_link: return "make link " + step.text[0];
        case StepKind::make_dir: return "make directory " + step.text[0];
        case StepKind::mask: return "mask " + step.text[0];
        case StepKind::make_read_only:
            return step.text[0].empty() ? "make the root read-only" : fmt::format("make {} read-only", step.text[0]);
        case StepKind::pivot: return "pivot root";
        case StepKind::resolve_user: return fmt::format("find user '{}' in the image", step.text[0]);
        case StepKind::open_stdio: return "open standard streams";
        case StepKind::open_terminal: return "open a terminal";
        case StepKind::set_limit: return "set resource limit " + std::to_string(step.number[0]);
        case StepKind::set_bounding_set: return "drop capabilities from the bounding set";
        case StepKind::set_user: return "set user and groups";
        case StepKind::set_capabilities: return "set capabilities";
        case StepKind::set_no_new_privs: return "set no_new_privs";
        case StepKind::set_seccomp: return "install the seccomp filter";
        case StepKind::new_session: return "start a session";
        case StepKind::change_dir: return "change to directory " + step.text[0];
        case StepKind::die_with_parent: return "tie to the supervisor";
        case StepKind::run: return "exec " + (step.args.empty() ? std::string("nothing") : step.args[0]);
        case StepKind::make_mount_point: return "make mount point " + step.text[0];
        case StepKind::set_attributes: return "make a mount read-only";
        case StepKind::open_user_namespace: return "open the pod's user namespace";
        case StepKind::map_ids:
            return fmt::format("map user ids of {} (kernel 5.19 and a file system that can be mounted idmapped are needed)",
                               step.text[0]);
        case StepKind::enter_user_namespace: return "enter the pod's user namespace";
        case StepKind::take_shared: return "take a shared mount";
        case StepKind::wait_for_ever:
        case StepKind::none:
        case StepKind::count_: break;
    }
    return "step " + std::to_string(static_cast<uint32_t>(step.kind));
}

namespace {

Code code_of_start_failure(StepKind kind, int error_number) {
    const bool of_command = kind == StepKind::run || kind == StepKind::change_dir;
    if (of_command && (error_number == ENOENT || error_number == ENOTDIR)) return Code::not_found;
    if (of_command && (error_number == EACCES || error_number == ENOEXEC || error_number == EPERM)) return Code::forbidden;
    return Code::system;
}

Error user_error(const std::string& user, int error_number) {
    const auto error = [&user](const char* why) {
        return Error(Code::invalid, fmt::format("unable to find user {}: {}", user, why));
    };
    switch (error_number) {
        case ESRCH: return error("no matching entries in passwd file");
        case E2BIG: return error("it is a member of more than 256 groups");
        case EINVAL: return error("/etc/passwd or /etc/group of the image is not a regular file");
        case EFBIG: return error("/etc/passwd or /etc/group of the image is larger than 1 MiB");
        default:
            return Error::from_errno(
                       fmt::format("unable to find user {}: /etc/passwd or /etc/group of the image cannot be read", user),
                       error_number)
                .with_code(Code::invalid);
    }
}

}  // namespace

Error start_error(const StartPlan& plan, const supervisor::StartFailed& failed) {
    const auto index = static_cast<size_t>(failed.step);
    const int error_number = failed.error;
    if (failed.no_run || index >= plan.steps.size()) return Error::from_errno("start the process", error_number);
    const PlanStep& step = plan.steps[index];
    if (step.kind == StepKind::run && error_number == ENOENT && step.args[0].find('/') == std::string::npos)
        return Error(Code::not_found, fmt::format("exec \"{}\": executable file not found in $PATH", step.args[0]));
    const bool opens_source = step.kind == StepKind::clone_tree || step.kind == StepKind::keep_shared;
    if (opens_source && !step.text[1].empty() && !step.text[2].empty())
        return Error::from_errno("failed to prepare subPath for " + step.text[2], error_number).with_code(Code::bad_request);
    if (step.kind == StepKind::resolve_user) return user_error(step.text[0], error_number);
    return Error::from_errno(describe(step), error_number).with_code(code_of_start_failure(step.kind, error_number));
}

}  // namespace orilla::runtime
