#include "properties/cancelled.h"

#include <algorithm>

namespace cede {
namespace {

/// Whether the cancellation of its task was raised before the wait began.
bool is_after_cancellation(const History& history, const Wait& wait) {
  return std::ranges::any_of(history.cancellations.all, [&](const Cancellation& cancellation) {
    const Job* job = cancellation.task == wait.task ? job_of(history, cancellation) : nullptr;
    return job && job->enter < wait.asked && job->resumed != never;
  });
}

/// Whether what it waits for comes to an end.
bool comes_back(const History& history, const Wait& wait) {
  const Step& step = history[wait.asked].step;
  if (step.verb == Verb::yield || (step.verb == Verb::sleep && step.time != forever)) return true;
  return wait.awaited != wait.task && history.future(wait.awaited) &&
         history.cancellations.outcome(history, wait.awaited, never) != Answer{};
}

}  // namespace

bool asks_to_cancel(Verb verb) { return verb == Verb::cancel_task || verb == Verb::cancel_future; }

bool is_cancellation(const Answer& answer) { return answer.is_raised(ErrorKind::cancelled); }

bool passes_count(const History& history) { return !history.fatal && !history.polls_late; }

bool all_is_over(const History& history) { return history.complete && history.cancellations.until == never; }

const Job* job_of(const History& history, const Cancellation& cancellation) {
  return cancellation.job == never ? nullptr : &history.jobs[cancellation.job];
}

const Wait* resumed(const History& history, const Job& job) {
  return job.resumed == never ? nullptr : &history.waits[job.resumed];
}

const Cancellation* raised_at(const History& history, const Wait& wait) {
  const Job* job = history.job_at(wait.got);
  return job ? history.cancellations.raised_in(static_cast<std::size_t>(job - history.jobs.data())) : nullptr;
}

std::size_t destroyed_by_itself(const History& history, const Cancellation& cancellation) {
  const Job* raised = job_of(history, cancellation);
  if (!raised || raised->resumed == never) return never;
  for (std::size_t event = raised->enter; event < history.events().size(); ++event) {
    const Job* job = history.job_at(event);
    if (history[event].what == What::destroyed && history[event].frame == history.future(cancellation.task)->frame &&
        job && job->step && job->subject == cancellation.task)
      return event;
  }
  return never;
}

void require_raised(Ruling& ruling, const History& history, const Cancellation& cancellation, std::string_view why) {
  const Job* job = job_of(history, cancellation);
  const Wait* wait = job ? resumed(history, *job) : nullptr;
  if (!job) {
    bool lost = !cancellation.passed_on && cancellation.missed == never && all_is_over(history);
    if (lost) ruling.require(false, cancellation.asked, "the cancellation was never raised");
  } else if (!wait) {
    if (job->leave != never) ruling.require(job->leave == job->enter + 1, job->enter, why);
  } else if (wait->got != never) {
    ruling.require(is_cancellation(history[wait->got].answer), wait->got, why);
  } else if (job->leave != never) {
    ruling.require(false, job->leave, why);
  }
}

void require_next_pass(Ruling& ruling, const History& history, std::size_t event, const Job& job,
                       std::string_view why) {
  const Job* by = history.job_at(event);
  bool countable = by && passes_count(history) && history.from_the_queue(*by);
  ruling.require(history.in_a_later_pass(event, job.enter), job.enter, why);
  if (countable) ruling.require(history.pass(job.enter) == history.pass(event) + 1, job.enter, why);
}

void require_place(Ruling& ruling, const History& history, Cancellation::Met met) {
  Lane cancelled, others;
  for (std::size_t i = 0; i < history.jobs.size(); ++i) {
    Job job = history.jobs[i];
    const Cancellation* cancellation = history.cancellations.raised_in(i);
    const Call* call = history.call_of(job);
    if (cancellation && cancellation->met == met) {
      if (met == Cancellation::Met::waiting) job.queued = cancellation->struck;
      if (job.queued == never) continue;
      if (others.moved_past(job))
        ruling.require(!others.overtook(job), job.enter, "the cancelled task has lost its place in the queue");
      cancelled.serve(job);
    } else if (call && call->verb == Verb::call_soon) {
      if (cancelled.moved_past(job))
        ruling.require(!cancelled.overtook(job), job.enter, "a cancelled task that was queued later has run before it");
      others.serve(job);
    }
  }
}

void require_outcome(Ruling& ruling, const History& history, const FutureLife& task, std::string_view why) {
  if (task.completed == never || task.completed >= history.cancellations.until) return;
  const Answer outcome = history.cancellations.outcome(history, task.id, task.completed + 1);
  each_reading(history, task.id, task.completed, [&](std::size_t index) {
    ruling.require(agree(history[index].answer, answer_to(history[index].step.verb, true, outcome)), index, why);
  });
  for (const Wait& wait : history.waits) {
    bool told = wait.awaited == task.id && wait.task != task.id && wait.got > task.completed &&
                wait.got < history.cancellations.until;
    if (!told || (wait.suspended && raised_at(history, wait))) continue;
    ruling.require(agree(history[wait.got].answer, outcome), wait.got, why);
  }
}

void require_undisturbed(Ruling& ruling, const History& history, const Cancellation& past, std::string_view why) {
  for (std::size_t i = past.job + 1; i < history.jobs.size(); ++i) {
    const Job& job = history.jobs[i];
    const Wait* wait = job.subject == past.task ? resumed(history, job) : nullptr;
    if (!wait || wait->got >= history.cancellations.until) continue;
    bool concerned = history.cancellations.raised_in(i) || wait->awaited == past.task ||
                     is_cancellation(history.cancellations.outcome(history, wait->awaited, job.enter));
    if (!concerned) ruling.require(!is_cancellation(history[wait->got].answer), wait->got, why);
  }
}

void require_clean_up(Ruling& ruling, const History& history) {
  for (const Wait& wait : history.waits) {
    if (!wait.task || !wait.suspended || wait.left >= history.cancellations.until) continue;
    if (!is_after_cancellation(history, wait)) continue;
    std::size_t over = std::min(wait.got, history.future(wait.task)->completed);
    each_question(history, wait.task, wait.left, [&](std::size_t index) {
      Verb question = history[index].step.verb;
      if (index < over && (question == Verb::done || question == Verb::cancelled))
        ruling.require(history[index].answer == Answer::of(Value::of(false)), index, "it has not cleaned up yet");
    });
    if (wait.got < history.cancellations.until) ruling.require(true, wait.got, {});
    if (wait.got == never && all_is_over(history) && comes_back(history, wait))
      ruling.require(false, wait.left, "it suspended after a cancellation, and never went on");
  }
}

}  // namespace cede
