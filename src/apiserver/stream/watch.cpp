#include "stream/watch.hpp"

#include <algorithm>
#include <unordered_set>

#include "orilla/kinds/codec.hpp"
#include "orilla/kinds/table.hpp"
#include "orilla/kinds/versions.hpp"
#include "orilla/loop/timeout.hpp"
#include "request/list_options.hpp"
#include "request/negotiation.hpp"
#include "request/status.hpp"
#include "rest/read.hpp"
#include "rest/rest.hpp"
#include "rest/selection.hpp"

namespace orilla::apiserver {

namespace {
constexpr size_t watch_piece_bytes = 16 * 1024;  // a client that does not read holds one, and an event
constexpr int64_t bookmark_interval_ms = 60'000;
/// Without timeoutSeconds a watch ends after 30 to 60 minutes, so that not all clients come back together.
constexpr int64_t watch_ms_min = 30 * 60'000;

constexpr std::string_view event_tail = "}\n";

enum class Happened { added, modified, deleted };

std::string_view event_name(Happened happened) {
    switch (happened) {
        case Happened::added: return "ADDED";
        case Happened::modified: return "MODIFIED";
        case Happened::deleted: return "DELETED";
    }
    return "MODIFIED";
}

/// How a watch that is under way tells an error.
std::string render_error_event(const Error& error) {
    std::string status = render_status(error);
    status.pop_back();  // its newline
    return R"({"type":"ERROR","object":)" + status + "}\n";
}

class WatchStream final : public http::ByteStream {
  public:
    WatchStream(Rest& rest, const ResourceRequest& request, Selection selection, WatchOptions options, std::string_view include)
        : rest_(rest),
          kept_(request.kind),
          kind_(request.kind),
          ns_(request.info.ns),
          selection_(std::move(selection)),
          options_(options),
          form_(request.form) {
        if (include == "None") include_ = api::IncludeObject::none;
        if (include == "Object") include_ = api::IncludeObject::object;
    }

    Result<void> open() {
        store::Reader& store = rest_.store();
        const uint64_t now = store.revision();
        uint64_t from = options_.revision.value_or(0);
        if (options_.initial_events) {
            listing_ = store.list(kind_.resource, ns_);
            from = listing_.revision;
        } else if (from == 0) {
            from = now;
        }
        TRY(watch_, store.watch(kind_.resource, ns_, from));
        bookmarked_ = from;
        const int64_t now_ms = rest_.loop.now_ms();
        const int64_t lasts_ms =
            options_.timeout_seconds ? *options_.timeout_seconds * 1000 : watch_ms_min + now_ms % watch_ms_min;
        end_ms_ = now_ms + lasts_ms;
        next_bookmark_ms_ = now_ms + bookmark_interval_ms;
        return ok();
    }

    Task<Result<bool>> next(std::string* out) override {
        if (std::exchange(tail_due_, false)) *out += event_tail;
        if (ended_) co_return !out->empty();
        if (in_listing_) {
            AWAIT_VOID(append_initial(out));
            if (in_listing_ || !out->empty()) co_return true;
        }
        drain(*out);
        while (out->empty() && !ended_) {
            co_await rest_.loop.breathe();
            AWAIT_VOID(wait(out));
            drain(*out);
        }
        co_return !out->empty();
    }
    std::shared_ptr<const std::string> take_shared() override { return std::move(shared_); }

  private:
    // ---- what was there before ---------------------------------------------------------------------------------------

    Task<void> append_initial(std::string* out) {
        while (at_ < listing_.entries.size() && out->size() < watch_piece_bytes && !shared_) {
            co_await rest_.loop.breathe();
            store::EntryPtr entry = std::move(listing_.entries[at_++]);
            if (!selection_.may_match(entry->key)) continue;
            if (!entry->json) {
                AWAIT(auto whole, read_entry(rest_, entry->key));
                // Changed meanwhile: the watch, which starts at the listing's revision, tells what became of it.
                if (!whole) continue;
                entry = *whole;
            }
            append_if_matching(*out, Happened::added, entry);
        }
        if (at_ < listing_.entries.size() || shared_) co_return;
        in_listing_ = false;
        listing_.entries.clear();
        listing_.entries.shrink_to_fit();
        if (options_.send_initial_events) append_bookmark(*out, true);
    }

