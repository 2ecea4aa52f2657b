#include "ci/serve.h"

#include <unistd.h>

#include <cstdio>
#include <iostream>

#include <fmt/format.h>

#include "adapters/adapters.h"
#include "adapters/wire.h"
#include "adapters/wire_trace.h"

namespace cede {
namespace {

struct Command {
  std::string cmd, seq, scenario, pace = "frozen";
};

std::string member(std::string_view key, std::string_view text) {
  std::string json = fmt::format("\"{}\":", key);
  append_json(json, text);
  return json;
}

/// What is wrong with the line; empty if nothing is.
std::string read_command(std::string_view line, Command& command) {
  JsonReader json(line);
  json.object([&](std::string_view key) {
    if (key == "cmd") command.cmd = json.text();
    else if (key == "seq") command.seq = json.text();
    else if (key == "scenario") command.scenario = json.text();
    else if (key == "pace") command.pace = json.text();
    else json.skip();
  });
  json.end();
  return json.error();
}

/// The rest of the answer to `run`, behind its seq.
std::string played(const Adapter& adapter, const Command& command) {
  Parsed parsed = parse_scenario(command.scenario);
  if (parsed.error) return member("errored", "the scenario: " + to_string(*parsed.error));
  const World::Pace pace = command.pace == "real"       ? World::Pace::real
                           : command.pace == "creeping" ? World::Pace::creeping
                                                        : World::Pace::frozen;
  World world(pace);
  Trace trace;
  adapter.run(adapter, parsed.scenario, world, trace);
  std::string json = "\"trace\":";
  append_json(json, trace, parsed.scenario);
  return json;
}

std::string answer(const Adapter& adapter, std::string_view line) {
  Command command;
  const std::string wrong = read_command(line, command);
  if (command.cmd == "hello" && wrong.empty()) return hello_answer(adapter);
  std::string json = "{";
  if (!command.seq.empty()) json += member("seq", command.seq) + ",";
  if (!wrong.empty()) json += member("errored", wrong);
  else if (command.cmd == "run") json += played(adapter, command);
  else json += member("unsupported", fmt::format("there is no command {}", command.cmd));
  return json + "}";
}

}  // namespace

Exit serve(const std::string& loop) {
  const KnownLoop* known = find_loop(loop);
  std::string why;
  const Adapter* adapter = find_adapter(known ? known->name : loop, why);
  if (!adapter) return complain(Exit::adapter_failed, fmt::format("{}: {}", loop, why));
  std::FILE* answers = fdopen(dup(STDOUT_FILENO), "w");  // what a loop prints is none
  dup2(STDERR_FILENO, STDOUT_FILENO);
  for (std::string line; std::getline(std::cin, line) && line != R"({"cmd":"bye"})";) {
    fmt::print(answers, "{}\n", answer(*adapter, line));
    if (std::fflush(answers) != 0) break;  // nobody listens any more
  }
  return Exit::verified;
}

}  // namespace cede
