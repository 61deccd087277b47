// The one place that touches yaml-cpp and catches its exceptions.
#include <fmt/core.h>
#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "documents.hpp"
#include "yaml_faults.hpp"
#include "yaml_scalar.hpp"

namespace orilla::api {
namespace {
constexpr std::string_view merge_error = "map merge requires map or sequence of maps as the value";
constexpr std::string_view core_tag = "tag:yaml.org,2002:";

/// Writes nodes as JSON and notes the line of each field. Stops at the first problem.
class Converter {
  public:
    /// The document's text starts at `first_line` of its file.
    Converter(ManifestDocument& document, ManifestBudget& budget, int first_line)
        : document_(document), budget_(budget), first_line_(first_line) {}

    Result<void> convert(const YAML::Node& root) { return value(root, "", 0); }
    /// What the document costs: its JSON and the paths of its fields.
    size_t bytes() const { return document_.json.size() + path_bytes_; }
    bool ran_out() const { return budget_.values == 0 || budget_.json_bytes < bytes(); }

  private:
    Result<void> value(const YAML::Node& node, const std::string& path, int depth) {
        if (depth > json_depth_max) return fail(node, "nested too deeply");
        if (ran_out()) return fail(node, "the document is too big once its aliases are expanded");
        --budget_.values;
        path_bytes_ += path.size();
        TRY_VOID(check_tag(node));
        switch (node.Type()) {
            case YAML::NodeType::Map: return map(node, path, depth);
            case YAML::NodeType::Sequence: return sequence(node, path, depth);
            case YAML::NodeType::Scalar: scalar(node); return ok();
            default: document_.json += "null"; return ok();
        }
    }

