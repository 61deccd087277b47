#include <fmt/core.h>
#include <unistd.h>

#include "orilla/runtime/spec.hpp"

namespace orilla::runtime {

std::vector<std::string> default_masked_paths() {
    std::vector<std::string> paths = {"/proc/acpi",        "/proc/asound",  "/proc/interrupts",
                                      "/proc/kcore",       "/proc/keys",    "/proc/latency_stats",
                                      "/proc/sched_debug", "/proc/scsi",    "/proc/timer_list",
                                      "/proc/timer_stats", "/sys/firmware", "/sys/devices/virtual/powercap"};
    // Only where the processor has it, which is the same for every container.
    static const long cpus = sysconf(_SC_NPROCESSORS_CONF);
    constexpr long cpus_max = 256;
    for (long cpu = 0; cpu < cpus && cpu < cpus_max; ++cpu) {
        std::string path = fmt::format("/sys/devices/system/cpu/cpu{}/thermal_throttle", cpu);
        if (access(path.c_str(), F_OK) == 0) paths.push_back(std::move(path));
    }
    return paths;
}

std::vector<std::string> default_read_only_paths() {
    return {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
}

}  // namespace orilla::runtime
