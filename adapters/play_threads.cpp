// What the verbs about threads and signals mean. Other threads act while they have the baton (baton.h).
#include <csignal>
#include <map>

#include "adapters/baton.h"
#include "adapters/player.h"
#include "reference/executor.h"
#include "reference/run.h"

namespace cede {

using reference::Callback;
using reference::Error;
using reference::Outcome;
using reference::Ref;

namespace {

/// What an executor's thread does in its turn.
struct Turn {
  Baton baton{9};
  bool over = false;     // the play has ended before
  bool begun = false;
  bool done = false;     // until then its thread is occupied, also while the loop goes on in between
  bool at_once = false;  // it was done where it was submitted
};

/// A pool whose threads wait for their turn with the baton before they do anything.
class TurnTaking : public reference::Executor {
 public:
  static constexpr std::size_t threads_max = 8;

  ~TurnTaking() override {
    for (auto& turn : waiting_) {
      turn->over = true;
      if (!turn->at_once && !turn->begun) turn->baton.hand_over();
    }
  }

  bool full() {
    std::erase_if(waiting_, [](const auto& turn) { return turn->done; });
    return waiting_.size() >= threads_max;
  }
  /// The work that is submitted next is done then.
  void schedule(World& world, Nanos when) {
    world_ = &world;
    when_ = when;
  }

  void submit(Callback work) override {
    auto turn = std::make_shared<Turn>();
    waiting_.push_back(turn);
    world_->at(when_, [turn] {
      if (turn->at_once) turn->done = true;
      else if (!std::exchange(turn->begun, true)) turn->baton.hand_over();
    });
    pool_.submit([turn, submitter = std::this_thread::get_id(), work = std::move(work)]() mutable {
      if (std::this_thread::get_id() == submitter) {
        turn->at_once = true;
        return void(work());
      }
      turn->baton.take();
      if (!turn->over) (void)work();
      work.reset();
      turn->done = true;
      turn->baton.give_back();
    });
  }

 private:
  World* world_ = nullptr;
  Nanos when_ = 0;
  std::vector<std::shared_ptr<Turn>> waiting_;
  reference::ThreadPool pool_{threads_max};
};

int number_of(Name signal) {
  if (signal == Name("usr1")) return SIGUSR1;
  if (signal == Name("usr2")) return SIGUSR2;
  if (signal == Name("int")) return SIGINT;
  if (signal == Name("kill")) return SIGKILL;
  return -1;
}

/// The process's signals are as before when the play is over.
class KeptSignals {
 public:
  KeptSignals() {
    for (int signal : {SIGUSR1, SIGUSR2, SIGINT}) sigaction(signal, nullptr, &before_[signal]);
  }
  ~KeptSignals() {
    for (auto& [signal, action] : before_) sigaction(signal, &action, nullptr);
  }
  /// Whether the play has brought about what the signal does now. Else it must not be raised.
  bool changed(int signal) {
    auto before = before_.find(signal);
    struct sigaction now;
    sigset_t blocked;  // as while its handler runs; later it might do anything
    if (before == before_.end() || sigaction(signal, nullptr, &now) != 0) return false;
    if (pthread_sigmask(SIG_BLOCK, nullptr, &blocked) != 0 || sigismember(&blocked, signal)) return false;
    return now.sa_handler != SIG_DFL && now.sa_handler != before->second.sa_handler;
  }

 private:
  std::map<int, struct sigaction> before_;
};

class Threads : public FamilyPlayer {
 public:
  using FamilyPlayer::FamilyPlayer;

  Answer ask(const Line& line, Event& event) override {
    const Step& step = *line.step;
    switch (step.verb) {
      case Verb::call_soon_threadsafe: return call_named(line, event.made = player_.next_id());
      case Verb::thread: return call_elsewhere(line, event.made = player_.next_id());
      case Verb::run_in_executor:
      case Verb::fail_in_executor: return execute(line, event);
      case Verb::run_coroutine_threadsafe: return submit(line, event.made = player_.next_id());
      case Verb::add_signal_handler: return add_handler(line, event.made = player_.next_id());
      case Verb::add_signal_handler_elsewhere: return add_handler_elsewhere(line, event.made = player_.next_id());
      case Verb::remove_signal_handler:
        return Answer::of(Value::of(player_.loop().remove_signal_handler(number_of(step.name))));
      case Verb::raise_signal: return raise(step.name);
      case Verb::send_signal:
        world().at(then(step.time), [this, &step] {
          if (!player_.observing() || !signals_.changed(number_of(step.name))) return;
          record_elsewhere(step);
          ::raise(number_of(step.name));
        });
        return {};
      default: return FamilyPlayer::ask(line, event);
    }
  }

