#include "serve_config.hpp"

#include <catch2/catch.hpp>

using namespace orilla;
using namespace orilla::wiring;

namespace {
std::string complaint(std::string_view text) {
    auto config = parse_config_file(text, "config.yaml", {});
    return config ? "none" : config.error().message();
}
}  // namespace

TEST_CASE("parse_config_file: values of the file stand over the defaults") {
    auto config = parse_config_file("dataDir: /data\nregistries:\n- host: a\n  insecure: true\n- host: b\n", "config.yaml", {});
    REQUIRE(config);
    CHECK(config->data_dir == "/data");
    CHECK(config->run_dir == "/run/orilla");
    REQUIRE(config->registries.size() == 2);
    CHECK(config->registries[0].insecure);
    CHECK(config->registries[1].host == "b");
}

TEST_CASE("parse_config_file: a key given twice is an error that names it and both lines") {
    CHECK(complaint("dataDir: /a\nrunDir: /b\ndataDir: /c\n") == "config.yaml:3: dataDir: given twice, first in line 1");
    CHECK(complaint("registries:\n- host: a\n  username: x\n  username: y\n") ==
          "config.yaml:4: registries[0].username: given twice, first in line 3");
    CHECK(complaint("registries:\n- host: a\nregistries:\n- host: b\n").find("registries: given twice") != std::string::npos);
    CHECK(complaint("{\"runDir\": \"/a\",\n \"runDir\": \"/a\"}") == "config.yaml:2: runDir: given twice, first in line 1");
}

TEST_CASE("parse_config_file: values that cannot be are errors with their line") {
    CHECK(complaint("dataDir: data\n") == "config.yaml:1: dataDir: \"data\" is not an absolute path");
    CHECK(complaint("dataDir: /a\npodCIDR: 10.42.0.1/24\n")
              .starts_with("config.yaml:2: podCIDR: \"10.42.0.1/24\" has bits behind its prefix"));
    CHECK(complaint("nodeIP: here\n").starts_with("config.yaml:1: nodeIP: "));
    CHECK(complaint("workloadDefaults: loose\n") ==
          "config.yaml:1: workloadDefaults: \"loose\" is neither kubernetes nor hardened");
    CHECK(complaint("workloadDefaults: hardened\n") == "none");
    CHECK(complaint("logLevel: loud\n") == "config.yaml:1: logLevel: \"loud\" is none of error, warning, info, debug");
    for (const char* bad : {"clusterDomain: ''", "clusterDomain: bad domain", "clusterDomain: .local", "clusterDomain: a..b",
                            "nodeName: Box", "nodeName: -a"})
        CHECK(complaint(bad).find("is not a domain: ") != std::string::npos);
    for (const char* good : {"clusterDomain: cluster.local", "nodeName: box-1.lan", "nodeName: ''", "manifests: ''"})
        CHECK(complaint(good) == "none");
}

TEST_CASE("parse_serve_args: what cannot be listened on, or cannot be a network, is told before anything starts") {
    const auto refusal = [](const std::string& flag, const std::string& value) {
        std::string help;
        const auto config = parse_serve_args({flag, value}, &help);
        return config ? "none" : config.error().message();
    };
    CHECK(refusal("--listen", "1") == "--listen: listen address 1: must be IP:PORT");
    CHECK(refusal("--listen", "127.0.0.1:70000") == "--listen: port 70000: must be a number from 0 to 65535");
    CHECK(refusal("--listen", "localhost:1").find("localhost is not an IP address") != std::string::npos);
    CHECK(refusal("--listen", "[::1]:6443") == "none");
    CHECK(refusal("--listen", "") == "none");
    CHECK(refusal("--socket", "/" + std::string(103, 'x')).find("must have 1 to 103 bytes") != std::string::npos);
    CHECK(refusal("--socket", "/" + std::string(102, 'x')) == "none");
    for (const char* bad : {"", "a/b", "a b", "..", "sixteen-letters-"})
        CHECK(refusal("--bridge", bad).find("a device name has") != std::string::npos);
    CHECK(refusal("--pod-cidr", "10.42.0.0/30").find("the prefix must be from 16 to 29") != std::string::npos);
    CHECK(complaint("listen: '1'\n") == "config.yaml:1: listen: listen address 1: must be IP:PORT");
}

