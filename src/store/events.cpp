#include "orilla/store/events.hpp"

#include <algorithm>

#include "orilla/base/log.hpp"
#include "orilla/kinds/kinds.hpp"

namespace orilla::store {

namespace {

constexpr int64_t prune_interval_ms_min = 300'000;
constexpr int64_t ns_per_s = 1'000'000'000;
constexpr std::string_view cut_mark = "...";

std::string hex(uint64_t number) {
    char text[17];
    return {text, static_cast<size_t>(std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number)))};
}

std::string event_namespace(const api::ObjectReference& about) {
    return about.namespace_.empty() ? "default" : about.namespace_.str();
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

/// Equal for two records that differ only in time. Should two others have the same, one counts the other's event up.
EventRecorder::Digest EventRecorder::digest_of(const api::ObjectReference& about, std::string_view component,
                                               std::string_view type, std::string_view reason, std::string_view message) {
    std::string key;
    for (std::string_view part : {about.kind.view(), about.namespace_.view(), about.name.view(), about.uid.view(),
                                  about.field_path.view(), component, type, reason, message}) {
        key += part;
        key += '\0';
    }
    const std::hash<std::string_view> hash;
    const uint64_t low = hash(key);
    key += hex(low * 0x9e3779b97f4a7c15u);
    return {hash(key), low};
}

api::ObjectReference EventRecorder::reference_to(const api::KindInfo& kind, const api::ObjectMeta& meta) {
    api::ObjectReference reference;
    reference.kind = api::Str::intern(kind.kind);
    reference.api_version = api::Str::intern(kind.api_version);
    reference.namespace_ = meta.namespace_;
    reference.name = meta.name;
    reference.uid = meta.uid;
    reference.resource_version = meta.resource_version;
    return reference;
}

void EventRecorder::record(const api::Object& about, std::string_view component, std::string_view type,
                           std::string_view reason, std::string_view message) {
    record(reference_to(about.kind(), about.meta()), component, type, reason, message);
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
            auto writing = write(std::move(record));
            co_await std::move(writing);
        }
        const bool too_many = objects_.store().count("events") > limits_.events_max;
        if (!prune_due_ && !too_many) continue;
        auto pruning = prune();
        co_await std::move(pruning);
    }
}

void EventRecorder::adopt(const api::Event& event) {
    EntryPtr entry = objects_.store().find({"events", event.metadata.namespace_.str(), event.metadata.name.str()});
    if (!entry) return;
    known_[digest_of(event.involved_object, event.source.component, event.type, event.reason, event.message)] = std::move(entry);
    if (!prune_timer_.armed()) arm_prune();
}

/// As Kubernetes names them, NAME.<hex of the wall clock in ns>; kubectl lists those of one second by name.
std::string EventRecorder::next_name(const Record& record) {
    last_number_ = std::max(last_number_ + 1, record.wall_ns);
    return record.about.name.str() + "." + hex(static_cast<uint64_t>(last_number_));
}

Task<void> EventRecorder::write(Record record) {
    const Digest digest = digest_of(record.about, record.component, record.type, record.reason, record.message);
    auto known = known_.find(digest);
    if (known != known_.end()) {
        auto counting = count_up(known->second, digest, record.wall_ns / ns_per_s);
        const bool counted = co_await std::move(counting);
        if (counted) co_return;
    }
    api::Event event;
    event.metadata.namespace_ = api::Str(event_namespace(record.about));
    event.metadata.name = api::Str(next_name(record));
    event.involved_object = std::move(record.about);
    event.reason = api::Str(record.reason);
    event.message = api::Str(record.message);
    event.source.component = api::Str(record.component);
    event.reporting_component = api::Str(record.component);
    if (record.component == "kubelet") event.source.host = event.reporting_instance = api::Str(node_name_);
    event.type = api::Str(record.type);
    event.first_timestamp = event.last_timestamp = api::Time(record.wall_ns / ns_per_s);
    event.count = 1;
    api::Object object(std::move(event));
    auto creating = objects_.create(std::move(object));
    auto created = co_await std::move(creating);
    // In a namespace that is going away nobody will read it.
    if (!created) co_return log::debug("event not recorded: " + created.error().message());
    known_[digest] = created->entry;
    if (!prune_timer_.armed()) arm_prune();
}

/// False when the event is gone.
Task<bool> EventRecorder::count_up(EntryPtr known, Digest digest, int64_t wall_s) {
    Objects::Change change = [wall_s](api::Object& object) -> Result<void> {
        auto& event = object.as<api::Event>();
        ++event.count;
        event.last_timestamp = api::Time(wall_s);
        return ok();
    };
    auto counting = objects_.modify(api::kind_of<api::Event>(), known->key.ns, known->key.name, std::move(change));
    auto counted = co_await std::move(counting);
    if (counted) known_[digest] = counted->entry;  // not the earlier one, which would be kept for this alone
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
    const auto* kind = api::find_kind(about.api_version, about.kind);
    if (!kind) return false;
    return !objects_.store().find({std::string(kind->resource), kind->namespaced ? about.namespace_.str() : "", about.name.str()});
}

/// All there are, the oldest first.
Task<std::vector<EventRecorder::Candidate>> EventRecorder::candidates() {
    std::vector<Candidate> out;
    const Listing listing = objects_.store().list("events");
    for (const EntryPtr& entry : listing.entries) {
        co_await loop_.breathe();
        const auto object = objects_.decode(api::kind_of<api::Event>(), entry);
        if (!object) continue;
        const auto& event = (*object)->as<api::Event>();
        out.push_back({entry, event.last_timestamp.unix_s, is_gone(event.involved_object)});
    }
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.last_s < b.last_s; });
    co_return out;
}

/// Takes away what is too old and, the oldest first, what is too many.
Task<void> EventRecorder::prune() {
    prune_due_ = false;
    auto looking = candidates();
    const std::vector<Candidate> events = co_await std::move(looking);
    const int64_t oldest_s = objects_.clock().wall_s() - limits_.age_s_max;
    // A tenth more than needed, so that a full house is not swept for every record.
    const size_t spare = limits_.events_max / 10;
    size_t surplus = events.size() > limits_.events_max ? events.size() - limits_.events_max + spare : 0;
    const auto gone = static_cast<size_t>(std::ranges::count_if(events, [](const auto& event) { return event.gone; }));
    size_t surplus_gone = gone > limits_.gone_max ? gone - limits_.gone_max : 0;
    for (const Candidate& event : events) {
        const bool too_many = surplus > 0 || (event.gone && surplus_gone > 0);
        if (!too_many && event.last_s > oldest_s) continue;
        if (surplus > 0) --surplus;
        if (event.gone && surplus_gone > 0) --surplus_gone;
        co_await loop_.breathe();
        auto removing = objects_.remove<api::Event>(event.entry->key.ns, event.entry->key.name);
        (void)co_await std::move(removing);
    }
    std::erase_if(known_, [this](const auto& item) { return !objects_.store().find(item.second->key); });
    if (objects_.store().count("events") > 0) arm_prune();
}

}  // namespace orilla::store
