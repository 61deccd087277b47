#include <fmt/core.h>
#include <optional>
#include <utility>
#include <vector>

#include "json_value.hpp"
#include "orilla/schema/patch.hpp"

namespace json = boost::json;

namespace orilla::api {
namespace {

using Pointer = std::vector<std::string>;

Error failed(std::string message) { return Error(Code::invalid, std::move(message)); }

/// RFC 6901: "" is the whole document, ~1 is a slash and ~0 a tilde.
Result<Pointer> parse_pointer(std::string_view text) {
    Pointer pointer;
    if (text.empty()) return pointer;
    if (text.front() != '/')
        return Error(Code::bad_request, fmt::format("JSON pointer \"{}\" must be empty or start with '/'", text));
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '/') {
            pointer.emplace_back();
        } else if (text[i] == '~') {
            char next = i + 1 < text.size() ? text[i + 1] : '\0';
            if (next != '0' && next != '1')
                return Error(Code::bad_request, fmt::format("JSON pointer \"{}\": '~' must be ~0 or ~1", text));
            pointer.back() += next == '0' ? '~' : '/';
            ++i;
        } else {
            pointer.back() += text[i];
        }
    }
    return pointer;
}

/// Array index: digits without leading zeros, at most `size_max`.
std::optional<size_t> parse_index(std::string_view text, size_t size_max) {
    constexpr size_t digits_max = 9;
    if (text.empty() || text.size() > digits_max || (text.size() > 1 && text[0] == '0')) return {};
    size_t index = 0;
    for (char c : text) {
        if (c < '0' || c > '9') return {};
        index = index * 10 + static_cast<size_t>(c - '0');
    }
    if (index > size_max) return {};
    return index;
}

json::value* find_child(json::value& parent, std::string_view token) {
    if (parent.is_object()) return parent.get_object().if_contains(key_of(token));
    if (!parent.is_array() || parent.get_array().empty()) return nullptr;
    auto index = parse_index(token, parent.get_array().size() - 1);
    return index ? &parent.get_array()[*index] : nullptr;
}

json::value* find_value(json::value& root, const Pointer& pointer, size_t tokens) {
    json::value* at = &root;
    for (size_t i = 0; i < tokens && at != nullptr; ++i) at = find_child(*at, pointer[i]);
    return at;
}

json::value* find_value(json::value& root, const Pointer& pointer) { return find_value(root, pointer, pointer.size()); }

bool is_prefix(const Pointer& prefix, const Pointer& of) {
    return prefix.size() < of.size() && std::equal(prefix.begin(), prefix.end(), of.begin());
}

struct Operation {
    std::string op;
    std::string path_text;
    Pointer path;
    Pointer from;
    const json::value* value = nullptr;
};

Result<std::string> read_text(const json::object& members, std::string_view name) {
    const json::value* value = members.if_contains(key_of(name));
    if (value == nullptr || !value->is_string())
        return Error(Code::bad_request, fmt::format("\"{}\" is missing or not a string", name));
    return std::string(view(value->get_string()));
}

Result<Operation> parse_operation(const json::value& entry) {
    if (!entry.is_object()) return Error(Code::bad_request, "is not an object");
    const json::object& members = entry.get_object();
    Operation operation;
    TRY(operation.op, read_text(members, "op"));
    TRY(operation.path_text, read_text(members, "path"));
    TRY(operation.path, parse_pointer(operation.path_text));
    const std::string& op = operation.op;
    if (op == "move" || op == "copy") {
        TRY(std::string from, read_text(members, "from"));
        TRY(operation.from, parse_pointer(from));
    } else if (op == "add" || op == "replace" || op == "test") {
        operation.value = members.if_contains("value");
        if (operation.value == nullptr) return Error(Code::bad_request, "\"value\" is missing");
    } else if (op != "remove") {
        return Error(
            Code::bad_request,
            fmt::format("unknown op \"{}\": supported ops: \"add\", \"remove\", \"replace\", \"move\", \"copy\", \"test\"",
                        op));
    }
    return operation;
}

class JsonPatch {
  public:
    explicit JsonPatch(json::value& root) : root_(root) {}

    Result<void> apply(const Operation& operation) {
        const std::string& op = operation.op;
        if (op == "add") return add(operation.path, *operation.value);
        if (op == "remove") return remove(operation.path);
        if (op == "replace") return replace(operation);
        if (op == "test") return test(operation);
        return op == "move" ? move(operation) : copy(operation);
    }

