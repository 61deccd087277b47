// Manifests as people write them: YAML or JSON, several documents a file, lists of objects. Each becomes one JSON
// document that remembers on which line every field stands, so that an error about spec.containers[0].image can say
// web.yaml:12. Scalars mean what sigs.k8s.io/yaml makes of them (YAML 1.1: yes is true, 0644 is 420). Refuses documents
// that are too big, too deep, or that aliases blow up. No I/O: the caller reads the file.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orilla/schema/codec.hpp"

namespace orilla::api {

constexpr size_t manifest_bytes_max = size_t{8} << 20;  ///< of one file
constexpr size_t manifest_documents_max = 10'000;       ///< in one file, list items included
constexpr size_t manifest_values_max = 200'000;         ///< in one file, after aliases are expanded
/// Of all documents together, after aliases are expanded, the paths of their fields included.
constexpr size_t manifest_json_bytes_max = size_t{32} << 20;

/// One YAML or JSON document.
struct ManifestDocument {
    std::string source;  ///< the file's name, for errors
    int line = 1;        ///< where it begins
    std::string json;
    DocumentHead head;                               ///< filled by read_manifest
    std::vector<std::pair<std::string, int>> lines;  ///< field path -> line, in document order

    /// The line of the field, or of the nearest field around it that is written down.
    int line_of(std::string_view field_path) const;
    /// The error with FILE:LINE: in front of each of its causes, found by their field path.
    Error located(const Error& error) const;
    /// Unknown and duplicate fields are errors, with their lines.
    Result<void> check_fields(const DecodeReport& report) const;
};

/// What was found in a file, each document by itself: a fault in one says nothing about the others.
struct ManifestReading {
    std::vector<ManifestDocument> documents;
    std::vector<Error> faults;  ///< located; each instead of a document, or of all that follow it
};

/// Every document of a YAML stream or of concatenated JSON, empty ones left out. For configuration files and the like.
Result<std::vector<ManifestDocument>> read_documents(std::string_view text, std::string_view source);
/// The objects of a manifest: lists are taken apart, and every document names its kind and apiVersion.
Result<std::vector<ManifestDocument>> read_manifest(std::string_view text, std::string_view source);
/// The same, for who applies those that are sound. Past a limit of the file, and past a fault in JSON, which has no marks
/// between documents, nothing more is read.
ManifestReading read_each_manifest(std::string_view text, std::string_view source);

}  // namespace orilla::api
