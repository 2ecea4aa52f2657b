#include "ci/run.h"

#include <fnmatch.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ci/report.h"
#include "ci/terminal.h"
#include "properties/exhaustive.h"

namespace cede {
namespace {

using Seconds = std::chrono::duration<double>;

/// A verb that the loop cannot perform though all of the clause's examples need one; or null.
const Unsupported* missing_verb(const Clause& clause, const Adapter& adapter) {
  const Unsupported* missing = nullptr;
  for (const Example& example : clause.examples) {
    const Unsupported* here = nullptr;
    for (const Step& step : parse_scenario(example.scenario).scenario.steps)
      for (const Unsupported& unsupported : adapter.unsupported)
        if (unsupported.verb == step.verb) here = &unsupported;
    if (!here) return nullptr;
    missing = here;
  }
  return missing;
}

/// The campaign of one loop, played when its first test begins.
class LoopRun {
 public:
  LoopRun(const RunOptions& options, const Adapter& adapter, const std::vector<const Clause*>& clauses,
          const Expectations* expectations)
      : options_(options), adapter_(adapter), clauses_(clauses), expectations_(expectations),
        campaign_(adapter, options.pace, clauses) {
    std::vector<Verb> verbs;
    for (const std::string& spelling : options.without) verbs.push_back(find_verb(spelling)->verb);
    campaign_.leave_out(std::move(verbs));
    if (options.random_choices) campaign_.choose_at_random();
  }

  void play() {
    if (report_.adapter) return;
    report_.adapter = &adapter_;
    play_budget(campaign_, options_);
    report_.played = campaign_.played();
    report_.floor = floor_for(options_.budget, report_.played);
    if (options_.pace != World::Pace::frozen) report_.options = fmt::format(" --clock {}", spelling(options_.pace));
    if (options_.random_choices) report_.options += " --choices random";
    for (const Clause* clause : clauses_) report_.clauses.push_back(report_on(*clause));
    if (expectations_) report_.stale = stale_ones();
    if (!campaign_.compares()) return;
    report_.order = campaign_.order();
    if (report_.order->unexplained) report_.divergence = find_divergence();
  }

  const std::string& name() const { return adapter_.name; }
  bool compares() const { return campaign_.compares(); }
  const LoopReport& report() const { return report_; }
  const ClauseReport& report_of(const Clause* clause) const {
    return *std::ranges::find(report_.clauses, clause, &ClauseReport::clause);
  }

 private:
  ClauseReport report_on(const Clause& clause) {
    ClauseReport report;
    report.clause = &clause;
    report.expected = expectations_ ? expectations_->of(clause.id, adapter_) : nullptr;
    report.layered = std::ranges::find(adapter_.layered, clause.profile) != adapter_.layered.end();
    auto result = std::ranges::find(campaign_.results(), &clause, &ClauseResult::clause);
    if (result == campaign_.results().end()) {
      report.status = clause.tier == "X" && !adapter_.exact_order ? Status::not_held : Status::not_verified;
      return report;
    }
    report.result = *result;
    if (result->violated) {
      report.status = Status::failed;
      report.finding = find_smallest(*result);
    } else if (result->decisive >= report_.floor) {
      report.status = Status::verified;
    } else if (const Unsupported* missing = missing_verb(clause, adapter_)) {
      report.status = Status::unsupported;
      report.reason = fmt::format("{}: {}", spelling(missing->verb), missing->reason);
    } else if (options_.budget.steps) {
      report.status = Status::out_of_scope;
    }
    return report;
  }

  /// What the file expects in vain. Who plays less than by default, or small programs
  /// alone, may just not have come across it.
  std::vector<std::string> stale_ones() const {
    const Expectations& file = *expectations_;
    if (!file.concern(adapter_))
      return {fmt::format("{0}:{1}: it is for {2} {3}, and this is {4}: run `cede expect update {0}`", file.file,
                          file.versions_line, file.loop, file.versions, adapter_.version)};
    std::vector<std::string> stale;
    if (report_.played < Budget().cases || options_.budget.steps || World::interrupted) return stale;
    for (const ClauseReport& clause : report_.clauses)
      if (is_stale(clause))
        stale.push_back(fmt::format("{0}:{1}: {2} is {3} here: remove it, or run `cede expect prune {0}`", file.file,
                                    clause.expected->line, clause.clause->id, spelling(clause.status)));
    return stale;
  }

  Finding find_smallest(const ClauseResult& result) {
    Finding finding;
    finding.scenario = campaign_.smallest_violation(result);
    finding.verdict = campaign_.judge(finding.scenario, *result.property);
    finding.seen = campaign_.trace();
    if (!finding.verdict.violated())  // real time may not come about twice
      finding.verdict = {Verdict::Kind::violated, finding.seen.events.size() - 1, "this time it held: play it again"};
    World world(options_.pace);
    reference_adapter().run(reference_adapter(), finding.scenario, world, finding.expected);
    return finding;
  }

