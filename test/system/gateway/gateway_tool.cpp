// The daemon's side of the gateway without a daemon: hands it the routes that a file says, and again on SIGUSR1.
//
//   gateway_tool PROGRAM SOCKET FILE       (it is such a program itself)
//
// Lines of the file: listen KEY PORT [https CERTIFICATE] [proxy] | certificate KEY CHAIN_FILE KEY_FILE |
// route KEY LISTENER HOST PATH BACKEND (host "-": every one) | backend KEY IP:PORT,... [FIELD=NUMBER ...]
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "orilla/base/read_file.hpp"
#include "orilla/gateway/gateway.hpp"
#include "orilla/gateway/run.hpp"
#include "orilla/loop/signals.hpp"

using namespace orilla;
using namespace orilla::gateway;

namespace {
constexpr size_t pem_bytes_max = 1 << 20;

Listener read_listener(std::istringstream& words) {
    Listener listener;
    words >> listener.key >> listener.port;
    for (std::string word; words >> word;) {
        if (word == "proxy") listener.reads_proxy_protocol = true;
        if (word != "https" && word != "passthrough") continue;
        listener.protocol = word == "https" ? ListenerProtocol::https : ListenerProtocol::passthrough;
        if (word == "https" && words >> word && word != "-") listener.certificates.push_back(word);
    }
    return listener;
}

Route read_route(std::istringstream& words) {
    Route route;
    std::string listener, host, path, backend;
    words >> route.key >> listener >> host >> path >> backend;
    route.name = route.key;
    route.listeners = {listener};
    if (host != "-") route.hosts.push_back({host, true});
    Rule rule;
    Match match;
    match.path.value = path;
    rule.matches.push_back(std::move(match));
    Share share;
    share.backend = backend;
    rule.shares.push_back(std::move(share));
    route.rules.push_back(std::move(rule));
    return route;
}

void read_endpoints(std::string list, Backend& backend) {
    std::istringstream parts(std::move(list));
    for (std::string part; std::getline(parts, part, ',');) {
        const size_t colon = part.find(':');
        const auto ip = parse_ipv4(part.substr(0, colon));
        if (!ip || colon == std::string::npos) continue;
        backend.endpoints.push_back({*ip, static_cast<uint16_t>(atoi(part.c_str() + colon + 1))});
    }
}

Backend read_backend(std::istringstream& words) {
    Backend backend;
    std::string list;
    words >> backend.key >> list;
    read_endpoints(std::move(list), backend);
    for (std::string word; words >> word;) {
        const size_t equals = word.find('=');
        const int64_t number = atoll(word.c_str() + std::min(equals, word.size() - 1) + 1);
        const std::string name = word.substr(0, equals);
        if (name == "in_flight_max") backend.queue.in_flight_max = static_cast<uint32_t>(number);
        if (name == "waiting_max") backend.queue.waiting_max = static_cast<uint32_t>(number);
        if (name == "wait_ms_max") backend.queue.wait_ms_max = number;
        if (name == "answer_ms_max") backend.balance.answer_ms_max = number;
        if (name == "retries_max") backend.balance.retries_max = static_cast<uint32_t>(number);
        if (name == "h2c") backend.protocol = BackendProtocol::h2c;
        if (name == "tcp") backend.protocol = BackendProtocol::tcp;
    }
    return backend;
}

Change read_change(const char* file) {
    Change change;
    change.is_whole = true;
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line);
        std::string what;
        words >> what;
        if (what == "listen") change.listeners.push_back(read_listener(words));
        if (what == "route") change.routes.push_back(read_route(words));
        if (what == "backend") change.backends.push_back(read_backend(words));
        if (what != "certificate") continue;
        Certificate certificate;
        std::string chain, key;
        words >> certificate.key >> chain >> key;
        certificate.chain = read_file(chain, pem_bytes_max).value_or("");
        certificate.private_key = read_file(key, pem_bytes_max).value_or("");
        change.certificates.push_back(std::move(certificate));
    }
    return change;
}

loop::Task<void> follow(loop::Loop& loop, Gateway& gateway, const char* file) {
    loop::Signals signals(loop, {SIGUSR1, SIGUSR2, SIGTERM});
    for (;;) {
        gateway.apply(read_change(file));
        AWAIT(const int number, signals.next());
        if (number == SIGTERM) break;
        if (number != SIGUSR2) continue;
        std::string metrics;
        gateway.append_metrics(metrics);
        fputs(metrics.c_str(), stdout);
    }
    loop.stop();
}
}  // namespace

int main(int argc, char** argv) {
    if (argc > 1)
        if (const auto status = run_gateway(argv[1])) return *status;
    if (argc < 4) return 2;
    setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
    signal(SIGPIPE, SIG_IGN);
    SystemClock clock;
    loop::Loop loop(clock);
    GatewayOptions options;
    options.program = argv[1];
    options.socket = argv[2];
    options.logs_access = getenv("LOGS_ACCESS") != nullptr;
    Gateway gateway(loop, std::move(options));
    gateway.on_fault([](const Fault& fault) { printf("fault %s: %s\n", fault.key.c_str(), fault.message.c_str()); });
    gateway.on_wanted([](const Wanted& wanted) { printf("wanted %s\n", wanted.backend.c_str()); });
    loop::Scope scope(loop);
    scope.spawn(follow(loop, gateway, argv[3]));
    loop.run();
    return 0;
}
