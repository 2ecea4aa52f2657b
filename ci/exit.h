// How the command ends; the codes are part of its interface.
#pragma once

#include <string_view>
#include <vector>

namespace cede {

enum class Exit : int {
  verified = 0,         // no failure, all floors met
  departs = 1,          // a loop violates a clause
  usage = 2,            // a bad option, a name or file that is not there
  stale = 3,            // an expectation that no longer holds
  not_verified = 4,     // nothing, or too little, was verified
  inconclusive = 5,     // the budget ended before a verdict
  adapter_failed = 6,   // the loop could not be started or ended
  internal = 7,         // the suite's own fault
  unstable = 8,         // the same scenario, different answers
  interrupted = 130,    // by Ctrl-C; the report so far is valid
};

/// In a few words.
std::string_view describe(Exit exit);

/// Says on one line what is wrong, and gives what the shell gets for it.
Exit complain(Exit exit, std::string_view message);
/// The same of what was asked for on the command line.
inline Exit usage(std::string_view message) { return complain(Exit::usage, message); }

/// Of several at once the first in the order 130, 7, 6, 1, 8, 3, 4, 5.
Exit worst(const std::vector<Exit>& exits);

}  // namespace cede
