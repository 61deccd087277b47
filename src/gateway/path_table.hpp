// The matches of one host, by path, in the order in which they are tried: exact paths, expressions, prefixes from the longest
// on; those of one path by method, headers, query, age, name and place. A path is read once, whatever the number of matches:
// each of its prefixes that ends with an element is looked up by a hash that grows with it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "compiled_route.hpp"

namespace orilla::gateway {

/// A match and the listener through which its route is here.
struct PathItem {
    const CompiledRoute* route = nullptr;
    const CompiledMatch* match = nullptr;
    uint32_t listener = 0;
};

class PathTable {
  public:
    struct Found {
        const PathItem* item = nullptr;
        size_t prefix_bytes = 0;  ///< of the request's path, that the match's path took: all of it where it is no prefix
    };
    /// `items` in any order; what they point to must outlive the table.
    void build(std::vector<PathItem> items);

    /// `is_allowed(item)` says whether the item's listener is one of the request's.
    template <class Allowed>
    Found find(const RequestFacts& facts, bool is_grpc, const Allowed& is_allowed) const {
        const Place place = place_of(facts.path);
        const auto fitting = [&](const std::vector<PathItem>& items, bool checks_path, bool only_grpc) -> const PathItem* {
            for (const PathItem& item : items) {
                if (only_grpc && !item.match->is_grpc) break;
                if (!is_allowed(item) || !item.match->fits(facts, is_grpc)) continue;
                if (!checks_path || item.match->fits_path(facts.path)) return &item;
            }
            return nullptr;
        };
        if (place.exact)
            if (const PathItem* item = fitting(place.exact->items, false, false)) return {item, facts.path.size()};
        if (is_grpc) {
            for (const Node* node = place.prefix; node; node = parent_of(*node))
                if (const PathItem* item = fitting(node->items, false, true)) return {item, facts.path.size()};
            if (const PathItem* item = fitting(grpc_, true, true)) return {item, facts.path.size()};
        }
        if (!regex_.empty())
            if (const PathItem* item = fitting(regex_, true, false)) return {item, facts.path.size()};
        for (const Node* node = place.prefix; node; node = parent_of(*node))
            if (const PathItem* item = fitting(node->items, false, false))
                return {item, bytes_of(facts.path, node->path.size())};
        return {};
    }

  private:
    struct Node {
        std::string path;
        bool is_exact = false;
        uint64_t hash = 0;
        int32_t parent = -1;  ///< of a prefix: the longest one that is a prefix of it
        std::vector<PathItem> items;
    };
    struct Place {
        const Node* exact = nullptr;
        const Node* prefix = nullptr;  ///< the longest one
    };

    Place place_of(std::string_view path) const;
    const Node* find_node(uint64_t hash, bool is_exact, std::string_view path, size_t bytes) const;
    void index_nodes();
    const Node* parent_of(const Node& node) const {
        return node.parent < 0 ? nullptr : &nodes_[static_cast<size_t>(node.parent)];
    }
    /// How much of the path so many bytes of it with single slashes are.
    static size_t bytes_of(std::string_view path, size_t single_slashed);

    std::vector<Node> nodes_;
    std::vector<int32_t> slots_;  ///< by hash, open addressing: a node or -1
    std::vector<PathItem> regex_, grpc_;
    size_t longest_ = 0;  ///< of the nodes' paths
};

}  // namespace orilla::gateway
