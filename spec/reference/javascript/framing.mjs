// The framing and the digest of a file (spec/container.md).

import { demand, NsdError } from "./errors.mjs";
import { parseStrictJson } from "./strict_json.mjs";

/** @typedef {{dtype: string, shape: number[], bytes: Uint8Array}} Tensor */

const MAX_FILE = 2 ** 30;
const MAX_HEADER = 2 ** 22;
const TENSOR_BYTES = { F32: 4, F16: 2, BF16: 2, U8: 1 };

/**
 * The parts of a file, its framing checked (NSD-F01 to F06).
 * @param {Uint8Array} bytes the whole file
 * @returns {{headerEnd: number, text: string, tensors: Map<string, Tensor>}} headerEnd: where the data begins; text:
 *   the nsd header; tensors by name
 */
export function readFraming(bytes) {
  demand(bytes.length <= MAX_FILE, "NSD-F02", `${bytes.length} bytes; a file has at most ${MAX_FILE}`);
  demand(bytes.length >= 8, "NSD-F01", `${bytes.length} bytes; the length of the header alone takes 8`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  demand(length <= MAX_HEADER, "NSD-F02", `a safetensors header of ${length} bytes; at most ${MAX_HEADER}`);
  const headerEnd = 8 + Number(length);
  demand(headerEnd <= bytes.length, "NSD-F01", `the header ends at byte ${headerEnd}, the file at ${bytes.length}`);
  const { __metadata__: metadata, ...entries } = readJson(bytes.subarray(8, headerEnd));
  const sole = isObject(metadata) && Object.keys(metadata).length === 1 && typeof metadata.nsd === "string";
  demand(sole, "NSD-F04", "the metadata is not one text under the key nsd");
  return { headerEnd, text: metadata.nsd, tensors: readTensors(entries, bytes.subarray(headerEnd)) };
}

/** Whether a parsed JSON value is an object. */
export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readJson(bytes) {
  demand(bytes[0] === 0x7b, "NSD-F03", "the safetensors header does not begin with {");
  try {
    return parseStrictJson(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    throw new NsdError("NSD-F03", `the safetensors header: ${error.message}`);
  }
}

function readTensors(entries, data) {
  const ranges = Object.entries(entries).map(([name, entry]) => ({ name, ...readEntry(name, entry) }));
  for (const { name, end } of ranges) {
    demand(end <= data.length, "NSD-F01", `the tensor ${name} ends at byte ${end} of ${data.length}`);
  }
  let covered = 0n;
  for (const { name, start, end } of ranges.filter((range) => range.end > range.start).sort(byStart)) {
    demand(start === covered, "NSD-F06", `the tensor ${name} begins at byte ${start}, and ${covered} are covered`);
    covered = end;
  }
  demand(covered === BigInt(data.length), "NSD-F06", `the tensors cover ${covered} bytes of ${data.length}`);
  return new Map(
    ranges.map(({ name, dtype, shape, start, end }) => [
      name,
      { dtype, shape: shape.map(Number), bytes: data.subarray(Number(start), Number(end)) },
    ]),
  );
}

const byStart = (a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0);

/** Lengths and offsets stay BigInt until they were found to lie inside the data: no product wraps or rounds. */
function readEntry(name, entry) {
  const wrong = `the tensor ${name} is not exactly a dtype, a shape and offsets that agree`;
  demand(isObject(entry) && Object.keys(entry).length === 3, "NSD-F05", wrong);
  const { dtype, shape, data_offsets: offsets } = entry;
  demand(typeof dtype === "string" && Object.hasOwn(TENSOR_BYTES, dtype), "NSD-F05", wrong);
  demand(areLengths(shape) && shape.length <= 6, "NSD-F05", wrong);
  demand(areLengths(offsets) && offsets.length === 2, "NSD-F05", wrong);
  const [start, end] = offsets;
  const size = shape.reduce((product, length) => product * length, BigInt(TENSOR_BYTES[dtype]));
  demand(end - start === size, "NSD-F05", wrong);
  return { dtype, shape, start, end };
}

function areLengths(value) {
  return Array.isArray(value) && value.every((item) => typeof item === "bigint" && item >= 0n);
}

const ascii = (text) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const BEFORE_DIGITS = ascii('\\"digest\\":\\"sha256:');
const AFTER_DIGITS = ascii('\\"');
const DIGITS = 64;

/**
 * The 64 digits of the digest, found once and true (NSD-H02, DigestMismatch). In a browser, a page must be of a secure
 * context to have SHA-256.
 * @param {Uint8Array} bytes the whole file
 * @param {number} headerEnd where the data begins
 * @returns {Promise<string>}
 */
export async function readDigest(bytes, headerEnd) {
  const places = digestPlaces(bytes.subarray(0, headerEnd));
  demand(places.length === 1, "NSD-H02", `${places.length} digest fields; exactly one is wanted`);
  const [place] = places;
  const stated = String.fromCharCode(...bytes.subarray(place, place + DIGITS));
  const blank = bytes.slice().fill(0x30, place, place + DIGITS);
  const digest = new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", blank));
  const computed = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  demand(computed === stated, "DigestMismatch", `the file states the SHA-256 ${stated}; its bytes have ${computed}`);
  return stated;
}

/** Where the digits of each digest field begin. */
function digestPlaces(bytes) {
  const matches = (wanted, at) => wanted.every((byte, i) => bytes[at + i] === byte);
  const isDigit = (byte) => (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66);
  const places = [];
  for (let at = bytes.indexOf(BEFORE_DIGITS[0]); at >= 0; at = bytes.indexOf(BEFORE_DIGITS[0], at + 1)) {
    const first = at + BEFORE_DIGITS.length;
    if (matches(BEFORE_DIGITS, at) && matches(AFTER_DIGITS, first + DIGITS)) {
      if (bytes.subarray(first, first + DIGITS).every(isDigit)) {
        places.push(first);
      }
    }
  }
  return places;
}
