# Writes files as C++ string literals, so that the command carries them: `page.css` becomes page_css(). The schema of
# the wire lies with the drivers.
set(code "#include \"ci/page.h\"\n\nnamespace cede {\n")
foreach(path IN ITEMS page.html page.css page.js report.schema.json ../adapters/drivers/wire.schema.json)
  get_filename_component(file ${path} NAME)
  string(REGEX REPLACE "\\.json$" ".text" name ${file})
  string(MAKE_C_IDENTIFIER ${name} name)
  file(READ ${DIRECTORY}/${path} text)
  string(APPEND code "\nstd::string_view ${name}() { return R\"~~~(${text})~~~\"; }\n")
endforeach()
string(APPEND code "\n}  // namespace cede\n")
file(WRITE ${OUT} "${code}")
