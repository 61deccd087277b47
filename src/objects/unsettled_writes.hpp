// Writes that something was set aside for go on when their writer goes away, so that it is known whether to take that back.
#pragma once

#include <memory>
#include <set>

#include "orilla/loop/run_in.hpp"
#include "orilla/objects/admission.hpp"

namespace orilla::objects {

class UnsettledWrites {
  public:
    explicit UnsettledWrites(loop::Loop& loop) : loop_(loop), scope_(loop) {}
    /// What is still under way takes nothing back: the plug-ins are gone already.
    ~UnsettledWrites() {
        for (const auto& undo : undos_) undo->forget();
    }
    UnsettledWrites(const UnsettledWrites&) = delete;
    UnsettledWrites& operator=(const UnsettledWrites&) = delete;

    /// The write must own all that it looks at, but for what outlives this.
    template <class T>
    Task<Result<T>> settle(Task<Result<T>> write, std::shared_ptr<Undo> undo, bool dry_run) {
        if (undo->empty()) return write;
        return loop::run_in(loop_, scope_, keep(std::move(write), std::move(undo), dry_run));
    }

  private:
    template <class T>
    Task<Result<T>> keep(Task<Result<T>> write, std::shared_ptr<Undo> undo, bool dry_run) {
        undos_.insert(undo);
        Result<T> written = co_await std::move(write);
        undos_.erase(undo);
        if (written && !dry_run) undo->forget();
        co_return std::move(written);
    }

    loop::Loop& loop_;
    std::set<std::shared_ptr<Undo>> undos_;
    loop::Scope scope_;
};

}  // namespace orilla::objects
