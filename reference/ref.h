// Shared ownership. What a loop holds belongs to its thread and is counted without atomics, but for
// the handles that other threads may hold too.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace cede::reference {

/// Counts its owners; the last one deletes it.
template <class Count>
class BasicCounted {
 public:
  BasicCounted() = default;
  BasicCounted(const BasicCounted&) = delete;
  BasicCounted& operator=(const BasicCounted&) = delete;

 protected:
  virtual ~BasicCounted() = default;

 private:
  template <class T>
  friend class Ref;

  void add_owner() { ++owners_; }
  void remove_owner() {
    if (--owners_ == 0) delete this;
  }

  Count owners_ = 0;
};

using Counted = BasicCounted<std::uint32_t>;
/// Its owners may be on several threads.
using CountedAcrossThreads = BasicCounted<std::atomic<std::uint32_t>>;

template <class T>
class Ref {
 public:
  Ref() = default;
  Ref(T* object) : object_(object) { if (object_) object_->add_owner(); }
  Ref(const Ref& other) : Ref(other.object_) {}
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <class U>
  Ref(const Ref<U>& other) : Ref(other.get()) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_) object_->remove_owner();
  }

  T* get() const { return object_; }
  /// Exchanges with a pointer that owns what it points to.
  void swap(T*& owner) { std::swap(object_, owner); }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }
  /// Whether nobody else owns it.
  bool alone() const { return object_ && object_->owners_ == 1; }
  friend bool operator==(const Ref& a, const Ref& b) { return a.object_ == b.object_; }

 private:
  T* object_ = nullptr;
};

}  // namespace cede::reference
