#include <fmt/core.h>
#include <algorithm>
#include <boost/json.hpp>

#include "describe/kind_descriptions.hpp"
#include "orilla/base/base64.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

/// Of what is in it only the size.
std::string secret_data(const json::object& object) {
    std::vector<std::string> entries;
    for (const auto& item : object_at(object, "data"))
        entries.push_back(fmt::format("{}:\t{} bytes\n", item.key(), decoded_base64_bytes(text_of(item.value()))));
    std::ranges::sort(entries);
    std::string data;
    for (const auto& entry : entries) data += entry;
    return fmt::format("\nType:  {}\n\nData\n====\n{}", text_at(object, "type"), align_tabs(data));
}

}  // namespace

const KindDescription secret_description{api::kind_of<api::Secret>, describe_labels_alone, {}, secret_data, false};

}  // namespace orilla::cli
