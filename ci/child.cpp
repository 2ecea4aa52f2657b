#include "ci/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "adapters/driver.h"
#include "adapters/wire.h"
#include "ci/activity.h"

extern "C" [[gnu::weak]] void __lsan_do_leak_check();  // which _exit leaves out

namespace cede {
namespace {

constexpr int exit_scribbled = 86;        // how a job says that something was written where it should not be
constexpr int exit_driver_failed = 87;    // ... that its driver has failed, which it then says to standard error
constexpr long printed_max = 64 * 1024;   // of what a child writes, so much is kept
constexpr std::size_t printed_shown = 5000;

/// Children that are alive.
std::set<pid_t>& known() {
  static std::set<pid_t> processes;
  return processes;
}

/// Where the answer of this process goes, if it is a child.
int my_answer = -1;

/// Memory to write text to; it does not grow beyond `size`, unless that is 0.
int make_sheet(long size) {
  int sheet = memfd_create("cede", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (sheet < 0 || size == 0) return sheet;
  if (ftruncate(sheet, size) == 0) fcntl(sheet, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK);
  return sheet;
}

off_t written_to(int sheet) { return std::max<off_t>(0, lseek(sheet, 0, SEEK_CUR)); }

/// What was written, or its beginning.
std::string read_sheet(int sheet, std::size_t most) {
  std::string text(std::min(most, static_cast<std::size_t>(written_to(sheet))), '\0');
  std::size_t done = 0;
  for (ssize_t count; (count = pread(sheet, text.data() + done, text.size() - done, static_cast<off_t>(done))) > 0;)
    done += static_cast<std::size_t>(count);
  text.resize(done);
  return text;
}

/// So that what a broken loop writes to any descriptor is not taken for an answer.
std::uint64_t checksum(std::string_view text) {
  std::uint64_t sum = 14695981039346656037u;  // FNV-1a
  for (unsigned char c : text) sum = (sum ^ c) * 1099511628211u;
  return sum;
}

std::string sealed(std::string_view said) { return fmt::format("{} {:x}\n{}", said.size(), checksum(said), said); }

bool unseal(const std::string& text, std::string& said) {
  std::size_t end = text.find('\n');
  if (end == std::string::npos) return false;
  said = text.substr(end + 1);
  return text == sealed(said);
}

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    ssize_t count = write(descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) _exit(1);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

/// What a child has begun and left behind is ours once it is gone, if somebody has asked for it.
bool adopts = false;

void end_strays() {
  if (!adopts) return;
  while (true) {
    std::vector<pid_t> strays = children_of(getpid());
    std::erase_if(strays, [](pid_t process) { return known().contains(process); });
    if (strays.empty()) return;
    for (pid_t stray : strays) {
      kill(stray, SIGKILL);
      while (waitpid(stray, nullptr, 0) < 0 && errno == EINTR) {}
    }
  }
}

bool tells_of_broken_memory(const std::string& text) {
  for (std::string_view part : {"malloc", "free()", "double free", "corrupt", "stack smashing", "munmap_chunk",
                                "AddressSanitizer", "LeakSanitizer"})
    if (text.find(part) != std::string::npos) return true;
  return false;
}

/// In the child: does the job, and says what came of it. Nothing it throws gets out of here.
[[noreturn]] void work(const std::function<std::string(Pulse&)>& job, Pulse& pulse) noexcept {
  std::string said;
  try {
    said = job(pulse);
    fmt::print(stderr, "{}", drivers_said());
    end_drivers();
  } catch (const DriverFailure& failure) {
    fmt::print(stderr, "{}\n{}", failure.what(), failure.said);
    _exit(exit_driver_failed);
  }
  Child::leave_if_scribbled();
  if (__lsan_do_leak_check) __lsan_do_leak_check();
  write_all(my_answer, sealed(said));
  _exit(0);
}

/// In the child: its group, what it reads and writes, no core files, and no life after its parent's.
void settle(pid_t parent, int answer, int out, int err) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  my_answer = dup2(answer, STDERR_FILENO + 1);
  close_range(STDERR_FILENO + 2, ~0u, 0);  // what its parent has open is none of its own
  setvbuf(stdout, nullptr, _IONBF, 0);
}

}  // namespace

void Pulse::beat(std::uint64_t number, std::string_view text) {
  std::size_t length = std::min(text.size(), text_.size());
  if (length) std::memcpy(text_.data(), text.data(), length);
  length_ = length;
  number_ = number;
  ++beats_;
}

void Child::adopt_strays() {
  adopts = prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
}

Child::Child(const std::function<std::string(Pulse&)>& job, double patience)
    : patience_(patience), since_(std::chrono::steady_clock::now()) {
  std::fflush(nullptr);  // else both would write what is buffered
  void* memory = mmap(nullptr, sizeof(Pulse), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  answer_ = make_sheet(0);
  out_ = make_sheet(printed_max);
  err_ = make_sheet(printed_max);
  if (memory != MAP_FAILED) pulse_ = new (memory) Pulse;
  if (!pulse_ || answer_ < 0 || out_ < 0 || err_ < 0) fail();
  pid_t parent = getpid();
  process_ = fork();
  if (process_ == 0) {
    settle(parent, answer_, out_, err_);
    work(job, *pulse_);
  }
  if (process_ < 0) fail();
  setpgid(process_, process_);  // whoever comes first
  alive_ = static_cast<int>(syscall(SYS_pidfd_open, process_, 0));
  known().insert(process_);
}

Child::Child(Child&& other) noexcept
    : pulse_(std::exchange(other.pulse_, nullptr)), process_(std::exchange(other.process_, -1)),
      alive_(std::exchange(other.alive_, -1)), answer_(std::exchange(other.answer_, -1)),
      out_(std::exchange(other.out_, -1)), err_(std::exchange(other.err_, -1)),
      end_(std::move(other.end_)), patience_(other.patience_), beats_(other.beats_),
      computed_(other.computed_), looked_(other.looked_), since_(other.since_) {}

Child::~Child() {
  if (process_ > 0) stop(How::crashed);
  release();
}

void Child::fail() {
  const std::string why = std::strerror(errno);
  release();
  throw std::runtime_error(fmt::format("no child process: {}", why));
}

void Child::release() {
  for (int descriptor : {alive_, answer_, out_, err_})
    if (descriptor >= 0) close(descriptor);
  if (pulse_) munmap(pulse_, sizeof(Pulse));
}

void Child::interrupt() const {
  if (process_ > 0) kill(process_, SIGTERM);
}

void Child::leave_if_scribbled() {
  if (my_answer >= 0 && (written_to(STDOUT_FILENO) || written_to(my_answer))) _exit(exit_scribbled);
}

bool Child::has_ended() {
  if (process_ < 0) return true;
  int status = 0;
  if (waitpid(process_, &status, WNOHANG) == process_) collect(status);
  else look_after();
  return process_ < 0;
}

Child::End Child::end() {
  Child* self = this;
  while (!has_ended()) wait_for_any({&self, 1});
  return std::move(end_);
}

/// Whether it still gets on. Its own time counts, so that a busy machine is not taken for a loop that hangs.
void Child::look_after() {
  const auto now = std::chrono::steady_clock::now();
  if (pulse_->beats() == beats_ && std::chrono::duration<double>(now - since_).count() < patience_) return;
  const Activity activity = activity_of(process_), before = std::exchange(looked_, activity);
  const double spent = activity.computed - computed_, lately = activity.computed - before.computed;
  const bool is_starved = activity.kept_waiting - before.kept_waiting >= patience_ / 100;
  const bool is_idle = !activity.is_busy && !is_starved && lately >= 0 && lately < patience_ / 100;
  if (pulse_->beats() == beats_ && spent >= patience_ / 2) return stop(How::endless);
  if (pulse_->beats() == beats_ && is_idle) return stop(How::blocked);
  if (pulse_->beats() != beats_) computed_ = activity.computed;  // else it was kept waiting: that goes on to be counted
  beats_ = pulse_->beats();
  since_ = now;
}

void Child::stop(How how) {
  kill(-process_, SIGKILL);
  kill(process_, SIGKILL);
  int status = 0;
  while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {}
  collect(status);
  end_.how = how;
}

void Child::collect(int status) {
  kill(-process_, SIGKILL);  // what it has begun
  known().erase(process_);
  process_ = -1;
  end_strays();
  const std::string out = read_sheet(out_, printed_shown), err = read_sheet(err_, printed_shown);
  const std::string answer = read_sheet(answer_, SIZE_MAX);
  end_.printed = out + err;
  if (WIFSIGNALED(status)) {
    end_.code = WTERMSIG(status);
    end_.how = end_.code != SIGABRT ? How::crashed : tells_of_broken_memory(err) ? How::corrupted : How::aborted;
  } else if (end_.code = WEXITSTATUS(status); end_.code == exit_driver_failed) {
    end_.how = How::driver;
    end_.driver = err.substr(0, err.find('\n'));
    end_.printed = err.substr(std::min(err.size(), end_.driver.size() + 1));
  } else if (end_.code == exit_scribbled && !answer.empty()) {
    end_.how = How::garbled;
  } else if (end_.code == exit_scribbled && !out.empty()) {
    end_.how = How::printed;
  } else if (tells_of_broken_memory(err) && end_.code) {
    end_.how = How::corrupted;
  } else if (end_.code || answer.empty()) {
    end_.how = How::left;
  } else {
    end_.how = unseal(answer, end_.said) ? How::done : How::garbled;
  }
}

void Child::wait_for_any(std::span<Child* const> children) {
  std::vector<pollfd> ends;
  for (const Child* child : children)
    if (child->process_ > 0) ends.push_back({child->alive_, POLLIN, 0});
  if (!ends.empty()) (void)poll(ends.data(), ends.size(), 20);
}

std::string Child::End::words() const {
  switch (how) {
    case How::done: return "ended well";
    case How::left: return fmt::format("left the process with exit code {}", code);
    case How::aborted: return "aborted";
    case How::corrupted: return "corrupted its memory";
    case How::crashed: return fmt::format("crashed: {}", sigdescr_np(code));
    case How::endless: return "never came back: it computed and computed";
    case How::blocked: return "never came back: it waited in the system";
    case How::garbled: return "wrote to descriptors that are none of its own";
    case How::printed: return "wrote to standard output, which is not a loop's to write to";
    case How::driver: return "has a driver that " + driver;
  }
  return {};
}

std::string_view spelling(Child::How how) {
  switch (how) {
    case Child::How::done: return "done";
    case Child::How::left: return "left";
    case Child::How::aborted: return "aborted";
    case Child::How::corrupted: return "corrupted";
    case Child::How::crashed: return "crashed";
    case Child::How::endless: return "endless";
    case Child::How::blocked: return "blocked";
    case Child::How::garbled: return "garbled";
    case Child::How::printed: return "printed";
    case Child::How::driver: return "driver";
  }
  return {};
}

}  // namespace cede
