// The forms that admission plug-ins have: each of these fakes is a real one in small.
#include "orilla/objects/admission.hpp"

#include <catch2/catch.hpp>
#include <map>

#include "../../support/object_world.hpp"
#include "orilla/schema/field_errors.hpp"

using namespace orilla;
using namespace orilla::objects;
using orilla::test::busybox_pod;
using orilla::test::ObjectWorld;
using orilla::test::Started;

namespace {
/// As ResourceQuota: counts what is stored and on its way, and lets no more in than there may be.
class FakeQuota : public Admission {
  public:
    bool handles(const WriteInfo& write) const override {
        return write.operation == Operation::create && &write.kind == &api::kind_of<api::Pod>() && write.subresource.empty();
    }
    bool changes_objects() const override { return false; }
    Task<Result<void>> on_valid(const api::Object& object, const api::Object*, const AdmissionRequest& request) override {
        const std::string ns = object.meta().namespace_.str();
        ++asked;
        if (wait) co_await wait->sleep_for(1'000);
        if (used[ns] >= pods_max) co_return api::make_forbidden_error("", "pods", object.meta().name, "exceeded quota");
        ++used[ns];
        request.undo.add([this, ns] { --used[ns]; });
        co_return ok();
    }
    std::map<std::string, int> used;
    int asked = 0, pods_max = 2;
    loop::Loop* wait = nullptr;
};

/// As LimitRange: gives containers limits before they are validated, and refuses what is over the most.
class FakeLimits : public Admission {
  public:
    bool handles(const WriteInfo& write) const override {
        return write.operation == Operation::create && &write.kind == &api::kind_of<api::Pod>();
    }
    Task<Result<void>> on_create(api::Object& object, const AdmissionRequest& request) override {
        for (api::Container& container : object.as<api::Pod>().spec.containers) {
            if (container.resources.limits.contains("memory")) continue;
            container.resources.limits["memory"] = memory;
            request.context.warn("container " + container.name.str() + " got a limit");
        }
        co_return ok();
    }
    api::Quantity memory = *api::Quantity::parse("64Mi");
};

/// As PriorityClass: fills in a number of the object that the pod names, here its namespace.
class FakeClasses : public Admission {
  public:
    explicit FakeClasses(Objects& objects) : objects_(objects) {}
    bool handles(const WriteInfo& write) const override {
        return write.operation == Operation::create && &write.kind == &api::kind_of<api::Pod>();
    }
    Task<Result<void>> on_create(api::Object& object, const AdmissionRequest&) override {
        auto& pod = object.as<api::Pod>();
        const auto ns = objects_.get<api::Namespace>(pod.metadata.namespace_.view());
        const auto* patience = ns->metadata.annotations.get("patience");
        if (!patience) co_return api::make_forbidden_error("", "pods", pod.metadata.name, "no class was found");
        pod.spec.termination_grace_period_seconds = atoll(patience->str().c_str());
        co_return ok();
    }

  private:
    Objects& objects_;
};

/// As the default StorageClass: fills in the name of the one object that is marked.
class FakeDefault : public Admission {
  public:
    explicit FakeDefault(Objects& objects) : objects_(objects) {}
    bool handles(const WriteInfo& write) const override { return &write.kind == &api::kind_of<api::Lease>(); }
    Task<Result<void>> on_create(api::Object& object, const AdmissionRequest&) override {
        auto& lease = object.as<api::Lease>();
        if (lease.spec.holder_identity) co_return ok();
        for (const auto& node : objects_.list<api::Node>())
            if (node->metadata.annotations.contains("is-default")) lease.spec.holder_identity = node->metadata.name;
        co_return ok();
    }

  private:
    Objects& objects_;
};

/// Writes down what it sees.
class Witness : public Admission {
  public:
    bool handles(const WriteInfo&) const override { return true; }
    Task<Result<void>> on_create(api::Object& object, const AdmissionRequest& request) override {
        co_return note("create", &object, nullptr, request);
    }
    Task<Result<void>> on_update(api::Object& updated, const api::Object& old, const AdmissionRequest& request) override {
        co_return note("update", &updated, &old, request);
    }
    Task<Result<void>> on_delete(const api::Object& old, const AdmissionRequest& request) override {
        co_return note("delete", nullptr, &old, request);
    }
    Task<Result<void>> on_valid(const api::Object& object, const api::Object* old, const AdmissionRequest& request) override {
        co_return note("valid", &object, old, request);
    }
    std::vector<std::string> seen;

