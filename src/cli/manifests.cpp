#include "manifests.hpp"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace fs = std::filesystem;
namespace {

bool is_manifest_file(const fs::path& path) {
    return path.extension() == ".yaml" || path.extension() == ".yml" || path.extension() == ".json";
}

template <class Iterator>
void add_files(const std::string& directory, std::vector<std::string>& out) {
    std::error_code error;
    for (const auto& entry : Iterator(directory, error))
        if (entry.is_regular_file() && is_manifest_file(entry.path())) out.push_back(entry.path());
}

std::vector<std::string> find_files(const std::string& name, bool recursive) {
    if (!fs::is_directory(name)) return {name};
    std::vector<std::string> out;
    if (recursive) add_files<fs::recursive_directory_iterator>(name, out);
    else add_files<fs::directory_iterator>(name, out);
    std::sort(out.begin(), out.end());
    return out;
}

Result<std::string> read_text(const std::string& name) {
    std::stringstream text;
    if (name == "-") {
        text << std::cin.rdbuf();
        return text.str();
    }
    std::ifstream in(name);
    if (!in) return Error(Code::bad_request, "error: the path \"" + name + "\" does not exist or cannot be read");
    text << in.rdbuf();
    return text.str();
}

Result<Manifest> make_checked(const Options& options, api::ManifestDocument document) {
    if (options.validate != "false" && options.validate != "ignore" && options.validate != "warn") {
        auto checked = api::decode_manifest(document);
        if (!checked) return std::move(checked).error();
    }
    TRY(json::object object, parse_object(document.json));
    Manifest out = make_manifest(options, std::move(object));
    const std::string where = document.source + ":" + std::to_string(document.line) + ": ";
    if (!out.kind)
        return Error(Code::not_found, where + "error: no matches for kind \"" + document.head.kind + "\" in version \"" +
                                          document.head.api_version + "\"");
    if (options.ns_given && out.kind->namespaced && !document.head.namespace_.empty() && document.head.namespace_ != options.ns)
        return Error(Code::bad_request, where + "error: the namespace from the provided object \"" + document.head.namespace_ +
                                            "\" does not match the namespace \"" + options.ns +
                                            "\". You must pass '--namespace=" + document.head.namespace_ + "' to perform this operation.");
    out.document = std::move(document);
    return out;
}

}  // namespace

Manifest make_manifest(const Options& options, json::object object) {
    Manifest out;
    out.kind = api::find_kind(text_at(object, "apiVersion"), text_at(object, "kind"));
    const json::object& metadata = object_at(object, "metadata");
    out.name = text_at(metadata, "name");
    if (out.kind && out.kind->namespaced) {
        out.ns = text_at(metadata, "namespace");
        if (out.ns.empty()) out.ns = options.ns;
    }
    out.object = std::move(object);
    return out;
}

Result<std::vector<Manifest>> read_manifests(const Options& options) {
    std::vector<Manifest> out;
    for (const auto& name : options.files) {
        for (const auto& file : find_files(name, options.recursive)) {
            TRY(std::string text, read_text(file));
            TRY(auto documents, api::read_manifest(text, file == "-" ? "STDIN" : file));
            for (auto& document : documents) {
                TRY(Manifest manifest, make_checked(options, std::move(document)));
                out.push_back(std::move(manifest));
            }
        }
    }
    if (out.empty()) return Error(Code::bad_request, "error: no objects passed to " + options.verb);
    return out;
}

}  // namespace orilla::cli
