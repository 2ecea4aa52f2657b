// `cede serve`: this command as a driver (adapters/drivers/README.md), for any loop that it knows. What goes over the
// wire can so be held against what is played in the process.
#pragma once

#include <string>

#include "ci/exit.h"

namespace cede {

/// Answers on standard output what is asked on standard input, until that ends.
Exit serve(const std::string& loop);

}  // namespace cede
