// A decoder of one zstd frame (RFC 8878), for the compressed arrays of an .nsd file. It allocates what was asked for
// and small tables, and the work is bounded by both sizes, whatever the bytes say.

import {
  BackwardBits,
  constantTable,
  demand,
  fseTable,
  readFseTable,
  readHuffmanStream,
  readHuffmanTable,
} from "./entropy.mjs";
import { xxh64 } from "./xxh64.mjs";

export { ZstdError } from "./entropy.mjs";

const MAGIC = 0xfd2fb528;
const MAX_BLOCK = 1 << 17;

/**
 * Decodes exactly one frame, which declares its content size and names no dictionary; size and window are checked
 * before anything is allocated.
 * @param {Uint8Array} bytes the frame, and nothing after it
 * @param {number} expectedSize of the content, in bytes
 * @param {{maxWindow?: number}} limits the largest window in bytes (for a single-segment frame: content)
 * @returns {Uint8Array} the content, [expectedSize]
 * @throws {ZstdError} where the frame is malformed, or another than asked for
 */
export function decompress(bytes, expectedSize, { maxWindow = 1 << 23 } = {}) {
  const frame = readFrameHeader(bytes);
  demand(frame.size === expectedSize, `the frame declares ${frame.size} bytes; ${expectedSize} expected`);
  demand(frame.window <= maxWindow, `the frame has a window of ${frame.window} bytes; at most ${maxWindow}`);
  demand(frame.dictionary === 0, `the frame names the dictionary ${frame.dictionary}`);
  const decoder = new BlockDecoder(bytes, new Uint8Array(expectedSize), frame.window);
  let at = decoder.readBlocks(frame.end);
  demand(decoder.written === expectedSize, `the frame has ${decoder.written} bytes; ${expectedSize} declared`);
  if (frame.checksum) {
    demand(at + 4 <= bytes.length, "the checksum is missing");
    const stated = littleEndian(bytes, at, 4);
    demand(Number(BigInt.asUintN(32, xxh64(decoder.output))) === stated, "the checksum differs");
    at += 4;
  }
  demand(at === bytes.length, "bytes follow the frame");
  return decoder.output;
}

/** Section 3.1.1.1. The size is null where the frame declares none. */
function readFrameHeader(bytes) {
  let at = 0;
  const take = (count) => {
    demand(at + count <= bytes.length, "the frame's header ends early");
    at += count;
    return littleEndian(bytes, at - count, count);
  };
  demand(take(4) === MAGIC, "not a zstd frame");
  const descriptor = take(1);
  demand((descriptor & 8) === 0, "the reserved bit of the frame's header is set");
  const single = (descriptor & 32) !== 0;
  const windowByte = single ? null : take(1);
  const dictionary = take([0, 1, 2, 4][descriptor & 3]);
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6];
  const size = sizeBytes === 0 ? null : take(sizeBytes) + (sizeBytes === 2 ? 256 : 0);
  const window = single ? size : 2 ** (10 + (windowByte >> 3)) * (1 + (windowByte & 7) / 8);
  return { size, window, dictionary, checksum: (descriptor & 4) !== 0, end: at };
}

/** Exact up to 2^53; above that the sum is rounded, and far over every limit. */
function littleEndian(bytes, at, count) {
  let value = 0;
  for (let i = count - 1; i >= 0; i -= 1) {
    value = value * 256 + bytes[at + i];
  }
  return value;
}

/** The numbers that codes stand for: code i begins at bases[i] and has extras[i] more bits. */
function codes(first, extras) {
  const bases = [];
  for (const bits of extras) {
    bases.push(first);
    first += 2 ** bits;
  }
  return { bases, extras };
}

const zeros = (count) => new Array(count).fill(0);

// Section 3.1.1.3.2.1.1, and the distributions of 3.1.1.3.2.2.
const LITERAL_LENGTHS = {
  ...codes(0, [...zeros(16), 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]),
  maxLog: 9,
  predefined: fseTable(
    [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1],
    6,
  ),
};
const MATCH_LENGTHS = {
  ...codes(3, [...zeros(32), 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]),
  maxLog: 9,
  predefined: fseTable([1, 4, 3, 2, 2, 2, 2, 2, 2, ...new Array(37).fill(1), ...new Array(7).fill(-1)], 6),
};
const OFFSETS = {
  ...codes(1, Array.from({ length: 32 }, (_, i) => i)),
  maxLog: 8,
  predefined: fseTable([1, 1, 1, 1, 1, 1, 2, 2, 2, ...new Array(15).fill(1), ...new Array(5).fill(-1)], 5),
};

