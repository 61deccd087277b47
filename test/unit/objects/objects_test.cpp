#include "orilla/objects/objects.hpp"

#include <catch2/catch.hpp>

#include "../../support/admitted_world.hpp"
#include "../../support/kinds.hpp"
#include "orilla/kinds/codec.hpp"

using namespace orilla;
using namespace orilla::objects;
using namespace orilla::store;
using orilla::test::AdmittedWorld;
using orilla::test::busybox_pod;
using orilla::test::ObjectWorld;
using orilla::test::Started;

namespace {

api::ConfigMap config_map(std::string_view name, std::string_view ns = "default") {
    api::ConfigMap config;
    config.metadata.name = api::Str(name);
    config.metadata.namespace_ = api::Str(ns);
    config.data["key"] = "value";
    return config;
}

/// Gives each Service the next address, and counts what it is told.
class CountingAdmission : public Admission {
  public:
    bool handles(const WriteInfo&) const override { return true; }
    Task<Result<void>> on_create(api::Object& object, const AdmissionRequest& request) override {
        request.undo.add([this] { ++abandoned; });
        if (wait) co_await wait->sleep_for(1'000);
        if (object.is<api::ConfigMap>()) object.meta().labels["admitted"] = "yes";
        ++created;
        request.context.warn("created by " + request.context.identity->user);
        if (refuse) co_return Error(Code::forbidden, "no");
        co_return ok();
    }
    Task<Result<void>> on_update(api::Object&, const api::Object&, const AdmissionRequest&) override {
        ++updated;
        co_return ok();
    }
    Task<Result<void>> on_delete(const api::Object&, const AdmissionRequest&) override {
        if (refuse) co_return Error(Code::forbidden, "no");
        co_return ok();
    }
    void on_committed(const api::Object* now, const api::Object* old) override {
        if (!now) ++deleted;
        else if (old) ++replaced;
        else ++stored;
    }
    int created = 0, updated = 0, deleted = 0, abandoned = 0, stored = 0, replaced = 0;
    bool refuse = false;
    loop::Loop* wait = nullptr;
};

}  // namespace

TEST_CASE("Objects: creating fills in what the server owns, and the stored bytes carry their revision") {
    ObjectWorld w;
    api::Pod wanted = busybox_pod("web");
    wanted.metadata.uid = "forged";
    wanted.metadata.generation = 77;
    wanted.status.phase = "Running";
    auto created = w.run(w.objects.create(api::Object(std::move(wanted))));
    REQUIRE(created);
    const api::Pod& stored = created->object->as<api::Pod>();
    CHECK(stored.metadata.uid.size() == 36);
    CHECK(stored.metadata.creation_timestamp.unix_s == w.clock.wall_s());
    CHECK(stored.metadata.generation == 1);
    CHECK(stored.metadata.resource_version == std::to_string(created->entry->revision));
    CHECK(stored.status.phase == "Pending");
    CHECK(stored.spec.restart_policy == "Always");
    CHECK(created->entry->json->find("\"resourceVersion\":\"" + std::to_string(created->entry->revision) + "\"") !=
          std::string::npos);
    CHECK(w.objects.get<api::Pod>("default", "web")->metadata.uid == stored.metadata.uid);
}

TEST_CASE("Objects: creating refuses a missing or ending namespace, a set resourceVersion and a taken name") {
    AdmittedWorld w;
    auto missing = w.run(w.objects.create(config_map("a", "nowhere")));
    CHECK(missing.error().code() == Code::not_found);
    CHECK(missing.error().message() == "namespaces \"nowhere\" not found");

    api::Namespace ns;
    ns.metadata.name = "going";
    REQUIRE(w.run(w.objects.create(std::move(ns))));
    REQUIRE(w.run(w.objects.remove<api::Namespace>("", "going"))->still_exists);
    auto ending = w.run(w.objects.create(config_map("a", "going")));
    CHECK(ending.error().code() == Code::forbidden);
    CHECK(ending.error().message() ==
          "configmaps \"a\" is forbidden: unable to create new content in namespace going because it is being terminated");

    api::ConfigMap versioned = config_map("a");
    versioned.metadata.resource_version = "7";
    CHECK(w.run(w.objects.create(std::move(versioned))).error().code() == Code::bad_request);

    REQUIRE(w.run(w.objects.create(config_map("a"))));
    CHECK(w.run(w.objects.create(config_map("a"))).error().message() == "configmaps \"a\" already exists");
    api::ConfigMap unversioned = config_map("b");
    unversioned.metadata.resource_version = "0";  // says none
    CHECK(w.run(w.objects.create(std::move(unversioned))));
}

TEST_CASE("Objects: generateName tries other names until one is free") {
    ObjectWorld w;
    for (int i = 0; i < 30; ++i) {
        api::ConfigMap config = config_map("");
        config.metadata.generate_name = "gen-";
        auto created = w.run(w.objects.create(std::move(config)));
        REQUIRE(created);
        CHECK((*created)->metadata.name.view().substr(0, 4) == "gen-");
        CHECK((*created)->metadata.name.size() == 9);
    }
    CHECK(w.store->count("configmaps") == 30);
}

TEST_CASE("Objects: a write that changes nothing keeps the revision and makes no event") {
    ObjectWorld w;
    auto created = w.run(w.objects.create(config_map("a")));
    auto watch = w.store->watch("configmaps", "", w.store->revision());
    auto same = w.run(w.objects.update(config_map("a")));
    REQUIRE(same);
    CHECK((*same)->metadata.resource_version == (*created)->metadata.resource_version);
    CHECK_FALSE((*watch)->try_next());
}

TEST_CASE("Objects: an update checks resourceVersion and uid and keeps what the client does not own") {
    ObjectWorld w;
    auto created = w.run(w.objects.create(config_map("a")));
    api::ConfigMap changed = **created;
    changed.data["key"] = "other";
    changed.metadata.creation_timestamp = api::Time(5);
    auto updated = w.run(w.objects.update(api::ConfigMap(changed)));
    REQUIRE(updated);
    CHECK((*updated)->metadata.creation_timestamp == (*created)->metadata.creation_timestamp);
    changed.data["key"] = "third";
    CHECK(w.run(w.objects.update(api::ConfigMap(changed))).error().code() == Code::conflict);
    changed.metadata.resource_version = api::Str();
    CHECK(w.run(w.objects.update(api::ConfigMap(changed))));
    changed.metadata.uid = "other";
    CHECK(w.run(w.objects.update(api::ConfigMap(changed))).error().message().find("Precondition failed: UID") !=
          std::string::npos);
}

TEST_CASE("Objects: spec raises the generation, status does not and is soft") {
    ObjectWorld w;
    REQUIRE(w.run(w.objects.create(busybox_pod("web"))));
    REQUIRE(w.run(w.objects.bind("default", "web", "node1")));
    CHECK(w.objects.get<api::Pod>("default", "web")->metadata.generation == 1);  // binding is no edit
    std::function<Result<void>(api::Pod&)> edit = [](api::Pod& pod) {
        return pod.spec.containers[0].image = "busybox:2", ok();
    };
    REQUIRE(w.run(w.objects.modify<api::Pod>("default", "web", edit)));
    CHECK(w.objects.get<api::Pod>("default", "web")->metadata.generation == 2);
    const auto commits = w.store->stats().commits;
    std::function<Result<void>(api::Pod&)> run = [](api::Pod& pod) {
        pod.status.phase = "Running";
        pod.spec.node_name = "elsewhere";
        return ok();
    };
    auto running = w.run(w.objects.modify_status<api::Pod>("default", "web", run));
    REQUIRE(running);
    CHECK((*running)->status.phase == "Running");
    CHECK((*running)->spec.node_name == "node1");
    CHECK((*running)->metadata.generation == 2);
    w.settle();
    CHECK(w.store->stats().commits == commits);
}

TEST_CASE("Objects: binding gives a pod its node once") {
    ObjectWorld w;
    REQUIRE(w.run(w.objects.create(busybox_pod("web"))));
    auto bound = w.run(w.objects.bind("default", "web", "node1"));
    REQUIRE(bound);
    CHECK(bound->object->as<api::Pod>().status.conditions[0].type == "PodScheduled");
    auto again = w.run(w.objects.bind("default", "web", "node2"));
    CHECK(again.error().message() ==
          "Operation cannot be fulfilled on pods/binding \"web\": pod web is already assigned to node \"node1\"");
}

TEST_CASE("Objects: modify starts over when another write came between") {
    ObjectWorld w;
    REQUIRE(w.run(w.objects.create(config_map("a"))));
    std::function<Result<void>(api::ConfigMap&)> add = [](api::ConfigMap& config) {
        const std::string count = std::to_string(config.data.size());
        config.data["key" + count] = "x";
        return ok();
    };
    std::vector<Started<Result<std::shared_ptr<const api::ConfigMap>>>> writers;
    for (int i = 0; i < 8; ++i) writers.emplace_back(w.loop, w.objects.modify<api::ConfigMap>("default", "a", add));
    w.settle();
    for (auto& writer : writers) CHECK((writer.done() && writer.get()));
    auto read = w.run(w.objects.read<api::ConfigMap>("default", "a"));
    CHECK((*read)->data.size() == 9);
}

TEST_CASE("Objects: a resourceVersion that modify sets is a precondition") {
    ObjectWorld w;
    REQUIRE(w.run(w.objects.create(config_map("a"))));
    int calls = 0;
    std::function<Result<void>(api::ConfigMap&)> stale = [&calls](api::ConfigMap& config) {
        ++calls;
        config.metadata.resource_version = "1";
        return ok();
    };
    auto refused = w.run(w.objects.modify<api::ConfigMap>("default", "a", stale));
    CHECK(refused.error().code() == Code::conflict);
    CHECK(calls == 1);
}

TEST_CASE("Objects: finalizers hold a deleted object, taking off the last removes it") {
    ObjectWorld w;
    api::ConfigMap held = config_map("a");
    held.metadata.finalizers.push_back("example.com/hold");
    REQUIRE(w.run(w.objects.create(std::move(held))));
    auto removed = w.run(w.objects.remove<api::ConfigMap>("default", "a"));
    REQUIRE(removed);
    CHECK(removed->still_exists);
    auto adding = [](api::ConfigMap& config) { return config.metadata.finalizers.push_back("example.com/more"), ok(); };
    auto refused = w.run(w.objects.modify<api::ConfigMap>("default", "a", adding));
    CHECK(refused.error().code() == Code::invalid);
    CHECK(refused.error().causes().at(0).field == "metadata.finalizers");
    auto watch = w.store->watch("configmaps", "", w.store->revision());
    auto clearing = [](api::ConfigMap& config) { return config.metadata.finalizers.clear(), ok(); };
    REQUIRE(w.run(w.objects.modify<api::ConfigMap>("default", "a", clearing)));
    CHECK(w.store->count("configmaps") == 0);
    CHECK((*(*watch)->try_next())->type == WatchEvent::Type::deleted);
}

TEST_CASE("Objects: a pod ends gracefully and the node's grace 0 removes it") {
    ObjectWorld w;
    REQUIRE(w.run(w.objects.create(busybox_pod("web"))));
    REQUIRE(w.run(w.objects.bind("default", "web", "node1")));
    auto removed = w.run(w.objects.remove<api::Pod>("default", "web"));
    CHECK(removed->still_exists);
    CHECK(w.objects.get<api::Pod>("default", "web")->metadata.deletion_grace_period_seconds == 30);
    DeleteOptions now;
    now.grace_period_seconds = 0;
    removed = w.run(w.objects.remove<api::Pod>("default", "web", now));
    CHECK_FALSE(removed->still_exists);
    CHECK(w.objects.get<api::Pod>("default", "web") == nullptr);
}

TEST_CASE("Objects: deletion preconditions are checked") {
    ObjectWorld w;
    REQUIRE(w.run(w.objects.create(config_map("a"))));
    DeleteOptions other;
    other.uid = "other";
    CHECK(w.run(w.objects.remove<api::ConfigMap>("default", "a", other)).error().code() == Code::conflict);
    DeleteOptions stale;
    stale.resource_version = "1";
    CHECK(w.run(w.objects.remove<api::ConfigMap>("default", "a", stale)).error().code() == Code::conflict);
    CHECK(w.store->count("configmaps") == 1);
    CHECK(w.run(w.objects.remove<api::ConfigMap>("default", "b")).error().message() == "configmaps \"b\" not found");
}

TEST_CASE("Objects: a namespace ends by finalize, and only by it") {
    ObjectWorld w;
    api::Namespace ns;
    ns.metadata.name = "going";
    auto created = w.run(w.objects.create(std::move(ns)));
    CHECK((*created)->status.phase == "Active");
    CHECK((*created)->spec.finalizers.size() == 1);
    CHECK((*created)->metadata.labels.contains("kubernetes.io/metadata.name"));
    REQUIRE(w.run(w.objects.remove<api::Namespace>("", "going")));
    std::function<Result<void>(api::Namespace&)> finish = [](api::Namespace& n) { return n.spec.finalizers.clear(), ok(); };
    REQUIRE(w.run(w.objects.modify<api::Namespace>("", "going", finish)));
    CHECK(w.objects.get<api::Namespace>("going"));
    REQUIRE(w.run(w.objects.modify<api::Namespace>("", "going", finish, Part::finalize)));
    CHECK(w.objects.get<api::Namespace>("going") == nullptr);
}

TEST_CASE("Objects: the namespaces that every cluster has cannot be deleted") {
    AdmittedWorld w;
    auto refused = w.run(w.objects.remove<api::Namespace>("", "kube-system"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == Code::forbidden);
    CHECK(refused.error().message() == "namespaces \"kube-system\" is forbidden: this namespace may not be deleted");
}

TEST_CASE("Objects: a dry run answers as the real thing and changes nothing") {
    ObjectWorld w;
    CountingAdmission admission;
    w.objects.add_admission(admission);
    const uint64_t revision = w.store->revision();
    auto created = w.run(w.objects.create(api::Object(config_map("a")), {.dry_run = true}));
    REQUIRE(created);
    CHECK(created->object->meta().uid.size() == 36);
    CHECK(created->entry->json->find("\"key\":\"value\"") != std::string::npos);
    CHECK(w.store->revision() == revision);
    CHECK(admission.abandoned == 1);
    REQUIRE(w.run(w.objects.create(config_map("a"))));
    CHECK_FALSE(w.run(w.objects.create(api::Object(config_map("a")), {.dry_run = true})));
    DeleteOptions dry;
    dry.context.dry_run = true;
    REQUIRE(w.run(w.objects.remove<api::ConfigMap>("default", "a", dry)));
    CHECK(w.store->count("configmaps") == 1);
}

TEST_CASE("Objects: admission fills in, refuses, and hears of what did not happen and what is gone") {
    ObjectWorld w;
    CountingAdmission admission;
    w.objects.add_admission(admission);
    auto created = w.run(w.objects.create(config_map("a")));
    CHECK((*created)->metadata.labels.contains("admitted"));
    CHECK_FALSE(w.run(w.objects.create(config_map("a"))));
    CHECK(admission.abandoned == 1);
    REQUIRE(w.run(w.objects.remove<api::ConfigMap>("default", "a")));
    CHECK(admission.deleted == 1);
    admission.refuse = true;
    CHECK(w.run(w.objects.create(config_map("b"))).error().code() == Code::forbidden);
    CHECK(w.store->count("configmaps") == 0);
}

TEST_CASE("Objects: admission may wait, hears who writes, warns, and is told what was stored") {
    ObjectWorld w;
    CountingAdmission admission;
    w.objects.add_admission(admission);
    admission.wait = &w.loop;
    Warnings warnings;
    const Identity jane{"jane", {}};
    WriteContext context;
    context.identity = &jane;
    context.warnings = &warnings;
    Started<Result<Stored>> creating(w.loop, w.objects.create(api::Object(config_map("a")), context));
    w.pass(500);
    CHECK(w.store->count("configmaps") == 0);
    w.pass(600);
    CHECK(w.store->count("configmaps") == 1);
    CHECK(warnings == Warnings{"created by jane"});
    CHECK(admission.stored == 1);
    std::function<Result<void>(api::ConfigMap&)> change = [](api::ConfigMap& map) -> Result<void> {
        return map.data["b"] = "c", ok();
    };
    REQUIRE(w.run(w.objects.modify<api::ConfigMap>("default", "a", std::move(change))));
    CHECK(admission.replaced == 1);
    admission.refuse = true;
    CHECK(w.run(w.objects.remove<api::ConfigMap>("default", "a")).error().code() == Code::forbidden);
    CHECK(w.store->count("configmaps") == 1);
    CHECK(admission.deleted == 0);
}

TEST_CASE("Objects: a collection is deleted by what matches") {
    ObjectWorld w;
    for (const char* name : {"a", "b", "c"}) REQUIRE(w.run(w.objects.create(config_map(name))));
    auto not_b = [](const api::Object& object) { return !(object.meta().name == "b"); };
    auto removed = w.run(w.objects.remove_collection(api::kind_of<api::ConfigMap>(), "default", not_b));
    REQUIRE(removed);
    CHECK(removed->count == 2);
    CHECK((removed->whole() && removed->last[1]->key.name == "c"));
    CHECK(w.store->count("configmaps") == 1);
}

TEST_CASE("Objects: those of a collection share commits, and the first one that may not go ends it") {
    ObjectWorld w;
    for (int i = 0; i < 200; ++i) REQUIRE(w.run(w.objects.create(config_map("c" + std::to_string(i)))));
    const uint64_t commits = w.store->stats().commits;
    auto removed = w.run(w.objects.remove_collection(api::kind_of<api::ConfigMap>(), "default", nullptr));
    REQUIRE(removed);
    CHECK(removed->last.size() == 200);
    CHECK(w.store->count("configmaps") == 0);
    CHECK(w.store->stats().commits - commits < 50);

    for (const char* name : {"x", "y"}) REQUIRE(w.run(w.objects.create(config_map(name))));
    auto refused =
        w.run(w.objects.remove_collection(api::kind_of<api::ConfigMap>(), "default", nullptr, {.resource_version = "1"}));
    CHECK(refused.error().code() == Code::conflict);
    CHECK(w.store->count("configmaps") == 2);
}

TEST_CASE("Objects: large ConfigMaps are read and changed although they stay in the file") {
    ObjectWorld w;
    api::ConfigMap large = config_map("large");
    large.data["big"] = api::Str(std::string(100'000, 'x'));
    REQUIRE(w.run(w.objects.create(std::move(large))));
    CHECK(w.store->find({"configmaps", "default", "large"})->json == nullptr);
    std::function<Result<void>(api::ConfigMap&)> change = [](api::ConfigMap& c) { return c.data["new"] = "x", ok(); };
    REQUIRE(w.run(w.objects.modify<api::ConfigMap>("default", "large", change)));
    auto read = w.run(w.objects.read<api::ConfigMap>("default", "large"));
    REQUIRE(read);
    CHECK((*read)->data.size() == 3);
}

TEST_CASE("Objects: a damaged row hides no other, and can be deleted") {
    ObjectWorld w;
    REQUIRE(w.run(w.objects.create<api::Pod>(busybox_pod("good"))));
    const auto damage = [&w](const char* name) {
        Value broken{"{\"metadata\": \xff", 13};
        REQUIRE(w.run(w.store->create({"pods", "default", name}, Durability::durable, std::move(broken))));
    };
    damage("bad");
    CHECK(w.objects.list<api::Pod>("default").size() == 1);
    CHECK_FALSE(w.objects.get<api::Pod>("default", "bad"));
    CHECK(w.run(w.objects.read(api::kind_of<api::Pod>(), "default", "bad")).error().code() == Code::internal);
    REQUIRE(w.run(w.objects.remove<api::Pod>("default", "bad", {.context = {.dry_run = true}})));
    REQUIRE(w.run(w.objects.remove<api::Pod>("default", "bad")));
    CHECK_FALSE(w.store->find({"pods", "default", "bad"}));
    damage("bad");
    Objects::Match labelled = [](const api::Object& object) { return object.meta().labels.contains("app"); };
    CHECK(w.run(w.objects.remove_collection(api::kind_of<api::Pod>(), "default", labelled))->count == 0);
    CHECK(w.run(w.objects.remove_collection(api::kind_of<api::Pod>(), "default", nullptr))->count == 2);
    CHECK(w.store->count("pods") == 0);
}

TEST_CASE("Objects: what an older Orilla stored is brought to today's form by the next write, and only once") {
    ObjectWorld w;
    store::Value old_form;
    old_form.text =
        R"({"kind":"Service","apiVersion":"v1","metadata":{"name":"a","namespace":"default","uid":"u","resourceVersion":")";
    old_form.revision_at = old_form.text.size();
    old_form.text +=
        R"(","creationTimestamp":"2024-05-06T07:08:09Z"},"spec":{"ports":[{"protocol":"TCP","port":80,)"
        R"("targetPort":80}],"clusterIP":"None","type":"ClusterIP","sessionAffinity":"None","internalTrafficPolicy":"Cluster"}})";
    auto writing = w.store->create({"services", "default", "a"}, store::Durability::durable, old_form);
    REQUIRE(w.run(std::move(writing)));
    const auto same = [&w] {
        auto changing = w.objects.modify(api::kind_of<api::Service>(), "default", "a", [](api::Object&) { return ok(); });
        return w.run(std::move(changing));
    };
    const auto before = w.store->find({"services", "default", "a"});
    CHECK(before->json->find("status") == std::string::npos);
    REQUIRE(same());
    const auto after = w.store->find({"services", "default", "a"});
    CHECK(after->revision > before->revision);
    CHECK(after->json->find(R"(,"status":{"loadBalancer":{}}})") != std::string::npos);
    REQUIRE(same());
    CHECK(w.store->find({"services", "default", "a"})->revision == after->revision);
}

namespace {
/// Adds Widgets in a version; `ended` counts their end.
const api::KindInfo& add_widgets(api::KindRegistry& kinds, std::string_view version, int* ended = nullptr) {
    auto widgets = std::make_unique<test::WidgetKind>();
    widgets->info.version = version;
    widgets->info.api_version = version == "v1" ? "example.com/v1" : "example.com/v2";
    widgets->ended = ended;
    const api::KindInfo& info = widgets->info;
    REQUIRE(kinds.add(std::move(widgets)));
    return info;
}

api::Object widget(const api::KindInfo& kind) {
    api::Object object(kind);
    object.meta().name = "a";
    object.meta().namespace_ = "default";
    return object;
}
}  // namespace

TEST_CASE("Objects: a kind that was removed ends, whatever was read of it") {
    ObjectWorld w;
    int ended = 0;
    const api::KindInfo& widgets = add_widgets(w.kinds, "v1", &ended);
    REQUIRE(w.run(w.objects.create(widget(widgets))));
    REQUIRE(w.run(w.objects.read(widgets, "default", "a")));
    w.settle();
    {
        const api::KindRef held(widgets);
        REQUIRE(w.kinds.remove(widgets));
        const auto left = w.objects.decode(widgets, w.store->find({"widgets.example.com", "default", "a"}));
        CHECK((left && &(*left)->kind() == &widgets));
        CHECK(ended == 0);
    }
    CHECK(ended == 1);
}

TEST_CASE("Objects: an object is of the registration of its kind that it is read in") {
    ObjectWorld w;
    const api::KindInfo& first = add_widgets(w.kinds, "v1");
    REQUIRE(w.run(w.objects.create(widget(first))));
    CHECK(&w.run(w.objects.read(first, "default", "a"))->object->kind() == &first);
    const api::KindRef held(first);
    REQUIRE(w.kinds.remove(first));
    const api::KindInfo& again = add_widgets(w.kinds, "v1");
    CHECK(&w.run(w.objects.read(again, "default", "a"))->object->kind() == &again);
}

TEST_CASE("value_of: the revision goes to metadata.resourceVersion, whatever else is called so") {
    api::ConfigMap map;
    map.metadata.name = "a";
    map.metadata.resource_version = "7";
    map.metadata.annotations["resourceVersion"] = "";
    map.metadata.labels["resourceVersion"] = "";
    map.data["resourceVersion"] = "";
    api::Object object(std::move(map));
    const std::string stored = store::with_revision(value_of(object), 12);
    object.meta().resource_version = "12";
    CHECK(stored == api::encode(object));
}
