#include "properties/runs.h"

#include <algorithm>

namespace cede {

Runner read_runner(const History& history, std::size_t asked) {
  auto answers = [&](const Event& event) { return event.what == What::got && event.frame == history[asked].frame; };
  const auto& events = history.events();
  auto answer = std::find_if(events.begin() + static_cast<std::ptrdiff_t>(asked) + 1, events.end(), answers);
  Runner runner{.asked = asked};
  if (answer == events.end()) return runner;
  runner.got = static_cast<std::size_t>(answer - events.begin());
  Id main = 0;
  for (std::size_t index = asked + 1; index < runner.got; ++index) {
    const Event& event = history[index];
    if (!main && event.what == What::enter && event.id == answer->id) main = history[index + 1].frame;
    if (main && runner.begun == never) runner.begun = index;
    if (main && event.what == What::end && event.frame == main) runner.ended = index;
  }
  return runner;
}

bool turns_this_loop(const Run& run) { return run.verb != Verb::run_in_new_loop && !run.nested; }

bool was_a_run(const History& history, const Run& run) {
  return turns_this_loop(run) && run.got != never && history.pass(run.asked) < history.pass(run.got);
}

bool ended_fatally(const History& history, const Run& run) {
  return run.got != never && history[run.got].answer.is_raised(ErrorKind::exit);
}

const Run* run_around(const History& history, std::size_t event) {
  for (const Run& run : history.runs)
    if (run.asked < event && event < run.got && turns_this_loop(run)) return &run;
  return nullptr;
}

bool an_earlier_end_is_queued(const History& history, const Run& run) {
  for (const Run* earlier = history.runs.data(); earlier < &run; ++earlier) {
    if (earlier->verb != Verb::run_until_complete || !turns_this_loop(*earlier)) continue;
    const FutureLife* future = history.future(earlier->future);
    bool done = !future || history.cancels || future->completed < earlier->got;
    if (done && (earlier->stop != never || ended_fatally(history, *earlier))) return true;
  }
  return false;
}

bool came_back_unasked(const History& history, const Run& run) {
  if (!was_a_run(history, run) || run.stop != never || run.rested != never) return false;
  if (an_earlier_end_is_queued(history, run)) return false;
  if (run.verb == Verb::run) return !history[run.got].answer.is_raised();
  const FutureLife* future = history.future(run.future);
  return future && future->completed > run.got && !history.cancels && !ended_fatally(history, run);
}

bool completes_an_earlier_future(const History& history, const Run& run) {
  for (const Run* earlier = history.runs.data(); earlier < &run; ++earlier) {
    if (earlier->verb != Verb::run_until_complete || !was_a_run(history, *earlier)) continue;
    const FutureLife* future = history.future(earlier->future);
    if (future && future->completed > earlier->got && future->completed < run.got) return true;
  }
  return false;
}

}  // namespace cede
