// How a loop waits: for descriptors, for a deadline, or to be woken. It is given to the loop.
#pragma once

#include <cstdint>
#include <vector>

#include "reference/handle.h"

namespace cede::reference {

enum class Interest : std::uint8_t { read, write };

/// A descriptor that is ready for what somebody is interested in.
struct Ready {
  int descriptor;
  Interest interest;
};

class Selector {
 public:
  virtual ~Selector() = default;

  /// False for a descriptor that cannot be polled, such as that of a regular file.
  virtual bool add(int descriptor, Interest interest) = 0;
  virtual void remove(int descriptor, Interest interest) = 0;

  /// Appends what is ready; waits at most `timeout` for the first, 0 not at all, `forever` without
  /// a limit.
  virtual void select(Nanos timeout, std::vector<Ready>& ready) = 0;

  /// Ends a wait, this one or the next. From any thread.
  virtual void wake() = 0;
};

/// epoll, level-triggered, and an eventfd to be woken by.
class EpollSelector : public Selector {
 public:
  /// Throws std::system_error when the system has no descriptors left.
  EpollSelector();
  ~EpollSelector() override;
  EpollSelector(const EpollSelector&) = delete;
  EpollSelector& operator=(const EpollSelector&) = delete;

  bool add(int descriptor, Interest interest) override;
  void remove(int descriptor, Interest interest) override;
  void select(Nanos timeout, std::vector<Ready>& ready) override;
  void wake() override;
  /// Whether the last wait was ended by `wake`.
  bool woken() const { return woken_; }

 private:
  struct Watched {
    int descriptor;
    std::uint32_t events;
  };

  bool change(int descriptor, std::uint32_t set, std::uint32_t clear);

  int epoll_;
  int wake_;
  bool woken_ = false;
  std::vector<Watched> watched_;
};

}  // namespace cede::reference