  Divergence find_divergence() {
    Divergence divergence;
    divergence.scenario = campaign_.smallest_unexplained();
    (void)campaign_.is_unexplained(divergence.scenario);
    divergence.seen = campaign_.trace();
    divergence.expected = campaign_.acceptor().closest();
    divergence.parting = campaign_.acceptor().parted();
    return divergence;
  }

  const RunOptions& options_;
  const Adapter& adapter_;
  const std::vector<const Clause*>& clauses_;
  const Expectations* expectations_;  // null if nothing is expected
  Campaign campaign_;
  LoopReport report_;
};

/// One clause on one loop, as GoogleTest sees it.
class ClauseTest : public testing::Test {
 public:
  ClauseTest(LoopRun& loop, const Clause& clause) : loop_(loop), clause_(clause) {}

  void TestBody() override {
    loop_.play();
    const ClauseReport& report = loop_.report_of(&clause_);
    switch (report.status) {
      case Status::verified: return;
      case Status::failed:
        if (report.as_expected()) GTEST_SKIP() << "departs, as expected: " << report.expected->why;
        FAIL() << to_text(loop_.report(), report, false);
      case Status::not_verified:
        if (clause_.level != "MUST" || report.as_expected()) GTEST_SKIP() << "decisive in too few scenarios";
        FAIL() << fmt::format("decisive in {} scenarios, {} are needed", report.result.decisive, loop_.report().floor);
      case Status::unsupported: GTEST_SKIP() << report.reason;
      case Status::out_of_scope: GTEST_SKIP() << "no program of the scope decides it";
      case Status::not_held: GTEST_SKIP() << "the loop does not declare the exact order";
    }
  }

 private:
  LoopRun& loop_;
  const Clause& clause_;
};

/// The whole traces of one loop that declares the exact order.
class OrderTest : public testing::Test {
 public:
  explicit OrderTest(LoopRun& loop) : loop_(loop) {}

  void TestBody() override {
    loop_.play();
    const LoopReport& report = loop_.report();
    if (!report.order) GTEST_SKIP() << "there is nothing to compare with";
    if (report.divergence) FAIL() << divergence_text(report, false);
  }

 private:
  LoopRun& loop_;
};

/// Shows each loop's failures and a summary once it is played; GoogleTest's own printer is silent.
class Printer : public testing::EmptyTestEventListener {
 public:
  Printer(const std::vector<std::unique_ptr<LoopRun>>& runs, std::FILE* out) : runs_(runs), out_(out) {}

  void OnTestSuiteEnd(const testing::TestSuite& suite) override {
    bool color = colored(out_);
    for (const auto& run : runs_) {
      const LoopReport& report = run->report();
      if (!report.adapter || report.adapter->name != suite.name()) continue;
      for (const ClauseReport& clause : report.clauses)
        if (clause.status == Status::failed && !clause.as_expected())
          fmt::print(out_, "{}", to_text(report, clause, color));
      if (report.divergence) fmt::print(out_, "{}", divergence_text(report, color));
      fmt::print(out_, "{} {}: {} scenarios\n{}", report.adapter->name, report.adapter->version, report.played,
                 summary(report, color));
    }
  }

