#include "verbs/logs.hpp"
#include "cli_support.hpp"

using namespace orilla;
using namespace orilla::cli;

namespace {
boost::json::array log_pods(const char* annotations = "{}") {
    return boost::json::array{object((std::string(R"({"metadata":{"name":"p","annotations":)") + annotations +
                                      R"(},"spec":{"initContainers":[{"name":"i"}],"containers":[{"name":"a"},{"name":"b"}]}})")
                                         .c_str())};
}

std::string planned(const Options& options, const boost::json::array& found, std::string* note) {
    auto sources = plan_logs(options, found, note);
    if (!sources) return sources.error().message();
    std::string out;
    for (const auto& source : *sources) out += (out.empty() ? "" : " ") + source.pod + "/" + source.container;
    return out;
}
}  // namespace

TEST_CASE("plan_logs: the first container, with a note when there are others") {
    std::string note;
    CHECK(planned({}, log_pods(), &note) == "p/a");
    CHECK(note == "Defaulted container \"a\" out of: a, b, i (init)\n");
    std::string none;
    CHECK(planned({}, log_pods(R"({"kubectl.kubernetes.io/default-container":"b"})"), &none) == "p/b");
    CHECK(none.empty());
    CHECK(planned({}, {}, &none).empty());
}

TEST_CASE("plan_logs: -c and --all-containers") {
    std::string note;
    Options one;
    one.container = "i";
    CHECK(planned(one, log_pods(), &note) == "p/i");
    one.container = "nosuch";
    CHECK(planned(one, log_pods(), &note) == "error: container nosuch is not valid for pod p");
    Options all;
    all.all_containers = true;
    CHECK(planned(all, log_pods(), &note) == "p/i p/a p/b");
    CHECK(note.empty());
}

TEST_CASE("log_query: what the flags ask the server for") {
    Options options;
    CHECK(*log_query(options, "a b") == "?container=a%20b");
    options.follow = options.previous = options.timestamps = true;
    options.tail = 0;
    options.limit_bytes = 10;
    options.since = "1500ms";
    CHECK(*log_query(options, "c") ==
          "?container=c&follow=true&previous=true&timestamps=true&tailLines=0&limitBytes=10&sinceSeconds=2");
    Options every;
    every.tail = -1;
    every.since_time = "2026-01-01T00:00:00Z";
    CHECK(*log_query(every, "c") == "?container=c&sinceTime=2026-01-01T00%3A00%3A00Z");
    every.since = "bad";
    CHECK(complaint(log_query(every, "c")).starts_with("error: invalid argument \"bad\" for \"--since\" flag"));
}
