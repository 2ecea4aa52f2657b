#include "adapters/plugin.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "adapters/callback_loop.h"
#include "adapters/cede.h"
#include "adapters/play.h"

namespace cede {
namespace {

/// Ends the process: what the loop has done leaves nothing to go on with.
[[noreturn]] void give_up(std::string_view what) {
  fmt::print(stderr, "cede: {}; see `cede adapter check`\n", what);
  std::abort();
}

class PluginLoop : public CallbackLoop {
 public:
  explicit PluginLoop(const cede_table& table) : table_(table), loop_(table.create()) {
    if (!loop_) give_up("create gave null: it has to give a loop");
    thread = std::this_thread::get_id();
    owed.insert(this);
    // Whoever has no call for other threads is woken by a descriptor.
    if (table_.call_soon_threadsafe) return;
    wakeup_.emplace();
    table_.add_reader(loop_, wakeup_->number(), drain_and_run, this);
  }
  ~PluginLoop() override {
    finish();
    owed.erase(this);
  }

  Nanos time() override { return table_.time(loop_); }

 private:
  /// What loops were asked for and may call back.
  static inline std::unordered_set<void*> owed;
  static inline std::thread::id thread;  // the one that plays

  /// Before anything is called back.
  template <class What>
  static What& checked(void* self) {
    if (thread != std::this_thread::get_id())
      give_up("the loop calls back on a thread of its own: it has to be the one that called run");
    if (!owed.contains(self)) give_up(not_owed);
    return *static_cast<What*>(self);
  }

  struct Asked : Call {
    Asked(PluginLoop& of, Callback callback) : Call(of, std::move(callback)), of(of) {
      owed.insert(this);
      note(of.table_.call_soon(of.loop_, called, this));
    }
    Asked(PluginLoop& of, Nanos delay, Nanos when, Callback callback) : Call(of, std::move(callback), when), of(of) {
      if (when == forever) return;
      owed.insert(this);
      note(of.table_.call_later(of.loop_, delay, called, this));
    }
    void note(void* given) {
      if (!given) give_up("call_soon or call_later gave null: it has to give what cancel takes");
      if (owed.contains(this)) call = given;  // else it has called back already
    }
    static void called(void* self) {
      Asked& asked = checked<Asked>(self);
      owed.erase(self);
      asked.call = nullptr;
      asked.fire();
    }
    void disarm() override {
      owed.erase(this);
      if (call) of.table_.cancel(of.loop_, std::exchange(call, nullptr));
    }

    PluginLoop& of;
    void* call = nullptr;
  };

  /// The loop has a reader and a writer for each descriptor.
  struct Directions : Watch {
    Directions(PluginLoop& of, int number) : of(of), number(number) { owed.insert(this); }
    ~Directions() override {
      set(false, false);
      owed.erase(this);
    }
    bool set(bool reads, bool writes) override {
      const cede_table& table = of.table_;
      return set(reading, reads, table.add_reader, table.remove_reader,
                 [](void* self) { tell(self, true); }) &&
             set(writing, writes, table.add_writer, table.remove_writer,
                 [](void* self) { tell(self, false); });
    }
    bool set(bool& on, bool wanted, decltype(cede_table::add_reader) add, decltype(cede_table::remove_reader) remove,
             cede_callback callback) {
      if (on && !wanted) remove(of.loop_, number);
      if (!on && wanted && (!add || add(of.loop_, number, callback, this) != 0)) return false;
      on = wanted;
      return true;
    }
    static void tell(void* self, bool reads) {
      Directions& directions = checked<Directions>(self);
      directions.of.descriptor_ready(directions.number, reads, !reads);
    }

    PluginLoop& of;
    int number;
    bool reading = false, writing = false;
  };

