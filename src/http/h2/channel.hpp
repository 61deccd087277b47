// The client's side of an HTTP/2 connection: a Channel whose exchanges go on side by side.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "orilla/http/channel.hpp"
#include "pump.hpp"
#include "session.hpp"

namespace orilla::http {

class H2Channel final : public Channel, private H2Heads {
  public:
    static std::unique_ptr<H2Channel> create(loop::Loop& loop, std::unique_ptr<Duplex> connection, const ChannelLimits& limits);
    ~H2Channel() override;
    H2Channel(const H2Channel&) = delete;
    H2Channel& operator=(const H2Channel&) = delete;

    /// Waits until the other side has said that it speaks HTTP/2.
    loop::Task<Result<void>> greet();
    Protocol protocol() const override { return Protocol::http_2; }
    size_t room() override { return is_over() ? 0 : session_->room(); }
    bool is_over() override;
    std::unique_ptr<Exchange> begin(const RequestHead& head, BodyStream* body) override;
    void on_over(std::function<void()> told) override { told_ = std::move(told); }

  private:
    class H2Exchange;
    H2Channel(loop::Loop& loop, std::unique_ptr<Duplex> connection, const ChannelLimits& limits);
    void on_head(H2Stream& stream) override;
    void moved();

    loop::Loop& loop_;
    const ChannelLimits limits_;
    std::unique_ptr<Duplex> connection_;
    std::unique_ptr<H2Session> session_;
    std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(H2Pump::read_bytes);
    std::unique_ptr<H2Pump> pump_;
    loop::Event changed_;  ///< of the connection as a whole
    std::function<void()> told_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< posted work checks it
    bool was_told_ = false;
    bool has_answered_ = false;  ///< an exchange before
    loop::Scope scope_;
};

}  // namespace orilla::http
