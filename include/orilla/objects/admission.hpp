// What has a say before an object is written, whoever writes it: the API's clients, controllers and node alike. Plug-ins are
// asked one after the other, and may wait. Each is asked twice: after defaulting and before validation, when it may change the
// object; and once the object is as it would be stored, when it may set something aside for it (a quota). Both times it may
// refuse, and warn. What it has set aside it gets back when the write does not happen after all.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/kinds/object.hpp"
#include "orilla/loop/task.hpp"
#include "orilla/objects/write_context.hpp"

namespace orilla::objects {

using loop::Task;

enum class Operation : uint8_t { create, update, remove };

/// Steps that take back what was set aside for a write. They are done, the last one first, when it does not happen: refused,
/// failed, a dry run, or a writer that goes away before the store has it. What the store has goes on without its writer, and
/// keeps them until it is known what became of it.
class Undo {
  public:
    using Step = std::function<void()>;
    Undo() = default;
    Undo(const Undo&) = delete;
    Undo& operator=(const Undo&) = delete;
    ~Undo();
    void add(Step step) { steps_.push_back(std::move(step)); }
    bool empty() const { return steps_.empty(); }
    /// It has happened.
    void forget() { steps_.clear(); }

  private:
    std::vector<Step> steps_;
};

/// What is to be written. A create by PUT is a create, a removal because of the last finalizer an update.
struct WriteInfo {
    const api::KindInfo& kind;
    Operation operation;
    Part part = Part::main;
    /// "status", "scale", "binding", "eviction", "finalize"; empty: the object itself. The object is the kind's in any case.
    std::string_view subresource = {};
};

/// One write, as the plug-ins see it. What it refers to outlives their tasks.
struct AdmissionRequest : WriteInfo {
    const WriteContext& context;  ///< who it is, whether it is a dry run, and whom to warn
    Undo& undo;
};

class Admission {
  public:
    virtual ~Admission() = default;
    /// Whether it is to be asked, and told, at all; for others' writes it costs nothing.
    virtual bool handles(const WriteInfo& write) const = 0;
    /// Whether it fills in fields; defaults are applied once more behind it.
    virtual bool changes_objects() const { return true; }

    // Before validation: fields may be filled in. What is referred to outlives the task.

    virtual Task<Result<void>> on_create(api::Object& object, const AdmissionRequest& request);
    virtual Task<Result<void>> on_update(api::Object& updated, const api::Object& old, const AdmissionRequest& request);

    /// Of what is valid, and is stored next (`old` is null for a create).
    virtual Task<Result<void>> on_valid(const api::Object& object, const api::Object* old, const AdmissionRequest& request);
    /// Of a request to delete, whether the object goes at once or has to wait.
    virtual Task<Result<void>> on_delete(const api::Object& old, const AdmissionRequest& request);
    /// It is stored: created (`old` is null), updated, or gone (`now` is null). When nothing was set aside for it, a writer
    /// that goes away while the store writes has no such call.
    virtual void on_committed(const api::Object* now, const api::Object* old);
};

/// The plug-ins in the order in which they are asked.
class AdmissionChain {
  public:
    /// Before the first write.
    void add(Admission& admission) { admissions_.push_back(&admission); }
    bool handles(const WriteInfo& write) const;
    /// Before validation. `old` is null for a create.
    Task<Result<void>> admit(api::Object& object, const api::Object* old, const AdmissionRequest& request) const;
    /// After it.
    Task<Result<void>> admit_valid(const api::Object& object, const api::Object* old, const AdmissionRequest& request) const;
    Task<Result<void>> admit_delete(const api::Object& old, const AdmissionRequest& request) const;
    void commit(const WriteInfo& write, const api::Object* now, const api::Object* old) const;

  private:
    std::vector<Admission*> admissions_;
};

}  // namespace orilla::objects
