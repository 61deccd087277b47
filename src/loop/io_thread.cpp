#include "orilla/loop/io_thread.hpp"

#include <signal.h>

#include <exception>

namespace orilla::loop {

Error detail::describe_exception() {
    try {
        throw;
    } catch (const std::exception& error) {
        return Error(Code::internal, error.what());
    } catch (...) {
        return Error(Code::internal, "unknown exception");
    }
}

IoThread::IoThread(Loop& loop) : loop_(loop) {
    // Signals belong to the loop's thread.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { work(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

IoThread::~IoThread() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wanted_.notify_one();
    thread_.join();
}

void IoThread::submit(std::function<void()> job, std::function<void()> done) {
    {
        std::lock_guard lock(mutex_);
        jobs_.push_back({std::move(job), std::move(done)});
    }
    wanted_.notify_one();
}

void IoThread::work() {
    for (;;) {
        Job job;
        {
            std::unique_lock lock(mutex_);
            wanted_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
            if (jobs_.empty()) return;
            job = std::move(jobs_.front());
            jobs_.pop_front();
        }
        job.job();
        job.job = nullptr;
        loop_.post_from_thread(std::move(job.done));
    }
}

}  // namespace orilla::loop
