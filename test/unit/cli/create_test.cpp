#include "verbs/create.hpp"
#include "cli_support.hpp"
#include "print/output.hpp"

using namespace orilla;
using namespace orilla::cli;

namespace {
Options creating(const std::string& what, const std::string& name = "x") {
    Options options;
    options.verb = "create " + what;
    options.args = {name};
    return options;
}

std::string made(const Options& options) {
    auto object = make_generated(options);
    return object ? sorted_json(*object) : object.error().message();
}
}  // namespace

TEST_CASE("make_generated: a ConfigMap holds text as data and other bytes as binaryData") {
    const Scratch scratch;
    Options options = creating("configmap");
    options.from_literal = {"a=1"};
    options.from_file = {scratch.write("b", "\xff\xfe")};
    options.ns = "n";
    CHECK(
        made(options) ==
        R"({"apiVersion":"v1","binaryData":{"b":"//4="},"data":{"a":"1"},"kind":"ConfigMap","metadata":{"name":"x","namespace":"n"}})");
    CHECK(made(creating("configmap")) == R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}})");
}

TEST_CASE("make_generated: a Secret is base64, with its type") {
    Options options = creating("secret generic");
    options.from_literal = {"a=1"};
    options.secret_type = "example.com/t";
    CHECK(made(options) ==
          R"({"apiVersion":"v1","data":{"a":"MQ=="},"kind":"Secret","metadata":{"name":"x"},"type":"example.com/t"})");
    options.from_literal = {"a=1", "a=2"};
    CHECK(made(options).find("cannot add key \"a\"") != std::string::npos);
}

TEST_CASE("make_generated: a Namespace is in none") {
    Options options = creating("namespace");
    options.ns = "other";
    CHECK(made(options) == R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"x"}})");
}

TEST_CASE("make_generated: what a registry wants to hear") {
    Options options = creating("secret docker-registry");
    CHECK(made(options).find("--docker-username, --docker-password and --docker-server is required") != std::string::npos);
    options.docker_username = "u";
    options.docker_password = "p";
    options.docker_server = "reg:5000";
    // {"auths":{"reg:5000":{"username":"u","password":"p","auth":"dTpw"}}}
    CHECK(
        made(options) ==
        R"({"apiVersion":"v1","data":{".dockerconfigjson":"eyJhdXRocyI6eyJyZWc6NTAwMCI6eyJ1c2VybmFtZSI6InUiLCJwYXNzd29yZCI6InAiLCJhdXRoIjoiZFRwdyJ9fX0="},)"
        R"("kind":"Secret","metadata":{"name":"x"},"type":"kubernetes.io/dockerconfigjson"})");
    const Scratch scratch;
    options.from_file = {scratch.write("config.json", "{}")};
    CHECK(made(options).find(R"({".dockerconfigjson":"e30="})") != std::string::npos);
}

TEST_CASE("make_generated: a certificate and its key must be there and readable") {
    const Scratch scratch;
    Options options = creating("secret tls");
    CHECK(made(options) == "error: required flag(s) \"cert\", \"key\" not set");
    options.cert = scratch.write("c.pem", "no certificate");
    CHECK(made(options) == "error: required flag(s) \"key\" not set");
    options.key = scratch.write("k.pem", "no key");
    CHECK(made(options) == "error: " + options.cert + " has no certificate in PEM");
    options.cert = "/nosuch";
    CHECK(made(options).find("error reading /nosuch") != std::string::npos);
}

TEST_CASE("make_generated: a Deployment names its containers after their images") {
    Options options = creating("deployment");
    options.images = {"reg:5000/tools/nginx:1@sha256:00"};
    options.port = 80;
    options.container_command = {"sleep", "1"};
    CHECK(
        made(options) ==
        R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"labels":{"app":"x"},"name":"x"},"spec":{"replicas":1,)"
        R"("selector":{"matchLabels":{"app":"x"}},"template":{"metadata":{"labels":{"app":"x"}},"spec":{"containers":[{"command":)"
        R"(["sleep","1"],"image":"reg:5000/tools/nginx:1@sha256:00","name":"nginx","ports":[{"containerPort":80}]}]}}}})");
    options.images = {"a", "b"};
    CHECK(made(options) == "error: cannot specify multiple --image options and command");
    options.container_command.clear();
    options.images = {"a:1", "x/a:2"};
    CHECK(made(options).find("in a container named \"a\"") != std::string::npos);
    CHECK(made(creating("deployment")) == "error: required flag(s) \"image\" not set");
}

