#include "manifests.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <iterator>
#include <optional>

#include "near.hpp"
#include "orilla/base/read_file.hpp"
#include "orilla/kinds/manifest.hpp"
#include "orilla/schema/selectors.hpp"
#include "print/output.hpp"
#include "served_kinds.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace fs = std::filesystem;
namespace {

bool is_manifest_file(const fs::path& path) {
    return path.extension() == ".yaml" || path.extension() == ".yml" || path.extension() == ".json";
}

/// In each directory first its files, then the directories below, both by name, as kubectl walks.
Result<void> add_files(const std::string& directory, bool recursive, std::vector<std::string>& out) {
    std::error_code error;
    std::vector<fs::directory_entry> entries;
    for (const auto& entry : fs::directory_iterator(directory, error)) entries.push_back(entry);
    if (error) return usage(fmt::format("cannot read the directory \"{}\": {}", directory, error.message()));
    std::ranges::sort(entries, {}, [](const auto& entry) { return entry.path().string(); });
    for (const auto& entry : entries) {
        if (entry.is_directory(error) && recursive && !entry.is_symlink(error)) TRY_VOID(add_files(entry.path(), true, out));
        else if (entry.is_regular_file(error) && is_manifest_file(entry.path())) out.push_back(entry.path());
    }
    return ok();
}

Result<std::string> read_text(const std::string& name, size_t bytes_max) {
    auto text = name == "-" ? read_fd(STDIN_FILENO, "standard input", bytes_max) : read_file(name, bytes_max);
    if (!text) return std::move(text).error().with_context("error");
    return text;
}

Result<bool> is_selected(const Options& options, const json::object& object) {
    if (options.selector.empty()) return true;
    TRY(const auto selector, api::Selector::parse(options.selector));
    api::Map<api::Str> labels;
    for (const auto& label : object_at(object_at(object, "metadata"), "labels"))
        labels[label.key()] = api::Str(text_of(label.value()));
    return selector.matches(labels);
}

/// Objects of files say where they are: what is kept, and compared, is the whole object.
void complete_namespace(Manifest& manifest) {
    if (!manifest.kind || !manifest.kind->namespaced) return;
    json::value* metadata = manifest.object.if_contains("metadata");
    if (metadata && metadata->is_object()) metadata->get_object()["namespace"] = manifest.ns;
}

/// What is served under nearly that name, or in another version.
std::string suggest_kind(const api::DocumentHead& head) {
    std::vector<std::string_view> names;
    for (const api::KindInfo& kind : served_kinds().all()) {
        if (kind.kind == head.kind) return "; this version serves it as " + std::string(kind.api_version);
        names.push_back(kind.kind);
    }
    const std::string meant = find_near(head.kind, names);
    return meant.empty() ? "" : fmt::format("; did you mean {}?", meant);
}

Error no_such_kind(const api::ManifestDocument& document) {
    return Error(
        Code::not_found,
        fmt::format("{}:{}: error: resource mapping not found: no matches for kind \"{}\" in version \"{}\"{}", document.source,
                    document.line, document.head.kind, document.head.api_version, suggest_kind(document.head)));
}

Result<Manifest> make_checked(const Options& options, api::ManifestDocument document) {
    const auto* kind = find_kind(document.head.api_version, document.head.kind);
    if (!kind) return no_such_kind(document);
    // What only the server knows, it checks alone.
    if (kind->rules && (options.validate == "strict" || options.validate == "true")) {
        auto checked = api::decode_manifest(*kind, document);
        if (!checked) return std::move(checked).error();
    }
    TRY(json::object object, parse_object(document.json));
    Manifest out = make_manifest(options, std::move(object));
    if (!options.ns.empty() && out.kind->namespaced && !document.head.namespace_.empty() &&
        document.head.namespace_ != options.ns)
        return Error(
            Code::bad_request,
            fmt::format("{}:{}: error: the namespace from the provided object \"{}\" does not match the namespace \"{}\". You "
                        "must pass '--namespace={}' to perform this operation.",
                        document.source, document.line, document.head.namespace_, options.ns, document.head.namespace_));
    complete_namespace(out);
    out.document = std::move(document);
    return out;
}

/// Faults of several documents and files as one error, a line or more each.
class Faults {
  public:
    void add(const Error& error) {
        if (count_++ < faults_max) text_ += (text_.empty() ? "" : "\n") + error.message();
        if (!first_) first_ = error;
    }
    bool any() const { return first_.has_value(); }
    Error error() const {
        if (count_ == 1) return *first_;
        const size_t more = count_ - std::min(count_, faults_max);
        return Error(first_->code(), text_ + (more ? fmt::format("\nand {} more", more) : ""));
    }

