// What 10,000 services cost: loading them, changing one, starting anew with all of them in the kernel. Runs in a network
// namespace of its own; needs root (77 otherwise). `service_rules_bench [SERVICES]`.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "../support/net_box.hpp"
#include "orilla/network/open_service_rules.hpp"

using namespace orilla;
using namespace orilla::network;

namespace {

double now_ms() {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

ServiceRulesConfig config() {
    ServiceRulesConfig out;
    out.pod_cidr = *parse_cidr("10.42.0.0/16");
    out.service_cidr = *parse_cidr("10.43.0.0/16");
    return out;
}

std::vector<ServicePortSpec> ports_of(uint32_t service, uint32_t endpoints) {
    ServicePortSpec spec;
    spec.cluster_ips = {Ipv4{0x0a2b0000 + service}};
    spec.port = 80;
    for (uint32_t i = 0; i < endpoints; ++i)
        spec.endpoints.push_back({Ipv4{0x0a2a0000 + (service * 7 + i) % 60'000}, static_cast<uint16_t>(8080 + i)});
    return {spec};
}

void must(const Result<void>& result) {
    if (result) return;
    std::fprintf(stderr, "%s\n", result.error().message().c_str());
    std::exit(1);
}

long resident_kb() {
    long pages = 0, resident = 0;
    if (FILE* file = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
        std::fclose(file);
    }
    return resident * 4;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

void measure(uint32_t services) {
    auto opened = open_service_rules(config());
    if (!opened) must(std::move(opened).error());
    ServiceRules::Services all;
    for (uint32_t i = 1; i <= services; ++i) all["default/service-" + std::to_string(i)] = ports_of(i, 1 + i % 4);
    const long before_kb = resident_kb();
    double start = now_ms();
    must((*opened)->replace_all(all));
    std::printf("%6u services: load %.1f ms", services, now_ms() - start);
    std::vector<double> changes;
    for (uint32_t i = 0; i < 500; ++i) {
        const uint32_t service = 1 + i * 37 % services;
        start = now_ms();
        must((*opened)->update("default/service-" + std::to_string(service), ports_of(service, 1 + i % 5)));
        changes.push_back(now_ms() - start);
    }
    std::printf(", one change %.3f ms", median(changes));
    std::printf(", memory of ours %ld KB", resident_kb() - before_kb);
    auto again = open_service_rules(config());
    start = now_ms();
    must((*again)->replace_all(all));
    std::printf(", start anew %.1f ms\n", now_ms() - start);
    must(remove_service_rules(config()));
}

}  // namespace

int main(int argc, char** argv) {
    if (!test::enter_net_box()) return test::skipped;
    const auto most = static_cast<uint32_t>(argc > 1 ? std::atoi(argv[1]) : 10'000);
    for (const uint32_t services : {10u, 1'000u, most}) measure(services);
}
