// The values of the arrays: stored types and codings (spec/container.md).

import { demand } from "./errors.mjs";
import { DTYPES } from "./header.mjs";
import { decompress } from "./zstd.mjs";

/** What the names of tensors begin with that a reader may ignore. */
export const OPTIONAL = "optional.";

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
  const isCoded = tensors.has("coded");
  return new Map([...arrays].map(([role, entry]) => [role, decodeArray(role, entry, isCoded, parts.get(role))]));
}

/** The stored bytes of each array: its tensor, or its part of the frame (NSD-A01 to A03). */
async function storedParts(arrays, tensors) {
  const isCoded = tensors.has("coded");
  const roles = [...arrays.keys()].sort();
  const wanted = isCoded ? ["coded"] : roles;
  const names = [...tensors.keys()].filter((name) => !name.startsWith(OPTIONAL));
  const exact = wanted.length === names.length && wanted.every((name) => tensors.has(name));
  demand(exact, "NSD-A01", `the tensors are ${names}; the table asks for ${wanted}`);
  for (const [name, { dtype, shape }] of tensors) {
    const bytes = name === "coded" || name.startsWith(OPTIONAL);
    demand(!bytes || (dtype === "U8" && shape.length === 1), "NSD-A02", `${name} is ${dtype} [${shape}]; U8 [n] is wanted`);
  }
  if (!isCoded) {
    return new Map(roles.map((role) => [role, rawBytes(role, arrays.get(role), tensors.get(role))]));
  }
  const lengths = roles.map((role) => storedBytes(formOf(arrays.get(role), true)));
  const content = await decompress(tensors.get("coded").bytes, lengths.reduce((all, length) => all + length));
  let at = 0;
  return new Map(roles.map((role, i) => [role, content.subarray(at, (at += lengths[i]))]));
}

function rawBytes(role, entry, tensor) {
  const { kind, tensor: dtype = "U8" } = DTYPES.get(entry.dtype);
  const shape = kind === "float" ? entry.shape : [storedBytes(formOf(entry, false))];
  const fits = tensor.dtype === dtype && `${tensor.shape}` === `${shape}`;
  demand(fits, "NSD-A02", `the tensor ${role} is ${tensor.dtype} [${tensor.shape}]; ${dtype} [${shape}] is wanted`);
  return tensor.bytes;
}

const product = (lengths) => lengths.reduce((all, length) => all * length, 1);

/**
 * How the bytes of an array are laid out: its scales, then its items in planes of a bit each, or one after the other.
 * @typedef {{scales: number, count: number, bits: number, isBitwise: boolean}} Form
 * bits: of an item as it is stored
 */

/** @returns {Form} */
function formOf({ dtype, shape, isPlain, scaleAxes }, isCoded) {
  const { kind, bits } = DTYPES.get(dtype);
  return {
    scales: kind === "int" ? product(shape.slice(0, scaleAxes)) : 0,
    count: product(shape),
    bits: isCoded && bits < 8 && 8 % bits !== 0 ? 8 : bits,
    isBitwise: isCoded && bits > 8 && !isPlain,
  };
}

/** Bytes that an array takes where nothing is coded. @param {import("./header.mjs").Entry} entry */
export const plainBytes = (entry) => storedBytes(formOf(entry, false));

function storedBytes({ scales, count, bits, isBitwise }) {
  return 2 * scales + (isBitwise ? bits * Math.ceil(count / 8) : Math.ceil((count * bits) / 8));
}

/** @returns {Decoded} */
function decodeArray(role, entry, isCoded, bytes) {
  const { dtype, shape } = entry;
  const { kind, bits } = DTYPES.get(dtype);
  const form = formOf(entry, isCoded);
  const body = bytes.subarray(2 * form.scales);
  const items = form.isBitwise ? planeItems(role, body, form) : packedItems(role, body, form);
  if (kind === "float") {
    return { dtype, shape, values: floatsOf(role, dtype, items), integers: null };
  }
  if (kind === "uint") {
    return { dtype, shape, values: items, integers: items };
  }
  const halves = packedItems(role, bytes.subarray(0, 2 * form.scales), { count: form.scales, bits: 16 });
  const scales = floatsOf(role, "float16", halves);
  demand(scales.every((scale) => scale >= 0), "NSD-A04", `a scale of ${role} is below 0`);
  const unused = 32 - form.bits;
  const integers = new Int8Array(items).map((item) => (item << unused) >> unused); // the sign bit spread over them
  const most = 2 ** (bits - 1) - 1;
  const within = integers.every((integer) => Math.abs(integer) <= most);
  demand(within, "NSD-A04", `${role} has an integer not within ${most} of 0`);
  const share = integers.length / scales.length;
  const values = new Float32Array(integers).map((integer, i) => integer * scales[Math.floor(i / share)]);
  return { dtype, shape, values, integers };
}

function emptyItems(count, bits) {
  return new (bits > 16 ? Uint32Array : bits > 8 ? Uint16Array : Uint8Array)(count);
}

/** Items one after the other without gaps, each with its lowest bit first, from the lowest bit of the first byte on. */
function packedItems(role, bytes, { count, bits }) {
  const items = emptyItems(count, bits);
  const width = bits / 8;
  if (width >= 1) {
    for (let at = 0; at < bytes.length; at += 1) {
      items[Math.floor(at / width)] |= bytes[at] << (8 * (at % width));
    }
    return items;
  }
  let held = 0; // bits read and not given out yet, and how many
  let holding = 0;
  let at = 0;
  for (let i = 0; i < count; i += 1) {
    for (; holding < bits; holding += 8) {
      held |= bytes[at] << holding;
      at += 1;
    }
    items[i] = held & ((1 << bits) - 1);
    held >>>= bits;
    holding -= bits;
  }
  demand(held === 0, "NSD-A04", `${role} has a padding bit that is set`);
  return items;
}

/** Items in planes, the lowest bit of all items first; each plane begins at a whole byte. */
function planeItems(role, bytes, { count, bits }) {
  const items = emptyItems(count, bits);
  const stride = Math.ceil(count / 8);
  for (let bit = 0; bit < bits; bit += 1) {
    const plane = packedItems(role, bytes.subarray(bit * stride, (bit + 1) * stride), { count, bits: 1 });
    for (let i = 0; i < count; i += 1) {
      items[i] |= plane[i] << bit;
    }
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
