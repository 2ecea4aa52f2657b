#include "reference/runner.h"

#include <csignal>
#include <memory>
#include <vector>

#include "reference/manners.h"

namespace cede::reference {
namespace {

using Tasks = std::vector<Ref<TaskBase>>;

/// One pass behind the last of them there is a future that is done.
Error run_until_gathered(AbstractLoop& loop, const Tasks& tasks) {
  if (tasks.empty()) return {};
  Future<> all(loop);
  auto left = std::make_shared<std::size_t>(tasks.size());
  for (const Ref<TaskBase>& task : tasks)
    task->add_done_callback([all, left](FutureBase&) mutable {
      if (--*left == 0 && !all.done()) all.set_result();
    });
  return run_until_done(loop, *all.base());
}

Error run_until_all_done(AbstractLoop& loop, const Tasks& tasks) {
  if (manners().runner_gathers_tasks) return run_until_gathered(loop, tasks);
  for (const Ref<TaskBase>& task : tasks)
    if (!task->done())
      if (Error error = run_until_done(loop, *task)) return error;
  return {};
}

Error cancel_what_is_left(AbstractLoop& loop) {
  Tasks left(loop.all_tasks().begin(), loop.all_tasks().end());
  if (Choices* choices = manners().sets) shuffle(left, *choices);
  for (Ref<TaskBase>& task : left) task->cancel();
  if (Error error = run_until_all_done(loop, left)) return error;
  for (Ref<TaskBase>& task : left)
    if (!task->cancelled() && task->error())
      loop.call_exception_handler(Report{Report::About::left_over, loop, task->error(), nullptr, task.get()});
  return {};
}

}  // namespace

Interrupts::Interrupts(AbstractLoop& loop, const Ref<FutureBase>& main) : loop_(loop) {
  struct sigaction now{};
  if (sigaction(SIGINT, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) return;
  listens_ = !loop.try_add_signal_handler(SIGINT, [count = count_, main]() -> Error {
    if (++*count > 1) return Error(Error::Kind::exit);  // patience is over
    main->cancel();
    return {};
  });
}

Interrupts::~Interrupts() {
  if (listens_) loop_.remove_signal_handler(SIGINT);
}

Error Interrupts::seen_through(const Error& error) const {
  return *count_ > 0 && error.cancelled() ? Error(Error::Kind::exit) : error;
}

Error wind_up(AbstractLoop& loop) {
  Error error = cancel_what_is_left(loop);
  if (!error) error = try_run_until_complete(loop, create_task(loop, shutdown_asyncgens(loop))).error();
  if (!error && manners().runner_ends_executor)
    error = try_run_until_complete(loop, create_task(loop, []() -> Coroutine<> { co_return; }())).error();
  Error refused = loop.try_close();
  return error ? error : refused;
}

}  // namespace cede::reference
