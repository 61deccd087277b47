// One stream of a server: its request as a Handler sees it, and the way of the answer out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "h2/server.hpp"

namespace orilla::http {

class H2Server::Served final : public H2User, public BodyStream, public InterimAnswers {
  public:
    Served(H2Server& server, H2Stream& stream);
    ~Served() override;
    Served(const Served&) = delete;
    Served& operator=(const Served&) = delete;

    void start() { scope_.spawn(serve()); }
    /// It has answered, or nobody waits for its answer any more.
    bool is_over() const { return is_answered_ || stream_.closed; }
    int64_t deadline_ms() const { return deadline_ms_; }
    /// Its time is up; not so while its client takes some of what was offered.
    void expire(int64_t now_ms);

    // BodyStream: the request's
    std::optional<uint64_t> length() const override;
    bool ended() const override { return stream_.ended && stream_.unread.empty(); }
    void take_ready(std::string* out) override;
    loop::Task<Result<bool>> next(std::string* out) override;
    const Headers& trailers() const override;
    // InterimAnswers
    loop::Task<Result<void>> send(int status, std::string headers) override;

  private:
    void on_change(H2Stream&) override { changed_.notify_all(); }
    loop::Task<void> serve();
    loop::Task<Response> answer();
    loop::Task<int> collect_body();
    const char* make_request();
    Response refuse(int status, std::string_view text) const { return server_.shared_.handler.render_http_error(status, text); }
    bool take_room(size_t bytes);
    bool submit_head(const Response& response, std::optional<uint64_t> length, bool has_body);
    loop::Task<void> write(Response response);
    loop::Task<bool> write_pieces(Response* response);
    loop::Task<bool> write_piece(std::string_view piece, std::shared_ptr<const void> shared, bool ends);
    void set_deadline(int64_t limit_ms);
    void wants_continue();

    H2Server& server_;
    H2Stream& stream_;
    Request request_;
    std::string body_;
    size_t room_ = 0;  ///< of the budget for bodies
    mutable Headers trailers_;
    int64_t deadline_ms_ = INT64_MAX;
    size_t offered_bytes_ = 0;  ///< of `out`, when the deadline was set
    int fault_status_ = 0;      ///< of the head
    bool expects_continue_ = false;
    bool is_watch_ = false;
    bool is_counted_ = false;
    bool is_answered_ = false;
    loop::Event changed_;
    loop::Scope scope_;
};

/// Why the head of a request must not be answered as what it asks for; null when it may. `status` is for the answer.
const char* find_h2_fault(const H2Block& head, const ParserLimits& limits, int* status);
/// The request as a view of the head.
void view_request(H2Block& head, Request& request);

}  // namespace orilla::http
