// spec/09-threads.md
//
// What other threads do stands in the trace as a `got` with the number of the thread, at the moment at
// which they do it.
#include <algorithm>
#include <map>
#include <set>

#include "properties/property.h"
#include "properties/runs.h"

namespace cede {
namespace {

using enum Verb;

/// Whether it is what another thread, or the loop's own wait, did for a step with this verb.
bool got(const Event& event, Verb verb) { return event.what == What::got && event.step.verb == verb; }

/// A thread-safe call.
struct Submission {
  Id id = 0;
  std::size_t asked = never;      // by the scenario
  std::size_t called = never;     // on its thread
  std::size_t entered = never;    // the first time
  std::size_t cancelled = never;  // before it was entered
  int calls = 0;
  std::uint8_t thread = 0;
  bool refused = false;
};

/// In the order in which they were called.
std::vector<Submission> submissions_of(const History& history) {
  std::vector<Submission> list;
  std::map<Id, std::size_t> asked, place;
  for (std::size_t i = 0; i < history.events().size(); ++i) {
    const Event& event = history[i];
    if (event.did(thread)) asked[event.made] = i;
    bool own = event.did(call_soon_threadsafe) && event.made;
    if (own || got(event, thread)) {
      place[event.made] = list.size();
      list.push_back({.id = event.made, .asked = own ? i : asked[event.made], .called = i, .thread = event.thread,
                      .refused = event.answer.is_raised()});
    }
    if (auto found = place.find(event.id); found != place.end()) {
      Submission& submission = list[found->second];
      if (event.what == What::enter && submission.calls++ == 0) submission.entered = i;
      bool in_time = submission.entered == never && submission.cancelled == never;
      if (event.did(cancel) && in_time) submission.cancelled = i;
    }
  }
  return list;
}

/// Whether it happened at exactly the moment that was asked for, as it does in virtual time alone.
bool exact(const History& history, std::size_t asked, std::size_t happened) {
  if (asked == never) return false;
  const Event& request = history[asked];
  return history[happened].at == request.at + std::max<Nanos>(0, request.step.time);
}

constexpr Nanos reaction = 10 * microsecond;  // what a loop needs at most to wake up, where time creeps

/// Where the loop rests, or waits until its time is over, although something has happened that it has
/// to see; `never` if nowhere before the end.
std::size_t overslept(const History& history, std::size_t happened, std::size_t end, bool in_virtual_time) {
  end = std::min(end, history.events().size());
  std::size_t first = history.pass(happened);
  if (first > 0) --first;  // it may have happened within this wait
  for (std::size_t number = first; history.poll(number) < end; ++number) {
    std::size_t poll = history.poll(number), after = history.after_wait(std::max(poll, happened));
    if (poll < happened && history.after_wait(poll) < happened) continue;  // that wait was over before
    if (after >= history.events().size()) break;
    Nanos limit = history[poll].time, waited = history[after].at - history[poll].at;
    bool went_on = history[after].at - history[happened].at > reaction;
    if (in_virtual_time && limit > 0 && waited >= limit && went_on) return poll;
  }
  for (std::size_t i = happened; i < end; ++i)
    if (history[i].what == What::rest) return i;
  return never;
}

/// THR-1
Verdict a_call_from_another_thread_wakes_the_loop(const History& history) {
  Ruling ruling;
  if (history.other_loop) return ruling;
  for (const Submission& call : submissions_of(history)) {
    if (!call.thread || call.refused || call.cancelled != never) continue;
    ruling.reached();
    std::size_t slept = overslept(history, call.called, call.entered, exact(history, call.asked, call.called));
    if (slept == never && call.entered == never) continue;  // stopped or cut off before
    ruling.require(slept == never, slept, "another thread had called, and the loop went on waiting");
  }
  return ruling;
}

/// THR-2
Verdict jobs_of_other_threads_run_on_the_loops(const History& history) {
  Ruling ruling;
  for (const Submission& call : submissions_of(history)) {
    if (!call.thread || call.entered == never) continue;
    ruling.require(history[call.entered].thread == 0, call.entered, "the job ran on another thread than the loop's");
    const Job* job = history.job_at(call.entered);
    ruling.require(!job || job->outer == 0, call.entered, "the job ran in the middle of another one");
  }
  return ruling;
}

/// THR-3
Verdict calls_of_a_thread_keep_their_order(const History& history) {
  Ruling ruling;
  if (history.other_loop) return ruling;
  std::map<std::uint8_t, const Submission*> last;  // by thread
  auto list = submissions_of(history);
  for (const Submission& call : list) {
    if (!call.thread || call.refused || call.cancelled != never) continue;
    ruling.reached();
    if (call.calls > 0) ruling.require(call.calls == 1, call.entered, "the job ran more than once");
    bool lost = history.complete && call.entered == never && history.closed > call.called;
    if (history.complete) ruling.require(!lost, call.called, "the job never ran");
    const Submission* before = std::exchange(last[call.thread], &call);
    if (!before || call.entered == never) continue;
    ruling.require(before->entered < call.entered, call.entered, "an earlier call of the same thread had not run");
  }
  return ruling;
}

/// THR-4
Verdict on_the_loops_thread_it_is_a_plain_call(const History& history) {
  Ruling ruling;
  if (history.other_loop) return ruling;
  auto list = submissions_of(history);
  for (const Submission& call : list) {
    if (call.thread) continue;
    bool closed = history.closed < call.called;
    ruling.require(call.refused == closed, call.called,
                   closed ? "a closed loop took the call" : "a loop that is not closed refused the call");
    if (call.cancelled != never) ruling.require(call.entered == never, call.entered, "the call was cancelled");
    if (call.refused || call.cancelled != never || call.entered == never) continue;
    // The plain calls next to it.
    auto next = std::ranges::upper_bound(history.calls, call.called, {}, &Call::asked);
    auto comes = [&](const Call& plain) {
      return plain.verb == call_soon && plain.entered != never && plain.cancelled == never;
    };
    auto after = std::find_if(next, history.calls.end(), comes);
    if (after != history.calls.end())
      ruling.require(call.entered < after->entered, after->entered, "a plain call that was made later ran first");
    while (next != history.calls.begin())
      if (comes(*--next)) {
        ruling.require(next->entered < call.entered, call.entered, "it overtook a plain call that was made before");
        break;
      }
  }
  return ruling;
}

/// Whether somebody else asked the future of an executor's work to end.
bool meddled_with(const History& history, Id future) {
  constexpr Verbs endings{cancel_future, cancel_task, set_result, set_exception};
  return std::ranges::any_of(history.events(), [&](const Event& event) {
    return event.what == What::did && event.id == future && endings.meets({event.step.verb});
  });
}

/// What an await of the work has to give.
Answer result_of_work(const Step& work) {
  if (work.verb == fail_in_executor) return Answer::raised(work.value.error);
  return work.value.none() ? Answer{} : Answer::of(work.value);
}

/// THR-5
Verdict work_of_an_executor_is_done_elsewhere(const History& history) {
  Ruling ruling;
  for (std::size_t i = 0; i < history.events().size(); ++i) {
    const Event& done = history[i];
    if (!got(done, run_in_executor) && !got(done, fail_in_executor)) continue;
    ruling.require(done.thread != 0, i, "the work was done on the loop's thread, which could do nothing else");
    if (history.cancels || history.other_loop || meddled_with(history, done.id)) continue;
    for (const Wait& wait : history.waits) {
      if (wait.awaited != done.id || history[wait.asked].step.verb != await || !wait.task) continue;
      if (wait.got != never)
        ruling.require(history[wait.got].answer == result_of_work(done.step), wait.got,
                       "the result is another than that of the work");
      else if (history.complete && wait.suspended)
        ruling.require(false, i, "the result never reached who awaits it");
    }
  }
  return ruling;
}

/// THR-6
Verdict a_thread_gets_the_outcome_of_its_coroutine(const History& history) {
  Ruling ruling;
  if (history.other_loop || history.cancels) return ruling;
  std::map<Id, std::size_t> submitted, answered;
  for (std::size_t i = 0; i < history.events().size(); ++i) {
    const Event& event = history[i];
    if (!got(event, run_coroutine_threadsafe)) continue;
    if (history.closed < i) continue;  // refused
    if (event.made) submitted[event.made] = i;
    else answered[event.id] = i;
  }
  for (auto [id, event] : submitted) {
    ruling.reached();
    const FutureLife* task = history.future(id);
    auto answer = answered.find(id);
    if (answer != answered.end()) {
      bool right = task && task->completed < answer->second && agree(history[answer->second].answer, task->outcome);
      ruling.require(right, answer->second, "the thread got another outcome than the coroutine's");
    } else if (history.complete && history.closed > event) {
      ruling.require(task != nullptr, event, "the coroutine was never taken up");
      if (task && task->completed != never) ruling.require(false, task->completed, "the thread never got the outcome");
    }
  }
  return ruling;
}

/// What the trace says of one signal.
struct Signal {
  std::vector<Id> gone;         // handlers that were replaced or removed
  std::vector<Id> unused;       // ... before the signal had ever come
  Id handler = 0;               // in force; 0 if none
  bool used = false;            // the signal has come before, while there was a handler
  std::size_t raised = never;   // when there was a handler, and it has not run since
  std::size_t asked = never;    // send_signal: by the scenario
  bool clear = true;            // no registration has changed since it was raised

