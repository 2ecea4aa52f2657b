// spec/15-context.md
//
// The judges keep the contexts themselves, as the clauses want them, and compare what is read.
#include <algorithm>
#include <map>
#include <optional>

#include "properties/property.h"

namespace cede {
namespace {

using enum Verb;

/// One variable in one context: its value, and who set it.
struct Binding {
  Name variable;
  Value value;
  Id frame = 0;
};
using Values = std::vector<Binding>;

const Binding* find(const Values& values, Name variable) {
  auto found = std::ranges::find(values, variable, &Binding::variable);
  return found == values.end() ? nullptr : &*found;
}

void bind(Values& values, const Binding& binding) {
  std::erase_if(values, [&](const Binding& old) { return old.variable == binding.variable; });
  values.push_back(binding);
}

/// A `get_var` whose context is known.
struct Read {
  std::size_t event;
  bool right;              // it gave the value that belongs there
  bool callback;           // read by a callback
  bool task;               // read by a task
  bool io;                 // read by the callback of a descriptor
  bool fresh;              // it gave the value of the registration, as if it were the first call
  bool inherited_inline;   // the value was set by a coroutine that runs inside the reader, or around it
  bool set_by_callback;    // somewhere, so that it could have leaked
  bool set_by_task;
  bool set_elsewhere;      // by what a descriptor or a signal called: whether that leaks is not CTX-1's

  bool in_main() const { return !callback && !task && !io && !set_elsewhere; }
};

class Contexts {
 public:
  /// All reads in order; ends where contexts can no longer be told.
  static std::vector<Read> reads(const History& history) {
    Contexts contexts(history);
    for (std::size_t i = 0; i < history.events().size() && contexts.told_; ++i) contexts.read(i);
    return contexts.reads_;
  }

 private:
  explicit Contexts(const History& history) : history_(history) {}

  void read(std::size_t index) {
    const Event& event = history_[index];
    if (event.what == What::enter) {
      bool known = kept_.contains(event.id);
      if (known) running_[event.job] = event.id;
      // A task keeps its context, each call of a callback begins with that of the registration.
      if (known && !is_task(event.id)) current_[event.job] = kept_[event.id];
      if (known && of_descriptors_.contains(event.id)) calls_[event.job] = &of_descriptors_[event.id];
    }
    if (event.what != What::did || event.answer.without_effect()) return;
    Verb verb = event.step.verb;
    bool outside = event.job == 0 && event.frame != main_frame;  // in the loop's error handler, or between threads
    if (outside && verb == set_var) told_ = false;               // whose context that is nobody says
    Values* values = outside ? nullptr : values_of(event.job);
    bool registers = verb == call_soon || verb == call_later || verb == call_at || verb == add_done_callback ||
                     verb == call_soon_threadsafe || verb == add_reader || verb == add_writer;
    // What a descriptor's callback passes on depends on the variant (CTX-4).
    if (values && registers && event.made && !calls_.contains(event.job)) kept_[event.made] = *values;
    if (kept_.contains(event.made) && (verb == add_reader || verb == add_writer)) of_descriptors_[event.made] = *values;
    if (values && verb == create_task && event.id && !calls_.contains(event.job)) kept_[event.id] = *values;
    // Main has that by now, perhaps, and hands it on.
    if (set_elsewhere_ && event.job == 0 && (registers || verb == create_task)) told_ = false;
    if (verb == set_var) set(values, event);
    if (values && verb == get_var) reads_.push_back(judged(*values, index));
  }

  bool is_task(Id id) const {
    const FutureLife* task = history_.future(id);
    return task && task->task;
  }

  /// Those of the running job; null if its context is not known.
  Values* values_of(Id job) {
    if (job == 0) return &main_;
    auto id = running_.find(job);
    if (id == running_.end()) return nullptr;
    return is_task(id->second) ? &kept_[id->second] : &current_[job];
  }

  void set(Values* values, const Event& event) {
    auto running = running_.find(event.job);
    bool known = running != running_.end(), task = known && is_task(running->second);
    bool callback = known && !calls_.contains(event.job);
    if (event.job) (task ? set_by_task_ : callback ? set_by_callback_ : set_elsewhere_) = true;
    if (!values) return;
    Binding binding{event.step.name, event.step.value, event.frame};
    bind(*values, binding);
    if (auto call = calls_.find(event.job); call != calls_.end()) bind(*call->second, binding);
  }

