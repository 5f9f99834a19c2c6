// How the arrays of the table fit the image shape and each other (spec/synthesis.md), before any is decoded.

import { DTYPES } from "./header.mjs";
import { demand } from "./errors.mjs";

const MAX_DECODED_BYTES = 2 ** 30;
const MAX_IMAGES = 2 ** 24;
const MAX_IMAGE_VALUES = 2 ** 28;
const MAX_VALUES = 2 ** 36;

/** The four axes: name, and the role of the kernel. */
export const AXES = ["batch", "channel", "height", "width"];
export const kernelOf = (axis) => `${axis}_kernel`;
const ROLES = ["spectrum", "mask", "labels", ...AXES.map(kernelOf)];

/**
 * @typedef {object} Layout
 * @property {number} spectra S
 * @property {number} kernels N_K
 * @property {boolean} zip whether spectrum a meets kernel a; else each spectrum meets each kernel
 * @property {number[]} sizes [t1, t2, t3, t4]: coefficients an axis
 * @property {number[]} samples [u1, C, H, W]: images of a block, and the image shape
 * @property {number} images
 * @property {"balanced"|"stored"|"soft"} labels
 */

/**
 * The layout of a file, by its checked header (NSD-A05, S01, S02, L01). Products are binary64: they may round above
 * 2^53, but no product of integers from 1 on rounds from above a limit to below it, nor wraps.
 * @returns {Layout}
 */
export function layoutOf({ arrays, image_shape: imageShape, synthesis, classes }) {
  checkDecodedBytes(arrays);
  checkRoles(arrays, synthesis);
  const sizes = spectrumSizes(arrays);
  const spectra = arrays.get("spectrum").shape[0];
  const batch = arrays.get("batch_kernel");
  const samples = [batch === undefined ? sizes[0] : batch.shape.at(-1), ...imageShape];
  const kernels = countKernels(arrays, sizes, samples);
  AXES.forEach((axis, i) => checkUnstored(arrays, axis, synthesis[axis], sizes[i], samples[i]));
  const zip = synthesis.pairing === "zip";
  const pairs = !zip || kernels === 1 || kernels === spectra;
  demand(pairs, "NSD-S02", `${spectra} spectra and ${kernels} kernels do not pair one to one`);
  const images = (zip ? spectra : spectra * kernels) * samples[0];
  demand(images <= MAX_IMAGES, "NSD-A05", `${images} images; at most ${MAX_IMAGES}`);
  checkValues(sizes, samples, images);
  const labels = labelRule(arrays.get("labels"), images, classes.length);
  return { spectra, kernels, zip, sizes, samples, images, labels };
}

const product = (lengths) => lengths.reduce((all, length) => all * length, 1);

function checkRoles(arrays, synthesis) {
  for (const role of arrays.keys()) {
    demand(ROLES.includes(role), "NSD-S01", `the role ${JSON.stringify(role)} is unknown`);
  }
  demand(arrays.has("spectrum"), "NSD-S01", "there is no spectrum");
  for (const axis of AXES) {
    const unused = arrays.has(kernelOf(axis)) && synthesis[axis];
    demand(!unused, "NSD-S01", `${kernelOf(axis)} stands beside the basis ${synthesis[axis]} and would not be used`);
  }
}

function checkDecodedBytes(arrays) {
  let total = 0;
  for (const { dtype, shape } of arrays.values()) {
    total += product(shape) * (DTYPES.get(dtype).kind === "uint" ? 2 : 4);
  }
  demand(total <= MAX_DECODED_BYTES, "NSD-A05", `the arrays decode to ${total} bytes; at most ${MAX_DECODED_BYTES}`);
}

function demandReal(arrays, role, axes) {
  const { dtype, shape } = arrays.get(role);
  demand(DTYPES.get(dtype).kind !== "uint", "NSD-S02", `${role} is ${dtype}; a float or an int is wanted`);
  demand(shape.length === axes, "NSD-S02", `${role} has ${shape.length} axes; ${axes} are wanted`);
}

/** [t1, t2, t3, t4]. */
function spectrumSizes(arrays) {
  const mask = arrays.get("mask");
  demandReal(arrays, "spectrum", mask === undefined ? 5 : 4);
  const [spectra, ...sizes] = arrays.get("spectrum").shape;
  if (mask === undefined) {
    return sizes;
  }
  demand(mask.dtype === "uint1", "NSD-S02", `the mask is ${mask.dtype}; uint1 is wanted`);
  const fits = mask.shape.length === 3 && (mask.shape[0] === 1 || mask.shape[0] === spectra);
  demand(fits, "NSD-S02", `a mask of the shape [${mask.shape}] for ${spectra} spectra`);
  return [sizes[0], sizes[1], mask.shape[1], mask.shape[2]];
}

/** N_K, the shapes of all kernels checked. */
function countKernels(arrays, sizes, samples) {
  const counts = [1];
  AXES.forEach((axis, i) => {
    const role = kernelOf(axis);
    if (arrays.has(role)) {
      demandReal(arrays, role, 3);
      const [count, size, length] = arrays.get(role).shape;
      const fits = size === sizes[i] && length === samples[i];
      demand(fits, "NSD-S02", `${role} is [${count}, ${size}, ${length}]; [N, ${sizes[i]}, ${samples[i]}] is wanted`);
      counts.push(count);
    }
  });
  const most = counts.reduce((a, b) => Math.max(a, b));
  const fits = counts.every((count) => count === 1 || count === most);
  demand(fits, "NSD-S02", `axes of ${counts} kernels: 1 or ${most} fit`);
  return most;
}

function checkUnstored(arrays, axis, basis, size, length) {
  if (arrays.has(kernelOf(axis))) {
    return;
  }
  const fits = basis ? size <= length : size === length;
  demand(fits, "NSD-S02", `${size} coefficients do not fit ${length} samples of ${axis} by ${basis ?? "the identity"}`);
}

function checkValues([, t2, t3, t4], [, channels, height, width], images) {
  const steps = [t2 * t3 * t4, channels * t3 * t4, channels * height * t4, channels * height * width];
  const most = Math.max(...steps);
  demand(most <= MAX_IMAGE_VALUES, "NSD-A05", `an image takes ${most} values on its way; at most ${MAX_IMAGE_VALUES}`);
  demand(images * most <= MAX_VALUES, "NSD-A05", `${images} images of ${most} values; at most ${MAX_VALUES} together`);
}

function labelRule(labels, images, classes) {
  if (labels === undefined) {
    return "balanced";
  }
  const rule = DTYPES.get(labels.dtype).kind === "uint" ? "stored" : "soft";
  const wanted = rule === "stored" ? [images] : [images, classes];
  const fits = labels.shape.length === wanted.length && labels.shape.every((length, i) => length === wanted[i]);
  demand(fits, "NSD-L01", `labels of the shape [${labels.shape}]; [${wanted}] is wanted`);
  return rule;
}
