#include "rest/read.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "orilla/kinds/codec.hpp"
#include "orilla/kinds/table.hpp"
#include "orilla/kinds/versions.hpp"
#include "orilla/objects/decoding.hpp"
#include "request/list_options.hpp"
#include "rest/list_page.hpp"
#include "rest/rest.hpp"
#include "rest/selection.hpp"

namespace orilla::apiserver {

namespace {
constexpr size_t list_piece_bytes = 64 * 1024;
constexpr int load_attempts_max = 5;             ///< of a large value that changes while it is read
constexpr int64_t revision_wait_ms_max = 3'000;  ///< as long as the reference server waits
constexpr int64_t revision_poll_ms = 50;

Result<api::IncludeObject> include_object(const http::Query& query) {
    TRY(const auto text, parse_include_object(query));
    if (text == "None") return api::IncludeObject::none;
    if (text == "Object") return api::IncludeObject::object;
    return api::IncludeObject::metadata;
}

/// Empty of what is in no store.
std::string revision_text(uint64_t revision) { return revision ? std::to_string(revision) : std::string(); }

/// v1beta1 and v1 differ in name only.
void name_table_v1beta1(std::string& table, size_t from) {
    constexpr std::string_view v1 = "\"meta.k8s.io/v1\"";
    const size_t at = table.find(v1, from);
    if (at != std::string::npos) table.replace(at, v1.size(), "\"meta.k8s.io/v1beta1\"");
}

/// What the body of a list is made from, piece by piece.
class ListStream final : public http::ByteStream {
  public:
    ListStream(Rest& rest, const api::KindInfo& kind, Selection selection, ListPage page, Form form, api::IncludeObject include)
        : rest_(rest),
          kept_(kind),
          kind_(kind),
          selection_(std::move(selection)),
          listing_(std::move(page.listing)),
          continue_token_(std::move(page.continue_token)),
          remaining_(page.remaining),
          form_(form),
          include_(include),
          now_s_(rest.now_s()) {}

    Task<Result<bool>> next(std::string* out) override {
        if (finished_) co_return false;
        if (at_ == 0) append_head(*out);
        while (at_ < listing_.entries.size() && out->size() < list_piece_bytes && !shared_) {
            store::EntryPtr& entry = listing_.entries[at_++];
            if (selection_.may_match(entry->key)) {
                AWAIT(const Result<void> appended, append_entry(out, entry));
                if (!appended) co_return appended.error();
            }
            entry.reset();  // sent: the snapshot need not hold it any longer
            co_await rest_.loop.breathe();
        }
        if (at_ < listing_.entries.size() || shared_) co_return true;
        append_tail(*out);
        finished_ = true;
        co_return true;
    }
    std::shared_ptr<const std::string> take_shared() override { return std::move(shared_); }
    bool finished() const { return finished_; }

  private:
    bool needs_object() const { return selection_.needs_object() || form_ != Form::json || api::is_converted(kind_); }

    void append_head(std::string& out) const {
        const std::string revision = revision_text(listing_.revision);
        if (form_ == Form::table || form_ == Form::table_v1beta1) {
            api::TableHead head;
            head.resource_version = revision;
            head.continue_token = continue_token_;
            head.remaining_items = remaining_;
            api::append_table_head(out, kind_, head);
            if (form_ == Form::table_v1beta1) name_table_v1beta1(out, 0);
            return;
        }
        const bool partial = form_ == Form::partial_metadata;
        out += "{\"kind\":\"";
        out += partial ? "PartialObjectMetadataList" : kind_.list_kind;
        out += "\",\"apiVersion\":\"";
        out += partial ? "meta.k8s.io/v1" : kind_.api_version;
        out += "\",\"metadata\":{";
        if (!revision.empty()) out += "\"resourceVersion\":\"" + revision + "\"";
        if (!continue_token_.empty()) out += fmt::format(",\"continue\":\"{}\"", continue_token_);
        if (remaining_) out += ",\"remainingItemCount\":" + std::to_string(*remaining_);
        out += "},\"items\":[";
    }

    Task<Result<void>> append_entry(std::string* out, store::EntryPtr entry) {
        if (!entry->json) {
            AWAIT(auto json, rest_.store().load(entry));
            // Changed since: gone from this snapshot's file, and the latest state is as good for who asked for the latest.
            if (!json) {
                AWAIT(auto latest, rest_.store().read(entry->key));
                if (!latest && latest.error().code() == Code::not_found) co_return ok();
                if (!latest) co_return latest.error();
                entry = *latest;
            } else {
                auto whole = std::make_shared<store::Entry>(*entry);
                whole->json = *json;
                entry = std::move(whole);
            }
            entry = rest_.texts.share(std::move(entry));
        }
        if (!needs_object()) {
            append_text(*out, entry);
            co_return ok();
        }
        AWAIT(const auto decoded, objects::decode_entry(rest_.objects, rest_.loop, kind_, entry));
        // One that cannot be read was logged; a damaged row must not hide all others.
        if (decoded && selection_.matches(**decoded)) append_object(*out, entry, **decoded);
        co_return ok();
    }

