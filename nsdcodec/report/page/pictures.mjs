// Numbers as pixels of a canvas: images, signed maps, and sheets of many maps.

import { h } from "./elements.mjs";

// Below 0, at 0 and above: the ends differ in hue and in lightness from the middle, also for eyes that see no red.
const BELOW = [33, 102, 172];
const MIDDLE = [247, 247, 247];
const ABOVE = [178, 80, 10];

/** A canvas of RGBA values [height, width, 4]; the style decides how large it is shown. */
export function canvas(rgba, width, height, label) {
  const made = h("canvas", { width, height, ...(label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" }) });
  made.getContext("2d").putImageData(new ImageData(rgba, width, height), 0, 0);
  return made;
}

/** RGBA of image values [channels, H, W] in normalised units, as the reader shows pixels: 255 (x std + mean). */
export function rgbaOf(values, { image_shape: [channels, height, width], normalization: { mean, std } }) {
  const size = height * width;
  const rgba = new Uint8ClampedArray(4 * size).fill(255);
  for (let colour = 0; colour < 3; colour += 1) {
    const channel = channels === 3 ? colour : 0;
    for (let i = 0; i < size; i += 1) {
      rgba[4 * i + colour] = 255 * (values[channel * size + i] * std[channel] + mean[channel]);
    }
  }
  return rgba;
}

/** RGBA of signed image values [channels, H, W]: 0 is grey, the largest one black or white. */
export function signedRgba(values, [channels, height, width]) {
  const size = height * width;
  const most = largest(values) || 1;
  const rgba = new Uint8ClampedArray(4 * size).fill(255);
  for (let colour = 0; colour < 3; colour += 1) {
    const channel = channels === 3 ? colour : 0;
    for (let i = 0; i < size; i += 1) {
      rgba[4 * i + colour] = 127.5 * (1 + values[channel * size + i] / most);
    }
  }
  return rgba;
}

/**
 * Maps [count, rows, columns] beside and below each other, a pixel between them: blue below 0, brown above, each by the
 * size that 99 in 100 values have at most; larger ones are shown like it.
 * @returns {{rgba: Uint8ClampedArray, width: number, height: number}}
 */
export function sheet(values, count, rows, columns, across) {
  const most = usual(values) || largest(values) || 1;
  const width = Math.min(count, across) * (columns + 1) - 1;
  const height = Math.ceil(count / across) * (rows + 1) - 1;
  const rgba = new Uint8ClampedArray(4 * width * height);
  for (let k = 0; k < count; k += 1) {
    const left = (k % across) * (columns + 1);
    const top = Math.floor(k / across) * (rows + 1);
    for (let i = 0; i < rows * columns; i += 1) {
      const share = Math.min(1, Math.max(-1, values[k * rows * columns + i] / most));
      const end = share < 0 ? BELOW : ABOVE;
      const at = 4 * ((top + Math.floor(i / columns)) * width + left + (i % columns));
      for (let colour = 0; colour < 3; colour += 1) {
        // The root lifts small values: coefficients span decades.
        rgba[at + colour] = MIDDLE[colour] + Math.sqrt(Math.abs(share)) * (end[colour] - MIDDLE[colour]);
      }
      rgba[at + 3] = 255;
    }
  }
  return { rgba, width, height };
}

/** What 99 in 100 sizes are at most. */
function usual(values) {
  const sizes = values.map(Math.abs).sort(); // of a typed array: by number
  return sizes[Math.floor(0.99 * (sizes.length - 1))];
}

function largest(values) {
  let most = 0;
  for (const value of values) {
    most = Math.max(most, Math.abs(value));
  }
  return most;
}
