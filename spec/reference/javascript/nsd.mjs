// A reader of .nsd files in JavaScript, for browsers and Node 18 or newer: README.md. It was written from the pages of
// spec/ alone, and its steps are those of spec/README.md.

import { demand, NsdError } from "./errors.mjs";
import { checkDigest, readFraming } from "./framing.mjs";
import { openHeader, readHeader } from "./header.mjs";
import { layoutOf } from "./layout.mjs";
import { image } from "./synthesis.mjs";
import { decodeArrays, OPTIONAL } from "./values.mjs";

export { NsdError } from "./errors.mjs";
export { image } from "./synthesis.mjs";

/**
 * A file, every rule of spec/errors.md checked.
 * @typedef {object} NsdFile
 * @property {object} header the fields of spec/header.md, `arrays` as a Map; texts are anyone's: escape them
 * @property {Map<string, import("./values.mjs").Decoded>} arrays by role
 * @property {import("./layout.mjs").Layout} layout
 * @property {number} images how many there are
 * @property {Map<string, Uint8Array>} optional bytes for whom they concern, by name
 * @property {Map<number, import("./synthesis.mjs").Matrix>} bases named bases made so far, by axis
 */

/**
 * Reads a file; no image is made.
 * @param {Uint8Array} bytes the whole file
 * @returns {Promise<NsdFile>}
 * @throws {NsdError} where the file breaks a rule, asks for more than version 1.0, or does not fit the memory
 */
export async function read(bytes) {
  try {
    return await readWithinMemory(bytes);
  } catch (error) {
    throw error instanceof RangeError ? new NsdError("TooLarge", `well-formed as far as read: ${error.message}`) : error;
  }
}

async function readWithinMemory(bytes) {
  const { text, tensors } = readFraming(bytes);
  const opened = openHeader(text);
  await checkDigest(bytes);
  const header = readHeader(opened);
  const layout = layoutOf(header);
  const arrays = await decodeArrays(header.arrays, tensors);
  checkMask(arrays);
  checkLabels(arrays, layout, header.classes.length);
  const optional = [...tensors].filter(([name]) => name.startsWith(OPTIONAL));
  const extra = new Map(optional.map(([name, tensor]) => [name.slice(OPTIONAL.length), tensor.bytes]));
  return { header, arrays, layout, images: layout.images, optional: extra, bases: new Map() };
}

function checkMask(arrays) {
  const mask = arrays.get("mask");
  if (mask === undefined) {
    return;
  }
  const coefficients = arrays.get("spectrum").shape[3];
  const places = mask.shape[1] * mask.shape[2];
  for (let m = 0; m < mask.shape[0]; m += 1) {
    const set = mask.values.subarray(m * places, (m + 1) * places).reduce((sum, bit) => sum + bit, 0);
    demand(set === coefficients, "NSD-S03", `mask ${m} selects ${set} places for ${coefficients} coefficients`);
  }
}

function checkLabels(arrays, layout, classes) {
  if (layout.labels === "stored") {
    const within = arrays.get("labels").values.every((label) => label < classes);
    demand(within, "NSD-L02", `a label is not below ${classes}, the number of classes`);
  }
}

/**
 * The class of image n: the place of its name in `file.header.classes`. Of soft labels the class of the largest score,
 * the first of equals.
 * @returns {number}
 * @throws {RangeError} where there is no image n
 */
export function label(file, n) {
  demandImage(file, n);
  const classes = file.header.classes.length;
  if (file.layout.labels === "balanced") {
    return Math.floor((n * classes) / file.images); // exact: below 2^24 times 2^16
  }
  if (file.layout.labels === "stored") {
    return file.arrays.get("labels").values[n];
  }
  const scores = scoresOf(file, n);
  return scores.reduce((best, score, c) => (score > scores[best] ? c : best), 0);
}

/**
 * The distribution over the classes of image n, of soft labels; null where each image has a class.
 * @returns {Float64Array|null} [classes]
 * @throws {RangeError} where there is no image n
 */
export function distribution(file, n) {
  demandImage(file, n);
  if (file.layout.labels !== "soft") {
    return null;
  }
  const scores = scoresOf(file, n);
  const largest = scores.reduce((a, b) => Math.max(a, b));
  const weights = Float64Array.from(scores, (score) => Math.exp(score - largest));
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
}

function scoresOf(file, n) {
  const classes = file.header.classes.length;
  return file.arrays.get("labels").values.subarray(n * classes, (n + 1) * classes);
}

function demandImage(file, n) {
  if (!Number.isInteger(n) || n < 0 || n >= file.images) {
    throw new RangeError(`image ${n}: the file has the images 0 to ${file.images - 1}`);
  }
}

/**
 * Image n for a canvas: 255 (x std + mean), rounded and clamped. Three channels are red, green and blue; of any other
 * number the first is shown in grey.
 * @returns {Uint8ClampedArray} RGBA, [H, W, 4]
 * @throws {RangeError} where there is no image n
 */
export function pixels(file, n) {
  const values = image(file, n);
  const [channels, height, width] = file.header.image_shape;
  const { mean, std } = file.header.normalization;
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
