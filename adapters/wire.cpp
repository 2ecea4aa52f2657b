#include "adapters/wire.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <memory>
#include <stdexcept>

#include <fmt/format.h>

#include "adapters/driver.h"
#include "adapters/wire_trace.h"

namespace cede {
namespace {

constexpr int deaths_max = 4;  // of drivers, for the same thing

void append_member(std::string& json, std::string_view key, std::string_view text) {
  json += fmt::format(",\"{}\":", key);
  append_json(json, text);
}

/// The last line says what is wrong, and what comes before it stands below that.
std::string last_line_first(std::string_view text) {
  std::string lines(text.substr(text.rfind('\n') + 1));
  text.remove_suffix(lines.size());
  for (std::size_t end; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1))
    lines += fmt::format("\n    {}", text.substr(0, end));
  return lines;
}

std::string_view without_line_end(std::string_view text) { return text.substr(0, text.find_last_not_of(" \n") + 1); }

/// Of an answer that is wrong, which may be that to another question; `otherwise` if nobody can tell.
std::string seq_in(std::string_view line, std::string otherwise) {
  JsonReader json(line);
  std::string seq;
  json.object([&](std::string_view key) {
    if (key == "seq") seq = json.text();
    else json.skip();
  });
  return json.failed() ? otherwise : seq;
}

/// A driver and the loop behind it.
class Wire {
 public:
  Wire(std::string name, std::vector<std::string> command) : command_(std::move(command)) {
    adapter_.name = std::move(name);
    adapter_.run = run;
    insist([this] { begin(); });
  }
  ~Wire() { leave_alone(); }

  const Adapter& adapter() const { return adapter_; }

  void ask(const Scenario& scenario, World::Pace pace) {
    leave_alone();
    asked_.push_back({fmt::format("{:x}", ++seqs_), scenario, pace});
    if (driver_) send(asked_.back());
  }

  void play(const Scenario& scenario, World::Pace pace, Trace& trace) {
    leave_alone();
    if (asked_.empty()) ask(scenario, pace);
    if (asked_.front().scenario != scenario) throw std::logic_error("another scenario was sent ahead");
    insist([&] { hear(trace); });
    asked_.pop_front();
  }

  void end() {
    leave_alone();
    if (driver_ && asked_.empty()) driver_->end();  // else it has more to say, and nobody wants to know
    driver_.reset();
  }

  double seconds_computed() const { return driver_ ? driver_->seconds_computed() : 0; }
  std::string said() const { return driver_ ? driver_->said() : ""; }
  std::size_t descriptors_open() const { return driver_ ? driver_->descriptors_open() : 0; }

  static inline std::map<std::string, std::unique_ptr<Wire>, std::less<>> open;
  static inline std::uint64_t restarted = 0;

 private:
  static void run(const Adapter& adapter, const Scenario& scenario, World& world, Trace& trace) {
    open.find(adapter.name)->second->play(scenario, world.pace(), trace);
  }
  static void send_ahead(const Adapter& adapter, const Scenario& scenario, World::Pace pace) {
    open.find(adapter.name)->second->ask(scenario, pace);
  }

  struct Asked {
    std::string seq;
    Scenario scenario;
    World::Pace pace;
  };

  /// Does it again with a new driver if somebody has killed the one; a few times at most, since it may be the
  /// scenario that gets it killed.
  template <class Do>
  void insist(Do it) {
    for (int deaths = 0;;) {
      try {
        return it();
      } catch (const DriverFailure& failure) {
        driver_.reset();
        if (!failure.killed || ++deaths == deaths_max) {
          asked_.clear();
          throw;
        }
        ++restarted;
      }
    }
  }

  /// What was asked and not answered is asked again.
  void begin() {
    driver_ = std::make_unique<Driver>(command_);
    owner_ = getpid();
    driver_->send(hello_message());
    JsonReader json(hello());
    read_hello(json, adapter_);
    if (json.failed()) driver_->fail(fmt::format("answered hello wrongly: {}", json.error()));
    adapter_.send_ahead = adapter_.prompt ? send_ahead : nullptr;
    for (const Asked& asked : asked_) send(asked);
  }

  /// A driver that ends here was not able to begin.
  std::string_view hello() {
    try {
      return driver_->receive();
    } catch (DriverFailure& failure) {
      failure.absent = failure.ended;
      throw;
    }
  }

