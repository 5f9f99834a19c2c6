// The images by class, at the size of thumbs that grow under the pointer; one tab stop, arrow keys from there.

import { label, pixels } from "../../../spec/reference/javascript/nsd.mjs";
import { canvas } from "./pictures.mjs";
import { h, section, whole } from "./elements.mjs";

const PER_CLASS = 24; // images of a class that are shown beside other classes
const OF_ONE_CLASS = 1000;
const CLASSES = 24; // shown at once
const LEAST_SIDE = 44; // pixels on the screen: what a finger hits
const PATIENCE = 12; // milliseconds of decoding between two frames

/**
 * @param {import("../../../spec/reference/javascript/nsd.mjs").NsdFile} file
 * @param {(n: number, order: number[]) => void} enlarge shows image n, one of these
 * @param {(error: Error) => void} refuse what is done about an image that overflows (NSD-S04)
 */
export function gallery(file, enlarge, refuse) {
  const byClass = numbersByClass(file);
  const names = file.header.classes;
  const [, height, width] = file.header.image_shape;
  const side = Math.max(LEAST_SIDE, Math.min(96, Math.max(height, width)));
  const grid = h("div", { class: "classes", keydown: (event) => move(event, grid), style: `--side: ${side}px` });
  const note = h("p", { class: "note", "aria-live": "polite" });
  const choice = h(
    "select",
    { id: "class-filter", change: () => show(choice.value === "" ? null : Number(choice.value)) },
    h("option", { value: "" }, "all classes"),
    names.map((name, c) => h("option", { value: c }, `${name} (${whole(byClass[c].length)})`)),
  );
  let drawing = 0;

  function show(chosen) {
    const shown = chosen === null ? names.map((_, c) => c).slice(0, CLASSES) : [chosen];
    const most = chosen === null ? PER_CLASS : OF_ONE_CLASS;
    const order = shown.flatMap((c) => byClass[c].slice(0, most));
    const tiles = new Map(order.map((n) => [n, tile(n, order)]));
    grid.replaceChildren(
      ...shown.map((c) => {
        const more = byClass[c].length - most;
        const rest = more > 0 ? h("button", { class: "more", click: () => choose(c) }, `and ${whole(more)} more`) : null;
        return h(
          "div",
          { class: "class" },
          h("h3", {}, names[c]),
          h("div", { class: "tiles" }, byClass[c].slice(0, most).map((n) => tiles.get(n)), chosen === null ? rest : null),
        );
      }),
    );
    tiles.get(order[0])?.setAttribute("tabindex", "0");
    const images = `${whole(order.length)} of ${whole(file.images)} images`;
    const left = chosen === null && names.length > CLASSES ? `; choose a class to see one of the other ${whole(names.length - CLASSES)}` : "";
    note.replaceChildren(`${images}${left}. `, h("span", { class: "keys" }, "Arrow keys move, Enter enlarges."));
    draw(tiles).catch(refuse);
  }

  function choose(c) {
    choice.value = c;
    show(c);
    choice.focus();
  }

  function tile(n, order) {
    const name = `image ${n}, ${names[label(file, n)]}`;
    return h("button", { class: "tile", tabindex: "-1", "data-image": n, "aria-label": name, click: () => enlarge(n, order) });
  }

  /** Fills the tiles, and gives way to the browser between them; stops where others were asked for. */
  async function draw(tiles) {
    drawing += 1;
    const mine = drawing;
    grid.setAttribute("aria-busy", "true");
    let since = performance.now();
    for (const [n, button] of tiles) {
      button.append(canvas(pixels(file, n), width, height));
      if (performance.now() - since > PATIENCE) {
        await new Promise((resolve) => setTimeout(resolve));
        if (mine !== drawing) {
          return;
        }
        since = performance.now();
      }
    }
    grid.setAttribute("aria-busy", "false");
  }

  show(null);
  return section(
    "images",
    "Images",
    h("p", { class: "controls" }, h("label", { for: "class-filter" }, "Class "), choice),
    note,
    grid,
  );
}

/** For each class the numbers of its images. @returns {number[][]} */
export function numbersByClass(file) {
  const byClass = file.header.classes.map(() => []);
  for (let n = 0; n < file.images; n += 1) {
    byClass[label(file, n)].push(n);
  }
  return byClass;
}

/** Arrow keys, Home and End go to another tile: the one beside it, or the nearest in the line above or below. */
function move(event, grid) {
  const tiles = [...grid.querySelectorAll(".tile")];
  const at = tiles.indexOf(event.target);
  if (at < 0) {
    return;
  }
  const to = {
    ArrowRight: () => tiles[at + 1],
    ArrowLeft: () => tiles[at - 1],
    Home: () => tiles[0],
    End: () => tiles.at(-1),
    ArrowDown: () => nearest(tiles[at], tiles.slice(at + 1), (top, own) => top > own + 1),
    ArrowUp: () => nearest(tiles[at], tiles.slice(0, at).reverse(), (top, own) => top < own - 1),
  }[event.key]?.();
  if (to === undefined || to === null) {
    return;
  }
  event.preventDefault();
  tiles[at].setAttribute("tabindex", "-1");
  to.setAttribute("tabindex", "0");
  to.focus();
}

/** Of the first line among `others` that lies beyond, the tile that is least aside. */
function nearest(tile, others, lies) {
  const own = place(tile);
  const line = others.map((other) => [other, place(other)]).filter(([, at]) => lies(at.top, own.top));
  const first = line[0]?.[1].top;
  const aside = ([, at]) => Math.abs(at.left - own.left);
  const best = line.filter(([, at]) => Math.abs(at.top - first) <= 1).sort((a, b) => aside(a) - aside(b))[0];
  return best?.[0] ?? null;
}

/** Where it stands, whether or not it is enlarged just now. */
const place = (tile) => ({ top: tile.offsetTop, left: tile.offsetLeft });
