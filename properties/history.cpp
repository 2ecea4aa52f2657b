#include "properties/history.h"

#include <algorithm>

namespace cede {
namespace {

/// What asks tasks to cancel without a `cancel_task` in the scenario.
bool cancels_by_itself(Verb verb) {
  switch (verb) {
    case Verb::wait_for:
    case Verb::timeout:
    case Verb::reenter:
    case Verb::task_group:
    case Verb::runner:
    case Verb::destroy:
    case Verb::aclose: return true;
    default: return false;
  }
}

bool makes_task(Verb verb) { return verb == Verb::create_task || verb == Verb::create_task_in; }

/// Whether the core's rules say all there is to say of what the verb is about.
bool is_plain(Verb verb) { return row(verb).family == Family::core || row(verb).family == Family::cancellation; }

bool runs_a_loop(Verb verb) {
  return verb == Verb::run || verb == Verb::run_until_complete || verb == Verb::run_in_new_loop;
}

/// Moments may be as far as can be said; beyond that is never.
Nanos sum(Nanos moment, Nanos duration) {
  Nanos sum;
  if (duration == forever || __builtin_add_overflow(moment, duration, &sum)) return forever;
  return sum;
}

Nanos rounded_up(Nanos duration, Nanos unit) {
  if (unit == 1) return duration;
  return duration <= 0 ? duration / unit * unit : sum(duration, unit - 1) / unit * unit;
}

bool is_about_the_loop(Verb verb) { return verb >= Verb::stop && verb <= Verb::get_running_loop; }

bool is_about_an_object(Verb verb) { return row(verb).args[0] == Arg::object; }

}  // namespace

Answer answer_to(Verb question, bool done, const Answer& outcome) {
  bool called_off = done && outcome.is_raised(ErrorKind::cancelled);
  switch (question) {
    case Verb::done: return Answer::of(Value::of(done));
    case Verb::cancelled: return Answer::of(Value::of(called_off));
    default: break;
  }
  if (!done) return Answer::raised(ErrorKind::invalid_state);
  if (question == Verb::result || called_off) return outcome;
  return Answer::of(outcome.is_raised() ? outcome.value : Value{});
}

Answer FutureLife::read(Verb question, std::size_t event) const {
  return answer_to(question, done_before(event), outcome);
}

void History::read(const Trace& trace) {
  clear(trace);
  for (std::size_t index = 0; index < trace.events.size(); ++index) {
    pass_.push_back(static_cast<std::uint32_t>(polls.size()));
    read_event(index);
  }
  for (Call& call : calls)
    if (call.timer()) call.latest = latest_deadline(call.asked);
  complete = ended_at_rest();
  if (cancels || said({Verb::cancel_task, Verb::uncancel})) cancellations.read(*this);
}

Nanos History::resolution() const {
  constexpr int bits = 50;  // of a double's 53: a deadline is rounded more than once
  const Nanos rounded = events().empty() ? 0 : events().back().at >> bits;
  return std::max(trace_->resolution, rounded);
}

void History::clear(const Trace& trace) {
  trace_ = &trace;
  said_ = Verbs{};
  calls.clear();
  futures.clear();
  waits.clear();
  jobs.clear();
  frames.clear();
  coroutines.clear();
  polls.clear();
  running_.clear();
  about_futures.clear();
  runs.clear();
  loop_steps.clear();
  closed = early_stop_ = never;
  refused.clear();
  cancellations.clear();
  pass_.clear();
  for (auto* index : {&call_of_, &future_of_, &job_of_, &frame_of_, &coroutine_of_, &wait_of_frame_, &derived_})
    index->assign(32, 0);  // grows with the ids
  complete = cancels = fatal = polls_late = other_loop = by_hand = touches = stops = other_families = false;
}

void History::read_event(std::size_t index) {
  if ((*this)[index].frame && (*this)[index].what != What::destroyed) read_frame(index);
  switch ((*this)[index].what) {
    case What::did: return read_step(index);
    case What::enter: return read_enter(index);
    case What::leave: return read_leave(index);
    case What::end: return read_end(index);
    case What::poll: polls.push_back(index); return;
    case What::got: {
      Id frame = (*this)[index].frame;
      if (runs_a_loop((*this)[index].step.verb)) {
        for (auto run = runs.rbegin(); run != runs.rend(); ++run)
          if (run->got == never && (*this)[run->asked].frame == frame) return void(run->got = index);
      }
      if (!answers_later((*this)[index].step.verb) || frame >= wait_of_frame_.size()) return;
      if (auto open = std::exchange(wait_of_frame_[frame], 0)) waits[open - 1].got = index;
      return;
    }
    case What::destroyed: said_.add(Verb::destroy); return;  // whatever it was destroyed by
    case What::error: {
      const Event& report = (*this)[index];
      if (report.step.name == Name("lost_task") && future(report.id)) futures[future_of_[report.id] - 1].lost = index;
      return;
    }
    case What::rest:
      if (auto run = open_run(); run != never) runs[run].rested = index;
      return;
    default: return;
  }
}

void History::read_step(std::size_t index) {
  const Event& event = (*this)[index];
  Verb verb = event.step.verb;
  if (event.answer.without_effect()) return;
  said_.add(verb);
  FutureLife* task = event.job ? task_of_job(event.job) : nullptr;
  if (task && !task->frame) task->frame = event.frame;

  if (!is_plain(verb)) {
    cancels |= cancels_by_itself(verb);
    other_families = true;
    if (event.id && !future(event.id) && !makes_task(verb)) mark_derived(event.id);
  } else if (event.made && !event.answer.is_raised()) {
    Call call{.id = event.made, .verb = verb, .asked = index};
    call.due = event.time;
    call.deadline = verb == Verb::call_later ? sum(event.at, event.step.time) : event.step.time;
    if (verb == Verb::add_done_callback && !derived(event.id)) call.future = event.id;
    calls.push_back(call);
    enlist(call_of_, event.made, calls);
  } else if (event.made) {
    refused.push_back(index);
  }
  cancels |= (verb == Verb::cancel_task || verb == Verb::cancel_future) && derived(event.id);
  if (verb == Verb::cancel && call(event.id)) {
    Call& cancelled = calls[call_of_[event.id] - 1];
    if (cancelled.cancelled == never) cancelled.cancelled = index;
  }
  if (verb == Verb::create_coroutine) {
    coroutines.push_back({.id = event.id, .made = index});
    enlist(coroutine_of_, event.id, coroutines);
  }
  if (makes_task(verb) && event.id) mention(event.id, index).task = true;
  else if (is_plain(verb) && is_about_an_object(verb) && event.id && !coroutine(event.id) && !derived(event.id))
    read_completion(index, mention(event.id, index));

  if (event.made && verb == Verb::add_done_callback && future(event.id)) ++futures[future_of_[event.id] - 1].callbacks;

  bool asks_for_tasks = verb == Verb::current_task || verb == Verb::all_tasks;
  bool asked = is_plain(verb) && verb != Verb::await && verb != Verb::create_future && !event.made;
  bool at_once = asked && is_about_an_object(verb);
  if (asks_for_tasks || (at_once && future(event.id))) about_futures.push_back(index);

  if (answers_later(verb)) {
    Id task_id = frame(event.frame)->task, awaited = verb == Verb::await ? event.id : 0;
    if (future(awaited)) {
      FutureLife& future = futures[future_of_[awaited] - 1];
      if (future.waits++ == 0) future.first_wait = waits.size();
    }
    waits.push_back({.asked = index, .task = task_id, .frame = event.frame, .awaited = awaited});
    enlist(wait_of_frame_, event.frame, waits);
  }
  if (verb == Verb::raise || verb == Verb::set_exception) fatal |= event.step.value.error == ErrorKind::exit;
  other_loop |= verb == Verb::run_in_new_loop;
  by_hand |= verb == Verb::send;
  touches |= verb == Verb::get_awaiter;
  stops |= verb == Verb::stop;
  if (is_about_the_loop(verb)) read_run(index);
}

/// A step about the loop itself.
void History::read_run(std::size_t index) {
  const Event& event = (*this)[index];
  std::size_t open = open_run();
  switch (event.step.verb) {
    case Verb::stop: {
      bool running = open != never && runs[open].verb != Verb::run_in_new_loop;
      std::size_t& stop = running ? runs[open].stop : early_stop_;
      if (stop == never) stop = index;
      return;
    }
    case Verb::run:
    case Verb::run_until_complete:
    case Verb::run_in_new_loop: {
      Run run{.verb = event.step.verb, .asked = index, .future = event.id, .nested = open != never};
      if (!run.nested && run.verb != Verb::run_in_new_loop) run.stop = std::exchange(early_stop_, never);
      runs.push_back(run);
      return;
    }
    case Verb::close:
      if (closed == never && !event.answer.is_raised()) closed = index;
      [[fallthrough]];
    case Verb::is_running:
    case Verb::is_closed:
    case Verb::get_running_loop: loop_steps.push_back(index); return;
    default: return;
  }
}

/// The innermost run that goes on.
std::size_t History::open_run() const {
  for (std::size_t i = runs.size(); i > 0; --i)
    if (runs[i - 1].got == never) return i - 1;
  return never;
}

/// A step about a future: does it complete it, or ask a task to cancel, or take callbacks away?
void History::read_completion(std::size_t index, FutureLife& future) {
  const Event& event = (*this)[index];
  bool yes = event.answer.kind == Answer::Kind::value && event.answer.value == Value::of(true);
  Answer outcome;
  switch (event.step.verb) {
    case Verb::set_result:
    case Verb::set_exception:
    case Verb::cancel_future:
    case Verb::cancel_task:
      if (future.completed != never && future.challenged == never) future.challenged = index;
      break;
    default: break;
  }
  switch (event.step.verb) {
    case Verb::set_result:
      if (event.answer.is_raised()) return;
      outcome = Answer::of(event.step.value);
      break;
    case Verb::set_exception:
      if (event.answer.kind != Answer::Kind::nothing) return;
      outcome = Answer::raised(event.step.value.error);
      break;
    case Verb::cancel_future:
    case Verb::cancel_task:
      if (!yes) return;
      if (future.task) {
        cancels = true;
        if (future.cancel_asked == never) future.cancel_asked = index;
        return;
      }
      outcome = {Answer::Kind::raised, Value::of(ErrorKind::cancelled, event.step.value)};
      break;
    case Verb::remove_done_callback:
      for (Call& call : calls)
        if (call.future == event.id && (*this)[call.asked].step.script == event.step.script &&
            call.removed == never && future.completed == never)
          call.removed = index;
      return;
    default: return;
  }
  if (future.completed != never) return;
  future.completed = index;
  future.outcome = outcome;
}

void History::read_enter(std::size_t index) {
  const Event& event = (*this)[index];
  Job job{.number = event.job, .enter = index, .subject = event.id};
  const FutureLife* task = future(event.id);
  job.step = task && task->task;
  job.outer = running_.empty() ? 0 : running_.back();
  running_.push_back(job.number);
  job.run = open_run();
  if (job.step) {
    if (!task->steps.empty()) job.resumed = jobs[task->steps.back()].wait;
    job.queued = queued(*task);
  } else if (const Call* called = call(event.id)) {
    job.queued = queued(*called);
  }
  // Qt's unix dispatcher and Asio serve what the last run has left as soon as they run again.
  if (job.run != never && !jobs.empty() && jobs.front().run != job.run && !runs[job.run].nested)
    polls_late |= pass(runs[job.run].asked) == polls.size() && from_the_queue(job);
  jobs.push_back(job);
  enlist(job_of_, job.number, jobs);
  if (job.step) {
    futures[future_of_[event.id] - 1].steps.push_back(jobs.size() - 1);
  } else if (call(event.id)) {
    Call& called = calls[call_of_[event.id] - 1];
    if (called.calls++ == 0) called.entered = index;
  }
}

void History::read_leave(std::size_t index) {
  const Event& event = (*this)[index];
  if (event.job >= job_of_.size() || !job_of_[event.job]) return;
  Job& job = jobs[job_of_[event.job] - 1];
  job.leave = index;
  std::erase(running_, job.number);
  const Event& last = (*this)[index - 1];
  if (!job.step) {
    const Frame* own = frame(last.frame);  // not the error handler's, which may be called inside of it
    bool raised = last.did(Verb::raise) && own && own->by == job.enter;
    if (raised) job.error = last.step.value.error;
    return;
  }
  FutureLife& task = futures[future_of_[job.subject] - 1];
  if (last.what == What::end && last.frame == task.frame && last.answer.is_raised())
    job.error = last.answer.value.error;
  for (auto wait = waits.rbegin(); wait != waits.rend() && wait->asked > job.enter; ++wait)
    if (wait->task == task.id && wait->got == never && wait->left == never) {
      wait->suspended = true;
      wait->left = index;
      if (job.wait == never) job.wait = static_cast<std::size_t>(waits.rend() - wait) - 1;
    }
  if (cancels && !task.frame && task.completed == never) {  // cancelled before its first step
    task.completed = index;
    task.outcome = Answer::raised(ErrorKind::cancelled);
  }
}

void History::read_end(std::size_t index) {
  const Event& event = (*this)[index];
  FutureLife* task = event.job ? task_of_job(event.job) : nullptr;
  if (!task) return;
  if (!task->frame) task->frame = event.frame;
  if (task->frame != event.frame) return;
  task->completed = index;
  task->outcome = event.answer.kind == Answer::Kind::nothing ? Answer::of(Value{}) : event.answer;
}

std::size_t History::queued(const Call& call) const {
  if (call.verb == Verb::call_soon) return call.asked;
  if (call.timer() || call.removed != never) return never;
  const FutureLife* future = this->future(call.future);
  return future && future->completed != never ? std::max(call.asked, future->completed) : never;
}

std::size_t History::queued(const FutureLife& task) const {
  if (task.steps.empty()) return task.made;
  std::size_t last = jobs[task.steps.back()].wait;
  if (last == never || task.completed != never) return never;
  const Wait& wait = waits[last];
  if ((*this)[wait.asked].step.verb == Verb::yield) return wait.left;
  const FutureLife* awaited = future(wait.awaited);  // none for a sleep
  bool woken = awaited && awaited->completed != never && awaited->completed > wait.left;
  return woken ? awaited->completed : never;
}

bool History::ended_at_rest() const {
  bool resting = false;
  for (const Event& event : events()) {
    if (event.what == What::silent || event.what == What::stuck) return false;
    if (event.what == What::rest) resting = true;
    else if (event.what == What::did && event.step.verb != Verb::close) resting = false;
    else if (event.what == What::enter) resting = false;
  }
  return resting;
}

std::size_t History::past_diagnostics(std::size_t event) const {
  auto diagnostic = [this](std::size_t index) {
    const Event* event = &(*this)[index];
    while (event->frame && frame(event->frame) && frame(event->frame)->by != never)
      event = &(*this)[frame(event->frame)->by];
    return event->what == What::warning || event->what == What::destroyed ||
           (event->what == What::error && !tells_of_callback(*event));
  };
  while (event < events().size() && diagnostic(event)) ++event;
  return event;
}

void History::mark_derived(Id id) {
  if (id >= derived_.size()) derived_.resize(id + 16);
  derived_[id] = true;
}

FutureLife& History::mention(Id id, std::size_t index) {
  if (!future(id)) {
    FutureLife life;
    life.id = id;
    life.made = index;
    futures.push_back(std::move(life));
    enlist(future_of_, id, futures);
  }
  return futures[future_of_[id] - 1];
}

FutureLife* History::task_of_job(Id number) {
  if (number >= job_of_.size() || !job_of_[number]) return nullptr;
  const Job& job = jobs[job_of_[number] - 1];
  return job.step ? &futures[future_of_[job.subject] - 1] : nullptr;
}

bool History::from_the_queue(const Job& job) const {
  const Call* source = call_of(job);
  return trace_->exact_order || job.step || (source && !source->timer());
}

bool History::in_a_later_pass(std::size_t event, std::size_t enter) const {
  const Job* by = job_at(event);
  if (!by) return (*this)[event].frame != main_frame || enter != event + 1;
  if (!from_the_queue(*by)) return by->leave < enter;
  const Job* job = job_at(enter);
  return pass(event) < pass(enter) || (job && job->run != by->run);  // a pass ends with its run
}

std::size_t History::after_wait(std::size_t poll) const {
  std::size_t after = poll + 1;
  while (after < events().size() && is_outside((*this)[after])) ++after;
  return after;
}

std::size_t History::first_poll_when_due(const Call& timer) const {
  std::size_t number = pass(timer.asked);
  while (number < polls.size() && (*this)[polls[number]].at < timer.latest) ++number;
  return number;
}

Nanos History::before_wait(std::size_t poll) const {
  std::size_t before = poll;
  while (before > 0 && is_outside((*this)[before - 1])) --before;
  return (*this)[before > 0 ? before - 1 : poll].at;
}

Nanos History::end_of_wait(std::size_t poll) const {
  Nanos began = (*this)[poll].at, limit = (*this)[poll].time;
  std::size_t after = after_wait(poll);
  if (limit <= 0 || after == events().size()) return began;
  if (after > poll + 1) return (*this)[poll + 1].at;  // what happened outside may have ended it
  Nanos woken = sum(began, limit);
  return (*this)[after].at < woken ? began : woken;
}

Nanos History::beginning_of_pass(std::size_t event) const {
  std::size_t polls_before = pass(event);
  if (polls_before == 0) return events().front().at;
  return (*this)[std::min(after_wait(polls[polls_before - 1]), events().size() - 1)].at;
}

Nanos History::latest_deadline(std::size_t asked) const {
  const Step& step = (*this)[asked].step;
  if (step.time == forever || asked + 1 == events().size()) return forever;
  const Nanos tick = resolution(), read = (*this)[asked + 1].at;
  if (step.verb != Verb::call_at) return sum(rounded_up(read, tick), rounded_up(step.time, tick));
  // Moments of the scenario count from where the loop's clock stood before the first event. Who rounds up the
  // delay up to them, from between two ticks, is up to one late.
  Nanos when = sum(rounded_up(events().front().at, tick), rounded_up(step.time, tick));
  return read % tick == 0 ? when : sum(when, tick - 1);
}

const Job* History::job_at(std::size_t event) const {
  Id number = (*this)[event].job;
  return number < job_of_.size() && job_of_[number] ? &jobs[job_of_[number] - 1] : nullptr;
}

}  // namespace cede
