// The page of a report: as text, to a validator, and in a browser, where these are installed.
#include "ci/html.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "ci/page.h"
#include "ci/sample_test.h"
#include "ci/shell_test.h"

namespace cede {
namespace {

/// What libuv is really like, as lines and as a page; empty where libuv is absent.
struct Libuv {
  std::string lines, page;
};
const Libuv& libuv() {
  static const Libuv libuv = [] {
    Folder folder;
    std::string lines = (folder / "lines").string(), page = (folder / "page").string();
    cede("run --loop libuv --no-expect --budget 20000cases --json " + lines + " --html " + page);
    return Libuv{contents(lines), contents(page)};
  }();
  return libuv;
}

TEST(Page, asks_nobody_for_anything_and_takes_no_ones_words_for_markup) {
  std::string page = to_html({strange_report()});
  EXPECT_TRUE(contains(page, "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';"));
  EXPECT_FALSE(contains(page, "<script>alert"));
  EXPECT_FALSE(contains(page, "javascript:"));
  EXPECT_FALSE(std::regex_search(page, std::regex("<(link|img|iframe|script|object|embed)[^>]* (src|href|data)=")));
  EXPECT_FALSE(contains(std::string(page_css()), "url("));
  EXPECT_FALSE(contains(std::string(page_css()), "@import"));
  std::size_t scripts = 0;
  for (std::size_t at = 0; (at = page.find("<script", at)) != std::string::npos; ++at) ++scripts;
  EXPECT_EQ(scripts, 1u);
}

TEST(Page, has_an_address_for_each_finding_and_an_address_behind_each_link) {
  std::string page = to_html({strange_report(), strange_report()});
  std::set<std::string> ids;
  static const std::regex id(" id=\"([^\"]*)\""), link(" href=\"#([^\"]*)\"");
  for (std::sregex_iterator match(page.begin(), page.end(), id), end; match != end; ++match)
    EXPECT_TRUE(ids.insert((*match)[1]).second) << (*match)[1] << " is there twice";
  for (std::sregex_iterator match(page.begin(), page.end(), link), end; match != end; ++match)
    EXPECT_TRUE(ids.contains((*match)[1])) << (*match)[1];
  for (const std::string& one : ids) EXPECT_EQ(one.find_first_of(" \t\n"), std::string::npos) << one;
}

TEST(Page, is_smaller_than_a_megabyte_with_all_loops) {
  if (libuv().page.empty()) GTEST_SKIP() << "libuv is absent";
  std::vector<RunReport> runs(16);
  std::string why;
  for (RunReport& run : runs) ASSERT_TRUE(read_json_lines(libuv().lines, run, why)) << why;
  EXPECT_LT(to_html(runs).size(), 1'000'000u);
}

TEST(Page, is_html_to_a_validator) {
  if (!is_installed("tidy")) GTEST_SKIP() << "tidy is not installed";
  Folder folder;
  for (const std::string& page : {libuv().page, to_html({strange_report()}), to_html({})}) {
    if (page.empty()) continue;
    Said said = shell("tidy -q -e " + write(folder / "page.html", page).string());
    EXPECT_EQ(said.exit, 0) << said;
  }
}

/// The page as it is once its script has run; empty where there is no browser.
std::string in_browser(const Folder& folder, const std::string& page, const std::string& address) {
  write(folder / "page.html", page);
  return shell("HOME=" + (folder / "home").string() +
               " timeout 60 chromium --headless --no-sandbox --disable-gpu --user-data-dir=" +
               (folder / "profile").string() + " --dump-dom 'file://" + (folder / "page.html").string() + address +
               "' 2>/dev/null")
      .text;
}

std::string panel_in(const std::string& dom) {
  std::size_t at = dom.find("<dialog");
  return at == std::string::npos ? "" : dom.substr(at, dom.find("</dialog>") - at);
}

TEST(Page, opens_the_panel_of_an_address_in_a_browser) {
  if (!is_installed("chromium")) GTEST_SKIP() << "chromium is not installed";
  if (libuv().page.empty()) GTEST_SKIP() << "libuv is absent";
  Folder folder;
  std::string panel = panel_in(in_browser(folder, libuv().page, "#libuv/TIMER-8"));
  EXPECT_TRUE(contains(panel, "open=\"\"")) << panel.substr(0, 300);
  EXPECT_TRUE(contains(panel, "libuv TIMER-8</h2>")) << panel;
  EXPECT_TRUE(contains(panel, "<pre class=\"scenario\">main: call_soon a\na: call_later 0ms a\n</pre>")) << panel;
  EXPECT_TRUE(contains(panel, "| cede replay --loop libuv -</pre><button type=\"button\">copy</button>")) << panel;
  EXPECT_TRUE(contains(panel, "<tr class=\"decides\">")) << "its timeline marks the deciding event\n" << panel;
  EXPECT_TRUE(contains(panel, "Timers are collected once a pass")) << "the words of the clause\n" << panel;
}

TEST(Page, is_a_grid_in_a_browser_whose_first_cell_takes_the_focus) {
  if (!is_installed("chromium")) GTEST_SKIP() << "chromium is not installed";
  Folder folder;
  std::string dom = in_browser(folder, to_html({strange_report()}), "");
  EXPECT_TRUE(contains(dom, "role=\"grid\""));
  EXPECT_TRUE(contains(dom, "role=\"gridcell\""));
  EXPECT_FALSE(contains(panel_in(dom).substr(0, 80), "open=\"\""));
  std::size_t stops = 0;
  for (std::size_t at = 0; (at = dom.find("tabindex=\"0\"", at)) != std::string::npos; ++at) ++stops;
  EXPECT_EQ(stops, 1u);
  EXPECT_TRUE(contains(dom, "5 of 5 clauses</output>"));
  EXPECT_TRUE(contains(dom, "id=\"filters\" role=\"search\" aria-label=\"Filter the matrix\">")) << "it is shown";
}

TEST(Page, is_walked_through_by_keys_in_a_browser) {
  if (!is_installed("chromium")) GTEST_SKIP() << "chromium is not installed";
  Folder folder;
  // The content policy lets a script of the page press keys; what they do is written where it can be read.
  std::string page = to_html({strange_report()}), press = R"(
    const press = (key, on) => on.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    const told = [], row = () => document.activeElement.closest("tr")?.dataset.id ?? document.activeElement.id;
    table.querySelector("td a[tabindex='0']").focus(); told.push(row());
    press("ArrowDown", document.activeElement); told.push(row());
    press("End", document.activeElement); press("PageDown", document.activeElement); told.push(row());
    press("ArrowDown", document.activeElement); told.push(row());
    press("/", document.activeElement); told.push(row());
    filter.text.value = "timer"; apply(); told.push($("shown").textContent);
    open(heads[0].dataset.key, "TIMER-8"); told.push(panel.open); panel.close(); told.push(panel.open);
    document.title = told.join(" ");
)";
  page.insert(page.rfind("</script>"), press);
  std::string dom = in_browser(folder, page, "");
  std::string title = dom.substr(dom.find("<title>") + 7, dom.find("</title>") - dom.find("<title>") - 7);
  EXPECT_EQ(title, "TASK-9 PASS-2 TIMER-8 TIMER-8 text 2 of 5 clauses true false");
}

}  // namespace
}  // namespace cede
