// What may come next on a command line. The plan is pure; what it wants of the server or the disk, the hidden verb
// `__complete` and the shell's script get.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "options.hpp"
#include "orilla/cli/cli.hpp"
#include "orilla/kinds/kinds.hpp"

namespace orilla::cli {

struct Candidate {
    std::string text, help;
    bool operator==(const Candidate&) const = default;
};

struct CompletionPlan {
    std::vector<Candidate> candidates;
    /// What else is looked up.
    enum class Wants { nothing, files, directories, objects, containers, images } wants = Wants::nothing;
    const api::KindInfo* kind = nullptr;  ///< of objects
    std::string prefix;                   ///< in front of each name: "pod/", "--namespace="
    std::vector<std::string> taken;       ///< names that stand there already
    std::string pod;                      ///< of containers
    Options options;                      ///< what the line says so far: socket, namespace
};

/// `words` without "orilla"; the last one is being typed, and may be empty.
CompletionPlan plan_completion(const std::vector<std::string>& words, const std::vector<ServeFlag>& serve_flags,
                               Options defaults = {});
/// One candidate a line, a tab and what it is; then a line that tells the shell how to go on: ":files", ":directories",
/// ":nospace" or ":done".
std::string render_completion(const CompletionPlan& plan, std::string_view typed);
/// The script that makes `shell` ask `orilla __complete`; empty for a shell that we do not know.
std::string_view find_completion_script(std::string_view shell);

}  // namespace orilla::cli
