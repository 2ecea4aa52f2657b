// spec/11-combinators.md
#include "properties/combinations.h"
#include "properties/property.h"

namespace cede {
namespace {

using enum Verb;

constexpr Verbs gathers{gather, gather_exceptions};
constexpr Verbs waits{wait_all_completed, wait_first_completed, wait_first_exception};

/// Whether tasks are resumed by the one loop alone, and nothing breaks off its passes.
bool ordinary(const History& history) { return passes_are_whole(history) && !history.by_hand; }

Nanos at(const History& history, std::size_t event) { return history[event].at; }

/// The same, whatever message a cancellation brings.
bool alike(const Answer& one, const Answer& other) {
  return one.is_raised() ? other.is_raised(one.value.error) : one == other;
}

const Answer& answer_of(const History& history, const Wait& wait) { return history[wait.got].answer; }

/// Whether somebody else than its sources has completed the derived future.
bool completed_by_hand(const History& history, Id id) {
  return std::ranges::any_of(history.events(), [&](const Event& event) {
    bool completes = event.step.verb == set_result || event.step.verb == set_exception;
    return event.what == What::did && completes && event.id == id;
  });
}

std::vector<Combination> derived(const History& history, const Verbs& verbs) {
  std::vector<Combination> all;
  if (!ordinary(history)) return all;
  all = combinations(history, verbs);
  // One that a gather was given may be cancelled without a word.
  auto others = history.cancels ? combinations(history, gathers) : std::vector<Combination>{};
  std::erase_if(all, [&](const Combination& one) {
    auto has_it = [&](const Combination& other) { return other.about(one.id); };
    return one.id && (completed_by_hand(history, one.id) || std::ranges::any_of(others, has_it));
  });
  return all;
}

/// Whether none of those who wait for the derived future was ever asked to cancel, which would reach it.
bool waiters_unasked(const History& history, const Combination& one) {
  return std::ranges::all_of(waits_for(history, one.id), [&](auto* wait) { return unasked(history, wait->task); });
}

/// Nobody has asked the task for anything while this or another wait went on.
void require_no_request(const History& history, const Wait& wait, Ruling& ruling) {
  for (std::size_t index : history.about_futures)
    if (history[index].step.verb == cancelling && history[index].id == wait.task && index > wait.asked)
      ruling.require(history[index].answer == Answer::of(Value::of(std::int64_t{0})), index,
                     "what was cancelled for others counts as a request to the one who waits");
}

void require_left_alone(const History& history, const Source& source, std::size_t since, Ruling& ruling,
                        std::string_view why) {
  for (const Glimpse& glimpse : glimpses(history, source, since))
    ruling.require(glimpse.left_alone, glimpse.event, why);
  if (!source.task) return;
  for (const Wait& wait : history.waits) {
    Verb verb = history[wait.asked].step.verb;
    bool only_by_request = verb == sleep || verb == yield;
    if (wait.task == source.id && wait.got != never && wait.got > since && only_by_request)
      ruling.require(!answer_of(history, wait).is_raised(ErrorKind::cancelled), wait.got, why);
  }
}

/// GATHER-1
Verdict gather_keeps_the_order_of_its_arguments(const History& history) {
  Ruling ruling;
  for (const Combination& one : derived(history, gathers)) {
    std::size_t wrapped = one.asked, last = 0;  // what it wraps is created right behind it
    for (const Source& source : one.distinct) {
      const FutureLife* task = history.future(source.id);
      if (!task || !task->task || task->made != wrapped + 1) continue;
      ++wrapped;
      if (task->steps.empty()) continue;
      std::size_t begun = history.jobs[task->steps.front()].enter;
      ruling.require(last < begun, begun, "it began before one that was given earlier");
      last = begun;
    }
    if (!one.known) continue;
    for (const Wait* wait : waits_for(history, one.id)) {
      if (wait->got == never || answer_of(history, *wait).is_raised()) continue;
      auto items = items_of(history, *wait);
      bool mixed = std::ranges::any_of(one.sources, &Source::failed);
      if (mixed) continue;  // GATHER-4
      ruling.require(items.size() == one.sources.size(), wait->got, "the list has another length");
      for (std::size_t i = 0; i < std::min(items.size(), one.sources.size()); ++i) {
        ruling.require(one.sources[i].done_before(wait->got), items[i], "the list came before all were done");
        ruling.require(history[items[i]].answer == one.sources[i].outcome, items[i],
                       "this is not the result of the argument in this place");
      }
    }
  }
  return ruling;
}

/// Whether the waiter has gone on in the pass with this number; true where the trace ends before.
bool resumed_in(const History& history, const Wait& wait, std::size_t pass) {
  return wait.got == never ? history.poll(pass) == never : history.pass(wait.got) == pass;
}

/// GATHER-2
Verdict gather_takes_two_passes(const History& history) {
  Ruling ruling;
  for (const Combination& one : derived(history, gathers)) {
    bool empty = one.distinct.empty();
    for (std::size_t index = one.asked; index < history.events().size(); ++index) {
      const Event& event = history[index];
      if (!event.did(done) || event.id != one.id) continue;
      if (history.pass(index) == history.pass(one.asked))
        ruling.require(event.answer == Answer::of(Value::of(empty)), index,
                       empty ? "there was nothing to wait for" : "it was done before the next pass");
    }
    if (!one.known || history.cancels) continue;
    const Source* failure = one.verb == gather ? one.first_failure() : nullptr;
    std::size_t trigger = failure ? one.counted(*failure) : one.all_completed();
    for (const Wait* wait : waits_for(history, one.id)) {
      if (empty) ruling.require(!wait->suspended, wait->asked, "it ceded for nothing");
      if (empty || trigger == never) continue;
      if (history.pass(wait->asked) <= history.pass(trigger))
        ruling.require(resumed_in(history, *wait, history.pass(trigger) + 2), std::min(wait->got, wait->asked),
                       "it did not go on two passes after the last completion");
      else if (history.pass(wait->asked) >= history.pass(trigger) + 2)
        ruling.require(!wait->suspended, wait->asked, "it was done, and its waiter ceded");
    }
  }
  return ruling;
}

/// GATHER-3
Verdict the_first_error_ends_a_gather_and_nothing_else(const History& history) {
  Ruling ruling;
  for (const Combination& one : derived(history, {gather})) {
    const Source* failure = one.known ? one.first_failure() : nullptr;
    if (!failure || failure->cancelled()) continue;
    ruling.reached();
    bool unasked = waiters_unasked(history, one);
    std::size_t ended = never;  // when it was surely over
    for (const Wait* wait : waits_for(history, one.id)) {
      if (wait->got == never) {
        if (history.complete) ruling.require(false, one.counted(*failure), "one has failed, and nobody heard of it");
        continue;
      }
      if (!unasked) continue;
      ruling.require(alike(answer_of(history, *wait), failure->outcome), wait->got, "this is not the first error");
      ended = std::min(ended, wait->got);
    }
    for (std::size_t index = ended; index < history.events().size(); ++index) {
      const Event& event = history[index];
      bool cancels = event.what == What::did && (event.step.verb == cancel_future || event.step.verb == cancel_task);
      if (cancels && event.id == one.id)
        ruling.require(event.answer == Answer::of(Value::of(false)), index, "it was done, and it was cancelled");
    }
    if (history.cancels) continue;
    for (const Source& other : one.distinct)
      if (!other.done_before(one.counted(*failure)))
        require_left_alone(history, other, one.counted(*failure), ruling, "the error of one has touched another");
  }
  return ruling;
}

/// GATHER-4
Verdict a_cancelled_argument_is_an_error_like_others(const History& history) {
  Ruling ruling;
  for (const Combination& one : derived(history, gathers)) {
    const Source* failure = one.known ? one.first_failure() : nullptr;
    if (!failure || !waiters_unasked(history, one) || !requests(history, one).empty()) continue;
    for (const Wait* wait : waits_for(history, one.id)) {
      if (wait->got == never) {
        bool over = one.verb == gather ? failure->cancelled() : one.all_completed() != never;
        if (history.complete && over) ruling.require(false, wait->asked, "all is over, and who waits never went on");
        continue;
      }
      const Answer& answer = answer_of(history, *wait);
      if (one.verb == gather && failure->cancelled()) {
        ruling.require(alike(answer, failure->outcome), wait->got, "an argument was cancelled, and nobody heard of it");
        require_no_request(history, *wait, ruling);
        if (history.cancels) continue;
        for (const Source& other : one.distinct)
          if (!other.done_before(one.counted(*failure)))
            require_left_alone(history, other, one.counted(*failure), ruling, "the end of one has touched another");
      }
      if (one.verb == gather) continue;
      ruling.require(!answer.is_raised(), wait->got, "an error that belongs into the list was raised");
      auto items = items_of(history, *wait);
      ruling.require(items.size() == one.sources.size(), wait->got, "the list has another length");
      for (std::size_t i = 0; i < std::min(items.size(), one.sources.size()); ++i)
        ruling.require(alike(history[items[i]].answer, one.sources[i].outcome), items[i],
                       "this is not the outcome of the argument in this place");
    }
  }
  return ruling;
}

/// What a request has to do to the arguments at once.
void require_all_asked(const History& history, const Combination& one, std::size_t request, Ruling& ruling) {
  for (const Source& source : one.distinct) {
    if (source.done_before(request)) continue;
    for (std::size_t index : history.about_futures) {
      const Event& event = history[index];
      if (index < request || event.id != source.id) continue;
      Verb verb = event.step.verb;
      if (source.task && verb == cancelling && !history.said({uncancel}))
        ruling.require(event.answer != Answer::of(Value::of(std::int64_t{0})), index, "this argument was not asked");
      else if (!source.task && (verb == done || verb == cancelled))
        ruling.require(event.answer == Answer::of(Value::of(true)), index, "this argument was not cancelled at once");
      else if (!source.task && (verb == set_result || verb == set_exception))
        ruling.require(event.answer.is_raised(), index, "this argument was not cancelled at once");
    }
  }
}

/// When those end whom a cancelled gather waits for: all, or the first whose end is enough for it.
std::size_t end_of_cancelled(const Combination& one, std::size_t request) {
  std::size_t first = never, last = request;
  for (const Source& source : one.distinct) {
    std::size_t end = source.done_before(request) || !source.task ? request : source.completed;
    if (!source.done_before(request) && (!source.task || source.failed())) first = std::min(first, end);
    last = std::max(last, end);
  }
  return one.verb == gather ? std::min(first, last) : last;
}

/// GATHER-5
Verdict a_cancelled_gather_cancels_all_and_waits_for_them(const History& history) {
  Ruling ruling;
  std::size_t first = first_request(history);
  for (const Combination& one : derived(history, gathers)) {
    auto asked = requests(history, one);
    if (asked.empty() || asked.front().asked != first) continue;
    auto unclear = [&](const Source& source) { return history.derived(source.id) || (source.task && !source.known); };
    auto done_before = [&](const Source& source) { return source.done_before(first); };
    auto failed_before = [&](const Source& source) { return source.failed() && source.done_before(first); };
    if (std::ranges::any_of(one.distinct, unclear) || std::ranges::all_of(one.distinct, done_before)) continue;
    if (one.verb == gather && std::ranges::any_of(one.distinct, failed_before)) continue;  // it is over already
    require_all_asked(history, one, first, ruling);

    std::size_t end = end_of_cancelled(one, first);
    for (const Wait* wait : waits_for(history, one.id)) {
      if (wait->asked > first || one.about(wait->task)) continue;
      if (wait->got == never) {
        if (history.complete && end != never)
          ruling.require(false, wait->asked, "all have ended, and the cancellation was never raised");
        continue;
      }
      bool of_argument = one.verb == gather && std::ranges::any_of(one.distinct, [&](const Source& source) {
        return source.failed() && alike(source.outcome, answer_of(history, *wait));
      });
      ruling.require(answer_of(history, *wait).is_raised(ErrorKind::cancelled) || of_argument, wait->got,
                     "it was cancelled, and who waits goes on with results");
      ruling.require(wait->got > end, wait->got, "who waits went on before the arguments had ended");
    }
    for (std::size_t index = first; index < history.events().size(); ++index) {
      const Event& event = history[index];
      if (event.what != What::did || event.id != one.id) continue;
      if (event.step.verb == done && event.job && event.job == history[first].job)
        ruling.require(event.answer == Answer::of(Value::of(false)), index, "it was done before its arguments");
      if (event.step.verb == cancelled && event.answer == Answer::of(Value::of(true)))
        ruling.variant("cancelled", index);
    }
  }
  return ruling;
}

bool over(const Combination& one, std::size_t event) {
  auto done = [&](const Source& source) { return source.done_before(event); };
  auto fails = [&](const Source& source) { return done(source) && source.failed() && !source.cancelled(); };
  if (std::ranges::all_of(one.distinct, done)) return true;
  if (one.verb == wait_first_completed) return std::ranges::any_of(one.distinct, done);
  return one.verb == wait_first_exception && std::ranges::any_of(one.distinct, fails);
}

/// Whether its timeout may have come by the event. A loop may count it from the beginning of the pass, if
/// it dares (TIMER-10).
bool timed_out(const History& history, const Combination& one, std::size_t event) {
  Nanos timeout = history[one.asked].step.time;
  Nanos passed = at(history, event) - history.beginning_of_pass(one.asked) + history.resolution();
  return timeout != forever && passed > timeout;
}

bool counts_as_done(const History& history, const Combination& one, const Source& source) {
  const Event& asked = history[one.asked];
  const std::array names{asked.step.name, asked.step.script, asked.step.other};
  Name name = names[std::ranges::find(asked.among, source.id) - asked.among.begin()];
  return std::ranges::any_of(items_of(history, *one.wait), [&](std::size_t item) {
    return history[item].answer == Answer::of(Value::of(name));
  });
}

/// WAIT-1
Verdict wait_goes_by_its_mode(const History& history) {
  Ruling ruling;
  for (const Combination& one : derived(history, waits)) {
    if (!one.wait || !one.wait->task || !one.known || one.distinct.empty()) continue;
    std::size_t got = one.wait->got;
    if (got == never) {
      if (history.complete && over(one, never)) ruling.require(false, one.asked, "it is over, and nobody went on");
      continue;
    }
    if (history[got].answer.is_raised()) continue;
    ruling.require(over(one, got) || timed_out(history, one, got), got, "it went on too early for its mode");
    for (const Source& source : one.distinct)
      ruling.require(counts_as_done(history, one, source) == source.done_before(got), got,
                     source.done_before(got) ? "one that was done is not among the done"
                                             : "one that was pending is among the done");
  }
  return ruling;
}

/// WAIT-2
Verdict wait_only_looks(const History& history) {
  Ruling ruling;
  for (const Combination& one : derived(history, waits)) {
    const Wait* wait = one.wait;
    if (!wait || !wait->task) continue;
    if (wait->got == never) {
      if (history.complete && history[one.asked].step.time < History::far)
        ruling.require(false, one.asked, "its timeout never came");
    } else if (one.distinct.empty()) {
      ruling.require(answer_of(history, *wait).is_raised(ErrorKind::value), wait->got, "there was nothing to wait for");
    } else {
      ruling.reached();
      if (!over(one, wait->got) && timed_out(history, one, wait->got) && unasked(history, wait->task))
        ruling.require(!answer_of(history, *wait).is_raised(), wait->got, "a timeout of wait is no error");
    }
    auto asked = requests(history, one);
    std::size_t since = asked.empty() ? wait->got : asked.front().asked;
    for (const Source& source : one.distinct)
      if (since != never && (!history.cancels || unasked(history, source.id)))
        require_left_alone(history, source, since, ruling, "the end of the wait has touched what it waited for");
  }
  return ruling;
}

/// When the last condition of its mode came true; `never` if it did not.
std::size_t trigger_of(const Combination& one) {
  std::size_t trigger = one.all_completed();
  for (const Source& source : one.distinct) {
    bool enough = one.verb == wait_first_completed ||
                  (one.verb == wait_first_exception && source.failed() && !source.cancelled());
    if (enough) trigger = std::min(trigger, one.counted(source));
  }
  return trigger;
}

/// WAIT-3
Verdict wait_takes_two_passes(const History& history) {
  Ruling ruling;
  if (history.cancels) return ruling;
  for (const Combination& one : derived(history, waits)) {
    if (!one.wait || !one.wait->task || !one.known || one.distinct.empty()) continue;
    std::size_t trigger = trigger_of(one), got = one.wait->got;
    if (trigger == never || timed_out(history, one, got == never ? trigger : got)) continue;
    ruling.require(resumed_in(history, *one.wait, history.pass(trigger) + 2), std::min(got, one.asked),
                   "it did not go on two passes after the completion that ended it");
  }
  return ruling;
}

/// SHIELD-1
Verdict a_shield_keeps_cancellations_off(const History& history) {
  Ruling ruling;
  for (const Combination& one : derived(history, {shield})) {
    auto asked = requests(history, one);
    if (asked.empty()) continue;
    const Source& inner = one.distinct.front();
    if (const Wait* wait = asked.front().wait; wait && wait->got != never)
      ruling.require(answer_of(history, *wait).is_raised(ErrorKind::cancelled), wait->got,
                     "it was asked to cancel while it waited, and went on");
    if (!history.derived(inner.id) && unasked(history, inner.id))
      require_left_alone(history, inner, asked.front().asked, ruling, "the cancellation has reached what was shielded");
  }
  return ruling;
}

/// SHIELD-2
Verdict a_shield_is_transparent(const History& history) {
  Ruling ruling;
  for (const Combination& one : derived(history, {shield})) {
    const Source& inner = one.distinct.front();
    if (!inner.known || inner.completed == never) continue;
    if (!waiters_unasked(history, one) || !requests(history, one).empty()) continue;
    for (const Wait* wait : waits_for(history, one.id)) {
      if (inner.done_before(one.asked))
        ruling.require(!wait->suspended, wait->asked, "it was done, and its waiter ceded");
      if (wait->got == never) {
        if (history.complete) ruling.require(false, wait->asked, "what was shielded has ended unheard");
        continue;
      }
      ruling.require(alike(answer_of(history, *wait), as_got(inner.outcome)), wait->got, "it has ended otherwise");
      if (inner.cancelled()) require_no_request(history, *wait, ruling);
    }
  }
  return ruling;
}

bool is_timeout(const History& history, std::size_t item) {
  return history[item].answer.is_raised(ErrorKind::timeout);
}

/// The distinct sources as they complete; those that were done from the beginning first.
std::vector<Source> in_order(const Combination& one) {
  std::vector<Source> sources = one.distinct;
  std::ranges::sort(sources, {}, [&](const Source& source) { return one.counted(source); });
  return sources;
}

/// Uses of as_completed by tasks, but for those whose futures fail with timeouts of their own, or may be
/// the same under two names.
std::vector<Combination> as_completed_uses(const History& history) {
  auto all = derived(history, {as_completed});
  auto unclear = [&](const Source& source) {
    return history.derived(source.id) || source.outcome.is_raised(ErrorKind::timeout);
  };
  std::erase_if(all, [&](const Combination& one) {
    return !one.wait || !one.wait->task || std::ranges::any_of(one.distinct, unclear);
  });
  return all;
}

/// ASC-1
Verdict outcomes_come_in_the_order_of_completion(const History& history) {
  Ruling ruling;
  for (const Combination& one : as_completed_uses(history)) {
    if (!one.known) continue;
    auto items = items_of(history, *one.wait);
    auto order = in_order(one);
    auto begun = std::ranges::count_if(order, [&](const Source& source) { return source.done_before(one.asked); });
    for (std::size_t i = 0; i < items.size() && !is_timeout(history, items[i]); ++i) {
      ruling.require(i < order.size(), items[i], "one has been handed out twice");
      if (i >= order.size()) break;
      auto is_it = [&](const Source& source) { return alike(source.outcome, history[items[i]].answer); };
      bool right = std::cmp_less(i, begun) ? std::any_of(order.begin(), order.begin() + begun, is_it)
                                           : order[i].done_before(items[i]) && is_it(order[i]);
      ruling.require(right, items[i], "another one was completed before it");
    }
    bool all_done = one.all_completed() != never;
    if (one.wait->got == never && history.complete && all_done)
      ruling.require(false, one.asked, "all are done, and not all were handed out");
    if (one.wait->got != never && !answer_of(history, *one.wait).is_raised())
      ruling.require(items.size() == order.size(), one.wait->got, "not every one was handed out once");
  }
  return ruling;
}

/// ASC-2
Verdict a_timeout_takes_the_place_of_what_is_missing(const History& history) {
  Ruling ruling;
  for (const Combination& one : as_completed_uses(history)) {
    auto items = items_of(history, *one.wait);
    auto late = std::ranges::find_if(items, [&](std::size_t item) { return is_timeout(history, item); });
    if (one.wait->got == never && history.complete && history[one.asked].step.time < History::far)
      ruling.require(false, one.asked, "its timeout never came");
    if (late == items.end()) continue;
    ruling.require(timed_out(history, one, *late), *late, "it came too early");
    for (auto item = late; item != items.end(); ++item)
      ruling.require(is_timeout(history, *item), *item, "one was handed out after the timeout");
    if (one.wait->got != never && !answer_of(history, *one.wait).is_raised())
      ruling.require(items.size() == one.distinct.size(), one.wait->got, "it was not raised for each that was missing");
    for (const Source& source : one.distinct)
      if (!history.cancels || unasked(history, source.id))
        require_left_alone(history, source, *late, ruling, "the timeout has touched one that was late");
  }
  return ruling;
}

constexpr Property list[] = {
    {"GATHER-1", gather_keeps_the_order_of_its_arguments, gathers},
    {"GATHER-2", gather_takes_two_passes, gathers},
    {"GATHER-3", the_first_error_ends_a_gather_and_nothing_else, {gather}},
    {"GATHER-4", a_cancelled_argument_is_an_error_like_others, gathers},
    {"GATHER-5", a_cancelled_gather_cancels_all_and_waits_for_them, gathers},
    {"WAIT-1", wait_goes_by_its_mode, waits},
    {"WAIT-2", wait_only_looks, waits},
    {"WAIT-3", wait_takes_two_passes, waits},
    {"SHIELD-1", a_shield_keeps_cancellations_off, {shield}},
    {"SHIELD-2", a_shield_is_transparent, {shield}},
    {"ASC-1", outcomes_come_in_the_order_of_completion, {as_completed}},
    {"ASC-2", a_timeout_takes_the_place_of_what_is_missing, {as_completed}},
};

}  // namespace

std::span<const Property> combinators() { return list; }

}  // namespace cede
