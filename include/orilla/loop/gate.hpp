// Bounds on what happens at a time: so many places (Gate), or one for each key (KeyedLock). Whoever is let in holds a
// pass; letting go of it, also by being cancelled, lets the next one in.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <utility>

#include "orilla/loop/loop.hpp"

namespace orilla::loop {

class Pass {
  public:
    Pass() = default;
    explicit Pass(std::function<void()> leave) : leave_(std::move(leave)) {}
    Pass(Pass&& other) noexcept : leave_(std::exchange(other.leave_, nullptr)) {}
    Pass& operator=(Pass&& other) noexcept {
        if (this != &other) {
            release();
            leave_ = std::exchange(other.leave_, nullptr);
        }
        return *this;
    }
    ~Pass() { release(); }
    void release() {
        if (auto leave = std::exchange(leave_, nullptr)) leave();
    }

  private:
    std::function<void()> leave_;
};

class Gate {
  public:
    Gate(Loop& loop, int places) : changed_(loop), places_(places) {}
    bool full() const { return places_ == 0; }
    Task<Pass> enter() {
        while (places_ == 0) co_await changed_.wait();
        --places_;
        co_return Pass([this] { leave(); });
    }

  private:
    void leave() {
        ++places_;
        changed_.notify_one();
    }
    Event changed_;
    int places_;
};

class KeyedLock {
  public:
    explicit KeyedLock(Loop& loop) : changed_(loop) {}
    bool held(const std::string& key) const { return held_.contains(key); }
    Task<Pass> enter(std::string key) {
        while (held_.contains(key)) co_await changed_.wait();
        held_.insert(key);
        co_return Pass([this, key] { leave(key); });
    }

  private:
    void leave(const std::string& key) {
        held_.erase(key);
        changed_.notify_all();
    }
    Event changed_;
    std::set<std::string> held_;
};

}  // namespace orilla::loop