 private:
  const std::vector<std::unique_ptr<LoopRun>>& runs_;
  std::FILE* out_;
};

/// Ctrl-C ends a campaign and leaves the report valid; a second one ends the process. What scenarios
/// raise in this process themselves is not meant for it (THR-10).
void interrupt(int signal, siginfo_t* info, void*) {
  if (info->si_pid == getpid()) return;
  if (World::interrupted) {
    std::signal(signal, SIG_DFL);
    (void)std::raise(signal);
  }
  World::interrupted = 1;
}

/// GoogleTest's name of a clause: its filters take a hyphen for "but not".
std::string test_name(const Clause& clause) {
  std::string name = clause.id;
  std::ranges::replace(name, '-', '_');
  return name;
}

void run_tests(const RunOptions& options, const std::vector<std::unique_ptr<LoopRun>>& runs,
               const std::vector<const Clause*>& clauses, std::FILE* out) {
  // GoogleTest reads GTEST_* from the environment; what the report needs is said here.
  int argc = 1;
  std::string name = "cede";
  char* argv[] = {name.data(), nullptr};
  if (!options.junit.empty()) testing::GTEST_FLAG(output) = "xml:" + options.junit;
  testing::InitGoogleTest(&argc, argv);  // here it makes up its mind about the output
  for (const auto& run : runs) {
    for (const Clause* clause : clauses)
      testing::RegisterTest(run->name().c_str(), test_name(*clause).c_str(), nullptr, nullptr,
                            clause->file.c_str(), clause->line,
                            [&run = *run, clause]() -> testing::Test* { return new ClauseTest(run, *clause); });
    if (run->compares())
      testing::RegisterTest(run->name().c_str(), "exact_order", nullptr, nullptr, __FILE__, __LINE__,
                            [&run = *run]() -> testing::Test* { return new OrderTest(run); });
  }
  auto& listeners = testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  listeners.Append(new Printer(runs, out));
  (void)RUN_ALL_TESTS();
}

Exit usage(const std::string& message) {
  fmt::print(stderr, "cede: {}\n", message);
  return Exit::usage;
}

/// What is going to be played.
std::string plan(const RunOptions& options, std::size_t clauses) {
  const Budget& budget = options.budget;
  if (budget.steps)
    return fmt::format("{} clauses, {} time, every program of up to {} steps out of {}: {}; floors do not apply",
                       clauses, spelling(options.pace), budget.steps, alphabet().size(), budget.cases);
  return fmt::format("{} clauses, seed {}, {} time, {} a loop beside the examples", clauses, options.seed,
                     spelling(options.pace), budget.text());
}

/// The names of the loops asked for, written out: `all` is every loop, `libev` its first back end.
std::vector<std::string> names_of(const std::vector<std::string>& asked) {
  std::vector<std::string> names;
  auto add = [&](std::string_view name) {
    if (std::ranges::find(names, name) == names.end()) names.emplace_back(name);  // else said twice
  };
  for (const std::string& name : asked) {
    if (name == "all")
      for (const KnownLoop& loop : known_loops()) add(loop.name);
    else if (const KnownLoop* known = find_loop(name)) add(known->name);
    else add(name);
  }
  return names;
}

/// The adapters of these loops; a name that is unknown is a usage error, a loop that is not installed is
/// absent.
std::optional<std::string> find_loops(const std::vector<std::string>& names, std::vector<const Adapter*>& found,
                                      std::vector<std::string>& absent) {
  for (const std::string& name : names) {
    const KnownLoop* known = find_loop(name);
    if (!known && !is_module(name) && !name.starts_with("faulty/"))
      return fmt::format("there is no loop {}; there are: all {}", name, loop_names());
    std::string why;
    if (const Adapter* adapter = find_adapter(name, why)) found.push_back(adapter);
    else if (is_module(name)) absent.push_back(why);
    else if (!known) return fmt::format("there is no fault {}: see `cede mutate --list`", name);
    else absent.push_back(fmt::format("{}: install {} and build again ({})", name, known->package, why));
  }
  return std::nullopt;
}

/// The files that are shipped for the loops, or those that were named. False if something is wrong with
/// them, which is told.
bool read_expected(const RunOptions& options, const std::vector<const Adapter*>& adapters,
                   std::vector<Expectations>& expectations) {
  std::vector<std::string> files = options.expect, complaints;
  if (files.empty() && !options.no_expect)
    for (const Adapter* adapter : adapters)
      if (std::string file = expectations_file(adapter->name);
          std::filesystem::exists(file) && std::ranges::find(files, file) == files.end())
        files.push_back(file);
  for (const std::string& file : files)
    if (auto read = read_expectations(file, complaints)) expectations.push_back(std::move(*read));
  for (const std::string& complaint : complaints) fmt::print(stderr, "cede: {}\n", complaint);
  return complaints.empty();
}

const Expectations* find_expectations(const std::vector<Expectations>& all, const Adapter& adapter) {
  auto found = std::ranges::find(all, loop_of(adapter.name), &Expectations::loop);
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

std::string loop_names() {
  std::string names;
  std::string_view last;
  for (const KnownLoop& loop : known_loops()) {
    std::string_view name = loop.name.substr(0, loop.name.find('/'));
    if (name != last) names += fmt::format("{}{}", names.empty() ? "" : " ", name);
    last = name;
  }
  return names;
}

std::string Budget::text() const {
  if (steps > 0) return fmt::format("exhaustive:{}", steps);
  return seconds > 0 ? fmt::format("{}s", seconds) : fmt::format("{}cases", cases);
}

std::uint64_t floor_for(const Budget& budget, std::uint64_t played) { return budget.steps ? 1 : floor_for(played); }

void listen_to_interrupts() {
  struct sigaction action{};
  action.sa_sigaction = interrupt;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

void play_budget(Campaign& campaign, const RunOptions& options) {
  auto begin = std::chrono::steady_clock::now();
  const Budget& budget = options.budget;
  Progress progress(campaign.adapter().name);
  auto go_on = [&] {
    if (World::interrupted) return false;
    if (campaign.played() % 512 != 0 && options.pace != World::Pace::real) return true;
    progress.show(campaign.played(), budget.cases);
    Seconds spent = std::chrono::steady_clock::now() - begin;
    return budget.seconds == 0 || spent.count() < budget.seconds;
  };
  if (budget.steps) {
    campaign.play_programs(budget.steps, go_on);
  } else {
    campaign.play_examples();
    campaign.play_random(options.seed, budget.cases, go_on);
  }
}

bool parse_budget(const std::string& text, Budget& budget) {
  constexpr std::string_view exhaustive = "exhaustive:";
  if (text.starts_with(exhaustive)) {
    std::string steps = text.substr(exhaustive.size());
    if (steps.size() != 1 || steps[0] < '1' || steps[0] > '6') return false;
    budget.steps = static_cast<std::size_t>(steps[0] - '0');
    budget.cases = count_programs(budget.steps);
    return true;
  }
  std::size_t unit = 0;
  double amount = 0;
  try {
    amount = std::stod(text, &unit);
  } catch (const std::exception&) {
    return false;
  }
  if (!(amount > 0) || amount > 1e15) return false;
  if (text.substr(unit) == "cases" && amount >= 1) budget = {static_cast<std::uint64_t>(amount), 0, 0};
  else if (text.substr(unit) == "s") budget = {UINT32_MAX, amount, 0};
  else return false;
  return true;
}

bool matches(std::string_view glob, std::string_view text) {
  return fnmatch(std::string(glob).c_str(), std::string(text).c_str(), 0) == 0;
}

std::vector<const Clause*> matching_clauses(const std::vector<std::string>& globs) {
  std::vector<const Clause*> clauses;
  for (const Clause& clause : chapters().clauses)
    if (globs.empty() || std::ranges::any_of(globs, [&](auto& glob) { return matches(glob, clause.id); }))
      clauses.push_back(&clause);
  return clauses;
}

LoopReport report_on(const RunOptions& options, const Adapter& adapter, const Expectations* expectations) {
  auto clauses = matching_clauses(options.globs);
  LoopRun run(options, adapter, clauses, expectations);
  run.play();
  return run.report();
}

Exit run(const RunOptions& options) {
  auto clauses = matching_clauses(options.globs);
  for (const std::string& glob : options.globs)
    if (matching_clauses({glob}).empty()) return usage(fmt::format("no clause matches {}; see `cede spec list`", glob));

  for (const std::string& verb : options.without)
    if (!find_verb(verb)) return usage(fmt::format("there is no verb {}; spec/README.md lists them", verb));

  RunReport report;
  report.seed = options.seed;
  report.budget = options.budget.text();
  report.pace = options.pace;
  std::vector<const Adapter*> adapters;
  const std::vector<std::string> names = names_of(options.loops);
  if (auto error = find_loops(names, adapters, report.absent)) return usage(*error);
  if (options.list) {
    for (const std::string& loop : names)
      for (const Clause* clause : clauses) fmt::print("{} {}\n", loop, clause->id);
    return Exit::verified;
  }
  std::ofstream json_file;
  if (!options.json.empty() && options.json != "-") {
    json_file.open(options.json);
    if (!json_file) return usage(fmt::format("cannot write {}: {}", options.json, std::strerror(errno)));
  }
  if (!options.json.empty() && options.json == options.junit)
    return usage(fmt::format("--json and --junit cannot both be {}", options.json));
  if (!options.junit.empty() && !std::ofstream(options.junit))
    return usage(fmt::format("cannot write {}: {}", options.junit, std::strerror(errno)));

  std::vector<Expectations> expectations;
  if (!read_expected(options, adapters, expectations)) return Exit::stale;
  listen_to_interrupts();
  std::FILE* out = options.json == "-" ? stderr : stdout;
  fmt::print(out, "{}\n", plan(options, clauses.size()));
  std::vector<std::unique_ptr<LoopRun>> runs;
  for (const Adapter* adapter : adapters)
    runs.push_back(std::make_unique<LoopRun>(options, *adapter, clauses, find_expectations(expectations, *adapter)));
  run_tests(options, runs, clauses, out);

  for (const auto& run : runs)
    if (run->report().adapter) report.loops.push_back(run->report());  // GTEST_FILTER may leave one out
  for (const std::string& absent : report.absent) {
    fmt::print(stderr, "cede: absent: {}\n", absent);
    report.exits.push_back(Exit::adapter_failed);
  }
  if (World::interrupted) report.exits.push_back(Exit::interrupted);
  std::string json = to_json_lines(report);
  if (options.json == "-") fmt::print("{}", json);
  else if (json_file.is_open() && !(json_file << json).flush())
    return usage(fmt::format("cannot write {}", options.json));
  Exit exit = worst(exits(report));
  fmt::print(out, "exit {}: {}\n", static_cast<int>(exit), describe(exit));
  if (std::fflush(stdout) != 0) return usage(fmt::format("cannot write the output: {}", std::strerror(errno)));
  return exit;
}

}  // namespace cede
