#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "../../support/net_box.hpp"

int main(int argc, char** argv) {
    if (!orilla::test::enter_net_box()) return orilla::test::skipped;
    return Catch::Session().run(argc, argv);
}
