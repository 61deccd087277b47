#include <catch2/catch.hpp>

#include "../../support/kinds.hpp"
#include "orilla/kinds/codec.hpp"
#include "orilla/kinds/defaults.hpp"
#include "orilla/kinds/kind_rules.hpp"
#include "orilla/kinds/storage_facts.hpp"
#include "orilla/kinds/validation.hpp"

using namespace orilla::api;

namespace {

constexpr int64_t shown_at_s = 1'700'000'000;

Object decoded(const std::string& json) {
    auto object = decode_object(orilla::test::builtin(), json);
    INFO((object ? std::string() : object.error().message()) << json);
    REQUIRE(object.has_value());
    apply_defaults(*object);
    return std::move(*object);
}

std::string storage_flaws(const orilla::Result<void>& result) {
    if (result) return {};
    const std::string& message = result.error().message();
    return message.substr(message.find(" is invalid: ") + 13);
}
std::string why_not_made(const std::string& json) { return storage_flaws(validate_create(decoded(json))); }
std::string why_not_changed(const std::string& to, const std::string& from) {
    return storage_flaws(validate_update(decoded(to), decoded(from)));
}

constexpr const char* one_gib = R"("resources":{"requests":{"storage":"1Gi"}})";

std::string claim(const std::string& spec, const std::string& status = "{}") {
    return R"({"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"data","namespace":"default"},"spec":{)" +
           spec + R"(},"status":)" + status + "}";
}
std::string plain_claim(const std::string& more = "", const std::string& status = "{}") {
    return claim(R"("accessModes":["ReadWriteOnce"],)" + std::string(one_gib) + more, status);
}
std::string sized_claim(const std::string& size, const std::string& status) {
    return claim(
        R"("accessModes":["ReadWriteOnce"],"volumeName":"v","storageClassName":"fast","resources":{"requests":{"storage":")" +
            size + "\"}}",
        status);
}
std::string volume(const std::string& spec, const std::string& status = "{}") {
    return R"({"apiVersion":"v1","kind":"PersistentVolume","metadata":{"name":"disk"},"spec":{)" + spec + R"(},"status":)" +
           status + "}";
}
std::string plain_volume(const std::string& source) {
    return volume(R"("capacity":{"storage":"5Gi"},"accessModes":["ReadWriteOnce"],)" + source);
}
std::string storage_class(const std::string& more) {
    return R"({"apiVersion":"storage.k8s.io/v1","kind":"StorageClass","metadata":{"name":"fast"},"provisioner":"orilla.dev/local")" +
           more + "}";
}
std::string storage_row(const std::string& json) {
    const Object object = decoded(json);
    std::string text;
    for (const Cell& cell : render_row(object, shown_at_s)) text += (text.empty() ? "" : "|") + cell.to_string();
    return text;
}

}  // namespace

TEST_CASE("claims: a small one is fine, and held until nobody uses it") {
    CHECK(why_not_made(plain_claim()) == "");
    Object object = decoded(plain_claim());
    object.kind().rules->prepare_create(object);
    const auto& made = object.as<PersistentVolumeClaim>();
    CHECK(made.spec.volume_mode == "Filesystem");
    CHECK(made.status.phase == "Pending");
    REQUIRE(made.metadata.finalizers.size() == 1);
    CHECK(made.metadata.finalizers[0] == "kubernetes.io/pvc-protection");
}

TEST_CASE("claims: size and modes are needed") {
    CHECK(why_not_made(claim(one_gib)) == "spec.accessModes: Required value: at least 1 access mode is required");
    CHECK(why_not_made(claim(R"("accessModes":["ReadWriteOnce"])")) == "spec.resources[storage]: Required value");
    CHECK(why_not_made(claim(R"("accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"0"}})")) ==
          "spec.resources[storage]: Invalid value: \"0\": must be greater than zero");
    CHECK(why_not_made(claim(R"("accessModes":["ReadWriteOncePod","ReadOnlyMany"],)" + std::string(one_gib))) ==
          "spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes");
}

