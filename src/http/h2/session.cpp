#include "h2/session.hpp"

#include <fmt/core.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>

namespace orilla::http {

namespace {
constexpr uint64_t frames_per_message = 32;  ///< that do nothing by themselves: windows, pings
constexpr uint64_t frames_per_data = 4;

/// Fields as nghttp2 takes them; it copies.
std::vector<nghttp2_nv> to_nv(const std::vector<HeaderView>& fields) {
    std::vector<nghttp2_nv> out;
    out.reserve(fields.size());
    const auto bytes = [](std::string_view text) { return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data())); };
    for (const HeaderView& field : fields)
        out.push_back({bytes(field.name), bytes(field.value), field.name.size(), field.value.size(), NGHTTP2_NV_FLAG_NONE});
    return out;
}

void tell(H2Stream& stream) {
    if (stream.user) stream.user->on_change(stream);
}

std::string_view to_view(const uint8_t* bytes, size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

/// Each of nghttp2's objects that live for the length of a function.
struct OptionsDeleter {
    void operator()(nghttp2_option* options) const { nghttp2_option_del(options); }
    void operator()(nghttp2_session_callbacks* callbacks) const { nghttp2_session_callbacks_del(callbacks); }
};

std::unique_ptr<nghttp2_option, OptionsDeleter> make_options(const H2Limits& limits) {
    nghttp2_option* options = nullptr;
    if (nghttp2_option_new(&options) != 0) return nullptr;
    nghttp2_option_set_no_auto_window_update(options, 1);
    nghttp2_option_set_no_closed_streams(options, 1);
    nghttp2_option_set_max_outbound_ack(options, limits.acks_waiting_max);
    nghttp2_option_set_max_continuations(options, limits.continuations_max);
    nghttp2_option_set_stream_reset_rate_limit(options, limits.resets_burst_max, limits.resets_per_s_max);
    nghttp2_option_set_max_deflate_dynamic_table_size(options, limits.compression_bytes_max);
    nghttp2_option_set_max_send_header_block_length(options, 2 * limits.header_bytes_max);
    return std::unique_ptr<nghttp2_option, OptionsDeleter>(options);
}
}  // namespace

bool H2Budget::take(int64_t now_ms) {
    constexpr int64_t ms_per_s = 1000;
    if (earned_until_ms_ < 0) earned_until_ms_ = now_ms;
    if (const int64_t seconds = (now_ms - earned_until_ms_) / ms_per_s; seconds > 0) {
        earned_until_ms_ += seconds * ms_per_s;
        earn(static_cast<uint64_t>(seconds) * per_s_);
    }
    if (left_ == 0) return false;
    --left_;
    return true;
}

/// What nghttp2 calls: `user` is the session.
struct H2Session::Callbacks {
    static H2Session& self(void* user) { return *static_cast<H2Session*>(user); }

    static H2Stream* find(H2Session& self, int32_t id) {
        const auto found = self.streams_.find(id);
        return found == self.streams_.end() ? nullptr : found->second.get();
    }

    /// A frame that moves nothing forward costs its sender something, however it is called.
    static bool may_come(H2Session& self, bool is_useful) {
        if (is_useful || self.idle_frames_.take(self.now_ms_)) return true;
        self.is_flooded_ = true;
        return false;
    }

    /// Of a frame that is whole: fields or a piece of a body.
    static void end_message(H2Session& self, H2Stream& stream, bool is_headers, bool ends) {
        self.idle_frames_.earn(is_headers ? frames_per_message : frames_per_data);
        if (ends) stream.ended = true;
        if (!is_headers) {
            if (ends) tell(stream);
            return;
        }
        if (stream.has_head) {
            stream.trailers.finish();
            return tell(stream);
        }
        stream.head.finish();
        // What comes before the final answer is an answer's head of its own.
        const bool is_interim = self.role_ == Role::client && stream.head.status() / 100 == 1;
        stream.has_head = !is_interim;
        self.heads_.on_head(stream);
        if (is_interim) stream.head.clear();
    }

