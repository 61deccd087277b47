// One binary, three lives: the daemon (`orilla serve`), its confined workers (hidden verbs), and the command line.
#include <string>
#include <vector>

#include "orilla/images/workers.hpp"
#include "wiring/serve.hpp"
#ifdef ORILLA_CLI
#include "orilla/cli/cli.hpp"
#endif

int main(int argc, char** argv) {
    const std::vector<std::string> args(argv + 1, argv + argc);
    // Workers first: they must not touch anything else of this program.
    if (!args.empty())
        if (auto status = orilla::images::run_worker(args[0])) return *status;
    if (!args.empty() && args[0] == "serve") return orilla::wiring::run_serve({args.begin() + 1, args.end()});
#ifdef ORILLA_CLI
    return orilla::cli::run(args);
#else
    return 2;
#endif
}
