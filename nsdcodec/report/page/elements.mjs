// Elements of the page, made from names, attributes and children. Texts go in as text: a file's are anyone's.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element. Attributes that are functions are listeners; null and false leave one out. */
export function h(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** An SVG element, by the same rules. */
export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      element.addEventListener(name, value);
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** A section of the page with a heading. */
export function section(id, title, ...children) {
  return h("section", { id, "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title` }, title), ...children);
}

/** Names and values in two columns. */
export function pairs(entries) {
  return h("dl", {}, entries.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

/** A table: `columns` are [title, class], "number" to the right, "minor" left out where there is little room. */
export function table(columns, rows) {
  const cell = (name, text, kind) => h(name, { class: kind }, text);
  return h(
    "div",
    { class: "wide" },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, columns.map(([title, kind]) => cell("th", title, kind)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((text, i) => cell("td", text, columns[i][1]))))),
    ),
  );
}

export const whole = (number) => number.toLocaleString("en-US");
export const short = (number) => String(Number(number.toPrecision(4)));
export const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)} %`;
