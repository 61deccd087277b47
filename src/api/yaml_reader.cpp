// The one place that touches yaml-cpp and catches its exceptions.
#include <yaml-cpp/yaml.h>

#include <set>

#include "documents.hpp"
#include "yaml_scalar.hpp"

namespace orilla::api {
namespace {
constexpr std::string_view merge_error = "map merge requires map or sequence of maps as the value";
constexpr std::string_view core_tag = "tag:yaml.org,2002:";

int line_of(const YAML::Node& node) { return node.Mark().line + 1; }

/// Writes nodes as JSON and notes the line of each field. Stops at the first problem.
class Converter {
  public:
    Converter(ManifestDocument& document, ManifestBudget& budget) : document_(document), budget_(budget) {}

    Result<void> convert(const YAML::Node& root) { return value(root, "", 0); }

  private:
    Result<void> value(const YAML::Node& node, const std::string& path, int depth) {
        if (depth > json_depth_max) return fail(node, "nested too deeply");
        if (budget_.values == 0 || budget_.json_bytes < document_.json.size())
            return fail(node, "the document is too big once its aliases are expanded");
        --budget_.values;
        TRY_VOID(check_tag(node));
        switch (node.Type()) {
            case YAML::NodeType::Map:
                return map(node, path, depth);
            case YAML::NodeType::Sequence:
                return sequence(node, path, depth);
            case YAML::NodeType::Scalar:
                scalar(node);
                return ok();
            default:
                document_.json += "null";
                return ok();
        }
    }

    Result<void> check_tag(const YAML::Node& node) {
        const std::string& tag = node.Tag();
        if (tag.empty() || tag == "?" || tag == "!") return ok();
        for (std::string_view known : {"str", "int", "float", "bool", "null", "map", "seq", "timestamp"})
            if (tag == std::string(core_tag) + std::string(known)) return ok();
        return fail(node, "the tag " + tag + " is not supported");
    }

    static YamlScalar resolve(const YAML::Node& node) {
        if (node.IsNull()) return {YamlScalar::Type::null, "null"};
        bool is_text = node.Tag() == "!" || node.Tag() == std::string(core_tag) + "str";
        return is_text ? YamlScalar{YamlScalar::Type::string, node.Scalar()} : resolve_plain_scalar(node.Scalar());
    }

    void scalar(const YAML::Node& node) {
        YamlScalar resolved = resolve(node);
        if (resolved.type == YamlScalar::Type::string) append_json_string(document_.json, resolved.json);
        else document_.json += resolved.json;
    }

    Result<void> sequence(const YAML::Node& node, const std::string& path, int depth) {
        document_.json += '[';
        size_t index = 0;
        for (const YAML::Node& item : node) {
            if (index > 0) document_.json += ',';
            std::string item_path = path + "[" + std::to_string(index++) + "]";
            document_.lines.emplace_back(item_path, line_of(item));
            TRY_VOID(value(item, item_path, depth + 1));
        }
        document_.json += ']';
        return ok();
    }

    Result<void> map(const YAML::Node& node, const std::string& path, int depth) {
        document_.json += '{';
        bool first = true;
        bool merges = false;
        for (const auto& item : node) {
            if (is_merge_key(item.first)) merges = true;
            else TRY_VOID(entry(item.first, item.second, path, depth, first));
        }
        if (merges) {
            std::set<std::string> taken;
            for (const auto& item : node) taken.insert(item.first.Scalar());
            TRY_VOID(merged_entries(node, path, depth, taken, first));
        }
        document_.json += '}';
        return ok();
    }

    static bool is_merge_key(const YAML::Node& key) {
        return key.IsScalar() && key.Tag() == "?" && key.Scalar() == "<<";
    }

    Result<void> entry(const YAML::Node& key_node, const YAML::Node& item, const std::string& path, int depth,
                       bool& first) {
        if (!key_node.IsScalar()) return fail(key_node, "a key must be a string");
        std::string key = resolve(key_node).json;
        std::string field_path = path.empty() ? key : path + "." + key;
        document_.lines.emplace_back(field_path, line_of(key_node));
        if (!first) document_.json += ',';
        first = false;
        append_json_string(document_.json, key);
        document_.json += ':';
        return value(item, field_path, depth + 1);
    }

    /// What the merge keys (<<) of a map bring: every key that is not `taken` yet.
    Result<void> merged_entries(const YAML::Node& node, const std::string& path, int depth,
                                std::set<std::string>& taken, bool& first) {
        if (depth > json_depth_max) return fail(node, "nested too deeply");
        for (const auto& item : node) {
            if (!is_merge_key(item.first)) continue;
            if (item.second.IsMap()) {
                TRY_VOID(merge_map(item.second, path, depth, taken, first));
                continue;
            }
            if (!item.second.IsSequence()) return fail(item.second, merge_error);
            for (const YAML::Node& one : item.second) {
                if (!one.IsMap()) return fail(one, merge_error);
                TRY_VOID(merge_map(one, path, depth, taken, first));
            }
        }
        return ok();
    }

    Result<void> merge_map(const YAML::Node& from, const std::string& path, int depth, std::set<std::string>& taken,
                           bool& first) {
        for (const auto& item : from)
            if (!is_merge_key(item.first) && taken.insert(item.first.Scalar()).second)
                TRY_VOID(entry(item.first, item.second, path, depth, first));
        return merged_entries(from, path, depth + 1, taken, first);
    }

    Error fail(const YAML::Node& node, std::string_view what) const {
        return manifest_error(document_.source, line_of(node), what);
    }

    ManifestDocument& document_;
    ManifestBudget& budget_;
};

class Reader {
  public:
    Reader(std::string_view source, bool take_lists_apart) : source_(source), take_lists_apart_(take_lists_apart) {}

    Result<void> add(const YAML::Node& root, int depth) {
        if (!root.IsDefined() || root.IsNull()) return ok();
        if (take_lists_apart_ && is_list(root)) {
            if (depth > json_depth_max) return manifest_error(source_, line_of(root), "nested too deeply");
            for (const YAML::Node& item : root["items"]) TRY_VOID(add(item, depth + 1));
            return ok();
        }
        if (documents.size() >= budget_.documents) return manifest_error(source_, line_of(root), "too many documents");
        ManifestDocument& document = documents.emplace_back();
        document.source = source_;
        document.line = line_of(root);
        TRY_VOID(Converter(document, budget_).convert(root));
        budget_.json_bytes -= std::min(budget_.json_bytes, document.json.size());
        return ok();
    }

    std::vector<ManifestDocument> documents;

  private:
    static bool is_list(const YAML::Node& root) {
        if (!root.IsMap()) return false;
        YAML::Node kind = root["kind"];
        return kind && kind.IsScalar() && is_list_kind(kind.Scalar()) && root["items"] && root["items"].IsSequence();
    }

    std::string source_;
    bool take_lists_apart_;
    ManifestBudget budget_;
};
}  // namespace

Result<std::vector<ManifestDocument>> read_yaml_documents(std::string_view text, std::string_view source,
                                                          bool take_lists_apart) {
    try {
        Reader reader(source, take_lists_apart);
        for (const YAML::Node& root : YAML::LoadAll(std::string(text))) TRY_VOID(reader.add(root, 0));
        return std::move(reader.documents);
    } catch (const YAML::Exception& exception) {
        return manifest_error(source, exception.mark.line + 1, "error converting YAML to JSON: " + exception.msg);
    }
}

}  // namespace orilla::api
