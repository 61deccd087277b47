#include "orilla/cli/cli.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "flags.hpp"
#include "print/output.hpp"
#include "served_kinds.hpp"
#include "verbs/verbs.hpp"

namespace orilla::cli {
namespace {

using Run = Result<void> (*)(Client&, const Options&);
struct Verb {
    std::string_view name;  ///< the first word of the command
    Run run;
};
constexpr Verb verbs[] = {
    {"get", run_get},
    {"describe", run_describe},
    {"apply", run_apply},
    {"create", run_create},
    {"delete", run_delete},
    {"logs", run_logs},
    {"scale", run_scale},
    {"rollout", run_rollout},
    {"label", run_label},
    {"annotate", run_label},
    {"wait", run_wait},
    {"events", run_events},
    {"image", run_image},
    {"explain", run_explain},
    {"api-resources", run_api_resources},
    {"version", run_version},
    {"top", run_top},
    {"cordon", run_cordon},
    {"uncordon", run_cordon},
    {"drain", run_drain},
    {"taint", run_taint},
    {"autoscale", run_autoscale},
};

Result<void> dispatch(const Options& options, const Local& local) {
    if (options.verb == "check") return run_check(options, local);
    if (options.verb == "completion") return run_completion(options);
    TRY(Connection connection, plan_connection(options));
    const bool asks = options.dry_run != "client" || options.verb == "apply";
    if (asks) ask_kinds_of(connection);
    Client client(std::move(connection));
    if (options.verb == "kubeconfig") return run_kubeconfig(client, options, local);
    const std::string_view first = std::string_view(options.verb).substr(0, options.verb.find(' '));
    for (const Verb& verb : verbs)
        if (verb.name == first) return verb.run(client, options);
    return usage(fmt::format("unknown command \"{}\"", options.verb));
}

/// Hidden verbs: what shells and the makers of man pages ask.
bool run_hidden(const std::vector<std::string>& args, const Local& local) {
    if (args.empty()) return false;
    if (args[0] == "__complete") run_complete({args.begin() + 1, args.end()}, local);
    else if (args[0] == "__commands") print(render_commands(local.serve_flags()));
    else return false;
    return true;
}

Result<void> run_line(const std::vector<std::string>& args, const Local& local) {
    if (run_hidden(args, local)) return ok();
    Options defaults;
    if (const char* socket = getenv("ORILLA_SOCKET"); socket && *socket) defaults.socket = socket;
    TRY(const CommandLine line, parse_command_line(args, std::move(defaults)));
    if (line.wants_version) print("orilla " ORILLA_VERSION "\n");
    else if (line.wants_help) print(render_help(line.topic));
    else return dispatch(line.options, local);
    return ok();
}

}  // namespace

int64_t parse_duration_ms(const std::string& text) {
    constexpr double total_ms_max = 100.0 * 365 * 24 * 3600 * 1000;
    constexpr std::pair<std::string_view, double> units[] = {{"ms", 1}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}};
    std::string_view rest = text;
    double total_ms = 0;
    do {
        double number = 0;
        const auto [end, failed] = std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
        const bool digit_first =
            !rest.empty() && (isdigit(static_cast<unsigned char>(rest[0])) || (rest[0] == '.' && rest.size() > 1));
        if (failed != std::errc() || !digit_first) return -1;
        rest.remove_prefix(static_cast<size_t>(end - rest.data()));
        const auto unit = std::ranges::find_if(units, [rest](const auto& one) { return rest.starts_with(one.first); });
        const bool bare = rest.empty() && total_ms == 0 && end == text.data() + text.size();  // 90 is 90 seconds
        if (unit == std::end(units) && !bare) return -1;
        total_ms += number * (bare ? 1'000 : unit->second);
        if (total_ms > total_ms_max) return -1;
        if (!bare) rest.remove_prefix(unit->first.size());
    } while (!rest.empty());
    return static_cast<int64_t>(total_ms);
}

int run(const std::vector<std::string>& args, const Local& local) {
    const auto done = run_line(args, local);
    if (!done) print_error(done.error());
    flush_output();
    const auto written = check_output_written();
    const bool is_told = !done && !written && done.error().message() == written.error().message();
    if (!written && !is_told) print_error(written.error());
    return done && written ? 0 : 1;
}

}  // namespace orilla::cli
