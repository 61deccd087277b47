#include "claims.hpp"

#include <catch2/catch.hpp>

#include "../../support/await.hpp"
#include "../../support/fake_clock.hpp"

using namespace orilla;
using namespace orilla::test;
using namespace orilla::wiring;

namespace {
Error taken() { return Error(Code::conflict, "somebody has it"); }

struct ClaimWorld {
    FakeClock clock;
    loop::Loop loop{clock};
    int tries = 0;
};
}  // namespace

TEST_CASE("wait_for_claim: what is free is had at once") {
    ClaimWorld w;
    Started<Result<UniqueFd>> waiting(w.loop,
                                      wait_for_claim(w.loop, [&w]() -> Result<UniqueFd> { return ++w.tries, UniqueFd(); }));
    settle(w.loop);
    REQUIRE(waiting.done());
    CHECK(waiting.get().has_value());
    CHECK(w.tries == 1);
}

TEST_CASE("wait_for_claim: one that somebody lets go of is had soon after") {
    ClaimWorld w;
    bool free = false;
    auto take = [&]() -> Result<UniqueFd> { return free ? Result<UniqueFd>(UniqueFd()) : Result<UniqueFd>(taken()); };
    Started<Result<UniqueFd>> waiting(w.loop, wait_for_claim(w.loop, take));
    pass(w.loop, w.clock, 1'000);
    CHECK_FALSE(waiting.done());
    free = true;
    pass(w.loop, w.clock, claim_pause_ms);
    REQUIRE(waiting.done());
    CHECK(waiting.get().has_value());
}

TEST_CASE("wait_for_claim: one that stays taken is given up after a moment, with its own message") {
    ClaimWorld w;
    Started<Result<UniqueFd>> waiting(w.loop, wait_for_claim(w.loop, []() -> Result<UniqueFd> { return taken(); }));
    pass(w.loop, w.clock, claim_wait_ms_max - claim_pause_ms);
    CHECK_FALSE(waiting.done());
    pass(w.loop, w.clock, 2 * claim_pause_ms);
    REQUIRE(waiting.done());
    CHECK(waiting.get().error().message() == "somebody has it");
}

TEST_CASE("wait_for_claim: another failure is not waited for") {
    ClaimWorld w;
    Started<Result<UniqueFd>> waiting(w.loop,
                                      wait_for_claim(w.loop, []() -> Result<UniqueFd> { return Error(Code::system, "no"); }));
    settle(w.loop);
    REQUIRE(waiting.done());
    CHECK(waiting.get().error().message() == "no");
}
