#include "probes/probes.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <thread>

#include "orilla/base/clock.hpp"
#include "probes/probe_io.hpp"
#include "support/await.hpp"

using namespace orilla;
using namespace orilla::node;

TEST_CASE("ProbeCounter: a verdict needs its threshold of results in a row") {
    ProbeCounter counter(2, 3);
    CHECK(counter.record(true) == ProbeVerdict::unknown);
    CHECK(counter.record(true) == ProbeVerdict::success);
    CHECK(counter.record(false) == ProbeVerdict::success);
    CHECK(counter.record(false) == ProbeVerdict::success);
    CHECK(counter.record(true) == ProbeVerdict::success);
    CHECK(counter.record(false) == ProbeVerdict::success);
    CHECK(counter.record(false) == ProbeVerdict::success);
    CHECK(counter.record(false) == ProbeVerdict::failure);
}

TEST_CASE("parse_status_line: three digits behind an HTTP/1.x, or an error that says what is wrong") {
    CHECK(*parse_status_line("HTTP/1.1 204 No Content") == 204);
    CHECK(*parse_status_line("HTTP/1.0 503") == 503);
    CHECK(parse_status_line("HTTP/1.1 2222 OK").error().message() == "malformed HTTP status code \"2222\"");
    CHECK(parse_status_line("HTTP/1.1 20 OK").error().message() == "malformed HTTP status code \"20\"");
    CHECK(parse_status_line("HTTP/2.0 200 OK").error().message() == "malformed HTTP version \"HTTP/2.0\"");
    CHECK(parse_status_line("\x1b[31mSSH-2.0-OpenSSH").error().message() == "malformed HTTP response \".[31mSSH-2.0-OpenSSH\"");
    for (const char* text : {"", "HTTP/1.1", "HTTP/1.1 2x4 ok", "HTTP/1.1 -20 ok", "HTTP/1.1  "}) CHECK(!parse_status_line(text));
}

TEST_CASE("render_target: what a probe names as a path can stand in a request") {
    const std::pair<const char*, const char*> paths[] = {{"healthz", "/healthz"}, {"/healthz", "/healthz"}, {"", "/"},
        {"?a=b", "/?a=b"}, {"/a b\r\nX: y", "/a%20b%0D%0AX:%20y"}, {"/a#b", "/a"}, {"/a%20b", "/a%20b"}, {"/\xc3\xa9", "/%C3%A9"}};
    for (const auto& [path, target] : paths) CHECK(render_target(path) == target);
}

TEST_CASE("resolve_location: relative, absolute and none") {
    const ProbeUrl from{false, "10.42.0.5", 8080, "/a/b?q=1"};
    const std::pair<const char*, const char*> places[] = {
        {"/end", "http://10.42.0.5:8080/end"}, {"end", "http://10.42.0.5:8080/a/end"}, {"../x/./y", "http://10.42.0.5:8080/x/y"},
        {"?q=2", "http://10.42.0.5:8080/a/b?q=2"}, {"//10.42.0.6/x", "http://10.42.0.6:80/x"}, {"..", "http://10.42.0.5:8080/"},
        {"HTTPS://10.42.0.5", "https://10.42.0.5:443/"}, {"http://u:p@10.42.0.7:81?x", "http://10.42.0.7:81/?x"},
        {"http://[::1]:90/z#f", "http://[::1]:90/z"}, {"/a/../../../b/", "http://10.42.0.5:8080/b/"}};
    for (const auto& [location, url] : places) CHECK(render_url(*resolve_location(from, location)) == url);
    for (const char* bad : {"ftp://10.42.0.5/", "http:/x", "http://", "http://h:99999/", "http://h:x/", "http://:80/"})
        CHECK_FALSE(resolve_location(from, bad));
    CHECK(is_absolute_location("http://x"));
    for (const char* relative : {"/x", "x/y:z", "//host", ":x", "1a:b"}) CHECK_FALSE(is_absolute_location(relative));
}

