// What a loop is expected to do otherwise, and why: a file for each loop, such as adapters/expect/libuv.toml.
//
//     loop = "libuv"
//     version = ">=1.44, <1.45"
//
//     [[clause]]
//     id = ["TIMER-8", "LIVE-3"]
//     expect = "fail"
//     why = "a zero timer that is set in a turn, before its timers are looked at, runs in that turn"
//     link = "https://github.com/libuv/libuv/issues/4245"
//
// It is strict both ways: what is not expected fails the run, and what is expected in vain is stale.
//
// What loops of one language have in common is said once, in a file that begins with `language = "CPython"` and the
// language's versions. A loop's file names it, as `also = "shared/cpython.toml"`. Of that nothing is stale, and it is
// rare: what departs more often is not expected. Who has no file has this one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/adapter.h"

namespace cede {

struct Expectation {
  enum class Kind {
    fail,       // the loop departs from the clause
    undecided,  // it hardly ever comes where the clause says something
    variant,    // of what the clause permits, it does only this
    unsupported,  // it cannot do what the clause is about
  };

  std::vector<std::string> ids;
  Kind kind = Kind::fail;
  std::string variant;
  std::string why, link;
  std::vector<std::string> back_ends;  // for which it is said; for all if empty
  std::string versions;                // ... and versions
  bool seldom = false;                 // it may not be seen in a run
  int percent = 100;                   // of the scenarios that decide the clause, at most so many depart
  std::string language;  // of whose versions it speaks, if not of the loop's
  std::string file;
  int line = 0;

  std::string where() const { return file + ":" + std::to_string(line); }

  bool fails() const { return kind == Kind::fail; }
  /// The kind as in a file: `fail`, `undecided`, `unsupported` or `variant:NAME`.
  std::string spelling() const;
  /// Reads that; false if it is none.
  bool spelled(std::string_view text);
};

struct Expectations {
  std::string file;
  std::string loop;
  std::string versions;  // of the loop, for which the file was written: `>=1.44, <1.45`
  int versions_line = 0;
  std::vector<Expectation> all;  // the language's last

  /// What is said of the clause for this loop; null if nothing is.
  const Expectation* of(std::string_view clause, const LoopInfo& loop) const;
  /// Whether the file was written for the version that is here.
  bool concern(const LoopInfo& loop) const;
};

/// Reads the file. What is wrong with it, clauses that nobody knows and reasons that are missing among it,
/// is told in lines such as `file:3: ...`, each with what to do.
std::optional<Expectations> read_expectations(const std::string& file, std::vector<std::string>& complaints);

/// What is shipped for all loops of a language, such as `CPython 3.11.2`; nothing if there is none.
std::optional<Expectations> expectations_of_language(std::string_view language, std::vector<std::string>& complaints);

/// The file that is shipped for the loop, whichever its back end; it may not be there.
std::string expectations_file(std::string_view loop);

/// Whether the version is among these: comparisons with `<`, `<=`, `>`, `>=` or `=`, all of which have to hold.
/// Nothing if they cannot be read.
std::optional<bool> version_among(std::string_view version, std::string_view versions);

}  // namespace cede
