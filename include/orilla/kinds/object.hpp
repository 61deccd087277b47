// Object owns one typed API object whose type is known at run time. It moves but does not copy by accident: clone().
#pragma once

#include <cassert>
#include <utility>

#include "orilla/kinds/kinds.hpp"
#include "orilla/kinds/types.hpp"

namespace orilla::api {

class Object {
  public:
    Object() noexcept = default;
    /// An empty object of a kind.
    explicit Object(const KindInfo& kind);
    /// Takes over a typed value: Object(Pod{...}), of a built-in kind.
    template <class T>
    requires requires { typename T::ApiStruct; }
    explicit Object(T value) : Object(kind_of<T>()) { *static_cast<T*>(data_) = std::move(value); }
    Object(Object&& other) noexcept : kind_(std::move(other.kind_)), data_(std::exchange(other.data_, nullptr)) {}
    Object& operator=(Object&& other) noexcept { return std::swap(kind_, other.kind_), std::swap(data_, other.data_), *this; }
    Object(const Object&) = delete;
    Object& operator=(const Object&) = delete;
    ~Object();
    Object clone() const;

    bool empty() const { return data_ == nullptr; }
    const KindInfo& kind() const { return assert(kind_), *kind_; }
    const TypeInfo& type_info() const { return *kind().type; }
    void* data() { return data_; }
    const void* data() const { return data_; }

    ObjectMeta& meta() { return *static_cast<ObjectMeta*>(at(type_info().meta_offset)); }
    const ObjectMeta& meta() const { return const_cast<Object*>(this)->meta(); }
    /// The same object as its C++ type; another type is our own bug and stops the program.
    template <class T>
    T& as() {
        return assert(is<T>()), *static_cast<T*>(data_);
    }
    template <class T>
    const T& as() const {
        return assert(is<T>()), *static_cast<const T*>(data_);
    }
    template <class T>
    bool is() const {
        return kind_ && kind_->type == &api::type_info<T>();
    }
    /// Same kind and deeply equal.
    friend bool operator==(const Object& a, const Object& b);

  private:
    void* at(int offset) { return static_cast<std::byte*>(data_) + offset; }
    KindRef kind_;
    void* data_ = nullptr;
};

}  // namespace orilla::api
