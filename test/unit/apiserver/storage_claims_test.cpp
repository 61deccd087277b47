#include <catch2/catch.hpp>

#include "../../support/admitted_world.hpp"

using namespace orilla;
using orilla::test::AdmittedWorld;

namespace {

api::StorageClass class_named(std::string_view name, bool is_default, bool grows) {
    api::StorageClass out;
    out.metadata.name = api::Str(name);
    out.provisioner = "orilla.dev/local";
    out.allow_volume_expansion = grows;
    if (is_default) out.metadata.annotations["storageclass.kubernetes.io/is-default-class"] = "true";
    return out;
}

api::PersistentVolumeClaim claim_of(std::string_view name, std::optional<std::string_view> storage_class = {}) {
    api::PersistentVolumeClaim out;
    out.metadata.name = api::Str(name);
    out.metadata.namespace_ = "default";
    out.spec.access_modes.push_back("ReadWriteOnce");
    out.spec.resources.requests["storage"] = api::Quantity::from_bytes(1 << 20);
    if (storage_class) out.spec.storage_class_name = *storage_class;
    return out;
}

std::string grow(AdmittedWorld& w, const char* name, int64_t bytes) {
    std::function<Result<void>(api::PersistentVolumeClaim&)> change = [bytes](api::PersistentVolumeClaim& edited) {
        edited.spec.resources.requests["storage"] = api::Quantity::from_bytes(bytes);
        return ok();
    };
    const auto done = w.run(w.objects.modify<api::PersistentVolumeClaim>("default", name, change));
    return done ? "" : done.error().message();
}

void bind(AdmittedWorld& w, const char* name) {
    std::function<Result<void>(api::PersistentVolumeClaim&)> change = [](api::PersistentVolumeClaim& edited) {
        edited.status.phase = "Bound";
        edited.status.capacity["storage"] = api::Quantity::from_bytes(1 << 20);
        return ok();
    };
    REQUIRE(w.run(w.objects.modify_status<api::PersistentVolumeClaim>("default", name, change)));
}

}  // namespace

TEST_CASE("StorageClaims: a claim that names no class gets the default one, if there is one") {
    AdmittedWorld w;
    CHECK(!(*w.run(w.objects.create(claim_of("early"))))->spec.storage_class_name);
    REQUIRE(w.run(w.objects.create(class_named("slow", false, false))));
    REQUIRE(w.run(w.objects.create(class_named("fast", true, false))));
    CHECK((*w.run(w.objects.create(claim_of("open"))))->spec.storage_class_name == "fast");
    CHECK((*w.run(w.objects.create(claim_of("none", ""))))->spec.storage_class_name == "");
    CHECK((*w.run(w.objects.create(claim_of("own", "slow"))))->spec.storage_class_name == "slow");
}

TEST_CASE("StorageClaims: a claim grows when it is bound and its class lets it") {
    AdmittedWorld w;
    REQUIRE(w.run(w.objects.create(class_named("fixed", false, false))));
    REQUIRE(w.run(w.objects.create(class_named("elastic", false, true))));
    REQUIRE(w.run(w.objects.create(claim_of("a", "fixed"))));
    REQUIRE(w.run(w.objects.create(claim_of("b", "elastic"))));
    CHECK(grow(w, "b", 2 << 20).ends_with("is forbidden: Only bound persistent volume claims can be expanded"));
    bind(w, "a");
    bind(w, "b");
    CHECK(grow(w, "a", 2 << 20)
              .ends_with("only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must "
                         "support resize"));
    CHECK(grow(w, "b", 2 << 20) == "");
}
