#include "adapters/driver.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "adapters/adapters.h"
#include "adapters/world.h"

namespace cede {
namespace {

constexpr std::size_t line_max = 16 << 20;
constexpr std::size_t said_max = 4096;
constexpr int patience = 2000;  // milliseconds for one that is about to end, or was asked to
constexpr int glance = 200;     // milliseconds between two looks at whether anybody still waits

/// What is let through of the environment, by its whole name or how that begins.
constexpr std::array<std::string_view, 14> kept_names{
    "PATH",      "HOME",      "TMPDIR",     "LANG",        "TZ",        "VIRTUAL_ENV",    "NODE_OPTIONS",
    "NODE_PATH", "NODE_ENV",  "CARGO_HOME", "RUSTUP_HOME", "RUST_LOG",  "RUST_BACKTRACE", "RUSTUP_TOOLCHAIN"};
constexpr std::array<std::string_view, 4> kept_beginnings{"LC_", "PYTHON", "PERL5", "CEDE_"};

bool is_kept(std::string_view variable) {
  const std::string_view name = variable.substr(0, variable.find('='));
  auto begins = [&](std::string_view beginning) { return name.starts_with(beginning); };
  return std::ranges::find(kept_names, name) != kept_names.end() || std::ranges::any_of(kept_beginnings, begins);
}

/// What a driver finds in its environment. Time is cede's; what hashes depend on is the same every time.
std::vector<std::string> environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable; ++variable)
    if (is_kept(*variable)) variables.emplace_back(*variable);
  if (!getenv("PYTHONHASHSEED")) variables.push_back("PYTHONHASHSEED=0");
  const std::filesystem::path time = beside("libcede_time.so");
  if (std::filesystem::exists(time)) variables.push_back("LD_PRELOAD=" + time.string());
  return variables;
}

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

struct Pipe {
  Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw DriverFailure(fmt::format("no pipe: {}", std::strerror(errno)), "");
  }
  ~Pipe() {
    for (int end : ends)
      if (end >= 0) close(end);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  /// The reading end for us, which does not block; or the writing one.
  int keep(bool writing) {
    fcntl(ends[writing], F_SETFL, O_NONBLOCK);
    return std::exchange(ends[writing], -1);
  }

  std::array<int, 2> ends{-1, -1};
};

/// In the new process: its group, its three descriptors, no life after its parent's, and the same addresses every
/// time, which orders may depend on. Gives what is wrong.
int become(pid_t parent, char* const* words, char* const* variables, const Pipe& in, const Pipe& out, const Pipe& err) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  personality(ADDR_NO_RANDOMIZE);
  dup2(in.ends[0], STDIN_FILENO);
  dup2(out.ends[1], STDOUT_FILENO);
  dup2(err.ends[1], STDERR_FILENO);
  close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC);
  signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execvpe(words[0], words, variables);
  return errno;
}

}  // namespace

std::vector<std::string> words_of(std::string_view command) {
  std::vector<std::string> words;
  bool inside = false;  // of a word
  char quote = '\0';
  for (const char c : command) {
    if (quote ? c == quote : c == '\'' || c == '"') {
      quote = quote ? '\0' : c;
      if (!std::exchange(inside, true)) words.emplace_back();
    } else if (!quote && (c == ' ' || c == '\t')) {
      inside = false;
    } else {
      if (!std::exchange(inside, true)) words.emplace_back();
      words.back() += c;
    }
  }
  if (quote) throw std::invalid_argument(fmt::format("a {} is not closed in: {}", quote, command));
  return words;
}

Driver::Driver(const std::vector<std::string>& command) {
  if (command.empty()) throw DriverFailure("there is no command behind exec:", "");
  signal(SIGPIPE, SIG_IGN);  // that it has ended is found out by reading
  begin(command);
}

