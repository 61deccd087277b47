#include "pull_places.hpp"

#include <catch2/catch.hpp>
#include <memory>

#include "../../support/await.hpp"
#include "../../support/fake_clock.hpp"

using namespace orilla;
using namespace orilla::images;
using orilla::test::Started;

namespace {
using Running = std::map<std::string, int>;
const PullPlacesConfig defaults;  // four places, two for a registry, two kept for others

std::optional<size_t> next(const std::vector<std::string>& waiting, const Running& running) {
    return plan_next_pull(waiting, running, defaults);
}

struct PlacesWorld {
    test::FakeClock clock;
    loop::Loop loop{clock};
    PullPlaces places{loop, defaults};
    std::vector<std::unique_ptr<Started<Pass>>> pulls;

    size_t pull(const std::string& registry) {
        pulls.push_back(std::make_unique<Started<Pass>>(loop, places.enter(registry)));
        test::settle(loop);
        return pulls.size() - 1;
    }
    bool runs(size_t pull) const { return pulls[pull]->done(); }
    void end(size_t pull) {
        pulls[pull]->get().release();
        test::settle(loop);
    }
};
}  // namespace

TEST_CASE("plan_next_pull: one registry gets two places") {
    CHECK(next({}, {}) == std::nullopt);
    CHECK(next({"a"}, {}) == 0);
    CHECK(next({"a"}, {{"a", 1}}) == 0);
    CHECK(next({"a"}, {{"a", 2}}) == std::nullopt);
}

TEST_CASE("plan_next_pull: a second place is given only while two stay free for others") {
    CHECK(next({"a"}, {{"a", 1}, {"b", 1}}) == std::nullopt);
    CHECK(next({"a", "c"}, {{"a", 1}, {"b", 1}}) == 1);
    CHECK(next({"d"}, {{"a", 2}, {"b", 1}}) == 0);
    CHECK(next({"e"}, {{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}}) == std::nullopt);
}

TEST_CASE("plan_next_pull: who has the fewest pulls is first, then who came first") {
    CHECK(next({"a", "b"}, {{"a", 1}}) == 1);
    CHECK(next({"a", "b"}, {}) == 0);
    CHECK(next({"a", "a", "a"}, {{"a", 1}}) == 0);
}

TEST_CASE("PullPlaces: ten pulls from two registries leave an eleventh its way in") {
    PlacesWorld w;
    for (int i = 0; i < 10; ++i) w.pull(i % 2 ? "slow" : "slower");
    const size_t honest = w.pull("honest");
    CHECK(w.runs(honest));
    int running = 0;
    for (size_t i = 0; i < 10; ++i) running += w.runs(i);
    CHECK(running == 2);
}

TEST_CASE("PullPlaces: whoever ends, or is cancelled, lets the next one in") {
    PlacesWorld w;
    const size_t first = w.pull("a"), second = w.pull("a"), third = w.pull("a"), fourth = w.pull("a");
    CHECK((w.runs(first) && w.runs(second) && !w.runs(third)));
    w.pulls[third]->cancel();
    w.end(first);
    CHECK(w.runs(fourth));
    CHECK_FALSE(w.runs(third));
}
