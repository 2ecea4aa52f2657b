#include "reference/receive.h"

#include <unistd.h>

#include <cerrno>

namespace cede::reference {
namespace {

/// Interest in reading a descriptor: until it is ready, or until the wait for that ends otherwise.
class Interested {
 public:
  Interested(AbstractLoop& loop, int descriptor) : loop_(loop), descriptor_(descriptor), readable_(loop) {
    refusal_ = loop.try_add_reader(descriptor, [this] {
      loop_.remove_reader(descriptor_);  // once is enough, whenever the task may go on
      if (!readable_.done()) readable_.set_result();
    });
  }
  ~Interested() {
    bool was_ready = readable_.done() && !readable_.cancelled();
    if (!was_ready) loop_.remove_reader(descriptor_);
  }
  Interested(const Interested&) = delete;
  Interested& operator=(const Interested&) = delete;

  const Error& refusal() const { return refusal_; }
  const Future<>& readable() const { return readable_; }

 private:
  AbstractLoop& loop_;
  int descriptor_;
  Future<> readable_;
  Error refusal_;
};

}  // namespace

Coroutine<std::size_t> receive(AbstractLoop& loop, int descriptor, std::span<std::byte> into) {
  for (;;) {
    auto count = ::read(descriptor, into.data(), into.size());
    if (count >= 0) co_return static_cast<std::size_t>(count);
    if (errno == EINTR) continue;
    if (errno != EAGAIN) co_return Error(Error::Kind::runtime);
    Interested interested(loop, descriptor);
    if (interested.refusal()) co_return interested.refusal();
    auto woken = co_await interested.readable().settled();
    if (!woken.ok()) co_return woken.error();
  }
}

}  // namespace cede::reference
