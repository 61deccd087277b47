// Lists in pages: which part of a snapshot a page is, and the token that leads to the next one. All pages show the same
// revision, as long as the store's history reaches back to it; a token that is older leads to an error with another token,
// for who would rather have the rest as it is now than begin anew.
#pragma once

#include <optional>

#include "orilla/store/entry.hpp"
#include "request/list_options.hpp"
#include "rest/rest.hpp"
#include "rest/selection.hpp"

namespace orilla::apiserver {

/// Where a page ended. Opaque to clients, and of no use for another collection.
struct ContinueToken {
    uint64_t revision = 0;  ///< 0: whatever there is now
    std::string ns;
    std::string name;  ///< of the last object of the page
};
std::string render_continue(const ContinueToken& token, const ResourceRequest& request);
Result<ContinueToken> parse_continue(std::string_view text, const ResourceRequest& request);

/// A snapshot, or a part of it.
struct ListPage {
    store::Listing listing;
    std::string continue_token;             ///< empty: it is the last one
    std::optional<size_t> remaining;        ///< objects after it, where that is known without looking
    std::optional<http::Response> refusal;  ///< instead of all that: the token is too old
};

/// Of a snapshot the `limit` objects that are selected behind the token. Null: from the start.
Task<Result<ListPage>> plan_page(Rest& rest, const ResourceRequest& request, const ContinueToken* token, size_t limit,
                                 const Selection& selection, store::Listing listing);

/// The page that the options mean: all there is, where they set no limit and continue nothing. What is in it may still
/// have to be selected.
Task<Result<ListPage>> choose_page(Rest& rest, const ResourceRequest& request, const ListOptions& options,
                                   const Selection& selection);

/// 200 with the list that the page is, whatever else the request selects.
Task<Result<http::Response>> render_page(Rest& rest, const ResourceRequest& request, ListPage page);

/// The 410 for a token that is too old.
http::Response expired_continue_response(const ResourceRequest& request, const ContinueToken& token);

}  // namespace orilla::apiserver
