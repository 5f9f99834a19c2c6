// The zstd frame of the coded arrays: what spec/container.md demands of its header (RFC 8878, 3.1.1.1) is checked
// here; what its blocks hold, and their checksum, is left to libzstd, compiled to WebAssembly. It stops at a block that
// holds more than the frame declares, and finds a damaged one; a decoder without these checks would not do
// (spec/security.md).

import { ZSTDDecoder } from "zstddec";
import { demand } from "./errors.mjs";

const MAGIC = 0xfd2fb528;
const MAX_WINDOW = 1 << 23;

/**
 * The content of exactly one frame, its size, window, dictionary and end checked before anything is decoded (NSD-A03).
 * @param {Uint8Array} bytes the frame, and nothing after it
 * @param {number} size of the content in bytes, at least 1
 * @returns {Promise<Uint8Array>} the content, [size]
 */
export async function decompress(bytes, size) {
  const frame = readFrameHeader(bytes);
  demand(frame.size === size, "NSD-A03", `the frame declares ${frame.size} bytes; the table asks for ${size}`);
  demand(frame.window <= MAX_WINDOW, "NSD-A03", `a window of ${frame.window} bytes; at most ${MAX_WINDOW}`);
  demand(frame.dictionary === 0, "NSD-A03", `the frame names the dictionary ${frame.dictionary}`);
  const end = endOfBlocks(bytes, frame.blocks) + (frame.checksum ? 4 : 0);
  demand(end === bytes.length, "NSD-A03", `the frame ends at byte ${end} of ${bytes.length}`);
  const decoder = new ZSTDDecoder();
  await decoder.init();
  const content = decoder.decode(bytes, size); // empty where libzstd finds a fault
  demand(content.length === size, "NSD-A03", "the frame is damaged, or decodes to fewer bytes than it declares");
  return content;
}

/** The fields of the frame's header, and where its blocks begin. The size is null where the frame declares none. */
function readFrameHeader(bytes) {
  let at = 0;
  const take = (count) => {
    demand(at + count <= bytes.length, "NSD-A03", "the frame's header ends early");
    at += count;
    return littleEndian(bytes, at - count, count);
  };
  demand(take(4) === MAGIC, "NSD-A03", "not a zstd frame");
  const descriptor = take(1);
  const single = (descriptor & 32) !== 0;
  const windowByte = single ? null : take(1);
  const dictionary = take([0, 1, 2, 4][descriptor & 3]);
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6];
  const size = sizeBytes === 0 ? null : take(sizeBytes) + (sizeBytes === 2 ? 256 : 0);
  const window = single ? size : 2 ** (10 + (windowByte >> 3)) * (1 + (windowByte & 7) / 8);
  return { size, window, dictionary, checksum: (descriptor & 4) !== 0, blocks: at };
}

/** The byte after the last block, by the headers of the blocks from `at` on. */
function endOfBlocks(bytes, at) {
  for (let last = false; !last; ) {
    demand(at + 3 <= bytes.length, "NSD-A03", "the frame ends before its last block");
    const head = littleEndian(bytes, at, 3);
    last = (head & 1) !== 0;
    at += 3 + (((head >> 1) & 3) === 1 ? 1 : head >> 3); // type 1: one byte, repeated
  }
  return at;
}

/** Exact up to 2^53; above that the sum is rounded, and far over every limit. */
function littleEndian(bytes, at, count) {
  let value = 0;
  for (let i = count - 1; i >= 0; i -= 1) {
    value = value * 256 + bytes[at + i];
  }
  return value;
}
