#include "orilla/base/random.hpp"

#include <catch2/catch.hpp>

using namespace orilla;

TEST_CASE("Random: a uuid is version 4 in canonical form") {
    SystemRandom random;
    for (int i = 0; i < 100; ++i) {
        const std::string id = random.uuid();
        REQUIRE(id.size() == 36);
        CHECK(id[8] == '-');
        CHECK(id[13] == '-');
        CHECK(id[14] == '4');
        CHECK(std::string("89ab").find(id[19]) != std::string::npos);
    }
}

TEST_CASE("Random: suffixes use the safe alphabet") {
    SystemRandom random;
    CHECK(random.name_suffix().size() == 5);
    CHECK(random.name_suffix(200).find_first_not_of("bcdfghjklmnpqrstvwxz2456789") == std::string::npos);
}
