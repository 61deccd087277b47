// The two readers behind read_documents(): YAML through yaml-cpp, JSON through a scanner that notes lines. Both go on behind
// a fault where they can.
#pragma once

#include "orilla/schema/manifest.hpp"

namespace orilla::api {

/// What one file may still cost.
struct ManifestBudget {
    size_t values = manifest_values_max;
    size_t json_bytes = manifest_json_bytes_max;
    size_t documents = manifest_documents_max;
};

/// With `take_lists_apart` an object whose kind ends in List and that has items becomes its items.
ManifestReading read_yaml_documents(std::string_view text, std::string_view source, bool take_lists_apart);
ManifestReading read_json_documents(std::string_view text, std::string_view source, bool take_lists_apart);
/// FILE:LINE: what
Error manifest_error(std::string_view source, int line, std::string_view what);
/// Whether a document of this kind is a list to be taken apart: List, PodList, ...
bool is_list_kind(std::string_view kind);
/// Only the grammar; errors count lines from `first_line`.
Result<void> check_json(std::string_view text, int first_line);

}  // namespace orilla::api
