// The two entropy codes of RFC 8878, section 4: FSE tables and Huffman trees, and the bits that they are read from.

/** Malformed zstd data. */
export class ZstdError extends Error {
  name = "ZstdError";
}

/** Throws a ZstdError unless the condition holds. */
export function demand(condition, message) {
  if (!condition) {
    throw new ZstdError(message);
  }
}

const log2 = (value) => 31 - Math.clz32(value); // floor, of 1 to 2^32 - 1

/** Bits of bytes `start` to `end`, read from the last to the first; before the first bit stand zeros without end. */
export class BackwardBits {
  constructor(bytes, start, end) {
    demand(end > start && bytes[end - 1] !== 0, "a bitstream is empty or has no end mark");
    this.bytes = bytes;
    this.start = start;
    /** Bits not read yet; negative once zeros before the first were read. */
    this.left = 8 * (end - start - 1) + log2(bytes[end - 1]);
  }

  /** The next `count` bits, 0 to 24, without taking them. */
  peek(count) {
    const lowest = this.left - count;
    if (lowest < 0) {
      return this.left > 0 ? this.peek(this.left) << -lowest : 0;
    }
    const at = this.start + (lowest >>> 3);
    const bytes = this.bytes;
    const word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    return (word >>> (lowest & 7)) & ((1 << count) - 1);
  }

  /** The next `count` bits, 0 to 40. */
  read(count) {
    if (count > 24) {
      return this.read(count - 16) * 65536 + this.read(16);
    }
    const value = this.peek(count);
    this.left -= count;
    return value;
  }
}

/**
 * A decoding table: in state i the symbol is symbols[i], and the next state is bases[i] + the next counts[i] bits.
 * @typedef {{log: number, symbols: Uint8Array, counts: Uint8Array, bases: Uint16Array}} FseTable
 */

/** The table of one symbol, which takes no bits. @returns {FseTable} */
export function constantTable(symbol) {
  return { log: 0, symbols: Uint8Array.of(symbol), counts: new Uint8Array(1), bases: new Uint16Array(1) };
}

/**
 * The table of a distribution (section 4.1.1): probabilities in units of 2^-log, -1 for "less than one".
 * @returns {FseTable}
 */
export function fseTable(probabilities, log) {
  const size = 1 << log;
  const symbols = new Uint8Array(size);
  let top = size;
  probabilities.forEach((probability, symbol) => {
    if (probability === -1) {
      top -= 1;
      symbols[top] = symbol;
    }
  });
  const step = (size >> 1) + (size >> 3) + 3;
  let at = 0;
  probabilities.forEach((probability, symbol) => {
    for (let i = 0; i < probability; i += 1) {
      symbols[at] = symbol;
      do {
        at = (at + step) & (size - 1);
      } while (at >= top);
    }
  });
  const counts = new Uint8Array(size);
  const bases = new Uint16Array(size);
  const next = probabilities.map((probability) => Math.abs(probability));
  for (let state = 0; state < size; state += 1) {
    const order = next[symbols[state]];
    next[symbols[state]] += 1;
    counts[state] = log - log2(order);
    bases[state] = (order << counts[state]) - size;
  }
  return { log, symbols, counts, bases };
}

/**
 * Reads the description of a distribution (section 4.1.1) from byte `start` on.
 * @returns {{table: FseTable, end: number}} end: the byte after the description
 */
export function readFseTable(bytes, start, end, maxLog, maxSymbol) {
  let at = 0; // in bits, lowest bit of the first byte first
  const peek = (count) => {
    const byte = start + (at >>> 3);
    let word = 0;
    for (let i = 0; i < 3 && byte + i < end; i += 1) {
      word |= bytes[byte + i] << (8 * i);
    }
    return (word >>> (at & 7)) & ((1 << count) - 1);
  };
  const log = peek(4) + 5;
  at += 4;
  demand(start < end && log <= maxLog, `an FSE table has the accuracy ${log}; at most ${maxLog}`);
  const probabilities = [];
  let remaining = 1 << log;
  while (remaining > 0) {
    demand(probabilities.length <= maxSymbol, `an FSE table goes past the symbol ${maxSymbol}`);
    // A value of 0 to remaining + 1. The smallest of them do with a bit less than the others.
    const count = log2(remaining + 1) + 1;
    const short = (1 << count) - 2 - remaining;
    const half = 1 << (count - 1);
    let value = peek(count);
    if ((value & (half - 1)) < short) {
      value &= half - 1;
      at += count - 1;
    } else {
      value -= value >= half ? short : 0;
      at += count;
    }
    const probability = value - 1;
    probabilities.push(probability);
    remaining -= Math.abs(probability);
    for (let zeros = probability === 0 ? 3 : 0; zeros === 3; ) {
      zeros = peek(2);
      at += 2;
      demand(probabilities.length + zeros <= maxSymbol + 1, `an FSE table goes past the symbol ${maxSymbol}`);
      probabilities.push(...new Array(zeros).fill(0));
    }
  }
  const after = start + ((at + 7) >>> 3);
  demand(after <= end, "an FSE table ends early");
  return { table: fseTable(probabilities, log), end: after };
}

