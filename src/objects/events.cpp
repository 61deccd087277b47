#include "orilla/objects/events.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <charconv>

#include "orilla/base/heap.hpp"
#include "orilla/base/log.hpp"
#include "orilla/kinds/kinds.hpp"

namespace orilla::objects {

namespace {

constexpr int64_t prune_interval_ms_min = 300'000;
constexpr int64_t ns_per_s = 1'000'000'000;
constexpr std::string_view cut_mark = "...";
constexpr std::string_view combined_mark = "(combined from similar events): ";
constexpr uint32_t of_combined = 0;  // in place of a message's digest

std::string hex(uint64_t number) { return fmt::format("{:016x}", number); }

std::string event_namespace(const api::ObjectReference& about) {
    return about.namespace_.empty() ? "default" : about.namespace_.str();
}

/// As Kubernetes names them, NAME.<hex of the wall clock in ns>; kubectl lists those of one second by name.
std::string name_of_event(const api::ObjectReference& about, int64_t number) {
    return fmt::format("{}.{}", about.name, hex(static_cast<uint64_t>(number)));
}

/// The number in such a name, 0 when it is not one.
int64_t number_in(const api::Str& name, const api::Str& about) {
    const std::string_view text = name.view();
    uint64_t number = 0;
    if (text.size() <= about.view().size() + 1 || !text.starts_with(about.view())) return 0;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + about.view().size() + 1, end, number, 16);
    return parsed.ec == std::errc() && parsed.ptr == end ? static_cast<int64_t>(number) : 0;
}

/// Never in the middle of a UTF-8 character.
std::string cut(std::string_view text, size_t bytes_max) {
    if (text.size() <= bytes_max) return std::string(text);
    size_t end = bytes_max - cut_mark.size();
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    return std::string(text.substr(0, end)) + std::string(cut_mark);
}

}  // namespace

EventRecorder::EventRecorder(loop::Loop& loop, Objects& objects, std::string node_name, EventLimits limits)
    : loop_(loop),
      objects_(objects),
      node_name_(std::move(node_name)),
      limits_(limits),
      wake_(loop),
      prune_timer_(loop),
      scope_(loop) {
    scope_.spawn(write_records());
}

EventRecorder::Digest EventRecorder::digest_of(const api::ObjectReference& about, std::string_view component,
                                               std::string_view type, std::string_view reason, std::string_view message) {
    std::string key;
    for (std::string_view part : {about.kind.view(), about.namespace_.view(), about.name.view(), about.uid.view(),
                                  about.field_path.view(), component, type, reason}) {
        key += part;
        key += '\0';
    }
    const std::hash<std::string_view> hash;
    const auto of_message = static_cast<uint32_t>(hash(message));
    return {hash(key), message.starts_with(combined_mark) ? of_combined : std::max(of_message, of_combined + 1)};
}

EventRecorder::Digest EventRecorder::digest_of(const api::Event& event) {
    return digest_of(event.involved_object, event.source.component, event.type, event.reason, event.message);
}

/// Enough that are alike have messages of their own. Those that are known are next to each other.
bool EventRecorder::is_one_of_many(Digest digest, int64_t wall_s) const {
    size_t count = 0;
    for (auto at = known_.upper_bound({digest.similar, of_combined}); at != known_.end() && at->first.similar == digest.similar;
         ++at) {
        if (at->first != digest && at->second.last_s > wall_s - limits_.similar_s_max) ++count;
        if (count == limits_.similar_max) return true;
    }
    return false;
}

void EventRecorder::record(const api::Object& about, std::string_view component, std::string_view type, std::string_view reason,
                           std::string_view message) {
    record(api::reference_to(about.kind(), about.meta()), component, type, reason, message);
}

void EventRecorder::record(const api::ObjectReference& about, std::string_view component, std::string_view type,
                           std::string_view reason, std::string_view message) {
    if (waiting_.size() >= limits_.waiting_max) return;
    waiting_.push_back({about, std::string(component), std::string(type), std::string(reason),
                        cut(message, limits_.message_bytes_max), objects_.clock().wall_ns()});
    wake_.notify_one();
}

/// The one writer: it goes to the store in the order of the records.
Task<void> EventRecorder::write_records() {
    for (;;) {
        while (waiting_.empty() && !prune_due_) co_await wake_.wait();
        co_await loop_.breathe();
        if (!waiting_.empty()) {
            Record record = std::move(waiting_.front());
            waiting_.pop_front();
            AWAIT_VOID(write(std::move(record)));
        }
        // Who deletes events leaves what is known of them.
        const bool too_many = std::max(objects_.store().count("events"), known_.size() / 2) > limits_.events_max;
        if (!prune_due_ && !too_many) continue;
        AWAIT_VOID(prune());
    }
}

void EventRecorder::adopt(const api::Event& event) {
    const int64_t number = number_in(event.metadata.name, event.involved_object.name);
    if (number == 0) return;
    known_[digest_of(event)] = {number, event.last_timestamp.unix_s};
    if (!prune_timer_.armed()) arm_prune();
}