void Driver::begin(const std::vector<std::string>& command) {
  const std::vector<std::string> variables = environment();
  const std::vector<char*> words = pointers_to(command), settings = pointers_to(variables);
  Pipe in, out, err, failure;
  const pid_t parent = getpid();
  process_ = fork();
  if (process_ < 0) throw DriverFailure(fmt::format("no process: {}", std::strerror(errno)), "");
  if (process_ == 0) {
    const int error = become(parent, words.data(), settings.data(), in, out, err);
    (void)!write(failure.ends[1], &error, sizeof error);
    _exit(127);
  }
  setpgid(process_, process_);  // whoever comes first
  close(std::exchange(failure.ends[1], -1));
  int error = 0;
  ssize_t told;
  while ((told = read(failure.ends[0], &error, sizeof error)) < 0 && errno == EINTR) {}
  if (told == sizeof error) {
    reap();
    DriverFailure absent(fmt::format("cannot run {}: {}", command[0], std::strerror(error)), "");
    absent.absent = true;
    throw absent;
  }
  alive_ = static_cast<int>(syscall(SYS_pidfd_open, process_, 0));
  if (alive_ < 0) {
    const std::string why = std::strerror(errno);
    kill_group(SIGKILL);
    reap();
    throw DriverFailure(fmt::format("no descriptor of its process: {}", why), "");
  }
  in_ = in.keep(true);
  out_ = out.keep(false);
  err_ = err.keep(false);
}

Driver::~Driver() {
  try {
    end();
  } catch (const DriverFailure&) {
    // Whoever wants to know has called end.
  }
}

void Driver::send(std::string_view line) {
  unsent_ += line;
  unsent_ += '\n';
  write_some();
}

void Driver::write_some() {
  while (!unsent_.empty()) {
    const ssize_t count = write(in_, unsent_.data(), unsent_.size());
    if (count > 0) sent_ += static_cast<std::size_t>(count), unsent_.erase(0, static_cast<std::size_t>(count));
    else if (errno == EPIPE) return unsent_.clear();  // what it has left to say is read
    else if (errno != EINTR) return;
  }
}

std::string_view Driver::receive() {
  read_.erase(0, std::exchange(taken_, 0));
  for (std::size_t searched = 0;;) {
    if (std::size_t end = read_.find('\n', searched); end != std::string::npos) {
      taken_ = end + 1;
      return std::string_view(read_).substr(0, end);
    }
    if (read_.size() > line_max) fail("answered with a line that does not end: 16 MB are too many");
    searched = read_.size();
    if (!pump() || !read_some()) fail_at_end();
  }
}

/// Waits until there is something to read, and writes and hears meanwhile. False if it has ended, though what it has
/// left behind may hold its standard output open.
bool Driver::pump() {
  for (int glances = 0; !is_given_up(glances);) {
    std::array<pollfd, 4> ends{{{out_, POLLIN, 0},
                                {alive_, POLLIN, 0},
                                {err_, POLLIN, 0},
                                {unsent_.empty() ? -1 : in_, POLLOUT, 0}}};
    const int ready = poll(ends.data(), ends.size(), glance);
    if (ready == 0) wonder();
    if (ready < 0) continue;
    if (ends[2].revents) hear();
    if (ends[3].revents) write_some();
    if (ends[0].revents) return true;
    if (ends[1].revents) return false;
  }
  fail("had not answered when cede was interrupted");
}

/// One that has let everything lie for a while is told of, in case it is given up.
void Driver::wonder() {
  int unread = 0;
  if (++glances_ != patience / glance || ioctl(in_, FIONREAD, &unread) != 0) return;
  if (unread > 0 && static_cast<std::size_t>(unread) == sent_)
    fmt::print(stderr, "the driver has read nothing of what it was sent to its standard input\n");
}

/// Who interrupts does not wait for one that may never answer.
bool Driver::is_given_up(int& glances) {
  return World::interrupted && ++glances > patience / glance;
}

/// False at the end.
bool Driver::read_some() {
  std::array<char, 1 << 16> buffer;
  const ssize_t count = read(out_, buffer.data(), buffer.size());
  if (count > 0) read_.append(buffer.data(), static_cast<std::size_t>(count));
  return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
}

void Driver::hear() {
  std::array<char, 1 << 14> buffer;
  const ssize_t count = read(err_, buffer.data(), buffer.size());
  if (count == 0) close(std::exchange(err_, -1));  // poll leaves it alone from here on
  if (count <= 0) return;
  said_.append(buffer.data(), static_cast<std::size_t>(count));
  if (said_.size() > said_max) said_.erase(0, said_.size() - said_max);
}

/// What is there; its end may never come, since what it has left behind may hold it.
void Driver::hear_all() {
  while (err_ >= 0) {
    pollfd more{err_, POLLIN, 0};
    if (poll(&more, 1, 0) <= 0) return;
    hear();
  }
}

