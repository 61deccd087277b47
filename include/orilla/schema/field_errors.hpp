// Where a flaw is and how Kubernetes words it. A Path costs nothing until something is wrong: it is a chain of pieces
// on the stack, each pointing to the one it stands in, which must outlive it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "names.hpp"
#include "orilla/base/error.hpp"

namespace orilla::api {

/// Flaws reported for one object; more are not looked at.
inline constexpr size_t validation_causes_max = 100;

class Path {
  public:
    /// The start of a path: `Path("spec")`; "" for the object itself.
    explicit Path(std::string_view name) : text_(name) {}
    Path operator/(std::string_view name) const& { return Path(this, name, -1, false); }
    Path operator[](size_t index) const& { return Path(this, {}, static_cast<long>(index), false); }
    /// An entry of a map: `metadata.labels[app]`.
    Path key(std::string_view name) const& { return Path(this, name, -1, true); }
    // A temporary parent would be gone before the path is read.
    Path operator/(std::string_view name) && = delete;
    Path operator[](size_t index) && = delete;
    Path key(std::string_view name) && = delete;

    std::string to_string() const;

  private:
    Path(const Path* parent, std::string_view text, long index, bool is_key)
        : parent_(parent), text_(text), index_(index), is_key_(is_key) {}
    const Path* parent_ = nullptr;
    std::string_view text_;
    long index_ = -1;
    bool is_key_ = false;
};

/// Collects flaws, at most validation_causes_max of them.
class FieldErrors {
  public:
    /// Nothing more is told: whoever goes through many values need not look at the rest.
    bool full() const;
    void required(const Path& path, std::string_view detail = {});
    void invalid(const Path& path, std::string_view value, std::string_view detail);
    void invalid(const Path& path, int64_t value, std::string_view detail);
    /// `json` is printed as it is.
    void invalid_json(const Path& path, std::string_view json, std::string_view detail);
    /// One flaw for every complaint about the value.
    void complain(const Path& path, std::string_view value, const Complaints& complaints);
    void complain(const Path& path, int64_t value, const Complaints& complaints);
    void not_supported(const Path& path, std::string_view value, std::span<const std::string_view> supported);
    void duplicate(const Path& path, std::string_view value);
    void not_found(const Path& path, std::string_view value);
    void forbidden(const Path& path, std::string_view detail);
    void too_long(const Path& path, size_t bytes_max);
    void too_many(const Path& path, size_t items, size_t items_max);

    bool empty() const { return causes_.empty(); }
    std::vector<Cause> take() { return std::move(causes_); }

  private:
    void add(const Path& path, std::string_view reason, std::string message, std::string_view detail);
    std::vector<Cause> causes_;
};

/// The error of an object that may not be stored: `KIND.GROUP "NAME" is invalid: FIELD: MESSAGE`, or `[a, b]` for many.
Error make_invalid_error(std::string_view group, std::string_view kind, std::string_view name, std::vector<Cause> causes);

/// `RESOURCE.GROUP "NAME" is forbidden: WHY`.
Error make_forbidden_error(std::string_view group, std::string_view resource, std::string_view name, std::string_view why);

/// As Go's %q: in quotes, with escapes.
std::string quote(std::string_view text);

}  // namespace orilla::api
