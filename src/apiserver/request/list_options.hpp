// The parameters that say at which revision a list or a watch looks, checked as the reference server checks them.
#pragma once

#include <cstdint>
#include <optional>

#include "orilla/base/result.hpp"
#include "orilla/http/uri.hpp"

namespace orilla::apiserver {

/// resourceVersion; nothing when absent, bad_request when it is no number.
Result<std::optional<uint64_t>> parse_revision(const http::Query& query);

enum class RevisionMatch { unset, exact, not_older_than };

struct ListOptions {
    std::optional<uint64_t> revision;  ///< nothing: absent; 0: any
    RevisionMatch match = RevisionMatch::unset;
    int64_t limit = 0;       ///< 0 and less: none
    std::string_view token;  ///< `continue`; of the query
    /// True when exactly `revision` is wanted.
    bool wants_exact() const {
        return revision && *revision > 0 && (match == RevisionMatch::exact || (match == RevisionMatch::unset && limit > 0));
    }
};
Result<ListOptions> parse_list_options(const http::Query& query);

struct WatchOptions {
    std::optional<uint64_t> revision;
    bool bookmarks = false;
    bool send_initial_events = false;  ///< asked for explicitly: ends with a marked bookmark
    bool initial_events = false;       ///< existing objects come first as ADDED
    std::optional<int64_t> timeout_seconds;
};
Result<WatchOptions> parse_watch_options(const http::Query& query);

}  // namespace orilla::apiserver
