// Receiving as an awaitable: the pattern by which anybody builds an operation of their own out of a
// future and the readiness of a descriptor.
#pragma once

#include <cstddef>
#include <span>

#include "reference/task.h"

namespace cede::reference {

/// Reads what is there, at most as much as there is room for; 0 at the end of the stream (IO-12).
/// With data at hand it does not suspend; else it waits for the descriptor, which has to be
/// non-blocking, and has its one reader meanwhile. A cancellation withdraws the interest and loses
/// no data, since nothing is read before the task goes on. Raises RuntimeError for a descriptor
/// that is broken or cannot be polled.
Coroutine<std::size_t> receive(AbstractLoop& loop, int descriptor, std::span<std::byte> into);

}  // namespace cede::reference