Task<void> EventRecorder::write(Record record) {
    Digest digest = digest_of(record.about, record.component, record.type, record.reason, record.message);
    const int64_t wall_s = record.wall_ns / ns_per_s;
    if (is_one_of_many(digest, wall_s)) {
        digest.message = of_combined;
        record.message = cut(std::string(combined_mark) + record.message, limits_.message_bytes_max);
    }
    if (auto known = known_.find(digest); known != known_.end()) {
        AWAIT(const bool counted, count_up(record, digest, known->second.number));
        if (counted) co_return;
    }
    // Rising, so that events of one second are listed in their order.
    const int64_t number = last_number_ = std::max(last_number_ + 1, record.wall_ns);
    api::Event event;
    event.metadata.namespace_ = api::Str(event_namespace(record.about));
    event.metadata.name = api::Str(name_of_event(record.about, number));
    event.involved_object = std::move(record.about);
    event.reason = api::Str(record.reason);
    event.message = api::Str(record.message);
    event.source.component = api::Str(record.component);
    event.reporting_component = api::Str(record.component);
    if (record.component == "kubelet") event.source.host = event.reporting_instance = api::Str(node_name_);
    event.type = api::Str(record.type);
    event.first_timestamp = event.last_timestamp = api::Time(wall_s);
    event.count = 1;
    api::Object object(std::move(event));
    AWAIT(auto created, objects_.create(std::move(object)));
    // In a namespace that is going away nobody will read it.
    if (!created) co_return log::debug("event not recorded: " + created.error().message());
    known_[digest] = {number, wall_s};
    if (!prune_timer_.armed()) arm_prune();
}

/// False when the event is gone.
Task<bool> EventRecorder::count_up(Record record, Digest digest, int64_t number) {
    const int64_t wall_s = record.wall_ns / ns_per_s;
    Objects::Change change = [message = record.message, wall_s](api::Object& object) -> Result<void> {
        auto& event = object.as<api::Event>();
        ++event.count;
        event.message = api::Str(message);
        event.last_timestamp = api::Time(wall_s);
        return ok();
    };
    AWAIT(const auto counted, objects_.modify(api::kind_of<api::Event>(), event_namespace(record.about),
                                              name_of_event(record.about, number), std::move(change)));
    if (counted) known_[digest] = {number, wall_s};
    co_return counted.has_value();
}

void EventRecorder::tidy() {
    if (objects_.store().count("events") <= limits_.gone_max) return;
    prune_due_ = true;
    wake_.notify_one();
}

void EventRecorder::arm_prune() {
    const int64_t delay_ms = std::max(limits_.age_s_max * 1000, prune_interval_ms_min);
    prune_timer_.arm_after(delay_ms, [this] {
        prune_due_ = true;
        wake_.notify_one();
    });
}

bool EventRecorder::is_gone(const api::ObjectReference& about) const {
    const auto* kind = objects_.kinds().find(about.api_version, about.kind);
    if (!kind) return false;
    return !objects_.store().find(
        {std::string(kind->resource), kind->namespaced ? about.namespace_.str() : "", about.name.str()});
}

/// All there are, the oldest first.
Task<std::vector<EventRecorder::Candidate>> EventRecorder::candidates() {
    std::vector<Candidate> out;
    const store::Listing listing = objects_.store().list("events");
    for (const store::EntryPtr& entry : listing.entries) {
        co_await loop_.breathe();
        const auto object = objects_.decode(api::kind_of<api::Event>(), entry);
        if (!object) continue;
        const auto& event = (*object)->as<api::Event>();
        out.push_back({entry, digest_of(event), event.last_timestamp.unix_s, is_gone(event.involved_object)});
    }
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.last_s < b.last_s; });
    co_return out;
}

void EventRecorder::forget_all_but(std::vector<Digest> digests) {
    std::sort(digests.begin(), digests.end());
    std::erase_if(known_,
                  [&digests](const auto& item) { return !std::binary_search(digests.begin(), digests.end(), item.first); });
    heap::put_stock_back();
    known_ = std::map(known_);  // together, where those that have gone were between them
}

/// Takes away what is too old and, the oldest first, what is too many.
Task<void> EventRecorder::prune() {
    prune_due_ = false;
    AWAIT(const std::vector<Candidate> events, candidates());
    const int64_t oldest_s = objects_.clock().wall_s() - limits_.age_s_max;
    // A tenth more than needed, so that a full house is not swept for every record.
    const size_t spare = limits_.events_max / 10;
    size_t surplus = events.size() > limits_.events_max ? events.size() - limits_.events_max + spare : 0;
    const auto gone = static_cast<size_t>(std::ranges::count_if(events, [](const auto& event) { return event.gone; }));
    size_t surplus_gone = gone > limits_.gone_max ? gone - limits_.gone_max : 0;
    std::vector<Digest> stay;
    for (const Candidate& event : events) {
        const bool too_many = surplus > 0 || (event.gone && surplus_gone > 0);
        stay.push_back(event.digest);
        if (!too_many && event.last_s > oldest_s) continue;
        stay.pop_back();
        if (surplus > 0) --surplus;
        if (event.gone && surplus_gone > 0) --surplus_gone;
        co_await loop_.breathe();
        AWAIT_VOID(objects_.remove<api::Event>(event.entry->key.ns, event.entry->key.name));
    }
    forget_all_but(std::move(stay));
    if (objects_.store().count("events") > 0) arm_prune();
}

}  // namespace orilla::objects
