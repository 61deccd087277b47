// What has a say before an object is written, whoever writes it: the API's clients, controllers and node alike. Plug-ins are
// asked one after the other, after defaulting and before validation; they may wait, change the object, refuse the write, and
// warn.
#pragma once

#include <cstdint>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/kinds/object.hpp"
#include "orilla/loop/task.hpp"
#include "orilla/objects/write_context.hpp"

namespace orilla::objects {

using loop::Task;

enum class Operation : uint8_t { create, update, remove };

class Admission {
  public:
    virtual ~Admission() = default;
    /// Whether it is to be asked, and told, at all; for others' writes it costs nothing.
    virtual bool handles(const api::KindInfo& kind, Operation operation) const = 0;

    /// May fill in fields. What is referred to outlives the task.
    virtual Task<Result<void>> on_create(api::Object& object, const WriteContext& context);
    virtual Task<Result<void>> on_update(api::Object& updated, const api::Object& old, const WriteContext& context);
    /// Of a request to delete, whether the object goes at once or has to wait.
    virtual Task<Result<void>> on_delete(const api::Object& old, const WriteContext& context);

    // What became of it. A writer that goes away while the store writes has neither called: whoever counts follows the kind as
    // well.

    /// An admitted create (`old` is null) or update did not happen after all: refused later, or a dry run.
    virtual void on_abandoned(const api::Object& object, const api::Object* old);
    /// It is stored: created (`old` is null), updated, or gone (`now` is null).
    virtual void on_committed(const api::Object* now, const api::Object* old);
};

/// The plug-ins in the order in which they are asked.
class AdmissionChain {
  public:
    /// Before the first write.
    void add(Admission& admission) { admissions_.push_back(&admission); }
    bool handles(const api::KindInfo& kind, Operation operation) const;
    /// `old` is null for a create. Those that let it in abandon what another one refuses.
    Task<Result<void>> admit(api::Object& object, const api::Object* old, WriteContext context) const;
    Task<Result<void>> admit_delete(const api::Object& old, WriteContext context) const;
    void abandon(const api::Object& object, const api::Object* old) const { abandon_first(admissions_.size(), object, old); }
    void commit(const api::Object* now, const api::Object* old) const;

  private:
    void abandon_first(size_t count, const api::Object& object, const api::Object* old) const;
    std::vector<Admission*> admissions_;
};

}  // namespace orilla::objects
