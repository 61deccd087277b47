// A kept connection of HTTP/1.1: one exchange after another. See orilla/http/channel.hpp for what it promises.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "answer_parser.hpp"
#include "orilla/http/channel.hpp"
#include "transport.hpp"

namespace orilla::http {

class Http1Exchange;

class Http1Channel final : public Channel, private loop::HangUpListener {
  public:
    /// `transport` has shaken hands, where it is one of TLS.
    Http1Channel(loop::Loop& loop, std::unique_ptr<Transport> transport, ChannelLimits limits);
    ~Http1Channel() override;
    Http1Channel(const Http1Channel&) = delete;
    Http1Channel& operator=(const Http1Channel&) = delete;

    Protocol protocol() const override { return Protocol::http_1_1; }
    size_t room() override { return exchange_ || is_over() ? 0 : 1; }
    bool is_over() override;
    std::unique_ptr<Exchange> begin(const RequestHead& head, BodyStream* body) override;
    void on_over(std::function<void()> told) override { told_ = std::move(told); }

  private:
    friend class Http1Exchange;
    static bool can_say(const RequestHead& head);
    void hung_up() override;
    void release(bool is_clean);

    loop::Loop& loop_;
    const ChannelLimits limits_;
    std::unique_ptr<Transport> transport_;
    AnswerParser parser_;
    std::string out_;  ///< what is not sent yet
    std::string in_;   ///< read, and not looked at
    Http1Exchange* exchange_ = nullptr;
    std::function<void()> told_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< posted work checks it
    bool is_over_ = false;
    bool was_used_ = false;
};

}  // namespace orilla::http
