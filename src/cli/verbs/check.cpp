#include <fmt/core.h>

#include "print/output.hpp"
#include "verbs/verbs.hpp"

namespace orilla::cli {

Result<void> run_check(const Options& options, const Local& local) {
    TRY_VOID(refuse_words(options));
    bool fatal = false;
    for (const auto& missing : local.check_kernel()) {
        print(fmt::format("{}{}: {}\n", missing.fatal ? "missing: " : "limited: ", missing.name, missing.sentence));
        fatal |= missing.fatal;
    }
    if (fatal) return Error(Code::unsupported, "error: this kernel cannot run Orilla");
    print("This kernel has everything that Orilla needs.\n");
    return ok();
}

}  // namespace orilla::cli
