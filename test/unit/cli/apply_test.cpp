#include "cli_support.hpp"
#include "manifests.hpp"
#include "print/output.hpp"

using namespace orilla;
using namespace orilla::cli;

namespace {
std::string annotation(const std::string& text) {
    Options options;
    auto manifests = parse_manifests(options, text, "x.yaml");
    REQUIRE(manifests);
    return text_at(object_at(object_at(with_last_applied((*manifests)[0]), "metadata"), "annotations"),
                   "kubectl.kubernetes.io/last-applied-configuration");
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

TEST_CASE("check_names: apply needs a name, and says where it is missing") {
    const auto said = [](const std::string& metadata) {
        Options options;
        auto manifests = parse_manifests(options, "apiVersion: v1\nkind: Secret\n" + metadata, "x.yaml");
        REQUIRE(manifests);
        return complaint(check_names(*manifests));
    };
    CHECK(said("metadata: {name: a}\n") == "none");
    CHECK(said("metadata: {}\n") == "x.yaml:3: metadata.name: Required value: resource name may not be empty");
    CHECK(said("type: Opaque\n") == "x.yaml:1: metadata.name: Required value: resource name may not be empty");
    CHECK(said("metadata:\n  generateName: a-\n") ==
          "x.yaml:4: metadata.generateName: Forbidden: from a-: cannot use generate name with apply");
}

TEST_CASE("check_new: finds what the server would refuse, with the line") {
    Options options;
    auto manifests =
        parse_manifests(options,
                        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  selector: {app: a}\n"
                        "  ports: [{port: 80}]\n---\n"
                        "apiVersion: v1\nkind: Pod\nmetadata: {name: Bad_Name}\nspec:\n  containers:\n  - name: c\n",
                        "x.yaml");
    REQUIRE(manifests);
    CHECK(complaint(check_new((*manifests)[0])) == "none");
    const std::string said = complaint(check_new((*manifests)[1]));
    CHECK(said.find("x.yaml:10: metadata.name: Invalid value: \"Bad_Name\"") != std::string::npos);
    CHECK(said.find("x.yaml:13: spec.containers[0].image: Required value") != std::string::npos);
}
