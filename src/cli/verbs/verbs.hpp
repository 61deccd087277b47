// The verbs. Each reads Options, talks to the Client and prints; the Error of a failure is printed by `run`.
#pragma once

#include "client.hpp"
#include "options.hpp"
#include "orilla/base/result.hpp"
#include "orilla/cli/cli.hpp"

namespace orilla::cli {

Result<void> run_get(Client& client, const Options& options);
Result<void> run_events(Client& client, const Options& options);
Result<void> run_describe(Client& client, const Options& options);
Result<void> run_apply(Client& client, const Options& options);
Result<void> run_create(Client& client, const Options& options);
Result<void> run_delete(Client& client, const Options& options);
Result<void> run_logs(Client& client, const Options& options);
Result<void> run_autoscale(Client& client, const Options& options);
Result<void> run_top(Client& client, const Options& options);
Result<void> run_scale(Client& client, const Options& options);
Result<void> run_rollout(Client& client, const Options& options);
/// label and annotate.
Result<void> run_label(Client& client, const Options& options);
/// cordon and uncordon.
Result<void> run_cordon(Client& client, const Options& options);
Result<void> run_drain(Client& client, const Options& options);
Result<void> run_taint(Client& client, const Options& options);
Result<void> run_wait(Client& client, const Options& options);
Result<void> run_image(Client& client, const Options& options);
Result<void> run_version(Client& client, const Options& options);
Result<void> run_api_resources(Client& client, const Options& options);
/// The table of api-resources. Pure.
std::string render_api_resources(const Options& options);
Result<void> run_explain(Client& client, const Options& options);
Result<void> run_kubeconfig(Client& client, const Options& options, const Local& local);
Result<void> run_check(const Options& options, const Local& local);
Result<void> run_completion(const Options& options);
/// The hidden verb that shells ask; `words` as for plan_completion. What cannot be found is left out without a word.
void run_complete(const std::vector<std::string>& words, const Local& local);

}  // namespace orilla::cli
