#include "cli_support.hpp"
#include "manifests.hpp"
#include "output.hpp"

using namespace orilla;
using namespace orilla::cli;

namespace {
std::string annotation(const std::string& text) {
    Options options;
    auto manifests = parse_manifests(options, text, "x.yaml");
    REQUIRE(manifests);
    return text_at(object_at(object_at(with_last_applied((*manifests)[0]), "metadata"), "annotations"), "kubectl.kubernetes.io/last-applied-configuration");
}
}  // namespace

TEST_CASE("with_last_applied: says it byte for byte as kubectl, so that either may go on where the other stopped") {
    CHECK(annotation("kind: ConfigMap\napiVersion: v1\nmetadata: {name: b}\ndata: {k: '<v> & w', a: x}\n") ==
          R"({"apiVersion":"v1","data":{"a":"x","k":"\u003cv\u003e \u0026 w"},"kind":"ConfigMap",)"
          R"("metadata":{"annotations":{},"name":"b","namespace":"default"}})"
          "\n");
}

TEST_CASE("with_last_applied: keeps other annotations and never contains itself") {
    CHECK(annotation("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: b\n  annotations:\n    a: '1'\n"
                     "    kubectl.kubernetes.io/last-applied-configuration: old\n") ==
          R"({"apiVersion":"v1","kind":"Namespace","metadata":{"annotations":{"a":"1"},"name":"b"}})"
          "\n");
}
