// One binary, three lives: the daemon (`orilla serve`), its confined workers (hidden verbs), and the command line.
#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <vector>

#include "build_info.gen.hpp"
#include "orilla/cli/cli.hpp"
#include "orilla/gateway/run.hpp"
#include "orilla/images/workers.hpp"
#include "orilla/network/check_kernel.hpp"
#include "orilla/pki/pki.hpp"
#include "orilla/runtime/runtime.hpp"
#include "wiring/serve.hpp"

namespace {

std::vector<orilla::cli::Local::Missing> check_kernel() {
    std::vector<orilla::cli::Local::Missing> out;
    for (auto& missing : orilla::runtime::check_kernel())
        out.push_back({std::move(missing.name), std::move(missing.sentence), missing.fatal});
    for (auto& missing : orilla::network::check_kernel())
        out.push_back({std::move(missing.name), std::move(missing.sentence), true});
    return out;
}

orilla::Result<std::string> make_kubeconfig(const std::string& data_dir, const std::string& server) {
    const std::string directory = data_dir + "/pki";
    struct stat found {};
    if (stat(directory.c_str(), &found) != 0)
        return orilla::Error::from_errno("read " + directory + " (made when `orilla serve` starts; only root may read it)",
                                         errno);
    TRY(const orilla::pki::Pki pki, orilla::pki::ensure_pki(directory, {}));
    return orilla::pki::render_kubeconfig(pki, server);
}

std::vector<orilla::cli::ServeFlag> serve_flags() {
    std::vector<orilla::cli::ServeFlag> out;
    for (auto& flag : orilla::wiring::serve_flags())
        out.push_back({std::move(flag.name), std::move(flag.value), std::move(flag.help)});
    return out;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> args(argv + 1, argv + argc);
    // Workers first: they must not touch anything else of this program.
    if (!args.empty())
        if (auto status = orilla::images::run_worker(args[0])) return *status;
    if (!args.empty())
        if (auto status = orilla::gateway::run_gateway(args[0])) return *status;
    if (!args.empty() && args[0] == "serve") return orilla::wiring::run_serve({args.begin() + 1, args.end()}, build_info);
    return orilla::cli::run(args, {check_kernel, make_kubeconfig, serve_flags});
}
