// The checksum of a zstd frame: XXH64 with the seed 0. The stripes run in 32-bit halves, for speed; the finish, once a
// frame, in BigInt.

const P1 = 0x9e3779b185ebca87n;
const P2 = 0xc2b2ae3d27d4eb4fn;
const P3 = 0x165667b19e3779f9n;
const P4 = 0x85ebca77c2b2ae63n;
const P5 = 0x27d4eb2f165667c5n;

const P1_LOW = 0x85ebca87;
const P1_HIGH = 0x9e3779b1;
const P2_LOW = 0x27d4eb4f;
const P2_HIGH = 0xc2b2ae3d;

/**
 * The 64-bit hash of all bytes.
 * @param {Uint8Array} bytes
 * @returns {bigint}
 */
export function xxh64(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const striped = bytes.length - (bytes.length % 32);
  let hash = striped > 0 ? merge(lanesAfter(view, striped)) : P5;
  hash = wrap(hash + BigInt(bytes.length));
  let at = striped;
  for (; at + 8 <= bytes.length; at += 8) {
    hash = wrap(rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * P1 + P4);
  }
  if (at + 4 <= bytes.length) {
    hash = wrap(rotate(hash ^ wrap(BigInt(view.getUint32(at, true)) * P1), 23n) * P2 + P3);
    at += 4;
  }
  for (; at < bytes.length; at += 1) {
    hash = wrap(rotate(hash ^ wrap(BigInt(bytes[at]) * P5), 11n) * P1);
  }
  hash = wrap((hash ^ (hash >> 33n)) * P2);
  hash = wrap((hash ^ (hash >> 29n)) * P3);
  return hash ^ (hash >> 32n);
}

const wrap = (value) => BigInt.asUintN(64, value);
const rotate = (value, count) => wrap((value << count) | (value >> (64n - count)));
const round = (lane, input) => wrap(rotate(wrap(lane + input * P2), 31n) * P1);

/** The four lanes, each [low, high] words, after the first `end` bytes (a multiple of 32). */
function lanesAfter(view, end) {
  const lanes = new Uint32Array(new BigUint64Array([wrap(P1 + P2), P2, 0n, wrap(-P1)]).buffer);
  for (let at = 0; at < end; at += 8) {
    const lane = (at >>> 2) & 6;
    const low = view.getUint32(at, true);
    const high = view.getUint32(at + 4, true);
    // lane += input * P2
    const productLow = Math.imul(low, P2_LOW) >>> 0;
    const productHigh = upperProduct(low, P2_LOW) + Math.imul(low, P2_HIGH) + Math.imul(high, P2_LOW);
    const sumLow = lanes[lane] + productLow;
    const l = sumLow >>> 0;
    const h = (lanes[lane + 1] + productHigh + (sumLow > 0xffffffff ? 1 : 0)) >>> 0;
    // rotated by 31, which is halves swapped and back by 1
    const rotatedLow = ((l << 31) | (h >>> 1)) >>> 0;
    const rotatedHigh = ((h << 31) | (l >>> 1)) >>> 0;
    lanes[lane] = Math.imul(rotatedLow, P1_LOW);
    lanes[lane + 1] =
      upperProduct(rotatedLow, P1_LOW) + Math.imul(rotatedLow, P1_HIGH) + Math.imul(rotatedHigh, P1_LOW);
  }
  return [0, 2, 4, 6].map((i) => (BigInt(lanes[i + 1]) << 32n) | BigInt(lanes[i]));
}

/** The upper 32 bits of the product of two unsigned 32-bit numbers. */
function upperProduct(a, b) {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const first = aHigh * bLow + ((aLow * bLow) >>> 16);
  const second = aLow * bHigh + (first & 0xffff);
  return aHigh * bHigh + (first >>> 16) + (second >>> 16);
}

function merge(lanes) {
  let hash = wrap(rotate(lanes[0], 1n) + rotate(lanes[1], 7n) + rotate(lanes[2], 12n) + rotate(lanes[3], 18n));
  for (const lane of lanes) {
    hash = wrap((hash ^ round(0n, lane)) * P1 + P4);
  }
  return hash;
}