  /// The driver of the process that this one was forked from is none of its own.
  void leave_alone() {
    if (!driver_ || owner_ == getpid()) return;
    (void)driver_.release();
    asked_.clear();
  }

  void send(const Asked& asked) { driver_->send(run_message(asked.seq, asked.scenario, asked.pace)); }

  /// The answer to what was asked first.
  void hear(Trace& trace) {
    if (!driver_) begin();
    const Asked& asked = asked_.front();
    const std::string_view line = driver_->receive();
    JsonReader json(line);
    RunAnswer answer = read_run_answer(json, asked.scenario, trace);
    if (json.failed()) answer.seq = seq_in(line, asked.seq);
    check_seq(answer.seq, asked.seq);
    answered_ = asked.seq;
    if (json.failed()) driver_->fail(fmt::format("answered wrongly: {}", json.error()));
    if (answer.kind == RunAnswer::Kind::errored) throw gave_up(answer.words, driver_->said());
    trace.resolution = adapter_.resolution;
    trace.exact_order = adapter_.exact_order;
    trace.promises = adapter_.promises;
  }

  void check_seq(const std::string& seen, const std::string& wanted) {
    if (seen == wanted) return;
    if (seen.empty()) driver_->fail("answered without the seq that it was asked with");
    if (seen == answered_) driver_->fail(fmt::format("answered twice what it was asked with seq {}", seen));
    driver_->fail(fmt::format("answered with seq {}, and was asked with {}", seen, wanted));
  }

  Adapter adapter_;
  std::vector<std::string> command_;
  std::unique_ptr<Driver> driver_;
  pid_t owner_ = 0;
  std::uint64_t seqs_ = 0;
  std::deque<Asked> asked_;  // and not answered yet
  std::string answered_;     // the seq of the last that was
};

void read_unsupported(JsonReader& json, LoopInfo& loop) {
  json.object([&](std::string_view word) {
    const VerbRow* known = find_verb(word);
    if (!known) return json.fail(fmt::format("unsupported: there is no verb {}", word));
    loop.unsupported.push_back({known->verb, std::string(json.text())});
  });
}

std::string said_text(JsonReader& json, std::string_view key) {
  const std::string text(json.text());
  if (text.empty() && !json.failed()) json.fail(fmt::format("{} is empty", key));
  json.locate(key);
  return text;
}

}  // namespace

std::string hello_message() {
  std::string verbs;
  for (std::size_t i = 0; i < verbs_count; ++i)
    verbs += fmt::format(R"({}"{}")", i ? "," : "", row(static_cast<Verb>(i)).spelling);
  return fmt::format(R"({{"cmd":"hello","protocol":{},"verbs":[{}]}})", wire_protocol, verbs);
}

std::string run_message(std::string_view seq, const Scenario& scenario, World::Pace pace) {
  std::string json = R"({"cmd":"run")";
  append_member(json, "seq", seq);
  append_member(json, "scenario", to_string(scenario));
  if (pace != World::Pace::frozen) append_member(json, "pace", World::spelling(pace));
  return json + "}";
}

std::string hello_answer(const LoopInfo& loop) {
  std::string json = fmt::format(R"({{"protocol":{})", wire_protocol);
  append_member(json, "loop", loop.name);
  append_member(json, "version", loop.version);
  append_member(json, "mapping", loop.mapping);
  for (auto& [key, text] : {std::pair{"back_end", &loop.back_end}, {"language", &loop.language}, {"bugs", &loop.bugs}})
    if (!text->empty()) append_member(json, key, *text);
  json += fmt::format(R"(,"resolution":{},"exact_order":{},"promises":{},"creeping":{},"prompt":{})", loop.resolution,
                      loop.exact_order, loop.promises, loop.needs_creeping, loop.prompt);
  std::string_view comma = ",\"layered\":[";
  for (const std::string& profile : loop.layered) append_json(json += std::exchange(comma, ","), profile);
  if (comma == ",") json += ']';
  comma = ",\"unsupported\":{";
  for (const Unsupported& one : loop.unsupported) {
    append_json(json += std::exchange(comma, ","), spelling(one.verb));
    append_json(json += ':', one.reason);
  }
  if (comma == ",") json += '}';
  return json + "}";
}