namespace {
/// The answer in pieces of every size; its error's text when it is none.
std::string read_answer(const std::string& text, bool ends = true) {
    std::string said;
    for (size_t piece : {size_t{1}, size_t{2}, size_t{7}, text.size() + 1}) {
        HttpAnswer answer;
        Result<bool> complete = false;
        for (size_t from = 0; complete && !*complete && from < text.size(); from += piece) complete = answer.take(text.substr(from, piece));
        Result<void> ended = complete && !*complete && ends ? answer.end() : ok();
        const std::string now = !complete ? complete.error().message() : !ended ? ended.error().message()
            : !*complete && !ends ? "incomplete" : std::to_string(answer.status()) + " " + answer.location() + "|" + answer.body();
        if (!said.empty()) CHECK(now == said);
        said = now;
    }
    return said;
}
}  // namespace

TEST_CASE("HttpAnswer: bodies with a length, in chunks and to the end") {
    CHECK(read_answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false) == "200 |ok");
    CHECK(read_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2;x=y\r\nok\r\n1\r\n!\r\n0\r\n", false) == "200 |ok!");
    CHECK(read_answer("HTTP/1.0 500\n\nno") == "500 |no");
    CHECK(read_answer("HTTP/1.0 500\n\nno", false) == "incomplete");
    CHECK(read_answer("HTTP/1.1 204 No Content\r\n\r\n", false) == "204 |");
    CHECK(read_answer("HTTP/1.1 301 Moved\r\nlocation:  /end \r\nContent-Length: 0\r\n\r\n", false) == "301 /end|");
    const std::string long_body(20'000, 'x');
    CHECK(read_answer("HTTP/1.1 200 OK\r\n\r\n" + long_body, false) == "200 |" + long_body.substr(0, probe_answer_bytes_max));
}

TEST_CASE("HttpAnswer: interim answers are skipped, a switch of protocols is none") {
    CHECK(read_answer("HTTP/1.1 103 Early Hints\r\nLocation: /no\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not\r\nContent-Length: 0\r\n\r\n", false) == "404 |");
    CHECK(read_answer("HTTP/1.1 101 Switching\r\n\r\n", false) == "101 |");
    std::string many;
    for (int i = 0; i < 6; ++i) many += "HTTP/1.1 102 Processing\r\n\r\n";
    CHECK(read_answer(many) == "too many 1xx informational responses");
    CHECK(read_answer("HTTP/1.1 103 Early Hints\r\n\r\n") == "unexpected EOF");
}

TEST_CASE("HttpAnswer: what is no answer is an error") {
    CHECK(read_answer("HTTP/1.1 2222 OK\r\n\r\n") == "malformed HTTP status code \"2222\"");
    CHECK(read_answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok") == "unexpected EOF");
    CHECK(read_answer("HTTP/1.1 200 OK\r\n") == "unexpected EOF");
    CHECK(read_answer("HTTP/1.1 200 OK\r\nno colon\r\n\r\n") == "malformed MIME header line: no colon");
    CHECK(read_answer("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n") == "bad Content-Length \"-5\"");
    CHECK(read_answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n") == "bad Content-Length \"6\"");
    CHECK(read_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n") == "unsupported transfer encoding: \"gzip\"");
    CHECK(read_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n") == "malformed chunked encoding");
    HttpAnswer endless;
    CHECK(endless.take("HTTP/1.1 200 OK\r\nX: "));
    CHECK(endless.take(std::string(70'000, 'x')).error().message() == "response headers exceeded 65536 bytes; aborted");
    CHECK(HttpAnswer().end().error().message() == "EOF");
}

TEST_CASE("render_probe_request: own headers replace the defaults") {
    HttpProbeRequest request{{false, "10.42.0.5", 80, "/healthz"}, {{"Host", "shop"}, {"X-A", "b"}}};
    CHECK(render_probe_request(request) ==
          "GET /healthz HTTP/1.1\r\nUser-Agent: kube-probe/1.33\r\nAccept: */*\r\nHost: shop\r\nX-A: b\r\nConnection: close\r\n\r\n");
}

namespace {
/// A server on the loopback that answers each path with what is written for it; it counts the requests.
class Answering {
  public:
    explicit Answering(std::map<std::string, std::string> answers) : answers_(std::move(answers)) {
        listener_.reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        REQUIRE(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
        REQUIRE(listen(listener_.get(), 4) == 0);
        getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
        port = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~Answering() {
        shutdown(listener_.get(), SHUT_RDWR);
        thread_.join();
    }
    int port = 0;
    std::atomic<int> asked{0};
    std::string heard;  ///< the last request

  private:
    void serve() {
        for (;;) {
            UniqueFd peer(accept(listener_.get(), nullptr, nullptr));
            if (!peer) return;
            std::string request;
            char buffer[1024];
            for (ssize_t got = 1; got > 0 && request.find("\r\n\r\n") == std::string::npos;) {
                got = read(peer.get(), buffer, sizeof buffer);
                request.append(buffer, static_cast<size_t>(std::max<ssize_t>(got, 0)));
            }
            heard = request;
            ++asked;
            const size_t end = request.find(' ', 4);
            const auto found = answers_.find(request.substr(4, end - 4));
            const std::string answer = found == answers_.end() ? "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n" : found->second;
            if (write(peer.get(), answer.data(), answer.size()) < 0) return;
        }
    }
    std::map<std::string, std::string> answers_;
    UniqueFd listener_;
    std::thread thread_;
};

std::string to(const std::string& location) { return "HTTP/1.1 302 Found\r\nLocation: " + location + "\r\nContent-Length: 4\r\n\r\ngone"; }
}  // namespace

TEST_CASE("get_http: redirects are followed on the same host, and where they end counts") {
    SystemClock clock;
    loop::Loop loop(clock);
    const std::string fine = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    std::map<std::string, std::string> answers{
        {"/fine", fine}, {"/early", "HTTP/1.1 103 Early Hints\r\n\r\n" + fine}, {"/bad", "HTTP/1.1 2222 Fine\r\n\r\n"},
        {"/end", "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"}, {"/to-end", to("/end")}, {"/to-fine", to("fine")}, {"/loop", to("/loop")},
        {"/away", to("http://192.0.2.7/")}, {"/not-modified", "HTTP/1.1 304 Not\r\n\r\n"}, {"/nowhere", "HTTP/1.1 302 Found\r\n\r\nbody"},
        {"/ftp", to("ftp://127.0.0.1/")}};
    for (int i = 0; i < 10; ++i) answers["/" + std::to_string(i)] = i == 9 ? fine : to("/" + std::to_string(i + 1));
    Answering server(answers);
    const std::string base = "Get \"http://127.0.0.1:" + std::to_string(server.port);
    const auto get = [&](std::string path, std::vector<std::pair<std::string, std::string>> headers = {}) {
        server.asked = 0;
        HttpProbeRequest request{{false, "127.0.0.1", server.port, std::move(path)}, std::move(headers)};
        auto answer = test::await(loop, get_http(loop, std::move(request)));
        return !answer ? answer.error().message() : answer->warning.empty() ? "success" : answer->warning;
    };
    CHECK(get("/fine") == "success");
    CHECK(get("/early") == "success");
    CHECK(get("/bad") == base + "/bad\": malformed HTTP status code \"2222\"");
    CHECK(get("/to-fine") == "success");
    CHECK(get("/to-end") == "HTTP probe failed with statuscode: 500");
    CHECK(get("/away") == "Probe terminated redirects, Response body: gone");
    CHECK(server.asked == 1);
    CHECK(get("/not-modified") == "Probe terminated redirects, Response body: ");
    CHECK(get("/nowhere") == "Probe terminated redirects, Response body: body");
    CHECK(get("/ftp") == base + "/ftp\": unsupported protocol scheme \"ftp\"");
    CHECK(get("/0") == "success");
    CHECK(server.asked == 10);
    CHECK(get("/loop") == base + "/loop\": stopped after 10 redirects");
    CHECK(server.asked == 10);
    CHECK(get("/to-fine", {{"Host", "shop"}, {"X-Own", "yes"}}) == "success");
    CHECK(server.heard.find("Host: shop\r\nX-Own: yes\r\n") != std::string::npos);
}