  /// Whether it is known which handler has to run for it, and that one has not.
  bool pending() const { return raised != never && clear; }
};

/// Follows the signals through the trace.
template <class OnRaise, class OnJob, class OnRest>
void follow_signals(const History& history, OnRaise on_raise, OnJob on_job, OnRest on_rest) {
  std::map<Name, Signal> signals;
  auto change = [](Signal& signal, Id handler) {
    if (signal.handler) (signal.used ? signal.gone : signal.unused).push_back(signal.handler);
    signal.handler = handler;
    signal.clear = false;
  };
  for (std::size_t i = 0; i < history.events().size(); ++i) {
    const Event& event = history[i];
    const Step& step = event.step;
    if (i == history.closed)
      for (auto& [name, signal] : signals) change(signal, 0);
    for (auto& [name, signal] : signals) {
      if (event.what == What::enter) on_job(signal, i);
      if (event.what == What::rest) on_rest(signal, i);
    }
    if (event.did(add_signal_handler) && !event.answer.is_raised()) change(signals[step.name], event.made);
    bool removed = event.did(remove_signal_handler) && event.answer == Answer::of(Value::of(true));
    if (removed) change(signals[step.name], 0);
    bool raised = event.did(raise_signal) || got(event, send_signal);
    if (Signal* signal = raised ? &signals[step.name] : nullptr; signal && signal->handler) {
      on_raise(*signal, i);
      signal->used = true;
    }
  }
}

void note_raise(const History& history, Signal& signal, std::size_t event) {
  if (signal.raised != never) return;
  signal.raised = event;
  signal.clear = true;
  signal.asked = never;
  for (std::size_t i = 0; i < event && history[event].what == What::got; ++i)
    if (history[i].what == What::did && history[i].step == history[event].step) signal.asked = i;
}

/// THR-7
Verdict a_signal_is_handled_by_a_job(const History& history) {
  Ruling ruling;
  if (history.other_loop) return ruling;
  auto on_handler = [&](Signal& signal, std::size_t enter) {
    const Event& event = history[enter];
    bool known = event.id == signal.handler || std::ranges::find(signal.gone, event.id) != signal.gone.end();
    if (!event.id || !known) return;
    const Job* job = history.job_at(enter);
    ruling.require(!job || job->outer == 0, enter, "the handler ran in the middle of a job");
    if (signal.pending()) {
      bool in_virtual_time = exact(history, signal.asked, signal.raised);
      std::size_t slept = overslept(history, signal.raised, enter, in_virtual_time);
      ruling.require(slept == never, slept, "a signal had come, and the loop went on waiting");
    }
    signal.raised = never;
  };
  auto on_raise = [&](Signal& signal, std::size_t event) { note_raise(history, signal, event); };
  auto on_rest = [&](Signal& signal, std::size_t event) {
    if (signal.pending()) ruling.require(false, event, "a signal had come, and its handler never ran");
  };
  follow_signals(history, on_raise, on_handler, on_rest);
  return ruling;
}

/// THR-8
Verdict a_signal_takes_two_passes(const History& history) {
  Ruling ruling;
  if (history.other_loop || history.fatal) return ruling;
  bool first = true;
  auto on_raise = [&](Signal& signal, std::size_t event) {
    // The first alone: later ones may be read together with those before.
    bool by_job = history[event].what == What::did && history.job_at(event);
    if (std::exchange(first, false) && by_job) note_raise(history, signal, event);
  };
  auto on_handler = [&](Signal& signal, std::size_t enter) {
    if (!history[enter].id || history[enter].id != signal.handler) return;
    std::size_t raised = std::exchange(signal.raised, never);
    if (raised == never || !signal.clear) return;
    std::size_t passes = history.pass(enter) - history.pass(raised);
    ruling.require(passes > 0, enter, "the handler ran in the pass in which the signal came");
    if (passes == 1) ruling.variant("one-pass", enter);
    if (passes > 2) ruling.variant("more-passes", enter);
  };
  auto on_rest = [&](Signal& signal, std::size_t event) {
    if (signal.pending()) ruling.require(false, event, "the handler never ran");
  };
  follow_signals(history, on_raise, on_handler, on_rest);
  return ruling;
}

/// Which handlers are in force, as the steps of the scenario and their answers tell.
class Handlers {
 public:
  explicit Handlers(Ruling& ruling) : ruling_(ruling) {}

