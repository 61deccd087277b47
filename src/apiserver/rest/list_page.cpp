#include "rest/list_page.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <charconv>
#include <tuple>

#include "orilla/base/base64.hpp"
#include "orilla/objects/decoding.hpp"
#include "request/status.hpp"
#include "rest/read.hpp"

namespace orilla::apiserver {

namespace {
constexpr std::string_view token_version = "v1";
constexpr size_t token_bytes_max = 2 * 1024;
constexpr size_t token_parts = 5;
constexpr int page_items_per_turn = 256;  ///< looked at before others get the loop

/// Base64 with the alphabet of URLs, without padding.
std::string encode_url64(std::string_view bytes) {
    std::string text = encode_base64(bytes);
    std::ranges::replace(text, '+', '-');
    std::ranges::replace(text, '/', '_');
    while (text.ends_with('=')) text.pop_back();
    return text;
}

Result<std::string> decode_url64(std::string text) {
    std::ranges::replace(text, '-', '+');
    std::ranges::replace(text, '_', '/');
    while (text.size() % 4 != 0) text += '=';
    return decode_base64(text);
}

std::string collection_of(const ResourceRequest& request) {
    return fmt::format("{}/{}", request.kind.resource, request.info.ns);
}

Error bad_token(std::string_view why) { return Error(Code::bad_request, "continue key is not valid: " + std::string(why)); }

bool is_behind(const store::EntryPtr& entry, const ContinueToken& token) {
    return std::tie(entry->key.ns, entry->key.name) > std::tie(token.ns, token.name);
}

Task<Result<bool>> is_selected(Rest& rest, const ResourceRequest& request, const Selection& selection, store::EntryPtr entry) {
    if (!selection.may_match(entry->key)) co_return false;
    if (!selection.needs_object()) co_return true;
    if (!entry->json) {
        AWAIT(auto whole, read_entry(rest, entry->key));
        if (!whole && whole.error().code() == Code::not_found) co_return false;
        if (!whole) co_return whole.error();
        entry = *whole;
    }
    AWAIT(const auto object, objects::decode_entry(rest.objects, rest.loop, request.kind, entry));
    co_return object&& selection.matches(**object);
}
}  // namespace

std::string render_continue(const ContinueToken& token, const ResourceRequest& request) {
    return encode_url64(
        fmt::format("{}\n{}\n{}\n{}\n{}", token_version, token.revision, collection_of(request), token.ns, token.name));
}

Result<ContinueToken> parse_continue(std::string_view text, const ResourceRequest& request) {
    if (text.size() > token_bytes_max) return bad_token("it is too long");
    const auto decoded = decode_url64(std::string(text));
    if (!decoded) return bad_token("illegal base64 data");
    std::vector<std::string> parts(1);
    for (const char c : *decoded) {
        if (c == '\n') parts.emplace_back();
        else parts.back() += c;
    }
    if (parts.size() != token_parts || parts[0] != token_version) return bad_token("it is not one of this server");
    if (parts[2] != collection_of(request)) return bad_token("it belongs to another list");
    ContinueToken token{0, std::move(parts[3]), std::move(parts[4])};
    const char* end = parts[1].data() + parts[1].size();
    const auto parsed = std::from_chars(parts[1].data(), end, token.revision);
    if (parsed.ec != std::errc() || parsed.ptr != end) return bad_token("it is not one of this server");
    return token;
}

Task<Result<ListPage>> plan_page(Rest& rest, const ResourceRequest& request, const ContinueToken* token, size_t limit,
                                 const Selection& selection, store::Listing listing) {
    ListPage page;
    page.listing.revision = listing.revision;
    auto& all = listing.entries;
    size_t at = 0;
    if (token) {
        const auto first = std::ranges::partition_point(all, [token](const auto& entry) { return !is_behind(entry, *token); });
        at = static_cast<size_t>(first - all.begin());
    }
    int looked_at = 0;
    for (; at < all.size(); ++at) {
        AWAIT(const Result<bool> selected, is_selected(rest, request, selection, all[at]));
        if (!selected) co_return selected.error();
        if (++looked_at % page_items_per_turn == 0 && selection.needs_object()) co_await rest.loop.yield();
        if (!*selected) continue;
        if (page.listing.entries.size() == limit) break;
        page.listing.entries.push_back(std::move(all[at]));
    }
    if (at == all.size()) co_return page;
    const store::Key& last = page.listing.entries.back()->key;
    page.continue_token = render_continue({page.listing.revision, last.ns, last.name}, request);
    if (selection.everything()) page.remaining = all.size() - at;
    co_return page;
}

http::Response expired_continue_response(const ResourceRequest& request, const ContinueToken& token) {
    const Error error(Code::expired,
                      "The provided continue parameter is too old to display a consistent list result. You can start a new "
                      "list without the continue parameter, or use the continue token in this response to retrieve the "
                      "remainder of the results. Continuing with the provided token results in an inconsistent list - objects "
                      "that were created, modified, or deleted between the time the first chunk was returned and now may show "
                      "up in the list.");
    http::Response response = status_response(error);
    constexpr std::string_view none = R"("metadata":{})";
    const std::string fresh = render_continue({0, token.ns, token.name}, request);
    response.body.replace(response.body.find(none), none.size(), R"("metadata":{"continue":")" + fresh + "\"}");
    return response;
}

}  // namespace orilla::apiserver
