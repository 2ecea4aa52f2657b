// The command `cede`: reads the options and hands them on.
#include <unistd.h>

#include <charconv>
#include <exception>
#include <random>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "adapters/adapters.h"
#include "ci/adapter.h"
#include "ci/bench.h"
#include "ci/child.h"
#include "ci/coverage.h"
#include "ci/diff.h"
#include "ci/expect.h"
#include "ci/merge.h"
#include "ci/mutate.h"
#include "ci/render.h"
#include "ci/replay.h"
#include "ci/run.h"
#include "ci/serve.h"
#include "ci/spec.h"
#include "ci/text.h"
#include "ci/version.h"

namespace cede {
namespace {

constexpr auto examples = R"(examples:
  cede run --loop libuv            judge a loop, every clause
  cede replay --loop libuv FILE    one scenario, with its trace)";

/// A seed that nobody chose.
std::uint64_t random_seed() { return std::random_device{}(); }

/// Words under a heading, in lines that fit a screen.
std::string lines_of(std::string_view heading, std::string_view words) {
  constexpr std::size_t width = 118;
  std::string text(heading);
  for (std::size_t line = 0; !words.empty();) {
    const std::string_view word = words.substr(0, words.find(' '));
    words.remove_prefix(std::min(words.size(), word.size() + 1));
    const bool fits = text.size() + 1 + word.size() <= line + width;
    if (!fits) line = text.size() + 1;
    text += fmt::format("{}{}", fits ? " " : "\n  ", word);
  }
  return text + "\n";
}

/// CLI11 would count down from 2^64 for negative numbers.
std::function<std::string(const std::string&)> at_least(std::uint64_t least) {
  return [least](const std::string& text) -> std::string {
    std::uint64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size() && number >= least) return {};
    return fmt::format("expected a whole number from {} on, not {}", least, text);
  };
}

