// What the page of a report is made of, and the schemas of the lines that it is made from and of the wire: files that
// are built into the command.
#pragma once

#include <string_view>

namespace cede {

std::string_view page_html();
std::string_view page_css();
std::string_view page_js();
std::string_view report_schema_text();
std::string_view wire_schema_text();

}  // namespace cede