  void close() {
    closed_ = true;
    handlers_.clear();
  }

  void read(const Event& event, std::size_t index) {
    Name signal = event.step.name;
    if (event.did(add_signal_handler)) {
      bool refuse = closed_ || !catchable(signal);
      ruling_.require(event.answer.is_raised() == refuse, index,
                      refuse ? "a signal that cannot be caught, or a closed loop, and no refusal" : "it was refused");
      note(event);
    } else if (event.did(add_signal_handler_elsewhere)) {
      ruling_.require(event.answer.is_raised(), index, "a thread that is not the main one registered a handler");
      note(event);
    } else if (event.did(remove_signal_handler)) {
      bool was = handlers_.erase(signal) > 0;
      ruling_.require(event.answer == Answer::of(Value::of(was)), index, "it did not tell whether there was a handler");
    } else if (event.did(raise_signal)) {
      bool by_default = event.answer.kind == Answer::Kind::value;
      bool handled = handlers_.contains(signal);
      ruling_.require(by_default != handled, index,
                      handled ? "the handler was not in force"
                              : "without a handler the process did not do what it does by default");
    }
  }

 private:
  static bool catchable(Name signal) {
    return signal == Name("usr1") || signal == Name("usr2") || signal == Name("int");
  }

  void note(const Event& registration) {
    if (!registration.answer.is_raised()) handlers_.insert(registration.step.name);
  }

