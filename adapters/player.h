// The player: scripts in, events out. It owns the names, the jobs and the scripts of one play; what a
// verb of another family than `core` means is in that family's file, adapters/play_<family>.cpp.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "adapters/answers.h"
#include "adapters/play.h"
#include "adapters/program.h"
#include "reference/future.h"
#include "reference/task.h"

namespace cede {

class Player;

/// A coroutine object that a script made, and who drives it by hand.
struct CoroutineObject : reference::Counted {
  CoroutineObject(reference::Coroutine<Value> coroutine, Name name, Id id)
      : body(std::move(coroutine)), driver(body), name(name), id(id) {}
  ~CoroutineObject() override {
    going = this;
    { auto last = std::move(body); }
    going = nullptr;
  }

  reference::Coroutine<Value> body;
  reference::Driver<Value> driver;
  Name name;
  Id id;

  /// The one that is being destroyed on this thread.
  static inline thread_local const CoroutineObject* going = nullptr;
};

/// What a name stands for: the newest future, task or coroutine object, and the newest handle. A
/// task is a future that has a `task`.
struct Named {
  Id id = 0;  // 0: nothing was made yet
  std::optional<reference::Future<Value>> future;
  reference::TaskBase* task = nullptr;
  reference::Ref<CoroutineObject> coroutine;
  std::shared_ptr<std::vector<Answer>> list;  // of a gather: its results, once they are there

  Id handle_id = 0;
  reference::Ref<reference::Handle> handle;
};

/// What the verbs of one family mean. One object a play, made when the first of its verbs is said;
/// it holds what the family's names stand for, and is destroyed before the loop.
class FamilyPlayer {
 public:
  explicit FamilyPlayer(Player& player) : player_(player) {}
  FamilyPlayer(const FamilyPlayer&) = delete;
  FamilyPlayer& operator=(const FamilyPlayer&) = delete;
  virtual ~FamilyPlayer() = default;

  /// Performs a step that is answered at once. `event` is where it is written down, until anything
  /// else is; who wants the trace to know what the step is about or made says so there, first.
  virtual Answer ask(const Line& line, Event& event);
  /// Performs a step of a coroutine: records it with `did`, then what it does. The caller records
  /// `got` with the outcome, and `items` behind it.
  virtual reference::Coroutine<Value> await(const Line& line, Id frame);
  /// What the name with this number stands for in this family; 0 for nothing.
  virtual Id held(std::uint32_t) const { return 0; }
  /// Lets go of it.
  virtual void drop(std::uint32_t) {}

 protected:
  Player& player_;
};

/// Null for the core, which is the player itself.
extern const std::array<MakeFamily, families_count> families;
std::unique_ptr<FamilyPlayer> play_cancellation(Player& player);
std::unique_ptr<FamilyPlayer> play_combinators(Player& player);
std::unique_ptr<FamilyPlayer> play_scopes(Player& player);
std::unique_ptr<FamilyPlayer> play_synchronisation(Player& player);
std::unique_ptr<FamilyPlayer> play_readiness(Player& player);
std::unique_ptr<FamilyPlayer> play_threads(Player& player);
std::unique_ptr<FamilyPlayer> play_context(Player& player);
std::unique_ptr<FamilyPlayer> play_lifetime(Player& player);
std::unique_ptr<FamilyPlayer> play_generators(Player& player);

class Player : WaitObserver {
 public:
  Player(const Program& program, const Adapter& adapter, MakeLoop make, World& world, Trace& trace,
         MakeFamily tasks = nullptr)
      : program_(program), adapter_(adapter), make_(make), make_tasks_(tasks), world_(world), trace_(trace),
        named_(program.scripts().size()) {}

  void play();

  reference::AbstractLoop& loop() { return *loop_; }
  World& world() { return world_; }
  const Adapter& adapter() const { return adapter_; }
  const Program& program() const { return program_; }
  const Script& script(std::uint32_t number) const { return program_.scripts()[number]; }

  // Observing: every event goes through here.

  class Job;
  class Ending;

