#include "near.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <vector>

namespace orilla::cli {
namespace {

constexpr size_t edits_max = 2;
constexpr size_t word_bytes_max = 64;  ///< longer ones are no slips of a finger

/// How many letters to change, insert, remove or swap with their neighbour.
size_t count_edits(std::string_view a, std::string_view b) {
    std::vector<size_t> before(b.size() + 1), row(b.size() + 1), next(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
        next[0] = i;
        for (size_t j = 1; j <= b.size(); ++j) {
            next[j] = std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] != b[j - 1])});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) next[j] = std::min(next[j], before[j - 2] + 1);
        }
        before.swap(row);
        row.swap(next);
    }
    return row[b.size()];
}

}  // namespace

std::string find_near(std::string_view typed, std::span<const std::string_view> known) {
    if (typed.size() < 2 || typed.size() > word_bytes_max) return "";
    std::string_view best;
    size_t best_edits = std::clamp(typed.size() / 3, size_t{1}, edits_max) + 1;
    for (const std::string_view word : known) {
        const size_t edits = word.starts_with(typed) ? 1 : count_edits(typed, word);
        if (edits < best_edits && edits < word.size()) best = word, best_edits = edits;
    }
    return std::string(best);
}

std::string did_you_mean(std::string_view meant) {
    return meant.empty() ? std::string() : fmt::format("\n\nDid you mean this?\n\t{}\n", meant);
}

}  // namespace orilla::cli
