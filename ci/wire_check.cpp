#include "ci/wire_check.h"

#include <array>

#include <fmt/format.h>

#include "adapters/driver.h"
#include "adapters/json.h"
#include "adapters/wire.h"

namespace cede {
namespace {

using Command = std::vector<std::string>;

constexpr std::string_view small = "main: call_soon a\na: stop\n";

/// Its texts under these keys, of which those that are not there are empty.
struct Answer {
  std::string seq, unsupported;
  bool has_trace = false;
};

/// Reads an answer to whatever; what is wrong with it, or nothing.
std::string read(std::string_view line, Answer& answer) {
  JsonReader json(line);
  json.object([&](std::string_view key) {
    if (key == "seq") answer.seq = json.text();
    else if (key == "unsupported") answer.unsupported = json.text();
    else answer.has_trace |= key == "trace", json.skip();
  });
  json.end();
  return json.failed() ? fmt::format("it is no JSON object with its seq: {}", json.error()) : "";
}

std::string hint_on_hello(const Command& command) {
  Driver driver(command);
  driver.send(hello_message());
  LoopInfo loop;
  JsonReader json(driver.receive());
  read_hello(json, loop);
  if (json.failed()) return fmt::format("the answer to hello: {}", json.error());
  driver.end();
  return {};
}

std::string hint_on_unknown(const Command& command) {
  Driver driver(command);
  driver.send(R"({"cmd":"dance","seq":"d1","with":["anybody"]})");
  Answer answer;
  if (std::string wrong = read(driver.receive(), answer); !wrong.empty()) return wrong;
  if (answer.unsupported.empty())
    return R"(answer a command that you do not know with {"seq":SEQ,"unsupported":REASON})";
  if (answer.seq != "d1") return "an answer has the seq of its command, if that has one, whatever the command is";
  driver.end();
  return {};
}

std::string hint_on_playing(const Command& command) {
  const Scenario scenario = parse_scenario(small).scenario;
  Driver driver(command);
  driver.send(run_message("\u00e9 \"7f\"", scenario, World::Pace::frozen));
  const std::string line(driver.receive());
  JsonReader json(line);
  Trace trace;
  RunAnswer answer = read_run_answer(json, scenario, trace);
  if (json.failed()) return fmt::format("the answer to run: {}", json.error());
  if (answer.seq.empty()) return "put the seq of the command into the answer";
  if (answer.seq != "\u00e9 \"7f\"")
    return "the seq is a text that comes back as it was: it is no number, and may be any";
  if (answer.kind == RunAnswer::Kind::errored) throw gave_up(answer.words, driver.said());
  if (answer.kind == RunAnswer::Kind::unsupported) return "the simplest scenario is unsupported: " + trace.unplayed;
  driver.end();
  return {};
}

std::string hint_on_order(const Command& command) {
  constexpr std::array<std::string_view, 3> seqs{"c", "a", "b"};
  Driver driver(command);
  for (std::string_view seq : seqs)
    driver.send(run_message(seq, parse_scenario(small).scenario, World::Pace::frozen));
  std::string last;
  for (std::string_view seq : seqs) {
    Answer answer;
    if (std::string wrong = read(driver.receive(), answer); !wrong.empty()) return wrong;
    if (answer.seq.empty()) return fmt::format("an answer without its seq, which was {}", seq);
    if (answer.seq == last) return fmt::format("answer once: what was asked with seq {} was answered twice", last);
    if (answer.seq != seq)
      return fmt::format("answer in the order in which was asked: seq {} came before {}", answer.seq, seq);
    last = answer.seq;
  }
  driver.end();
  return {};
}

constexpr WireCheck checks[] = {
    {"it answers hello, and ends at bye", hint_on_hello},
    {"it answers what it does not know", hint_on_unknown},
    {"it plays a scenario", hint_on_playing},
    {"it answers what was sent at once, each in its turn", hint_on_order},
};

struct Hint {
  std::string_view words;  // that are part of what the driver did
  std::string_view hint;
};

constexpr Hint hints[] = {
    {"expected an object and found", "write nothing but answers to standard output; other text goes to standard error"},
    {"does not end", "end each answer with a newline"},
    {"closed its standard output", "keep standard output open until bye"},
    {"what it was not asked", "answer each command once, and nothing after the last"},
    {"answered twice", "answer each command once"},
    {"has to be killed", "end at bye and at the end of standard input"},
    {"had to be killed", "end at bye and at the end of standard input"},
    {"without the seq", "put the seq of the command into the answer"},
    {"answered with seq", "put the seq of the command into the answer, as it is"},
    {"gave up: the loop raised", "what no script asks for is for the loop to catch"},
    {"gave up", "catch what is the scenario's; this is the driver's own"},
};

}  // namespace

std::span<const WireCheck> wire_checks() { return checks; }

std::string hint_on_driver(const std::string& words) {
  for (const Hint& hint : hints)
    if (words.find(hint.words) != std::string::npos) return fmt::format("it {}: {}", words, hint.hint);
  return "it " + words;
}

}  // namespace cede