/** The blocks of one frame: what is written, and what one block leaves to the next. */
class BlockDecoder {
  constructor(bytes, output, window) {
    this.bytes = bytes;
    this.output = output;
    this.window = window;
    this.maxBlock = Math.min(window, MAX_BLOCK);
    this.written = 0;
    this.recent = [1, 4, 8]; // offsets
    this.huffman = null;
    this.tables = { literalLengths: null, offsets: null, matchLengths: null };
  }

  /** Section 3.1.1.2. Returns the byte after the last block. */
  readBlocks(at) {
    for (let last = false; !last; ) {
      demand(at + 3 <= this.bytes.length, "the frame ends before its last block");
      const head = littleEndian(this.bytes, at, 3);
      last = (head & 1) !== 0;
      const type = (head >> 1) & 3;
      const size = head >> 3;
      at += 3;
      demand(type !== 3, "a block of the reserved type");
      demand(size <= this.maxBlock, `a block of ${size} bytes; at most ${this.maxBlock}`);
      const end = at + (type === 1 ? 1 : size);
      demand(end <= this.bytes.length, "a block goes past the end");
      if (type === 0) {
        this.write(this.bytes.subarray(at, end));
      } else if (type === 1) {
        this.reserve(size);
        this.output.fill(this.bytes[at], this.written, this.written + size);
        this.written += size;
      } else {
        this.readCompressed(at, end);
      }
      at = end;
    }
    return at;
  }

  reserve(count) {
    demand(this.written + count <= this.output.length, "the frame has more bytes than it declares");
  }

  write(bytes) {
    this.reserve(bytes.length);
    this.output.set(bytes, this.written);
    this.written += bytes.length;
  }

  readCompressed(start, end) {
    const limit = this.written + this.maxBlock;
    const { literals, end: at } = this.readLiterals(start, end);
    const used = this.readSequences(at, end, literals, limit);
    this.write(literals.subarray(used));
    demand(this.written <= limit, `a block decodes to more than ${this.maxBlock} bytes`);
  }

  /** Section 3.1.1.3.1. Returns the literals and the byte after their section. */
  readLiterals(start, end) {
    demand(start < end, "a compressed block is empty");
    const type = this.bytes[start] & 3;
    const format = (this.bytes[start] >> 2) & 3;
    const headBytes = type < 2 ? [1, 2, 1, 3][format] : [3, 3, 4, 5][format];
    let at = start + headBytes;
    demand(at <= end, "a literals section ends early");
    const head = littleEndian(this.bytes, start, headBytes);
    if (type < 2) {
      const size = head >> (format % 2 === 0 ? 3 : 4);
      demand(size <= this.maxBlock, `${size} literals; at most ${this.maxBlock}`);
      const stored = type === 0 ? size : 1;
      demand(at + stored <= end, "literals go past the end");
      const literals = type === 0 ? this.bytes.subarray(at, at + size) : new Uint8Array(size).fill(this.bytes[at]);
      return { literals, end: at + stored };
    }
    const sizeBits = [10, 10, 14, 18][format];
    const size = Math.floor(head / 16) % 2 ** sizeBits;
    const stop = at + Math.floor(head / 2 ** (4 + sizeBits));
    demand(size <= this.maxBlock, `${size} literals; at most ${this.maxBlock}`);
    demand(stop <= end, "literals go past the end");
    if (type === 2) {
      ({ table: this.huffman, end: at } = readHuffmanTable(this.bytes, at, stop));
    }
    demand(this.huffman !== null, "a treeless block has no tree before it");
    const literals = new Uint8Array(size);
    if (format === 0) {
      readHuffmanStream(this.huffman, this.bytes, at, stop, literals);
    } else {
      this.readFourStreams(at, stop, literals);
    }
    return { literals, end: stop };
  }

  /** Section 3.1.1.3.1.6: three sizes of two bytes, then four streams, the first three of a quarter, rounded up. */
  readFourStreams(start, end, literals) {
    demand(start + 6 <= end, "literals go past the end");
    const quarter = Math.ceil(literals.length / 4);
    demand(3 * quarter <= literals.length, `four streams for ${literals.length} literals`);
    let at = start + 6;
    for (let i = 0; i < 4; i += 1) {
      const stop = i < 3 ? at + littleEndian(this.bytes, start + 2 * i, 2) : end;
      demand(stop <= end, "literals go past the end");
      const into = literals.subarray(i * quarter, i < 3 ? (i + 1) * quarter : literals.length);
      readHuffmanStream(this.huffman, this.bytes, at, stop, into);
      at = stop;
    }
  }