  Ruling& ruling_;
  std::set<Name> handlers_;  // the signals that have one
  bool closed_ = false;
};

/// THR-9
Verdict one_handler_a_signal(const History& history) {
  Ruling ruling;
  Handlers handlers(ruling);
  for (std::size_t i = 0; i < history.events().size(); ++i) {
    if (i == history.closed) handlers.close();
    handlers.read(history[i], i);
  }
  auto on_handler = [&](Signal& signal, std::size_t enter) {
    bool unused = std::ranges::find(signal.unused, history[enter].id) != signal.unused.end();
    ruling.require(!unused, enter, "a handler was called that had been replaced or removed before the signal came");
  };
  auto nothing = [](Signal&, std::size_t) {};
  follow_signals(history, nothing, on_handler, nothing);
  return ruling;
}

/// The interrupts that came while a runner ran.
struct Interrupts {
  std::size_t first = never;
  int count = 0;
};

Interrupts interrupts_of(const History& history, const Runner& runner) {
  Interrupts interrupts;
  for (std::size_t i = runner.asked + 1; i < runner.got; ++i) {
    const Event& event = history[i];
    bool raised = event.did(raise_signal) && event.answer.kind == Answer::Kind::nothing;
    if ((raised || got(event, send_signal)) && event.step.name == Name("int") && interrupts.count++ == 0)
      interrupts.first = i;
  }
  return interrupts;
}

/// Whether the scenario cancels or ends by other means what the runner runs.
bool cancels_otherwise(const History& history) {
  return history.fatal || std::ranges::any_of(history.events(), [](const Event& event) {
    bool cancels = event.step.verb == cancel_task || event.step.verb == cancel_future || event.step.verb == stop;
    return event.what == What::did && (cancels || event.step.value == Value::of(ErrorKind::cancelled));
  });
}

/// THR-10
Verdict an_interrupt_cancels_the_main_task(const History& history) {
  Ruling ruling;
  if (cancels_otherwise(history)) return ruling;
  for (std::size_t i = 0; i < history.events().size(); ++i) {
    if (!history[i].did(runner) || history[i].job) continue;
    Runner run = read_runner(history, i);
    if (run.got == never) continue;
    Interrupts interrupts = interrupts_of(history, run);
    if (interrupts.count != 1 || run.ended < interrupts.first) continue;
    if (run.begun == never) {  // a task that is cancelled before it begins never does (CANCEL-2)
      ruling.require(history[run.got].answer.is_raised(ErrorKind::exit), run.got,
                     "the interrupt did not reach the caller");
      continue;
    }
    ruling.require(run.ended != never, run.got, "the main coroutine was not given the time to clean up");
    if (run.ended == never) continue;
    const Answer& end = history[run.ended].answer;
    const Answer& answer = history[run.got].answer;
    bool in_last_step = history[interrupts.first].job == history[run.ended].job;  // which may be cancelled as it ends
    bool reached = answer.is_raised(ErrorKind::exit);
    if (end.is_raised(ErrorKind::cancelled))
      ruling.require(reached, run.got, "the interrupt did not reach the caller");
    else
      ruling.require(answer == end || (in_last_step && reached), run.got,
                     "the main coroutine went on, and its outcome was lost");
  }
  return ruling;
}

constexpr Property list[] = {
    {"THR-1", a_call_from_another_thread_wakes_the_loop, {thread}},
    {"THR-2", jobs_of_other_threads_run_on_the_loops, {thread}},
    {"THR-3", calls_of_a_thread_keep_their_order, {thread}},
    {"THR-4", on_the_loops_thread_it_is_a_plain_call, {call_soon_threadsafe}},
    {"THR-5", work_of_an_executor_is_done_elsewhere, {run_in_executor, fail_in_executor}},
    {"THR-6", a_thread_gets_the_outcome_of_its_coroutine, {run_coroutine_threadsafe}},
    {"THR-7", a_signal_is_handled_by_a_job, {raise_signal, send_signal}},
    {"THR-8", a_signal_takes_two_passes, {raise_signal}},
    {"THR-9", one_handler_a_signal,
     {add_signal_handler, add_signal_handler_elsewhere, remove_signal_handler, raise_signal}},
    {"THR-10", an_interrupt_cancels_the_main_task, {runner}, {destroy, anext, aclose, shutdown_asyncgens}},
};

}  // namespace

std::span<const Property> threads() { return list; }

}  // namespace cede
