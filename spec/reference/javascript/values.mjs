// The values of the arrays: stored types and codings (spec/container.md).

import { demand } from "./errors.mjs";
import { DTYPES } from "./header.mjs";
import { decompress } from "./zstd.mjs";

/**
 * A decoded array, values in C order.
 * @typedef {object} Decoded
 * @property {string} dtype
 * @property {number[]} shape
 * @property {Float32Array|Uint8Array|Uint16Array} values of an int dtype scale times integer, of a uint the integers
 * @property {Int8Array|Uint8Array|Uint16Array|null} integers as stored; null for a float dtype
 */

/**
 * Decodes all arrays (NSD-A01 to A04).
 * @param {Map<string, import("./header.mjs").Entry>} arrays the table, found sound
 * @param {Map<string, import("./framing.mjs").Tensor>} tensors
 * @returns {Promise<Map<string, Decoded>>}
 */
export async function decodeArrays(arrays, tensors) {
  const parts = await storedParts(arrays, tensors);
  return new Map([...arrays].map(([role, entry]) => [role, decodeArray(role, entry, parts.get(role))]));
}

/** The stored bytes of each array: its tensor, or its part of the frame (NSD-A01 to A03). */
async function storedParts(arrays, tensors) {
  const raw = [...arrays.keys()].filter((role) => arrays.get(role).coding === "raw");
  const coded = [...arrays.keys()].filter((role) => arrays.get(role).coding !== "raw").sort();
  const wanted = coded.length > 0 ? [...raw, "coded"] : raw;
  const exact = wanted.length === tensors.size && wanted.every((name) => tensors.has(name));
  demand(exact, "NSD-A01", `the tensors are ${[...tensors.keys()]}; the table asks for ${wanted}`);
  const parts = new Map();
  for (const role of raw) {
    checkRaw(role, arrays.get(role), tensors.get(role));
    parts.set(role, tensors.get(role).bytes);
  }
  if (coded.length > 0) {
    const { dtype, shape, bytes } = tensors.get("coded");
    const fits = dtype === "U8" && shape.length === 1;
    demand(fits, "NSD-A02", `the tensor coded is ${dtype} [${shape}]; U8 [n] is wanted`);
    const lengths = coded.map((role) => storedBytes(arrays.get(role)));
    const plain = await decompress(bytes, lengths.reduce((all, length) => all + length));
    let at = 0;
    coded.forEach((role, i) => {
      parts.set(role, plain.subarray(at, at + lengths[i]));
      at += lengths[i];
    });
  }
  return parts;
}

function checkRaw(role, entry, tensor) {
  const { kind, tensor: dtype = "U8" } = DTYPES.get(entry.dtype);
  const shape = kind === "float" ? entry.shape : [storedBytes(entry)];
  const fits = tensor.dtype === dtype && `${tensor.shape}` === `${shape}`;
  demand(fits, "NSD-A02", `the tensor ${role} is ${tensor.dtype} [${tensor.shape}]; ${dtype} [${shape}] is wanted`);
}

const product = (lengths) => lengths.reduce((all, length) => all * length, 1);
const scaleBytes = ({ dtype, shape, scaledAxes }) =>
  DTYPES.get(dtype).kind === "int" ? 2 * product(shape.slice(0, scaledAxes)) : 0;

/** The bits of an item in its coding: shuffled, an item takes whole bytes. */
function itemBits({ dtype, coding }) {
  const { bits } = DTYPES.get(dtype);
  return coding === "shuffle" ? 8 * Math.ceil(bits / 8) : bits;
}

/** The length of an array's plain or shuffled bytes. */
function storedBytes(entry) {
  const count = product(entry.shape);
  const bits = itemBits(entry);
  const items = entry.coding === "bitshuffle" ? bits * Math.ceil(count / 8) : Math.ceil((count * bits) / 8);
  return scaleBytes(entry) + items;
}

/** @returns {Decoded} */
function decodeArray(role, entry, bytes) {
  const { dtype, shape } = entry;
  const { kind } = DTYPES.get(dtype);
  const items = readItems(role, entry, bytes.subarray(scaleBytes(entry)));
  if (kind === "float") {
    return { dtype, shape, values: floatsOf(role, dtype, items), integers: null };
  }
  if (kind === "uint") {
    return { dtype, shape, values: items, integers: items };
  }
  const scales = floatsOf(role, "float16", byteItems(bytes.subarray(0, scaleBytes(entry)), 2, 2, 1));
  demand(scales.every((scale) => scale >= 0), "NSD-A04", `a scale of ${role} is below 0`);
  const integers = new Int8Array(items);
  const share = integers.length / scales.length;
  const values = new Float32Array(integers).map((integer, i) => integer * scales[Math.floor(i / share)]);
  return { dtype, shape, values, integers };
}

