// The page is whole without this. Here the matrix can be filtered and walked through, a cell opens a panel, and the two
// traces of a finding stand event beside event.
"use strict";
const $ = id => document.getElementById(id);
const table = document.querySelector(".matrix");
const heads = [...table.querySelectorAll("thead th")].slice(1);
const rows = [...table.querySelectorAll("tr[data-id]")];
const panel = $("panel"), body = $("panel-body");
const signs = [...document.querySelectorAll(".legend .sign")].map(sign => [sign.classList[1], sign.nextElementSibling.textContent]);

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// The theme: the system's until somebody chooses.
const dark = matchMedia("(prefers-color-scheme: dark)");
const theme = $("theme");
function name_theme() {
  const now = document.documentElement.dataset.theme || (dark.matches ? "dark" : "light");
  theme.textContent = now === "dark" ? "light" : "dark";
}
theme.hidden = false;
theme.onclick = () => { document.documentElement.dataset.theme = theme.textContent; name_theme(); };
dark.addEventListener("change", name_theme);
name_theme();

// Cells know where they are, and lead to their own address instead of the clause's.
table.setAttribute("role", "grid");
table.setAttribute("aria-rowcount", rows.length + 1);
for (const row of rows) {
  [...row.querySelectorAll("td")].forEach((cell, column) => {
    cell.setAttribute("role", "gridcell");
    cell.dataset.key = heads[column].dataset.key;
    if (!cell.textContent) return;
    if (!cell.firstElementChild) cell.replaceChildren(make("a", {}, cell.textContent));
    const link = cell.firstElementChild;
    const mark = signs.find(([name]) => name === cell.classList[0]);
    link.setAttribute("href", "#" + encodeURI(cell.dataset.key + "/" + row.dataset.id));
    link.setAttribute("aria-label", `${row.dataset.id} ${heads[column].textContent}: ${mark ? mark[1] : ""}`);
    link.tabIndex = -1;
  });
}

// Filters.
const filter = { text: $("text"), loop: $("loop"), level: $("level"), status: $("status") };
for (const head of heads) filter.loop.append(make("option", { value: head.dataset.key }, head.textContent));
for (const [name, words] of signs)
  if (table.querySelector("td." + name)) filter.status.append(make("option", { value: name }, words));
const matches_status = (cell, status) =>
  !status || (status === "differs" ? !["verified", "unasked"].includes(cell.classList[0]) : cell.classList[0] === status);

function apply() {
  const words = filter.text.value.toLowerCase().split(/\s+/).filter(word => word);
  const loop = filter.loop.value, status = filter.status.value;
  heads.forEach(head => head.hidden = loop !== "" && head.dataset.key !== loop);
  let count = 0;
  for (const row of rows) {
    const cells = [...row.querySelectorAll("td")];
    cells.forEach(cell => cell.hidden = loop !== "" && cell.dataset.key !== loop);
    const text = row.cells[0].textContent.toLowerCase();
    row.hidden = !(words.every(word => text.includes(word)) && (!filter.level.value || row.dataset.level === filter.level.value) &&
      cells.some(cell => !cell.hidden && matches_status(cell, status)));
    count += !row.hidden;
  }
  for (const group of table.tBodies) group.hidden = ![...group.querySelectorAll("tr[data-id]")].some(row => !row.hidden);
  $("shown").textContent = `${count} of ${rows.length} clauses`;
  const stop = table.querySelector("td a[tabindex='0']");
  if (!stop || !stop.offsetParent) make_stop(visible_cells()[0]?.[0]);
}
if (!table.querySelector("td:not(.verified):not(.unasked)")) filter.status.value = "";
for (const control of Object.values(filter)) control.addEventListener("input", apply);

// Walking: one cell is a stop of the Tab key, arrows move it.
const visible_cells = () => rows.filter(row => !row.hidden)
  .map(row => [...row.querySelectorAll("td:not([hidden]) a")]).filter(cells => cells.length);