  Read judged(const Values& values, std::size_t index) const {
    const Event& event = history_[index];
    const Binding* binding = find(values, event.step.name);
    auto running = running_.find(event.job);
    bool task = running != running_.end() && is_task(running->second);
    auto gives = [&](const Binding* binding) { return event.answer == Answer::of(binding ? binding->value : Value{}); };
    auto call = calls_.find(event.job);
    bool io = call != calls_.end();
    return {.event = index,
            .right = gives(io ? find(*call->second, event.step.name) : binding),
            .callback = event.job != 0 && !task && !io,
            .task = task,
            .io = io,
            .fresh = gives(binding),
            .inherited_inline = task && binding && elsewhere_in_task(binding->frame, event.frame),
            .set_by_callback = set_by_callback_,
            .set_by_task = set_by_task_,
            .set_elsewhere = set_elsewhere_};
  }

  /// Whether the frames are two of one task.
  bool elsewhere_in_task(Id one, Id other) const {
    const Frame *a = history_.frame(one), *b = history_.frame(other);
    return one != other && a && b && a->task && a->task == b->task;
  }

  const History& history_;
  Values main_;
  std::map<Id, Values> kept_;     // of registrations and tasks
  std::map<Id, Values> current_;  // of callbacks, by job
  std::map<Id, Id> running_;      // what a job is about
  std::map<Id, Values> of_descriptors_;  // of registrations: what their calls have set is added
  std::map<Id, Values*> calls_;          // the same by job
  std::vector<Read> reads_;
  bool told_ = true;
  bool set_by_callback_ = false, set_by_task_ = false, set_elsewhere_ = false;
};

bool in_one_loop(const History& history) { return !history.other_loop; }

/// CTX-1
Verdict a_callback_runs_in_the_context_of_its_registration(const History& history) {
  Ruling ruling;
  if (!in_one_loop(history)) return ruling;
  for (const Read& read : Contexts::reads(history)) {
    if (read.callback)
      ruling.require(read.right, read.event, "it is not the value at the registration of the callback");
    else if (read.in_main() && read.set_by_callback && !read.set_by_task)
      ruling.require(read.right, read.event, "what a callback set was seen outside of it");
  }
  return ruling;
}

/// CTX-2
Verdict a_task_has_a_context_of_its_own(const History& history) {
  Ruling ruling;
  if (!in_one_loop(history)) return ruling;
  for (const Read& read : Contexts::reads(history)) {
    if (read.task && !read.inherited_inline)
      ruling.require(read.right, read.event, "it is neither the creator's value at the creation nor the task's own");
    else if (read.in_main() && read.set_by_task && !read.set_by_callback)
      ruling.require(read.right, read.event, "what a task set was seen outside of it");
  }
  return ruling;
}

/// CTX-3
Verdict an_inline_coroutine_shares_its_callers_context(const History& history) {
  Ruling ruling;
  if (!in_one_loop(history)) return ruling;
  for (const Read& read : Contexts::reads(history))
    if (read.inherited_inline)
      ruling.require(read.right, read.event, "what a coroutine set was not seen by the one that it runs in");
  return ruling;
}

/// CTX-4
Verdict the_calls_of_a_registration_share_a_context(const History& history) {
  Ruling ruling;
  if (!in_one_loop(history)) return ruling;
  for (const Read& read : Contexts::reads(history)) {
    if (!read.io) continue;
    ruling.require(read.right || read.fresh, read.event,
                   "it is not the value at the registration, nor that of an earlier call");
    if (read.fresh && !read.right) ruling.variant("fresh-copy", read.event);
  }
  return ruling;
}

constexpr Property list[] = {
    {"CTX-1", a_callback_runs_in_the_context_of_its_registration, {get_var}},
    {"CTX-2", a_task_has_a_context_of_its_own, {get_var}},
    {"CTX-3", an_inline_coroutine_shares_its_callers_context, {get_var}},
    {"CTX-4", the_calls_of_a_registration_share_a_context, {add_reader, add_writer}},
};

}  // namespace

std::span<const Property> context() { return list; }

}  // namespace cede
