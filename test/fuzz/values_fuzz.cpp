#include <cassert>

#include "orilla/schema/names.hpp"
#include "orilla/schema/values.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace orilla::api;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    if (auto quantity = Quantity::parse(text)) {
        auto again = Quantity::parse(quantity->text);
        assert(again && again->text == quantity->text && again->compare(*quantity) == 0);
        assert(quantity->minus(*quantity).value() == 0);
    }
    if (auto time = MicroTime::parse(text)) {
        auto again = MicroTime::parse(time->format());
        assert(!again || again->unix_us == time->unix_us);
    }
    (void)IntOrString(Str(text)).resolve(100, true);
    (void)check_qualified_name(text);
    (void)check_dns1123_subdomain(text);
    (void)check_port_name(text);
    (void)check_ip(text);
    return 0;
}
