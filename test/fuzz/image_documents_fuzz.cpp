#include "auth.hpp"
#include "input.hpp"
#include "manifest.hpp"
#include "record.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace orilla::images;
    orilla::fuzz::Input input(data, size);
    const auto type = input.line();
    const auto text = input.rest();
    (void)parse_manifest(text, type);
    (void)parse_config(text);
    (void)parse_index_file(text);
    (void)parse_challenges({std::string(type)});
    if (const auto reference = parse_reference(type)) {
        (void)find_credentials(text, *reference);
        // What was normalised is normal.
        if (parse_reference(reference->name())->name() != reference->name()) __builtin_trap();
    }
    return 0;
}