    static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
        H2Session& self = Callbacks::self(user);
        self.in_head_ = !(frame->hd.flags & NGHTTP2_FLAG_END_HEADERS);
        if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
        // Those that are closed and not yet forgotten count here, too.
        if (self.streams_.size() >= 2 * static_cast<size_t>(self.limits_.streams_max))
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        auto stream = std::make_unique<H2Stream>();
        stream->id = frame->hd.stream_id;
        self.streams_.emplace(stream->id, std::move(stream));
        return 0;
    }

    static int on_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                         const uint8_t* value, size_t value_size, uint8_t, void* user) {
        H2Session& self = Callbacks::self(user);
        H2Stream* stream = find(self, frame->hd.stream_id);
        if (!stream) return 0;
        H2Block& block = stream->has_head ? stream->trailers : stream->head;
        block.add(to_view(name, name_size), to_view(value, value_size), self.limits_);
        return 0;
    }

    /// A field that HTTP forbids: a name in capitals, a control character in a value. nghttp2 would drop it and go on.
    static int on_invalid_header(nghttp2_session*, const nghttp2_frame*, const uint8_t*, size_t, const uint8_t*, size_t,
                                 uint8_t, void*) {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }

    static int on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* header, void* user) {
        H2Session& self = Callbacks::self(user);
        if (header->type != NGHTTP2_CONTINUATION) self.in_head_ = false;
        const bool is_useful =
            header->type == NGHTTP2_HEADERS || header->type == NGHTTP2_CONTINUATION ||
            (header->type == NGHTTP2_DATA && (header->length > 0 || header->flags & NGHTTP2_FLAG_END_STREAM));
        return may_come(self, is_useful) ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
    }

    static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
        H2Session& self = Callbacks::self(user);
        if (frame->hd.type == NGHTTP2_HEADERS) self.in_head_ = false;
        if (frame->hd.type == NGHTTP2_SETTINGS) self.is_greeted_ = true;
        if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
        H2Stream* stream = find(self, frame->hd.stream_id);
        if (!stream) return 0;
        end_message(self, *stream, frame->hd.type == NGHTTP2_HEADERS, frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
        return 0;
    }

    static int on_data(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* bytes, size_t size, void* user) {
        H2Session& self = Callbacks::self(user);
        H2Stream* stream = find(self, id);
        if (!stream) return nghttp2_session_consume_connection(session, size) == 0 ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
        stream->unread.append(to_view(bytes, size));
        tell(*stream);
        return 0;
    }

    static int on_stream_close(nghttp2_session*, int32_t id, uint32_t error, void* user) {
        H2Session& self = Callbacks::self(user);
        self.in_head_ = false;
        H2Stream* stream = find(self, id);
        if (!stream) return 0;
        stream->closed = true;
        self.has_closed_ = true;
        stream->error = error;
        stream->out = {};
        // A server that was told to stop listening in the middle of its answer has wasted work, whoever's frame it was.
        const bool is_wasted = error != 0 && self.role_ == Role::server;
        tell(*stream);
        if (!is_wasted || self.resets_.take(self.now_ms_)) return 0;
        self.is_flooded_ = true;
        return 0;
    }

    static ssize_t read_body(nghttp2_session* session, int32_t id, uint8_t* buffer, size_t size, uint32_t* flags,
                             nghttp2_data_source*, void* user) {
        H2Session& self = Callbacks::self(user);
        H2Stream* found = find(self, id);
        if (!found) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // it was forgotten
        H2Stream& stream = *found;
        const size_t count = stream.out.copy(reinterpret_cast<char*>(buffer), size);
        stream.out.remove_prefix(count);
        self.idle_frames_.earn(frames_per_data);
        if (stream.out.empty()) {
            if (!stream.out_ended && count == 0) {
                stream.waits_for_out = true;
                return NGHTTP2_ERR_DEFERRED;
            }
            if (stream.out_ended) *flags |= NGHTTP2_DATA_FLAG_EOF;
            stream.out_done = stream.out_ended;
            if (stream.out_ended && !stream.out_trailers.empty()) {
                const auto trailers = to_nv(stream.out_trailers);
                *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
                if (nghttp2_submit_trailer(session, id, trailers.data(), trailers.size()) != 0)
                    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
            }
            tell(stream);
        }
        return static_cast<ssize_t>(count);
    }

    static std::unique_ptr<nghttp2_session_callbacks, OptionsDeleter> make() {
        nghttp2_session_callbacks* all = nullptr;
        if (nghttp2_session_callbacks_new(&all) != 0) return nullptr;
        nghttp2_session_callbacks_set_on_begin_headers_callback(all, on_begin_headers);
        nghttp2_session_callbacks_set_on_header_callback(all, on_header);
        nghttp2_session_callbacks_set_on_invalid_header_callback(all, on_invalid_header);
        nghttp2_session_callbacks_set_on_begin_frame_callback(all, on_begin_frame);
        nghttp2_session_callbacks_set_on_frame_recv_callback(all, on_frame);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(all, on_data);
        nghttp2_session_callbacks_set_on_stream_close_callback(all, on_stream_close);
        return std::unique_ptr<nghttp2_session_callbacks, OptionsDeleter>(all);
    }
};

H2Session::H2Session(Role role, const H2Limits& limits, H2Heads& heads)
    : role_(role),
      limits_(limits),
      heads_(heads),
      resets_(limits.resets_burst_max, limits.resets_per_s_max),
      idle_frames_(limits.idle_frames_burst_max, limits.idle_frames_per_s_max) {}

H2Session::~H2Session() {
    if (session_) nghttp2_session_del(session_);
}

std::unique_ptr<H2Session> H2Session::create(Role role, const H2Limits& limits, H2Heads& heads) {
    std::unique_ptr<H2Session> session(new H2Session(role, limits, heads));
    return session->start() ? std::move(session) : nullptr;
}

