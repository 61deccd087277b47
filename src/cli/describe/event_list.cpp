#include "describe/event_list.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <boost/json.hpp>

#include "orilla/schema/age.hpp"
#include "orilla/schema/values.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

std::string last_seen(const json::object& event) {
    for (const char* field : {"lastTimestamp", "eventTime", "firstTimestamp"})
        if (const std::string text = text_at(event, field); !text.empty()) return text;
    return text_at(object_at(event, "metadata"), "creationTimestamp");
}

int64_t seconds_since(const std::string& text, int64_t now_unix_s) {
    const auto time = api::MicroTime::parse(text);
    return time ? std::max<int64_t>(now_unix_s - time->unix_us / 1'000'000, 0) : -1;
}

}  // namespace

std::vector<json::object> sort_events(const json::array& items) {
    std::vector<json::object> out;
    for (const auto& item : items) {
        json::object event = item.get_object();
        event["apiVersion"] = "v1";
        event["kind"] = "Event";
        out.push_back(std::move(event));
    }
    std::ranges::stable_sort(out, {}, last_seen);
    return out;
}

std::string event_age(const json::object& event, int64_t now_unix_s) {
    const auto shown = [now_unix_s](const std::string& text) {
        const int64_t age = text.empty() ? -1 : seconds_since(text, now_unix_s);
        return age < 0 ? std::string("<unknown>") : api::render_duration(age);
    };
    const std::string age = shown(last_seen(event));
    const int64_t count = number_at(event, "count", 1);
    if (count < 2) return age;
    return fmt::format("{} (x{} over {})", age, count, shown(text_at(event, "firstTimestamp")));
}

}  // namespace orilla::cli
