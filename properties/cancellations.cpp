#include "properties/cancellations.h"

#include <algorithm>

#include "properties/history.h"

namespace cede {
namespace {

using Met = Cancellation::Met;

bool is_request(const History& history, std::size_t index) {
  const Event& event = history[index];
  Verb verb = event.step.verb;
  bool asks = event.what == What::did && (verb == Verb::cancel_task || verb == Verb::cancel_future);
  const FutureLife* task = asks ? history.future(event.id) : nullptr;
  return task && task->task && !task->done_before(index);
}

/// A suspension without a future or a timer, which puts the next step into the queue.
bool is_bare(const Step& step) {
  return step.verb == Verb::yield || (step.verb == Verb::sleep && step.time <= 0);
}

Answer called_off_with(const Value& message) {
  return {Answer::Kind::raised, Value::of(ErrorKind::cancelled, message)};
}

}  // namespace

void Cancellations::clear() {
  all.clear();
  passed.clear();
  called_off.clear();
  counts_.clear();
  states_.clear();
  until = circle = retracted = never;
}

void Cancellations::read(const History& history) {
  if (history.by_hand || history.other_loop || history.other_families) until = 0;
  for (std::size_t index = 0; index < history.events().size() && index < until; ++index) {
    const Event& event = history[index];
    if (event.what == What::enter) read_enter(history, index);
    else if (event.what == What::leave) read_leave(history, index);
    else if (event.did(Verb::uncancel)) take_back(index, event.id);
    else if (is_request(history, index)) {
      read_request(history, index, event.id, event.step.value);
      if (event.answer != Answer::of(Value::of(true))) until = std::min(until, index + 1);
    }
  }
}

Cancellations::State& Cancellations::state(Id task) {
  if (task >= states_.size()) states_.resize(task + 16);
  states_[task].task = task;
  return states_[task];
}

bool Cancellations::is_pending(const History& history, Id future, std::size_t index) const {
  return !history.future(future)->done_before(index) && std::ranges::count(called_off, future, &CalledOff::future) == 0;
}

/// Goes along the tasks that wait for each other, and strikes the innermost.
void Cancellations::read_request(const History& history, std::size_t index, Id target, const Value& message) {
  for (std::size_t hops = 0;; ++hops) {
    counts_.push_back({index, target, 1});
    State& asked = state(target);
    ++asked.requests;
    const Wait* wait = asked.wait == never ? nullptr : &history.waits[asked.wait];
    const FutureLife* inner = wait ? history.future(wait->awaited) : nullptr;
    bool passes_on = inner && inner->task && inner->id != target && !inner->done_before(index);
    if (!passes_on) return strike(history, index, asked, message);
    if (hops > history.futures.size()) {
      until = circle = index;
      return;
    }
    passed.push_back({index, asked.wait, target, inner->id});
    target = inner->id;
  }
}

/// The request comes to a task that waits for no other.
void Cancellations::strike(const History& history, std::size_t index, State& state, const Value& message) {
  Cancellation cancellation{.task = state.task, .asked = index, .message = message};
  if (!state.running) {
    cancellation.struck = index;
    cancellation.wait = state.wait;
  }
  if (state.running) {
    cancellation.met = Met::running;
  } else if (!state.begun) {
    cancellation.met = Met::unbegun;
  } else if (state.wait == never) {
    return void(until = index);  // it is over, and yet it is waited for
  } else {
    const Wait& wait = history.waits[state.wait];
    const Step& step = history[wait.asked].step;
    const FutureLife* awaited = history.future(wait.awaited);
    if (wait.awaited == state.task) return void(until = index);  // AWAIT-12
    if (is_bare(step)) cancellation.met = Met::ceded;
    else if (step.verb == Verb::sleep) cancellation.met = Met::asleep;
    else if (awaited->task || !is_pending(history, awaited->id, index)) cancellation.met = Met::woken;
    else cancellation.met = Met::waiting, cancellation.future = awaited->id;
  }
  if (cancellation.future) called_off.push_back({cancellation.future, index, state.task, message});
  if (state.open != never) {
    ++all[state.open].requests;
    if (state.by_flag) all[state.open].message = message;
    return;
  }
  state.by_flag = cancellation.met != Met::waiting && cancellation.met != Met::asleep;
  state.open = all.size();
  all.push_back(cancellation);
}

/// With the last request goes an error that nothing but a flag stands for; in CPython before 3.13 it stays.
void Cancellations::take_back(std::size_t index, Id task) {
  State& asked = state(task);
  if (asked.requests == 0) return;
  counts_.push_back({index, task, -1});
  if (--asked.requests > 0 || asked.open == never) return;
  const Cancellation& cancellation = all[asked.open];
  if (!asked.by_flag && cancellation.met != Met::asleep) return;
  until = index + 1;
  if (asked.by_flag && !asked.running) retracted = index;
}

void Cancellations::read_enter(const History& history, std::size_t index) {
  const Job* job = history.job_at(index);
  if (!job || !job->step) return;
  State& entered = state(job->subject);
  if (entered.open != never) all[entered.open].job = static_cast<std::size_t>(job - history.jobs.data());
  entered.open = entered.wait = never;
  entered.begun = entered.running = true;
}

/// A task that was asked while it ran is struck where it suspends, unless it is over.
void Cancellations::read_leave(const History& history, std::size_t index) {
  const Job* job = history.job_at(index);
  if (!job || !job->step) return;
  State& left = state(job->subject);
  left.running = false;
  std::size_t open = left.open;
  if (std::size_t end = history.future(left.task)->completed; end <= index) {
    if (open != never) all[open].missed = end;
    left.open = never;
    return;
  }
  const Wait* wait = job->wait == never ? nullptr : &history.waits[job->wait];
  const FutureLife* awaited = wait ? history.future(wait->awaited) : nullptr;
  bool awaits = wait && history[wait->asked].step.verb == Verb::await;
  // It waits for something that this knows nothing of, or that is over (AWAIT-4).
  if (!wait || (awaits && (!awaited || awaited->done_before(index)))) return void(until = index);
  left.wait = job->wait;
  if (open == never) return;
  Cancellation& cancellation = all[open];
  cancellation.struck = index;
  cancellation.wait = left.wait;
  const Step& step = history[wait->asked].step;
  if (is_bare(step)) return;
  if (wait->awaited == left.task) return void(until = index);
  left.by_flag = false;
  if (step.verb == Verb::sleep) return;
  if (awaited->task) {
    left.open = never;
    cancellation.passed_on = true;
    passed.push_back({index, left.wait, left.task, wait->awaited});
    read_request(history, index, wait->awaited, Value(cancellation.message));
  } else {
    cancellation.future = wait->awaited;
    called_off.push_back({wait->awaited, index, left.task, cancellation.message});
  }
}

bool Cancellations::asked(Id task) const { return std::ranges::count(counts_, task, &Count::task) > 0; }

const Cancellation* Cancellations::raised_in(std::size_t job) const {
  auto found = std::ranges::find(all, job, &Cancellation::job);
  return found == all.end() ? nullptr : &*found;
}

int Cancellations::requests(Id task, std::size_t event) const {
  int requests = 0;
  for (const Count& count : counts_)
    if (count.task == task && count.event < event) requests += count.change;
  return requests;
}

Answer Cancellations::outcome(const History& history, Id id, std::size_t event) const {
  for (const CalledOff& off : called_off)
    if (off.future == id && off.event < event) return called_off_with(off.message);
  const FutureLife* future = history.future(id);
  if (!future || !future->done_before(event)) return {};
  for (const Cancellation& cancellation : all)
    if (cancellation.task == id && cancellation.missed != never && !future->outcome.is_raised())
      return called_off_with(cancellation.message);
  return future->outcome;
}

}  // namespace cede
