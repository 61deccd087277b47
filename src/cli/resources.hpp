// From what a person types (`pods`, `po/web`, `deploy,svc`, `all`) to kinds, names and paths of the API. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "options.hpp"
#include "orilla/base/result.hpp"
#include "orilla/kinds/kinds.hpp"

namespace orilla::cli {

struct Target {
    const api::KindInfo* kind = nullptr;
    std::string name;    ///< empty: the collection
    std::string ns;      ///< empty: cluster-scoped, or all namespaces
    std::string source;  ///< the file that named it, for errors; empty: the command line

    bool operator==(const Target&) const = default;
};

/// kubectl's words for a type that nobody knows, and what was probably meant.
Error unknown_type(const std::string& type);
/// What is wrong with a command line: bad_request, "error: " in front.
Error usage(const std::string& what);
/// The same, with where help for the verb is.
Error usage_with_help(const Options& options, const std::string& what);
/// An error when there are words that the verb does not take.
Result<void> refuse_words(const Options& options);

/// `TYPE [NAME...]`, `TYPE/NAME ...`, `TYPE,TYPE`, `all`. kubectl's words for what is unknown. A type named twice is one.
Result<std::vector<Target>> parse_targets(const std::vector<std::string>& words, const Options& options);
/// A selector or --all beside names, -A beside names, collections without a selector: kubectl's words.
Result<void> check_targets(const std::vector<Target>& targets, const Options& options, bool needs_name);
/// /apis/apps/v1/namespaces/NS/deployments[/NAME]; all namespaces when `ns` is empty.
std::string path_of(const api::KindInfo& kind, const std::string& ns, const std::string& name = {});
std::string path_of(const Target& target);
/// "deployment.apps/web", "pod/web": what -o name prints.
std::string display_name(const api::KindInfo& kind, const std::string& name);
/// "deployment.apps", "pod".
std::string display_kind(const api::KindInfo& kind);
/// The namespace in the path: empty for cluster-scoped kinds and with -A.
std::string namespace_for(const api::KindInfo& kind, const Options& options);
std::string namespace_of(const Options& options);
/// "?labelSelector=...&fieldSelector=..." as far as given, with `extra` ("watch=true") added.
std::string list_query(const Options& options, const std::string& extra = {});
/// Percent-encodes what must not stand in a query or a path segment.
std::string escape(std::string_view text);
/// " (dry run)", " (server dry run)" or nothing.
std::string dry_run_suffix(const Options& options);

}  // namespace orilla::cli