/**
 * The items of an array: bit patterns of floats, unsigned integers, or signed ones, in the range of the dtype.
 * @returns {Uint32Array|Uint16Array|Uint8Array|Int16Array}
 */
function readItems(role, entry, bytes) {
  const { kind, bits: dtypeBits } = DTYPES.get(entry.dtype);
  const count = product(entry.shape);
  const bits = itemBits(entry);
  const size = bits / 8;
  let items;
  if (entry.coding === "bitshuffle") {
    items = planeItems(role, bytes, count, bits);
  } else if (entry.coding === "shuffle") {
    items = byteItems(bytes, size, 1, count);
  } else {
    items = kind === "float" ? byteItems(bytes, size, size, 1) : packedItems(role, bytes, count, bits);
  }
  if (kind === "uint") {
    const most = 2 ** dtypeBits - 1;
    demand(items.every((item) => item <= most), "NSD-A04", `${role} has an integer over ${most}`);
  } else if (kind === "int") {
    const most = 2 ** (dtypeBits - 1) - 1;
    const unused = 32 - bits;
    // The sign bit spread over the unused ones.
    items = new Int16Array(items).map((item) => (item << unused) >> unused);
    demand(items.every((item) => Math.abs(item) <= most), "NSD-A04", `${role} has an integer not within ${most} of 0`);
  }
  return items;
}

function emptyItems(count, bits) {
  return new (bits > 16 ? Uint32Array : bits > 8 ? Uint16Array : Uint8Array)(count);
}

/** Items of whole bytes: byte j of item i stands at i itemStep + j byteStep. */
function byteItems(bytes, size, itemStep, byteStep) {
  const items = emptyItems(bytes.length / size, 8 * size);
  for (let j = 0; j < size; j += 1) {
    for (let i = 0; i < items.length; i += 1) {
      items[i] |= bytes[i * itemStep + j * byteStep] << (8 * j);
    }
  }
  return items;
}

/** Items without gaps, each with its highest bit first, from the highest bit of the first byte on. */
function packedItems(role, bytes, count, bits) {
  const items = emptyItems(count, bits);
  let held = 0; // bits read and not given out yet, and how many
  let holding = 0;
  let at = 0;
  for (let i = 0; i < count; i += 1) {
    for (; holding < bits; holding += 8) {
      held = (held << 8) | bytes[at];
      at += 1;
    }
    holding -= bits;
    items[i] = held >>> holding;
    held &= (1 << holding) - 1;
  }
  demand(held === 0, "NSD-A04", `${role} has a padding bit that is set`);
  return items;
}

/** Items in planes, the highest bit of all items first; each plane begins at a whole byte. */
function planeItems(role, bytes, count, bits) {
  const items = emptyItems(count, bits);
  const stride = Math.ceil(count / 8);
  for (let plane = 0; plane < bits; plane += 1) {
    const shift = bits - 1 - plane;
    for (let i = 0; i < count; i += 1) {
      items[i] |= ((bytes[plane * stride + (i >>> 3)] >>> (7 - (i & 7))) & 1) << shift;
    }
    const padding = bytes[(plane + 1) * stride - 1] & ((1 << (8 * stride - count)) - 1);
    demand(padding === 0, "NSD-A04", `${role} has a padding bit that is set`);
  }
  return items;
}

/** The values of bit patterns, all finite (NSD-A04). @returns {Float32Array} */
function floatsOf(role, dtype, patterns) {
  const values =
    dtype === "float32"
      ? new Float32Array(patterns.buffer)
      : dtype === "bfloat16"
        ? new Float32Array(new Uint32Array(patterns).map((pattern) => pattern << 16).buffer)
        : new Float32Array(patterns).map(half);
  demand(values.every(Number.isFinite), "NSD-A04", `${role} has a value that is not finite`);
  return values;
}

/** The value of the 16 bits of a binary16. */
function half(pattern) {
  const sign = pattern & 0x8000 ? -1 : 1;
  const exponent = (pattern >>> 10) & 31;
  const fraction = pattern & 1023;
  if (exponent === 31) {
    return fraction === 0 ? sign * Infinity : NaN;
  }
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}
