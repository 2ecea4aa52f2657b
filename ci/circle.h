// Who waits for whom in a trace, by names; where that goes round, CPython differs from itself, too.
#pragma once

#include <cstddef>

#include "spec/trace.h"

namespace cede {

/// Whether scripts and objects of this trace, before that event, wait for each other in a circle, or one for itself,
/// be it through calls and combinators. What is meant by a name is not looked into: there may be none in truth.
bool has_circle(const Trace& trace, std::size_t end);

}  // namespace cede
