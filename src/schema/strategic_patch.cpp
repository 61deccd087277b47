// The order of the steps inside one object is part of the contract: $patch, $retainKeys, the lists that have a
// $setElementOrder, then all other keys.
#include <fmt/core.h>
#include <algorithm>
#include <optional>
#include <unordered_map>
#include <vector>

#include "json_value.hpp"
#include "orilla/schema/patch.hpp"
#include "patch_schema.hpp"

namespace json = boost::json;

namespace orilla::api {
namespace {

using OwnedValues = std::vector<json::value>;

Error bad_patch(std::string message) { return Error(Code::bad_request, "strategic merge patch: " + message); }

bool starts_with(json::string_view key, std::string_view prefix) {
    return std::string_view(key.data(), key.size()).starts_with(prefix);
}

std::string without_prefix(json::string_view key, std::string_view prefix) {
    return std::string(key.data() + prefix.size(), key.size() - prefix.size());
}

bool is_directive(json::string_view key) {
    return key == key_of(directive_patch) || key == key_of(directive_retain_keys) ||
           starts_with(key, directive_delete_prefix) || starts_with(key, directive_order_prefix);
}

/// Where in a list an element is: objects are the same by their merge key, scalars by value; the first one counts.
/// Built once per list, because a list as long as a request may be must not cost its square.
class Positions {
  public:
    static constexpr size_t none = SIZE_MAX;

    explicit Positions(std::string_view merge_key) : merge_key_(merge_key) {}
    template <class List>
    Positions(const List& list, std::string_view merge_key) : merge_key_(merge_key) {
        for (const json::value& element : list) add(element);
    }
    void add(const json::value& element) {
        if (auto identity = identity_of(element)) positions_.emplace(std::move(*identity), count_);
        ++count_;
    }
    size_t find(const json::value& element) const {
        auto identity = identity_of(element);
        auto at = identity ? positions_.find(*identity) : positions_.end();
        return at == positions_.end() ? none : at->second;
    }
    bool contains(const json::value& element) const { return find(element) != none; }