function make_stop(link) {
  table.querySelectorAll("td a[tabindex='0']").forEach(other => other.tabIndex = -1);
  if (link) link.tabIndex = 0;
}
function go_to(link) {
  if (!link) return;
  make_stop(link);
  link.focus({ preventScroll: true });
  const box = document.querySelector(".scroll"), head = table.tHead.offsetHeight, cell = link.getBoundingClientRect(), frame = box.getBoundingClientRect();
  const first = link.closest("tr").cells[0].offsetWidth;
  if (cell.top < frame.top + head) box.scrollTop -= frame.top + head - cell.top + 8;
  if (cell.bottom > frame.bottom) box.scrollTop += cell.bottom - frame.bottom + 8;
  if (cell.left < frame.left + first) box.scrollLeft -= frame.left + first - cell.left + 8;
  if (cell.right > frame.right) box.scrollLeft += cell.right - frame.right + 8;
  link.scrollIntoView({ block: "nearest" });
}
table.addEventListener("focusin", event => { if (event.target.closest("td")) make_stop(event.target); });
table.addEventListener("keydown", event => {
  const link = event.target.closest("td a");
  if (!link || event.altKey || event.metaKey) return;
  const cells = visible_cells(), y = cells.findIndex(row => row.includes(link)), x = cells[y].indexOf(link);
  const to = {
    ArrowUp: [y - 1, x], ArrowDown: [y + 1, x], ArrowLeft: [y, x - 1], ArrowRight: [y, x + 1],
    PageUp: [Math.max(0, y - 10), x], PageDown: [Math.min(cells.length - 1, y + 10), x],
    Home: [event.ctrlKey ? 0 : y, 0], End: [event.ctrlKey ? cells.length - 1 : y, Infinity],
  }[event.key];
  if (!to) return;
  event.preventDefault();
  const row = cells[to[0]];
  if (row) go_to(row[Math.max(0, Math.min(to[1], row.length - 1))]);
});
document.addEventListener("keydown", event => {
  if (event.key === "/" && !panel.open && !/^(INPUT|SELECT)$/.test(event.target.tagName)) {
    event.preventDefault();
    filter.text.focus();
  }
  if (event.key === "Escape" && event.target === filter.text) filter.text.value = "", apply();
  if (panel.open && event.key === "n") step(1);
  if (panel.open && event.key === "p") step(-1);
});

// A timeline: both traces, the same events on one line where their orders allow.
const read_trace = pre => pre.textContent.split("\n").filter(line => line).map(line => {
  const found = line.match(/^(>?)(\S+)  ( *)(.*)$/);
  return found && !line.startsWith("... ") ? { decides: !!found[1], at: found[2], depth: found[3].length, text: found[4] }
                                           : { at: "", depth: 0, text: line, note: true };
});
function aligned(left, right) {
  // How a loop polls is its own affair, so that a poll is hardly a reason to put the rest elsewhere.
  const weight = (a, b) => a.text !== b.text || a.depth !== b.depth ? 0 : a.text.startsWith("poll ") ? 1 : 8;
  const best = Array.from({ length: left.length + 1 }, () => new Uint16Array(right.length + 1));
  const together = (i, j) => weight(left[i], right[j]) && best[i + 1][j + 1] + weight(left[i], right[j]);
  for (let i = left.length - 1; i >= 0; i--)
    for (let j = right.length - 1; j >= 0; j--)
      best[i][j] = Math.max(together(i, j), best[i + 1][j], best[i][j + 1]);
  const lines = [];
  let i = 0, j = 0, from = [0, 0];
  const part = () => {  // what only one of them has, side by side
    const only = [left.slice(from[0], i), right.slice(from[1], j)];
    for (let at = 0; at < Math.max(only[0].length, only[1].length); ++at)
      lines.push({ pair: [only[0][at], only[1][at]], only: true });
  };
  while (i < left.length && j < right.length)
    if (best[i][j] && together(i, j) === best[i][j]) {
      part();
      lines.push({ pair: [left[i++], right[j++]], only: false });
      from = [i, j];
    } else if (best[i + 1][j] >= best[i][j + 1]) ++i;
    else ++j;
  i = left.length, j = right.length;
  part();
  return lines;
}
function timeline(traces) {
  const [left, right] = [...traces.querySelectorAll("pre")].map(read_trace);
  const lines = make("tbody", {});
  let before = ["", ""];
  for (const { pair, only } of aligned(left, right)) {
    const row = make("tr", pair.some(event => event && event.decides) ? { class: "decides" } : {});
    pair.forEach((event, side) => {
      const at = event && event.at !== before[side] ? event.at : "";
      if (at) { if (before[side]) row.classList.add("tick"); before[side] = at; }
      row.append(make("td", { class: "at" }, at));
      const cell = make("td", event && only ? { class: "only" } : {});
      if (event) {
        const edge = event.text.match(/^(enter|leave) /);
        cell.append(make("span", { class: edge ? edge[1] : event.depth ? "in" : "" }, (event.decides ? "▸ " : "") + event.text));
      }
      row.append(cell);
    });
    lines.append(row);
  }
  const head = make("tr", {}, make("th", { class: "at" }), make("th", {}, "this loop"), make("th", { class: "at" }), make("th", {}, "the reference"));
  return make("table", { class: "timeline", "aria-label": "the trace beside the reference's" }, make("thead", {}, head), lines);
}
function dress(part) {
  for (const traces of part.querySelectorAll(".traces")) traces.replaceWith(timeline(traces));
  for (const line of part.querySelectorAll("pre.replay")) {
    const copy = make("button", { type: "button" }, "copy");
    const text = line.textContent;
    copy.onclick = async () => {
      try { await navigator.clipboard.writeText(text); } catch {
        const range = document.createRange();
        range.selectNodeContents(line);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        document.execCommand("copy");
      }
      copy.textContent = "copied";
      setTimeout(() => copy.textContent = "copy", 1500);
    };
    const row = make("div", { class: "replay-row" });
    line.replaceWith(row);
    row.append(line, copy);
  }
}

