#include "h2/pump.hpp"

namespace orilla::http {

namespace {
constexpr size_t write_bytes = 64 * 1024;  ///< gathered for one write
constexpr size_t idle_out_bytes_max = 4 * 1024;
}  // namespace

H2Pump::H2Pump(loop::Loop& loop, Duplex& connection, H2Session& session, char* buffer, std::function<void()> moved)
    : loop_(loop),
      connection_(connection),
      session_(session),
      buffer_(buffer),
      moved_(std::move(moved)),
      to_write_(loop),
      written_(loop) {}

void H2Pump::end(std::string fault) {
    if (is_over_) return;
    is_over_ = true;
    fault_ = std::move(fault);
    to_write_.notify_all();
    written_.notify_all();
    moved_();
}

loop::Task<void> H2Pump::read() {
    while (!is_over_) {
        if (session_.is_congested()) {
            co_await written_.wait();
            continue;
        }
        AWAIT(const auto got, connection_.read(buffer_, read_bytes));
        if (!got || *got == 0) {
            end(got ? std::string("the connection was closed") : got.error().message());
            break;
        }
        const auto received = session_.receive(std::string_view(buffer_, *got), loop_.now_ms());
        moved_();
        to_write_.notify_all();
        if (!received) {
            if (fault_.empty()) fault_ = received.error().message();
            break;  // the writer sends what is to be said of it
        }
        co_await loop_.breathe();
    }
}

loop::Task<void> H2Pump::write() {
    while (!is_over_) {
        const auto made = session_.take_output(out_, write_bytes);
        if (!made) {
            end(made.error().message());
            break;
        }
        if (out_.empty()) {
            moved_();  // what follows from it may be something to send as well
            const auto more = session_.take_output(out_, write_bytes);
            if (!more || (out_.empty() && session_.is_over())) {
                end(fault_);
                break;
            }
        }
        if (out_.empty()) {
            co_await to_write_.wait();
            continue;
        }
        is_writing_ = true;
        moved_();
        AWAIT(const auto written, connection_.write(out_));
        is_writing_ = false;
        out_.clear();
        if (out_.capacity() > idle_out_bytes_max && !session_.wants_output()) std::string().swap(out_);
        written_.notify_all();
        if (!written) {
            end(written.error().message());
            break;
        }
    }
}

}  // namespace orilla::http
