// The state of one HTTP/2 connection, of either role, without any I/O: bytes in, bytes out, and streams. nghttp2 does frames,
// compression, flow control and the rules of RFC 9113; this class does the bounds. It promises that nothing grows because a
// peer likes it to: fields are counted, a body that nobody takes stops at its window, one connection's bodies stop at the
// connection's window, and who resets, pings or sends empty frames faster than work comes of it loses the connection.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "block.hpp"
#include "orilla/base/result.hpp"
#include "orilla/http/limits.hpp"

struct nghttp2_session;

namespace orilla::http {

/// RFC 9113, 7.
enum class H2Error : uint32_t {
    none = 0,
    protocol = 1,
    internal = 2,
    refused_stream = 7,
    cancel = 8,
    enhance_your_calm = 11,
    http_1_1_required = 13,
};

struct H2Stream;

/// Who a stream belongs to. Told from within the session: it notes, and does nothing with the session but `consume`.
class H2User {
  public:
    virtual ~H2User() = default;
    /// A head, more of a body, an end came; all of `out` was taken; it is closed.
    virtual void on_change(H2Stream& stream) = 0;
};

/// One request and its answer. Who has it holds it until `H2Session::forget`.
struct H2Stream {
    int32_t id = 0;
    H2Block head;        ///< of the other side: a request, an answer
    H2Block trailers;    ///< whole once `ended`
    std::string unread;  ///< of the other side's body; its window opens again as this is consumed
    bool has_head = false;
    bool ended = false;   ///< the other side has said all
    bool closed = false;  ///< nothing goes on in either direction
    uint32_t error = 0;   ///< with `closed`: why; 0: it was complete

    /// This side's body: taken from there as the other side's window allows. The bytes live until all of it was taken.
    std::string_view out;
    bool out_ended = false;  ///< nothing follows `out`
    bool out_done = false;   ///< the end was taken, too
    bool waits_for_out = false;
    bool was_reset = false;                ///< by this side
    std::vector<HeaderView> out_trailers;  ///< behind the body; they live until `out` was taken

    H2User* user = nullptr;
};

/// Where heads arrive. The same rule holds for it.
class H2Heads {
  public:
    virtual ~H2Heads() = default;
    /// Server: a request, and it is nobody's yet. Client: the head of an answer, an interim one's as well.
    virtual void on_head(H2Stream& stream) = 0;
};

/// So many at once, and so many a second.
class H2Budget {
  public:
    H2Budget(uint64_t burst_max, uint64_t per_s) : burst_max_(burst_max), per_s_(per_s), left_(burst_max) {}
    bool take(int64_t now_ms);
    void earn(uint64_t count) { left_ = left_ + count > burst_max_ ? burst_max_ : left_ + count; }

  private:
    uint64_t burst_max_, per_s_, left_;
    int64_t earned_until_ms_ = -1;
};

class H2Session {
  public:
    enum class Role : uint8_t { server, client };
    /// `heads` outlives it. Null when there is no memory for it.
    static std::unique_ptr<H2Session> create(Role role, const H2Limits& limits, H2Heads& heads);
    ~H2Session();
    H2Session(const H2Session&) = delete;
    H2Session& operator=(const H2Session&) = delete;

    /// An error is about the connection, which is over once what is left to send was sent.
    Result<void> receive(std::string_view bytes, int64_t now_ms);
    /// Appends frames until `out` has so many bytes, or there is nothing to send now.
    Result<void> take_output(std::string& out, size_t bytes_max);
    bool wants_output() const;
    /// The other side has said its first words.
    bool is_greeted() const { return is_greeted_; }
    /// The other side takes no more requests: it has said so, or broken the rules.
    bool is_leaving() const;
    /// Neither side has anything to say any more.
    bool is_over() const;
    /// So much is to be sent that the other side should take it before it is heard again.
    bool is_congested() const;

    /// Client: null when there can be no more streams on this connection. Pseudo-headers come first.
    H2Stream* submit_request(const std::vector<HeaderView>& fields, bool has_body);
    size_t room() const;
    /// Server. `:status` comes first. Without a body this is all of the answer.
    bool submit_answer(H2Stream& stream, const std::vector<HeaderView>& fields, bool has_body);
    bool submit_interim(H2Stream& stream, const std::vector<HeaderView>& fields);
    /// There is more `out`, or it has ended.
    void resume(H2Stream& stream);
    /// So much of `unread` was taken.
    void consume(H2Stream& stream, size_t bytes);
    void reset(H2Stream& stream, H2Error why);
    /// Its owner has no more use for it: what still goes on is reset with `why`, and the stream is gone.
    void forget(H2Stream& stream, H2Error why);
    /// Of those that are closed and belong to nobody.
    void forget_closed();
    /// No new streams; those there are go on.
    void go_away(H2Error why);

    size_t streams() const { return streams_.size(); }
    template <class Action>
    void for_each(const Action& action) {
        for (auto& [id, stream] : streams_) action(*stream);
    }
    /// A block of fields has begun and not ended.
    bool is_in_head() const { return in_head_; }

  private:
    struct Callbacks;
    H2Session(Role role, const H2Limits& limits, H2Heads& heads);
    bool start();

    const Role role_;
    const H2Limits limits_;
    H2Heads& heads_;
    nghttp2_session* session_ = nullptr;
    std::unordered_map<int32_t, std::unique_ptr<H2Stream>> streams_;
    H2Budget resets_;
    H2Budget idle_frames_;
    int64_t now_ms_ = 0;
    bool in_head_ = false;
    bool is_greeted_ = false;
    bool has_closed_ = false;
    bool is_flooded_ = false;
    bool has_failed_ = false;
};

}  // namespace orilla::http