  private:
    Result<void> note(std::string_view call, const api::Object* now, const api::Object* old, const AdmissionRequest& request) {
        std::string text = std::string(call) + " " + std::string(request.kind.resource);
        if (!request.subresource.empty()) text += "/" + std::string(request.subresource);
        text += request.part == Part::status ? " status" : request.part == Part::finalize ? " finalize" : " main";
        text += now ? " new" : "";
        text += old ? " old" : "";
        text += request.context.dry_run ? " dry" : "";
        seen.push_back(text + " by " + request.context.identity->user);
        return ok();
    }
};

api::Object broken_pod() {
    api::Pod pod = busybox_pod("broken");
    pod.spec.containers.clear();
    return api::Object(std::move(pod));
}
}  // namespace

TEST_CASE("admission: what is set aside for a write comes back when it does not happen") {
    ObjectWorld w;
    FakeQuota quota;
    w.objects.add_admission(quota);
    CHECK_FALSE(w.run(w.objects.create(broken_pod())));
    CHECK(quota.asked == 0);  // of what is valid only
    REQUIRE(w.run(w.objects.create(busybox_pod("a"))));
    CHECK(quota.used["default"] == 1);
    CHECK(w.run(w.objects.create(busybox_pod("a"))).error().code() == Code::already_exists);
    CHECK(quota.used["default"] == 1);
    REQUIRE(w.run(w.objects.create(api::Object(busybox_pod("b")), {.dry_run = true})));
    CHECK(quota.used["default"] == 1);
    REQUIRE(w.run(w.objects.create(busybox_pod("b"))));
    const auto refused = w.run(w.objects.create(busybox_pod("c")));
    CHECK(refused.error().message() == "pods \"c\" is forbidden: exceeded quota");
    CHECK(quota.used["default"] == 2);
}

TEST_CASE("admission: a writer that goes away while a plug-in waits leaves nothing behind") {
    ObjectWorld w;
    FakeQuota first, second;
    w.objects.add_admission(first);
    w.objects.add_admission(second);
    second.wait = &w.loop;
    {
        Started<Result<Stored>> creating(w.loop, w.objects.create(api::Object(busybox_pod("a"))));
        CHECK(first.used["default"] == 1);
    }
    CHECK(first.used["default"] == 0);
    Started<Result<Stored>> creating(w.loop, w.objects.create(api::Object(busybox_pod("b"))));
    w.pass(1'100);
    REQUIRE(creating.done());
    REQUIRE(creating.get());
    CHECK(first.used["default"] == 1);
    CHECK(second.used["default"] == 1);
}

TEST_CASE("admission: what is refused by one is taken back of those before it") {
    ObjectWorld w;
    FakeQuota first, second;
    w.objects.add_admission(first);
    w.objects.add_admission(second);
    second.pods_max = 0;
    CHECK(w.run(w.objects.create(busybox_pod("a"))).error().code() == Code::forbidden);
    CHECK(first.used["default"] == 0);
}

TEST_CASE("admission: what is filled in is defaulted, classed and validated") {
    ObjectWorld w;
    FakeLimits limits;
    w.objects.add_admission(limits);
    Warnings warnings;
    WriteContext context;
    context.warnings = &warnings;
    auto created = w.run(w.objects.create(api::Object(busybox_pod("a")), context));
    REQUIRE(created);
    const auto& pod = created->object->as<api::Pod>();
    CHECK(pod.spec.containers[0].resources.limits.get("memory")->text == "64Mi");
    REQUIRE(pod.spec.containers[0].resources.requests.contains("memory"));  // a default: as the limit
    CHECK(pod.spec.containers[0].resources.requests.get("memory")->text == "64Mi");
    CHECK(pod.status.qos_class == "Burstable");
    CHECK(warnings == Warnings{"container main got a limit"});
    api::Pod greedy = busybox_pod("b");
    greedy.spec.containers[0].resources.requests["memory"] = *api::Quantity::parse("65Mi");
    CHECK(w.run(w.objects.create(greedy)).error().code() == Code::invalid);
}

TEST_CASE("admission: fields are filled in from other objects, or the write is refused") {
    ObjectWorld w;
    FakeClasses classes(w.objects);
    FakeDefault leases(w.objects);
    w.objects.add_admission(classes);
    w.objects.add_admission(leases);
    CHECK(w.run(w.objects.create(busybox_pod("a"))).error().message() == "pods \"a\" is forbidden: no class was found");
    std::function<Result<void>(api::Namespace&)> mark = [](api::Namespace& ns) -> Result<void> {
        return ns.metadata.annotations["patience"] = "7", ok();
    };
    REQUIRE(w.run(w.objects.modify<api::Namespace>("", "default", std::move(mark))));
    const auto pod = w.run(w.objects.create(busybox_pod("a")));
    REQUIRE(pod);
    CHECK((*pod)->spec.termination_grace_period_seconds == 7);

    api::Node node;
    node.metadata.name = "big";
    node.metadata.annotations["is-default"] = "true";
    REQUIRE(w.run(w.objects.create(node)));
    api::Lease lease;
    lease.metadata.name = "l";
    lease.metadata.namespace_ = "default";
    const auto created = w.run(w.objects.create(lease));
    REQUIRE(created);
    CHECK((*created)->spec.holder_identity == "big");
}

TEST_CASE("admission: plug-ins see what is written, how, and by whom") {
    ObjectWorld w;
    Witness witness;
    w.objects.add_admission(witness);
    const auto seen = [&witness] { return std::exchange(witness.seen, {}); };
    const Identity jane{"jane", {}};
    WriteContext context;
    context.identity = &jane;
    using Lines = std::vector<std::string>;
    REQUIRE(w.run(w.objects.create(api::Object(busybox_pod("a")), context)));
    CHECK(seen() == Lines{"create pods main new by jane", "valid pods main new by jane"});
    REQUIRE(w.run(w.objects.bind("default", "a", "node", context)));
    CHECK(seen() == Lines{"update pods/binding main new old by jane", "valid pods/binding main new old by jane"});
    std::function<Result<void>(api::Pod&)> run = [](api::Pod& pod) -> Result<void> {
        return pod.status.phase = "Running", ok();
    };
    REQUIRE(w.run(w.objects.modify_status<api::Pod>("default", "a", run)));
    CHECK(seen() ==
          Lines{"update pods/status status new old by system:orilla", "valid pods/status status new old by system:orilla"});
    REQUIRE(w.run(w.objects.modify_status<api::Pod>("default", "a", run)));
    CHECK(seen().empty());  // it changes nothing
    DeleteOptions evict;
    evict.context.subresource = "eviction";
    evict.context.dry_run = true;
    REQUIRE(w.run(w.objects.remove<api::Pod>("default", "a", evict)));
    CHECK(seen() == Lines{"delete pods/eviction main old dry by system:orilla"});
}
