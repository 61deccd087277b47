// What `kubectl get` shows of an object: one cell for each of its kind's columns (kinds.hpp), and the Table documents
// of meta.k8s.io/v1 around them. Ages are ready-made texts relative to `now`. A kind without rules of its own shows its
// name and its creation time.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/kinds/object.hpp"

namespace orilla::api {

struct Cell {
    std::string text;
    bool is_bare = false;  ///< a number or a boolean: JSON without quotes

    Cell(std::string value) : text(std::move(value)) {}
    Cell(std::string_view value) : text(value) {}
    Cell(const char* value) : text(value) {}
    Cell(int64_t value) : text(std::to_string(value)), is_bare(true) {}
    template <std::same_as<bool> Boolean>
    Cell(Boolean value) : text(value ? "true" : "false"), is_bare(true) {}
    const std::string& to_string() const { return text; }
};

/// As many cells as the kind has columns, in their order.
std::vector<Cell> render_row(const Object& object, int64_t now_unix_s);

/// includeObject of a Table request.
enum class IncludeObject { none, metadata, object };

/// Table documents are put together piece by piece, because a list of a thousand rows is one string:
/// head, rows with the caller's commas between them, tail.
struct TableHead {
    std::string_view resource_version;
    std::string_view continue_token;
    std::optional<size_t> remaining_items;
    bool with_columns = true;  ///< a watch gives them in its first event only
};
void append_table_head(std::string& out, const KindInfo& kind, const TableHead& head);
/// `resource_version` replaces the object's own in what the row includes, unless empty.
void append_table_row(std::string& out, const Object& object, std::string_view resource_version, IncludeObject include,
                      int64_t now_unix_s);
void append_table_tail(std::string& out);

/// A PartialObjectMetadata document.
void append_partial_metadata(std::string& out, const Object& object, std::string_view resource_version);

/// The STATUS and READY texts of a Pod, also for `describe` and `wait`.
std::string summarise_pod_status(const Pod& pod);

}  // namespace orilla::api
