// The command line: kubectl's verbs and flags over the unix socket. A client like any other; it knows nothing that the
// API does not say.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "orilla/base/result.hpp"

namespace orilla::cli {

/// A flag of `orilla serve`, for completion and man pages.
struct ServeFlag {
    std::string name;   ///< long, without dashes
    std::string value;  ///< what stands after it: PATH
    std::string help;
};

/// What only the binary as a whole can do; main.cpp fills it in.
struct Local {
    /// What the kernel lacks: {name, sentence, fatal}.
    struct Missing {
        std::string name;
        std::string sentence;
        bool fatal = true;
    };
    std::function<std::vector<Missing>()> check_kernel;
    /// The administrator's kubeconfig for `server` (a URL), from the keys under `data_dir`.
    std::function<Result<std::string>(const std::string& data_dir, const std::string& server)> kubeconfig;
    std::function<std::vector<ServeFlag>()> serve_flags;
};

/// Exit status: 0, or 1 for any error, as with kubectl.
int run(const std::vector<std::string>& args, const Local& local);

}  // namespace orilla::cli
