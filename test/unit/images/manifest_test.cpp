#include "manifest.hpp"

#include <catch2/catch.hpp>

using namespace orilla;
using namespace orilla::images;

namespace {
std::string digest(char c) { return "sha256:" + std::string(64, c); }

const std::string config =
    R"("config":{"mediaType":"application/vnd.oci.image.config.v1+json","size":2,"digest":")" + digest('c') + "\"}";
const std::string layers =
    R"("layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","size":9,"digest":")" + digest('1') + "\"}]";

std::string error_of(const std::string& text, std::string_view type = "") {
    const auto parsed = parse_manifest(text, type);
    return parsed ? "" : parsed.error().message();
}

IndexEntry entry(char id, Platform platform) { return {{"", digest(id), 1}, std::move(platform), ""}; }

std::string chosen(const Index& index, const Platform& host) {
    const auto found = choose_platform(index, host);
    return found ? found->digest.substr(7, 1) : found.error().message();
}
}  // namespace

TEST_CASE("parse_manifest: an image and an index are told apart by what they hold") {
    const auto image = parse_manifest("{\"schemaVersion\":2," + config + "," + layers + "}", "");
    REQUIRE(image);
    REQUIRE(std::holds_alternative<Manifest>(*image));
    CHECK(std::get<Manifest>(*image).layers[0].size_bytes == 9);
    const auto index = parse_manifest(
        R"({"manifests":[{"size":1,"digest":")" + digest('1') + R"(","platform":{"os":"linux","architecture":"arm64"},
        "annotations":{"org.opencontainers.image.ref.name":"a:1"}}]})",
        "application/vnd.oci.image.index.v1+json");
    REQUIRE(index);
    CHECK(std::get<Index>(*index)[0].platform.architecture == "arm64");
    CHECK(std::get<Index>(*index)[0].name == "a:1");
}

TEST_CASE("parse_manifest: what is ambiguous or not an image is refused") {
    CHECK(error_of("[]") == "manifest is not a JSON object");
    CHECK(error_of("{").find("not valid JSON") != std::string::npos);
    CHECK(error_of(R"({"schemaVersion":1})") == "docker manifests of schema version 1 are not supported");
    CHECK(error_of("{\"manifests\":[]," + layers + "}") == "manifest: it is an index and an image at once");
    CHECK(error_of("{" + config + "," + layers + "}", "application/vnd.oci.image.index.v1+json").find("not of type") !=
          std::string::npos);
    CHECK(error_of("{" + config + "}") == "manifest: it names no layer");
    CHECK(error_of("{" + layers + "}") == "manifest: config has no valid sha256 digest");
    CHECK(error_of("{" + config + R"(,"layers":[{"mediaType":"x","size":1,"digest":")" + digest('1') + "\"}]}")
              .find("not supported") != std::string::npos);
    CHECK(error_of("{" + config + R"(,"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","size":-1,"digest":")" +
                   digest('1') + "\"}]}") == "manifest: a layer has a negative size");
    CHECK(error_of(std::string(100'000, '[')).find("not valid JSON") != std::string::npos);
}

TEST_CASE("choose_platform: the machine's own, or an older variant of it") {
    const Platform arm64{"linux", "arm64", "v8"}, amd64{"linux", "amd64", ""}, arm{"linux", "arm", "v7"};
    const Index index = {entry('1', {"linux", "amd64", ""}),   entry('2', {"linux", "arm64", ""}),
                         entry('3', {"linux", "arm", "v6"}),   entry('4', {"linux", "arm", "v7"}),
                         entry('5', {"windows", "amd64", ""}), entry('6', {"unknown", "unknown", ""})};
    CHECK(chosen(index, amd64) == "1");
    CHECK(chosen(index, arm64) == "2");
    CHECK(chosen(index, arm) == "4");
    CHECK(chosen(index, {"linux", "arm", "v6"}) == "3");
    CHECK(chosen({entry('1', {"linux", "arm", "v7"})}, {"linux", "arm", "v6"}).find("no matching manifest for linux/arm/v6") ==
          0);
    CHECK(chosen({entry('1', {"linux", "amd64", "v3"})}, amd64).find("no matching") == 0);
    CHECK(chosen({}, amd64) == "no matching manifest for linux/amd64 in the manifest list entries");
    CHECK(chosen({entry('9', {})}, amd64) == "9");
}

TEST_CASE("parse_config: everything that says how to run it") {
    const auto parsed =
        parse_config(R"({"architecture":"amd64","os":"linux","created":"2023-11-14T22:13:20Z","config":{"Cmd":["sh"],
        "Entrypoint":null,"Env":["A=b"],"User":"1:2","WorkingDir":"/w","ExposedPorts":{"80/tcp":{}},"Volumes":{"/v":{}},"StopSignal":"SIGQUIT",
        "Labels":{"k":"v","n":1}},"rootfs":{"type":"layers","diff_ids":[")" +
                     digest('d') + "\"]}}");
    REQUIRE(parsed);
    CHECK(parsed->config.cmd == std::vector<std::string>{"sh"});
    CHECK(parsed->config.entrypoint.empty());
    CHECK(parsed->config.stop_signal == "SIGQUIT");
    CHECK(parsed->diff_ids[0] == digest('d'));
    CHECK_FALSE(parse_config(R"({"rootfs":{"diff_ids":["md5:x"]}})"));
}
