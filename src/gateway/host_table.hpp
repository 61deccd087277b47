// Values by host pattern, found by host: exact names before wildcards, longer wildcards before shorter ones, one that stands
// for a single label before one that stands for many, and every host's last. Finding allocates nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "orilla/gateway/routes.hpp"

namespace orilla::gateway {

/// What both match, nothing when no host does.
std::optional<HostPattern> intersect(const HostPattern& a, const HostPattern& b);

struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
template <class T>
using ByText = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

template <class T>
class HostTable {
  public:
    /// Values stay where they are until they are erased.
    T& at(const HostPattern& pattern) {
        if (pattern.text.empty()) return any_ ? *any_ : any_.emplace();
        if (!is_wildcard(pattern)) return exact_[pattern.text];
        const std::string suffix = pattern.text.substr(2);
        longest_ = std::max(longest_, suffix.size());
        return (pattern.is_one_label ? one_label_ : labels_)[suffix];
    }
    T* find(const HostPattern& pattern) {
        if (pattern.text.empty()) return any_ ? &*any_ : nullptr;
        if (!is_wildcard(pattern)) return found(exact_, pattern.text);
        return found(pattern.is_one_label ? one_label_ : labels_, pattern.text.substr(2));
    }
    void erase(const HostPattern& pattern) {
        if (pattern.text.empty()) any_.reset();
        else if (!is_wildcard(pattern)) exact_.erase(pattern.text);
        else (pattern.is_one_label ? one_label_ : labels_).erase(pattern.text.substr(2));
    }
    const T* any() const { return any_ ? &*any_ : nullptr; }
    bool has_only_any() const { return exact_.empty() && one_label_.empty() && labels_.empty(); }
    bool empty() const { return has_only_any() && !any_; }

    /// The first value, from the closest pattern on, that `is_wanted` says yes to.
    template <class Wanted>
    const T* find_closest(std::string_view host, const Wanted& is_wanted) const {
        if (const T* value = found(exact_, host); value && is_wanted(*value)) return value;
        if (!one_label_.empty() || !labels_.empty()) {
            bool is_first_label = true;
            for (size_t dot = host.find('.'); dot != host.npos; dot = host.find('.', dot + 1)) {
                const std::string_view suffix = host.substr(dot + 1);
                if (suffix.size() <= longest_) {
                    const T* value = is_first_label ? found(one_label_, suffix) : nullptr;
                    if (value && is_wanted(*value)) return value;
                    value = found(labels_, suffix);
                    if (value && is_wanted(*value)) return value;
                }
                is_first_label = false;
            }
        }
        return any_ && is_wanted(*any_) ? &*any_ : nullptr;
    }

  private:
    static bool is_wildcard(const HostPattern& pattern) { return pattern.text.starts_with("*."); }
    template <class Map>
    static auto found(Map& map, std::string_view key) -> decltype(&map.begin()->second) {
        if (map.empty()) return nullptr;
        const auto at = map.find(key);
        return at == map.end() ? nullptr : &at->second;
    }

    ByText<T> exact_, one_label_, labels_;
    std::optional<T> any_;
    size_t longest_ = 0;  ///< of the wildcards that there have been
};

}  // namespace orilla::gateway
