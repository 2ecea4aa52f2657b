#include "ci/serve.h"

#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <optional>

#include <fmt/format.h>

#include "adapters/adapters.h"
#include "adapters/driver.h"
#include "adapters/wire.h"
#include "adapters/wire_trace.h"

namespace cede {
namespace {

struct Command {
  std::string cmd, seq, scenario;
  World::Pace pace = World::Pace::frozen;
  std::string wrong;  // with the line
};

std::string member(std::string_view key, std::string_view text) {
  std::string json = fmt::format("\"{}\":", key);
  append_json(json, text);
  return json;
}

World::Pace read_pace(JsonReader& json) {
  const std::string_view word = json.text();
  const std::optional<World::Pace> pace = World::pace_of(word);
  if (!pace) json.fail(fmt::format("there is no pace {}", word));
  return pace.value_or(World::Pace::frozen);
}

Command read_command(std::string_view line) {
  Command command;
  JsonReader json(line);
  json.object([&](std::string_view key) {
    if (key == "cmd") command.cmd = json.text();
    else if (key == "seq") command.seq = json.text();
    else if (key == "scenario") command.scenario = json.text();
    else if (key == "pace") command.pace = read_pace(json);
    else json.skip();
  });
  json.end();
  command.wrong = json.error();
  return command;
}

/// The rest of the answer to `run`, behind its seq.
std::string played(const Adapter& adapter, const Command& command) {
  Parsed parsed = parse_scenario(command.scenario);
  if (parsed.error) return member("errored", "the scenario: " + to_string(*parsed.error));
  World world(command.pace);
  Trace trace;
  adapter.run(adapter, parsed.scenario, world, trace);
  std::string json = "\"trace\":";
  append_json(json, trace, parsed.scenario);
  return json;
}

std::string answer(const Adapter& adapter, const Command& command) {
  if (command.cmd == "hello" && command.wrong.empty()) {
    LoopInfo loop = adapter;
    loop.prompt = true;
    return hello_answer(loop);
  }
  std::string json = "{";
  if (!command.seq.empty()) json += member("seq", command.seq) + ",";
  if (!command.wrong.empty()) json += member("errored", command.wrong);
  else if (command.cmd == "run") json += played(adapter, command);
  else json += member("unsupported", fmt::format("there is no command {}", command.cmd));
  return json + "}";
}

/// What the driver behind this one does wrong is that one's word for it.
std::string answer_of_driver(const Adapter& adapter, const Command& command) {
  try {
    return answer(adapter, command);
  } catch (const DriverFailure& failure) {
    const std::string words = fmt::format("{}\nits driver {}", failure.said, failure.what());
    return "{" + (command.seq.empty() ? "" : member("seq", command.seq) + ",") + member("errored", words) + "}";
  }
}

}  // namespace

Exit serve(const std::string& loop) {
  const KnownLoop* known = find_loop(loop);
  std::string why;
  const Adapter* adapter = nullptr;
  try {
    adapter = find_adapter(known ? known->name : loop, why);
  } catch (const DriverFailure& failure) {
    why = fmt::format("its driver {}", failure.what());
  }
  if (!adapter) return complain(Exit::adapter_failed, fmt::format("{}: {}", loop, why));
  std::FILE* answers = fdopen(dup(STDOUT_FILENO), "w");  // what a loop prints is none
  dup2(STDERR_FILENO, STDOUT_FILENO);
  for (std::string line; std::getline(std::cin, line);) {
    const Command command = read_command(line);
    if (command.cmd == "bye" && command.wrong.empty()) break;
    fmt::print(answers, "{}\n", answer_of_driver(*adapter, command));
    if (std::fflush(answers) != 0) break;  // nobody listens any more
  }
  return Exit::verified;
}

}  // namespace cede
