#include <fmt/core.h>
#include <algorithm>
#include <array>

#include "checks.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/schema/selectors.hpp"

namespace orilla::api {
namespace {

using NameCheck = Complaints (*)(std::string_view);

NameCheck name_check_of(const KindInfo& kind) {
    switch (kind.name_form) {
        case NameForm::label: return check_dns1123_label;
        case NameForm::label1035: return check_dns1035_label;
        case NameForm::subdomain: break;
    }
    return check_dns1123_subdomain;
}

void check_name(const KindInfo& kind, const ObjectMeta& meta, const Path& path, FieldErrors& errors) {
    NameCheck check = name_check_of(kind);
    if (!meta.generate_name.empty()) {
        // A random suffix follows: a trailing '-' is then inside the name.
        std::string prefix = meta.generate_name.str();
        if (prefix.size() > 1 && prefix.back() == '-') prefix.back() = 'a';
        errors.complain(path / "generateName", meta.generate_name, check(prefix));
    }
    if (meta.name.empty()) return errors.required(path / "name", "name or generateName is required");
    errors.complain(path / "name", meta.name, check(meta.name));
}

void check_namespace_name(const KindInfo& kind, const ObjectMeta& meta, const Path& path, FieldErrors& errors) {
    const Path at = path / "namespace";
    if (!kind.namespaced) {
        if (!meta.namespace_.empty()) errors.forbidden(at, "not allowed on this type");
    } else if (meta.namespace_.empty()) {
        errors.required(at);
    } else {
        errors.complain(at, meta.namespace_, check_dns1123_label(meta.namespace_));
    }
}

void check_owners(const ObjectMeta& meta, const Path& path, FieldErrors& errors) {
    const Path owners = path / "ownerReferences";
    std::string controller;
    for (size_t i = 0; i < meta.owner_references.size(); ++i) {
        const OwnerReference& owner = meta.owner_references[i];
        const Path at = owners[i];
        if (owner.api_version.empty()) errors.invalid(at / "apiVersion", owner.api_version, "version must not be empty");
        if (owner.kind.empty()) errors.invalid(at / "kind", owner.kind, "must not be empty");
        if (owner.name.empty()) errors.invalid(at / "name", owner.name, "must not be empty");
        if (owner.uid.empty()) errors.invalid(at / "uid", owner.uid, "must not be empty");
        if (!owner.controller.value_or(false)) continue;
        if (!controller.empty()) {
            errors.invalid(
                owners, owner.name,
                fmt::format("Only one reference can have Controller set to true. Found \"true\" in references for {} and {}",
                            controller, owner.name));
        }
        controller = owner.name.str();
    }
}

void check_finalizers(const List<Str>& finalizers, const Path& path, FieldErrors& errors) {
    constexpr std::array<std::string_view, 3> standard{"kubernetes", orphan_finalizer, foreground_finalizer};
    for (size_t i = 0; i < finalizers.size() && !errors.full(); ++i) {
        std::string_view name = finalizers[i];
        Complaints complaints = check_qualified_name(name);
        bool known = std::find(standard.begin(), standard.end(), name) != standard.end();
        if (complaints.empty() && !known && name.find('/') == name.npos)
            complaints.push_back("name is neither a standard finalizer name nor is it fully qualified");
        errors.complain(path[i], name, complaints);
    }
    auto has = [&finalizers](std::string_view name) {
        return std::find(finalizers.begin(), finalizers.end(), name) != finalizers.end();
    };
    if (has(orphan_finalizer) && has(foreground_finalizer))
        errors.invalid(path, "foregroundDeletion", "finalizer orphan and foregroundDeletion cannot be both set");
}

}  // namespace

void add_finalizer(ObjectMeta& meta, std::string_view finalizer) {
    if (std::find(meta.finalizers.begin(), meta.finalizers.end(), finalizer) == meta.finalizers.end())
        meta.finalizers.push_back(Str(finalizer));
}

void check_not_negative(int64_t value, const Path& path, FieldErrors& errors) {
    if (value < 0) errors.invalid(path, value, "must be greater than or equal to 0");
}

void check_labels(const Map<Str>& labels, const Path& path, FieldErrors& errors) {
    for (const auto& label : labels) {
        if (errors.full()) return;
        errors.complain(path, label.key, check_qualified_name(label.key));
        errors.complain(path, label.value, check_label_value(label.value));
    }
}

void check_annotations(const Map<Str>& annotations, const Path& path, FieldErrors& errors) {
    size_t bytes = 0;
    for (const auto& annotation : annotations) {
        if (errors.full()) return;
        std::string key = annotation.key.str();
        for (char& c : key)
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        errors.complain(path, annotation.key, check_qualified_name(key));
        bytes += annotation.key.size() + annotation.value.size();
    }
    if (bytes > annotations_bytes_max) errors.too_long(path, annotations_bytes_max);
}

void check_label_selector(const LabelSelector& selector, const Path& path, FieldErrors& errors) {
    check_labels(selector.match_labels, path / "matchLabels", errors);
    const Path expressions = path / "matchExpressions";
    for (size_t i = 0; i < selector.match_expressions.size(); ++i) {
        const LabelSelectorRequirement& expression = selector.match_expressions[i];
        const Path at = expressions[i];
        std::string_view op = expression.operator_;
        if (op == "In" || op == "NotIn") {
            if (expression.values.empty())
                errors.required(at / "values", "must be specified when `operator` is 'In' or 'NotIn'");
        } else if (op == "Exists" || op == "DoesNotExist") {
            if (!expression.values.empty())
                errors.forbidden(at / "values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        } else {
            errors.invalid(at / "operator", op, "not a valid selector operator");
        }
        errors.complain(at / "key", expression.key, check_qualified_name(expression.key));
        const Path values = at / "values";
        for (size_t j = 0; j < expression.values.size(); ++j)
            errors.complain(values[j], expression.values[j], check_label_value(expression.values[j]));
    }
}

void check_meta(const KindInfo& kind, const ObjectMeta& meta, FieldErrors& errors) {
    const Path path("metadata");
    check_name(kind, meta, path, errors);
    check_namespace_name(kind, meta, path, errors);
    check_labels(meta.labels, path / "labels", errors);
    check_annotations(meta.annotations, path / "annotations", errors);
    check_owners(meta, path, errors);
    check_finalizers(meta.finalizers, path / "finalizers", errors);
}

void check_meta_update(const ObjectMeta& updated, const ObjectMeta& old, FieldErrors& errors) {
    const Path path("metadata");
    check_immutable(updated.name, old.name, path / "name", updated.name, errors);
    check_immutable(updated.namespace_, old.namespace_, path / "namespace", updated.namespace_, errors);
    check_immutable(updated.uid, old.uid, path / "uid", updated.uid, errors);
    check_immutable(updated.creation_timestamp, old.creation_timestamp, path / "creationTimestamp",
                    updated.creation_timestamp.format(), errors);
    if (!old.deletion_timestamp) return;
    for (const Str& finalizer : updated.finalizers) {
        if (std::find(old.finalizers.begin(), old.finalizers.end(), finalizer) != old.finalizers.end()) continue;
        errors.forbidden(path / "finalizers",
                         "no new finalizers can be added if the object is being deleted, found new finalizers []string{" +
                             quote(finalizer) + "}");
    }
}

}  // namespace orilla::api