  private:
    static constexpr size_t faults_max = 100;  ///< that are told
    size_t count_ = 0;
    std::string text_;
    std::optional<Error> first_;
};

}  // namespace

Manifest make_manifest(const Options& options, json::object object) {
    Manifest out;
    out.kind = find_kind(text_at(object, "apiVersion"), text_at(object, "kind"));
    const json::object& metadata = object_at(object, "metadata");
    out.name = text_at(metadata, "name");
    if (out.kind && out.kind->namespaced) {
        out.ns = text_at(metadata, "namespace");
        if (out.ns.empty()) out.ns = namespace_of(options);
    }
    out.object = std::move(object);
    return out;
}

Result<std::vector<std::string>> find_manifest_files(const std::string& name, bool recursive) {
    if (name == "-") return std::vector<std::string>{name};
    if (name.starts_with("http://") || name.starts_with("https://"))
        return usage(fmt::format("orilla reads no URLs: curl -fL {} | orilla apply -f -", name));
    std::error_code error;
    if (!fs::exists(name, error)) return usage(fmt::format("the path \"{}\" does not exist", name));
    if (!fs::is_directory(name, error)) return std::vector<std::string>{name};
    std::vector<std::string> out;
    TRY_VOID(add_files(name, recursive, out));
    if (out.empty()) return usage(fmt::format("error reading [{}]: recognized file extensions are [.json .yaml .yml]", name));
    return out;
}

Result<std::vector<Manifest>> parse_manifests(const Options& options, std::string_view text, const std::string& source) {
    std::vector<Manifest> out;
    Faults faults;
    TRY(auto documents, api::read_manifest(text, source));
    for (auto& document : documents) {
        auto manifest = make_checked(options, std::move(document));
        auto selected = manifest ? is_selected(options, manifest->object) : Result<bool>(manifest.error());
        if (!selected) faults.add(selected.error());
        else if (*selected) out.push_back(std::move(*manifest));
    }
    if (faults.any()) return faults.error();
    return out;
}

Result<std::vector<Manifest>> read_manifests(const Options& options) {
    std::vector<Manifest> out;
    Faults faults;
    size_t files_left = manifest_files_max, bytes_left = manifests_bytes_max;
    for (const auto& name : options.files) {
        TRY(const auto files, find_manifest_files(name, options.recursive));
        for (const auto& file : files) {
            if (files_left-- == 0)
                return usage(fmt::format("more than {} files, the most that are read at once", manifest_files_max));
            TRY(const std::string text, read_text(file, api::manifest_bytes_max));
            if (text.size() > bytes_left)
                return usage(fmt::format("the files have more than {} together, the most that is read at once",
                                         render_bytes(manifests_bytes_max)));
            bytes_left -= text.size();
            auto manifests = parse_manifests(options, text, file == "-" ? "STDIN" : file);
            if (!manifests) faults.add(manifests.error());
            else std::ranges::move(*manifests, std::back_inserter(out));
        }
    }
    if (faults.any()) return faults.error();
    if (out.empty()) return usage("no objects passed to " + options.verb);
    return out;
}

}  // namespace orilla::cli
