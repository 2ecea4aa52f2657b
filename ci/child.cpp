#include "ci/child.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace cede {

Child::Child(const std::function<std::string()>& job, unsigned seconds) {
  std::fflush(nullptr);  // else both would write what is buffered
  int ends[2];
  if (pipe(ends) != 0) return;
  process_ = fork();
  if (process_ == 0) {
    close(ends[0]);
    alarm(seconds);
    std::string said = job();
    for (std::size_t done = 0; done < said.size();) {
      ssize_t count = write(ends[1], said.data() + done, said.size() - done);
      if (count < 0) _exit(1);
      done += static_cast<std::size_t>(count);
    }
    _exit(0);
  }
  close(ends[1]);
  said_ = ends[0];
}

Child::Child(Child&& other) noexcept
    : process_(std::exchange(other.process_, -1)), said_(std::exchange(other.said_, -1)) {}

Child::~Child() {
  if (said_ >= 0) close(said_);
  if (process_ <= 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

bool Child::wait(std::string& said, std::string& why) {
  if (process_ < 0) {
    why = fmt::format("no process: {}", std::strerror(errno));
    return false;
  }
  std::array<char, 4096> buffer;
  for (ssize_t count; (count = read(said_, buffer.data(), buffer.size())) != 0;) {
    if (count > 0) said.append(buffer.data(), static_cast<std::size_t>(count));
    else if (errno != EINTR) break;
  }
  int status = 0;
  while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {}
  process_ = -1;
  if (WIFSIGNALED(status)) why = fmt::format("ended by {}", sigdescr_np(WTERMSIG(status)));
  else if (WEXITSTATUS(status) != 0) why = fmt::format("ended with {}", WEXITSTATUS(status));
  return status == 0;
}

}  // namespace cede
