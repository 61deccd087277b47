#include "orilla/schema/manifest.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "documents.hpp"

namespace orilla::api {
namespace {
/// Behind a duplicate field: where the first one is.
std::string where_before(const ManifestDocument& document, const FieldProblem& problem) {
    if (!problem.is_duplicate) return "";
    const auto first = std::ranges::find(document.lines, problem.path, &std::pair<std::string, int>::first);
    return first == document.lines.end() ? ""
                                         : fmt::format(", which stands in line {} already: keep one of them", first->second);
}

Error not_an_object(const ManifestDocument& document) {
    const char first = document.json.empty() ? 0 : document.json[0];
    const bool markup = document.json.starts_with("\"<");
    const std::string what = first == '['   ? "a list"
                             : markup       ? "HTML or XML, of an error page perhaps"
                             : first == '"' ? "a text"
                                            : "a value";
    return Error(Code::bad_request, "an object is expected, with apiVersion, kind and metadata; this is " + what);
}

Result<void> check_text(std::string_view text, std::string_view source) {
    if (text.size() > manifest_bytes_max)
        return manifest_error(source, 1,
                              fmt::format("the file has {} bytes, at most {} are accepted", text.size(), manifest_bytes_max));
    if (const size_t at = text.find('\0'); at != std::string_view::npos)
        return manifest_error(
            source, 1 + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n')),
            "this is no text, it has a byte of zero: a manifest is YAML or JSON, in UTF-8");
    return ok();
}

ManifestReading read(std::string_view text, std::string_view source, bool take_lists_apart) {
    if (auto checked = check_text(text, source); !checked) return {{}, {std::move(checked).error()}};
    size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    if (text[first] != '{') return read_yaml_documents(text, source, take_lists_apart);
    auto as_json = read_json_documents(text, source, take_lists_apart);
    if (as_json.faults.empty()) return as_json;
    // A YAML map in braces starts like JSON; when it is neither, the words about JSON fit.
    auto as_yaml = read_yaml_documents(text, source, take_lists_apart);
    const bool is_yaml = as_yaml.faults.empty() || as_yaml.documents.size() > as_json.documents.size();
    return is_yaml ? std::move(as_yaml) : std::move(as_json);
}

Result<std::vector<ManifestDocument>> all_or_none(ManifestReading reading) {
    if (!reading.faults.empty()) return std::move(reading.faults.front());
    return std::move(reading.documents);
}

Result<void> read_head(ManifestDocument& document) {
    if (!document.json.starts_with('{')) return document.located(not_an_object(document));
    auto head = read_document_head(document.json);
    if (!head) return document.located(head.error());
    document.head = *std::move(head);
    if (document.head.api_version.empty())
        return document.located(Error(Code::bad_request, "apiVersion is not set: every object needs one"));
    if (document.head.kind.empty())
        return document.located(Error(Code::bad_request, "kind is not set: every object needs one"));
    return ok();
}
}  // namespace

Error manifest_error(std::string_view source, int line, std::string_view what) {
    return Error(Code::bad_request, fmt::format("{}:{}: {}", source, line, what));
}

bool is_list_kind(std::string_view kind) { return kind.ends_with("List"); }

int ManifestDocument::line_of(std::string_view field_path) const {
    for (std::string_view path = field_path; !path.empty();) {
        // From the end: the last of duplicate fields is the one that is too much.
        for (auto it = lines.rbegin(); it != lines.rend(); ++it)
            if (it->first == path) return it->second;
        size_t cut = path.find_last_of(".[");
        path = path.substr(0, cut == std::string_view::npos ? 0 : cut);
    }
    return line;
}

Error ManifestDocument::located(const Error& error) const {
    std::string message;
    for (const Cause& cause : error.causes()) {
        if (cause.field.empty()) continue;
        if (!message.empty()) message += '\n';
        message += fmt::format("{}:{}: {}: {}", source, line_of(cause.field), cause.field, cause.message);
    }
    if (message.empty()) message = fmt::format("{}:{}: {}", source, line_of(error.field()), error.message());
    Error result(error.code(), message);
    for (const Cause& cause : error.causes()) result = std::move(result).with_cause(cause);
    return result;
}

Result<void> ManifestDocument::check_fields(const DecodeReport& report) const {
    if (report.field_problems.empty()) return ok();
    std::string message;
    for (const FieldProblem& problem : report.field_problems) {
        if (!message.empty()) message += '\n';
        message += fmt::format("{}:{}: {}", source, line_of(problem.path), problem.text);
        message += where_before(*this, problem);
    }
    return Error(Code::bad_request, message);
}

Result<std::vector<ManifestDocument>> read_documents(std::string_view text, std::string_view source) {
    return all_or_none(read(text, source, false));
}

Result<std::vector<ManifestDocument>> read_manifest(std::string_view text, std::string_view source) {
    return all_or_none(read_each_manifest(text, source));
}

ManifestReading read_each_manifest(std::string_view text, std::string_view source) {
    ManifestReading found = read(text, source, true);
    ManifestReading reading{{}, std::move(found.faults)};
    for (ManifestDocument& document : found.documents) {
        if (auto headed = read_head(document); headed) reading.documents.push_back(std::move(document));
        else reading.faults.push_back(std::move(headed).error());
    }
    return reading;
}

}  // namespace orilla::api
