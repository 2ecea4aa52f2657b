// Qt's event loop, unmodified, in virtual time. How the verbs map onto it is told below, in the words that the
// report prints. The file is a module of its own, which the executable opens.
#define QT_NO_KEYWORDS  // such as `forever`, which is a name here
#include <QtCore/QCoreApplication>
#include <QtCore/QDeadlineTimer>
#include <QtCore/QEventLoop>
#include <QtCore/QHash>
#include <QtCore/QSocketNotifier>
#include <QtCore/QTimerEvent>

#include <cstdlib>
#include <map>
#include <optional>
#include <unordered_map>

#include "adapters/callback_loop.h"
#include "adapters/play.h"

namespace cede {
namespace {

constexpr std::string_view mapping = R"(
call_soon: a queued QMetaObject::invokeMethod each
call_later: QObject::startTimer(delay in ms, rounded up, below 0 as 0, Qt::PreciseTimer) each, and killTimer before its call, which is what a QTimer of a single shot does
call_at: the same with the difference to QDeadlineTimer::current
forever: a timer that is not started; so is one of more than the 24 days that an int of ms holds
cancel: killTimer; of a queued call, a mark of the adapter's
call_soon_threadsafe: a queue of the adapter's under a lock, and a queued QMetaObject::invokeMethod each, which takes one from it
add_signal_handler: unsupported: Qt knows no signals of the process
add_reader, add_writer: one QSocketNotifier a descriptor and direction, setEnabled(true); where one was before, setEnabled(false) first
remove_reader, remove_writer: setEnabled(false); the QSocketNotifier stays for the next of this number
order of descriptors: that of a hash, whose seed is made the same in every process
run: QEventLoop::exec; a nested run is refused by the adapter
stop: QEventLoop::quit, which a later exec forgets
time: QDeadlineTimer::current
errors of callbacks: caught where Qt calls the adapter and handed to the exception handler; exit does QEventLoop::quit
futures, tasks: the reference's, over call_soon)";

Nanos milliseconds(Nanos delay) { return delay <= 0 ? 0 : delay / millisecond + (delay % millisecond > 0); }

/// The application owns the dispatcher of its thread, and decides by its environment which one that is.
std::unique_ptr<QCoreApplication> make_application(std::string_view back_end) {
  static int words = 1;
  static char name[] = "cede";
  static char* arguments[] = {name, nullptr};
  if (back_end == "unix") setenv("QT_NO_GLIB", "1", 1);
  else unsetenv("QT_NO_GLIB");
  QHashSeed::setDeterministicGlobalSeed();  // the unix dispatcher keeps descriptors in a hash: their order is its
  setenv("LC_ALL", "C.UTF-8", 1);  // it sets the locale of the environment, and complains of any without UTF-8
  return std::make_unique<QCoreApplication>(words, arguments);
}

class QtLoop : public CallbackLoop {
 public:
  explicit QtLoop(std::string_view back_end)
      : application_(make_application(back_end)), context_(std::in_place, *this), loop_(std::in_place) {}
  ~QtLoop() override { finish(); }

  Nanos time() override { return QDeadlineTimer::current(Qt::PreciseTimer).deadlineNSecs(); }

 private:
  struct Queued : Call {
    using Call::Call;
    void disarm() override {}
  };

  struct Timer : Call {
    Timer(QtLoop& of, int ms, Nanos when, Callback callback) : Call(of, std::move(callback), when), loop(of) {
      if (when == forever) return;
      id = loop.context_->startTimer(ms, Qt::PreciseTimer);
      loop.timers_[id] = this;
    }
    void disarm() override {
      if (loop.timers_.erase(id)) loop.context_->killTimer(id);
    }
    QtLoop& loop;
    int id = 0;
  };

