#include <fmt/core.h>
#include <algorithm>
#include <boost/json.hpp>

#include "describe/kind_descriptions.hpp"
#include "orilla/base/base64.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

/// What is in it, by key. Not aligned: the values may have tabs of their own.
std::string config_map_data(const json::object& object) {
    std::vector<std::string> entries, binary;
    for (const auto& item : object_at(object, "data"))
        entries.push_back(fmt::format("{}:\n----\n{}\n\n", item.key(), text_of(item.value())));
    for (const auto& item : object_at(object, "binaryData"))
        binary.push_back(fmt::format("{}: {} bytes\n", item.key(), decoded_base64_bytes(text_of(item.value()))));
    std::ranges::sort(entries), std::ranges::sort(binary);
    std::string out = "\nData\n====\n";
    for (const auto& entry : entries) out += entry;
    out += "\nBinaryData\n====\n";
    for (const auto& entry : binary) out += entry;
    return out + "\n";
}

}  // namespace

const KindDescription configmap_description{api::kind_of<api::ConfigMap>, describe_labels_alone, {}, config_map_data};

}  // namespace orilla::cli
