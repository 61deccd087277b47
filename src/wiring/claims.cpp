#include "claims.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>

#include "orilla/base/log.hpp"
#include "orilla/network/links.hpp"
#include "orilla/network/namespace_lock.hpp"
#include "orilla/runtime/cgroup_claim.hpp"
#include "orilla/store/sqlite_store.hpp"
#include "run_claim.hpp"

namespace orilla::wiring {

namespace {

Result<UniqueFd> lock_run_directory(const std::string& run_dir) {
    UniqueFd fd(open(run_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return Error::from_errno("open " + run_dir, errno);
    if (flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
    if (errno != EWOULDBLOCK) return Error::from_errno("lock " + run_dir, errno);
    return Error(
        Code::conflict,
        fmt::format("run directory {} is in use by another orilla serve: stop it first, or choose another --run-dir", run_dir));
}

/// Nothing to hold: the note on it stays as long as the bridge.
Result<UniqueFd> claim_bridge(const std::string& bridge, const std::string& owner) {
    TRY_VOID(network::check_bridge_owner(bridge, owner));
    return UniqueFd();
}

}  // namespace

/// The device tells two mount namespaces apart that both have a /run of their own.
std::string describe_owner(const std::string& run_dir) {
    struct stat seen {};
    (void)stat(run_dir.c_str(), &seen);
    return fmt::format("run directory {} on device {}:{}", run_dir, major(seen.st_dev), minor(seen.st_dev));
}

loop::Task<Result<UniqueFd>> wait_for_claim(loop::Loop& loop, std::function<Result<UniqueFd>()> take) {
    const int64_t begun_ms = loop.now_ms();
    for (bool told = false;;) {
        auto taken = take();
        if (taken || taken.error().code() != Code::conflict || loop.now_ms() - begun_ms >= claim_wait_ms_max) co_return taken;
        if (!std::exchange(told, true)) log::info("waiting a moment: " + taken.error().message());
        co_await loop.sleep_for(claim_pause_ms);
    }
}

loop::Task<Result<Claims>> claim_everything(loop::Loop& loop, const ServeConfig& config) {
    const std::string data_dir = config.data_dir, run_dir = config.run_dir, cgroup_root = config.cgroup_root;
    Claims claims;
    CO_TRY(UniqueFd data, wait_for_claim(loop, [data_dir] { return store::lock_data_directory(data_dir); }));
    claims.data_dir = std::make_shared<UniqueFd>(std::move(data));
    CO_TRY(claims.run_dir, wait_for_claim(loop, [run_dir] { return lock_run_directory(run_dir); }));
    CO_TRY(claims.network, wait_for_claim(loop, network::lock_network_namespace));
    const std::string owner = describe_owner(run_dir);
    CO_TRY(const UniqueFd bridge, wait_for_claim(loop, [name = config.bridge, owner] { return claim_bridge(name, owner); }));
    CO_TRY(claims.cgroups,
           wait_for_claim(loop, [cgroup_root, owner] { return runtime::claim_cgroup_root(cgroup_root, owner); }));
    CO_CHECK_VOID(claim_run_directory(run_dir, data_dir));
    co_return std::move(claims);
}

}  // namespace orilla::wiring
