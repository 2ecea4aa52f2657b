// Loops of other languages, behind a driver: one scenario goes out, one trace comes back. The protocol is in
// adapters/drivers/README.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/adapter.h"
#include "adapters/driver.h"
#include "adapters/json.h"

namespace cede {

inline constexpr int wire_protocol = 1;

// The messages, as lines without their end.

std::string hello_message();
std::string run_message(std::string_view seq, const Scenario& scenario, World::Pace pace);
/// What a loop tells of itself, as the answer to `hello`.
std::string hello_answer(const LoopInfo& loop);
/// What is told of a loop by such an answer; what is wrong with it is the reader's error. Its name is left alone.
void read_hello(JsonReader& json, LoopInfo& loop);

/// The answer to `run`.
struct RunAnswer {
  enum class Kind { nothing, trace, unsupported, errored };
  Kind kind = Kind::nothing;
  std::string seq;
  std::string words;  // how the driver failed
};
/// Of what is unsupported the trace has the reason.
RunAnswer read_run_answer(JsonReader& json, const Scenario& scenario, Trace& trace);

/// That a driver has answered with an error of its own, the last line of which says what it is.
DriverFailure gave_up(std::string_view words, const std::string& said);

/// A loop behind the driver that this command begins; null when there is none, and `why` then says so. One that is
/// there and answers wrongly throws DriverFailure (driver.h), here and whenever it plays.
const Adapter* open_driver(const std::string& name, const std::vector<std::string>& command, std::string& why);

/// How many drivers this process has begun again, because somebody had killed them.
std::uint64_t drivers_restarted();
/// What those that it has have computed by now.
double drivers_seconds();
/// The last that these have written to standard error by now.
std::string drivers_said();
/// How many descriptors these hold open.
std::size_t drivers_descriptors();
/// Ends the drivers that this process has begun. Throws DriverFailure if one has more to say.
void end_drivers();

}  // namespace cede