 private:
  World& world() { return player_.world(); }

  Nanos then(Nanos delay) {
    Nanos when;
    return __builtin_add_overflow(world().now(), std::max<Nanos>(0, delay), &when) ? forever : when;
  }

  /// An event on the calling thread, which is in no job.
  Event& record_elsewhere(const Step& step) {
    Event& event = player_.record(What::got, step, 0);
    event.job = 0;
    return event;
  }

  Ref<reference::Handle> call(const Line& line, Id made) {
    return player_.loop().try_call_soon_threadsafe(player_.callback(*line.script, made));
  }
  /// A call that `cancel` can name; those of other threads have no name.
  Answer call_named(const Line& line, Id made) {
    auto handle = call(line, made);
    if (!handle) return Answer::raised(ErrorKind::runtime);
    player_.named(line.name).handle_id = made;
    player_.named(line.name).handle = handle;
    return {};
  }

  Answer call_elsewhere(const Line& line, Id made) {
    auto do_call = [this, &line, made] {
      if (!player_.observing()) return;
      Event& event = record_elsewhere(*line.step);
      event.made = made;
      // Refused, nothing else has happened, so the event is still there.
      if (!call(line, made)) event.answer = Answer::raised(ErrorKind::runtime);
    };
    world().at(then(line.step->time), [do_call] { OtherThread::first().start(do_call); });
    return {};
  }

  Answer execute(const Line& line, Event& event) {
    const Step& step = *line.step;
    if (player_.loop().is_closed()) return Answer::raised(ErrorKind::runtime);
    if (executor_.full() || step.value.error == ErrorKind::cancelled) return {Answer::Kind::ignored, {}};
    Id id = event.id = player_.next_id();
    executor_.schedule(world(), then(step.time));
    auto work = [this, &step, id]() -> Value {
      if (!Baton::mine()) world().busy(step.time);  // on the loop's thread it takes the loop's time
      Event& done = record_elsewhere(step);
      done.id = id;
      if (step.verb == Verb::run_in_executor) return step.value;
      error_of(step.value.error).raise();
    };
    player_.name_object(player_.named(line.name), id, run_in_executor(player_.loop(), executor_, work), nullptr, {});
    return {};
  }

  Answer submit(const Line& line, Id id) {
    world().at(then(line.step->time), [this, &line, id] {
      OtherThread::idle().start([this, &line, id] { wait_for_coroutine(line, id); });
    });
    return {};
  }

  void wait_for_coroutine(const Line& line, Id id) {
    if (!player_.observing()) return;
    record_elsewhere(*line.step).made = id;
    auto create_here = [this, &line, id] { return create(line, id); };
    auto outcome = reference::create_task_threadsafe<Value>(player_.loop(), create_here);
    auto is_there = [&outcome] { return outcome.wait_for(std::chrono::seconds(0)) == std::future_status::ready; };
    bool there = is_there() || Baton::mine()->wait(world(), is_there);
    if (!there) return;
    Event& event = record_elsewhere(*line.step);
    event.id = id;
    event.answer = answer_or_nothing(outcome.get());
  }

  /// On the loop: what was submitted becomes a task like others.
  reference::Task<Value> create(const Line& line, Id id) {
    Step step{.who = line.step->who, .verb = Verb::create_task, .name = line.step->name};
    player_.record(What::did, step, 0, id).job = 0;
    auto state = player_.make_task(*line.script, id);
    state->begin();
    reference::Task<Value> task(state);
    player_.name_object(player_.named(line.name), id, task, state.get(), {});
    return task;
  }

  Answer add_handler(const Line& line, Id made) {
    int signal = number_of(line.step->name);
    return answer_of(player_.loop().try_add_signal_handler(signal, player_.callback(*line.script, made)));
  }

  Answer add_handler_elsewhere(const Line& line, Id made) {
    Answer answer;
    OtherThread::idle().start([&] { answer = add_handler(line, made); });
    return answer;
  }

  /// Nothing if the play has to do with it; else what the process does by default, which is not tried.
  Answer raise(Name signal) {
    if (!signals_.changed(number_of(signal))) return Answer::of(Value::of(Name("default")));
    ::raise(number_of(signal));
    return {};
  }

  TurnTaking executor_;
  KeptSignals signals_;
};

}  // namespace

std::unique_ptr<FamilyPlayer> play_threads(Player& player) { return std::make_unique<Threads>(player); }

}  // namespace cede
