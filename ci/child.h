// A job in a process of its own, since a broken loop may take its process down with it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

namespace cede {

class Child {
 public:
  /// Begins the job; it may take `seconds`, so that one that never ends is ended.
  Child(const std::function<std::string()>& job, unsigned seconds);
  Child(Child&& other) noexcept;
  /// Ends the process if nobody has waited for it.
  ~Child();

  /// Waits for the end. Gives what the job has returned, or else says in `why` how it ended.
  bool wait(std::string& said, std::string& why);

 private:
  pid_t process_ = -1;
  int said_ = -1;
};

}  // namespace cede
