// Applies plan_namespace, and puts back the standard namespaces when one is gone.
#pragma once

#include "cluster/namespace_plan.hpp"
#include "controller_base.hpp"

namespace orilla::controllers {

class NamespaceController final : public loop::Reconciler {
  public:
    NamespaceController(loop::Loop& loop, objects::Objects& objects);
    void start() { namespaces_.start(); }
    /// This is gone from its namespace.
    void content_gone(const store::Key& key);
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const { return worker_.counters(); }

  private:
    void changed(const store::WatchEvent& event);
    loop::Task<Result<loop::Outcome>> put_back(std::string name);
    loop::Task<void> settle();
    loop::Task<Result<std::vector<Content>>> observe(std::string ns);
    loop::Task<Result<Content>> observe_kind(const api::KindInfo& kind, std::string ns);
    loop::Task<Result<void>> apply(std::string ns, NamespaceAction action);
    loop::Task<Result<void>> finalize(std::string ns);
    loop::Task<Result<void>> write_status(std::string ns, api::NamespaceStatus status);

    loop::Loop& loop_;
    objects::Objects& objects_;
    objects::Follower namespaces_;
    loop::Worker worker_;
};

}  // namespace orilla::controllers
