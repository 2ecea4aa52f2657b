#include "ci/circle.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace cede {
namespace {

using Waits = std::map<Name, std::set<Name>>;

Waits waits_of(const Trace& trace, std::size_t end) {
  constexpr std::array waiting{
      Verb::await, Verb::call, Verb::catch_, Verb::repeat, Verb::finally_, Verb::send, Verb::wait_for, Verb::timeout,
      Verb::with, Verb::task_group, Verb::create_task_in, Verb::wait_all_completed, Verb::wait_first_completed,
      Verb::wait_first_exception, Verb::as_completed, Verb::runner, Verb::run_until_complete};
  constexpr std::array gathering{Verb::gather, Verb::gather_exceptions, Verb::shield};
  Waits waits;
  for (std::size_t at = 0; at < std::min(end, trace.events.size()); ++at) {
    const Event& event = trace.events[at];
    if (event.what != What::did) continue;
    const auto& [who, verb, name, script, other, time, value] = event.step;
    const bool waits_itself = std::ranges::count(waiting, verb) > 0;
    if (waits_itself && name) waits[who].insert(name);
    if (!waits_itself && std::ranges::count(gathering, verb) == 0) continue;
    for (Name waited_for : {script, other})
      if (waited_for) waits[waits_itself ? who : name].insert(waited_for);
  }
  return waits;
}

bool reaches(const Waits& waits, Name from, Name to, std::set<Name>& seen) {
  auto found = waits.find(from);
  return found != waits.end() && std::ranges::any_of(found->second, [&](Name next) {
    return next == to || (seen.insert(next).second && reaches(waits, next, to, seen));
  });
}

}  // namespace

bool has_circle(const Trace& trace, std::size_t end) {
  const Waits waits = waits_of(trace, end);
  return std::ranges::any_of(waits, [&](const auto& wait) {
    std::set<Name> seen;
    return reaches(waits, wait.first, wait.first, seen);
  });
}

}  // namespace cede