// The panel of a cell, of a clause, or of a loop's crash.
const insides = id => [...($(id)?.children ?? [])].slice(1).map(child => child.cloneNode(true));
let shown = null;
function open(key, id) {
  const row = rows.find(row => row.dataset.id === id);
  const cell = row && [...row.querySelectorAll("td")].find(cell => cell.dataset.key === key);
  const found = insides(key + "/" + id);
  if (!cell && !found.length) return false;
  shown = cell?.firstElementChild ?? null;
  $("panel-title").textContent = `${key} ${id}`;
  body.replaceChildren();
  if (row) body.append(make("p", {}, make("b", {}, row.cells[0].querySelector("span").textContent), ` (${row.dataset.level})`));
  if (cell) {
    const mark = signs.find(([name]) => name === cell.classList[0]);
    const [reached, decisive = reached, violated = 0] = (cell.dataset.n || "0").split(" ");
    const fact = (number, words) => make("li", {}, make("b", {}, Number(number).toLocaleString("en")), " " + words);
    const sign = make("b", { class: "sign " + cell.classList[0] }, cell.textContent);
    body.append(make("ul", { class: "facts" }, make("li", {}, sign, ` ${mark ? mark[1] : ""}${cell.classList.contains("layered") ? ", layered" : ""}`),
      fact(reached, "scenarios reach it"), fact(decisive, "decide it"), fact(violated, "violate it")));
  }
  body.append(...found);
  if (row) body.append(make("h3", {}, "The clause"), ...insides(id));
  dress(body);
  $("previous").hidden = $("next").hidden = !cell;
  if (!panel.open) panel.showModal();
  panel.scrollTop = 0;
  $("panel-title").focus();
  return true;
}
function step(by) {
  const all = visible_cells().flat(), at = all.indexOf(shown);
  const to = all[at + by];
  if (at >= 0 && to) location.replace(to.href);
}
$("previous").onclick = () => step(-1);
$("next").onclick = () => step(1);
$("close").onclick = () => panel.close();
panel.addEventListener("click", event => { if (event.target === panel) panel.close(); });
panel.addEventListener("close", () => {
  history.replaceState(null, "", location.pathname + location.search);
  if (shown) go_to(shown);
});

function follow() {
  const address = decodeURIComponent(location.hash.slice(1)), at = address.lastIndexOf("/");
  if (at > 0 && open(address.slice(0, at), address.slice(at + 1))) return;
  if (panel.open) panel.close();
  const part = address && $(address);
  if (part instanceof HTMLDetailsElement) part.open = true, part.scrollIntoView();
}
addEventListener("hashchange", follow);
addEventListener("beforeprint", () => document.querySelectorAll("#findings details").forEach(part => part.open = true));
document.querySelectorAll("#filters, .keys").forEach(part => part.hidden = false);
apply();
follow();
