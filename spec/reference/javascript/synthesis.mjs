// From arrays to images: named bases, masks and the multiplication along four axes (spec/synthesis.md), in binary64.

import { demand } from "./errors.mjs";
import { AXES, kernelOf } from "./layout.mjs";

/**
 * A matrix [rows, columns] in C order: row i is what coefficient i adds to the samples.
 * @typedef {{rows: number, columns: number, values: Float64Array|Float32Array}} Matrix
 */

const ELEMENTS = {
  dct: (i, j, t, u) => (i === 0 ? Math.sqrt(1 / u) : Math.sqrt(2 / u) * Math.cos((Math.PI * i * (j + 0.5)) / u)),
  dct4: (i, j, t, u) => Math.sqrt(2 / u) * Math.cos((Math.PI * (i + 0.5) * (j + 0.5)) / u),
  bilinear: (i, j, t, u) => {
    const z = Math.min(Math.max(((j + 0.5) * t) / u - 0.5, 0), t - 1);
    const first = Math.floor(z);
    const second = Math.min(first + 1, t - 1);
    return (i === first ? 1 - (z - first) : 0) + (i === second ? z - first : 0);
  },
};

/** The matrix [t, u] of a name. @returns {Matrix} */
export function namedBasis(name, t, u) {
  if (name === "haar") {
    return haar(t, u);
  }
  const values = new Float64Array(t * u);
  for (let i = 0; i < t; i += 1) {
    for (let j = 0; j < u; j += 1) {
      values[i * u + j] = ELEMENTS[name](i, j, t, u);
    }
  }
  return { rows: t, columns: u, values };
}

function haar(t, u) {
  const values = new Float64Array(t * u).fill(Math.sqrt(1 / u), 0, u);
  const stretches = [[0, u]]; // taken from the front, their parts put behind: generation by generation
  for (let row = 1, next = 0; row < t; next += 1) {
    const [start, end] = stretches[next];
    const length = end - start;
    if (length > 1) {
      const left = Math.ceil(length / 2);
      const right = length - left;
      const cut = start + left;
      values.fill(Math.sqrt(right / (left * length)), row * u + start, row * u + cut);
      values.fill(-Math.sqrt(left / (right * length)), row * u + cut, row * u + end);
      stretches.push([start, cut], [cut, end]);
      row += 1;
    }
  }
  return { rows: t, columns: u, values };
}

/**
 * Image n of a read file, in normalised units.
 * @returns {Float64Array} [C, H, W] in C order
 * @throws {RangeError} where there is no image n
 * @throws {NsdError} NSD-S04, where a value overflows
 */
export function image(file, n) {
  const { spectrum, kernel, place } = placeOf(file, n);
  const values = samplesOf(file, kernel, inPlace(file, spectrum, coefficientsOf(file, spectrum, kernel, place)));
  demand(values.every((value) => Number.isFinite(Math.fround(value))), "NSD-S04", `image ${n} is not finite in binary32`);
  return values;
}

/**
 * Which spectrum and kernel make image n, and its place among the images of these two.
 * @throws {RangeError} where there is no image n
 */
export function placeOf({ layout }, n) {
  if (!Number.isInteger(n) || n < 0 || n >= layout.images) {
    throw new RangeError(`image ${n}: the file has the images 0 to ${layout.images - 1}`);
  }
  const block = Math.floor(n / layout.samples[0]);
  const spectrum = layout.zip ? block : Math.floor(block / layout.kernels);
  const kernel = layout.zip ? block : block % layout.kernels;
  return { spectrum, kernel, place: n % layout.samples[0] };
}

/** Coefficients [t2, t3, t4] multiplied along channel, height and width: [C, H, W]. */
export function samplesOf(file, kernel, coefficients) {
  const [, , t3, t4] = file.layout.sizes;
  const [, channels, height] = file.layout.samples;
  let values = along(coefficients, 1, t3 * t4, matrixOf(file, 1, kernel));
  values = along(values, channels, t4, matrixOf(file, 2, kernel));
  return along(values, channels * height, 1, matrixOf(file, 3, kernel));
}

/** Slice p of a spectrum as it is stored: [t2, t3, t4], or masked [t2, k]. */
export function sliceOf({ arrays, layout }, spectrum, p) {
  const [t1] = layout.sizes;
  const { values, shape } = arrays.get("spectrum");
  const size = values.length / (shape[0] * t1);
  return values.subarray((spectrum * t1 + p) * size, (spectrum * t1 + p + 1) * size);
}

/** The coefficients of one image, the batch axis multiplied: [t2, t3, t4], or masked [t2, k]. */
function coefficientsOf(file, spectrum, kernel, place) {
  const batch = matrixOf(file, 0, kernel);
  if (batch === null) {
    return new Float64Array(sliceOf(file, spectrum, place));
  }
  const sum = new Float64Array(sliceOf(file, spectrum, 0).length);
  for (let p = 0; p < batch.rows; p += 1) {
    const weight = batch.values[p * batch.columns + place];
    const slice = sliceOf(file, spectrum, p);
    for (let i = 0; i < sum.length; i += 1) {
      sum[i] += weight * slice[i];
    }
  }
  return sum;
}

/** Coefficients [t2, k] at the places of the spectrum's mask, zeros elsewhere: [t2, t3, t4]. */
export function inPlace({ arrays, layout }, spectrum, coefficients) {
  const mask = arrays.get("mask");
  if (mask === undefined) {
    return coefficients;
  }
  const [, t2, t3, t4] = layout.sizes;
  const start = Math.min(spectrum, mask.shape[0] - 1) * t3 * t4;
  const placed = new Float64Array(t2 * t3 * t4);
  let next = 0;
  for (let q = 0; q < t2; q += 1) {
    for (let i = 0; i < t3 * t4; i += 1) {
      if (mask.values[start + i] === 1) {
        placed[q * t3 * t4 + i] = coefficients[next];
        next += 1;
      }
    }
  }
  return placed;
}

/** The matrix of an axis for a kernel; null for the identity. Named ones are made once a file. */
export function matrixOf({ arrays, header, layout, bases }, axis, kernel) {
  const name = header.synthesis[AXES[axis]] ?? null; // the batch axis has none
  if (name === null) {
    return stored(arrays, kernelOf(AXES[axis]), kernel);
  }
  if (!bases.has(axis)) {
    bases.set(axis, namedBasis(name, layout.sizes[axis], layout.samples[axis]));
  }
  return bases.get(axis);
}

/** Row `kernel` of a stored kernel, row 0 where all share one; null where none is stored. @returns {Matrix|null} */
function stored(arrays, role, kernel) {
  const array = arrays.get(role);
  if (array === undefined) {
    return null;
  }
  const [count, rows, columns] = array.shape;
  const start = count === 1 ? 0 : kernel * rows * columns;
  return { rows, columns, values: array.values.subarray(start, start + rows * columns) };
}

/** Values [outer, t, inner] multiplied along the middle axis: [outer, columns of the matrix, inner]. */
function along(values, outer, inner, matrix) {
  if (matrix === null) {
    return values;
  }
  const { rows, columns } = matrix;
  const made = new Float64Array(outer * columns * inner);
  for (let o = 0; o < outer; o += 1) {
    for (let r = 0; r < rows; r += 1) {
      for (let c = 0; c < columns; c += 1) {
        const weight = matrix.values[r * columns + c];
        const from = (o * rows + r) * inner;
        const to = (o * columns + c) * inner;
        for (let i = 0; i < inner; i += 1) {
          made[to + i] += weight * values[from + i];
        }
      }
    }
  }
  return made;
}
