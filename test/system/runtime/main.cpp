#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "support/runtime_box.hpp"

int main(int argc, char** argv) {
    if (!orilla::test::enter_runtime_box()) return orilla::test::runtime_skipped;
    return Catch::Session().run(argc, argv);
}
