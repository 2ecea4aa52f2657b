#include "properties/history.h"

namespace cede {
namespace {

/// Remembers that the thing with this id is the last of its list.
template <class T>
void enlist(std::vector<std::uint32_t>& index, Id id, const std::vector<T>& list) {
  if (id >= index.size()) index.resize(id + 16);
  index[id] = static_cast<std::uint32_t>(list.size());
}

bool suspends(Verb verb) { return verb == Verb::await || verb == Verb::yield || verb == Verb::sleep; }

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

bool is_about_an_object(Verb verb) { return row(verb).args[0] == Arg::object; }

}  // namespace

void History::read(const Trace& trace) {
  clear(trace);
  for (std::size_t index = 0; index < trace.events.size(); ++index) {
    pass_.push_back(static_cast<std::uint32_t>(polls.size()));
    read_event(index);
  }
  for (Call& call : calls)
    if (call.timer()) call.latest = latest_deadline(call.asked);
  complete = ended_at_rest();
}

void History::clear(const Trace& trace) {
  trace_ = &trace;
  calls.clear();
  futures.clear();
  waits.clear();
  jobs.clear();
  polls.clear();
  refused.clear();
  pass_.clear();
  for (auto* index : {&call_of_, &future_of_, &job_of_, &wait_of_frame_}) index->assign(index->size(), 0);
  coroutine_object_.assign(coroutine_object_.size(), false);
  complete = cancels = fatal = other_loop = by_hand = stops = false;
}

void History::read_event(std::size_t index) {
  switch ((*this)[index].what) {
    case What::did: return read_step(index);
    case What::enter: return read_enter(index);
    case What::leave: return read_leave(index);
    case What::end: return read_end(index);
    case What::poll: polls.push_back(index); return;
    case What::got: {
      Id frame = (*this)[index].frame;
      if (!suspends((*this)[index].step.verb) || frame >= wait_of_frame_.size()) return;
      if (auto open = std::exchange(wait_of_frame_[frame], 0)) waits[open - 1].got = index;
      return;
    }
    default: return;
  }
}

void History::read_step(std::size_t index) {
  const Event& event = (*this)[index];
  Verb verb = event.step.verb;
  if (event.answer.kind == Answer::Kind::ignored || event.answer.kind == Answer::Kind::unsupported) return;
  FutureLife* task = event.job ? task_of_job(event.job) : nullptr;
  if (task && !task->frame) task->frame = event.frame;

  if (event.made && !event.answer.is_raised()) {
    Call call{.id = event.made, .verb = verb, .asked = index};
    call.due = event.time;
    call.deadline = verb == Verb::call_later ? sum(event.at, event.step.time) : event.step.time;
    if (verb == Verb::add_done_callback) call.future = event.id;
    calls.push_back(call);
    enlist(call_of_, event.made, calls);
  } else if (event.made) {
    refused.push_back(index);
  }
  if (verb == Verb::cancel && call(event.id)) {
    Call& cancelled = calls[call_of_[event.id] - 1];
    if (cancelled.cancelled == never) cancelled.cancelled = index;
  }
  if (verb == Verb::create_coroutine) {
    if (event.id >= coroutine_object_.size()) coroutine_object_.resize(event.id + 16);
    coroutine_object_[event.id] = true;
  }
  bool about_coroutine = event.id < coroutine_object_.size() && coroutine_object_[event.id];
  if (verb == Verb::create_task && event.id) mention(event.id, index).task = true;
  else if (is_about_an_object(verb) && event.id && !about_coroutine) read_completion(index, mention(event.id, index));

  if (suspends(verb)) {
    Wait wait{.asked = index, .frame = event.frame};
    wait.task = task ? task->id : 0;
    wait.awaited = event.id;
    waits.push_back(wait);
    enlist(wait_of_frame_, event.frame, waits);
  }
  if (verb == Verb::raise || verb == Verb::set_exception) fatal |= event.step.value.error == ErrorKind::exit;
  other_loop |= verb == Verb::run_in_new_loop;
  by_hand |= verb == Verb::send;
  stops |= verb == Verb::stop;
}

/// A step about a future: does it complete it, or ask a task to cancel, or take callbacks away?
void History::read_completion(std::size_t index, FutureLife& future) {
  const Event& event = (*this)[index];
  bool yes = event.answer.kind == Answer::Kind::value && event.answer.value == Value::of(true);
  Answer outcome;
  switch (event.step.verb) {
    case Verb::set_result:
      if (event.answer.is_raised()) return;
      outcome = Answer::of(event.step.value);
      break;
    case Verb::set_exception:
      if (event.answer.is_raised()) return;
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
      outcome = Answer::raised(ErrorKind::cancelled);
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
  // The event bears the new job's number already; who was running stands before it.
  for (std::size_t i = jobs.size(); i > 0; --i)
    if (jobs[i - 1].leave == never) {
      job.outer = jobs[i - 1].number;
      break;
    }
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
  if (!job.step) return;
  FutureLife& task = futures[future_of_[job.subject] - 1];
  for (auto wait = waits.rbegin(); wait != waits.rend() && wait->asked > job.enter; ++wait)
    if (wait->task == task.id && wait->got == never && wait->left == never) {
      wait->suspended = true;
      wait->left = index;
    }
  if (!task.frame && task.completed == never) {  // cancelled before its first step
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

Nanos History::end_of_wait(std::size_t poll) const {
  Nanos began = (*this)[poll].at, limit = (*this)[poll].time;
  if (limit <= 0 || poll + 1 == events().size()) return began;
  Nanos woken = sum(began, limit);
  return (*this)[poll + 1].at < woken ? began : woken;
}

Nanos History::beginning_of_pass(std::size_t event) const {
  std::size_t polls_before = pass(event);
  return (*this)[polls_before > 0 ? polls[polls_before - 1] + 1 : 0].at;
}

Nanos History::latest_deadline(std::size_t asked) const {
  const Step& step = (*this)[asked].step;
  if (step.time == forever || asked + 1 == events().size()) return forever;
  // Moments of the scenario count from where the loop's clock stood before the first event.
  Nanos from = step.verb == Verb::call_at ? events().front().at : (*this)[asked + 1].at;
  return sum(rounded_up(from, trace_->resolution), rounded_up(step.time, trace_->resolution));
}

const Job* History::job_at(std::size_t event) const {
  Id number = (*this)[event].job;
  return number < job_of_.size() && job_of_[number] ? &jobs[job_of_[number] - 1] : nullptr;
}

}  // namespace cede
