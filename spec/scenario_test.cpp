// The scenario language as text: what is read, what is printed, what is refused and in which words.
#include "spec/scenario.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace cede {
namespace {

/// A step with something at every place that the verb has.
Step step_of(const VerbRow& row) {
  Step step;
  step.who = Name("a");
  step.verb = row.verb;
  for (Arg arg : row.args) switch (arg) {
      case Arg::nothing: break;
      case Arg::script:
      case Arg::object:
      case Arg::more:
      case Arg::thing:
      case Arg::handle:
      case Arg::word: *step.next_name() = Name(!step.name ? "f_2" : !step.script ? "b" : "c"); break;
      case Arg::duration: step.time = 1500 * microsecond; break;
      case Arg::number:
      case Arg::integer: step.value = Value::of(std::int64_t{3}); break;
      case Arg::value: step.value = Value::of(std::int64_t{-7}); break;
      case Arg::error: step.value = Value::of(ErrorKind::key); break;
    }
  return step;
}

/// The error as it is printed; empty if the text is a scenario.
std::string error_in(std::string_view text) {
  Parsed parsed = parse_scenario(text);
  return parsed.error ? to_string(*parsed.error) : "";
}

std::string printed(std::string_view text) { return to_string(parse_scenario(text).scenario); }

TEST(Scenario, every_verb_parses_from_its_printed_form) {
  for (const VerbRow& row : verbs()) {
    Step step = step_of(row);
    EXPECT_EQ(to_string(step).substr(0, 3 + row.spelling.size()), "a: " + std::string(row.spelling));
    Parsed parsed = parse_scenario(to_string(step));
    ASSERT_FALSE(parsed.error) << to_string(step) << ": " << to_string(*parsed.error);
    ASSERT_EQ(parsed.scenario.steps.size(), 1u) << to_string(step);
    EXPECT_EQ(parsed.scenario.steps[0], step) << to_string(step);
  }
}

TEST(Scenario, every_verb_that_takes_a_value_can_go_without) {
  int without = 0;
  for (const VerbRow& row : verbs()) {
    if (std::ranges::find(row.args, Arg::value) == row.args.end()) continue;
    Step step = step_of(row);
    step.value = {};
    Parsed parsed = parse_scenario(to_string(step));
    ASSERT_FALSE(parsed.error) << to_string(step) << ": " << to_string(*parsed.error);
    EXPECT_EQ(parsed.scenario.steps[0], step);
    ++without;
  }
  EXPECT_GT(without, 0);
}

TEST(Scenario, every_error_class_has_a_spelling_that_is_read) {
  for (auto kind : {ErrorKind::cancelled, ErrorKind::invalid_state, ErrorKind::runtime, ErrorKind::timeout,
                    ErrorKind::key, ErrorKind::value, ErrorKind::full, ErrorKind::empty, ErrorKind::generic,
                    ErrorKind::exit, ErrorKind::generator_exit, ErrorKind::stop_iteration}) {
    Parsed parsed = parse_scenario("a: raise " + std::string(spelling(kind)));
    ASSERT_FALSE(parsed.error) << to_string(*parsed.error);
    EXPECT_EQ(parsed.scenario.steps[0].value, Value::of(kind));
  }
}

TEST(Scenario, comments_and_blank_lines_and_blanks_around_words_are_skipped) {
  EXPECT_EQ(printed("# a scenario\n\n  \t\nmain:call_soon   a # the first\n\tmain :  call_later\t10ms b\n"),
            "main: call_soon a\nmain: call_later 10ms b\n");
  EXPECT_EQ(printed(""), "");
  EXPECT_EQ(printed("\n\n#\n"), "");
}

TEST(Scenario, lines_may_end_as_on_windows_and_the_last_may_not_end_at_all) {
  EXPECT_EQ(printed("main: call_soon a\r\n\r\nmain: run\r\nmain: set_result f\r\nmain: stop"),
            "main: call_soon a\nmain: run\nmain: set_result f\nmain: stop\n");
}

TEST(Scenario, a_duration_is_printed_in_the_largest_unit_that_is_exact) {
  const std::pair<const char*, const char*> written_printed[] = {
      {"0s", "0ms"},           {"-0ns", "0ms"},       {"10ms", "10ms"},   {"1500us", "1500us"},
      {"2000ms", "2s"},        {"-5ms", "-5ms"},      {"1ns", "1ns"},     {"1000000us", "1s"},
      {"forever", "forever"},  {"007ms", "7ms"},      {"3600s", "3600s"}, {"-1000ns", "-1us"},
      {"-9223372036854775808ns", "-9223372036854775808ns"}};
  for (auto [written, expected] : written_printed)
    EXPECT_EQ(printed(std::string("a: busy ") + written), std::string("a: busy ") + expected + "\n");
}

TEST(Scenario, what_is_no_duration_is_refused) {
  for (const char* text : {"10", "ms", "-ms", "10 ms", "1.5ms", "+5ms", "--5ms", "5min", "5MS", "ever", "",
                           "10000000000s", "9223372036854775807ns", "99999999999999999999ns"})
    EXPECT_NE(error_in(std::string("a: busy ") + text), "") << text;
}

TEST(Scenario, an_error_says_line_and_column_and_what_was_expected) {
  struct Case {
    const char* text;
    const char* error;
  };
  const Case cases[] = {
      {"1: log a", "line 1, column 1: expected who acts, such as `main:` or `a:`"},
      {": log a", "line 1, column 1: expected who acts, such as `main:` or `a:`"},
      {"  call_soon", "line 1, column 12: expected a colon after the name"},
      {"main call_soon a", "line 1, column 6: expected a colon after the name"},
      {"main:", "line 1, column 6: expected a verb such as call_soon"},
      {"main: jump a", "line 1, column 7: expected a verb such as call_soon"},
      {"main: CALL_SOON a", "line 1, column 7: expected a verb such as call_soon"},
      {"main: run now", "line 1, column 11: expected nothing more on this line"},
      {"main: call_soon a b", "line 1, column 19: expected nothing more on this line"},
      {"a: busy 10", "line 1, column 9: expected a duration such as 10ms, -5ms, 1500us, 2s or forever"},
      {"a: call_at a", "line 1, column 12: expected a duration such as 10ms, -5ms, 1500us, 2s or forever"},
      {"main: limit -1", "line 1, column 13: expected a number such as 3"},
      {"main: limit", "line 1, column 12: expected a number such as 3"},
      {"t: repeat 99999999999999999999 p", "line 1, column 11: expected a number such as 3"},
      {"a: set_result f 1.5", "line 1, column 17: expected a number, a name or the end of the line"},
      {"a: set_exception f boom", "line 1, column 20: expected an error: cancelled, invalid_state, runtime, "
                                  "timeout, key, value, generic or exit"},
      {"a: set_exception f", "line 1, column 19: expected an error: cancelled, invalid_state, runtime, "
                             "timeout, key, value, generic or exit"},
  };
  for (const Case& c : cases) EXPECT_EQ(error_in(c.text), c.error) << c.text;
}

TEST(Scenario, an_error_in_a_name_says_what_the_name_is_of) {
  const std::string form = ": a letter, then at most 14 letters, digits or underscores";
  EXPECT_EQ(error_in("main: call_soon"), "line 1, column 16: expected the name of a script" + form);
  EXPECT_EQ(error_in("main: call_later 1ms 7"), "line 1, column 22: expected the name of a script" + form);
  EXPECT_EQ(error_in("main: cancel _a"), "line 1, column 14: expected the name of a handle" + form);
  EXPECT_EQ(error_in("main: done a-b"),
            "line 1, column 12: expected the name of a future, task or coroutine" + form);
  EXPECT_EQ(error_in("main: log \xc3\xa4"), "line 1, column 11: expected a word" + form);
  EXPECT_EQ(error_in("main: add_done_callback f 2"), "line 1, column 27: expected the name of a script" + form);
}

TEST(Scenario, the_line_of_an_error_counts_comments_and_blank_lines) {
  EXPECT_EQ(error_in("# one\n\nmain: run\r\n\tmain: fly\nmain: walk"),
            "line 4, column 8: expected a verb such as call_soon");
}

TEST(Scenario, a_name_has_at_most_15_letters) {
  EXPECT_EQ(error_in("main: log a23456789012345"), "");
  EXPECT_NE(error_in("main: log a234567890123456"), "");
  EXPECT_NE(error_in("a234567890123456: log a"), "");
  EXPECT_NE(error_in(std::string("main: log a\0b", 13)), "");
}

TEST(Scenario, the_lenient_reader_drops_what_is_no_step_and_keeps_the_rest) {
  EXPECT_EQ(to_string(parse_leniently("main: call_soon a\nmain: fly\n\x80\xff\n# a: log b\na: busy 1\na: log b # c")),
            "main: call_soon a\na: log b\n");
  EXPECT_EQ(to_string(parse_leniently("")), "");
}

TEST(Scenario, whatever_the_bytes_are_they_are_read_or_refused_at_a_place_in_the_text) {
  std::mt19937 random(20261122);
  auto below = [&](std::size_t n) { return random() % n; };
  constexpr std::string_view pieces[] = {"main", ":", " ",  "\n",  "\r",    "\t", "#",   "a", "t", "forever", "ms", "-",
                                         "9",    "s", "_",  "f ",  "main: ", "5ms", " 7", "key", "\xff", "::"};
  int with_steps = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string text;
    if (i % 4 == 0) {
      for (std::size_t length = below(40); length > 0; --length) text += static_cast<char>(below(256));
    } else if (i % 4 == 1) {
      for (std::size_t length = below(40); length > 0; --length) text += pieces[below(std::size(pieces))];
    } else {  // a scenario with a few bytes changed
      for (std::size_t length = below(4); length > 0; --length)
        text += to_string(step_of(verbs()[below(verbs_count)])) + "\n";
      for (std::size_t edits = below(4); edits > 0 && !text.empty(); --edits)
        text.replace(below(text.size()), below(3), pieces[below(std::size(pieces))]);
    }
    Parsed parsed = parse_scenario(text);
    Scenario lenient = parse_leniently(text);
    with_steps += !lenient.steps.empty();
    if (parsed.error) {
      auto lines = 1 + std::ranges::count(text, '\n');
      ASSERT_GE(parsed.error->line, 1) << text;
      ASSERT_LE(parsed.error->line, lines) << text;
      ASSERT_GE(parsed.error->column, 1) << text;
      ASSERT_LE(parsed.error->column, static_cast<int>(text.size()) + 1) << text;
      ASSERT_FALSE(parsed.error->expected.empty()) << text;
    } else {
      ASSERT_EQ(parsed.scenario, lenient) << text;
    }
    ASSERT_EQ(parse_scenario(to_string(lenient)).scenario, lenient) << text;
  }
  EXPECT_GT(with_steps, 10'000) << "the texts have to be near the language";
}

}  // namespace
}  // namespace cede
