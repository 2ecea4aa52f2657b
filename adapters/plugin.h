// Plug-ins in C: loops behind the table of functions in cede.h.
#pragma once

#include <string>
#include <string_view>

#include "adapters/adapter.h"

struct cede_table;

namespace cede {

/// With these words the process ends when a loop calls back what it does not owe: it was cancelled or removed, or has
/// been called already, or another loop was asked for it. What was to be called may be gone.
inline constexpr std::string_view not_owed = "the loop called back what it did not owe";

/// What is wrong with the table, and what to do about it, in one line; empty if nothing is.
std::string complaint(const cede_table* table);

/// Fills in the adapter of a table that there is no complaint about. What the table leaves out is unsupported.
void adapt_plugin(const cede_table& table, Adapter& adapter);

}  // namespace cede
