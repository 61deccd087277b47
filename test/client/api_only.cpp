// The API server over a store and nothing else: what kubectl's tour and the GET bench talk to when no node is wanted.
//
//   api_only DIRECTORY [LISTEN=127.0.0.1:6443]
//
// keeps its data, api.sock and admin.kubeconfig in DIRECTORY and runs until SIGTERM or SIGINT.
#include <csignal>
#include <cstdio>
#include <fstream>

#include "orilla/apiserver/admission.hpp"
#include "orilla/apiserver/server.hpp"
#include "orilla/base/random.hpp"
#include "orilla/loop/io_thread.hpp"
#include "orilla/loop/loop.hpp"
#include "orilla/loop/signals.hpp"
#include "orilla/objects/objects.hpp"
#include "orilla/objects/store_options.hpp"

using namespace orilla;

namespace {
template <class T>
T must(Result<T> result, const char* what) {
    if (!result) std::exit((std::fprintf(stderr, "%s: %s\n", what, result.error().message().c_str()), 1));
    return std::move(result).value();
}
void must(Result<void> result, const char* what) {
    if (!result) std::exit((std::fprintf(stderr, "%s: %s\n", what, result.error().message().c_str()), 1));
}

struct ApiOnly {
    loop::Loop& loop;
    store::Store& store;
    objects::Objects& objects;
    apiserver::Server& server;
    std::string directory;
    std::string listen;

    loop::Task<void> run() {
        auto making = objects.ensure_standard_namespaces();
        must(co_await std::move(making), "namespaces");
        const auto names = pki::default_pki_names("api-only", "cluster.local", {"10.43.0.1"});
        const pki::Pki pki = must(pki::ensure_pki(directory + "/pki", names), "certificates");
        std::ofstream(directory + "/admin.kubeconfig") << pki::render_kubeconfig(pki, "https://" + listen);
        must(server.listen_unix(directory + "/api.sock"), "socket");
        must(server.listen_tls(listen, pki), "TLS");
        std::printf("ready\n");
        std::fflush(stdout);
        loop::Signals signals(loop, {SIGTERM, SIGINT});
        AWAIT_VOID(signals.next());
        auto closing = store.close();
        must(co_await std::move(closing), "close");
        loop.stop();
    }
};
}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return std::fprintf(stderr, "usage: api_only DIRECTORY [LISTEN]\n"), 2;
    signal(SIGPIPE, SIG_IGN);  // as serve does: a goodbye may find that its client has gone
    const std::string directory = argv[1];
    const SystemClock clock;
    SystemRandom random;
    loop::Loop loop(clock);
    // Before the I/O thread starts, so that it inherits the mask: Signals blocks them for this thread only.
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    ::sigprocmask(SIG_BLOCK, &blocked, nullptr);
    loop::IoThread disk(loop);
    api::KindRegistry kinds;
    store::StoreOptions options = objects::store_options(kinds);
    options.data_dir = directory;
    auto store = must(store::open_sqlite_store(loop, disk, options), "store");
    objects::Objects objects(loop, *store, random, kinds);
    const apiserver::Admissions admissions(objects, {});
    apiserver::ServerOptions server_options;
    server_options.advertised_address = argc > 2 ? argv[2] : "127.0.0.1:6443";
    server_options.executor = &disk;
    apiserver::Server server(loop, objects, server_options);
    ApiOnly world{loop, *store, objects, server, directory, server_options.advertised_address};
    loop::Scope scope(loop);
    scope.spawn(world.run());
    loop.run();
    return 0;
}
