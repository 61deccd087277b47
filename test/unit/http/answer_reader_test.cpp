#include "http/answer_reader.hpp"

#include <catch2/catch.hpp>

using namespace orilla;
using namespace orilla::http;

TEST_CASE("parse_status_line: three digits behind an HTTP/1.x, or an error that says what is wrong") {
    CHECK(*parse_status_line("HTTP/1.1 204 No Content") == 204);
    CHECK(*parse_status_line("HTTP/1.0 503") == 503);
    CHECK(parse_status_line("HTTP/1.1 2222 OK").error().message() == "malformed HTTP status code \"2222\"");
    CHECK(parse_status_line("HTTP/1.1 20 OK").error().message() == "malformed HTTP status code \"20\"");
    CHECK(parse_status_line("HTTP/2.0 200 OK").error().message() == "malformed HTTP version \"HTTP/2.0\"");
    CHECK(parse_status_line("\x1b[31mSSH-2.0-OpenSSH").error().message() == "malformed HTTP response \".[31mSSH-2.0-OpenSSH\"");
    for (const char* text : {"", "HTTP/1.1", "HTTP/1.1 000 ok", "HTTP/1.1 2x4 ok", "HTTP/1.1 -20 ok", "HTTP/1.1  "})
        CHECK(!parse_status_line(text));
}

namespace {
AnswerLimits cutting() {
    AnswerLimits limits;
    limits.body_bytes_max = 10 * 1024;
    limits.cuts_body = true;
    return limits;
}

/// The answer in pieces of every size; its error's text when it is none.
std::string read_answer(const std::string& text, bool ends = true) {
    std::string said;
    for (size_t piece : {size_t{1}, size_t{2}, size_t{7}, text.size() + 1}) {
        AnswerReader answer(cutting());
        Result<bool> complete = false;
        for (size_t from = 0; complete && !*complete && from < text.size(); from += piece)
            complete = answer.take(text.substr(from, piece));
        Result<void> ended = complete && !*complete && ends ? answer.end() : ok();
        const std::string now = !complete ? complete.error().message()
                                : !ended  ? ended.error().message()
                                : !*complete && !ends
                                    ? "incomplete"
                                    : std::to_string(answer.answer().status) + " " +
                                          std::string(answer.answer().header("location")) + "|" + answer.answer().body;
        if (!said.empty()) CHECK(now == said);
        said = now;
    }
    return said;
}
}  // namespace

TEST_CASE("AnswerReader: bodies with a length, in chunks and to the end") {
    CHECK(read_answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false) == "200 |ok");
    CHECK(read_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2;x=y\r\nok\r\n1\r\n!\r\n0\r\n", false) ==
          "200 |ok!");
    CHECK(read_answer("HTTP/1.0 500\n\nno") == "500 |no");
    CHECK(read_answer("HTTP/1.0 500\n\nno", false) == "incomplete");
    CHECK(read_answer("HTTP/1.1 204 No Content\r\n\r\n", false) == "204 |");
    CHECK(read_answer("HTTP/1.1 301 Moved\r\nlocation:  /end \r\nContent-Length: 0\r\n\r\n", false) == "301 /end|");
    const std::string long_body(20'000, 'x');
    CHECK(read_answer("HTTP/1.1 200 OK\r\n\r\n" + long_body, false) == "200 |" + long_body.substr(0, cutting().body_bytes_max));
}

TEST_CASE("AnswerReader: interim answers are skipped, a switch of protocols is none") {
    CHECK(read_answer("HTTP/1.1 103 Early Hints\r\nLocation: /no\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 "
                      "Not\r\nContent-Length: 0\r\n\r\n",
                      false) == "404 |");
    CHECK(read_answer("HTTP/1.1 101 Switching\r\n\r\n", false) == "101 |");
    std::string many;
    for (int i = 0; i < 6; ++i) many += "HTTP/1.1 102 Processing\r\n\r\n";
    CHECK(read_answer(many) == "too many 1xx informational responses");
    CHECK(read_answer("HTTP/1.1 103 Early Hints\r\n\r\n") == "unexpected EOF");
}

TEST_CASE("AnswerReader: what is no answer is an error") {
    CHECK(read_answer("HTTP/1.1 2222 OK\r\n\r\n") == "malformed HTTP status code \"2222\"");
    CHECK(read_answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok") == "unexpected EOF");
    CHECK(read_answer("HTTP/1.1 200 OK\r\n") == "unexpected EOF");
    CHECK(read_answer("HTTP/1.1 200 OK\r\nno colon\r\n\r\n") == "malformed MIME header line: no colon");
    CHECK(read_answer("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n") == "bad Content-Length \"-5\"");
    CHECK(read_answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n") == "bad Content-Length \"6\"");
    CHECK(read_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n") == "unsupported transfer encoding: \"gzip\"");
    CHECK(read_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n") == "malformed chunked encoding");
    AnswerReader endless(cutting());
    CHECK(endless.take("HTTP/1.1 200 OK\r\nX: "));
    CHECK(endless.take(std::string(70'000, 'x')).error().message() == "response headers exceeded 65536 bytes; aborted");
    CHECK(AnswerReader(cutting()).end().error().message() == "EOF");
}

TEST_CASE("AnswerReader: a head that comes byte by byte is no longer than it is") {
    AnswerLimits limits;
    limits.head_bytes_max = 40;
    AnswerReader reader(limits);
    for (const char c : std::string("HTTP/1.1 204 No Content\r\nX: y\r\n\r")) REQUIRE(reader.take({&c, 1}));
    CHECK(*reader.take("\n"));
}

TEST_CASE("AnswerReader: a body that is too large is an error where it may not be cut") {
    AnswerLimits limits;
    limits.body_bytes_max = 4;
    AnswerReader whole(limits), large(limits), endless(limits);
    CHECK(*whole.take("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour"));
    CHECK(whole.answer().body == "four");
    CHECK(large.take("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfives").error().message() ==
          "the answer's body is larger than 4 bytes");
    CHECK_FALSE(endless.take("HTTP/1.1 200 OK\r\n\r\nfives"));
}

TEST_CASE("AnswerReader: no body follows the head that a HEAD asked for") {
    AnswerReader reader({}, true);
    CHECK(*reader.take("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"));
    CHECK(reader.answer().header("content-length") == "4");
}

TEST_CASE("AnswerReader: a large body may come in small chunks, and chunks do not go on for ever") {
    AnswerLimits limits;
    limits.body_bytes_max = 100'000;
    AnswerReader small(limits), endless(limits);
    CHECK(small.take("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (int i = 0; i < 90'000; ++i) REQUIRE(small.take("1\r\nx\r\n"));
    CHECK(*small.take("0\r\n\r\n"));
    CHECK(small.answer().body.size() == 90'000);
    CHECK(endless.take("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;"));
    CHECK(endless.take(std::string(1'000'000, 'x')).error().message() == "malformed chunked encoding");
}
