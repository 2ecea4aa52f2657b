#include "adapters/allocations.h"

#include <cstdlib>
#include <new>

#ifndef __has_feature  // clang's question
#define __has_feature(feature) 0
#endif

namespace {

thread_local constinit cede::Allocations counted;

}  // namespace

cede::Allocations cede::allocations() { return counted; }

#if __has_feature(thread_sanitizer)

// ThreadSanitizer has a `new` of its own, which tells of what it does.
extern "C" void __sanitizer_malloc_hook(const volatile void*, std::size_t bytes) {
  counted.bytes += static_cast<std::int64_t>(bytes);
  ++counted.alive;
}
extern "C" void __sanitizer_free_hook(const volatile void* block) {
  if (block) --counted.alive;
}

#else

namespace {

void* count(void* block, std::size_t bytes) {
  if (!block) throw std::bad_alloc();
  counted.bytes += static_cast<std::int64_t>(bytes);
  ++counted.alive;
  return block;
}

void give_back(void* block) {
  if (!block) return;
  --counted.alive;
  std::free(block);
}

std::size_t rounded(std::size_t bytes, std::align_val_t to) {
  auto alignment = static_cast<std::size_t>(to);
  return (bytes + alignment - 1) / alignment * alignment;
}

}  // namespace

// They stand in for the standard library's, in the whole program and the loops that it opens. Those for
// arrays and those that do not throw end up here.
void* operator new(std::size_t bytes) { return count(std::malloc(bytes ? bytes : 1), bytes); }
void* operator new(std::size_t bytes, std::align_val_t to) {
  return count(std::aligned_alloc(static_cast<std::size_t>(to), rounded(bytes, to)), bytes);
}
void operator delete(void* block) noexcept { give_back(block); }
void operator delete(void* block, std::size_t) noexcept { give_back(block); }
void operator delete(void* block, std::align_val_t) noexcept { give_back(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { give_back(block); }

#endif