TEST_CASE("parse_serve_args: a flag that cannot be is told with its name") {
    std::string help;
    const auto refused = parse_serve_args({"--cluster-domain", "bad domain"}, &help);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message().starts_with("--cluster-domain: \"bad domain\" is not a domain"));
}

TEST_CASE("parse_config_file: unknown keys and wrong types are errors with their line") {
    CHECK(complaint("dataDir: /a\nnosuch: 1\n") == "config.yaml:2: nosuch: unknown field");
    CHECK(complaint("dataDir: 5\n") == "config.yaml:1: dataDir: expected a string");
    CHECK(complaint("registries:\n- insecure: true\n") == "config.yaml:2: registries[0]: host is missing");
}

TEST_CASE("tlsSANs: names and addresses, from the file or, in their place, from flags") {
    auto config = parse_config_file("tlsSANs: [Kitchen.example, 203.0.113.7, '2001:db8::7']\n", "config.yaml", {});
    REQUIRE(config);
    CHECK(config->tls_sans == std::vector<std::string>{"kitchen.example", "203.0.113.7", "2001:db8::7"});
    CHECK(complaint("tlsSANs: kitchen\n") == "config.yaml:1: tlsSANs: expected a list");
    CHECK(complaint("tlsSANs:\n- a\n- b,email:copy\n") ==
          "config.yaml:3: tlsSANs[1]: \"b,email:copy\" is neither an IP address nor a DNS name");
    std::string help;
    const auto flags = parse_serve_args({"--tls-san", "a.example", "--tls-san", "b"}, &help);
    REQUIRE(flags);
    CHECK(flags->tls_sans == std::vector<std::string>{"a.example", "b"});
    CHECK(parse_serve_args({"--tls-san", "*"}, &help).error().message().starts_with("--tls-san: \"*\" is neither"));
    CHECK_FALSE(parse_serve_args({"--tls-san", "a", "b"}, &help));
    REQUIRE(parse_serve_args({"--help"}, &help));
    CHECK(help.find("--tls-san") != std::string::npos);
}

TEST_CASE("complete_config: the node's pods are a part of the cluster's, and Services are apart from both") {
    const auto refusal = [](const std::string& cluster, const std::string& pods) {
        ServeConfig config;
        config.cluster_cidr = cluster;
        config.pod_cidr = pods;
        const auto complete = complete_config(std::move(config));
        return complete ? "cluster " + complete->cluster_cidr : complete.error().message();
    };
    CHECK(refusal("", "10.42.7.0/24") == "cluster 10.42.7.0/24");
    CHECK(refusal("10.42.0.0/16", "10.42.7.0/24") == "cluster 10.42.0.0/16");
    CHECK(refusal("10.42.0.0/16", "10.41.7.0/24") == "podCIDR 10.41.7.0/24 is no part of clusterCIDR 10.42.0.0/16");
    CHECK(refusal("10.42.0.0/24", "10.42.0.0/16") == "podCIDR 10.42.0.0/16 is no part of clusterCIDR 10.42.0.0/24");
    CHECK(refusal("10.42.0.0/15", "10.42.7.0/24") == "clusterCIDR 10.42.0.0/15 and serviceCIDR 10.43.0.0/16 overlap");
    CHECK(refusal("", "10.43.7.0/24") == "podCIDR 10.43.7.0/24 and serviceCIDR 10.43.0.0/16 overlap");
}

TEST_CASE("loadBalancerPool: ranges of the LAN, apart from pods and Services") {
    CHECK(parse_config_file("loadBalancerPool: 192.0.2.8/29,192.0.2.50-192.0.2.60\n", "config.yaml", {}));
    CHECK(complaint("loadBalancerPool: 192.0.2.9-192.0.2.8\n") ==
          "config.yaml:1: loadBalancerPool: 192.0.2.9-192.0.2.8: the last address is before the first");
    const auto refusal = [](const std::string& pool) {
        ServeConfig config;
        config.load_balancer_pool = pool;
        const auto complete = complete_config(std::move(config));
        return complete ? "" : complete.error().message();
    };
    CHECK(refusal("192.0.2.50").empty());
    CHECK(refusal("10.42.0.7") == "loadBalancerPool 10.42.0.7 and clusterCIDR 10.42.0.0/24 overlap");
    CHECK(refusal("10.43.255.0/24") == "loadBalancerPool 10.43.255.0/24 and serviceCIDR 10.43.0.0/16 overlap");
}