TEST_CASE("claims: what is not done is refused") {
    CHECK(why_not_made(plain_claim(R"(,"volumeMode":"Block")")) ==
          "spec.volumeMode: Forbidden: block volumes are not supported; use Filesystem");
    CHECK(why_not_made(plain_claim(R"(,"volumeAttributesClassName":"gold")")) ==
          "spec.volumeAttributesClassName: Forbidden: VolumeAttributesClasses are not served; leave it out");
    CHECK(why_not_made(plain_claim(R"(,"dataSource":{"kind":"Picture","name":"x"})"))
              .find("must be 'PersistentVolumeClaim' when") != std::string::npos);
}

TEST_CASE("claims: dataSource and dataSourceRef say the same") {
    const Object from = decoded(plain_claim(R"(,"dataSource":{"kind":"PersistentVolumeClaim","name":"old"})"));
    CHECK(from.as<PersistentVolumeClaim>().spec.data_source_ref->name == "old");
    const Object to = decoded(plain_claim(R"(,"dataSourceRef":{"kind":"PersistentVolumeClaim","name":"old"})"));
    CHECK(to.as<PersistentVolumeClaim>().spec.data_source->name == "old");
}

TEST_CASE("claims: they are what they were") {
    CHECK(why_not_changed(plain_claim(R"(,"volumeName":"v")"), plain_claim()) == "");
    CHECK(why_not_changed(plain_claim(R"(,"storageClassName":"fast")"), plain_claim()) == "");
    CHECK(why_not_changed(plain_claim(R"(,"storageClassName":"slow")"), plain_claim(R"(,"storageClassName":"fast")"))
              .starts_with("spec: Forbidden: spec is immutable after creation"));
    CHECK(why_not_changed(plain_claim(R"(,"volumeName":"w")"), plain_claim(R"(,"volumeName":"v")"))
              .starts_with("spec: Forbidden: spec is immutable"));
}

TEST_CASE("claims: a bound one grows, and shrinks to what it has at least") {
    const std::string bound = R"({"phase":"Bound","capacity":{"storage":"2Gi"}})";
    CHECK(why_not_changed(sized_claim("3Gi", bound), sized_claim("2Gi", bound)) == "");
    CHECK(why_not_changed(sized_claim("3Gi", bound), sized_claim("5Gi", bound)) == "");
    CHECK(why_not_changed(sized_claim("1Gi", bound), sized_claim("2Gi", bound)) ==
          "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity");
    CHECK(
        why_not_changed(sized_claim("3Gi", "{}"), sized_claim("2Gi", "{}")).starts_with("spec: Forbidden: spec is immutable"));
}

TEST_CASE("volumes: one source, a size and modes") {
    CHECK(why_not_made(plain_volume(R"("hostPath":{"path":"/srv"})")) == "");
    CHECK(why_not_made(plain_volume(R"("rbd":{"image":"x"})"))
              .starts_with("spec.rbd: Forbidden: this kind of volume is not supported"));
    CHECK(why_not_made(plain_volume(R"("persistentVolumeReclaimPolicy":"Retain")")) ==
          "spec: Required value: must specify a volume type");
    CHECK(why_not_made(plain_volume(R"("hostPath":{"path":"/srv"},"local":{"path":"/x"})"))
              .find("spec: Forbidden: may not specify more than 1 volume type") != std::string::npos);
    CHECK(why_not_made(plain_volume(R"("local":{"path":"/srv"})")) ==
          "spec.nodeAffinity: Required value: Local volume requires node affinity");
    CHECK(why_not_made(plain_volume(R"("iscsi":{"targetPortal":"x"})"))
              .starts_with("spec.iscsi: Forbidden: this kind of volume"));
    CHECK(why_not_made(plain_volume(R"("csi":{"driver":"ebs.csi.aws.com","volumeHandle":"v"})")) ==
          "spec.csi.driver: Unsupported value: \"ebs.csi.aws.com\": supported values: \"orilla.dev/local\"");
    CHECK(why_not_made(plain_volume(R"("csi":{"driver":"orilla.dev/local","volumeHandle":"../x"})")) != "");
    CHECK(why_not_made(plain_volume(R"("csi":{"driver":"orilla.dev/local","volumeHandle":"x","readOnly":true})"))
              .starts_with("spec.csi.readOnly: Forbidden"));
    CHECK(why_not_made(plain_volume(R"("csi":{"driver":"orilla.dev/local","volumeHandle":"x","volumeAttributes":{"a":"b"}})"))
              .starts_with("spec.csi.volumeAttributes: Forbidden"));
    CHECK(why_not_made(volume(R"("accessModes":["ReadWriteOnce"],"hostPath":{"path":"/srv"})")) ==
          "spec.capacity: Required value");
    CHECK(why_not_made(plain_volume(R"("hostPath":{"path":"/srv"},"persistentVolumeReclaimPolicy":"Recycle")")) ==
          "spec.persistentVolumeReclaimPolicy: Forbidden: nothing recycles volumes here; use Retain or Delete");
    CHECK(why_not_changed(plain_volume(R"("hostPath":{"path":"/other"})"), plain_volume(R"("hostPath":{"path":"/srv"})")) ==
          "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation");
}

