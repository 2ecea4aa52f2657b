// What virtual time needs beside virtual_time.h where it is preloaded: in a process that knows nothing
// of us, with threads that hold no baton and a loop that may live as long as the process does.
#pragma once

#include "adapters/world.h"

namespace cede {

/// The next wait of this thread has this limit, which its loop can say in coarser units only.
void limit_next_wait(Nanos limit);

/// By how much the clocks of this thread are ahead of its world's, or outside of worlds of the real ones.
/// So a loop that outlives a scenario never sees them go back.
Nanos clocks_ahead();
void set_clocks_ahead(Nanos ahead);

/// Called in a world each time before a loop looks for events; null for nothing. Here other
/// threads that are about to wake the loop are waited for.
extern void (*before_looking)();

/// Stands in for futexes with a deadline where a language calls them by number; null for the kernel.
extern long (*futex_with_deadline)(const long* arguments);

}  // namespace cede