  Ref<Handle> soon(Callback callback) override { return new Asked(*this, std::move(callback)); }
  Ref<Handle> later(Nanos delay, Nanos when, Callback callback) override {
    // What the loop cannot tell apart is asked for, and reported, as the next that it can.
    const Nanos resolution = std::max<Nanos>(1, table_.resolution);
    if (delay > 0 && resolution > 1) {
      delay = delay > forever - resolution ? forever : (delay + resolution - 1) / resolution * resolution;
      if (delay == forever || __builtin_add_overflow(time(), delay, &when)) when = forever;
    }
    return new Asked(*this, delay, when, std::move(callback));
  }
  std::unique_ptr<Watch> watch(int descriptor) override { return std::make_unique<Directions>(*this, descriptor); }
  void wake() override {
    if (wakeup_) return wakeup_->wake();
    table_.call_soon_threadsafe(loop_, run_one, this);
  }
  static void run_one(void* self) { checked<PluginLoop>(self).run_one_from_threads(); }
  static void drain_and_run(void* self) {
    PluginLoop& loop = checked<PluginLoop>(self);
    loop.wakeup_->drain();
    loop.run_from_threads();
  }
  void turn() override { table_.run(loop_); }
  void break_off() override { table_.stop(loop_); }
  void free() override {
    if (wakeup_) table_.remove_reader(loop_, wakeup_->number());
    table_.destroy(loop_);
  }

  const cede_table& table_;
  std::optional<WakeDescriptor> wakeup_;
  void* loop_;
};

std::unique_ptr<reference::AbstractLoop> make_loop(World&, const Adapter& adapter) {
  return std::make_unique<PluginLoop>(*adapter.table);
}

bool is_missing(const char* text) { return !text || !*text; }

}  // namespace

std::string complaint(const cede_table* table) {
  if (!table) return "cede_plugin() gives null: let it give the table";
  if (table->abi != CEDE_ABI)
    return fmt::format("abi is {}, and this cede reads {}: set it to CEDE_ABI and build with its adapters/cede.h",
                       table->abi, CEDE_ABI);
  if (table->size != sizeof(cede_table))
    return fmt::format("size is {}, and this cede reads {} bytes: set it to sizeof(cede_table) and build with its "
                       "adapters/cede.h", table->size, sizeof(cede_table));
  for (auto [text, field] : {std::pair{table->name, "name"}, {table->version, "version"}, {table->mapping, "mapping"}})
    if (is_missing(text)) return fmt::format("{} is empty: say it, the report prints it", field);
  const std::pair<bool, const char*> needed[] = {
      {table->create, "create"}, {table->destroy, "destroy"}, {table->time, "time"}, {table->call_soon, "call_soon"},
      {table->call_later, "call_later"}, {table->cancel, "cancel"}, {table->run, "run"}, {table->stop, "stop"},
      {!table->add_reader || table->remove_reader, "remove_reader, while add_reader is there,"},
      {!table->add_writer || table->remove_writer, "remove_writer, while add_writer is there,"},
      {table->call_soon_threadsafe || table->add_reader, "call_soon_threadsafe, without add_reader in its place,"},
  };
  for (auto [there, function] : needed)
    if (!there) return fmt::format("{} is null: the table has to have it", function);
  return {};
}

void adapt_plugin(const cede_table& table, Adapter& adapter) {
  adapt_callback_loop<make_loop>(adapter, std::string("\n") + table.mapping);
  adapter.name = table.name;
  adapter.version = table.version;
  adapter.resolution = std::max<Nanos>(1, table.resolution);
  adapter.needs_creeping = table.flags & CEDE_NEEDS_CREEPING;
  adapter.table = &table;
  auto leave_out = [&](const char* reason, std::initializer_list<Verb> verbs) {
    for (Verb verb : verbs) adapter.unsupported.push_back({verb, reason});
  };
  if (!table.add_reader)
    leave_out("the table has no add_reader", {Verb::add_reader, Verb::remove_reader, Verb::receive});
  if (!table.add_writer) leave_out("the table has no add_writer", {Verb::add_writer, Verb::remove_writer});
  if (!table.call_soon_threadsafe)
    leave_out("the table has no call_soon_threadsafe",
              {Verb::call_soon_threadsafe, Verb::thread, Verb::run_in_executor, Verb::fail_in_executor,
               Verb::run_coroutine_threadsafe});
}

}  // namespace cede
