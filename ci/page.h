// What the page of a report is made of, and the schema of the lines that it is made from: files of this folder that
// are built into the command.
#pragma once

#include <string_view>

namespace cede {

std::string_view page_html();
std::string_view page_css();
std::string_view page_js();
std::string_view report_schema_text();

}  // namespace cede
