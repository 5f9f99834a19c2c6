// The framing and the digest of a file (spec/container.md).

import { demand, NsdError } from "./errors.mjs";
import { parseStrictJson } from "./strict_json.mjs";

/** @typedef {{dtype: string, shape: number[], bytes: Uint8Array}} Tensor */

const MAX_FILE = 2 ** 30;
const MAX_HEADER = 2 ** 22;
const MAX_AXES = 6;
const ALIGNMENT = 8;
const DIGEST_BYTES = 32;
const TENSOR_BYTES = { F32: 4, F16: 2, BF16: 2, U8: 1 };

/**
 * The parts of a file, its framing checked (NSD-F01 to F08).
 * @param {Uint8Array} bytes the whole file
 * @returns {{text: string, tensors: Map<string, Tensor>}} text: the nsd header; tensors by name, without the digest
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
  const tensors = readTensors(entries, bytes.subarray(headerEnd));
  demand(headerEnd % ALIGNMENT === 0, "NSD-F07", `a safetensors header of ${length} bytes, no multiple of ${ALIGNMENT}`);
  const [name, digest] = [...tensors].at(-1) ?? ["", { dtype: "", shape: [] }];
  const last = name === "sha256" && digest.dtype === "U8" && `${digest.shape}` === `${DIGEST_BYTES}`;
  demand(last, "NSD-F08", `the last tensor is ${name} ${digest.dtype} [${digest.shape}]; sha256 U8 [32] is wanted`);
  tensors.delete(name);
  return { text: metadata.nsd, tensors };
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
  ranges.sort(byStart);
  let covered = 0n;
  let largest = Infinity;
  for (const { name, dtype, start, end } of ranges) {
    demand(start === covered, "NSD-F06", `the tensor ${name} begins at byte ${start}, and ${covered} are covered`);
    demand(TENSOR_BYTES[dtype] <= largest, "NSD-F07", `the tensor ${name} stands after one of smaller items`);
    covered = end;
    largest = TENSOR_BYTES[dtype];
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
  demand(areIntegers(shape, 1n) && shape.length >= 1 && shape.length <= MAX_AXES, "NSD-F05", wrong);
  demand(areIntegers(offsets, 0n) && offsets.length === 2, "NSD-F05", wrong);
  const [start, end] = offsets;
  const size = shape.reduce((product, length) => product * length, BigInt(TENSOR_BYTES[dtype]));
  demand(end - start === size, "NSD-F05", wrong);
  return { dtype, shape, start, end };
}

function areIntegers(value, least) {
  return Array.isArray(value) && value.every((item) => typeof item === "bigint" && item >= least);
}

/**
 * Checks that the last 32 bytes are the SHA-256 of all before them (DigestMismatch). In a browser, a page must be of a
 * secure context to have SHA-256.
 * @param {Uint8Array} bytes the whole file, its framing found sound
 */
export async function checkDigest(bytes) {
  const end = bytes.length - DIGEST_BYTES;
  // Node 18 has it in a module only, which no browser is asked for.
  const { subtle } = globalThis.crypto ?? (await import(/* webpackIgnore: true */ "node:crypto")).webcrypto;
  const found = new Uint8Array(await subtle.digest("SHA-256", bytes.subarray(0, end)));
  const same = found.every((byte, i) => byte === bytes[end + i]);
  demand(same, "DigestMismatch", "the last 32 bytes are not the SHA-256 of the others: damaged or changed");
}