  /// False once the scripts have fallen silent: then nothing is written down or done any more.
  bool observing() const { return observing_; }
  Event& record(What what);
  Event& record(What what, const Step& step, Id frame, Id id = 0);
  /// One more job or inline start; false once the scripts have fallen silent.
  bool count_start();
  /// The objects that the step which is being answered was given.
  void tell_among(const std::array<Id, 3>& ids) { among_ = ids; }
  /// One of several results, to be recorded behind the `got` of the step that is being performed.
  void add_item(const Answer& answer) { items_.push_back(answer); }

  // Names, by their numbers.

  /// By which the player knows what it made again: the name, and which of that name.
  static std::uint64_t tag_of(const Script& name, Id id) { return std::uint64_t{name.number} << 32 | id; }

  Id next_id() { return ++ids_; }
  Id next_frame() { return ++frames_; }
  Named& named(std::uint32_t number) { return named_[number]; }
  /// The future, task or coroutine object of this name; a name under which nothing was made is a
  /// pending future.
  Named& object(std::uint32_t number);
  Named& make_future(Named& named);
  /// What the name meant before lives on, as it does for those who hold it.
  void name_object(Named& named, Id id, std::optional<reference::Future<Value>> future,
                   reference::TaskBase* task, reference::Ref<CoroutineObject> coroutine);
  /// A task that plays the script, not begun, and begun; null when the loop is closed.
  reference::Ref<reference::TaskState<Value>> make_task(const Script& script, Id id);
  reference::Ref<reference::TaskState<Value>> make_task(reference::Coroutine<Value> coroutine, Name name, Id id);
  bool start_task(const Script& script, Id& id);
  /// asyncio's `ensure_future`: the future of this name. A coroutine object becomes a task, which the
  /// name stands for from here on, written down as `create_task` by who asks. None when the loop is
  /// closed.
  std::optional<reference::Future<Value>> ensure_future(std::uint32_t number, Name who, Id frame);
  /// What `drop` of the name is about, and the drop itself: for good.
  Id held(std::uint32_t number) const;
  void drop(std::uint32_t number);

  /// A new loop takes the place of the scenario's for as long as the call takes.
  template <class Call>
  auto in_new_loop(Call call);
  /// Nothing that happens in it is written down.
  template <class Call>
  auto without_observing(Call call);
  std::function<std::unique_ptr<reference::AbstractLoop>()> loop_maker() {
    return [this] { return make_(world_, adapter_); };
  }

  // Scripts.

  /// A callback that plays the script as a job about `id`.
  reference::Callback callback(const Script& script, Id id) {
    return [this, &script, id] { return call_back(script, id); };
  }
  reference::Error call_back(const Script& script, Id id);
  reference::Error play_callback(const Script& script);
  reference::Coroutine<Value> play_coroutine(const Script& script);
  /// A step that is answered at once.
  void act(const Line& line, Id frame);
  /// `raise` and `return`, which end a script.
  bool leaves(const Line& line, Id frame);

  /// Beyond the end of time is never.
  Nanos moment(Nanos since_start) const;
  Nanos since_start(Nanos time) const;
  FamilyPlayer& family(Family family);
  bool unsupported(Verb verb) const;

 private:
  struct PlayedTask;

  void on_poll(Nanos timeout) override;
  void on_rest() override;
  void on_stuck() override;
  void on_long_wait() override;
  void fall_silent();
  void listen_to_errors(reference::AbstractLoop& loop);
  void hear(const reference::Report& report);
  void hear_of_never_awaited();

  void play_main();
  reference::Coroutine<Value> suspend(const Line& line, Id frame);
  reference::Coroutine<Value> play_object(reference::Ref<CoroutineObject> object, Name name);
  reference::Coroutine<Value> play_block(const Line& line, Id frame);

  /// Who plays the verb; null if the player itself does.
  FamilyPlayer* family_of(Verb verb);

  // The core's steps that are answered at once; their definitions are in play_core.cpp.
  void act_family(FamilyPlayer& player, const Line& line, Id frame);
  void act_schedule(const Line& line, Id frame);
  void act_busy(const Step& step, Id frame);
  void act_run(const Line& line, Id frame);
  void act_run_in_new_loop(const Line& line, Id frame);
  void act_send(const Line& line, Id frame);
  void act_at_once(const Line& line, Id frame);

