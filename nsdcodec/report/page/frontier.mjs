// Accuracy against bits a class: the file beside what is published for its data set, on an axis of powers of two.

import { h, percent, svg, table, whole } from "./elements.mjs";

const HEIGHT = 240;
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 16, 14, 40];

/**
 * @param {{bits: number, accuracy: number, name: string}} own accuracy is a share, bits those of a class
 * @param {{method: string, bits: number, accuracy: number, origin: string}[]} published
 */
export function frontier(own, published) {
  const width = innerWidth < 700 ? 320 : 500;
  const points = [own, ...published];
  const [first, last] = bounds(points.map(({ bits }) => Math.log2(bits)), 0.5);
  const [low, high] = bounds(points.map(({ accuracy }) => accuracy), 0.02);
  const x = (bits) => LEFT + ((Math.log2(bits) - first) / (last - first)) * (width - LEFT - RIGHT);
  const y = (accuracy) => TOP + (1 - (accuracy - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const text = (at, top, anchor, words) => svg("text", { x: at, y: top, "text-anchor": anchor }, words);
  const dot = ({ bits, accuracy }, kind, words) =>
    svg("circle", { class: kind, cx: x(bits).toFixed(1), cy: y(accuracy).toFixed(1), r: 4 }, svg("title", {}, words));
  const said = ({ bits, accuracy }, name) => `${name}: ${percent(accuracy)} at ${whole(Math.round(bits))} bits a class`;
  const figure = svg(
    "svg",
    { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": `${said(own, own.name)}, beside ${published.length} published figures` },
    tens(low, high).map((share) => [
      svg("line", { class: "rule", x1: LEFT, x2: width - RIGHT, y1: y(share), y2: y(share) }),
      text(LEFT - 6, y(share) + 4, "end", percent(share, 0)),
    ]).flat(),
    [10_000, 100_000, 1_000_000, 10_000_000]
      .filter((bits) => Math.log2(bits) >= first && Math.log2(bits) <= last)
      .map((bits) => text(x(bits), HEIGHT - 22, "middle", whole(bits))),
    text((LEFT + width - RIGHT) / 2, HEIGHT - 4, "middle", "bits a class"),
    published.map((point) => dot(point, "hollow", said(point, point.method))),
    dot(own, "dot best", said(own, own.name)),
  );
  const columns = [["method"], ["bits a class", "number"], ["accuracy", "number"], ["source", "minor"]];
  const rows = published.map(({ method, bits, accuracy, origin }) => [method, whole(Math.round(bits)), percent(accuracy), origin]);
  return h(
    "figure",
    {},
    figure,
    h("figcaption", {}, "This file (filled) beside published figures (hollow), which were made and judged by other protocols"),
    h("details", {}, h("summary", {}, `${published.length} published figures`), table(columns, rows)),
  );
}

function bounds(values, margin) {
  return [Math.min(...values) - margin, Math.max(...values) + margin];
}

/** The multiples of ten per cent within. */
function tens(low, high) {
  return Array.from({ length: 11 }, (_, i) => i / 10).filter((share) => share >= low && share <= high);
}
