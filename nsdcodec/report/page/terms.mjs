// What an image is a sum of: slices of its spectrum with their weights, or basis pictures with their coefficients.

import { inPlace, matrixOf, placeOf, samplesOf, sliceOf } from "../../../spec/reference/javascript/synthesis.mjs";

/**
 * @typedef {object} Sum
 * @property {"slices"|"coefficients"|"values"} kind of values: nothing is mixed, the stored numbers are a small picture
 * @property {{index: number, weight: number, size: number}[]} terms largest first; size: weight times the norm of the picture
 * @property {(index: number) => Float64Array} picture what one term adds with a weight of 1: [C, H, W]
 * @property {(count: number) => Float64Array} partial the sum of the largest terms: [C, H, W]
 * @property {Float64Array} [placed] of coefficients and values: what is stored for this image alone, [t2, t3, t4]
 */

/** Image n of a read file as a sum. @returns {Sum} */
export function sumOf(file, n) {
  const { spectrum, kernel, place } = placeOf(file, n);
  const batch = matrixOf(file, 0, kernel);
  return batch === null ? ofCoefficients(file, spectrum, kernel, place) : ofSlices(file, spectrum, kernel, place, batch);
}

function ofSlices(file, spectrum, kernel, place, batch) {
  const pictures = Array.from({ length: batch.rows }, (_, p) =>
    samplesOf(file, kernel, inPlace(file, spectrum, new Float64Array(sliceOf(file, spectrum, p)))),
  );
  const terms = pictures.map((values, index) => {
    const weight = batch.values[index * batch.columns + place];
    return { index, weight, size: Math.abs(weight) * norm(values) };
  });
  terms.sort(bySize);
  const partial = (count) => {
    const sum = new Float64Array(pictures[0].length);
    for (const { index, weight } of terms.slice(0, count)) {
      pictures[index].forEach((value, i) => (sum[i] += weight * value));
    }
    return sum;
  };
  return { kind: "slices", terms, picture: (index) => pictures[index], partial };
}

function ofCoefficients(file, spectrum, kernel, place) {
  const placed = inPlace(file, spectrum, new Float64Array(sliceOf(file, spectrum, place)));
  const [, , t3, t4] = file.layout.sizes;
  const matrices = [1, 2, 3].map((axis) => matrixOf(file, axis, kernel));
  const [channelNorms, heightNorms, widthNorms] = matrices.map((matrix) => (matrix === null ? null : rowNorms(matrix)));
  const normAt = (i) =>
    (channelNorms?.[Math.floor(i / (t3 * t4))] ?? 1) *
    (heightNorms?.[Math.floor(i / t4) % t3] ?? 1) *
    (widthNorms?.[i % t4] ?? 1);
  const terms = [];
  placed.forEach((weight, index) => {
    if (weight !== 0) {
      terms.push({ index, weight, size: Math.abs(weight) * normAt(index) });
    }
  });
  terms.sort(bySize);
  const partial = (count) => {
    const kept = new Float64Array(placed.length);
    for (const { index, weight } of terms.slice(0, count)) {
      kept[index] = weight;
    }
    return samplesOf(file, kernel, kept);
  };
  const picture = (index) => {
    const one = new Float64Array(placed.length);
    one[index] = 1;
    return samplesOf(file, kernel, one);
  };
  return { kind: isLocal(file) ? "values" : "coefficients", terms, picture, partial, placed };
}

/** Whether each stored number is seen near one place of the image: it is a pixel, or one of a smaller image. */
function isLocal({ arrays, header: { synthesis } }) {
  return ["height", "width"].every(
    (axis) => !arrays.has(`${axis}_kernel`) && (synthesis[axis] === null || synthesis[axis] === "bilinear"),
  );
}

const bySize = (a, b) => b.size - a.size || a.index - b.index;

function norm(values) {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

function rowNorms({ rows, columns, values }) {
  return Array.from({ length: rows }, (_, i) => norm(values.subarray(i * columns, (i + 1) * columns)));
}
