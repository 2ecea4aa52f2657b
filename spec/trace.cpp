#include "spec/trace.h"

#include <fmt/format.h>

namespace cede {

std::string to_string(const Answer& answer) {
  switch (answer.kind) {
    case Answer::Kind::nothing: return {};
    case Answer::Kind::value: return " -> " + to_string(answer.value);
    case Answer::Kind::raised: return " -> raises " + to_string(answer.value);
    case Answer::Kind::unsupported: return " -> unsupported";
    case Answer::Kind::ignored: return " -> ignored";
  }
  return {};
}

namespace {

std::string behind_a_space(Name name) { return name ? " " + std::string(name.text()) : std::string(); }

/// What an error report is about; nothing more for the usual one, of the callback that has just ended.
std::string told_of(const Event& event) {
  std::string told = "error " + to_string(event.answer.value);
  if (event.step.name) told += " " + std::string(event.step.name.text()) + behind_a_space(event.step.who);
  return told;
}

}  // namespace

std::string to_string(const Event& event) {
  if (event.thread != 0) {
    Event here = event;
    here.thread = 0;
    return fmt::format("thread {}: {}", event.thread, to_string(here));
  }
  std::string who(event.step.who.text());
  switch (event.what) {
    case What::did: return to_string(event.step) + to_string(event.answer);
    case What::got: return "got " + to_string(event.step) + to_string(event.answer);
    case What::item: return "item" + to_string(event.answer);
    case What::enter: return "enter " + who;
    case What::leave: return "leave " + who;
    case What::destroyed: return "destroyed " + who;
    case What::end: return "end " + who + to_string(event.answer);
    case What::poll: return "poll " + to_string_duration(event.time);
    case What::error: return told_of(event);
    case What::warning: return "warning " + to_string(event.answer.value) + behind_a_space(event.step.who);
    case What::rest: return "rest";
    case What::stuck: return "stuck";
    case What::silent: return "silent";
  }
  return {};
}

std::vector<std::string> lines(const Trace& trace) {
  std::vector<std::string> lines;
  int depth = 0;
  for (const Event& event : trace.events) {
    if (event.what == What::leave && depth > 0) --depth;
    lines.push_back(std::string(2 * depth, ' ') + to_string(event));
    if (event.what == What::enter) ++depth;
  }
  return lines;
}

std::string to_string(const Trace& trace) {
  std::string text;
  Nanos now = 0;
  auto printed = lines(trace);
  for (std::size_t i = 0; i < printed.size(); ++i) {
    if (trace.events[i].at != now) {
      now = trace.events[i].at;
      text += to_string_duration(now) + "\n";
    }
    text += printed[i] + "\n";
  }
  return text;
}

}  // namespace cede
