// spec/17-liveness.md, LIVE-7 to LIVE-11: what things cost. Nothing here is timed: passes, blocks and
// stack are counted.
#include "properties/property.h"

namespace cede {
namespace {

constexpr Name slow_callback{"slow_callback"};
constexpr Nanos threshold = 100 * millisecond;

bool reports_slowness(const Event& event) {
  return event.what == What::warning && event.answer.value == Value::of(slow_callback);
}

/// Whether the loop was in debug mode when the event happened.
bool debug_at(const History& history, std::size_t event) {
  bool debug = false;
  for (std::size_t index = 0; index < event; ++index)
    if (history[index].did(Verb::set_debug))
      debug = history[index].step.value.number != 0;
  return debug;
}

/// LIVE-7
Verdict a_slow_job_is_reported_in_debug_mode(const History& history) {
  Ruling ruling;
  for (const Job& job : history.jobs) {
    if (job.leave == never || job.leave + 1 >= history.events().size() || job.error == ErrorKind::exit) continue;
    if (job.outer || history.in_other_loop(job)) continue;
    std::size_t end = job.leave + 1;  // where the loop has certainly gone on
    while (end < history.events().size() && history[end].what != What::enter && history[end].what != What::poll &&
           history[end].what != What::got)
      ++end;
    std::size_t report = never;
    for (std::size_t index = job.leave + 1; index < end && report == never; ++index)
      if (reports_slowness(history[index])) report = index;
    bool debug = debug_at(history, job.enter);
    if (debug != debug_at(history, job.leave) || history.fatal) continue;
    if (history[end - 1].at != history[job.leave].at) continue;  // the error handler held the loop, too
    Nanos took = history[job.leave].at - history[job.enter].at;
    if (debug && took >= threshold && end < history.events().size()) {
      ruling.require(report != never, job.leave, "a job held the loop for long, and nobody was told");
      if (report != never) ruling.require(history[report].id == job.subject, report, "it was told of another job");
    } else if (debug && took < threshold - millisecond && took > 0) {
      ruling.require(report == never, report, "a job was reported that had not held the loop for long");
    } else if (report != never && took < threshold - millisecond) {
      ruling.require(false, report, "a job was reported that had not held the loop for long");
    }
  }
  return ruling;
}

/// Whether the task was made in the step that awaits it, and is over after one step.
const FutureLife* short_child(const History& history, const Wait& wait) {
  const FutureLife* child = history.future(wait.awaited);
  bool fresh = child && child->task && wait.got != never && wait.task && child->completed < wait.got &&
               child->steps.size() == 1 && history[child->made].job == history[wait.asked].job;
  return fresh ? child : nullptr;
}

/// LIVE-8
Verdict an_inline_await_costs_no_pass_and_a_task_two(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history) || history.by_hand || history.cancels) return ruling;
  for (const Wait& wait : history.waits)
    if (short_child(history, wait))
      ruling.require(history.pass(wait.got) == history.pass(wait.asked) + 2, wait.got,
                     "to await a new task did not cost two passes");
  for (std::size_t index = 0; index + 1 < history.events().size(); ++index) {
    const Event& event = history[index];
    bool inlines = runs_inline(event.step.verb) && row(event.step.verb).family == Family::core;
    bool ignored = event.answer.kind != Answer::Kind::nothing;  // as in a callback
    if (event.what != What::did || !inlines || ignored || !history.next(index)) continue;
    ruling.require(history[index + 1].what != What::leave, index + 1, "to await a coroutine cost a turn of the loop");
  }
  return ruling;
}

/// What `storm` answers for these kinds has to be at most so much.
void require_cost(Ruling& ruling, const History& history, std::initializer_list<Name> kinds, std::int64_t most,
                  std::string_view why) {
  for (std::size_t index = 0; index < history.events().size(); ++index) {
    const Event& event = history[index];
    if (!event.did(Verb::storm) || event.answer.kind != Answer::Kind::value) continue;
    for (Name kind : kinds)
      if (event.step.name == kind) ruling.require(event.answer.value.number <= most, index, why);
  }
}

/// LIVE-9
Verdict a_job_costs_the_same_however_many_there_are(const History& history) {
  Ruling ruling;
  require_cost(ruling, history, {Name("jobs"), Name("waiters")}, 6,
               "four times as many cost much more than four times as much");
  return ruling;
}

/// LIVE-10
Verdict cancelled_timers_do_not_pile_up(const History& history) {
  Ruling ruling;
  require_cost(ruling, history, {Name("timers")}, 2, "the loop held on to more, the more timers had been cancelled");
  return ruling;
}

/// LIVE-11
Verdict awaits_in_a_row_use_constant_stack(const History& history) {
  Ruling ruling;
  require_cost(ruling, history, {Name("calls"), Name("awaits"), Name("tasks")}, 1, "the stack grew with their number");
  return ruling;
}

using enum Verb;

constexpr Property list[] = {
    {"LIVE-7", a_slow_job_is_reported_in_debug_mode, {set_debug}, {runner}},
    {"LIVE-8", an_inline_await_costs_no_pass_and_a_task_two, {create_task}},
    {"LIVE-9", a_job_costs_the_same_however_many_there_are, {storm}, {}},
    {"LIVE-10", cancelled_timers_do_not_pile_up, {storm}, {}},
    {"LIVE-11", awaits_in_a_row_use_constant_stack, {storm}, {}},
};

}  // namespace

std::span<const Property> complexity() { return list; }

}  // namespace cede
