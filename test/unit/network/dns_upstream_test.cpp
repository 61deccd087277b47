#include "dns/dns_upstream.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <optional>

#include "../../support/await.hpp"
#include "../../support/fake_clock.hpp"

using namespace orilla;
using namespace orilla::network;

namespace {

/// Keeps a job while it is told to hang.
class StuckExecutor final : public loop::Executor {
  public:
    explicit StuckExecutor(loop::Loop& loop) : inline_(loop) {}
    void submit(std::function<void()> job, std::function<void()> done) override {
        ++jobs;
        if (stuck) kept_ = {std::move(job), std::move(done)};
        else inline_.submit(std::move(job), std::move(done));
    }
    void let_go() {
        stuck = false;
        inline_.submit(std::move(kept_.first), std::move(kept_.second));
    }
    bool stuck = false;
    int jobs = 0;

  private:
    loop::InlineExecutor inline_;
    std::pair<std::function<void()>, std::function<void()>> kept_;
};

struct UpstreamWorld {
    UpstreamWorld() {
        config.address = *parse_ipv4("10.42.0.1");
        config.resolv_conf = "/tmp/orilla-upstream-" + std::to_string(::getpid());
    }
    ~UpstreamWorld() { std::remove(config.resolv_conf.c_str()); }
    void write(const std::string& text) { std::ofstream(config.resolv_conf) << text; }
    /// What is told within this time; "late" when nothing is.
    std::string ask(int64_t wait_ms = 0) {
        test::Started<std::vector<DnsUpstream>> asked(loop, list.current());
        test::pass(loop, clock, wait_ms);
        if (!asked.done()) return "late";
        std::string out;
        for (const auto& upstream : asked.get()) out += upstream.ip.text() + " ";
        return out;
    }
    test::FakeClock clock;
    loop::Loop loop{clock};
    StuckExecutor files{loop};
    DnsServerConfig config;
    DnsUpstreamList list{loop, files, config};
};

}  // namespace

TEST_CASE("DnsUpstreamList: a resolv.conf is looked at again after some seconds, when somebody asks") {
    UpstreamWorld w;
    w.write("nameserver 10.0.0.1\nnameserver 10.42.0.1\n");
    CHECK(w.ask() == "10.0.0.1 ");  // not ourselves
    w.write("nameserver 10.0.0.2\n");
    test::pass(w.loop, w.clock, resolv_conf_age_ms_max - 1);
    CHECK(w.ask() == "10.0.0.1 ");
    test::pass(w.loop, w.clock, 60'000);
    CHECK(w.files.jobs == 1);
    CHECK(w.ask() == "10.0.0.2 ");
}

TEST_CASE("DnsUpstreamList: fixed ones need no file") {
    UpstreamWorld w;
    w.config.upstreams = {{*parse_ipv4("10.0.0.9"), 53}};
    CHECK(w.ask() == "10.0.0.9 ");
    CHECK(w.files.jobs == 0);
}

TEST_CASE("DnsUpstreamList: a resolv.conf that does not answer is waited for once, and those that it named are asked") {
    UpstreamWorld w;
    w.write("nameserver 10.0.0.1\n");
    CHECK(w.ask() == "10.0.0.1 ");
    test::pass(w.loop, w.clock, resolv_conf_age_ms_max);
    w.write("nameserver 10.0.0.2\n");
    w.files.stuck = true;
    CHECK(w.ask(resolv_conf_answer_ms_max - 1) == "late");
    CHECK(w.ask(1) == "10.0.0.1 ");
    test::pass(w.loop, w.clock, 60'000);
    CHECK(w.ask() == "10.0.0.1 ");
    CHECK(w.files.jobs == 2);
    w.files.let_go();
    test::settle(w.loop);
    CHECK(w.ask() == "10.0.0.2 ");
}