bool H2Session::start() {
    const auto options = make_options(limits_);
    const auto callbacks = Callbacks::make();
    if (!options || !callbacks) return false;
    const int made = role_ == Role::server ? nghttp2_session_server_new2(&session_, callbacks.get(), this, options.get())
                                           : nghttp2_session_client_new2(&session_, callbacks.get(), this, options.get());
    if (made != 0) return false;
    std::vector<nghttp2_settings_entry> settings{
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits_.stream_window_bytes},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(limits_.header_bytes_max)},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1}};
    if (role_ == Role::server) settings.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits_.streams_max});
    else settings.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
    return nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0 &&
           nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                                 static_cast<int32_t>(limits_.connection_window_bytes)) == 0;
}

Result<void> H2Session::receive(std::string_view bytes, int64_t now_ms) {
    now_ms_ = now_ms;
    const ssize_t used = nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    if (used >= 0 && !is_flooded_) return ok();
    has_failed_ = true;
    if (is_flooded_ || used == NGHTTP2_ERR_FLOODED) {
        nghttp2_session_terminate_session(session_, NGHTTP2_ENHANCE_YOUR_CALM);
        return Error(Code::too_many_requests, "the other side sends frames that lead nowhere");
    }
    return Error(Code::unavailable, fmt::format("http2: {}", nghttp2_strerror(static_cast<int>(used))));
}

Result<void> H2Session::take_output(std::string& out, size_t bytes_max) {
    while (out.size() < bytes_max) {
        const uint8_t* bytes = nullptr;
        const ssize_t count = nghttp2_session_mem_send(session_, &bytes);
        if (count < 0) return Error(Code::unavailable, fmt::format("http2: {}", nghttp2_strerror(static_cast<int>(count))));
        if (count == 0) break;
        out += to_view(bytes, static_cast<size_t>(count));
    }
    return ok();
}

bool H2Session::wants_output() const { return nghttp2_session_want_write(session_) != 0; }

bool H2Session::is_over() const { return !wants_output() && (has_failed_ || nghttp2_session_want_read(session_) == 0); }

bool H2Session::is_leaving() const { return has_failed_ || nghttp2_session_check_request_allowed(session_) == 0; }

bool H2Session::is_congested() const { return nghttp2_session_get_outbound_queue_size(session_) > limits_.frames_waiting_max; }

size_t H2Session::room() const {
    if (has_failed_ || nghttp2_session_check_request_allowed(session_) == 0 || is_congested()) return 0;
    const size_t at_once_max =
        std::min(limits_.streams_max, nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
    return at_once_max > streams_.size() ? at_once_max - streams_.size() : 0;
}

H2Stream* H2Session::submit_request(const std::vector<HeaderView>& fields, bool has_body) {
    if (room() == 0) return nullptr;
    auto stream = std::make_unique<H2Stream>();
    nghttp2_data_provider body{{}, Callbacks::read_body};
    const auto all = to_nv(fields);
    const int32_t id = nghttp2_submit_request(session_, nullptr, all.data(), all.size(), has_body ? &body : nullptr, nullptr);
    if (id < 0) return nullptr;
    stream->id = id;
    return streams_.emplace(id, std::move(stream)).first->second.get();
}

bool H2Session::submit_answer(H2Stream& stream, const std::vector<HeaderView>& fields, bool has_body) {
    if (stream.closed) return false;
    nghttp2_data_provider body{{}, Callbacks::read_body};
    const auto all = to_nv(fields);
    return nghttp2_submit_response(session_, stream.id, all.data(), all.size(), has_body ? &body : nullptr) == 0;
}

bool H2Session::submit_interim(H2Stream& stream, const std::vector<HeaderView>& fields) {
    if (stream.closed) return false;
    const auto all = to_nv(fields);
    return nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream.id, nullptr, all.data(), all.size(), nullptr) == 0;
}

void H2Session::resume(H2Stream& stream) {
    if (stream.closed || !stream.waits_for_out) return;
    stream.waits_for_out = false;
    nghttp2_session_resume_data(session_, stream.id);
}

void H2Session::consume(H2Stream& stream, size_t bytes) {
    if (stream.closed) nghttp2_session_consume_connection(session_, bytes);
    else nghttp2_session_consume(session_, stream.id, bytes);
}

void H2Session::reset(H2Stream& stream, H2Error why) {
    if (stream.closed || std::exchange(stream.was_reset, true)) return;
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, static_cast<uint32_t>(why));
}

void H2Session::forget(H2Stream& stream, H2Error why) {
    if (!stream.unread.empty()) nghttp2_session_consume_connection(session_, stream.unread.size());
    reset(stream, why);
    streams_.erase(stream.id);
}

void H2Session::forget_closed() {
    if (!std::exchange(has_closed_, false)) return;
    for (auto it = streams_.begin(); it != streams_.end();) {
        const H2Stream& stream = *it->second;
        if (!stream.closed || stream.user) {
            ++it;
            continue;
        }
        if (!stream.unread.empty()) nghttp2_session_consume_connection(session_, stream.unread.size());
        it = streams_.erase(it);
    }
}

void H2Session::go_away(H2Error why) {
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_),
                          static_cast<uint32_t>(why), nullptr, 0);
}

}  // namespace orilla::http
