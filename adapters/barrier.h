// The other threads of a process that knows nothing of us: time may not go on while one of them does
// something, since it may be about to wake the loop. The kernel says which of them rest.
#pragma once

namespace cede {

/// Comes back when all threads but the calling one wait in the kernel for something to happen. One that
/// does not for some real seconds is named on standard error, and from then on not waited for.
void await_other_threads();

/// Whether they all do at this moment.
bool other_threads_rest();

/// In a child that was forked: it has none.
void forget_other_threads();

}  // namespace cede
