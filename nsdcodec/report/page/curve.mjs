// How the file was made: loss and checks of the encoder's log, as lines over the iterations.

import { h, percent, section, short, svg, whole } from "./elements.mjs";

const HEIGHT = 180;
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 12, 12, 34];

/** @param {{steps: number[][], checks: number[][], note: string}} log [iteration, loss] and [iteration, accuracy] */
export function curve({ steps, checks, note }) {
  const charts = [];
  if (steps.length > 1) {
    charts.push(chart(steps, "loss", short, false));
  }
  if (checks.length > 1) {
    charts.push(chart(checks, "accuracy on held-out images", (share) => percent(share), true));
  }
  return section("making", "How it was made", h("p", {}, note), h("div", { class: "charts" }, charts));
}

function chart(points, name, shown, dots) {
  const width = innerWidth < 700 ? 320 : 500;
  const iterations = points.map(([iteration]) => iteration);
  const values = points.map(([, value]) => value);
  const [first, last] = [Math.min(...iterations), Math.max(...iterations)];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const x = (iteration) => LEFT + ((iteration - first) / (last - first || 1)) * (width - LEFT - RIGHT);
  const y = (value) => TOP + (1 - (value - low) / (high - low || 1)) * (HEIGHT - TOP - BOTTOM);
  const text = (at, top, anchor, words) => svg("text", { x: at, y: top, "text-anchor": anchor }, words);
  const best = values.indexOf(Math.max(...values));
  const figure = svg(
    "svg",
    { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": `${name}, from ${shown(values[0])} to ${shown(values.at(-1))}` },
    [...new Set([low, high])].map((value) => [
      svg("line", { class: "rule", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }),
      text(LEFT - 6, y(value) + 4, "end", shown(value)),
    ]).flat(),
    text(x(first), HEIGHT - 14, "start", whole(first)),
    text(x(last), HEIGHT - 14, "end", whole(last)),
    text((LEFT + width - RIGHT) / 2, HEIGHT - 14, "middle", "iteration"),
    svg("polyline", { class: "line", points: points.map(([i, value]) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`).join(" ") }),
    dots ? points.map(([i, value], k) => svg("circle", { class: k === best ? "dot best" : "dot", cx: x(i), cy: y(value), r: 3 })) : null,
  );
  return h("figure", {}, figure, h("figcaption", {}, name));
}