/// Whether a loop of this name could be.
std::string loop_name(const std::string& name) {
  try {
    if (!is_driven(name) || !driver_command(name).empty()) return {};
    return "there is no command in " + name;
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

struct Line {
  CLI::App app{"Judges event loops against a spec of executable clauses.", "cede"};
  std::function<Exit()> act;

  Line() {
    app.footer(examples);
    app.set_version_flag("--version", fmt::format("cede {}", version));
    app.require_subcommand(1);
    run_line();
    replay_line();
    matrix_line();
    report_line();
    diff_line();
    expect_line();
    spec_line();
    mutate_line();
    fuzz_line();
    bench_line();
    adapter_line();
    serve_line();
  }

  void pace_option(CLI::App& command, World::Pace& pace) {
    const std::map<std::string, World::Pace> paces{
        {"virtual", World::Pace::frozen}, {"creeping", World::Pace::creeping}, {"real", World::Pace::real}};
    command.add_option("--clock", pace, "virtual (jumps over waits), creeping (reading it takes time) or real")
        ->transform(CLI::CheckedTransformer(paces).description(""))
        ->option_text("PACE");
  }

  /// Children find it in their environment.
  CLI::Option* python_option(CLI::App& command) {
    return command.add_option_function<std::string>("--python", [](const std::string& interpreter) {
      setenv("CEDE_PYTHON", interpreter.c_str(), 1);
    }, "plays the loops of Python")->option_text("INTERPRETER");
  }

  void choices_option(CLI::App& command, bool& random) {
    const std::map<std::string, bool> choices{{"first", false}, {"random", true}};
    command.add_option("--choices", random, "which equal deadlines or ready descriptors go first, if a loop asks")
        ->transform(CLI::CheckedTransformer(choices).description(""))
        ->option_text("first|random");
  }

  void budget_option(CLI::App& command) {
    command.add_option_function<std::string>("--budget", [this](const std::string& text) {
      if (!parse_budget(text, options.terms.budget))
        throw CLI::ValidationError("--budget", "expected 20000cases, 30s or exhaustive:4, not " + text);
    }, "how much to play on each loop: 20000cases, 30s or exhaustive:4")->option_text("N");
    command.add_option("--seed", options.terms.seed, "where the random scenarios begin")
        ->option_text("N")->check(at_least(0));
  }

  void expect_options(CLI::App& command) {
    command.add_option("--expect", options.expect, "expected departures, instead of those shipped; repeatable")
        ->option_text("FILE")->allow_extra_args(false)->check(CLI::ExistingFile);
    command.add_flag("--no-expect", options.no_expect, "expect nothing: show every departure");
  }

  /// The help of a run fits a screen; its last lines name those that are not in the list.
  void outlet_options(CLI::App& command) {
    command.add_option("--json", options.files.json, "write the report as JSON lines; - for standard output")
        ->option_text("FILE");
    command.add_flag(fmt::format("--md{{{}}}", step_summary), options.files.md)->group("");
    for (CLI::Option* option : rendering_options(command)) option->group("");
  }

  std::vector<CLI::Option*> rendering_options(CLI::App& command) {
    OutletFiles& files = options.files;
    return {command.add_option("--junit", files.junit, "write it as JUnit XML")->option_text("FILE"),
            command.add_option("--html", files.html, "write it as one page")->option_text("FILE"),
            command.add_option("--badge", files.badge, "write what came of it as an SVG")->option_text("FILE")};
  }

  void search_options(CLI::App& command) {
    command.footer(lines_of("loops:", loop_names()) +
                   "also: --python INTERPRETER, --choices random, --without VERB, --junit, --md, --html, --badge FILE\n"
                   "examples: cede run --loop libuv    cede run 'TIMER-*' --budget 30s");
    command.add_option("clauses", options.terms.globs, "ids of clauses, * and ? are wild; all if none is given")
        ->option_text("CLAUSE-GLOB...");
    command.add_option("--loop", options.loops, "all, python, or of those below; or exec:DRIVER; repeatable")
        ->option_text("LOOP|FILE.so")->allow_extra_args(false)->check(loop_name);
    python_option(command)->group("");
    budget_option(command);
    pace_option(command, options.terms.pace);
    command.add_option("--without", options.terms.without, "verbs that random scenarios do not say; repeatable")
        ->option_text("VERB")->allow_extra_args(false)->group("");
    choices_option(command, options.terms.random_choices);
    command.get_option("--choices")->group("");
    expect_options(command);
    command.add_option("-j,--jobs", options.jobs, "so many processes at a time; else as many as there are cores")
        ->option_text("N")->check(CLI::Range(1, 1024));
    command.add_option("--patience", options.patience, "a scenario that takes longer hangs; else 10, 600 in real time")
        ->option_text("SECONDS")->check(CLI::Range(0.1, 3600.0));
    outlet_options(command);
  }

  void run_line() {
    auto& command = *app.add_subcommand("run", "judge loops: the same scenarios every time");
    search_options(command);
    command.add_option_function<std::string>("--shard", [this](const std::string& text) {
      if (!parse_shard(text, options.shard.emplace()))
        throw CLI::ValidationError("--shard", "expected such as 2/3, of 16 at most, not " + text);
    }, "this part of the run; `cede report merge` puts the parts together")->option_text("I/N");
    command.add_flag("--list", options.list, "only list what would be judged")->group("");
    command.callback([this, &command] {
      if (options.loops.empty()) options.loops = {"reference"};
      if (command.count("--seed") == 0) options.terms.seed = run_seed;
      act = [this] { return run(options); };
    });
  }

  void fuzz_line() {
    auto& command = *app.add_subcommand("fuzz", "judge loops on ever new scenarios, until Ctrl-C or the budget ends");
    search_options(command);
    command.callback([this, &command] {
      if (options.loops.empty()) options.loops = {"reference"};
      if (command.count("--seed") == 0) options.terms.seed = random_seed();
      if (command.count("--budget") == 0) options.terms.budget = Budget{UINT32_MAX, 0, 0};
      act = [this] { return run(options); };
    });
  }

  void replay_line() {
    auto& command = *app.add_subcommand("replay", "play one scenario and show its trace");
    command.add_option("file", replayed.file, "a scenario; - for standard input")->required()->option_text("FILE|-");
    command.add_option("--loop", replayed.loop, "on which loop")->option_text("LOOP|FILE.so")->check(loop_name);
    python_option(command);
    pace_option(command, replayed.pace);
    choices_option(command, replayed.random_choices);
    command.callback([this] { act = [this] { return replay(replayed); }; });
  }

  void matrix_line() {
    auto& command = *app.add_subcommand("matrix", "one table of many loops, clause by clause");
    command.footer("examples: cede matrix libuv glib    cede matrix --format html old.jsonl new.jsonl");
    command.add_option("of", drawn.of, "names of loops, all, and reports: FILE.jsonl")
        ->required()->option_text("LOOP|FILE...");
    command.add_option("--format", drawn.format, "text, md, html or json")->option_text("FORMAT")
        ->check(CLI::IsMember({"text", "md", "html", "json"}));
    command.add_flag("--all", drawn.all, "also clauses that every loop verifies");
    command.add_option("--clause", options.terms.globs, "only these, * and ? are wild; repeatable")
        ->option_text("GLOB")->allow_extra_args(false);
    python_option(command);
    budget_option(command);
    pace_option(command, options.terms.pace);
    command.add_flag("--no-expect", options.no_expect, "expect nothing: every departure is news");
    command.callback([this, &command] {
      if (command.count("--seed") == 0) options.terms.seed = run_seed;
      act = [this] {
        drawn.run = options;
        return matrix(drawn);
      };
    });
  }

  void report_line() {
    auto& command = *app.add_subcommand("report", "stored reports: render, merge, check, schema");
    command.require_subcommand(1);
    command.footer("examples: cede report render run.jsonl --html page.html    cede report check run.jsonl");
    render_line(command);
    merge_line(command);
    auto& check = *command.add_subcommand("check", "is each a whole report?");
    check.add_option("files", files, "reports; - for standard input")->required()->option_text("FILE.jsonl...");
    check.callback([this] { act = [this] { return report_check(files); }; });
    command.add_subcommand("schema", "print the JSON Schema of a line")->callback([this] { act = report_schema; });
  }

  void render_line(CLI::App& report) {
    auto& command = *report.add_subcommand("render", "make other forms of reports, their loops side by side");
    command.footer("examples: cede report render run.jsonl --html page.html --badge cede.svg");
    command.add_option("files", files, "reports; - for standard input")->required()->option_text("FILE.jsonl...");
    command.add_option("--md", options.files.md, "write it as Markdown; - for standard output")->option_text("FILE");
    rendering_options(command);
    command.callback([this] { act = [this] { return report_render(files, options.files); }; });
  }

  void diff_line() {
    auto& command = *app.add_subcommand("diff", "what has changed between two reports, and is anything worse?");
    command.footer("examples: cede diff yesterday.jsonl today.jsonl");
    command.add_option("before", file, "a report")->required()->option_text("A.jsonl");
    command.add_option("after", folder, "a later one")->required()->option_text("B.jsonl");
    command.add_flag("--json", as_json, "as JSON lines");
    command.callback([this] { act = [this] { return diff(file, folder, as_json); }; });
  }

  void expect_line() {
    auto& command = *app.add_subcommand("expect", "files of expected departures: init, check, update, prune");
    command.require_subcommand(1);
    auto act_on_file = [&](const char* name, const char* help, Exit (*edit)(const std::string&, const RunOptions&)) {
      auto& line = *command.add_subcommand(name, help);
      line.add_option("file", file, "such as adapters/expect/libuv.toml")->required()->check(CLI::ExistingFile)
          ->option_text("FILE");
      budget_option(line);
      line.callback([this, edit] { act = [this, edit] { return edit(file, options); }; });
    };
    options.terms.seed = run_seed;
    auto& init = *command.add_subcommand("init", "print a file with what a run finds on a loop");
    init.add_option("loop", file, "which loop")->required()->option_text("LOOP|FILE.so")->check(loop_name);
    python_option(init);
    budget_option(init);
    init.callback([this] { act = [this] { return expect_init(file, options); }; });
    auto& check = *command.add_subcommand("check", "is each file well formed, with reasons and links?");
    check.add_option("files", options.expect, "those that are shipped if none is given")->check(CLI::ExistingFile)
        ->option_text("FILE...");
    check.callback([this] { act = [this] { return expect_check(options.expect); }; });
    act_on_file("update", "add what a run finds and the file does not expect", expect_update);
    act_on_file("prune", "take out what is expected in vain", expect_prune);
  }

  void merge_line(CLI::App& report) {
    auto& line = *report.add_subcommand("merge", "put together the parts of a run that machines have shared");
    line.footer("the report goes also to --junit, --md (or --md=FILE), --html and --badge FILE");
    line.add_option("files", files, "the report of each shard")->required()->option_text("FILE.jsonl...");
    expect_options(line);
    outlet_options(line);
    line.callback([this] { act = [this] { return merge(files, options); }; });
  }

  void spec_line() {
    auto& command = *app.add_subcommand("spec", "the clauses: list, show, coverage, check");
    command.require_subcommand(1);
    auto& list = *command.add_subcommand("list", "one clause a line");
    list.add_option("clauses", options.terms.globs, "ids of clauses, * and ? are wild")->option_text("CLAUSE-GLOB...");
    list.callback([this] { act = [this] { return spec_list(options.terms.globs); }; });
    auto& show = *command.add_subcommand("show", "a clause with its examples");
    show.add_option("id", id, "such as PASS-2")->required()->option_text("ID");
    show.callback([this] { act = [this] { return spec_show(id); }; });
    auto& coverage = *command.add_subcommand("coverage", "is each clause and each statement of the documents decided?");
    budget_option(coverage);
    coverage.callback([this, &coverage] {
      if (coverage.count("--seed") == 0) options.terms.seed = run_seed;
      act = [this] { return spec_coverage(options); };
    });
    auto& check = *command.add_subcommand("check", "do chapters, judges, faults and the reference fit together?");
    check.add_option("folder", folder, "of the chapters; those built in if none is given")->option_text("FOLDER");
    check.add_flag("--rewrite", rewrite, "first write the reference's traces into the chapters, for review as a diff");
    check.callback([this] { act = [this] { return spec_check(folder, rewrite); }; });
  }

  void mutate_line() {
    auto& command = *app.add_subcommand("mutate", "judge the faulty loops: does each clause convict its fault?");
    command.add_option("faults", mutated.globs, "names of faults or ids of clauses, * and ? are wild")
        ->option_text("GLOB...");
    command.add_option("--cases", mutated.cases, "at most so many scenarios a fault")
        ->option_text("N")->check(at_least(1));
    mutated.seed = run_seed;
    command.add_option("--seed", mutated.seed, "where the random scenarios begin")
        ->option_text("N")->check(at_least(0));
    command.add_option("--seeds", mutated.seeds, "so many seeds, one after the other")
        ->option_text("N")->check(at_least(1));
    command.add_option("-j,--jobs", mutated.jobs, "so many faults at a time, each in a process of its own")
        ->check(CLI::Range(1, 1024));
    command.add_option("--json", mutated.json, "write the table as JSON lines; - for standard output")
        ->option_text("FILE");
    command.add_flag("--list", mutated.list, "only list the faults");
    command.callback([this] { act = [this] { return mutate(mutated); }; });
  }

  void bench_line() {
    auto& command = *app.add_subcommand("bench", "how fast it is, as ratios measured side by side");
    command.add_option("filter", filter, "only benchmarks that match this expression")->option_text("REGEX");
    python_option(command);
    command.callback([this] { act = [this] { return bench(filter); }; });
  }

  void adapter_line() {
    auto& command = *app.add_subcommand("adapter", "plug in a loop of your own: new, check, info, list, schema");
    command.require_subcommand(1);
    auto& make = *command.add_subcommand("new", "write a folder with a loop and its adapter, which pass the check");
    make.add_option("name", file, "of the loop and the folder")->required()->option_text("NAME");
    make.add_option("--lang", language, "c or cpp")->check(CLI::IsMember({"c", "cpp"}))->option_text("c|cpp");
    make.callback([this] { act = [this] { return adapter_new(file, language); }; });
    auto& check = *command.add_subcommand("check", "what is wrong with an adapter, and what to change?");
    check.add_option("loop", file, "a loop, or the file of its module")
        ->required()->option_text("LOOP|FILE.so")->check(loop_name);
    python_option(check);
    check.add_option("--source", folder, "the adapter's source, to count its lines")->option_text("FILE");
    check.callback([this] { act = [this] { return adapter_check(file, folder); }; });
    auto& info = *command.add_subcommand("info", "what an adapter tells: version, mapping, unsupported verbs");
    info.add_option("loop", file, "a loop, or the file of its module")
        ->required()->option_text("LOOP|FILE.so")->check(loop_name);
    python_option(info);
    info.callback([this] { act = [this] { return adapter_info(file); }; });
    auto& list = *command.add_subcommand("list", "loops that have a name: version, or what to do where one is absent");
    python_option(list);
    list.callback([this] { act = adapter_list; });
    command.add_subcommand("schema", "print the JSON Schema of what drivers of other languages read and write")
        ->callback([this] { act = adapter_schema; });
  }

  void serve_line() {
    auto& command = *app.add_subcommand("serve", "play scenarios from standard input, as drivers of loops do");
    command.add_option("--loop", file, "on which loop")->required()->option_text("LOOP|FILE.so")->check(loop_name);
    python_option(command);
    command.callback([this] { act = [this] { return serve(file); }; });
  }

  RunOptions options;
  ReplayOptions replayed;
  MutateOptions mutated;
  MatrixOptions drawn;
  std::vector<std::string> files;
  std::string id, folder, file, filter, language = "cpp";
  bool rewrite = false, as_json = false;
};

Exit main(int argc, char** argv) {
  set_called_as(argv[0]);
  Child::adopt_strays();
  Line line;
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    line.app.exit(asked);
    return Exit::verified;
  } catch (const CLI::ParseError& error) {
    auto left = line.app.remaining();
    bool unknown = line.app.get_subcommands().empty() && !left.empty();
    fmt::print(stderr, "cede: {} (see `cede --help`)\n",
               unknown ? fmt::format("{} is none of its subcommands or options", left[0]) : error.what());
    return Exit::usage;
  }
  return line.act();
}

}  // namespace
}  // namespace cede

int main(int argc, char** argv) {
  try {
    return static_cast<int>(cede::main(argc, argv));
  } catch (const std::exception& error) {
    fmt::print(stderr, "cede: internal error, please report it: {}\n", error.what());
    return static_cast<int>(cede::Exit::internal);
  }
}