void read_hello(JsonReader& json, LoopInfo& loop) {
  std::int64_t protocol = 0;
  LoopInfo told{.name = loop.name};
  std::string own_name;
  json.object([&](std::string_view key) {
    if (key == "protocol") protocol = json.integer();
    else if (key == "loop") own_name = said_text(json, "loop");
    else if (key == "version") told.version = said_text(json, "version");
    else if (key == "mapping") told.mapping = said_text(json, "mapping");
    else if (key == "back_end") told.back_end = json.text();
    else if (key == "language") told.language = json.text();
    else if (key == "bugs") told.bugs = json.text();
    else if (key == "resolution") told.resolution = json.integer();
    else if (key == "exact_order") told.exact_order = json.truth();
    else if (key == "promises") told.promises = json.truth();
    else if (key == "creeping") told.needs_creeping = json.truth();
    else if (key == "prompt") told.prompt = json.truth();
    else if (key == "layered") json.array([&](std::size_t) { told.layered.emplace_back(json.text()); });
    else if (key == "unsupported") read_unsupported(json, told);
    else json.skip();
  });
  json.end();
  if (protocol && protocol != wire_protocol)
    json.fail(fmt::format("it speaks protocol {}, and this cede protocol {}", protocol, wire_protocol));
  for (auto& [key, missing] : {std::pair{"protocol", protocol == 0}, {"loop", own_name.empty()},
                               {"version", told.version.empty()}, {"mapping", told.mapping.empty()}})
    if (missing) json.fail(fmt::format("there is no {}", key));
  if (told.resolution < 1) json.fail("resolution is below 1");
  if (!json.failed()) loop = std::move(told);
}

RunAnswer read_run_answer(JsonReader& json, const Scenario& scenario, Trace& trace) {
  RunAnswer answer;
  trace.clear();
  auto is = [&](RunAnswer::Kind kind) {
    if (answer.kind != RunAnswer::Kind::nothing) json.fail("expected only one of trace, unsupported and errored");
    answer.kind = kind;
  };
  json.object([&](std::string_view key) {
    if (key == "seq") answer.seq = json.text();
    else if (key == "trace") is(RunAnswer::Kind::trace), read_trace(json, scenario, trace);
    else if (key == "unsupported") is(RunAnswer::Kind::unsupported), trace.unplayed = said_text(json, "unsupported");
    else if (key == "errored") is(RunAnswer::Kind::errored), answer.words = said_text(json, "errored");
    else json.skip();
  });
  json.end();
  if (answer.kind == RunAnswer::Kind::nothing) json.fail("there is no trace, unsupported or errored");
  if (answer.kind == RunAnswer::Kind::trace && trace.events.empty()) json.fail("its trace is empty");
  return answer;
}

DriverFailure gave_up(std::string_view words, const std::string& said) {
  words = without_line_end(words);
  return {fmt::format("gave up: {}", words.substr(words.rfind('\n') + 1)), fmt::format("{}{}\n", said, words)};
}

const Adapter* open_driver(const std::string& name, const std::vector<std::string>& command, std::string& why) {
  auto& wire = Wire::open[name];
  try {
    if (!wire) wire = std::make_unique<Wire>(name, command);
  } catch (const DriverFailure& failure) {
    Wire::open.erase(name);
    if (!failure.absent) throw;
    why = fmt::format("its driver {}", failure.what());
    if (!failure.said.empty()) why += ": " + last_line_first(without_line_end(failure.said));
    return nullptr;
  }
  return &wire->adapter();
}

std::uint64_t drivers_restarted() { return Wire::restarted; }

double drivers_seconds() {
  double seconds = 0;
  for (const auto& [name, wire] : Wire::open)
    if (wire) seconds += wire->seconds_computed();
  return seconds;
}

std::string drivers_said() {
  std::string said;
  for (const auto& [name, wire] : Wire::open)
    if (wire) said += wire->said();
  return said;
}

std::size_t drivers_descriptors() {
  std::size_t count = 0;
  for (const auto& [name, wire] : Wire::open)
    if (wire) count += wire->descriptors_open();
  return count;
}

void end_drivers() {
  for (auto& [name, wire] : Wire::open)
    if (wire) wire->end();
}

}  // namespace cede
