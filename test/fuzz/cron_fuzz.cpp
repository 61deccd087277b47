// A schedule, and in the next line a zone: starts come one after another, and the last one of a time is the one that has no
// other after it.
#include <cassert>

#include "orilla/kinds/cron_schedule.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace orilla::api;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const size_t line = text.find('\n');
    const auto schedule = CronSchedule::parse(text.substr(0, line));
    auto zone = line == text.npos ? std::nullopt : TimeZone::parse_posix(text.substr(line + 1));
    if (!schedule) return 0;
    if (!zone) zone = TimeZone();
    constexpr int64_t begin_s = 1'760'000'000, span_s = 40'000'000;
    int64_t at_s = begin_s;
    constexpr int starts_max = 20;
    for (int i = 0; i < starts_max; ++i) {
        const auto next = schedule->next(at_s, *zone);
        if (!next) break;
        assert(*next > at_s);
        at_s = *next;
    }
    const auto last = schedule->last(begin_s, begin_s + span_s, *zone);
    if (last) assert(*last > begin_s && *last <= begin_s + span_s);
    return 0;
}