  // What is asked is written down before it is done, so that its consequences stand behind it, and
  // answered in its place.
  using Slot = std::optional<std::size_t>;
  Slot record_asked(const Step& step, Id frame, Id id, Id made);
  void answer(Slot slot, const Answer& answer);
  Answer ask(const Line& line, Slot slot, Id& id);
  Answer ask_handle(const Line& line, Id& id);
  Answer ask_object(const Line& line, Slot slot, Id& id);
  Value running_loop() const;
  Value current_task() const;

  const Program& program_;
  const Adapter& adapter_;
  MakeLoop make_;
  MakeFamily make_tasks_;  // of the loop's own; else null
  World& world_;
  Trace& trace_;
  std::unique_ptr<reference::AbstractLoop> loop_;  // where scripts act: the scenario's, or a runner's
  std::vector<std::unique_ptr<reference::AbstractLoop>> other_loops_;  // the others that there were or are
  Nanos start_ = 0;
  std::unique_ptr<FamilyPlayer>& player_of(Family family) { return families_[static_cast<std::size_t>(family)]; }
  std::array<std::unique_ptr<FamilyPlayer>, families_count> families_;  // core: of the loop's own tasks, if it has any
  std::vector<Named> named_;  // by the number of the name
  std::vector<Named> kept_;
  std::vector<Answer> items_;
  std::array<Id, 3> among_{};
  Id last_job_ = 0;  // the subject of the job that ended last
  Name last_job_name_;
  const Script* error_script_ = nullptr;
  bool observing_ = true;
  bool over_ = false;  // the scripts have fallen silent; what is left is to end the loop
  int limit_ = callbacks_max;
  int starts_ = 0;
  Id job_ = 0, jobs_ = 0, ids_ = 0, frames_ = 0;
};

template <class Call>
auto Player::in_new_loop(Call call) {
  other_loops_.push_back(make_(world_, adapter_));
  std::size_t place = other_loops_.size() - 1;
  std::swap(loop_, other_loops_[place]);
  listen_to_errors(*loop_);
  auto answer = call();
  std::swap(loop_, other_loops_[place]);
  return answer;
}

template <class Call>
auto Player::without_observing(Call call) {
  bool observed = std::exchange(observing_, false);
  auto answer = call();
  observing_ = observed;
  return answer;
}

/// Writes down that a job begins, and at its end that it is over.
class Player::Job {
 public:
  Job(Player& player, Name name, Id id) : player_(player), name_(name), id_(id), outer_(player.job_) {
    player_.job_ = ++player_.jobs_;
    write(What::enter);
  }
  ~Job() {
    write(What::leave);
    player_.last_job_ = id_;
    player_.last_job_name_ = name_;
    player_.job_ = outer_;
  }

 private:
  void write(What what) {
    Event& event = player_.record(what);
    event.step.who = name_;
    event.id = id_;
  }
  Player& player_;
  Name name_;
  Id id_;
  Id outer_;
};

/// Writes down how a script ends, and if nobody says it, that it is destroyed where it was suspended.
class Player::Ending {
 public:
  Ending(Player& player, Name name, Id frame) : player_(player), name_(name), frame_(frame) {}
  ~Ending() {
    if (!over_) write(What::destroyed);
  }
  void end(const reference::Outcome<Value>& outcome) {
    over_ = true;
    write(What::end).answer = answer_or_nothing(outcome);
  }

 private:
  Event& write(What what) {
    Event& event = player_.record(what);
    event.step.who = name_;
    event.frame = frame_;
    return event;
  }
  Player& player_;
  Name name_;
  Id frame_;
  bool over_ = false;
};

/// A task whose steps are written down as jobs.
struct Player::PlayedTask : reference::TaskState<Value> {
  PlayedTask(Player& player, const Script& script, Id id)
      : PlayedTask(player, player.play_coroutine(script), script.name, id) {}
  PlayedTask(Player& player, reference::Coroutine<Value> coroutine, Name name, Id id)
      : TaskState(*player.loop_, std::move(coroutine)), player(player), name(name), id(id) {}

  reference::Error step() override;

  Player& player;
  Name name;
  Id id;
};

}  // namespace cede