    void append_if_matching(std::string& out, Happened happened, const store::EntryPtr& entry) {
        if (!selection_.needs_object()) return append_event(out, happened, entry);
        const auto object = rest_.objects.decode(kind_, entry);
        if (object && selection_.matches(**object)) append_event(out, happened, entry);
    }

    // ---- what happens ------------------------------------------------------------------------------------------------

    void drain(std::string& out) {
        while (!ended_ && out.size() < watch_piece_bytes && !shared_ && !rest_.loop.step_is_long()) {
            auto event = watch_->try_next();
            if (!event) return;
            take(out, std::move(*event));
        }
    }

    /// Until something happens, a bookmark is due or the time is over.
    Task<void> wait(std::string* out) {
        const int64_t now = rest_.loop.now_ms();
        if (now >= end_ms_) {
            if (options_.bookmarks) append_bookmark(*out, false);
            ended_ = true;
            co_return;
        }
        if (options_.bookmarks && now >= next_bookmark_ms_) {
            next_bookmark_ms_ = now + bookmark_interval_ms;
            if (watch_->revision() > bookmarked_) append_bookmark(*out, false);
            if (!out->empty()) co_return;
        }
        const int64_t until = options_.bookmarks ? std::min(end_ms_, next_bookmark_ms_) : end_ms_;
        AWAIT(auto event, loop::with_timeout(rest_.loop, watch_->next(), until - now));
        if (event) take(*out, std::move(*event));
    }

    void take(std::string& out, Result<store::WatchEvent> event) {
        if (!event) {
            out += render_error_event(event.error());
            ended_ = true;
            return;
        }
        if (!selection_.may_match(event->entry->key)) return;
        using Type = store::WatchEvent::Type;
        if (!selection_.needs_object()) {
            const Happened happened = event->type == Type::added      ? Happened::added
                                      : event->type == Type::modified ? Happened::modified
                                                                      : Happened::deleted;
            return append_event(out, happened, event->entry);
        }
        take_selected(out, *event);
    }

    /// Whether the state matches; `unknown` where there is none to look at.
    bool matches(const store::EntryPtr& entry, bool unknown) {
        if (!entry || !entry->json) return unknown;
        const auto object = rest_.objects.decode(kind_, entry);
        return object && selection_.matches(**object);
    }

    void take_selected(std::string& out, const store::WatchEvent& event) {
        using Type = store::WatchEvent::Type;
        // A previous state too large to be in memory counts as matching: one DELETED too many is harmless.
        const bool before = event.type != Type::added && matches(event.previous, true);
        const bool after = event.type != Type::deleted && matches(event.entry, false);
        if (after && before) append_event(out, Happened::modified, event.entry);
        else if (after) append_event(out, Happened::added, event.entry);
        else if (before && event.type == Type::deleted) append_event(out, Happened::deleted, event.entry);
        else if (before) append_left(out, event);
    }

    /// It was changed so that it is no longer selected: the client sees the state it knew, at the new revision.
    void append_left(std::string& out, const store::WatchEvent& event) {
        const store::EntryPtr& state = event.previous && event.previous->json ? event.previous : event.entry;
        const auto object = rest_.objects.decode(api::stored_version(kind_), state);
        if (!object) return;
        auto last = std::make_shared<store::Entry>();
        last->key = event.entry->key;
        last->revision = event.entry->revision;
        const std::string revision = std::to_string(last->revision);
        api::EncodeOptions options;
        options.resource_version = revision;
        last->json = std::make_shared<std::string>(api::encode(**object, options));
        append_event(out, Happened::deleted, last);
    }

    // ---- rendering ---------------------------------------------------------------------------------------------------

    void append_event(std::string& out, Happened happened, store::EntryPtr entry) {
        if (form_ == Form::json && api::is_converted(kind_)) {
            const auto object = rest_.objects.decode(kind_, entry);
            if (!object) return;
            entry = shown_entry(entry, **object);
        }
        const size_t start = out.size();
        out += R"({"type":")";
        out += event_name(happened);
        out += R"(","object":)";
        if (form_ == Form::json && entry->json->size() > copied_text_bytes_max) {
            // All watches send the same bytes; the piece ends with them, and the next one begins with the event's end.
            shared_ = rest_.texts.share(entry)->json;
            tail_due_ = true;
            return;
        }
        if (form_ == Form::json) {
            out += *entry->json;
        } else if (!append_transformed(out, entry)) {
            out.resize(start);
            return;
        }
        out += event_tail;
    }

