// Loops of promises, as JavaScript's: who waits for one, and each step of a task, goes on in a microtask. A microtask
// runs behind the job that made it ready, before the loop serves anybody else; microtasks run in the order in
// which they became ready. A loop that declares this (Trace::promises) is held to it where clauses say when who waits
// goes on; that it does not wait for the next pass, and that an await waits in any case, is then a variant.
#include <algorithm>
#include <array>

#include "properties/property.h"

namespace cede {
namespace {

constexpr std::string_view variant = "in-a-microtask";

/// Those that say when who waits goes on. What breaks the order of microtasks convicts PASS-1, or PASS-6 where an error
/// is the cause; the others then have no opinion.
constexpr std::array<std::string_view, 23> clauses{
    "CORO-3", "CORO-7", "AWAIT-2", "AWAIT-4", "AWAIT-5",   "AWAIT-6", "AWAIT-7", "AWAIT-10",
    "FUT-4",  "FUT-5",  "FUT-6",   "FUT-12",  "TASK-1",    "TASK-2",  "TASK-4",  "TASK-5",
    "TASK-7", "PASS-1", "PASS-2",  "SLEEP-1", "CANCEL-21", "SLEEP-5", "LIVE-8"};

bool is_microtask(const History& history, const Job& job) {
  const Call* call = history.call_of(job);
  return job.step || (call && call->verb == Verb::add_done_callback);
}

/// What a loop of promises did wrong.
struct Breach {
  std::size_t event = never;
  std::string_view what;
  bool is_behind_an_error = false;  // which left the callback that made the microtask ready
};

/// The first microtask that ran too late or out of its turn.
Breach untimely(const History& history) {
  std::size_t last_ready = 0, served = 0;  // the last that was no microtask: a callback or a poll
  auto poll = history.polls.begin();
  for (const Job& job : history.jobs) {
    for (; poll != history.polls.end() && *poll < job.enter; ++poll) served = std::max(served, *poll);
    if (!is_microtask(history, job)) {
      served = job.enter;
    } else if (job.queued != never) {
      const Job* by = history.job_at(job.queued);
      const bool failed = by && !by->step && by->error != ErrorKind::none;
      if (job.queued < served) return {job.enter, "the loop went on before it ran a microtask", failed};
      if (job.queued < last_ready) return {job.enter, "it was ready before another microtask, and ran behind it"};
      last_ready = job.queued;
    }
  }
  return {};
}

/// Who became ready and never went on, though all was done; never if nobody.
std::size_t lost(const History& history) {
  if (!history.complete) return never;
  for (const FutureLife& task : history.futures)
    if (task.task && task.steps.empty()) return task.made;
  for (const Call& call : history.calls)
    if (call.verb == Verb::add_done_callback && call.entered == never && history.queued(call) != never)
      return call.asked;
  for (const Wait& wait : history.waits) {
    const FutureLife* awaited = history.future(wait.awaited);
    bool is_ready = history[wait.asked].step.verb == Verb::yield || (awaited && awaited->completed != never);
    if (wait.task && wait.got == never && is_ready) return wait.asked;
  }
  return never;
}

}  // namespace

Verdict judge_as_promises(const Property& property, const History& history) {
  Verdict verdict = property.rule(history);
  const bool is_about_order = property.clause == "PASS-1", is_about_errors = property.clause == "PASS-6";
  const bool departs = verdict.violated() && std::ranges::find(clauses, property.clause) != clauses.end();
  if (!is_about_order && !is_about_errors && !departs) return verdict;
  Breach breach = untimely(history);
  if (breach.event == never) breach = {lost(history), "a microtask never ran"};
  if (breach.event == never) return departs ? Verdict{Verdict::Kind::variant, verdict.event, variant} : verdict;
  if (breach.is_behind_an_error ? is_about_errors : is_about_order)
    return {Verdict::Kind::violated, breach.event, breach.what};
  return departs ? Verdict{Verdict::Kind::reached} : verdict;
}

}  // namespace cede
