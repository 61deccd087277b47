#include "trace.hpp"

#include <fcntl.h>

#include "cli_support.hpp"
#include "client.hpp"
#include "orilla/base/read_file.hpp"
#include "orilla/base/unique_fd.hpp"

using namespace orilla;
using namespace orilla::cli;

namespace {
/// What one request with a secret in its bodies tells at a level, without times.
std::string told(int level) {
    const Scratch scratch;
    const std::string file = scratch.write("err", "");
    fflush(stderr);
    const UniqueFd before(dup(STDERR_FILENO));
    const UniqueFd into(open(file.c_str(), O_WRONLY | O_TRUNC));
    dup2(into.get(), STDERR_FILENO);
    Request request;
    request.method = "POST";
    request.path = "/api/v1/secrets";
    request.body = "{\"secret\":\"geheim\"}";
    Trace trace(level);
    trace.begin(request);
    trace.header("HTTP/1.1 201 Created\r\n");
    trace.header("Content-Length: 5\r\n");
    trace.body("{\"a\":\"geheim\x1b\"}");
    trace.body(std::string(20'000, 'x'));
    trace.end(request, 3);
    fflush(stderr);
    dup2(before.get(), STDERR_FILENO);
    return *read_file(file, 1 << 20);
}

bool tells(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
}  // namespace

TEST_CASE("Trace: nothing below 6, one line there, headers from 7, no body before 8") {
    CHECK(told(0).empty());
    CHECK(told(5).empty());
    const std::string six = told(6), seven = told(7);
    CHECK(six.find('\n') == six.size() - 1);
    CHECK(six.ends_with("POST http://orilla/api/v1/secrets 201 Created in 3 milliseconds\n"));
    CHECK(tells(seven, "Content-Type: application/json"));
    for (const auto& text : {six, seven}) CHECK_FALSE(tells(text, "geheim"));
}

TEST_CASE("Trace: bodies in part at 8 and 9, in whole at 10, as text for a terminal") {
    const std::string eight = told(8);
    CHECK(tells(eight, "Request Body: {\"secret\":\"geheim\"}"));
    CHECK(tells(eight, "geheim^["));
    CHECK(tells(eight, "Response Status: 201 Created"));
    CHECK(tells(eight, "[truncated "));
    CHECK(eight.size() < 3'000);
    CHECK(told(9).size() > 10'000);
    CHECK(told(9).size() < 13'000);
    CHECK(told(10).size() > 20'000);
    CHECK_FALSE(tells(told(10), "[truncated "));
}
