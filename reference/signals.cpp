#include "reference/signals.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <vector>

#include "reference/loop.h"

namespace cede::reference {
namespace {

/// By signal: the pipe that it is written to. Zero is none, since what is static is zero.
struct Pipe {
  std::atomic<int> descriptor_and_one = 0;
  int exchange(int descriptor) { return descriptor_and_one.exchange(descriptor + 1) - 1; }
  int get() const { return descriptor_and_one - 1; }
};
constinit std::array<Pipe, NSIG> pipes{};

}  // namespace

/// What the system calls, wherever the thread happens to be.
extern "C" void cede_write_down_signal(int signal) {
  int before = errno;
  auto number = static_cast<unsigned char>(signal);
  [[maybe_unused]] auto put = write(pipes[signal].get(), &number, 1);
  errno = before;
}

Error Signals::try_add(int signal, Callback callback) {
  if (signal < 1 || signal >= NSIG || gettid() != getpid()) return Error(Error::Kind::runtime);
  Ref<Handler> handler(new Handler(std::move(callback)));
  if (auto found = registered_.find(signal); found != registered_.end()) {
    found->second.handler = handler;
    return {};
  }
  if (read_end_ < 0 && !open()) return Error(Error::Kind::runtime);
  Registered registered{handler, {}, pipes[signal].exchange(write_end_)};
  struct sigaction action{};
  action.sa_handler = cede_write_down_signal;
  action.sa_flags = SA_RESTART;
  if (sigaction(signal, &action, &registered.action_before) != 0) {  // SIGKILL, SIGSTOP
    pipes[signal].exchange(registered.pipe_before);
    if (registered_.empty() && !shared_) close();
    return Error(Error::Kind::runtime);
  }
  registered_.emplace(signal, registered);
  return {};
}

bool Signals::remove(int signal) {
  auto found = registered_.find(signal);
  if (found == registered_.end()) return false;
  sigaction(signal, &found->second.action_before, nullptr);
  pipes[signal].exchange(found->second.pipe_before);
  registered_.erase(found);
  return true;
}

void Signals::clear() {
  while (!registered_.empty()) remove(registered_.begin()->first);
  if (read_end_ >= 0) close();
}

bool Signals::open() {
  int ends[2];
  if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return false;
  read_end_ = ends[0];
  write_end_ = ends[1];
  loop_.add_reader(read_end_, [this] { queue_handlers(); });
  return true;
}

void Signals::close() {
  loop_.remove_reader(read_end_);
  ::close(read_end_);
  ::close(write_end_);
  read_end_ = write_end_ = -1;
}

void Signals::wake() {
  constexpr unsigned char no_signal = 0;
  if (shared_) [[maybe_unused]] auto put = write(write_end_, &no_signal, 1);
}

void Signals::queue_handlers() {
  std::array<unsigned char, 64> numbers;
  std::vector<unsigned char> raised;
  for (long count; (count = read(read_end_, numbers.data(), numbers.size())) > 0;)
    raised.insert(raised.end(), numbers.begin(), numbers.begin() + count);
  for (const unsigned char number : raised) {
    auto found = registered_.find(number);
    if (found == registered_.end()) continue;  // removed since it was raised
    loop_.try_call_soon([handler = found->second.handler] {
      Context::Scope scope(handler->context);
      return handler->callback();
    });
  }
}

}  // namespace cede::reference
