// A trace on the wire: the JSON that adapters/drivers/README.md describes.
#pragma once

#include <string>

#include "adapters/json.h"
#include "spec/trace.h"

namespace cede {

/// Adds the trace to `json`. Steps go by their numbers in the scenario, of which it is a trace.
void append_json(std::string& json, const Trace& trace, const Scenario& scenario);

/// Reads the events of a trace; what is none of them is the reader's error, which names the event. Nothing is lost:
/// what was written by `append_json` is the same again.
void read_trace(JsonReader& json, const Scenario& scenario, Trace& trace);

}  // namespace cede
