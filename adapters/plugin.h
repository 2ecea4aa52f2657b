// Plug-ins in C: loops behind the table of functions in cede.h.
#pragma once

#include <string>

#include "adapters/adapter.h"

struct cede_table;

namespace cede {

/// What is wrong with the table, and what to do about it, in one line; empty if nothing is.
std::string complaint(const cede_table* table);

/// Fills in the adapter of a table that there is no complaint about. What the table leaves out is unsupported.
void adapt_plugin(const cede_table& table, Adapter& adapter);

}  // namespace cede