  private:
    std::optional<std::string> identity_of(const json::value& element) const {
        if (!element.is_object() || merge_key_.empty()) return render_value(element);
        const json::value* key = element.get_object().if_contains(key_of(merge_key_));
        return key == nullptr ? std::optional<std::string>() : render_value(*key);
    }
    std::string_view merge_key_;
    std::unordered_map<std::string, size_t> positions_;
    size_t count_ = 0;
};

/// What the live object gets when it has nothing there: the value without nulls and directives. False: nothing at all.
bool strip(json::value& value) {
    if (value.is_array()) {
        json::array kept;
        for (json::value& element : value.get_array())
            if (element.is_null() || strip(element)) kept.push_back(std::move(element));
        value = std::move(kept);
        return true;
    }
    if (!value.is_object()) return true;
    json::object& members = value.get_object();
    if (const json::value* marker = members.if_contains(key_of(directive_patch)); marker != nullptr) {
        if (*marker == "delete") return false;
    }
    std::vector<std::string> dropped;
    for (auto& member : members)
        if (member.value().is_null() || is_directive(member.key()) || !strip(member.value()))
            dropped.emplace_back(member.key().data(), member.key().size());
    for (const std::string& key : dropped) members.erase(key_of(key));
    return true;
}

struct Placed {
    json::value element;
    size_t in_order;
    size_t in_live;
};

/// The elements that occur in `order`, in its order; then the others, in the order of the live list; and the two
/// sequences merged by their positions in the live list.
json::array arrange(OwnedValues elements, const Positions& order, const Positions& live) {
    std::vector<Placed> ordered, others;
    for (json::value& element : elements) {
        size_t in_order = order.find(element);
        size_t in_live = live.find(element);
        (in_order != Positions::none ? ordered : others).push_back({std::move(element), in_order, in_live});
    }
    std::stable_sort(ordered.begin(), ordered.end(), [](const Placed& a, const Placed& b) { return a.in_order < b.in_order; });
    std::stable_sort(others.begin(), others.end(), [](const Placed& a, const Placed& b) { return a.in_live < b.in_live; });
    json::array out;
    size_t i = 0, j = 0;
    while (i < others.size() || j < ordered.size()) {
        bool other_first = j >= ordered.size();
        if (i < others.size() && j < ordered.size())
            other_first = ordered[j].in_live != Positions::none && others[i].in_live < ordered[j].in_live;
        out.push_back(std::move(other_first ? others[i++].element : ordered[j++].element));
    }
    return out;
}

Result<void> merge_object(json::object& live, json::object patch, const TypeInfo* type);

/// Directives inside the elements of a keyed list: {"$patch":"delete", key: v} and {"$patch":"replace"}.
struct ElementEdits {
    OwnedValues deleted;
    json::array elements;
    bool replace = false;
};

Result<ElementEdits> read_edits(json::array patch, std::string_view merge_key) {
    ElementEdits edits;
    for (json::value& element : patch) {
        if (!element.is_object())
            return bad_patch(fmt::format("a list that merges by \"{}\" has an element that is not an object", merge_key));
        json::object& members = element.get_object();
        const json::value* marker = members.if_contains(key_of(directive_patch));
        if (marker != nullptr && *marker == "replace") {
            edits.replace = true;
            continue;
        }
        if (marker != nullptr && *marker != "delete" && *marker != "merge")
            return bad_patch("unknown $patch directive " + render_value(*marker));
        if (members.if_contains(key_of(merge_key)) == nullptr)
            return bad_patch(fmt::format("map: {} does not contain declared merge key: {}",
                                         render_value(element).substr(0, 256), merge_key));
        if (marker != nullptr && *marker == "delete") {
            edits.deleted.push_back(std::move(element));
        } else {
            members.erase(key_of(directive_patch));
            edits.elements.push_back(std::move(element));
        }
    }
    return edits;
}

Result<json::array> merge_keyed(const json::array& live, json::array patch, const PatchField& field) {
    TRY(ElementEdits edits, read_edits(std::move(patch), field.merge_key));
    Positions deleted(edits.deleted, field.merge_key);
    Positions known(field.merge_key);
    OwnedValues merged;
    for (const json::value& element : live) {
        if (edits.replace || deleted.contains(element)) continue;
        merged.push_back(element);
        known.add(element);
    }
    for (const json::value& element : edits.elements) {
        size_t at = known.find(element);
        if (at != Positions::none && merged[at].is_object()) {
            TRY_VOID(merge_object(merged[at].get_object(), element.get_object(), field.type));
        } else {
            known.add(element);
            merged.push_back(element);
            strip(merged.back());
        }
    }
    return arrange(std::move(merged), Positions(edits.elements, field.merge_key), Positions(live, field.merge_key));
}

json::array merge_scalars(const json::array& live, const json::array& patch) {
    Positions seen("");
    OwnedValues merged;
    for (const json::array* list : {&live, &patch}) {
        for (const json::value& element : *list) {
            if (seen.contains(element)) continue;
            seen.add(element);
            merged.push_back(element);
        }
    }
    return arrange(std::move(merged), Positions(patch, ""), Positions(live, ""));
}

Result<json::array> merge_list(const json::array& live, json::array patch, const PatchField& field) {
    if (!field.merge) return patch;
    if (field.merges_by_key()) return merge_keyed(live, std::move(patch), field);
    if (field.type != nullptr) return bad_patch("cannot merge lists without merge key for " + std::string(field.type->name));
    return merge_scalars(live, patch);
}

/// Every element that the patch sets must occur in the order, and in the same relative order.
Result<void> check_order(const json::array& patch, const json::array& order, const std::string& name,
                         std::string_view merge_key) {
    Positions positions(order, merge_key);
    size_t after = 0;
    for (const json::value& element : patch) {
        if (element.is_object() && element.get_object().contains(key_of(directive_patch))) continue;
        size_t at = positions.find(element);
        if (at == Positions::none || at < after)
            return bad_patch(fmt::format("the order in patch list {} doesn't match $setElementOrder list {} of {}",
                                         render_value(patch).substr(0, 256), render_value(order).substr(0, 256), name));
        after = at;
    }
    return ok();
}

Result<const json::array*> list_in(const json::object& object, const std::string& name) {
    static const json::array none;
    const json::value* value = object.if_contains(key_of(name));
    if (value == nullptr || value->is_null()) return &none;
    if (!value->is_array()) return bad_patch(fmt::format("$setElementOrder names \"{}\", which is not a list", name));
    return &value->get_array();
}

/// One $setElementOrder together with the list of the same name, which is then done.
Result<void> merge_ordered(json::object& live, json::object& patch, const std::string& name, const json::value& order,
                           const TypeInfo* type) {
    if (!order.is_array()) return bad_patch(fmt::format("$setElementOrder/{} is not a list", name));
    PatchField field = find_patch_field(type, name);
    if (!live.contains(key_of(name)) && !patch.contains(key_of(name))) return ok();
    if (const json::value* value = patch.if_contains(key_of(name)); value != nullptr && value->is_null()) return ok();
    TRY(const json::array* live_list, list_in(live, name));
    TRY(const json::array* patch_list, list_in(patch, name));
    TRY_VOID(check_order(*patch_list, order.get_array(), name, field.merge_key));
    bool patched = patch.contains(key_of(name));
    auto merged = patched ? merge_list(*live_list, *patch_list, field) : Result<json::array>(*live_list);
    if (!merged) return std::move(merged).error();
    OwnedValues elements(merged->begin(), merged->end());
    json::array arranged =
        arrange(std::move(elements), Positions(order.get_array(), field.merge_key), Positions(*live_list, field.merge_key));
    patch.erase(key_of(name));
    live.insert_or_assign(key_of(name), std::move(arranged));
    return ok();
}

Result<void> merge_orders(json::object& live, json::object& patch, const TypeInfo* type) {
    std::vector<std::pair<std::string, json::value>> orders;
    for (const auto& member : patch)
        if (starts_with(member.key(), directive_order_prefix))
            orders.emplace_back(without_prefix(member.key(), directive_order_prefix), member.value());
    for (const auto& [name, order] : orders) {
        TRY_VOID(merge_ordered(live, patch, name, order, type));
        patch.erase(key_of(std::string(directive_order_prefix) + name));
    }
    return ok();
}

Result<void> apply_retain_keys(json::object& live, json::object& patch) {
    const json::value* directive = patch.if_contains(key_of(directive_retain_keys));
    if (directive == nullptr) return ok();
    if (!directive->is_array()) return bad_patch("$retainKeys is not a list");
    json::array keys = directive->get_array();
    patch.erase(key_of(directive_retain_keys));
    Positions kept(keys, "");
    auto listed = [&kept](json::string_view key) { return kept.contains(json::value(key)); };
    for (const auto& member : patch)
        if (!member.value().is_null() && !is_directive(member.key()) && !listed(member.key()))
            return bad_patch(fmt::format("\"{}\" is set but not listed in $retainKeys",
                                         std::string_view(member.key().data(), member.key().size())));
    std::vector<std::string> dropped;
    for (const auto& member : live)
        if (!listed(member.key())) dropped.emplace_back(member.key().data(), member.key().size());
    for (const std::string& key : dropped) live.erase(key_of(key));
    return ok();
}

/// $deleteFromPrimitiveList/NAME: [scalars].
Result<void> delete_scalars(json::object& live, const std::string& name, const json::value& scalars) {
    json::value* list = live.if_contains(key_of(name));
    if (!scalars.is_array()) return bad_patch(fmt::format("$deleteFromPrimitiveList/{} is not a list", name));
    if (list == nullptr || !list->is_array()) return ok();
    Positions deleted(scalars.get_array(), "");
    json::array kept;
    for (json::value& element : list->get_array())
        if (!deleted.contains(element)) kept.push_back(std::move(element));
    *list = std::move(kept);
    return ok();
}

Result<void> merge_member(json::object& live, json::string_view key, json::value patch, const TypeInfo* type) {
    if (patch.is_null()) return live.erase(key), ok();
    json::value* old = live.if_contains(key);
    if (old == nullptr || old->kind() != patch.kind()) {
        if (strip(patch)) live.insert_or_assign(key, std::move(patch));
        else live.erase(key);
        return ok();
    }
    PatchField field = find_patch_field(type, std::string_view(key.data(), key.size()));
    if (patch.is_object() && !field.replace) return merge_object(old->get_object(), std::move(patch.get_object()), field.type);
    if (patch.is_array() && !field.replace) {
        TRY(json::array merged, merge_list(old->get_array(), std::move(patch.get_array()), field));
        *old = std::move(merged);
        return ok();
    }
    *old = std::move(patch);
    return ok();
}

Result<void> merge_object(json::object& live, json::object patch, const TypeInfo* type) {
    if (const json::value* found = patch.if_contains(key_of(directive_patch)); found != nullptr) {
        json::value marker = *found;
        patch.erase(key_of(directive_patch));
        if (marker == "replace") return live = std::move(patch), ok();
        if (marker == "delete") return live.clear(), ok();
        if (marker != "merge") return bad_patch("unknown $patch directive " + render_value(marker));
    }
    TRY_VOID(apply_retain_keys(live, patch));
    TRY_VOID(merge_orders(live, patch, type));
    for (auto& member : patch) {
        if (starts_with(member.key(), directive_delete_prefix)) {
            TRY_VOID(delete_scalars(live, without_prefix(member.key(), directive_delete_prefix), member.value()));
        } else {
            TRY_VOID(merge_member(live, member.key(), std::move(member.value()), type));
        }
    }
    return ok();
}

}  // namespace

Result<std::string> apply_strategic_patch(std::string_view document, std::string_view patch, const TypeInfo& type) {
    TRY(json::value root, parse_value(document, "the document"));
    TRY(json::value changes, parse_value(patch, "the strategic merge patch"));
    if (!root.is_object()) return Error(Code::bad_request, "the document is not a JSON object");
    if (!changes.is_object()) return Error(Code::bad_request, "a strategic merge patch is a JSON object");
    TRY_VOID(merge_object(root.get_object(), std::move(changes.get_object()), &type));
    return render_value(root);
}

}  // namespace orilla::api
