#include "orilla/http/url.hpp"

#include <catch2/catch.hpp>

using namespace orilla;
using namespace orilla::http;

TEST_CASE("render_target: what a probe names as a path can stand in a request") {
    const std::pair<const char*, const char*> paths[] = {{"healthz", "/healthz"},
                                                         {"/healthz", "/healthz"},
                                                         {"", "/"},
                                                         {"?a=b", "/?a=b"},
                                                         {"/a b\r\nX: y", "/a%20b%0D%0AX:%20y"},
                                                         {"/a#b", "/a"},
                                                         {"/a%20b", "/a%20b"},
                                                         {"/\xc3\xa9", "/%C3%A9"}};
    for (const auto& [path, target] : paths) CHECK(render_target(path) == target);
}

TEST_CASE("resolve_location: relative, absolute and none") {
    const Url from{false, "10.42.0.5", 8080, "/a/b?q=1"};
    const std::pair<const char*, const char*> places[] = {
        {"/end", "http://10.42.0.5:8080/end"},           {"end", "http://10.42.0.5:8080/a/end"},
        {"../x/./y", "http://10.42.0.5:8080/x/y"},       {"?q=2", "http://10.42.0.5:8080/a/b?q=2"},
        {"//10.42.0.6/x", "http://10.42.0.6:80/x"},      {"..", "http://10.42.0.5:8080/"},
        {"HTTPS://10.42.0.5", "https://10.42.0.5:443/"}, {"http://u:p@10.42.0.7:81?x", "http://10.42.0.7:81/?x"},
        {"http://[::1]:90/z#f", "http://[::1]:90/z"},    {"/a/../../../b/", "http://10.42.0.5:8080/b/"}};
    for (const auto& [location, url] : places) CHECK(render_url(*resolve_location(from, location)) == url);
    for (const char* bad : {"ftp://10.42.0.5/", "http:/x", "http://", "http://h:99999/", "http://h:x/", "http://:80/"})
        CHECK_FALSE(resolve_location(from, bad));
    CHECK(is_absolute_location("http://x"));
    for (const char* relative : {"/x", "x/y:z", "//host", ":x", "1a:b"}) CHECK_FALSE(is_absolute_location(relative));
}