const std::string& Driver::said() {
  hear_all();
  return said_;
}

double Driver::seconds_computed() const {
  clockid_t clock;
  timespec time{};
  if (process_ > 0 && clock_getcpuclockid(process_, &clock) == 0) clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::size_t Driver::descriptors_open() const {
  namespace fs = std::filesystem;
  std::error_code ended;  // a process may be, meanwhile
  std::ptrdiff_t count = 0;
  for (const fs::directory_entry& process : fs::directory_iterator("/proc", ended))
    if (const pid_t id = std::atoi(process.path().filename().c_str()); id > 0 && getpgid(id) == process_)
      count += std::distance(fs::directory_iterator(process.path() / "fd", ended), fs::directory_iterator());
  return static_cast<std::size_t>(count);
}

void Driver::fail(const std::string& what) {
  if (err_ >= 0) hear();
  kill_group(SIGKILL);  // nothing more is wanted of it
  (void)has_ended(patience);
  throw DriverFailure(what, said_);
}

/// Its standard output is at its end.
void Driver::fail_at_end() {
  if (!has_ended(patience)) fail("closed its standard output, and lives on");
  hear_all();
  const bool by_signal = WIFSIGNALED(status_);
  const int signal = by_signal ? WTERMSIG(status_) : 0;
  std::string how = by_signal ? fmt::format("crashed: {}", sigdescr_np(signal))
                              : fmt::format("ended with exit code {}", WEXITSTATUS(status_));
  if (!read_.empty()) how += " in the middle of an answer";
  DriverFailure failure(how, said_);
  failure.ended = true;
  const int told = by_signal ? signal : WEXITSTATUS(status_) - 128;  // so a shell tells of what it has begun
  failure.killed = told == SIGKILL || told == SIGTERM || told == SIGHUP || told == SIGINT;
  throw failure;
}

void Driver::reap() {
  while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {}
  process_ = -1;
}

bool Driver::has_ended(int milliseconds) {
  if (process_ < 0) return true;
  pollfd end{alive_, POLLIN, 0};
  while (poll(&end, 1, milliseconds) < 0 && errno == EINTR) {}
  const pid_t ended = waitpid(process_, &status_, WNOHANG);
  if (ended == 0) return false;
  if (ended > 0) kill(-process_, SIGKILL);  // what it has begun and left behind
  process_ = -1;
  return true;
}

void Driver::kill_group(int signal) const {
  if (process_ <= 0) return;
  kill(-process_, signal);
  kill(process_, signal);
}

void Driver::end() {
  if (in_ < 0 || process_ < 0) return void(release());
  send(R"({"cmd":"bye"})");
  close(std::exchange(in_, -1));
  unsent_.clear();
  const bool more = has_more();
  const bool ends = release();
  if (more) fail("answers what it was not asked: there is more after its last answer");
  if (!ends) fail("ignores `bye`, the end of its input and SIGTERM: it had to be killed");
}

/// Listens until it ends, though not for long.
bool Driver::has_more() {
  using Clock = std::chrono::steady_clock;
  bool more = taken_ < read_.size();
  const auto end = Clock::now() + std::chrono::milliseconds(patience);
  while (read_.size() <= line_max) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    std::array<pollfd, 3> ends{{{out_, POLLIN, 0}, {alive_, POLLIN, 0}, {err_, POLLIN, 0}}};
    if (left <= 0 || poll(ends.data(), ends.size(), static_cast<int>(left)) <= 0) break;
    if (ends[2].revents) hear();
    const std::size_t before = read_.size();
    if (ends[0].revents && !read_some()) break;
    more |= read_.size() > before;
    if (!ends[0].revents && ends[1].revents) break;
  }
  return more;
}

/// False if it had to be killed.
bool Driver::release() {
  bool ends = has_ended(patience);
  if (!ends) {
    kill_group(SIGTERM);
    ends = has_ended(patience);
  }
  if (!ends) {
    kill_group(SIGKILL);
    (void)has_ended(-1);
  }
  for (int* descriptor : {&in_, &out_, &err_, &alive_})
    if (*descriptor >= 0) close(std::exchange(*descriptor, -1));
  return ends;
}

}  // namespace cede