/**
 * A decoding table: where the next `log` bits are i, the symbol is symbols[i] and takes lengths[i] of them.
 * @typedef {{log: number, symbols: Uint8Array, lengths: Uint8Array}} HuffmanTable
 */

const MAX_HUFFMAN_BITS = 11;

/**
 * Reads a Huffman tree (section 4.2.1) from byte `start` on.
 * @returns {{table: HuffmanTable, end: number}} end: the byte after the tree
 */
export function readHuffmanTable(bytes, start, end) {
  demand(start < end, "a Huffman tree is missing");
  const head = bytes[start];
  const size = head < 128 ? head : (head - 126) >> 1;
  const after = start + 1 + size;
  demand(after <= end, "a Huffman tree ends early");
  const weights =
    head < 128
      ? fseWeights(bytes, start + 1, after)
      : Array.from({ length: head - 127 }, (_, i) => (bytes[start + 1 + (i >> 1)] >> (i % 2 === 0 ? 4 : 0)) & 15);
  return { table: huffmanTable(weights), end: after };
}

/** Weights in the two interleaved FSE streams of section 4.2.1.2. */
function fseWeights(bytes, start, end) {
  const { table, end: at } = readFseTable(bytes, start, end, 6, 255);
  const bits = new BackwardBits(bytes, at, end);
  const states = [bits.read(table.log), bits.read(table.log)];
  demand(bits.left >= 0, "Huffman weights end early");
  const weights = [];
  for (let turn = 0; bits.left >= 0; turn ^= 1) {
    demand(weights.length < 254, "a Huffman tree has more than 256 symbols");
    weights.push(table.symbols[states[turn]]);
    const count = table.counts[states[turn]];
    states[turn] = table.bases[states[turn]] + bits.read(count);
    if (bits.left < 0) {
      weights.push(table.symbols[states[turn ^ 1]]);
    }
  }
  return weights;
}

/** The table of the weights of all symbols but the last, which follows from the others (section 4.2.1). */
function huffmanTable(weights) {
  demand(weights.every((weight) => weight <= MAX_HUFFMAN_BITS), "a Huffman weight is too large");
  const total = weights.reduce((sum, weight) => sum + (weight > 0 ? 1 << (weight - 1) : 0), 0);
  demand(total > 0, "a Huffman tree has no symbol");
  const log = log2(total) + 1;
  demand(log <= MAX_HUFFMAN_BITS, `a Huffman code has ${log} bits; at most ${MAX_HUFFMAN_BITS}`);
  const rest = (1 << log) - total;
  demand((rest & (rest - 1)) === 0, "a Huffman tree is not complete");
  const all = [...weights, log2(rest) + 1];
  demand(all.includes(1), "a Huffman tree has no code of its full depth");
  const symbols = new Uint8Array(1 << log);
  const lengths = new Uint8Array(1 << log);
  let at = 0;
  for (let weight = 1; weight <= log; weight += 1) {
    all.forEach((own, symbol) => {
      if (own === weight) {
        const end = at + (1 << (weight - 1));
        symbols.fill(symbol, at, end);
        lengths.fill(log + 1 - weight, at, end);
        at = end;
      }
    });
  }
  return { log, symbols, lengths };
}

/** Fills `into` with the symbols of one Huffman stream (section 4.2.2), which must end with the last of them. */
export function readHuffmanStream(table, bytes, start, end, into) {
  const bits = new BackwardBits(bytes, start, end);
  for (let i = 0; i < into.length; i += 1) {
    const code = bits.peek(table.log);
    into[i] = table.symbols[code];
    bits.left -= table.lengths[code];
  }
  demand(bits.left === 0, "a Huffman stream does not end with its last symbol");
}
