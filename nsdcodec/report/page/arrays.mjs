// What is stored, as pictures: spectrum tensors, kernels and masks.

import { inPlace, sliceOf } from "../../../spec/reference/javascript/synthesis.mjs";
import { canvas, sheet } from "./pictures.mjs";
import { h, section, whole } from "./elements.mjs";

const MOST_MAPS = 96;
const WIDEST = 720; // pixels on the screen
const LARGEST = 10; // pixels on the screen that a value takes

const ORDER = ["spectrum", "batch_kernel", "height_kernel", "width_kernel", "channel_kernel", "mask"];

export function arrays(file) {
  const roles = ORDER.filter((role) => file.arrays.has(role));
  return section(
    "arrays",
    "What is stored",
    h("p", {}, "Blue is below 0, brown above. Small values are lifted, and the largest hundredth is shown alike."),
    h("div", { class: "stored" }, roles.map((role) => figure(file, role))),
  );
}

function figure(file, role) {
  const { values, shape } = file.arrays.get(role);
  const [maps, rows, columns, all] = role === "spectrum" ? spectrumMaps(file) : kernelMaps(values, shape);
  const across = Math.max(1, Math.min(maps.length, Math.floor((WIDEST + 1) / (3 * (columns + 1))), acrossOf(maps.length)));
  const flat = new Float64Array(maps.length * rows * columns);
  maps.forEach((map, k) => flat.set(map, k * rows * columns));
  const { rgba, width, height } = sheet(flat, maps.length, rows, columns, across);
  const name = role.replace("_", " ");
  const part = maps.length < all ? `, the first ${whole(maps.length)} of ${whole(all)} maps` : "";
  const picture = canvas(rgba, width, height, `${name} as a picture`);
  picture.style.width = `${Math.max(width, Math.min(WIDEST, width * LARGEST))}px`;
  return h("figure", {}, picture, h("figcaption", {}, h("strong", {}, name), ` ${shape.join(" × ")}${part}`));
}

/** Few maps stand in one line, many in about as many lines as columns. */
const acrossOf = (count) => (count <= 8 ? count : Math.ceil(Math.sqrt(2 * count) / 4) * 4);

/** Maps [t3, t4] of the first slices, channel by channel: the maps, their rows and columns, how many there are of all. */
function spectrumMaps(file) {
  const { spectra, sizes } = file.layout;
  const [t1, t2, t3, t4] = sizes;
  const maps = [];
  for (let s = 0; s < spectra * t1 && maps.length + t2 <= MOST_MAPS; s += 1) {
    const spectrum = Math.floor(s / t1);
    const placed = inPlace(file, spectrum, new Float64Array(sliceOf(file, spectrum, s % t1)));
    for (let q = 0; q < t2; q += 1) {
      maps.push(placed.subarray(q * t3 * t4, (q + 1) * t3 * t4));
    }
  }
  return [maps, t3, t4, spectra * t1 * t2];
}

/** The first kernels or masks [N, rows, columns]. */
function kernelMaps(values, [count, rows, columns]) {
  const shown = Math.max(1, Math.min(count, MOST_MAPS, Math.floor(2 ** 20 / (rows * columns))));
  const map = (k) => values.subarray(k * rows * columns, (k + 1) * rows * columns);
  return [Array.from({ length: shown }, (_, k) => map(k)), rows, columns, count];
}
