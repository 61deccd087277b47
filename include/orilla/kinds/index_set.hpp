// The indexes of an Indexed Job that are done, or have failed, as its status has them: "1,3-5,7". What is asked of it costs
// what the text is long, whatever the number of indexes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"

namespace orilla::api {

class IndexSet {
  public:
    /// Ascending numbers and ranges, each below `limit`, without overlaps. "" is none.
    static Result<IndexSet> parse(std::string_view text, int32_t limit);
    /// Of a status: what cannot be read, or is not below `limit`, is left out.
    static IndexSet read(std::string_view text, int32_t limit);

    bool contains(int32_t index) const;
    int32_t count() const;
    /// How many of the other's are here, too.
    int32_t count_common(const IndexSet& other) const;
    /// Unless it is there.
    void add(int32_t index);
    /// Runs of three or more as "3-5".
    std::string render() const;
    bool operator==(const IndexSet&) const = default;

    struct Range {
        int32_t first, last;
        bool operator==(const Range&) const = default;
    };
    const std::vector<Range>& ranges() const { return ranges_; }

  private:
    void append(Range range);
    std::vector<Range> ranges_;  ///< ascending; neighbours are one
};

/// The label and annotation of an Indexed Job's pod as a number; -1 without one.
int32_t parse_completion_index(std::string_view text);

}  // namespace orilla::api
