#include "adapters/door.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <utility>

#include "adapters/barrier.h"
#include "adapters/preload.h"

namespace cede {

/// The words of a command.
class Door::Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}

  std::string_view word() {
    std::size_t length = std::min(rest_.find(' '), rest_.size());
    std::string_view word = rest_.substr(0, length);
    rest_.remove_prefix(std::min(length + 1, rest_.size()));
    good_ = good_ && !word.empty();
    return word;
  }
  Nanos number() {
    std::string_view text = word();
    Nanos number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    good_ = good_ && error == std::errc{} && end == text.data() + text.size();
    return number;
  }
  int descriptor() { return static_cast<int>(std::clamp<Nanos>(number(), -1, INT32_MAX)); }

  bool over() const { return rest_.empty(); }
  /// Whether all were there, and no more.
  bool good() const { return good_ && over(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

namespace {

/// A world for each pace, which outlives what was made in it.
World& world_of(World::Pace pace) {
  using enum World::Pace;
  static auto* worlds = new World[3]{World(frozen), World(creeping), World(real)};
  return worlds[static_cast<int>(pace)];
}

/// A write to a pipe that nobody reads raises a signal, which is nobody's business.
class WithoutPipeSignal {
 public:
  WithoutPipeSignal() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~WithoutPipeSignal() {
    timespec at_once{};
    while (sigtimedwait(&pipe_, nullptr, &at_once) == SIGPIPE) {}
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_, before_;
};

/// How many bytes, of which 64 KB are enough for everything, went through without blocking, or -errno.
long write_zeros(int descriptor, std::size_t count) {
  static char zeros[1 << 16];
  WithoutPipeSignal quiet;
  long done = send(descriptor, zeros, std::min(count, sizeof zeros), MSG_DONTWAIT);
  if (done >= 0 || errno != ENOTSOCK) return done >= 0 ? done : -errno;
  int flags = fcntl(descriptor, F_GETFL);
  if (!(flags & O_NONBLOCK)) fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
  done = write(descriptor, zeros, std::min(count, sizeof zeros));
  int error = errno;
  if (!(flags & O_NONBLOCK)) fcntl(descriptor, F_SETFL, flags);
  return done >= 0 ? done : -error;
}

/// 1 if the signal was sent; 0 if nobody handles it, since it would end the process, or stop it.
long send_signal(int signal) {
  struct sigaction action;
  if (sigaction(signal, nullptr, &action) != 0) return -errno;
  if (action.sa_handler == SIG_DFL) return 0;
  sigset_t blocked;
  pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  // A thread that blocks it leaves it to another one.
  if (sigismember(&blocked, signal)) syscall(SYS_kill, syscall(SYS_getpid), signal);
  else raise(signal);
  return 1;
}

}  // namespace

namespace {

/// The door of this process, of which the waits tell.
Door* door = nullptr;

}  // namespace

Door::Door() {
  door = this;
  before_looking = [] { door->let_others_go_on(); };
}

bool Door::write(std::string_view commands) {
  while (!commands.empty()) {
    std::size_t length = commands.find('\n');
    std::string line(commands.substr(0, length));
    Wrong wrong = length == commands.npos ? "a line with its end" : ask(line);
    if (wrong) {
      std::fprintf(stderr, "cede: at the door: `%s`: has to be %s\n", line.c_str(), wrong);
      return false;
    }
    commands.remove_prefix(length + 1);
  }
  return true;
}

std::size_t Door::read(char* to, std::size_t room) {
  std::lock_guard lock(mutex_);
  std::size_t size = std::min(room, told_.size());
  std::memcpy(to, told_.data(), size);
  told_.erase(0, size);
  return size;
}

struct Door::Verb {
  std::string_view name;
  Wrong (Door::*obey)(Words&);
  bool of_any_thread = false;
};

const Door::Verb* Door::verb_of(const std::string& line) {
  static constexpr std::array verbs{
      Verb{"begin", &Door::begin}, Verb{"end", &Door::end},         Verb{"busy", &Door::busy},
      Verb{"limit", &Door::limit}, Verb{"at", &Door::at, true},     Verb{"next", &Door::next, true},
      Verb{"off", &Door::off, true}, Verb{"expect", &Door::expect, true}};
  auto found = std::ranges::find(verbs, Words(line).word(), &Verb::name);
  return found == verbs.end() ? nullptr : &*found;
}

/// What another thread asks for, the scenario's does.
Door::Wrong Door::ask(const std::string& line) {
  const Verb* verb = verb_of(line);
  if (!verb) return "begin, end, busy, expect, limit, at, next or off";
  if (current_world() || verb->obey == &Door::begin) return obey(line);
  if (!verb->of_any_thread) return "on the thread of a scenario that has begun";
  std::lock_guard lock(mutex_);
  if (!begun_) return "in a scenario that has begun";
  asked_.push_back(line);
  return nullptr;
}

Door::Wrong Door::obey(const std::string& line) {
  Words words(line);
  (void)words.word();
  return (this->*verb_of(line)->obey)(words);
}

Door::Wrong Door::begin(Words& words) {
  auto pace = World::pace_of(words.word());
  int wake = words.descriptor();
  bool onward = !words.over() && words.word() == "onward";
  if (!pace || !words.good()) return "begin frozen|creeping|real WAKE [onward]";
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(begun_, true)) return "behind the end of the scenario before";
    told_.clear();
    asked_.clear();
  }
  const Nanos clock = World::real_now() + clocks_ahead();
  world_ = &world_of(*pace);
  wake_ = wake;
  onward_ = onward;
  pending_.clear();
  world_->begin(*this);
  world_->expect_nothing_yet();
  if (!onward) set_clocks_ahead(0);
  else if (*pace != World::Pace::real) {  // by whole seconds, so that roundings are the same in every run
    const Nanos missing = clock - world_->now();
    set_clocks_ahead((missing / second + (missing > 0)) * second);
  }
  in_world_.emplace(*world_);
  return nullptr;
}

Door::Wrong Door::end(Words& words) {
  if (!words.good()) return "end";
  world_->end();
  const Nanos clock = world_->now() + clocks_ahead();
  in_world_.reset();
  if (onward_ && world_->pace() != World::Pace::real) set_clocks_ahead(clock - World::real_now());
  pending_.clear();
  std::lock_guard lock(mutex_);
  begun_ = false;
  return nullptr;
}

Door::Wrong Door::busy(Words& words) {
  Nanos duration = words.number();
  if (!words.good()) return "busy NS";
  world_->busy(duration);
  return nullptr;
}

Door::Wrong Door::expect(Words& words) {
  Nanos when = words.number();
  if (!words.good()) return "expect NS";
  if (when < forever / 4) world_->expect_until(moment(when));
  return nullptr;
}

Door::Wrong Door::limit(Words& words) {
  Nanos limit = words.number();
  if (!words.good()) return "limit NS";
  limit_next_wait(limit < 0 ? forever : limit);
  return nullptr;
}

namespace {

/// What happens outside, and its result; nothing if the words do not make sense.
template <class Words>
std::function<long()> outside(Words& words) {
  std::string_view what = words.word();
  if (what == "call") return [] { return 0; };
  if (what == "signal") return [signal = words.descriptor()] { return send_signal(signal); };
  if (what != "write") return {};
  int descriptor = words.descriptor();
  int count = words.descriptor();
  return [=] { return write_zeros(descriptor, static_cast<std::size_t>(std::max(0, count))); };
}

}  // namespace

Door::Wrong Door::at(Words& words) {
  Nanos when = words.number();
  std::string key(words.word());
  auto happens = outside(words);
  if (!happens || !words.good()) return "at NS KEY write FD N|signal S|call";
  if (pending_.contains(key)) return "with a key that is not pending";
  pending_[key] = world_->at(moment(when), [=, this] { happen(key, happens); });
  return nullptr;
}

Door::Wrong Door::next(Words& words) {
  std::string key(words.word());
  auto happens = outside(words);
  if (!happens || !words.good()) return "next KEY write FD N|signal S|call";
  if (pending_.contains(key)) return "with a key that is not pending";
  pending_[key] = std::nullopt;
  world_->at_next_wait([=, this] { happen(key, happens); });
  return nullptr;
}

Door::Wrong Door::off(Words& words) {
  std::string key(words.word());
  if (!words.good()) return "off KEY";
  auto found = pending_.find(key);
  if (found == pending_.end()) return nullptr;
  if (found->second) world_->call_off(*found->second);
  pending_.erase(found);
  return nullptr;
}

void Door::happen(const std::string& key, const std::function<long()>& happens) {
  if (!pending_.erase(key)) return;  // called off
  {
    std::lock_guard lock(mutex_);  // who is woken by it finds it told
    long result = happens();
    told_ += "happened " + std::to_string(world_->elapsed()) + " " + key + " " + std::to_string(result) + "\n";
  }
  let_others_go_on();
}

/// Comes back when they rest again, and does what they have asked for.
void Door::let_others_go_on() {
  await_other_threads();
  std::vector<std::string> asked;
  {
    std::lock_guard lock(mutex_);
    asked.swap(asked_);
  }
  for (const std::string& line : asked)
    if (Wrong wrong = obey(line)) std::fprintf(stderr, "cede: at the door: `%s`: has to be %s\n", line.c_str(), wrong);
}

Nanos Door::moment(Nanos since_beginning) const {
  Nanos beginning = world_->now() - world_->elapsed(), when;
  return __builtin_add_overflow(beginning, since_beginning, &when) ? forever : when;
}

void Door::on_poll(Nanos timeout) {
  tell("poll " + std::to_string(world_->elapsed()) + " " + std::to_string(timeout == forever ? -1 : timeout));
}

void Door::wake(const char* why) {
  tell(std::string(why) + " " + std::to_string(world_->elapsed()));
  if (wake_ >= 0) write_zeros(wake_, 1);
}

void Door::tell(const std::string& line) {
  std::lock_guard lock(mutex_);
  told_ += line + "\n";
}

}  // namespace cede
