// A whole API server in memory on a fake clock, spoken to over a socketpair.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <string>

#include "admitted_world.hpp"
#include "apiserver/request/api_handler.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/http/server.hpp"

namespace orilla::test {

inline const std::string pods = "/api/v1/namespaces/default/pods";
inline const std::string merge = "Content-Type: application/merge-patch+json\r\n";
inline const std::string strategic = "Content-Type: application/strategic-merge-patch+json\r\n";
inline const std::string json_patch = "Content-Type: application/json-patch+json\r\n";

struct Answer {
    int status = 0;
    std::string head;
    std::string body;
    bool has(std::string_view text) const { return body.find(text) != std::string::npos; }
};

class ApiClient {
  public:
    ApiClient(loop::Loop& loop, http::Server& http) : loop_(loop) {
        const http::Peer root{http::Peer::Kind::local, 0};
        int ends[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
        http.adopt(UniqueFd(ends[0]), root);
        fd_.reset(ends[1]);
    }
    void send(const std::string& method, const std::string& target, const std::string& body = {},
              const std::string& headers = {}) {
        std::string text = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers;
        if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
        text += "\r\n" + body;
        for (std::string_view left = text; !left.empty();) {
            const ssize_t sent = ::send(fd_.get(), left.data(), left.size(), MSG_NOSIGNAL);
            REQUIRE((sent > 0 || errno == EAGAIN));
            left.remove_prefix(static_cast<size_t>(std::max<ssize_t>(sent, 0)));
            settle(loop_);
        }
    }
    /// What has arrived, as it came.
    std::string receive() {
        std::string text;
        char piece[65536];
        for (;;) {
            settle(loop_);
            const ssize_t got = ::recv(fd_.get(), piece, sizeof piece, 0);
            if (got <= 0) return text;
            text.append(piece, static_cast<size_t>(got));
        }
    }
    Answer ask(const std::string& method, const std::string& target, const std::string& body = {},
               const std::string& headers = {}) {
        send(method, target, body, headers);
        return parse(receive());
    }
    static Answer parse(const std::string& text) {
        Answer answer;
        const size_t end = text.find("\r\n\r\n");
        REQUIRE(end != std::string::npos);
        answer.status = std::stoi(text.substr(9, 3));
        answer.head = text.substr(0, end + 2);
        answer.body = text.substr(end + 4);
        if (answer.head.find("Transfer-Encoding: chunked") != std::string::npos) answer.body = unchunk(answer.body);
        return answer;
    }
    /// The bytes of the chunks that are there.
    static std::string unchunk(std::string_view chunks) {
        std::string out;
        while (!chunks.empty()) {
            const size_t line = chunks.find("\r\n");
            REQUIRE(line != std::string_view::npos);
            const size_t size = std::stoul(std::string(chunks.substr(0, line)), nullptr, 16);
            out += chunks.substr(line + 2, size);
            chunks.remove_prefix(line + 2 + size + 2);
        }
        return out;
    }
    void hang_up() { fd_.reset(); }

  private:
    loop::Loop& loop_;
    UniqueFd fd_;
};

struct ApiWorld : AdmittedWorld {
    explicit ApiWorld(apiserver::ServerOptions the_options = {})
        : options(std::move(the_options)), handler(loop, objects, options), http(loop, handler, {}), client(loop, http) {
        handler.set_counters(&http.counters(), [this] { return http.connections(); });
    }
    /// POST; the answer must be 201.
    Answer create(const std::string& path, const std::string& body) {
        Answer answer = client.ask("POST", path, body, "Content-Type: application/json\r\n");
        INFO(answer.body);
        REQUIRE(answer.status == 201);
        return answer;
    }
    apiserver::ServerOptions options;
    apiserver::ApiHandler handler;
    http::Server http;
    ApiClient client;
};

}  // namespace orilla::test
