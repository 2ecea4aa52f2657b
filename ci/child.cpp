#include "ci/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <new>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace cede {
namespace {

constexpr int exit_printed = 86;          // how a job says that standard output was written to
constexpr long printed_max = 64 * 1024;   // of what a child writes, so much is kept
constexpr std::size_t printed_shown = 2000;

/// Children that are alive.
std::set<pid_t>& known() {
  static std::set<pid_t> processes;
  return processes;
}

/// Memory to write text to that neither grows nor can be lost.
int make_sheet() {
  int sheet = memfd_create("cede", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (sheet < 0 || ftruncate(sheet, printed_max) != 0) return -1;
  fcntl(sheet, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK);
  return sheet;
}

std::string read_sheet(int sheet) {
  off_t length = lseek(sheet, 0, SEEK_CUR);
  std::string text(std::min<std::size_t>(printed_shown, length > 0 ? static_cast<std::size_t>(length) : 0), '\0');
  ssize_t count = pread(sheet, text.data(), text.size(), 0);
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
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

/// Its state, and the seconds that it has computed.
std::pair<char, double> state_of(pid_t process) {
  std::ifstream stream(fmt::format("/proc/{}/stat", process));
  std::string line;
  std::getline(stream, line);
  std::size_t name_end = line.rfind(')');
  char state = 'Z';
  unsigned long user = 0, kernel = 0;
  if (name_end != std::string::npos)
    (void)std::sscanf(line.c_str() + name_end + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &state, &user,
                      &kernel);
  return {state, static_cast<double>(user + kernel) / static_cast<double>(sysconf(_SC_CLK_TCK))};
}

/// What a child has begun and left behind is ours once it is gone, if somebody has asked for it.
bool adopts = false;

void end_strays() {
  if (!adopts) return;
  while (true) {
    std::ifstream stream(fmt::format("/proc/self/task/{}/children", getpid()));
    std::vector<pid_t> strays;
    for (pid_t process; stream >> process;)
      if (!known().contains(process)) strays.push_back(process);
    if (strays.empty()) return;
    for (pid_t stray : strays) {
      kill(stray, SIGKILL);
      while (waitpid(stray, nullptr, 0) < 0 && errno == EINTR) {}
    }
  }
}

bool tells_of_broken_memory(const std::string& text) {
  for (std::string_view part : {"malloc", "free()", "double free", "corrupt", "stack smashing", "munmap_chunk",
                                "AddressSanitizer"})
    if (text.find(part) != std::string::npos) return true;
  return false;
}

/// In the child: does the job, and says what came of it. Nothing it throws gets out of here.
[[noreturn]] void work(const std::function<std::string(Pulse&)>& job, Pulse& pulse, int said) noexcept {
  write_all(said, sealed(job(pulse)));
  _exit(0);
}

/// In the child: its group, what it reads and writes, no core files, and no life after its parent's.
void settle(pid_t parent, int out, int err) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(nothing, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  for (int extra : {nothing, out, err})
    if (extra > STDERR_FILENO) close(extra);
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

Child::Child(const std::function<std::string(Pulse&)>& job) : since_(std::chrono::steady_clock::now()) {
  std::fflush(nullptr);  // else both would write what is buffered
  void* memory = mmap(nullptr, sizeof(Pulse), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int ends[2];
  out_ = make_sheet();
  err_ = make_sheet();
  if (memory == MAP_FAILED || out_ < 0 || err_ < 0 || pipe2(ends, O_CLOEXEC) != 0)
    throw std::runtime_error(fmt::format("no child process: {}", std::strerror(errno)));
  pulse_ = new (memory) Pulse;
  pid_t parent = getpid();
  process_ = fork();
  if (process_ == 0) {
    close(ends[0]);
    settle(parent, out_, err_);
    work(job, *pulse_, ends[1]);
  }
  close(ends[1]);
  said_ = ends[0];
  if (process_ < 0) throw std::runtime_error(fmt::format("no child process: {}", std::strerror(errno)));
  setpgid(process_, process_);  // whoever comes first
  fcntl(said_, F_SETFL, O_NONBLOCK);
  known().insert(process_);
}

Child::Child(Child&& other) noexcept
    : pulse_(std::exchange(other.pulse_, nullptr)), process_(std::exchange(other.process_, -1)),
      said_(std::exchange(other.said_, -1)), out_(std::exchange(other.out_, -1)), err_(std::exchange(other.err_, -1)),
      text_(std::move(other.text_)), end_(std::move(other.end_)), beats_(other.beats_), cpu_(other.cpu_),
      since_(other.since_) {}

Child::~Child() {
  if (process_ > 0) stop(How::crashed);
  for (int descriptor : {said_, out_, err_})
    if (descriptor >= 0) close(descriptor);
  if (pulse_) munmap(pulse_, sizeof(Pulse));
}

void Child::interrupt() const {
  if (process_ > 0) kill(process_, SIGTERM);
}

void Child::leave_if_printed() {
  if (lseek(STDOUT_FILENO, 0, SEEK_CUR) > 0) _exit(exit_printed);
}

void Child::read_answer() {
  char buffer[1 << 16];
  for (ssize_t count; (count = read(said_, buffer, sizeof buffer)) != 0;) {
    if (count > 0) text_.append(buffer, static_cast<std::size_t>(count));
    else if (errno != EINTR) return;
  }
}

bool Child::has_ended() {
  if (process_ < 0) return true;
  read_answer();
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
  if (pulse_->beats() == beats_ && std::chrono::duration<double>(now - since_).count() < patience) return;
  auto [state, cpu] = state_of(process_);
  const double spent = cpu - cpu_;
  if (pulse_->beats() == beats_ && spent >= patience / 2) return stop(How::endless);
  if (pulse_->beats() == beats_ && state != 'R' && spent < 0.1) return stop(How::blocked);
  if (pulse_->beats() != beats_) cpu_ = cpu;  // else it was kept waiting by the machine: its time goes on to be counted
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
  read_answer();
  std::string out = read_sheet(out_), err = read_sheet(err_);
  end_.printed = out + err;
  if (WIFSIGNALED(status)) {
    end_.code = WTERMSIG(status);
    end_.how = end_.code != SIGABRT ? How::crashed : tells_of_broken_memory(err) ? How::corrupted : How::aborted;
  } else if (end_.code = WEXITSTATUS(status); end_.code == exit_printed && !out.empty()) {
    end_.how = How::printed;
  } else if (tells_of_broken_memory(err) && end_.code) {
    end_.how = How::corrupted;
  } else if (end_.code || text_.empty()) {
    end_.how = How::left;
  } else {
    end_.how = unseal(text_, end_.said) ? How::done : How::garbled;
  }
}

void Child::wait_for_any(std::span<Child* const> children) {
  std::vector<pollfd> said;
  for (const Child* child : children)
    if (child->process_ > 0) said.push_back({child->said_, POLLIN, 0});
  if (!said.empty()) (void)poll(said.data(), said.size(), 20);
  // The end of what is said is not yet that of the process, which takes another moment.
  if (std::ranges::any_of(said, [](const pollfd& one) { return one.revents == POLLHUP; })) usleep(100);
}

std::string Child::End::words() const {
  switch (how) {
    case How::done: return "ended well";
    case How::left: return fmt::format("left the process with exit code {}", code);
    case How::aborted: return "aborted";
    case How::corrupted: return "corrupted its memory";
    case How::crashed: return fmt::format("crashed: {}", sigdescr_np(code));
    case How::endless: return fmt::format("never came back: it computed for {} s and more", patience / 2);
    case How::blocked: return fmt::format("never came back: it waited for {} s in the system", patience);
    case How::garbled: return "wrote over what was to be said of it";
    case How::printed: return "wrote to standard output, which is not a loop's to write to";
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
  }
  return {};
}

}  // namespace cede