    void append_object(std::string& out, const store::EntryPtr& entry, const api::Object& object) {
        if (form_ == Form::json) return append_text(out, shown_entry(entry, object));
        separate(out);
        const std::string revision = revision_text(entry->revision);
        if (form_ == Form::partial_metadata) api::append_partial_metadata(out, object, revision);
        else api::append_table_row(out, object, revision, include_, now_s_);
    }

    /// Ends the piece where the text is large.
    void append_text(std::string& out, const store::EntryPtr& entry) {
        separate(out);
        if (entry->json->size() > copied_text_bytes_max) shared_ = entry->json;
        else out += *entry->json;
    }

    void separate(std::string& out) {
        if (!std::exchange(first_, false)) out += ',';
    }

    void append_tail(std::string& out) const {
        if (form_ == Form::table || form_ == Form::table_v1beta1) api::append_table_tail(out);
        else out += "]}\n";
    }

    Rest& rest_;
    const api::KindRef kept_;  ///< it may be removed meanwhile
    const api::KindInfo& kind_;
    Selection selection_;
    store::Listing listing_;
    std::string continue_token_;
    std::optional<size_t> remaining_;
    Form form_;
    api::IncludeObject include_;
    int64_t now_s_;
    std::shared_ptr<const std::string> shared_;  ///< comes behind the piece that was just made
    size_t at_ = 0;
    bool first_ = true;
    bool finished_ = false;
};

Result<store::Listing> take_listing(Rest& rest, const ResourceRequest& request, const ListOptions& options,
                                    const std::optional<ContinueToken>& token, const Selection& selection) {
    store::Reader& objects = rest.store();
    if (token && token->revision > 0) return objects.list_at(request.kind.resource, request.info.ns, token->revision);
    if (options.wants_exact()) return objects.list_at(request.kind.resource, request.info.ns, *options.revision);
    // One name in one namespace is a lookup.
    if (!selection.name().empty() && (!request.kind.namespaced || !request.info.ns.empty())) {
        store::Listing listing;
        listing.revision = objects.revision();
        auto entry = objects.find({std::string(request.kind.resource), request.info.ns, std::string(selection.name())});
        if (entry) listing.entries.push_back(std::move(entry));
        return listing;
    }
    return objects.list(request.kind.resource, request.info.ns);
}

http::Response entry_response(const store::EntryPtr& entry, int status) {
    http::Response response(status);
    response.view = *entry->json;
    response.keep = entry->json;  // the text itself: it counts once for all who are sent it
    return response;
}
}  // namespace

store::EntryPtr shown_entry(const store::EntryPtr& stored, const api::Object& object) {
    if (!api::is_converted(object.kind())) return stored;
    auto shown = std::make_shared<store::Entry>();
    shown->key = stored->key;
    shown->revision = stored->revision;
    const std::string revision = revision_text(stored->revision);
    api::EncodeOptions options;
    options.resource_version = revision;
    shown->json = std::make_shared<const std::string>(api::encode(object, options));
    shown->size = shown->json->size();
    return shown;
}

Task<Result<store::EntryPtr>> read_entry(Rest& rest, store::Key key) {
    for (int attempt = 0;; ++attempt) {
        store::EntryPtr entry = rest.store().find(key);
        if (!entry) co_return store::not_found_error(key);
        if (entry->json) co_return entry;
        AWAIT(auto whole, rest.store().read(key));
        if (whole) co_return rest.texts.share(std::move(*whole));
        if (whole.error().code() != Code::conflict || attempt == load_attempts_max) co_return whole;
    }
}

Task<Result<void>> await_revision(Rest& rest, uint64_t revision) {
    const int64_t until_ms = rest.loop.now_ms() + revision_wait_ms_max;
    while (revision > rest.store().revision()) {
        if (rest.loop.now_ms() >= until_ms) co_return store::revision_too_large_error(revision, rest.store().revision());
        co_await rest.loop.sleep_for(revision_poll_ms);
    }
    co_return ok();
}

Result<std::string_view> parse_include_object(const http::Query& query) {
    const std::string_view text = query.get("includeObject");
    if (text.empty() || text == "Metadata" || text == "None" || text == "Object") return text;
    return Error(Code::bad_request, fmt::format("unrecognized includeObject value: \"{}\"", text));
}

Result<http::Response> render_item(Rest& rest, const ResourceRequest& request, const store::EntryPtr& entry) {
    if (request.form == Form::json && !api::is_converted(request.kind)) return entry_response(entry, 200);
    TRY(const auto object, rest.objects.decode(request.kind, entry));
    return render_stored(rest, request, objects::Stored{entry, object}, 200);
}

Result<http::Response> render_stored(Rest& rest, const ResourceRequest& request, const objects::Stored& stored, int status) {
    if (api::is_converted(request.kind) && !api::is_converted(stored.object->kind())) {
        auto shown = std::make_shared<const api::Object>(api::to_version(*stored.object, request.kind));
        return render_stored(rest, request, objects::Stored{stored.entry, std::move(shown)}, status);
    }
    if (request.form == Form::json) return entry_response(shown_entry(stored.entry, *stored.object), status);
    http::Response response(status);
    const std::string revision = revision_text(stored.entry->revision);
    if (request.form == Form::partial_metadata) {
        api::append_partial_metadata(response.body, *stored.object, revision);
        return response;
    }
    TRY(const auto include, include_object(request.info.query));
    api::TableHead head;
    head.resource_version = revision;
    api::append_table_head(response.body, request.kind, head);
    api::append_table_row(response.body, *stored.object, revision, include, rest.now_s());
    api::append_table_tail(response.body);
    if (request.form == Form::table_v1beta1) name_table_v1beta1(response.body, 0);
    return response;
}

Task<Result<http::Response>> get_item(Rest& rest, const ResourceRequest& request) {
    auto revision = parse_revision(request.info.query);
    if (!revision) co_return std::move(revision).error();
    CO_TRY_VOID(await_revision(rest, revision->value_or(0)));
    CO_TRY(auto entry, read_entry(rest, request.key()));
    co_return render_item(rest, request, entry);
}

namespace {
Task<Result<http::Response>> start_list(std::unique_ptr<ListStream> stream) {
    http::Response response;
    AWAIT(const Result<bool> made, stream->next(&response.body));
    if (!made) co_return made.error();
    if (!stream->finished()) response.stream = std::move(stream);
    co_return response;
}
}  // namespace

Task<Result<http::Response>> render_page(Rest& rest, const ResourceRequest& request, ListPage page) {
    auto include = include_object(request.info.query);
    if (!include) co_return std::move(include).error();
    CO_RETURN_AWAIT(
        start_list(std::make_unique<ListStream>(rest, request.kind, Selection(), std::move(page), request.form, *include)));
}

Task<Result<ListPage>> choose_page(Rest& rest, const ResourceRequest& request, const ListOptions& options,
                                   const Selection& selection) {
    CO_TRY_VOID(await_revision(rest, options.revision.value_or(0)));
    std::optional<ContinueToken> token;
    if (!options.token.empty()) {
        CO_CHECK(token, parse_continue(options.token, request));
    }
    ListPage page;
    auto listing = take_listing(rest, request, options, token, selection);
    // One of a revision that is not there yet comes from before a backup was restored.
    const bool is_expired = !listing && (listing.error().code() == Code::expired || listing.error().code() == Code::timeout);
    if (token && is_expired) {
        page.refusal = expired_continue_response(request, *token);
        co_return page;
    }
    if (!listing) co_return std::move(listing).error();
    if (!token && options.limit <= 0) {
        page.listing = std::move(*listing);
        co_return page;
    }
    const size_t limit = options.limit > 0 ? static_cast<size_t>(options.limit) : SIZE_MAX;
    CO_RETURN_AWAIT(plan_page(rest, request, token ? &*token : nullptr, limit, selection, std::move(*listing)));
}

Task<Result<http::Response>> list_items(Rest& rest, const ResourceRequest& request) {
    auto options = parse_list_options(request.info.query);
    if (!options) co_return std::move(options).error();
    auto selection = Selection::parse(request.info.query, request.kind, {});
    if (!selection) co_return std::move(selection).error();
    auto include = include_object(request.info.query);
    if (!include) co_return std::move(include).error();
    CO_TRY(auto page, choose_page(rest, request, *options, *selection));
    if (page.refusal) co_return std::move(*page.refusal);
    auto stream =
        std::make_unique<ListStream>(rest, request.kind, std::move(*selection), std::move(page), request.form, *include);
    CO_RETURN_AWAIT(start_list(std::move(stream)));
}

}  // namespace orilla::apiserver
