#include "properties/combinations.h"

namespace cede {
namespace {

/// What cancels tasks and futures by rules of another family.
constexpr Verbs others{Verb::wait_for, Verb::timeout, Verb::task_group, Verb::runner, Verb::destroy,
                       Verb::aclose,   Verb::drop,    Verb::collect,    Verb::run_in_executor,
                       Verb::run_coroutine_threadsafe};

/// Whether somebody cancels in the last step of the task: what its script returns may not be its outcome.
bool ends_while_asked(const History& history, const Source& task) {
  const Job* last = task.completed == never ? nullptr : history.job_at(task.completed);
  if (!last || !history.cancels) return false;
  for (std::size_t index = last->enter; index < task.completed; ++index) {
    const Event& event = history[index];
    if (event.what == What::did && (event.step.verb == Verb::cancel_task || event.step.verb == Verb::cancel_future))
      return true;
  }
  return false;
}

Source source_of(const History& history, Id id) {
  Source source{.id = id};
  const FutureLife* future = history.future(id);
  if (history.derived(id)) return source;
  if (future) {
    source.completed = future->completed;
    source.outcome = future->outcome;
    source.task = future->task;
  }
  source.known = source.task ? !ends_while_asked(history, source) : source.completed != never || !history.cancels;
  return source;
}

}  // namespace

std::size_t Combination::all_completed() const {
  std::size_t last = asked;
  for (const Source& source : distinct) last = std::max(last, counted(source));
  return last;
}

const Source* Combination::first_failure() const {
  const Source* first = nullptr;
  for (const Source& source : distinct)
    if (source.failed() && (!first || counted(source) < counted(*first))) first = &source;
  return first;
}

std::vector<Combination> combinations(const History& history, const Verbs& verbs) {
  std::vector<Combination> all;
  if (history.said(others)) return all;
  for (std::size_t index = 0; index < history.events().size(); ++index) {
    const Event& event = history[index];
    if (event.what != What::did || event.answer.is_raised() || !verbs.meets({event.step.verb})) continue;
    if (event.answer.without_effect()) continue;
    Combination made{.verb = event.step.verb, .asked = index, .id = event.id};
    for (Id id : event.among) {
      if (!id) continue;
      Source source = source_of(history, id);
      made.known &= source.known;
      if (!made.about(id)) made.distinct.push_back(source);
      made.sources.push_back(source);
    }
    if (!made.id)
      for (const Wait& wait : history.waits)
        if (wait.asked == index) made.wait = &wait;
    all.push_back(std::move(made));
  }
  return all;
}

std::vector<const Wait*> waits_for(const History& history, Id id) {
  std::vector<const Wait*> waits;
  for (const Wait& wait : history.waits)
    if (wait.task && id && history[wait.asked].step.verb == Verb::await && history[wait.asked].id == id)
      waits.push_back(&wait);
  return waits;
}

std::vector<std::size_t> items_of(const History& history, const Wait& wait) {
  std::vector<std::size_t> items;
  bool during = history[wait.asked].step.verb == Verb::as_completed;
  if (!during && wait.got == never) return items;
  for (std::size_t index = during ? wait.asked : wait.got + 1; index < history.events().size(); ++index) {
    const Event& event = history[index];
    if (event.what == What::item && event.frame == wait.frame) items.push_back(index);
    else if (!during || index == wait.got) break;
  }
  return items;
}

std::vector<Request> requests(const History& history, const Combination& combination) {
  std::vector<Request> requests;
  for (std::size_t index : history.about_futures) {
    const Event& event = history[index];
    if (event.step.verb != Verb::cancel_task && event.step.verb != Verb::cancel_future) continue;
    if (event.answer != Answer::of(Value::of(true))) continue;
    for (const Wait& wait : history.waits) {
      bool by_it = combination.id ? history[wait.asked].id == combination.id &&
                                        history[wait.asked].step.verb == Verb::await
                                  : &wait == combination.wait;
      bool open = wait.suspended && wait.left < index && (wait.got == never || wait.got > index);
      if (by_it && open && wait.task && wait.task == event.id) requests.push_back({index, &wait});
    }
  }
  if (!combination.id) return requests;
  for (std::size_t index = combination.asked; index < history.events().size(); ++index) {
    const Event& event = history[index];
    bool cancels = event.what == What::did && event.id == combination.id &&
                   (event.step.verb == Verb::cancel_future || event.step.verb == Verb::cancel_task);
    if (cancels && event.answer == Answer::of(Value::of(true))) requests.push_back({index, nullptr});
  }
  return requests;
}

bool unasked(const History& history, Id object, const Combination* except) {
  const FutureLife* future = history.future(object);
  if (future && future->cancel_asked != never) return false;
  for (const Wait& wait : history.waits)
    if (wait.awaited == object) return false;
  for (const Combination& gather : combinations(history, {Verb::gather, Verb::gather_exceptions}))
    if (gather.about(object) && !(except && gather.asked == except->asked)) return false;
  return true;
}

std::size_t first_request(const History& history) {
  for (std::size_t index = 0; index < history.events().size(); ++index) {
    const Event& event = history[index];
    Verb verb = event.step.verb;
    const FutureLife* future = history.future(event.id);
    bool cancels = verb == Verb::cancel_task || verb == Verb::cancel_future;
    if (event.what == What::did && cancels && ((future && future->task) || history.derived(event.id))) return index;
  }
  return never;
}

std::vector<Glimpse> glimpses(const History& history, const Source& source, std::size_t since) {
  std::vector<Glimpse> seen;
  const Answer no = Answer::of(Value::of(false)), none = Answer::of(Value::of(std::int64_t{0}));
  for (std::size_t index : history.about_futures) {
    const Event& event = history[index];
    if (index < since || event.id != source.id || source.completed < index) continue;
    switch (event.step.verb) {
      case Verb::done:
      case Verb::cancelled: seen.push_back({index, event.answer == no}); break;
      case Verb::set_result:
      case Verb::set_exception:
        if (!source.task) seen.push_back({index, !event.answer.is_raised()});
        break;
      case Verb::cancelling:
        if (source.task) seen.push_back({index, event.answer == none});
        break;
      default: break;
    }
  }
  return seen;
}

}  // namespace cede
