#include "path_table.hpp"

#include <algorithm>
#include <bit>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace orilla::gateway {

namespace {

// FNV-1a: grows byte by byte. That somebody finds two paths with one hash costs him a comparison.
constexpr uint64_t path_hash_begin = 0xcbf29ce484222325;
uint64_t with_byte(uint64_t hash, char c) { return (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3; }
/// An exact path and a prefix of the same bytes are two.
uint64_t path_key(uint64_t hash, bool is_exact) { return is_exact ? hash ^ 0x9e3779b97f4a7c15 : hash; }
size_t slot_of(uint64_t key, size_t mask) { return static_cast<size_t>(key ^ (key >> 32)) & mask; }

/// Whether the first bytes of `path`, each run of slashes as one, are `single`.
bool begins_with(std::string_view path, std::string_view single, size_t bytes) {
    if (bytes == single.size()) return path.compare(0, bytes, single) == 0;
    size_t at = 0;
    char before = 0;
    for (const char c : path.substr(0, bytes)) {
        if (c == '/' && before == '/') continue;
        if (at == single.size() || single[at++] != c) return false;
        before = c;
    }
    return at == single.size();
}

/// For an order by '<': what comes first is tried first.
auto rank_at_a_path(const PathItem& item) {
    const CompiledMatch& match = *item.match;
    const Route& route = item.route->route();
    return std::tuple(!match.is_grpc, match.method.empty(), -static_cast<int64_t>(match.headers.size()),
                      -static_cast<int64_t>(match.query.size()), route.created_s, std::string_view(route.name), match.rule,
                      match.place, std::string_view(route.key));
}
/// Longer expressions first, and longer services and methods.
auto rank_of_a_text(const PathItem& item) {
    const CompiledMatch& match = *item.match;
    return std::tuple(-static_cast<int64_t>(match.path.size()), -static_cast<int64_t>(match.service.value_bytes()),
                      -static_cast<int64_t>(match.grpc_method.value_bytes()));
}
bool is_first_at_a_path(const PathItem& a, const PathItem& b) { return rank_at_a_path(a) < rank_at_a_path(b); }
bool is_first_of_texts(const PathItem& a, const PathItem& b) {
    const auto of_a = rank_of_a_text(a), of_b = rank_of_a_text(b);
    return of_a != of_b ? of_a < of_b : is_first_at_a_path(a, b);
}

}  // namespace

void PathTable::build(std::vector<PathItem> items) {
    nodes_.clear();
    regex_.clear();
    grpc_.clear();
    longest_ = 0;
    std::sort(items.begin(), items.end(), is_first_at_a_path);
    std::unordered_map<std::string_view, size_t> known[2];
    for (const PathItem& item : items) {
        const CompiledMatch& match = *item.match;
        if (match.way == CompiledMatch::Way::regex) {
            regex_.push_back(item);
        } else if (match.way == CompiledMatch::Way::grpc) {
            grpc_.push_back(item);
        } else {
            const bool is_exact = match.way == CompiledMatch::Way::exact;
            const auto [at, is_new] = known[is_exact].emplace(match.path, nodes_.size());
            if (is_new) nodes_.push_back({match.path, is_exact});
            nodes_[at->second].items.push_back(item);
        }
    }
    std::sort(regex_.begin(), regex_.end(), is_first_of_texts);
    std::sort(grpc_.begin(), grpc_.end(), is_first_of_texts);
    index_nodes();
}

void PathTable::index_nodes() {
    slots_.assign(nodes_.empty() ? 0 : std::bit_ceil(nodes_.size() * 2), -1);
    const size_t mask = slots_.size() - 1;
    for (size_t i = 0; i < nodes_.size(); ++i) {
        Node& node = nodes_[i];
        longest_ = std::max(longest_, node.path.size());
        uint64_t hash = path_hash_begin;
        for (const char c : node.path) hash = with_byte(hash, c);
        node.hash = path_key(hash, node.is_exact);
        size_t slot = slot_of(node.hash, mask);
        while (slots_[slot] >= 0) slot = (slot + 1) & mask;
        slots_[slot] = static_cast<int32_t>(i);
    }
    for (Node& node : nodes_) {
        if (node.is_exact || node.path.empty()) continue;
        // What is above it is the longest prefix of its parent's path.
        const Place above = place_of(std::string_view(node.path).substr(0, node.path.rfind('/')));
        if (above.prefix) node.parent = static_cast<int32_t>(above.prefix - nodes_.data());
    }
}

const PathTable::Node* PathTable::find_node(uint64_t hash, bool is_exact, std::string_view path, size_t bytes) const {
    const uint64_t key = path_key(hash, is_exact);
    const size_t mask = slots_.size() - 1;
    for (size_t slot = slot_of(key, mask); slots_[slot] >= 0; slot = (slot + 1) & mask) {
        const Node& node = nodes_[static_cast<size_t>(slots_[slot])];
        if (node.hash == key && node.is_exact == is_exact && begins_with(path, node.path, bytes)) return &node;
    }
    return nullptr;
}

PathTable::Place PathTable::place_of(std::string_view path) const {
    Place place;
    if (nodes_.empty()) return place;
    uint64_t hash = path_hash_begin;
    size_t bytes = 0;  // with single slashes
    char before = 0;
    for (size_t i = 0; i < path.size(); ++i) {
        const char c = path[i];
        if (c == '/') {
            if (before == '/') continue;
            if (const Node* node = find_node(hash, false, path, i)) place.prefix = node;
        }
        // No path of a match is that long.
        if (++bytes > longest_) return place;
        hash = with_byte(hash, before = c);
    }
    if (before != '/')
        if (const Node* node = find_node(hash, false, path, path.size())) place.prefix = node;
    place.exact = find_node(hash, true, path, path.size());
    return place;
}

size_t PathTable::bytes_of(std::string_view path, size_t single_slashed) {
    size_t bytes = 0, at = 0;
    for (char before = 0; at < path.size() && bytes < single_slashed; ++at) {
        bytes += path[at] != '/' || before != '/';
        before = path[at];
    }
    return at;
}

}  // namespace orilla::gateway