TEST_CASE("make_generated: a Service's ports by number and by name") {
    Options options = creating("service nodeport");
    options.tcp = {"80:http"};
    options.node_port = 30001;
    CHECK(
        made(options) ==
        R"({"apiVersion":"v1","kind":"Service","metadata":{"labels":{"app":"x"},"name":"x"},"spec":{"ports":[{"name":"80-http",)"
        R"("nodePort":30001,"port":80,"protocol":"TCP","targetPort":"http"}],"selector":{"app":"x"},"type":"NodePort"}})");
    options.tcp = {"80", "81"};
    CHECK(made(options) == "error: --node-port goes with one --tcp");
    Options alias = creating("service externalname");
    CHECK(made(alias) == "error: required flag(s) \"external-name\" not set");
    alias.external_name = "db.example.com";
    CHECK(made(alias).find(R"("spec":{"externalName":"db.example.com","selector":{"app":"x"},"type":"ExternalName"})") !=
          std::string::npos);
    Options plain = creating("service clusterip");
    CHECK(made(plain) == "error: at least one tcp port specifier must be provided");
    plain.tcp = {"80"};
    CHECK(made(plain).find(R"({"name":"80","port":80,"protocol":"TCP","targetPort":80})") != std::string::npos);
    plain.tcp.clear();
    plain.cluster_ip = "None";
    CHECK(made(plain).find(R"("clusterIP":"None")") != std::string::npos);
    for (const char* bad : {"0", "65536", "80:0", "80:99999", "x", "80x", ":80", ""}) {
        INFO(bad);
        plain.tcp = {bad};
        CHECK(made(plain).find("a port must be between 1 and 65535, inclusive") != std::string::npos);
    }
}

TEST_CASE("make_generated: exactly one name") {
    Options options = creating("namespace");
    CHECK(made(options) == R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"x"}})");
    options.args = {"a", "b"};
    CHECK(made(options) ==
          "error: exactly one NAME is required, got 2\nSee 'orilla create namespace -h' for help and examples");
    options.args.clear();
    CHECK(made(options).starts_with("error: exactly one NAME is required, got 0"));
}

TEST_CASE("make_generated: a Job, and a CronJob that makes it") {
    Options options = creating("job");
    CHECK(made(options).find("required flag(s) \"image\" not set") != std::string::npos);
    options.images = {"busybox:1"};
    options.container_command = {"echo", "done"};
    const std::string pod =
        R"({"spec":{"containers":[{"command":["echo","done"],"image":"busybox:1","name":"x"}],"restartPolicy":")";
    CHECK(made(options) ==
          R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"x"},"spec":{"template":)" + pod + R"(Never"}}}})");
    options.verb = "create cronjob";
    CHECK(made(options).find("required flag(s) \"schedule\" not set") != std::string::npos);
    options.schedule = "@hourly";
    CHECK(
        made(options) ==
        R"({"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"x"},"spec":{"jobTemplate":{"metadata":{"name":"x"},"spec":{"template":)" +
            pod + R"(OnFailure"}}}},"schedule":"@hourly"}})");
}

TEST_CASE("make_job_of: what a CronJob would make now is its own") {
    Options options = creating("job", "now");
    const auto cronjob = boost::json::parse(
        R"({"metadata":{"name":"tick","uid":"u"},"spec":{"jobTemplate":{"metadata":{"labels":{"a":"b"}},"spec":{"template":{}}}}})");
    CHECK(
        sorted_json(make_job_of(cronjob.get_object(), options)) ==
        R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"annotations":{"cronjob.kubernetes.io/instantiate":"manual"},"labels":{"a":"b"},)"
        R"("name":"now","ownerReferences":[{"apiVersion":"batch/v1","controller":true,"kind":"CronJob","name":"tick","uid":"u"}]},)"
        R"("spec":{"template":{}}})");
}

TEST_CASE("make_generated: a PodDisruptionBudget, and what it needs") {
    Options options;
    options.verb = "create poddisruptionbudget";
    options.args = {"web"};
    CHECK(complaint(make_generated(options)) == "error: a selector must be specified");
    options.selector = "app=web,env in (a,b),!old";
    CHECK(complaint(make_generated(options)) == "error: one of min-available or max-unavailable must be specified");
    options.min_available = "50%";
    CHECK(sorted_json(object_at(*make_generated(options), "spec")) ==
          R"({"minAvailable":"50%","selector":{"matchExpressions":[{"key":"env","operator":"In","values":["a","b"]},)"
          R"({"key":"old","operator":"DoesNotExist"}],"matchLabels":{"app":"web"}}})");
    options.max_unavailable = "1";
    CHECK(complaint(make_generated(options)) == "error: min-available and max-unavailable cannot be both specified");
    options.min_available = "";
    CHECK(sorted_json(object_at(*make_generated(options), "spec")).starts_with(R"({"maxUnavailable":1,)"));
    for (const char* wrong : {"-1", "1.5", "%", "some", "5%%"}) {
        options.max_unavailable = wrong;
        CHECK(complaint(make_generated(options)) == "error: invalid format specified for max-unavailable");
    }
    options.max_unavailable = "99999999999999999999";  // the server's to refuse
    CHECK(make_generated(options));
    options.selector = "a>1";
    CHECK_FALSE(make_generated(options));
}

TEST_CASE("make_generated: a PriorityClass") {
    Options options;
    options.verb = "create priorityclass";
    options.args = {"high"};
    options.value = 1000;
    CHECK(sorted_json(*make_generated(options)) ==
          R"({"apiVersion":"scheduling.k8s.io/v1","kind":"PriorityClass","metadata":{"name":"high"},)"
          R"("preemptionPolicy":"PreemptLowerPriority","value":1000})");
    options.global_default = true;
    options.description = "for all";
    options.preemption_policy = "Never";
    CHECK(sorted_json(*make_generated(options)) ==
          R"({"apiVersion":"scheduling.k8s.io/v1","description":"for all","globalDefault":true,"kind":"PriorityClass",)"
          R"("metadata":{"name":"high"},"preemptionPolicy":"Never","value":1000})");
}
