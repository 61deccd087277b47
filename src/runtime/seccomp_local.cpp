#include "seccomp_local.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "orilla/base/read_file.hpp"
#include "orilla/base/unique_fd.hpp"

namespace orilla::runtime {
namespace {

namespace json = boost::json;

constexpr size_t arguments_max = 6;
constexpr size_t shown_bytes_max = 64;
constexpr int64_t errno_max = 4095;  ///< that the kernel hands on

struct NamedValue {
    std::string_view name;
    uint32_t value;
};
constexpr NamedValue actions[] = {{"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD},
                                  {"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
                                  {"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
                                  {"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
                                  {"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0)},
                                  {"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0)},
                                  {"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
                                  {"SCMP_ACT_LOG", SCMP_ACT_LOG}};
constexpr NamedValue comparisons[] = {{"SCMP_CMP_NE", SCMP_CMP_NE},
                                      {"SCMP_CMP_LT", SCMP_CMP_LT},
                                      {"SCMP_CMP_LE", SCMP_CMP_LE},
                                      {"SCMP_CMP_EQ", SCMP_CMP_EQ},
                                      {"SCMP_CMP_GE", SCMP_CMP_GE},
                                      {"SCMP_CMP_GT", SCMP_CMP_GT},
                                      {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ}};
// A single thread installs it: there is none to be synchronised.
constexpr NamedValue flags[] = {{"SECCOMP_FILTER_FLAG_TSYNC", 0},
                                {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
                                {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW}};
// What else the machine runs; programs for other processors do not run on it, whatever a profile says of them.
#if defined(__x86_64__)
constexpr std::string_view machine = "amd64", native = "SCMP_ARCH_X86_64";
constexpr NamedValue siblings[] = {{"SCMP_ARCH_X86", SCMP_ARCH_X86}, {"SCMP_ARCH_X32", SCMP_ARCH_X32}};
#elif defined(__aarch64__)
constexpr std::string_view machine = "arm64", native = "SCMP_ARCH_AARCH64";
constexpr NamedValue siblings[] = {{"SCMP_ARCH_ARM", SCMP_ARCH_ARM}};
#else
constexpr std::string_view machine = "arm", native = "SCMP_ARCH_ARM";
constexpr NamedValue siblings[] = {{"SCMP_ARCH_ARM", SCMP_ARCH_ARM}};
#endif

std::optional<uint32_t> find_value(std::span<const NamedValue> list, std::string_view name) {
    for (const NamedValue& one : list)
        if (one.name == name) return one.value;
    return std::nullopt;
}

Error wrong(const std::string& place, std::string_view what) {
    return Error(Code::invalid, place.empty() ? std::string(what) : fmt::format("{}: {}", place, what));
}

/// Nothing where the object has no such field, or null.
const json::value* find_field(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    return value && !value->is_null() ? value : nullptr;
}

Result<std::string_view> read_text(const json::object& object, const char* name, const std::string& place) {
    const json::value* value = find_field(object, name);
    if (!value) return std::string_view();
    if (!value->is_string()) return wrong(place + name, "must be a string");
    return std::string_view(value->get_string());
}

Result<std::vector<std::string_view>> read_texts(const json::object& object, const char* name, const std::string& place) {
    std::vector<std::string_view> out;
    const json::value* list = find_field(object, name);
    if (list && !list->is_array()) return wrong(place + name, "must be a list of strings");
    if (!list) return out;
    for (const json::value& value : list->get_array()) {
        if (!value.is_string()) return wrong(place + name, "must be a list of strings");
        out.emplace_back(value.get_string());
    }
    return out;
}

Result<uint64_t> read_count(const json::object& object, const char* name, uint64_t max, uint64_t otherwise,
                            const std::string& place) {
    const json::value* value = find_field(object, name);
    if (!value) return otherwise;
    const bool is_positive = value->is_uint64() || (value->is_int64() && value->get_int64() >= 0);
    const uint64_t number = !is_positive         ? 0
                            : value->is_uint64() ? value->get_uint64()
                                                 : static_cast<uint64_t>(value->get_int64());
    if (!is_positive || number > max) return wrong(place + name, fmt::format("must be a number from 0 to {}", max));
    return number;
}

/// An action with the error that it gives: `name` and, beside it, `error_name`.
Result<uint32_t> read_action(const json::object& object, const char* name, const char* error_name, const std::string& place) {
    TRY(const std::string_view text, read_text(object, name, place));
    if (text.empty()) return wrong(place + name, "must say what is done");
    if (text == "SCMP_ACT_NOTIFY") return wrong(place + name, "SCMP_ACT_NOTIFY is not supported: nobody listens");
    const auto found = find_value(actions, text);
    if (!found) return wrong(place + name, fmt::format("\"{}\" is not an action", text.substr(0, shown_bytes_max)));
    const bool takes_error = text == "SCMP_ACT_ERRNO" || text == "SCMP_ACT_TRACE";
    if (!takes_error) return *found;
    TRY(const uint64_t error, read_count(object, error_name, errno_max, EPERM, place));
    return *found | static_cast<uint32_t>(error);
}

/// "4.8" as Docker's rules name it: whether this kernel is that, or later.
bool is_kernel_since(std::string_view least) {
    const auto number_at = [](std::string_view text, size_t at) {
        long value = 0;
        for (; at < text.size() && text[at] >= '0' && text[at] <= '9' && value < 100'000; ++at)
            value = value * 10 + text[at] - '0';
        return value;
    };
    const auto version = [&](std::string_view text) {
        const size_t dot = text.find('.');
        return std::pair(number_at(text, 0), dot == text.npos ? 0L : number_at(text, dot + 1));
    };
    utsname kernel{};
    return uname(&kernel) == 0 && version(kernel.release) >= version(least);
}

/// What a rule depends on.
struct Conditions {
    bool of_machine = false;  ///< names processors, this one among them
    bool names_machines = false;
    size_t capabilities = 0, held = 0;
    bool names_kernel = false, kernel_since = false;
};

Result<Conditions> read_conditions(const json::object& rule, const char* name, CapabilitySet capabilities,
                                   const std::string& place) {
    Conditions out;
    const json::value* value = find_field(rule, name);
    if (!value) return out;
    if (!value->is_object()) return wrong(place + name, "must be an object");
    const json::object& object = value->get_object();
    const std::string at = place + name + ".";
    TRY(const auto machines, read_texts(object, "arches", at));
    out.names_machines = !machines.empty();
    out.of_machine = std::ranges::find(machines, machine) != machines.end();
    TRY(const auto names, read_texts(object, "caps", at));
    for (const std::string_view text : names) {
        cap_value_t number = 0;
        if (cap_from_name(std::string(text).c_str(), &number) != 0)
            return wrong(at + "caps", fmt::format("\"{}\" is not a capability", text.substr(0, shown_bytes_max)));
        ++out.capabilities;
        out.held += number < 64 && (capabilities >> number & 1) != 0;
    }
    TRY(const std::string_view least, read_text(object, "minKernel", at));
    out.names_kernel = !least.empty();
    out.kernel_since = out.names_kernel && is_kernel_since(least);
    return out;
}

Result<bool> does_apply(const json::object& rule, CapabilitySet capabilities, const std::string& place) {
    TRY(const Conditions out, read_conditions(rule, "excludes", capabilities, place));
    if (out.of_machine || out.held > 0 || out.kernel_since) return false;
    TRY(const Conditions in, read_conditions(rule, "includes", capabilities, place));
    if (in.names_machines && !in.of_machine) return false;
    if (in.names_kernel && !in.kernel_since) return false;
    return in.held == in.capabilities;
}

Result<scmp_arg_cmp> read_comparison(const json::value& value, const std::string& place) {
    if (!value.is_object()) return wrong(place, "must be an object");
    const json::object& object = value.get_object();
    const std::string at = place + ".";
    scmp_arg_cmp out{};
    TRY(const uint64_t index, read_count(object, "index", arguments_max - 1, 0, at));
    out.arg = static_cast<unsigned>(index);
    TRY(const std::string_view op, read_text(object, "op", at));
    const auto found = find_value(comparisons, op);
    if (!found) return wrong(at + "op", fmt::format("\"{}\" is not a comparison", op.substr(0, shown_bytes_max)));
    out.op = static_cast<scmp_compare>(*found);
    TRY(out.datum_a, read_count(object, "value", UINT64_MAX, 0, at));
    TRY(out.datum_b, read_count(object, "valueTwo", UINT64_MAX, 0, at));
    return out;
}

Result<std::vector<scmp_arg_cmp>> read_comparisons(const json::object& rule, const std::string& place) {
    std::vector<scmp_arg_cmp> out;
    const json::value* list = find_field(rule, "args");
    if (!list) return out;
    if (!list->is_array()) return wrong(place + "args", "must be a list");
    const json::array& array = list->get_array();
    if (array.size() > arguments_max) return wrong(place + "args", "must not have more than 6 entries");
    for (size_t i = 0; i < array.size(); ++i) {
        TRY(scmp_arg_cmp one, read_comparison(array[i], fmt::format("{}args[{}]", place, i)));
        out.push_back(one);
    }
    return out;
}

struct FreeFilter {
    void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, FreeFilter>;

Error refused(const std::string& place, int error) { return Error::from_errno(place, -error).with_code(Code::invalid); }

class Compiler {
  public:
    Compiler(const json::object& profile, CapabilitySet capabilities) : profile_(profile), capabilities_(capabilities) {}

    Result<SeccompFilter> run() {
        TRY(fallback_, read_action(profile_, "defaultAction", "defaultErrnoRet", ""));
        TRY(const std::string_view listener, read_text(profile_, "listenerPath", ""));
        if (!listener.empty()) return wrong("listenerPath", "is not supported: nobody listens");
        filter_.reset(seccomp_init(fallback_));
        if (!filter_) return wrong("defaultAction", "is not supported by this kernel");
        // A tree of comparisons: a row of them would be gone through by each call.
        seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
        TRY_VOID(add_machines());
        TRY_VOID(add_rules());
        SeccompFilter out;
        TRY(out.flags, read_flags());
        TRY(out.program, export_program());
        return out;
    }

  private:
    Result<uint64_t> read_flags() {
        uint64_t out = 0;
        TRY(const auto names, read_texts(profile_, "flags", ""));
        for (const std::string_view name : names) {
            const auto found = find_value(flags, name);
            if (!found) return wrong("flags", fmt::format("\"{}\" is not supported", name.substr(0, shown_bytes_max)));
            out |= *found;
        }
        return out;
    }

    /// Programs for a processor that the profile does not name are killed, as everywhere.
    Result<void> add_machines() {
        TRY(auto names, read_texts(profile_, "architectures", ""));
        const json::value* map = find_field(profile_, "archMap");
        if (map && !map->is_array()) return wrong("archMap", "must be a list");
        for (size_t i = 0; map && i < map->get_array().size(); ++i) {
            const json::value& entry = map->get_array()[i];
            const std::string place = fmt::format("archMap[{}]", i);
            if (!entry.is_object()) return wrong(place, "must be an object");
            TRY(const std::string_view of, read_text(entry.get_object(), "architecture", place + "."));
            TRY(const auto more, read_texts(entry.get_object(), "subArchitectures", place + "."));
            if (of == native) names.insert(names.end(), more.begin(), more.end());
        }
        for (const std::string_view name : names) {
            if (!name.starts_with("SCMP_ARCH_"))
                return wrong("architectures", fmt::format("\"{}\" is not an architecture", name.substr(0, shown_bytes_max)));
            const auto token = find_value(siblings, name);
            const int added = token ? seccomp_arch_add(filter_.get(), *token) : 0;
            if (added != 0 && added != -EEXIST) return refused("architectures", added);
        }
        return ok();
    }

    Result<void> add_rules() {
        const json::value* list = find_field(profile_, "syscalls");
        if (!list) return ok();
        if (!list->is_array()) return wrong("syscalls", "must be a list");
        for (size_t i = 0; i < list->get_array().size(); ++i) {
            const json::value& rule = list->get_array()[i];
            const std::string place = fmt::format("syscalls[{}]", i);
            if (!rule.is_object()) return wrong(place, "must be an object");
            TRY_VOID(add_rule(rule.get_object(), place + "."));
        }
        return ok();
    }

    Result<void> add_rule(const json::object& rule, const std::string& place) {
        TRY(const bool applies, does_apply(rule, capabilities_, place));
        TRY(const uint32_t action, read_action(rule, "action", "errnoRet", place));
        TRY(const auto arguments, read_comparisons(rule, place));
        TRY(auto names, read_texts(rule, "names", place));
        TRY(const std::string_view name, read_text(rule, "name", place));
        if (!name.empty()) names.push_back(name);
        if (names.empty()) return wrong(place + "names", "must name a system call");
        names_ += names.size();
        if (names_ > seccomp_names_max)
            return wrong(place + "names", fmt::format("more than {} system calls", seccomp_names_max));
        // libseccomp refuses rules that say what goes for all the others.
        if (!applies || action == fallback_) return ok();
        for (const std::string_view call : names) TRY_VOID(add_call(std::string(call), action, arguments, place));
        return ok();
    }

    Result<void> add_call(const std::string& name, uint32_t action, const std::vector<scmp_arg_cmp>& arguments,
                          const std::string& place) {
        // Profiles are written for many kernels: a call that is not known here is none of this machine's.
        const int number = seccomp_syscall_resolve_name(name.c_str());
        if (number == __NR_SCMP_ERROR) return ok();
        std::array<bool, arguments_max> asked{};
        bool is_asked_twice = false;
        for (const auto& one : arguments) is_asked_twice |= std::exchange(asked[one.arg], true);
        const auto add = [&](const scmp_arg_cmp* first, size_t count) -> Result<void> {
            const int added = seccomp_rule_add_array(filter_.get(), action, number, static_cast<unsigned>(count), first);
            if (added != 0 && added != -EEXIST) return refused(place + name, added);
            return ok();
        };
        if (!is_asked_twice) return add(arguments.data(), arguments.size());
        // Two questions about one argument are alternatives, as for other runtimes: libseccomp takes one a rule.
        for (const auto& one : arguments) TRY_VOID(add(&one, 1));
        return ok();
    }

    Result<std::string> export_program() {
        const UniqueFd file(memfd_create("seccomp", MFD_CLOEXEC));
        if (!file) return Error::from_errno("seccomp filter", errno);
        if (const int failed = seccomp_export_bpf(filter_.get(), file.get()); failed != 0)
            return refused("seccomp filter", failed);
        if (lseek(file.get(), 0, SEEK_SET) != 0) return Error::from_errno("seccomp filter", errno);
        auto program = read_fd(file.get(), "the filter", BPF_MAXINSNS * sizeof(sock_filter));
        if (program) return program;
        return wrong("", fmt::format("it takes more than the {} instructions that the kernel allows a filter", BPF_MAXINSNS));
    }

    const json::object& profile_;
    const CapabilitySet capabilities_;
    Filter filter_;
    uint32_t fallback_ = 0;
    size_t names_ = 0;
};

}  // namespace

Result<SeccompFilter> compile_seccomp_profile(std::string_view text, CapabilitySet capabilities) {
    json::error_code failed;
    const json::value document = json::parse(json::string_view(text.data(), text.size()), failed);
    if (failed) return wrong("", fmt::format("not JSON: {}", failed.message()));
    if (!document.is_object()) return wrong("", "not a JSON object");
    return Compiler(document.get_object(), capabilities).run();
}

Result<SeccompFilter> load_seccomp_profile(const std::string& path, CapabilitySet capabilities) {
    const std::string what = fmt::format("cannot load seccomp profile \"{}\"", path);
    // What is no file may wait for a writer for ever.
    const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    // Whose fault it is is not for the kernel to say: not_found would mean the container's command.
    if (!file) return Error::from_errno(what, errno).with_code(Code::invalid);
    struct stat found {};
    if (fstat(file.get(), &found) != 0 || !S_ISREG(found.st_mode)) return Error(Code::invalid, what + ": not a file");
    auto text = read_fd(file.get(), path, seccomp_profile_bytes_max);
    if (!text) return std::move(text).error().with_context(what).with_code(Code::invalid);
    auto compiled = compile_seccomp_profile(*text, capabilities);
    if (!compiled) return std::move(compiled).error().with_context(what);
    return compiled;
}

}  // namespace orilla::runtime
