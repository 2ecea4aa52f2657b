// Shared ownership without atomics: what a loop holds belongs to its thread.
#pragma once

#include <cstdint>
#include <utility>

namespace cede::reference {

/// Counts its owners; the last one deletes it.
class Counted {
 public:
  Counted() = default;
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 protected:
  virtual ~Counted() = default;

 private:
  template <class T>
  friend class Ref;
  std::uint32_t owners_ = 0;
};

template <class T>
class Ref {
 public:
  Ref() = default;
  Ref(T* object) : object_(object) { if (object_) ++base()->owners_; }
  Ref(const Ref& other) : Ref(other.object_) {}
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <class U>
  Ref(const Ref<U>& other) : Ref(other.get()) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ && --base()->owners_ == 0) delete base();
  }

  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }
  /// Whether nobody else owns it.
  bool alone() const { return object_ && base()->owners_ == 1; }
  friend bool operator==(const Ref& a, const Ref& b) { return a.object_ == b.object_; }

 private:
  Counted* base() const { return object_; }
  T* object_ = nullptr;
};

}  // namespace cede::reference
