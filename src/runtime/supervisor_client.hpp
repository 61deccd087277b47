// The daemon's end of a supervisor's socket: named requests with answers, and events. It promises that every request
// ends: with its answer, with an error when the supervisor is silent for too long or gone.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/loop/loop.hpp"
#include "orilla/loop/timeout.hpp"
#include "supervisor/messages.hpp"

namespace orilla::runtime {

struct SupervisorReply {
    supervisor::Message message{};
    UniqueFd fd;
};

class SupervisorClient : public std::enable_shared_from_this<SupervisorClient> {
  public:
    struct Listener {
        std::function<void(const supervisor::Exited&)> exited;
        std::function<void()> gone;
    };
    SupervisorClient(loop::Loop& loop, UniqueFd socket, int64_t answer_ms_max, Listener listener);
    ~SupervisorClient() { *alive_ = false; }

    /// Connects to the socket at `path`; unavailable when nobody listens there.
    static Result<UniqueFd> connect(const std::string& path);

    /// `fds` must stay open until it returns. A refusal is an error, and so is what cannot be the answer. Keeps the client
    /// alive meanwhile.
    template <class Request>
    loop::Task<Result<SupervisorReply>> call(const Request& request, std::vector<int> fds = {}) {
        return exchange(supervisor::write_message(request, next_request_++), std::move(fds), supervisor::is_answer<Request>);
    }
    bool connected() const { return connected_; }

  private:
    /// Listed for as long as it lives: the awaiting task may be cancelled at any time.
    struct Waiting {
        Waiting(SupervisorClient& client, uint32_t number) : owner(client), request(number), event(client.loop_) {
            owner.waiting_[request] = this;
        }
        Waiting(const Waiting&) = delete;
        Waiting& operator=(const Waiting&) = delete;
        ~Waiting() { owner.waiting_.erase(request); }
        SupervisorClient& owner;
        uint32_t request;
        loop::Event event;
        std::optional<SupervisorReply> reply;
        bool late = false;
    };
    loop::Task<Result<SupervisorReply>> exchange(supervisor::Message message, std::vector<int> fds,
                                                 bool (*is_answer)(const supervisor::Message&));
    loop::Task<void> read();
    void lose();
    Result<void> send(const supervisor::Message& message, const std::vector<int>& fds);

    loop::Loop& loop_;
    UniqueFd socket_;
    loop::FdWatch watch_;
    int64_t answer_ms_max_;
    Listener listener_;
    bool connected_ = true;
    uint32_t next_request_ = 1;
    std::map<uint32_t, Waiting*> waiting_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< false once destroyed: for posted calls
    loop::Scope scope_;
};

}  // namespace orilla::runtime