  /** Section 3.1.1.3.2. Writes the sequences; returns how many literals they took. */
  readSequences(start, end, literals, limit) {
    const head = this.readSequenceCount(start, end);
    if (head.count === 0) {
      demand(head.end === end, "bytes follow an empty sequences section");
      return 0;
    }
    demand(head.end < end, "a sequences section ends early");
    const modes = this.bytes[head.end];
    demand((modes & 3) === 0, "the reserved bits of a sequences section are set");
    let at = head.end + 1;
    at = this.readTable("literalLengths", LITERAL_LENGTHS, modes >> 6, at, end);
    at = this.readTable("offsets", OFFSETS, (modes >> 4) & 3, at, end);
    at = this.readTable("matchLengths", MATCH_LENGTHS, (modes >> 2) & 3, at, end);
    return this.runSequences(head.count, new BackwardBits(this.bytes, at, end), literals, limit);
  }

  readSequenceCount(at, end) {
    demand(at < end, "a sequences section is missing");
    const first = this.bytes[at];
    const size = first < 128 ? 1 : first < 255 ? 2 : 3;
    demand(at + size <= end, "a sequences section ends early");
    const values = [first, (first - 128) * 256 + this.bytes[at + 1], littleEndian(this.bytes, at + 1, 2) + 0x7f00];
    return { count: values[size - 1], end: at + size };
  }

  /** Sets the table of one kind of code by its mode; returns the byte after what that took. */
  readTable(name, kind, mode, at, end) {
    const maxSymbol = kind.bases.length - 1;
    if (mode === 0) {
      this.tables[name] = kind.predefined;
    } else if (mode === 1) {
      demand(at < end && this.bytes[at] <= maxSymbol, `a code of ${name} over ${maxSymbol}, or none`);
      this.tables[name] = constantTable(this.bytes[at]);
      return at + 1;
    } else if (mode === 2) {
      const read = readFseTable(this.bytes, at, end, kind.maxLog, maxSymbol);
      this.tables[name] = read.table;
      return read.end;
    }
    demand(this.tables[name] !== null, `the table of ${name} is to be repeated, and there is none`);
    return at;
  }

  /** Section 3.1.1.4. */
  runSequences(count, bits, literals, limit) {
    const { literalLengths, offsets, matchLengths } = this.tables;
    let literalState = bits.read(literalLengths.log);
    let offsetState = bits.read(offsets.log);
    let matchState = bits.read(matchLengths.log);
    let used = 0;
    for (let i = 0; i < count; i += 1) {
      const offsetCode = offsets.symbols[offsetState];
      const offsetValue = OFFSETS.bases[offsetCode] + bits.read(offsetCode);
      const matchLength = valueOf(MATCH_LENGTHS, matchLengths.symbols[matchState], bits);
      const literalLength = valueOf(LITERAL_LENGTHS, literalLengths.symbols[literalState], bits);
      demand(used + literalLength <= literals.length, "a sequence takes more literals than there are");
      const end = this.written + literalLength + matchLength;
      demand(end <= limit, `a block decodes to more than ${this.maxBlock} bytes`);
      this.write(literals.subarray(used, used + literalLength));
      used += literalLength;
      this.copyMatch(this.offsetOf(offsetValue, literalLength), matchLength);
      if (i < count - 1) {
        literalState = nextState(literalLengths, literalState, bits);
        matchState = nextState(matchLengths, matchState, bits);
        offsetState = nextState(offsets, offsetState, bits);
      }
    }
    demand(bits.left === 0, "the sequences do not end with their bits");
    return used;
  }

  /** Section 3.1.1.5: values to 3 name a recent offset, others are 3 more than a new one. */
  offsetOf(value, literalLength) {
    const recent = this.recent;
    const place = value > 3 ? 3 : value - 1 + (literalLength === 0 ? 1 : 0);
    if (place === 0) {
      return recent[0];
    }
    const offset = value > 3 ? value - 3 : place === 3 ? recent[0] - 1 : recent[place];
    if (place > 1) {
      recent[2] = recent[1];
    }
    recent[1] = recent[0];
    recent[0] = offset;
    return offset;
  }

  copyMatch(offset, length) {
    const reach = Math.min(this.written, this.window);
    demand(offset >= 1 && offset <= reach, `a match ${offset} bytes back; there are ${reach}`);
    this.reserve(length);
    const output = this.output;
    const from = this.written - offset;
    if (offset >= length) {
      output.copyWithin(this.written, from, from + length);
    } else {
      for (let i = 0; i < length; i += 1) {
        output[this.written + i] = output[from + i]; // reads what it wrote
      }
    }
    this.written += length;
  }
}

const valueOf = (kind, code, bits) => kind.bases[code] + bits.read(kind.extras[code]);
const nextState = (table, state, bits) => table.bases[state] + bits.read(table.counts[state]);
