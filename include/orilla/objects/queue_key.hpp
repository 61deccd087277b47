// The keys by which work queues name objects of a kind.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "orilla/kinds/types.hpp"
#include "orilla/store/entry.hpp"

namespace orilla::objects {

/// "NS/NAME", the key of every namespaced object.
inline std::string key_of(std::string_view ns, std::string_view name) { return std::string(ns) + "/" + std::string(name); }
inline std::string key_of(const api::ObjectMeta& meta) { return key_of(meta.namespace_, meta.name); }
inline std::string key_of(const store::Key& key) { return key_of(key.ns, key.name); }
inline std::pair<std::string, std::string> split_key(const std::string& key) {
    const size_t slash = key.find('/');
    return {key.substr(0, slash), key.substr(slash + 1)};
}

}  // namespace orilla::objects