TEST_CASE("classes: what they make volumes with stays") {
    CHECK(why_not_made(storage_class("")) == "");
    CHECK(why_not_made(storage_class(R"(,"allowedTopologies":[{"matchLabelExpressions":[{"key":"a","values":["b"]}]}])"))
              .starts_with("allowedTopologies: Forbidden: volumes are made on the one node"));
    CHECK(why_not_made(storage_class(R"(,"reclaimPolicy":"Recycle")")) ==
          "reclaimPolicy: Forbidden: nothing recycles volumes here; use Retain or Delete");
    CHECK(why_not_changed(storage_class(R"(,"parameters":{"a":"b"})"), storage_class("")) ==
          "parameters: Forbidden: updates to parameters are forbidden.");
    CHECK(why_not_changed(storage_class(R"(,"volumeBindingMode":"WaitForFirstConsumer")"), storage_class("")) ==
          "volumeBindingMode: Invalid value: \"WaitForFirstConsumer\": field is immutable");
}

TEST_CASE("storage: rows of the tables") {
    CHECK(storage_row(plain_claim()) == "data|Pending|||||<unset>|<unknown>|Filesystem");
    CHECK(storage_row(sized_claim(
              "1Gi", R"({"phase":"Bound","capacity":{"storage":"1Gi"},"accessModes":["ReadWriteMany","ReadWriteOnce"]})")) ==
          "data|Bound|v|1Gi|RWO,RWX|fast|<unset>|<unknown>|Filesystem");
    CHECK(storage_row(volume(R"("capacity":{"storage":"5Gi"},"accessModes":["ReadWriteOnce"],"storageClassName":"fast",
                           "claimRef":{"namespace":"a","name":"b"},"hostPath":{"path":"/srv"})",
                             R"({"phase":"Bound"})")) == "disk|5Gi|RWO|Retain|Bound|a/b|fast|<unset>||<unknown>|Filesystem");
    CHECK(storage_row(storage_class("")) == "fast|orilla.dev/local|Delete|Immediate|false|<unknown>");
}

TEST_CASE("storage: the newest default class is the default, by name among those of one second") {
    const auto make = [](const char* name, int64_t made_s, bool is_default) {
        auto out = std::make_shared<StorageClass>();
        out->metadata.name = name;
        out->metadata.creation_timestamp = Time(made_s);
        if (is_default) out->metadata.annotations["storageclass.kubernetes.io/is-default-class"] = "true";
        return out;
    };
    std::vector<std::shared_ptr<StorageClass>> classes = {make("a", 5, false), make("c", 3, true), make("b", 3, true)};
    CHECK(choose_default_class(classes)->metadata.name == "b");
    classes.push_back(make("d", 4, true));
    CHECK(choose_default_class(classes)->metadata.name == "d");
    classes.clear();
    CHECK(choose_default_class(classes) == nullptr);
}