    bool append_transformed(std::string& out, const store::EntryPtr& entry) {
        const auto object = rest_.objects.decode(kind_, entry);
        if (!object) return false;
        const std::string revision = std::to_string(entry->revision);
        if (form_ == Form::partial_metadata) {
            api::append_partial_metadata(out, **object, revision);
            return true;
        }
        append_table_start(out, revision);
        api::append_table_row(out, **object, revision, include_, rest_.now_s());
        api::append_table_tail(out);
        while (out.back() == '\n') out.pop_back();
        return true;
    }

    void append_table_start(std::string& out, std::string_view revision) {
        api::TableHead head;
        head.resource_version = revision;
        head.with_columns = !std::exchange(columns_sent_, true);
        const size_t from = out.size();
        api::append_table_head(out, kind_, head);
        constexpr std::string_view v1 = "\"meta.k8s.io/v1\"";
        if (form_ != Form::table_v1beta1) return;
        if (const size_t at = out.find(v1, from); at != std::string::npos)
            out.replace(at, v1.size(), "\"meta.k8s.io/v1beta1\"");
    }

    void append_bookmark(std::string& out, bool ends_initial_events) {
        bookmarked_ = ends_initial_events ? listing_.revision : watch_->revision();
        const std::string revision = std::to_string(bookmarked_);
        out += R"({"type":"BOOKMARK","object":)";
        if (form_ == Form::table || form_ == Form::table_v1beta1) {
            append_table_start(out, revision);
            api::append_table_tail(out);
            while (out.back() == '\n') out.pop_back();
        } else {
            out += "{\"kind\":\"" + std::string(kind_.kind) + "\",\"apiVersion\":\"" + std::string(kind_.api_version) +
                   "\",\"metadata\":{\"resourceVersion\":\"" + revision + "\"";
            if (ends_initial_events) out += R"(,"annotations":{"k8s.io/initial-events-end":"true"})";
            out += "}}";
        }
        out += "}\n";
    }

    Rest& rest_;
    const api::KindRef kept_;  ///< it may be removed meanwhile
    const api::KindInfo& kind_;
    std::string ns_;
    Selection selection_;
    WatchOptions options_;
    Form form_;
    api::IncludeObject include_ = api::IncludeObject::metadata;
    store::Listing listing_;
    std::unique_ptr<store::Watch> watch_;
    std::shared_ptr<const std::string> shared_;  ///< comes behind the piece that was just made
    bool tail_due_ = false;                      ///< and its event has no end yet
    size_t at_ = 0;
    uint64_t bookmarked_ = 0;
    int64_t end_ms_ = 0;
    int64_t next_bookmark_ms_ = 0;
    bool in_listing_ = true;
    bool columns_sent_ = false;
    bool ended_ = false;
};
}  // namespace

Task<Result<http::Response>> watch_items(Rest& rest, const ResourceRequest& request) {
    if (!accepts_json(request.http.header("accept")))
        co_return Error(Code::not_acceptable, "only the following media types are accepted: application/json;stream=watch");
    auto options = parse_watch_options(request.info.query);
    if (!options) co_return std::move(options).error();
    auto selection = Selection::parse(request.info.query, request.kind, request.info.name);
    if (!selection) co_return std::move(selection).error();
    auto include = parse_include_object(request.info.query);
    if (!include) co_return std::move(include).error();
    CO_TRY_VOID(await_revision(rest, options->revision.value_or(0)));
    auto stream = std::make_unique<WatchStream>(rest, request, std::move(*selection), *options, *include);
    http::Response response;
    if (auto opened = stream->open(); !opened) {
        // Too old a revision is told as one of an open watch that fell behind is: clients look for it among the events.
        if (opened.error().code() != Code::expired) co_return std::move(opened).error();
        response.body = render_error_event(opened.error());
        co_return response;
    }
    response.is_watch = true;
    response.stream = std::move(stream);
    co_return response;
}

}  // namespace orilla::apiserver
