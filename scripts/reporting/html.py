"""The parts of a page: its looks, and tables that sort on a click."""

import re
from html import escape

from reporting import results

STYLE = """
:root { color-scheme: light dark; --text: #1b1b1b; --soft: #5a5a5a; --paper: #fff; --line: #d8d8d8; --red: #b00d26; }
:root { --band: #f3f3f3; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e8e8e8; --soft: #a8a8a8; --paper: #161616; --line: #3a3a3a; --band: #222; --red: #ff8595; }
  figure img { filter: invert(0.91) hue-rotate(180deg); }
}
body { margin: 0 auto; padding: 1rem; max-width: 82rem; font: 1rem/1.5 system-ui, sans-serif; }
body { color: var(--text); background: var(--paper); }
h1 { line-height: 1.2; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
code, pre { font-size: 0.9em; }
pre { padding: 0.7rem; white-space: pre-wrap; overflow-wrap: anywhere; background: var(--band); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.15rem 1rem; }
dt, figcaption, caption { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
figure { margin: 2rem 0; }
figcaption { max-width: 60rem; }
figure img { display: block; width: 100%; max-width: max-content; height: auto; background: #fff; }
.wide { overflow-x: auto; }
.wide:focus-visible, button:focus-visible { outline: 2px solid var(--red); }
table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
caption, th, td { text-align: left; vertical-align: top; }
th, td { padding: 0.2rem 0.6rem; }
td.n { text-align: right; }
td.n, td.arena, td:first-child { white-space: nowrap; }
thead th { border-bottom: 2px solid var(--line); }
tbody tr:nth-child(even) { background: var(--band); }
tr.failed td, td.arena { color: var(--red); }
th button { all: unset; cursor: pointer; font-weight: 600; }
th button::after { content: " \\2195"; color: var(--soft); }
th[aria-sort=ascending] button::after { content: " \\2191"; }
th[aria-sort=descending] button::after { content: " \\2193"; }
summary { cursor: pointer; margin: 1rem 0 0.5rem; }
@media (max-width: 40rem) {
  dl { grid-template-columns: 1fr; }
  dt { margin-top: 0.4rem; }
}
"""

# Numbers before words, what is missing last; equal ones stay in their order.
SCRIPT = """
const none = (text) => text === "" || text === "-";
const number = (text) => parseFloat(text.replaceAll(",", ""));
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.parentElement, body = head.closest("table").tBodies[0];
    const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    const value = (row) => row.cells[head.cellIndex].dataset.v ?? row.cells[head.cellIndex].textContent;
    const compare = (a, b) => {
      const [x, y] = [value(a), value(b)];
      if (none(x) || none(y)) return none(x) - none(y);
      const [m, n] = [number(x), number(y)];
      if (isNaN(m) || isNaN(n)) return sign * (isNaN(m) - isNaN(n) || x.localeCompare(y));
      return sign * (m - n);
    };
    body.append(...[...body.rows].sort(compare));
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
  });
}
"""


def marked(sentence):
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(sentence))


def cell(value, name=""):
    if value is None:
        return '<td class="n" data-v="">-</td>'
    if isinstance(value, str):
        return f"<td{' class=arena' * (name == 'allocator' and value.startswith('arena'))}>{escape(value)}</td>"
    text = (
        results.power(value)
        if name == "elements"
        else f"{value:,.0f}"
        if value == int(value) or abs(value) >= 1000
        else f"{value:.4g}"
    )
    return f'<td class="n" data-v="{value!r}">{text}</td>'


def value_of(row, column, *divisor):
    value = column(row) if callable(column) else row.get(column)
    return value / divisor[0] if divisor and value is not None else value


def scrolling(content, label):
    return f'<div class="wide" tabindex="0" role="region" aria-label="{escape(label)}">{content}</div>'


def html_table(columns, rows, caption):
    """A table that sorts; `columns` as above. Columns that no row has anything for are left out."""
    columns = [column for column in columns if any(value_of(row, *column[1:]) not in (None, "") for row in rows)]
    head = "".join(f'<th scope="col"><button type="button">{escape(name)}</button></th>' for name, *_ in columns)
    body = []
    for row in rows:
        is_failed = "status" in row and results.is_failed(row)
        body.append(
            f"<tr{' class=failed' * is_failed}>"
            + "".join(cell(value_of(row, *column), name) for name, *column in columns)
            + "</tr>"
        )
    caption = f"{caption} A click on a heading sorts."
    return scrolling(
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table>",
        caption,
    )


def plain_table(heading, lines, caption):
    return html_table(
        [(name, i) for i, name in enumerate(heading)],
        [dict(enumerate(cell.replace("`", "") for cell in line)) for line in lines],
        caption,
    )


def details(summary, content):
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"