    Result<void> check_tag(const YAML::Node& node) {
        const std::string& tag = node.Tag();
        if (tag.empty() || tag == "?" || tag == "!") return ok();
        for (std::string_view known : {"str", "int", "float", "bool", "null", "map", "seq", "timestamp"})
            if (tag == std::string(core_tag) + std::string(known)) return ok();
        return fail(node, fmt::format("the tag {} is not supported", tag));
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
            std::string item_path = fmt::format("{}[{}]", path, index++);
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

    static bool is_merge_key(const YAML::Node& key) { return key.IsScalar() && key.Tag() == "?" && key.Scalar() == "<<"; }

    Result<void> entry(const YAML::Node& key_node, const YAML::Node& item, const std::string& path, int depth, bool& first) {
        if (!key_node.IsScalar())
            return fail(key_node, key_node.IsMap() ? yaml_template_fault : "a key must be a text, not a list");
        std::string key = resolve(key_node).json;
        std::string field_path = path.empty() ? key : fmt::format("{}.{}", path, key);
        document_.lines.emplace_back(field_path, line_of(key_node));
        if (!first) document_.json += ',';
        first = false;
        append_json_string(document_.json, key);
        document_.json += ':';
        return value(item, field_path, depth + 1);
    }

    /// What the merge keys (<<) of a map bring: every key that is not `taken` yet.
    Result<void> merged_entries(const YAML::Node& node, const std::string& path, int depth, std::set<std::string>& taken,
                                bool& first) {
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

    int line_of(const YAML::Node& node) const { return first_line_ + node.Mark().line; }
    Error fail(const YAML::Node& node, std::string_view what) const {
        return manifest_error(document_.source, line_of(node), what);
    }

    ManifestDocument& document_;
    ManifestBudget& budget_;
    int first_line_;
    size_t path_bytes_ = 0;
};

class Reader {
  public:
    Reader(std::string_view source, bool take_lists_apart) : source_(source), take_lists_apart_(take_lists_apart) {}

    void add(const YAML::Node& root, int first_line, int depth = 0) {
        if (is_full_ || !root.IsDefined() || root.IsNull()) return;
        int line = first_line + root.Mark().line;
        if (take_lists_apart_ && is_list(root)) {
            if (depth > json_depth_max) return add_fault(manifest_error(source_, line, "nested too deeply"));
            for (const YAML::Node& item : root["items"]) add(item, first_line, depth + 1);
            return;
        }
        if (reading.documents.size() >= budget_.documents) {
            is_full_ = true;
            return add_fault(manifest_error(source_, line, "too many documents"));
        }
        ManifestDocument document;
        document.source = source_;
        document.line = line;
        Converter converter(document, budget_, first_line);
        if (auto converted = converter.convert(root); !converted) {
            is_full_ = converter.ran_out();
            return add_fault(std::move(converted).error());
        }
        budget_.json_bytes -= std::min(budget_.json_bytes, converter.bytes());
        reading.documents.push_back(std::move(document));
    }

    void add_fault(Error fault) { reading.faults.push_back(std::move(fault)); }
    /// The file has used up what it may cost.
    bool is_full() const { return is_full_; }

    ManifestReading reading;

  private:
    static bool is_list(const YAML::Node& root) {
        if (!root.IsMap()) return false;
        YAML::Node kind = root["kind"];
        return kind && kind.IsScalar() && is_list_kind(kind.Scalar()) && root["items"] && root["items"].IsSequence();
    }

    std::string source_;
    bool take_lists_apart_;
    ManifestBudget budget_;
    bool is_full_ = false;
};

/// Counts the values of a document without keeping any.
class Counter : public YAML::EventHandler {
  public:
    size_t values = 0;
    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override { ++values; }
    void OnAlias(const YAML::Mark&, YAML::anchor_t) override { ++values; }
    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override { ++values; }
    void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
        ++values;
    }
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override { ++values; }
    void OnMapEnd() override {}
};

/// What YAML::Load would not say: it ignores what follows the first document (LoadAll never ends on some of it), and
/// takes hundreds of bytes for a value of one.
Result<void> check_before_loading(const std::string& text, std::string_view source, int line) {
    // yaml-cpp takes quotes for closed that the end of the text leaves open after a line break: end in a comment instead.
    std::istringstream stream(text + "\n#");
    YAML::Parser parser(stream);
    Counter counter;
    if (!parser.HandleNextDocument(counter)) return ok();
    if (counter.values > manifest_values_max) return manifest_error(source, line, "the document has too many values");
    if (parser.HandleNextDocument(counter)) return manifest_error(source, line, "there is text after the end of the document");
    return ok();
}

bool is_separator(std::string_view line) {
    if (!line.starts_with("---") && !line.starts_with("...")) return false;
    return line.size() == 3 || line[3] == ' ' || line[3] == '\t' || line[3] == '\r';
}

/// Cuts off and returns the text up to the next line that starts a document.
std::string_view take_document(std::string_view& text) {
    size_t at = 0;
    do {
        size_t end = text.find('\n', at);
        at = end == std::string_view::npos ? text.size() : end + 1;
    } while (at < text.size() && !is_separator(text.substr(at, text.find('\n', at) - at)));
    std::string_view document = text.substr(0, at);
    text.remove_prefix(at);
    return document;
}

void read_document(Reader& reader, std::string_view source, std::string text, int first_line) {
    // The end marker starts a part of its own, in which it would be the end of nothing.
    if (text.starts_with("...")) text.replace(0, 3, "---");
    try {
        if (auto checked = check_before_loading(text, source, first_line); !checked)
            return reader.add_fault(std::move(checked).error());
        reader.add(YAML::Load(text), first_line);
    } catch (const YAML::Exception& exception) {
        const YamlFault fault = explain_yaml_fault(text, exception.mark.line, exception.msg);
        reader.add_fault(manifest_error(source, first_line + fault.line, fault.what));
    }
}
}  // namespace

ManifestReading read_yaml_documents(std::string_view text, std::string_view source, bool take_lists_apart) {
    Reader reader(source, take_lists_apart);
    for (int line = 1; !text.empty() && !reader.is_full();) {
        std::string_view document = take_document(text);
        read_document(reader, source, std::string(document), line);
        line += static_cast<int>(std::ranges::count(document, '\n'));
    }
    return std::move(reader.reading);
}

}  // namespace orilla::api