  private:
    /// Inserting into and erasing from long lists moves their elements: a patch may not do that without end.
    Result<void> count_steps(size_t elements) {
        steps_ += elements;
        if (steps_ > json_patch_list_steps_max) return failed("the patch edits too long lists too often");
        return ok();
    }
    Result<void> add(const Pointer& pointer, json::value value) {
        if (pointer.empty()) {
            root_ = std::move(value);
            return ok();
        }
        json::value* parent = find_value(root_, pointer, pointer.size() - 1);
        if (parent == nullptr) return failed("the parent of the path does not exist");
        const std::string& token = pointer.back();
        if (parent->is_object()) {
            parent->get_object().insert_or_assign(key_of(token), std::move(value));
            return ok();
        }
        if (!parent->is_array()) return failed("the parent of the path is neither an object nor a list");
        json::array& list = parent->get_array();
        auto index = token == "-" ? list.size() : parse_index(token, list.size());
        if (!index) return failed(fmt::format("\"{}\" is not an index of this list of {}", token, list.size()));
        TRY_VOID(count_steps(list.size()));
        list.insert(list.begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
        return ok();
    }

    /// Takes the value out of the document.
    Result<json::value> take(const Pointer& pointer) {
        json::value* found = find_value(root_, pointer);
        if (found == nullptr) return failed("the path does not exist");
        if (pointer.empty()) {
            json::value value = std::exchange(root_, nullptr);
            return value;
        }
        json::value* parent = find_value(root_, pointer, pointer.size() - 1);
        if (parent->is_object()) {
            json::value value = std::move(*found);
            parent->get_object().erase(key_of(pointer.back()));
            return value;
        }
        json::array& list = parent->get_array();
        TRY_VOID(count_steps(list.size()));
        json::value value = std::move(*found);
        list.erase(list.begin() + (found - list.data()));
        return value;
    }

    Result<void> remove(const Pointer& path) {
        TRY([[maybe_unused]] json::value removed, take(path));
        return ok();
    }
    Result<void> replace(const Operation& operation) {
        json::value* found = find_value(root_, operation.path);
        if (found == nullptr) return failed("the path does not exist");
        *found = *operation.value;
        return ok();
    }
    Result<void> test(const Operation& operation) {
        const json::value* found = find_value(root_, operation.path);
        if (found == nullptr && operation.value->is_null()) return ok();
        if (found == nullptr) return failed("the path does not exist");
        if (*found != *operation.value) return failed("the value there differs from the tested one");
        return ok();
    }
    Result<void> move(const Operation& operation) {
        if (is_prefix(operation.from, operation.path)) return failed("a value cannot be moved into itself");
        TRY(json::value value, take(operation.from));
        return add(operation.path, std::move(value));
    }
    Result<void> copy(const Operation& operation) {
        const json::value* found = find_value(root_, operation.from);
        if (found == nullptr) return failed("the path to copy from does not exist");
        copied_bytes_ += estimate_bytes(*found);
        if (copied_bytes_ > json_patch_copy_bytes_max)
            return failed(fmt::format("the copy operations of a patch may copy {} bytes at most", json_patch_copy_bytes_max));
        return add(operation.path, json::value(*found));
    }

    json::value& root_;
    size_t copied_bytes_ = 0;
    size_t steps_ = 0;
};

void merge(json::value& target, const json::value& patch) {
    if (!patch.is_object()) {
        target = patch;
        return;
    }
    if (!target.is_object()) target.emplace_object();
    json::object& members = target.get_object();
    for (const auto& member : patch.get_object()) {
        if (member.value().is_null()) members.erase(member.key());
        else merge(members[member.key()], member.value());
    }
}

}  // namespace

Result<std::string> apply_json_patch(std::string_view document, std::string_view patch) {
    TRY(json::value root, parse_value(document, "the document"));
    TRY(json::value operations, parse_value(patch, "the JSON patch"));
    if (!operations.is_array())
        return Error(Code::bad_request, "a JSON patch is a list of operations: [{\"op\": ..., \"path\": ...}]");
    const json::array& list = operations.get_array();
    if (list.size() > json_patch_operations_max)
        return Error(Code::too_large, fmt::format("The allowed maximum operations in a JSON patch is {}, got {}",
                                                  json_patch_operations_max, list.size()));
    JsonPatch patcher(root);
    for (size_t i = 0; i < list.size(); ++i) {
        std::string where = "JSON patch operation " + std::to_string(i);
        auto operation = parse_operation(list[i]);
        if (!operation) return std::move(operation).error().with_context(where);
        if (auto done = patcher.apply(*operation); !done)
            return std::move(done).error().with_context(fmt::format("{} ({} {})", where, operation->op, operation->path_text));
    }
    return render_value(root);
}

Result<std::string> apply_merge_patch(std::string_view document, std::string_view patch) {
    TRY(json::value root, parse_value(document, "the document"));
    TRY(json::value changes, parse_value(patch, "the merge patch"));
    if (!changes.is_object()) return Error(Code::bad_request, "a merge patch is a JSON object");
    merge(root, changes);
    return render_value(root);
}

}  // namespace orilla::api