  /// The notifiers are kept when nobody is interested: Qt forbids to destroy what is being notified.
  struct Notifiers {
    Notifiers(QtLoop& loop, int number) : reads(number, QSocketNotifier::Read), writes(number, QSocketNotifier::Write) {
      disable();
      QObject::connect(&reads, &QSocketNotifier::activated, &reads,
                       [&loop, number] { loop.descriptor_ready(number, true, false); });
      QObject::connect(&writes, &QSocketNotifier::activated, &writes,
                       [&loop, number] { loop.descriptor_ready(number, false, true); });
    }
    void disable() {
      reads.setEnabled(false);
      writes.setEnabled(false);
    }
    QSocketNotifier reads, writes;
  };

  struct Poll : Watch {
    explicit Poll(Notifiers& notifiers) : notifiers(notifiers) {}
    ~Poll() override { notifiers.disable(); }
    bool set(bool reads, bool writes) override {
      notifiers.reads.setEnabled(reads);
      notifiers.writes.setEnabled(writes);
      return true;
    }
    Notifiers& notifiers;
  };

  /// What Qt sends the timers' events to.
  struct Context : QObject {
    explicit Context(QtLoop& loop) : loop(loop) {}
    void timerEvent(QTimerEvent* event) override {
      if (auto timer = loop.timers_.find(event->timerId()); timer != loop.timers_.end()) timer->second->fire();
    }
    QtLoop& loop;
  };

  Ref<Handle> soon(Callback callback) override {
    Ref<Queued> job(new Queued(*this, std::move(callback)));
    QMetaObject::invokeMethod(&*context_, [job] { job->fire(); }, Qt::QueuedConnection);
    return job;
  }
  Ref<Handle> later(Nanos delay, Nanos when, Callback callback) override {
    Nanos ms = milliseconds(delay);
    when = when == forever || ms > INT32_MAX ? forever : time() + ms * millisecond;
    return new Timer(*this, static_cast<int>(ms), when, std::move(callback));
  }
  std::unique_ptr<Watch> watch(int descriptor) override {
    return std::make_unique<Poll>(notifiers_.try_emplace(descriptor, *this, descriptor).first->second);
  }
  void wake() override {
    QMetaObject::invokeMethod(&*context_, [this] { run_one_from_threads(); }, Qt::QueuedConnection);
  }
  void turn() override { loop_->exec(); }
  void break_off() override { loop_->quit(); }
  void free() override {
    notifiers_.clear();
    context_.reset();
    loop_.reset();
    application_.reset();
  }

  std::unique_ptr<QCoreApplication> application_;
  std::optional<Context> context_;
  std::optional<QEventLoop> loop_;
  std::map<int, Notifiers> notifiers_;
  std::unordered_map<int, Timer*> timers_;
};

std::unique_ptr<reference::AbstractLoop> make_loop(World&, const Adapter& adapter) {
  return std::make_unique<QtLoop>(adapter.back_end);
}

}  // namespace

extern "C" bool cede_adapter(std::string_view back_end, Adapter& adapter) {
  adapter.back_end = back_end.empty() ? "glib" : back_end;
  adapter.version = qVersion();
  adapt_callback_loop<make_loop>(adapter, mapping);
  adapter.unsupported = {
      {Verb::close, "Qt has no closed loop that refuses calls: the destructor of QCoreApplication frees it"},
      {Verb::is_closed, "a closed loop cannot be asked"},
      {Verb::is_running, "QEventLoop::isRunning is about a QEventLoop, not its dispatcher"},
      {Verb::get_running_loop, "QAbstractEventDispatcher::instance is the thread's, whether or not it runs"},
      {Verb::set_debug, "Qt has no debug mode"},
      {Verb::add_signal_handler, "Qt knows no signals of the process"},
      {Verb::remove_signal_handler, "as add_signal_handler"},
      {Verb::add_signal_handler_elsewhere, "as add_signal_handler"},
      {Verb::run_in_new_loop, "QEventLoop::exec does not refuse to be nested: it may be"},
      {Verb::runner, "a process has one QCoreApplication, and a thread one dispatcher: there is no second loop"},
      {Verb::storm, "as runner"},
  };
  adapter.resolution = 2 * millisecond;  // a delay is rounded up to milliseconds, and so is the wait for its end
  return adapter.back_end == "glib" || adapter.back_end == "unix";
}

}  // namespace cede
