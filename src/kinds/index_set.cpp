#include "orilla/kinds/index_set.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "orilla/base/text.hpp"

namespace orilla::api {
namespace {

Result<IndexSet::Range> parse_range(std::string_view text, int32_t limit) {
    IndexSet::Range out{};
    const size_t dash = text.find('-');
    const std::string_view first = text.substr(0, dash);
    if (!read_number(first, out.first))
        return Error(Code::invalid, fmt::format("cannot convert string to integer for index: \"{}\"", first));
    out.last = out.first;
    if (dash != text.npos) {
        const std::string_view last = text.substr(dash + 1);
        if (!read_number(last, out.last))
            return Error(Code::invalid, fmt::format("cannot convert string to integer for index: \"{}\"", last));
        if (out.first >= out.last)
            return Error(Code::invalid, fmt::format("non-increasing order, previous: {}, current: {}", out.first, out.last));
    }
    if (out.last >= limit) return Error(Code::invalid, fmt::format("too large index: \"{}\"", out.last));
    return out;
}

}  // namespace

Result<IndexSet> IndexSet::parse(std::string_view text, int32_t limit) {
    IndexSet out;
    while (!text.empty()) {
        const size_t comma = text.find(',');
        TRY(const Range range, parse_range(text.substr(0, comma), limit));
        const int32_t before = out.ranges_.empty() ? -1 : out.ranges_.back().last;
        if (before >= range.first)
            return Error(Code::invalid, fmt::format("non-increasing order, previous: {}, current: {}", before, range.first));
        out.append(range);
        if (comma == text.npos) return out;
        text.remove_prefix(comma + 1);
        if (text.empty()) return Error(Code::invalid, "cannot convert string to integer for index: \"\"");
    }
    return out;
}

IndexSet IndexSet::read(std::string_view text, int32_t limit) {
    IndexSet out;
    while (!text.empty()) {
        const size_t comma = text.find(',');
        auto range = parse_range(text.substr(0, comma), INT32_MAX);
        const int32_t before = out.ranges_.empty() ? -1 : out.ranges_.back().last;
        if (range && range->first < limit && range->first > before) {
            range->last = std::min(range->last, limit - 1);
            out.append(*range);
        }
        if (comma == text.npos) break;
        text.remove_prefix(comma + 1);
    }
    return out;
}

/// Behind all the others.
void IndexSet::append(Range range) {
    if (!ranges_.empty() && ranges_.back().last + 1 == range.first) ranges_.back().last = range.last;
    else ranges_.push_back(range);
}

bool IndexSet::contains(int32_t index) const {
    const auto after = std::ranges::upper_bound(ranges_, index, {}, &Range::first);
    return after != ranges_.begin() && (after - 1)->last >= index;
}

int32_t IndexSet::count() const {
    int32_t sum = 0;
    for (const Range& range : ranges_) sum += range.last - range.first + 1;
    return sum;
}

int32_t IndexSet::count_common(const IndexSet& other) const {
    int32_t sum = 0;
    for (auto a = ranges_.begin(), b = other.ranges_.begin(); a != ranges_.end() && b != other.ranges_.end();) {
        sum += std::max(0, std::min(a->last, b->last) - std::max(a->first, b->first) + 1);
        if (a->last < b->last) ++a;
        else ++b;
    }
    return sum;
}

void IndexSet::add(int32_t index) {
    if (contains(index)) return;
    auto after = std::ranges::upper_bound(ranges_, index, {}, &Range::first);
    const bool joins_before = after != ranges_.begin() && (after - 1)->last + 1 == index;
    const bool joins_after = after != ranges_.end() && after->first == index + 1;
    if (joins_before && joins_after) {
        (after - 1)->last = after->last;
        ranges_.erase(after);
    } else if (joins_before) {
        (after - 1)->last = index;
    } else if (joins_after) {
        after->first = index;
    } else {
        ranges_.insert(after, {index, index});
    }
}

std::string IndexSet::render() const {
    std::string out;
    for (const Range& range : ranges_) {
        if (!out.empty()) out += ',';
        out += std::to_string(range.first);
        if (range.last == range.first) continue;
        out += (range.last == range.first + 1 ? "," : "-") + std::to_string(range.last);
    }
    return out;
}

int32_t parse_completion_index(std::string_view text) {
    int32_t index = 0;
    return read_number(text, index) ? index : -1;
}

}  // namespace orilla::api
