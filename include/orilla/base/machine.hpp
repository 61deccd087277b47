// The processor that this program was built for, as nodes and images name it. The kernel may be of a wider one, as where a
// 32-bit system runs on a 64-bit kernel: containers are chosen, filtered and started by what this program is.
#pragma once

#include <string_view>

namespace orilla {

#if defined(__x86_64__)
inline constexpr std::string_view machine_architecture = "amd64", machine_variant = "";
#elif defined(__aarch64__)
inline constexpr std::string_view machine_architecture = "arm64", machine_variant = "v8";
#elif defined(__arm__)
inline constexpr std::string_view machine_architecture = "arm", machine_variant = "v7";
#else
#error "Orilla knows amd64, arm64 and armhf"
#endif

}  // namespace orilla
