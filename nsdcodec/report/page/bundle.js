/*!
 * Made by docs/make_viewer.py. With zstddec, under this licence:
 *
 * The MIT License (MIT)
 *
 * Copyright (c) 2020 Don McCurdy
 *
 * Permission is hereby granted, free of charge, to any person obtaining a copy
 * of this software and associated documentation files (the "Software"), to deal
 * in the Software without restriction, including without limitation the rights
 * to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
 * copies of the Software, and to permit persons to whom the Software is
 * furnished to do so, subject to the following conditions:
 *
 * The above copyright notice and this permission notice shall be included in all
 * copies or substantial portions of the Software.
 *
 * THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
 * IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
 * FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
 * AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
 * LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
 * OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
 * SOFTWARE.
 *
 * ***
 *
 * BSD License
 *
 * For Zstandard software
 *
 * Copyright (c) 2016-present, Yann Collet, Facebook, Inc. All rights reserved.
 *
 * Redistribution and use in source and binary forms, with or without modification,
 * are permitted provided that the following conditions are met:
 *
 * * Redistributions of source code must retain the above copyright notice, this
 * list of conditions and the following disclaimer.
 *
 * * Redistributions in binary form must reproduce the above copyright notice,
 * this list of conditions and the following disclaimer in the documentation
 * and/or other materials provided with the distribution.
 *
 * * Neither the name Facebook nor the names of its contributors may be used to
 * endorse or promote products derived from this software without specific
 * prior written permission.
 *
 * THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND
 * ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED
 * WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
 * DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE FOR
 * ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES
 * (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES;
 * LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON
 * ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT
 * (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS
 * SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
 */
const module0 = (() => {
// What a reader says of a file that it refuses (spec/errors.md).

/**
 * A refusal. `code` is the rule that the file breaks, or DigestMismatch, UnsupportedVersion, UnsupportedFeature, or
 * TooLarge where the file is well-formed and there is no memory for it.
 */
class NsdError extends Error {
  name = "NsdError";

  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** Throws an NsdError unless the condition holds. */
function demand(condition, code, message) {
  if (!condition) {
    throw new NsdError(code, message);
  }
}
return { NsdError, demand };
})();

const module1 = (() => {
// Strict JSON (spec/header.md): JSON.parse keeps the last of two equal keys, takes 8.0 for 8 and any depth.

const MAX_DEPTH = 16;
const MAX_MARKS = 2 ** 17 - 1; // brackets that open, and commas
const MAX_INTEGER_CHARACTERS = 19;

const ESCAPES = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
const LITERALS = { true: true, false: false, null: null };

/**
 * The value of a text: an integer (no fraction, no exponent) as BigInt, a float as Number, an object without prototype.
 * @param {string} text
 * @throws {SyntaxError} where the text is not strict JSON
 */
function parseStrictJson(text) {
  const parser = new Parser(text);
  parser.skipSpace();
  const value = parser.value(0);
  parser.skipSpace();
  parser.demand(parser.at === text.length, "more than one value");
  return value;
}

class Parser {
  constructor(text) {
    this.text = text;
    this.at = 0;
    this.marks = 0;
  }

  demand(condition, message) {
    if (!condition) {
      throw new SyntaxError(`${message}, at character ${this.at}`);
    }
  }

  skipSpace() {
    this.match(/[ \t\n\r]*/y);
  }

  /** What the sticky pattern matches here, or null; steps over it. */
  match(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    this.at += found === null ? 0 : found[0].length;
    return found;
  }

  /** Whether the next character is this one; steps over it where it is, and over white space behind it. */
  take(character) {
    if (this.text[this.at] !== character) {
      return false;
    }
    this.at += 1;
    this.skipSpace();
    return true;
  }

  mark() {
    this.marks += 1;
    this.demand(this.marks <= MAX_MARKS, `more than ${MAX_MARKS} brackets and commas`);
  }

  /** Whether a comma follows; steps over it where it does. */
  more() {
    const found = this.take(",");
    if (found) {
      this.mark();
    }
    return found;
  }

  value(depth) {
    const next = this.text[this.at];
    if (next === "{" || next === "[") {
      this.demand(depth < MAX_DEPTH, `more than ${MAX_DEPTH} brackets inside each other`);
      this.mark();
      return next === "{" ? this.object(depth + 1) : this.list(depth + 1);
    }
    if (next === '"') {
      return this.string();
    }
    const literal = this.match(/true|false|null/y);
    return literal !== null ? LITERALS[literal[0]] : this.number();
  }

  object(depth) {
    const members = Object.create(null);
    this.take("{");
    if (this.take("}")) {
      return members;
    }
    do {
      this.demand(this.text[this.at] === '"', "a key expected");
      const key = this.string();
      this.demand(!Object.hasOwn(members, key), `the key ${JSON.stringify(key)} twice`);
      this.skipSpace();
      this.demand(this.take(":"), "a colon expected");
      members[key] = this.value(depth);
      this.skipSpace();
    } while (this.more());
    this.demand(this.text[this.at] === "}", "a comma or } expected");
    this.at += 1;
    return members;
  }

  list(depth) {
    const items = [];
    this.take("[");
    if (this.take("]")) {
      return items;
    }
    do {
      items.push(this.value(depth));
      this.skipSpace();
    } while (this.more());
    this.demand(this.text[this.at] === "]", "a comma or ] expected");
    this.at += 1;
    return items;
  }

  string() {
    this.at += 1;
    const parts = [];
    for (;;) {
      parts.push(this.match(/[^"\\\u0000-\u001f]*/y)[0]);
      if (this.text[this.at] === '"') {
        break;
      }
      const escape = this.match(/\\(?:(["\\/bfnrt])|u([0-9a-fA-F]{4}))/y);
      this.demand(escape !== null, "a string without an end, or with a character or an escape that JSON has not");
      parts.push(escape[1] !== undefined ? ESCAPES[escape[1]] : String.fromCharCode(parseInt(escape[2], 16)));
    }
    this.at += 1;
    const string = parts.join("");
    this.demand(!/\p{Surrogate}/u.test(string), "a lone surrogate");
    return string;
  }

  number() {
    const found = this.match(/-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y);
    this.demand(found !== null, "a value expected");
    if (found[1] === undefined && found[2] === undefined) {
      this.demand(found[0].length <= MAX_INTEGER_CHARACTERS, "an integer too long");
      this.demand(found[0] !== "-0", "an integer written -0");
      return BigInt(found[0]);
    }
    const value = Number(found[0]);
    this.demand(Number.isFinite(value), `${found[0]} overflows`);
    return value;
  }
}
return { parseStrictJson };
})();

const module2 = (() => {
// The framing and the digest of a file (spec/container.md).

const { demand, NsdError } = module0;
const { parseStrictJson } = module1;

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
function readFraming(bytes) {
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
function isObject(value) {
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
async function checkDigest(bytes) {
  const end = bytes.length - DIGEST_BYTES;
  // Node 18 has it in a module only, which no browser is asked for.
  const { subtle } = globalThis.crypto ?? (await import(/* webpackIgnore: true */ "node:crypto")).webcrypto;
  const found = new Uint8Array(await subtle.digest("SHA-256", bytes.subarray(0, end)));
  const same = found.every((byte, i) => byte === bytes[end + i]);
  demand(same, "DigestMismatch", "the last 32 bytes are not the SHA-256 of the others: damaged or changed");
}
return { readFraming, isObject, checkDigest };
})();

const module3 = (() => {
// The nsd header: the fields of spec/header.md, each of its type and in its range.

const { demand, NsdError } = module0;
const { isObject } = module2;
const { parseStrictJson } = module1;

const MAX_INTEGER = 2 ** 53 - 1;
const MAX_TEXT = 256;
const MAX_CLASSES = 65536;
const MAX_AXES = 6;
const BASES = ["dct", "dct4", "haar", "bilinear"];

/**
 * The stored types: kind, bits of an item, and for a float the dtype of its raw tensor.
 * @type {Map<string, {kind: "float"|"int"|"uint", bits: number, tensor?: string}>}
 */
const DTYPES = new Map([
  ["float32", { kind: "float", bits: 32, tensor: "F32" }],
  ["float16", { kind: "float", bits: 16, tensor: "F16" }],
  ["bfloat16", { kind: "float", bits: 16, tensor: "BF16" }],
  ...[8, 6, 4, 3, 2].map((bits) => [`int${bits}`, { kind: "int", bits }]),
  ...[1, 8, 16].map((bits) => [`uint${bits}`, { kind: "uint", bits }]),
]);

/**
 * An entry of the table of arrays.
 * @typedef {{dtype: string, shape: number[], isPlain: boolean, scaleAxes: number}} Entry
 * isPlain: whether a coded file holds it plain, not bit by bit; scaleAxes: how many leading axes have scales of their
 * own; 0 but for an int dtype
 */

/**
 * The JSON of a header that this reader has the version and the features for (NSD-H01, H02, UnsupportedVersion,
 * UnsupportedFeature).
 * @param {string} text
 */
function openHeader(text) {
  const document = parse(text);
  demand(isObject(document), "NSD-H02", "the nsd header is not an object");
  const version = field(document, "version", pair(integer(0, Infinity)));
  demand(version[0] === 1, "UnsupportedVersion", `format ${version.join(".")}; this reader has 1.0`);
  const require = field(document, "require", list(text_), []);
  demand(require.length === 0, "UnsupportedFeature", `the file requires ${JSON.stringify(require)}`);
  return document;
}

/**
 * The header, its fields checked (NSD-H02 to H04; for the length of a shape NSD-A05). Fields that the page does not name
 * are left out; integers are Numbers.
 * @param {object} document what `openHeader` returned
 */
function readHeader(document) {
  const header = {
    version: document.version.map(Number),
    optional: field(document, "optional", list(text_), []),
    image_shape: field(document, "image_shape", imageShape),
    classes: field(document, "classes", list(text_)),
    normalization: field(document, "normalization", object((path, value) => ({
      mean: field(value, "mean", list(number), undefined, path),
      std: field(value, "std", list(number), undefined, path),
    }))),
    parameterization: field(document, "parameterization", text_),
    synthesis: field(document, "synthesis", object(synthesis), synthesis("synthesis", {})),
    arrays: field(document, "arrays", object(table)),
    recipe: field(document, "recipe", object(recipe)),
    provenance: field(document, "provenance", object((_, value) => withNumbers(value)), {}),
  };
  checkClasses(header.classes);
  checkNormalization(header.normalization, header.image_shape[0]);
  return header;
}

function parse(text) {
  try {
    return parseStrictJson(text);
  } catch (error) {
    throw new NsdError("NSD-H01", `the nsd header: ${error.message}`);
  }
}

/** A field by its check, or what it is where it may be absent. */
function field(owner, name, check, absent, path = "") {
  const full = path === "" ? name : `${path}.${name}`;
  if (!Object.hasOwn(owner, name)) {
    demand(absent !== undefined, "NSD-H02", `the field ${full} is missing`);
    return absent;
  }
  return check(full, owner[name]);
}

// Checks: of a path and a value, they return the value or throw.

function text_(path, value) {
  // Code points are at least half of the UTF-16 units: no long text is taken apart.
  const fits = typeof value === "string" && value.length <= 2 * MAX_TEXT && [...value].length <= MAX_TEXT;
  demand(fits, "NSD-H02", `${path} is not a text of at most ${MAX_TEXT} characters`);
  return value;
}

function number(path, value) {
  demand(typeof value === "number" || typeof value === "bigint", "NSD-H02", `${path} is not a number`);
  return Number(value);
}

const integer = (low, high) => (path, value) => {
  const fits = typeof value === "bigint" && value >= low && value <= high;
  demand(fits, "NSD-H02", `${path} is not an integer of ${low} to ${high}`);
  return Number(value);
};

const oneOf = (names) => (path, value) => {
  demand(names.includes(value), "NSD-H02", `${path} is none of ${names.join(", ")}`);
  return value;
};

const list = (check) => (path, value) => {
  demand(Array.isArray(value), "NSD-H02", `${path} is not a list`);
  return value.map((item, i) => check(`${path}[${i}]`, item));
};

const pair = (check) => (path, value) => {
  demand(Array.isArray(value) && value.length === 2, "NSD-H02", `${path} is not a list of two`);
  return list(check)(path, value);
};

const object = (read) => (path, value) => {
  demand(isObject(value), "NSD-H02", `${path} is not an object`);
  return read(path, value);
};

function imageShape(path, value) {
  demand(Array.isArray(value) && value.length === 3, "NSD-H02", `${path} is not [C, H, W]`);
  return value.map((length, axis) => integer(1, axis === 0 ? 16 : 4096)(path, length));
}

function synthesis(path, value) {
  const basis = (axis) => field(value, axis, oneOf(BASES), null, path);
  const pairing = field(value, "pairing", oneOf(["product", "zip"]), "product", path);
  return { channel: basis("channel"), height: basis("height"), width: basis("width"), pairing };
}

function recipe(path, value) {
  const of = (name, check) => field(value, name, check, undefined, path);
  const count = integer(1, MAX_INTEGER);
  return {
    learning_rate: of("learning_rate", number),
    momentum: of("momentum", number),
    weight_decay: of("weight_decay", number),
    batch_size: of("batch_size", count),
    epochs: of("epochs", count),
    augmentation: of("augmentation", text_),
    network: of("network", object((inner, network) => ({
      name: field(network, "name", text_, undefined, inner),
      depth: field(network, "depth", count, undefined, inner),
      width: field(network, "width", count, undefined, inner),
    }))),
  };
}

/** @returns {Map<string, Entry>} */
function table(path, value) {
  return new Map(Object.entries(value).map(([role, item]) => [role, entry(`${path}.${role}`, item)]));
}

function entry(path, value) {
  demand(isObject(value), "NSD-H02", `${path} is not an object`);
  const dtype = field(value, "dtype", oneOf([...DTYPES.keys()]), undefined, path);
  const shape = field(value, "shape", list((_, item) => item), undefined, path);
  demand(shape.length >= 1 && shape.length <= MAX_AXES, "NSD-A05", `${path} has ${shape.length} axes; 1 to ${MAX_AXES}`);
  const { kind, bits } = DTYPES.get(dtype);
  const scaled = kind === "int";
  demand(scaled === Object.hasOwn(value, "scale_axes"), "NSD-H02", `${path}: scale_axes stands where the dtype is an int`);
  const isPlain = field(value, "order", oneOf(bits > 8 ? ["plain"] : []), null, path) !== null;
  const scaleAxes = field(value, "scale_axes", integer(0, shape.length - 1), 0, path);
  return { dtype, shape: list(integer(1, MAX_INTEGER))(`${path}.shape`, shape), isPlain, scaleAxes };
}

function checkClasses(names) {
  const fits = names.length >= 1 && names.length <= MAX_CLASSES;
  demand(fits, "NSD-H03", `${names.length} classes; 1 to ${MAX_CLASSES}`);
  demand(new Set(names).size === names.length, "NSD-H03", "two classes have one name");
}

function checkNormalization({ mean, std }, channels) {
  const fits = mean.length === channels && std.length === channels;
  demand(fits, "NSD-H04", `${mean.length} means and ${std.length} standard deviations for ${channels} channels`);
  demand(std.every((value) => value > 0), "NSD-H04", "a standard deviation is not above 0");
}

/** Free JSON with Numbers for integers, those over 2^53 rounded. */
function withNumbers(value) {
  if (typeof value === "bigint") {
    return Number(value);
  }
  if (Array.isArray(value)) {
    return value.map(withNumbers);
  }
  const pairs = ([key, item]) => [key, withNumbers(item)];
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(pairs)) : value;
}
return { DTYPES, openHeader, readHeader };
})();

const module4 = (() => {
// How the arrays of the table fit the image shape and each other (spec/synthesis.md), before any is decoded.

const { DTYPES } = module3;
const { demand } = module0;

const MAX_DECODED_BYTES = 2 ** 30;
const MAX_IMAGES = 2 ** 24;
const MAX_IMAGE_VALUES = 2 ** 28;
const MAX_VALUES = 2 ** 36;

/** The four axes: name, and the role of the kernel. */
const AXES = ["batch", "channel", "height", "width"];
const kernelOf = (axis) => `${axis}_kernel`;
const ROLES = ["spectrum", "mask", "labels", ...AXES.map(kernelOf)];

/**
 * @typedef {object} Layout
 * @property {number} spectra S
 * @property {number} kernels N_K
 * @property {boolean} zip whether spectrum a meets kernel a; else each spectrum meets each kernel
 * @property {number[]} sizes [t1, t2, t3, t4]: coefficients an axis
 * @property {number[]} samples [u1, C, H, W]: images of a block, and the image shape
 * @property {number} images
 * @property {"balanced"|"stored"|"soft"} labels
 */

/**
 * The layout of a file, by its checked header (NSD-A05, S01, S02, L01). Products are binary64: they may round above
 * 2^53, but no product of integers from 1 on rounds from above a limit to below it, nor wraps.
 * @returns {Layout}
 */
function layoutOf({ arrays, image_shape: imageShape, synthesis, classes }) {
  checkDecodedBytes(arrays);
  checkRoles(arrays, synthesis);
  const sizes = spectrumSizes(arrays);
  const spectra = arrays.get("spectrum").shape[0];
  const batch = arrays.get("batch_kernel");
  const samples = [batch === undefined ? sizes[0] : batch.shape.at(-1), ...imageShape];
  const kernels = countKernels(arrays, sizes, samples);
  AXES.forEach((axis, i) => checkUnstored(arrays, axis, synthesis[axis], sizes[i], samples[i]));
  const zip = synthesis.pairing === "zip";
  const pairs = !zip || kernels === 1 || kernels === spectra;
  demand(pairs, "NSD-S02", `${spectra} spectra and ${kernels} kernels do not pair one to one`);
  const images = (zip ? spectra : spectra * kernels) * samples[0];
  demand(images <= MAX_IMAGES, "NSD-A05", `${images} images; at most ${MAX_IMAGES}`);
  checkValues(sizes, samples, images);
  const labels = labelRule(arrays.get("labels"), images, classes.length);
  return { spectra, kernels, zip, sizes, samples, images, labels };
}

const product = (lengths) => lengths.reduce((all, length) => all * length, 1);

function checkRoles(arrays, synthesis) {
  for (const role of arrays.keys()) {
    demand(ROLES.includes(role), "NSD-S01", `the role ${JSON.stringify(role)} is unknown`);
  }
  demand(arrays.has("spectrum"), "NSD-S01", "there is no spectrum");
  for (const axis of AXES) {
    const unused = arrays.has(kernelOf(axis)) && synthesis[axis];
    demand(!unused, "NSD-S01", `${kernelOf(axis)} stands beside the basis ${synthesis[axis]} and would not be used`);
  }
}

function checkDecodedBytes(arrays) {
  let total = 0;
  for (const { dtype, shape } of arrays.values()) {
    total += product(shape) * (DTYPES.get(dtype).kind === "uint" ? 2 : 4);
  }
  demand(total <= MAX_DECODED_BYTES, "NSD-A05", `the arrays decode to ${total} bytes; at most ${MAX_DECODED_BYTES}`);
}

function demandReal(arrays, role, axes) {
  const { dtype, shape } = arrays.get(role);
  demand(DTYPES.get(dtype).kind !== "uint", "NSD-S02", `${role} is ${dtype}; a float or an int is wanted`);
  demand(shape.length === axes, "NSD-S02", `${role} has ${shape.length} axes; ${axes} are wanted`);
}

/** [t1, t2, t3, t4]. */
function spectrumSizes(arrays) {
  const mask = arrays.get("mask");
  demandReal(arrays, "spectrum", mask === undefined ? 5 : 4);
  const [spectra, ...sizes] = arrays.get("spectrum").shape;
  if (mask === undefined) {
    return sizes;
  }
  demand(mask.dtype === "uint1", "NSD-S02", `the mask is ${mask.dtype}; uint1 is wanted`);
  const fits = mask.shape.length === 3 && (mask.shape[0] === 1 || mask.shape[0] === spectra);
  demand(fits, "NSD-S02", `a mask of the shape [${mask.shape}] for ${spectra} spectra`);
  return [sizes[0], sizes[1], mask.shape[1], mask.shape[2]];
}

/** N_K, the shapes of all kernels checked. */
function countKernels(arrays, sizes, samples) {
  const counts = [1];
  AXES.forEach((axis, i) => {
    const role = kernelOf(axis);
    if (arrays.has(role)) {
      demandReal(arrays, role, 3);
      const [count, size, length] = arrays.get(role).shape;
      const fits = size === sizes[i] && length === samples[i];
      demand(fits, "NSD-S02", `${role} is [${count}, ${size}, ${length}]; [N, ${sizes[i]}, ${samples[i]}] is wanted`);
      counts.push(count);
    }
  });
  const most = counts.reduce((a, b) => Math.max(a, b));
  const fits = counts.every((count) => count === 1 || count === most);
  demand(fits, "NSD-S02", `axes of ${counts} kernels: 1 or ${most} fit`);
  return most;
}

function checkUnstored(arrays, axis, basis, size, length) {
  if (arrays.has(kernelOf(axis))) {
    return;
  }
  const fits = basis ? size <= length : size === length;
  demand(fits, "NSD-S02", `${size} coefficients do not fit ${length} samples of ${axis} by ${basis ?? "the identity"}`);
}

function checkValues([, t2, t3, t4], [, channels, height, width], images) {
  const steps = [t2 * t3 * t4, channels * t3 * t4, channels * height * t4, channels * height * width];
  const most = Math.max(...steps);
  demand(most <= MAX_IMAGE_VALUES, "NSD-A05", `an image takes ${most} values on its way; at most ${MAX_IMAGE_VALUES}`);
  demand(images * most <= MAX_VALUES, "NSD-A05", `${images} images of ${most} values; at most ${MAX_VALUES} together`);
}

function labelRule(labels, images, classes) {
  if (labels === undefined) {
    return "balanced";
  }
  const rule = DTYPES.get(labels.dtype).kind === "uint" ? "stored" : "soft";
  const wanted = rule === "stored" ? [images] : [images, classes];
  const fits = labels.shape.length === wanted.length && labels.shape.every((length, i) => length === wanted[i]);
  demand(fits, "NSD-L01", `labels of the shape [${labels.shape}]; [${wanted}] is wanted`);
  return rule;
}
return { AXES, kernelOf, layoutOf };
})();

const module5 = (() => {
// From arrays to images: named bases, masks and the multiplication along four axes (spec/synthesis.md), in binary64.

const { demand } = module0;
const { AXES, kernelOf } = module4;

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
function namedBasis(name, t, u) {
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
function image(file, n) {
  const { spectrum, kernel, place } = placeOf(file, n);
  const values = samplesOf(file, kernel, inPlace(file, spectrum, coefficientsOf(file, spectrum, kernel, place)));
  demand(values.every((value) => Number.isFinite(Math.fround(value))), "NSD-S04", `image ${n} is not finite in binary32`);
  return values;
}

/**
 * Which spectrum and kernel make image n, and its place among the images of these two.
 * @throws {RangeError} where there is no image n
 */
function placeOf({ layout }, n) {
  if (!Number.isInteger(n) || n < 0 || n >= layout.images) {
    throw new RangeError(`image ${n}: the file has the images 0 to ${layout.images - 1}`);
  }
  const block = Math.floor(n / layout.samples[0]);
  const spectrum = layout.zip ? block : Math.floor(block / layout.kernels);
  const kernel = layout.zip ? block : block % layout.kernels;
  return { spectrum, kernel, place: n % layout.samples[0] };
}

/** Coefficients [t2, t3, t4] multiplied along channel, height and width: [C, H, W]. */
function samplesOf(file, kernel, coefficients) {
  const [, , t3, t4] = file.layout.sizes;
  const [, channels, height] = file.layout.samples;
  let values = along(coefficients, 1, t3 * t4, matrixOf(file, 1, kernel));
  values = along(values, channels, t4, matrixOf(file, 2, kernel));
  return along(values, channels * height, 1, matrixOf(file, 3, kernel));
}

/** Slice p of a spectrum as it is stored: [t2, t3, t4], or masked [t2, k]. */
function sliceOf({ arrays, layout }, spectrum, p) {
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
function inPlace({ arrays, layout }, spectrum, coefficients) {
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
function matrixOf({ arrays, header, layout, bases }, axis, kernel) {
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
return { namedBasis, image, placeOf, samplesOf, sliceOf, inPlace, matrixOf };
})();

const module6 = (() => {
//#region src/zstddec.ts
let init;
let instance;
let heap;
const IMPORT_OBJECT = { env: { emscripten_notify_memory_growth: (_) => {
	heap = new Uint8Array(instance.exports.memory.buffer);
} } };
/**
* ZSTD (Zstandard) decoder.
*/
var ZSTDDecoder = class {
	init() {
		if (init) return init;
		if (typeof fetch !== "undefined") init = fetch(`data:application/wasm;base64,${wasm}`).then((response) => response.arrayBuffer()).then((arrayBuffer) => WebAssembly.instantiate(arrayBuffer, IMPORT_OBJECT)).then(this._init);
		else init = WebAssembly.instantiate(Buffer.from(wasm, "base64"), IMPORT_OBJECT).then(this._init);
		return init;
	}
	_init(result) {
		instance = result.instance;
		IMPORT_OBJECT.env.emscripten_notify_memory_growth(0);
	}
	decode(array, uncompressedSize = 0) {
		if (!instance) throw new Error("ZSTDDecoder: Await .init() before decoding.");
		const compressedSize = array.byteLength;
		const compressedPtr = instance.exports.malloc(compressedSize);
		heap.set(array, compressedPtr);
		uncompressedSize = uncompressedSize || Number(instance.exports.ZSTD_findDecompressedSize(compressedPtr, compressedSize));
		const uncompressedPtr = instance.exports.malloc(uncompressedSize);
		const actualSize = instance.exports.ZSTD_decompress(uncompressedPtr, uncompressedSize, compressedPtr, compressedSize);
		const dec = heap.slice(uncompressedPtr, uncompressedPtr + actualSize);
		instance.exports.free(compressedPtr);
		instance.exports.free(uncompressedPtr);
		return dec;
	}
};
/**
* BSD License
*
* For Zstandard software
*
* Copyright (c) 2016-present, Yann Collet, Facebook, Inc. All rights reserved.
*
* Redistribution and use in source and binary forms, with or without modification,
* are permitted provided that the following conditions are met:
*
*  * Redistributions of source code must retain the above copyright notice, this
*    list of conditions and the following disclaimer.
*
*  * Redistributions in binary form must reproduce the above copyright notice,
*    this list of conditions and the following disclaimer in the documentation
*    and/or other materials provided with the distribution.
*
*  * Neither the name Facebook nor the names of its contributors may be used to
*    endorse or promote products derived from this software without specific
*    prior written permission.
*
* THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND
* ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED
* WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
* DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE FOR
* ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES
* (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES;
* LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON
* ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT
* (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS
* SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
*/
const wasm = "AGFzbQEAAAABoAEUYAF/AGADf39/AGACf38AYAF/AX9gBX9/f39/AX9gA39/fwF/YAR/f39/AX9gAn9/AX9gAAF/YAd/f39/f39/AX9gB39/f39/f38AYAR/f39/AX5gAn9/AX5gBn9/f39/fwBgDn9/f39/f39/f39/f39/AX9gCH9/f39/f39/AX9gCX9/f39/f39/fwF/YAN+f38BfmAFf39/f38AYAAAAicBA2Vudh9lbXNjcmlwdGVuX25vdGlmeV9tZW1vcnlfZ3Jvd3RoAAADJyYDAAMACAQJBQEHBwADBgoLBAQDBAEABgUMBQ0OAQEBDxAREgYAEwQFAXABAgIFBwEBggKAgAIGCAF/AUGgnwQLB9MBCgZtZW1vcnkCAAxaU1REX2lzRXJyb3IADRlaU1REX2ZpbmREZWNvbXByZXNzZWRTaXplABkPWlNURF9kZWNvbXByZXNzACQGbWFsbG9jAAEEZnJlZQACGV9faW5kaXJlY3RfZnVuY3Rpb25fdGFibGUBABlfZW1zY3JpcHRlbl9zdGFja19yZXN0b3JlAAQcZW1zY3JpcHRlbl9zdGFja19nZXRfY3VycmVudAAFIl9fY3hhX2luY3JlbWVudF9leGNlcHRpb25fcmVmY291bnQAJQkHAQBBAQsBJgwBCgqtkgMm1ScBC38jAEEQayIKJAACQAJAAkACQAJAAkACQAJAAkACQCAAQfQBTQRAQagbKAIAIgRBECAAQQtqQfgDcSAAQQtJGyIGQQN2IgB2IgFBA3EEQAJAIAFBf3NBAXEgAGoiAkEDdCIBQdAbaiIAIAFB2BtqKAIAIgEoAggiBUYEQEGoGyAEQX4gAndxNgIADAELIAUgADYCDCAAIAU2AggLIAFBCGohACABIAJBA3QiAkEDcjYCBCABIAJqIgEgASgCBEEBcjYCBAwLCyAGQbAbKAIAIghNDQEgAQRAAkBBAiAAdCICQQAgAmtyIAEgAHRxaCIBQQN0IgBB0BtqIgIgAEHYG2ooAgAiACgCCCIFRgRAQagbIARBfiABd3EiBDYCAAwBCyAFIAI2AgwgAiAFNgIICyAAIAZBA3I2AgQgACAGaiIHIAFBA3QiASAGayIFQQFyNgIEIAAgAWogBTYCACAIBEAgCEF4cUHQG2ohAUG8GygCACECAn8gBEEBIAhBA3Z0IgNxRQRAQagbIAMgBHI2AgAgAQwBCyABKAIICyEDIAEgAjYCCCADIAI2AgwgAiABNgIMIAIgAzYCCAsgAEEIaiEAQbwbIAc2AgBBsBsgBTYCAAwLC0GsGygCACILRQ0BIAtoQQJ0QdgdaigCACICKAIEQXhxIAZrIQMgAiEBA0ACQCABKAIQIgBFBEAgASgCFCIARQ0BCyAAKAIEQXhxIAZrIgEgAyABIANJIgEbIQMgACACIAEbIQIgACEBDAELCyACKAIYIQkgAiACKAIMIgBHBEAgAigCCCIBIAA2AgwgACABNgIIDAoLIAIoAhQiAQR/IAJBFGoFIAIoAhAiAUUNAyACQRBqCyEFA0AgBSEHIAEiAEEUaiEFIAAoAhQiAQ0AIABBEGohBSAAKAIQIgENAAsgB0EANgIADAkLQX8hBiAAQb9/Sw0AIABBC2oiAUF4cSEGQawbKAIAIgdFDQBBHyEIQQAgBmshAyAAQfT//wdNBEAgBkEmIAFBCHZnIgBrdkEBcSAAQQF0a0E+aiEICwJAAkACQCAIQQJ0QdgdaigCACIBRQRAQQAhAAwBC0EAIQAgBkEZIAhBAXZrQQAgCEEfRxt0IQIDQAJAIAEoAgRBeHEgBmsiBCADTw0AIAEhBSAEIgMNAEEAIQMgASEADAMLIAAgASgCFCIEIAQgASACQR12QQRxaigCECIBRhsgACAEGyEAIAJBAXQhAiABDQALCyAAIAVyRQRAQQAhBUECIAh0IgBBACAAa3IgB3EiAEUNAyAAaEECdEHYHWooAgAhAAsgAEUNAQsDQCAAKAIEQXhxIAZrIgIgA0khASACIAMgARshAyAAIAUgARshBSAAKAIQIgEEfyABBSAAKAIUCyIADQALCyAFRQ0AIANBsBsoAgAgBmtPDQAgBSgCGCEIIAUgBSgCDCIARwRAIAUoAggiASAANgIMIAAgATYCCAwICyAFKAIUIgEEfyAFQRRqBSAFKAIQIgFFDQMgBUEQagshAgNAIAIhBCABIgBBFGohAiAAKAIUIgENACAAQRBqIQIgACgCECIBDQALIARBADYCAAwHCyAGQbAbKAIAIgVNBEBBvBsoAgAhAAJAIAUgBmsiAUEQTwRAIAAgBmoiAiABQQFyNgIEIAAgBWogATYCACAAIAZBA3I2AgQMAQsgACAFQQNyNgIEIAAgBWoiASABKAIEQQFyNgIEQQAhAkEAIQELQbAbIAE2AgBBvBsgAjYCACAAQQhqIQAMCQsgBkG0GygCACICSQRAQbQbIAIgBmsiATYCAEHAG0HAGygCACIAIAZqIgI2AgAgAiABQQFyNgIEIAAgBkEDcjYCBCAAQQhqIQAMCQtBACEAIAZBL2oiAwJ/QYAfKAIABEBBiB8oAgAMAQtBjB9CfzcCAEGEH0KAoICAgIAENwIAQYAfIApBDGpBcHFB2KrVqgVzNgIAQZQfQQA2AgBB5B5BADYCAEGAIAsiAWoiBEEAIAFrIgdxIgEgBk0NCEHgHigCACIFBEBB2B4oAgAiCCABaiIJIAhNIAUgCUlyDQkLAkBB5B4tAABBBHFFBEACQAJAAkACQEHAGygCACIFBEBB6B4hAANAIAAoAgAiCCAFTQRAIAUgCCAAKAIEakkNAwsgACgCCCIADQALC0EAEAMiAkF/Rg0DIAEhBEGEHygCACIAQQFrIgUgAnEEQCABIAJrIAIgBWpBACAAa3FqIQQLIAQgBk0NA0HgHigCACIABEBB2B4oAgAiBSAEaiIHIAVNIAAgB0lyDQQLIAQQAyIAIAJHDQEMBQsgBCACayAHcSIEEAMiAiAAKAIAIAAoAgRqRg0BIAIhAAsgAEF/Rg0BIAZBMGogBE0EQCAAIQIMBAtBiB8oAgAiAiADIARrakEAIAJrcSICEANBf0YNASACIARqIQQgACECDAMLIAJBf0cNAgtB5B5B5B4oAgBBBHI2AgALIAEQAyICQX9GQQAQAyIAQX9GciAAIAJNcg0FIAAgAmsiBCAGQShqTQ0FC0HYHkHYHigCACAEaiIANgIAQdweKAIAIABJBEBB3B4gADYCAAsCQEHAGygCACIDBEBB6B4hAANAIAIgACgCACIBIAAoAgQiBWpGDQIgACgCCCIADQALDAQLQbgbKAIAIgBBACAAIAJNG0UEQEG4GyACNgIAC0EAIQBB7B4gBDYCAEHoHiACNgIAQcgbQX82AgBBzBtBgB8oAgA2AgBB9B5BADYCAANAIABBA3QiAUHYG2ogAUHQG2oiBTYCACABQdwbaiAFNgIAIABBAWoiAEEgRw0AC0G0GyAEQShrIgBBeCACa0EHcSIBayIFNgIAQcAbIAEgAmoiATYCACABIAVBAXI2AgQgACACakEoNgIEQcQbQZAfKAIANgIADAQLIAIgA00gASADS3INAiAAKAIMQQhxDQIgACAEIAVqNgIEQcAbIANBeCADa0EHcSIAaiIBNgIAQbQbQbQbKAIAIARqIgIgAGsiADYCACABIABBAXI2AgQgAiADakEoNgIEQcQbQZAfKAIANgIADAMLQQAhAAwGC0EAIQAMBAtBuBsoAgAgAksEQEG4GyACNgIACyACIARqIQVB6B4hAAJAA0AgBSAAKAIAIgFHBEAgACgCCCIADQEMAgsLIAAtAAxBCHFFDQMLQegeIQADQAJAIAAoAgAiASADTQRAIAMgASAAKAIEaiIFSQ0BCyAAKAIIIQAMAQsLQbQbIARBKGsiAEF4IAJrQQdxIgFrIgc2AgBBwBsgASACaiIBNgIAIAEgB0EBcjYCBCAAIAJqQSg2AgRBxBtBkB8oAgA2AgAgAyAFQScgBWtBB3FqQS9rIgAgACADQRBqSRsiAUEbNgIEIAFB8B4pAgA3AhAgAUHoHikCADcCCEHwHiABQQhqNgIAQeweIAQ2AgBB6B4gAjYCAEH0HkEANgIAIAFBGGohAANAIABBBzYCBCAAQQhqIQIgAEEEaiEAIAIgBUkNAAsgASADRg0AIAEgASgCBEF+cTYCBCADIAEgA2siAkEBcjYCBCABIAI2AgACfyACQf8BTQRAIAJBeHFB0BtqIQACf0GoGygCACIBQQEgAkEDdnQiAnFFBEBBqBsgASACcjYCACAADAELIAAoAggLIQEgACADNgIIIAEgAzYCDEEMIQJBCAwBC0EfIQAgAkH///8HTQRAIAJBJiACQQh2ZyIAa3ZBAXEgAEEBdGtBPmohAAsgAyAANgIcIANCADcCECAAQQJ0QdgdaiEBAkACQEGsGygCACIFQQEgAHQiBHFFBEBBrBsgBCAFcjYCACABIAM2AgAMAQsgAkEZIABBAXZrQQAgAEEfRxt0IQAgASgCACEFA0AgBSIBKAIEQXhxIAJGDQIgAEEddiEFIABBAXQhACABIAVBBHFqIgQoAhAiBQ0ACyAEIAM2AhALIAMgATYCGEEIIQIgAyIBIQBBDAwBCyABKAIIIgAgAzYCDCABIAM2AgggAyAANgIIQQAhAEEYIQJBDAsgA2ogATYCACACIANqIAA2AgALQbQbKAIAIgAgBk0NAEG0GyAAIAZrIgE2AgBBwBtBwBsoAgAiACAGaiICNgIAIAIgAUEBcjYCBCAAIAZBA3I2AgQgAEEIaiEADAQLQaQbQTA2AgBBACEADAMLIAAgAjYCACAAIAAoAgQgBGo2AgQgAkF4IAJrQQdxaiIIIAZBA3I2AgQgAUF4IAFrQQdxaiIEIAYgCGoiA2shBwJAQcAbKAIAIARGBEBBwBsgAzYCAEG0G0G0GygCACAHaiIANgIAIAMgAEEBcjYCBAwBC0G8GygCACAERgRAQbwbIAM2AgBBsBtBsBsoAgAgB2oiADYCACADIABBAXI2AgQgACADaiAANgIADAELIAQoAgQiAEEDcUEBRgRAIABBeHEhCSAEKAIMIQICQCAAQf8BTQRAIAQoAggiASACRgRAQagbQagbKAIAQX4gAEEDdndxNgIADAILIAEgAjYCDCACIAE2AggMAQsgBCgCGCEGAkAgAiAERwRAIAQoAggiACACNgIMIAIgADYCCAwBCwJAIAQoAhQiAAR/IARBFGoFIAQoAhAiAEUNASAEQRBqCyEBA0AgASEFIAAiAkEUaiEBIAAoAhQiAA0AIAJBEGohASACKAIQIgANAAsgBUEANgIADAELQQAhAgsgBkUNAAJAIAQoAhwiAEECdEHYHWoiASgCACAERgRAIAEgAjYCACACDQFBrBtBrBsoAgBBfiAAd3E2AgAMAgsCQCAEIAYoAhBGBEAgBiACNgIQDAELIAYgAjYCFAsgAkUNAQsgAiAGNgIYIAQoAhAiAARAIAIgADYCECAAIAI2AhgLIAQoAhQiAEUNACACIAA2AhQgACACNgIYCyAHIAlqIQcgBCAJaiIEKAIEIQALIAQgAEF+cTYCBCADIAdBAXI2AgQgAyAHaiAHNgIAIAdB/wFNBEAgB0F4cUHQG2ohAAJ/QagbKAIAIgFBASAHQQN2dCICcUUEQEGoGyABIAJyNgIAIAAMAQsgACgCCAshASAAIAM2AgggASADNgIMIAMgADYCDCADIAE2AggMAQtBHyECIAdB////B00EQCAHQSYgB0EIdmciAGt2QQFxIABBAXRrQT5qIQILIAMgAjYCHCADQgA3AhAgAkECdEHYHWohAAJAAkBBrBsoAgAiAUEBIAJ0IgVxRQRAQawbIAEgBXI2AgAgACADNgIADAELIAdBGSACQQF2a0EAIAJBH0cbdCECIAAoAgAhAQNAIAEiACgCBEF4cSAHRg0CIAJBHXYhASACQQF0IQIgACABQQRxaiIFKAIQIgENAAsgBSADNgIQCyADIAA2AhggAyADNgIMIAMgAzYCCAwBCyAAKAIIIgEgAzYCDCAAIAM2AgggA0EANgIYIAMgADYCDCADIAE2AggLIAhBCGohAAwCCwJAIAhFDQACQCAFKAIcIgFBAnRB2B1qIgIoAgAgBUYEQCACIAA2AgAgAA0BQawbIAdBfiABd3EiBzYCAAwCCwJAIAUgCCgCEEYEQCAIIAA2AhAMAQsgCCAANgIUCyAARQ0BCyAAIAg2AhggBSgCECIBBEAgACABNgIQIAEgADYCGAsgBSgCFCIBRQ0AIAAgATYCFCABIAA2AhgLAkAgA0EPTQRAIAUgAyAGaiIAQQNyNgIEIAAgBWoiACAAKAIEQQFyNgIEDAELIAUgBkEDcjYCBCAFIAZqIgQgA0EBcjYCBCADIARqIAM2AgAgA0H/AU0EQCADQXhxQdAbaiEAAn9BqBsoAgAiAUEBIANBA3Z0IgJxRQRAQagbIAEgAnI2AgAgAAwBCyAAKAIICyEBIAAgBDYCCCABIAQ2AgwgBCAANgIMIAQgATYCCAwBC0EfIQAgA0H///8HTQRAIANBJiADQQh2ZyIAa3ZBAXEgAEEBdGtBPmohAAsgBCAANgIcIARCADcCECAAQQJ0QdgdaiEBAkACQCAHQQEgAHQiAnFFBEBBrBsgAiAHcjYCACABIAQ2AgAgBCABNgIYDAELIANBGSAAQQF2a0EAIABBH0cbdCEAIAEoAgAhAQNAIAEiAigCBEF4cSADRg0CIABBHXYhASAAQQF0IQAgAiABQQRxaiIHKAIQIgENAAsgByAENgIQIAQgAjYCGAsgBCAENgIMIAQgBDYCCAwBCyACKAIIIgAgBDYCDCACIAQ2AgggBEEANgIYIAQgAjYCDCAEIAA2AggLIAVBCGohAAwBCwJAIAlFDQACQCACKAIcIgFBAnRB2B1qIgUoAgAgAkYEQCAFIAA2AgAgAA0BQawbIAtBfiABd3E2AgAMAgsCQCACIAkoAhBGBEAgCSAANgIQDAELIAkgADYCFAsgAEUNAQsgACAJNgIYIAIoAhAiAQRAIAAgATYCECABIAA2AhgLIAIoAhQiAUUNACAAIAE2AhQgASAANgIYCwJAIANBD00EQCACIAMgBmoiAEEDcjYCBCAAIAJqIgAgACgCBEEBcjYCBAwBCyACIAZBA3I2AgQgAiAGaiIFIANBAXI2AgQgAyAFaiADNgIAIAgEQCAIQXhxQdAbaiEAQbwbKAIAIQECf0EBIAhBA3Z0IgcgBHFFBEBBqBsgBCAHcjYCACAADAELIAAoAggLIQQgACABNgIIIAQgATYCDCABIAA2AgwgASAENgIIC0G8GyAFNgIAQbAbIAM2AgALIAJBCGohAAsgCkEQaiQAIAAL3AsBCH8CQCAARQ0AIABBCGsiAyAAQQRrKAIAIgJBeHEiAGohBQJAIAJBAXENACACQQJxRQ0BIAMgAygCACIEayIDQbgbKAIASQ0BIAAgBGohAAJAAkACQEG8GygCACADRwRAIAMoAgwhASAEQf8BTQRAIAEgAygCCCICRw0CQagbQagbKAIAQX4gBEEDdndxNgIADAULIAMoAhghByABIANHBEAgAygCCCICIAE2AgwgASACNgIIDAQLIAMoAhQiAgR/IANBFGoFIAMoAhAiAkUNAyADQRBqCyEEA0AgBCEGIAIiAUEUaiEEIAEoAhQiAg0AIAFBEGohBCABKAIQIgINAAsgBkEANgIADAMLIAUoAgQiAkEDcUEDRw0DQbAbIAA2AgAgBSACQX5xNgIEIAMgAEEBcjYCBCAFIAA2AgAPCyACIAE2AgwgASACNgIIDAILQQAhAQsgB0UNAAJAIAMoAhwiBEECdEHYHWoiAigCACADRgRAIAIgATYCACABDQFBrBtBrBsoAgBBfiAEd3E2AgAMAgsCQCADIAcoAhBGBEAgByABNgIQDAELIAcgATYCFAsgAUUNAQsgASAHNgIYIAMoAhAiAgRAIAEgAjYCECACIAE2AhgLIAMoAhQiAkUNACABIAI2AhQgAiABNgIYCyADIAVPDQAgBSgCBCIEQQFxRQ0AAkACQAJAAkAgBEECcUUEQEHAGygCACAFRgRAQcAbIAM2AgBBtBtBtBsoAgAgAGoiADYCACADIABBAXI2AgQgA0G8GygCAEcNBkGwG0EANgIAQbwbQQA2AgAPC0G8GygCACIHIAVGBEBBvBsgAzYCAEGwG0GwGygCACAAaiIANgIAIAMgAEEBcjYCBCAAIANqIAA2AgAPCyAEQXhxIABqIQAgBSgCDCEBIARB/wFNBEAgBSgCCCICIAFGBEBBqBtBqBsoAgBBfiAEQQN2d3E2AgAMBQsgAiABNgIMIAEgAjYCCAwECyAFKAIYIQggASAFRwRAIAUoAggiAiABNgIMIAEgAjYCCAwDCyAFKAIUIgIEfyAFQRRqBSAFKAIQIgJFDQIgBUEQagshBANAIAQhBiACIgFBFGohBCABKAIUIgINACABQRBqIQQgASgCECICDQALIAZBADYCAAwCCyAFIARBfnE2AgQgAyAAQQFyNgIEIAAgA2ogADYCAAwDC0EAIQELIAhFDQACQCAFKAIcIgRBAnRB2B1qIgIoAgAgBUYEQCACIAE2AgAgAQ0BQawbQawbKAIAQX4gBHdxNgIADAILAkAgBSAIKAIQRgRAIAggATYCEAwBCyAIIAE2AhQLIAFFDQELIAEgCDYCGCAFKAIQIgIEQCABIAI2AhAgAiABNgIYCyAFKAIUIgJFDQAgASACNgIUIAIgATYCGAsgAyAAQQFyNgIEIAAgA2ogADYCACADIAdHDQBBsBsgADYCAA8LIABB/wFNBEAgAEF4cUHQG2ohAgJ/QagbKAIAIgRBASAAQQN2dCIAcUUEQEGoGyAAIARyNgIAIAIMAQsgAigCCAshACACIAM2AgggACADNgIMIAMgAjYCDCADIAA2AggPC0EfIQEgAEH///8HTQRAIABBJiAAQQh2ZyICa3ZBAXEgAkEBdGtBPmohAQsgAyABNgIcIANCADcCECABQQJ0QdgdaiEEAn8CQAJ/QawbKAIAIgZBASABdCICcUUEQEGsGyACIAZyNgIAIAQgAzYCAEEYIQFBCAwBCyAAQRkgAUEBdmtBACABQR9HG3QhASAEKAIAIQQDQCAEIgIoAgRBeHEgAEYNAiABQR12IQQgAUEBdCEBIAIgBEEEcWoiBigCECIEDQALIAYgAzYCEEEYIQEgAiEEQQgLIQAgAyICDAELIAIoAggiBCADNgIMIAIgAzYCCEEYIQBBCCEBQQALIQYgASADaiAENgIAIAMgAjYCDCAAIANqIAY2AgBByBtByBsoAgBBAWsiAEF/IAAbNgIACwtsAQJ/QaAbKAIAIgEgAEEHakF4cSICaiEAAkAgAkEAIAAgAU0bRQRAIAA/AEEQdE0NASAAPwBBEHRrQf//A2pBEHZAAEF/RgR/QQAFQQAQAEEBCw0BC0GkG0EwNgIAQX8PC0GgGyAANgIAIAELBgAgACQACwQAIwALuQUBDH8jAEEQayIMJAACQCAEQQdNBEAgDEIANwMIIAQEQCAMQQhqIAMgBPwKAAALQWwgACABIAIgDEEIakEIEAYiACAAIARLGyAAIABBiX9JGyEFDAELIAEoAgBBAWoiDkEBdCIIBEAgAEEAIAj8CwALIAMoAAAiBUEPcSIHQQpLBEBBVCEFDAELIAIgB0EFajYCACADIARqIgJBBGshCCACQQdrIQ0gB0EGaiEPQQQhBiAFQQR2IQVBICAHdCIJQQFyIQpBACECQQEhByADIQQDQAJAIAdBAXFFBEADQCAFQX9zQYCAgIB4cmgiB0EYSUUEQCACQSRqIQIgBCANTQR/IARBA2oFIAQgDWtBA3QgBmpBH3EhBiAICyIEKAAAIAZ2IQUMAQsLIAYgB0EecSILakECaiEGIAdBAXZBA2wgAmogBSALdkEDcWoiAiAOTw0BAn8gBCANSyAGQQN2IARqIgUgCEtxRQRAIAZBB3EhBiAFDAELIAQgCGtBA3QgBmpBH3EhBiAICyIEKAAAIAZ2IQULIAUgCUEBa3EiByAJQQF0QQFrIgsgCmsiEEkEfyAPQQFrBSAFIAtxIgUgEEEAIAUgCU4bayEHIA8LIQUgACACQQF0aiAHQQFrIgs7AQAgAkEBaiECIAUgBmohBiAJQQEgB2sgCyAHQQBKGyAKaiIKSgRAIApBAkgNAUEgIApnIgVrIQ9BASAFQR9zdCEJCyACIA5PDQAgC0EARyEHAn8gBCANSyAGQQN1IARqIgUgCEtxRQRAIAZBB3EhBiAFDAELIAYgBCAIa0EDdGpBH3EhBiAICyIEKAAAIAZ2IQUMAQsLQWwhBSAKQQFHDQAgAiAOSwRAQVAhBQwBCyAGQSBKDQAgASACQQFrNgIAIAQgBkEHakEDdWogA2shBQsgDEEQaiQAIAULrRkCEX8BfiMAQTBrIgckAEG4fyEIAkAgBUUNACAELAAAIglB/wFxIQ0CQAJAIAlBAEgEQCANQf4Aa0EBdiIGIAVPDQMgDUH/AGsiCEH/AUsNAiAEQQFqIQRBACEFA0AgBSAITwRAIAYhDQwDBSAAIAVqIg0gBCAFQQF2aiIJLQAAQQR2OgAAIA0gCS0AAEEPcToAASAFQQJqIQUMAQsACwALIAUgDU0NAiAHQf8BNgIEIAYgB0EEaiAHQQhqIARBAWoiCiANEAYiBEGIf0sEQCAEIQgMAwtBVCEIIAcoAggiC0EGSw0CIAcoAgQiBUEBdCIMQQJqrUIBIAuthiIYQQQgC3QiCUEIaq18fEILfEL8//////////8Ag0LoAlYNAkFSIQggBUH/AUsNAkHoAiAJa60gBUEBaiIQQQF0rSAYfEIIfFQNAiANIARrIRQgBCAKaiEVIAwgBkGABGoiDCAJakEEaiIWakECaiERIAZBhARqIRcgBkGGBGohE0GAgAIgC3RBEHYhCEEAIQVBASEOQQEgC3QiCkEBayISIQQDQCAFIBBGRQRAAkAgBiAFQQF0Ig9qLwEAIglB//8DRgRAIBMgBEECdGogBToAACAEQQFrIQRBASEJDAELIA5BACAIIAnBShshDgsgDyAWaiAJOwEAIAVBAWohBQwBCwsgBiAOOwGCBCAGIAs7AYAEAkAgBCASRgRAQgAhGEEAIQlBACEIA0AgCSAQRgRAIApBA3YgCkEBdmpBA2oiBkEBdCEJQQAhBEEAIQgDQCAIIApPDQQgCCARaiEQQQAhBQNAIAVBAkZFBEAgEyAFIAZsIARqIBJxQQJ0aiAFIBBqLQAAOgAAIAVBAWohBQwBCwsgCEECaiEIIAQgCWogEnEhBAwACwAFIAYgCUEBdGouAQAhBCAIIBFqIg8gGDcAAEEIIQUDQCAEIAVMRQRAIAUgD2ogGDcAACAFQQhqIQUMAQsLIBhCgYKEiJCgwIABfCEYIAlBAWohCSAEIAhqIQgMAQsACwALIApBA3YgCkEBdmpBA2ohEUEAIQhBACEFA0AgCCAQRkUEQEEAIQkgBiAIQQF0ai4BACIPQQAgD0EAShshDwNAIAkgD0ZFBEAgEyAFQQJ0aiAIOgAAA0AgBSARaiAScSIFIARLDQALIAlBAWohCQwBCwsgCEEBaiEIDAELC0F/IQggBQ0DCyALQR9rIQhBACEFA0AgBSAKRkUEQCAWIBcgBUECdGoiBC0AAkEBdGoiBiAGLwEAIgZBAWo7AQAgBCAIIAZnaiIJOgADIAQgBiAJdCAKazsBACAFQQFqIQUMAQsLAkACQCAOQf//A3EEQCAHQRxqIgQgFSAUEAgiCEGIf0sNAiAHQRRqIAQgDBAJIAdBDGogBCAMEAkgBygCICIIQSBLDQECQCAHAn8gBygCJCIEIAcoAixPBEAgByAEIAhBA3ZrIgU2AiQgCEEHcQwBCyAEIAcoAigiBUYNASAHIAQgBCAFayAIQQN2IgYgBCAGayAFSRsiBGsiBTYCJCAIIARBA3RrCyIINgIgIAcgBSgAADYCHAtBACEFA0ACQAJAIAhBIU8EQCAHQbAaNgIkDAELIAcCfyAHKAIkIgQgBygCLE8EQCAHIAQgCEEDdmsiBDYCJEEBIQkgCEEHcQwBCyAEIAcoAigiBkYNASAHIAQgCEEDdiIJIAQgBmsgBCAJayAGTyIJGyIGayIENgIkIAggBkEDdGsLNgIgIAcgBCgAADYCHCAJRSAFQfsBS3INACAAIAVqIgggB0EUaiAHQRxqIgQQCjoAACAIIAdBDGogBBAKOgABAkAgBygCICIGQSFPBEAgB0GwGjYCJAwBCyAHKAIkIgQgBygCLE8EQCAHIAZBB3E2AiAgByAEIAZBA3ZrIgQ2AiQgByAEKAAANgIcDAMLIAQgBygCKCIJRg0AIAcgBiAEIAlrIAZBA3YiBiAEIAZrIgYgCUkbIgpBA3RrNgIgIAcgBCAKayIENgIkIAcgBCgAADYCHCAGIAlPDQILIAVBAnIhBQsgAEEBaiEMAn8CQANAQbp/IQggBUH9AUsNByAAIAVqIgogB0EUaiAHQRxqEAo6AAAgBSAMaiELIAcoAiAiBkEgSw0BAkAgBwJ/IAcoAiQiBCAHKAIsTwRAIAcgBCAGQQN2ayIENgIkIAZBB3EMAQsgBCAHKAIoIglGDQEgByAEIAQgCWsgBkEDdiIOIAQgDmsgCUkbIglrIgQ2AiQgBiAJQQN0aws2AiAgByAEKAAANgIcCyAFQf0BRg0HIAsgB0EMaiAHQRxqEAo6AAAgBUECaiEFIAcoAiAiBkEgTQRAIAcCfyAHKAIkIgQgBygCLE8EQCAHIAQgBkEDdmsiCDYCJCAGQQdxDAELIAQgBygCKCIIRg0CIAcgBCAEIAhrIAZBA3YiCSAEIAlrIAhJGyIEayIINgIkIAYgBEEDdGsLNgIgIAcgCCgAADYCHAwBCwsgB0GwGjYCJCAAIAVqIAdBFGogB0EcahAKOgAAIApBA2oMAQsgB0GwGjYCJCALIAdBDGogB0EcahAKOgAAIApBAmoLIABrIQgMBAsgCCAHQRRqIAdBHGoiBBAKOgACIAggB0EMaiAEEAo6AAMgBUEEaiEFIAcoAiAhCAwACwALIAdBHGoiBCAVIBQQCCIIQYh/Sw0BIAdBFGogBCAMEAkgB0EMaiAEIAwQCSAHKAIgIghBIEsNAAJAIAcCfyAHKAIkIgQgBygCLE8EQCAHIAQgCEEDdmsiBTYCJCAIQQdxDAELIAQgBygCKCIFRg0BIAcgBCAEIAVrIAhBA3YiBiAEIAZrIAVJGyIEayIFNgIkIAggBEEDdGsLIgg2AiAgByAFKAAANgIcC0EAIQUDQAJAAkAgCEEhTwRAIAdBsBo2AiQMAQsgBwJ/IAcoAiQiBCAHKAIsTwRAIAcgBCAIQQN2ayIENgIkQQEhCSAIQQdxDAELIAQgBygCKCIGRg0BIAcgBCAIQQN2IgkgBCAGayAEIAlrIAZPIgkbIgZrIgQ2AiQgCCAGQQN0aws2AiAgByAEKAAANgIcIAlFIAVB+wFLcg0AIAAgBWoiCCAHQRRqIAdBHGoiBBALOgAAIAggB0EMaiAEEAs6AAECQCAHKAIgIgZBIU8EQCAHQbAaNgIkDAELIAcoAiQiBCAHKAIsTwRAIAcgBkEHcTYCICAHIAQgBkEDdmsiBDYCJCAHIAQoAAA2AhwMAwsgBCAHKAIoIglGDQAgByAGIAQgCWsgBkEDdiIGIAQgBmsiBiAJSRsiCkEDdGs2AiAgByAEIAprIgQ2AiQgByAEKAAANgIcIAYgCU8NAgsgBUECciEFCyAAQQFqIQwCfwJAA0BBun8hCCAFQf0BSw0GIAAgBWoiCiAHQRRqIAdBHGoQCzoAACAFIAxqIQsgBygCICIGQSBLDQECQCAHAn8gBygCJCIEIAcoAixPBEAgByAEIAZBA3ZrIgQ2AiQgBkEHcQwBCyAEIAcoAigiCUYNASAHIAQgBCAJayAGQQN2Ig4gBCAOayAJSRsiCWsiBDYCJCAGIAlBA3RrCzYCICAHIAQoAAA2AhwLIAVB/QFGDQYgCyAHQQxqIAdBHGoQCzoAACAFQQJqIQUgBygCICIGQSBNBEAgBwJ/IAcoAiQiBCAHKAIsTwRAIAcgBCAGQQN2ayIINgIkIAZBB3EMAQsgBCAHKAIoIghGDQIgByAEIAQgCGsgBkEDdiIJIAQgCWsgCEkbIgRrIgg2AiQgBiAEQQN0aws2AiAgByAIKAAANgIcDAELCyAHQbAaNgIkIAAgBWogB0EUaiAHQRxqEAs6AAAgCkEDagwBCyAHQbAaNgIkIAsgB0EMaiAHQRxqEAs6AAAgCkECagsgAGshCAwDCyAIIAdBFGogB0EcaiIEEAs6AAIgCCAHQQxqIAQQCzoAAyAFQQRqIQUgBygCICEIDAALAAtBbCEICyAIQYh/Sw0CC0EAIQUgAUEAQTT8CwAgCCEGQQAhBANAIAUgBkcEQCAAIAVqIggtAAAiCUEMSw0CIAEgCUECdGoiCSAJKAIAQQFqNgIAIAVBAWohBUEBIAgtAAB0QQF1IARqIQQMAQsLQWwhCCAERQ0BIARnIgVBHHNBC0sNASADQSAgBWsiAzYCAEGAgICAeEEBIAN0IARrIgNnIgR2IANHDQEgACAGakEgIARrIgA6AAAgASAAQQJ0aiIAIAAoAgBBAWo2AgAgASgCBCIAQQJJIABBAXFyDQEgAiAGQQFqNgIAIA1BAWohCAwBC0FsIQgLIAdBMGokACAIC/UBAQF/IAJFBEAgAEIANwIAIABBADYCECAAQgA3AghBuH8PCyAAIAE2AgwgACABQQRqNgIQIAJBBE8EQCAAIAEgAmoiAUEEayIDNgIIIAAgAygAADYCACABQQFrLQAAIgEEQCAAQQggAWdBH3NrNgIEIAIPCyAAQQA2AgRBfw8LIAAgATYCCCAAIAEtAAAiAzYCAAJAAkACQCACQQJrDgIBAAILIAAgAS0AAkEQdCADciIDNgIACyAAIAEtAAFBCHQgA2o2AgALIAEgAmpBAWstAAAiAUUEQCAAQQA2AgRBbA8LIAAgAWcgAkEDdGtBCWo2AgQgAguuAQEEfyABIAIvAQAiAyABKAIEaiIENgIEIAAgA0ECdEGwGWooAgAgASgCAEEAIARrdnE2AgACQCAEQSFPBEAgAUGwGjYCCAwBCyABKAIIIgMgASgCEE8EQCABEAwMAQsgAyABKAIMIgVGDQAgASADIAMgBWsgBEEDdiIGIAMgBmsgBUkbIgNrIgU2AgggASAEIANBA3RrNgIEIAEgBSgAADYCAAsgACACQQRqNgIEC0wBBH8gACgCBCAAKAIAQQJ0aiICLQACIQMgAi8BACEEIAEgASgCBCIFIAItAAMiAmo2AgQgACAEIAEoAgAgBXRBACACa3ZqNgIAIAMLVgEEfyAAKAIEIAAoAgBBAnRqIgItAAIhAyACLwEAIQQgASACLQADIgIgASgCBGoiBTYCBCAAIAQgAkECdEGwGWooAgAgASgCAEEAIAVrdnFqNgIAIAMLLwEBfyAAIAAoAgQiAUEHcTYCBCAAIAAoAgggAUEDdmsiATYCCCAAIAEoAAA2AgALCAAgAEGIf0sLxQkCDX8CfiMAQRBrIgskACALQQA2AgwgC0EANgIIAn8CQCADQdQJaiIFIAMgC0EIaiALQQxqIAEgAiADQegAahAHIhBBiH9LDQAgCygCCCEIQQogACgCACIJQf8BcSIHIAdBCk8bQQFqIgQgCygCDCIBTwRAAkAgASAETw0AIAQgAWshAkEAIQEDQCABIAhGBEAgBCEBA0AgASACTQRAA0AgAkUNBSADIAJBAnRqQQA2AgAgAkEBayECDAALAAUgAyABQQJ0aiADIAEgAmtBAnRqKAIANgIAIAFBAWshAQwBCwALAAUgASAFaiIKIAJBACAKLQAAIgobIApqOgAAIAFBAWohAQwBCwALAAsgBCEBC0FUIAEgB0EBaksNARogAEEEaiEKIAAgCUH/gYB4cSABQRB0QYCA/AdxcjYCACABQQFqIQ4gA0E0aiEEQQAhAUEAIQIDQCACIA5GRQRAIAMgAkECdCIAaigCACEHIAAgBGogATYCACACQQFqIQIgASAHaiEBDAELCyADQdQHaiEHIAhBA2shAUEAIQADQAJAQQAhAiAAIAFOBEADQCAAIAhODQIgBCAAIAVqLQAAQQJ0aiIBIAEoAgAiAUEBajYCACABIAdqIAA6AAAgAEEBaiEADAALAAUDQCACQQRGRQRAIAQgBSAAIAJyIglqLQAAQQJ0aiIMIAwoAgAiDEEBajYCACAHIAxqIAk6AAAgAkEBaiECDAELCyAAQQRqIQAMAgsACwsgAygCACEIQQAhAEEBIQkDQCAJIA5GDQEgDiAJayEEIAMgCUECdGooAgAhBQJAAkACQAJAAkACQEEBIAl0QQF1IgxBAWsOCAABBAIEBAQDBAtBACECIAVBACAFQQBKGyEGIAAhAQNAIAIgBkYNBSAKIAFBAXRqIg0gByACIAhqai0AADoAASANIAQ6AAAgAkEBaiECIAFBAWohAQwACwALQQAhAiAFQQAgBUEAShshDSAAIQEDQCACIA1GDQQgCiABQQF0aiIGIAcgAiAIamotAAAiDzoAAyAGIAQ6AAIgBiAPOgABIAYgBDoAACACQQFqIQIgAUECaiEBDAALAAtBACECIAVBACAFQQBKGyEGIARB/wFxrSERIAAhAQNAIAIgBkYNAyAKIAFBAXRqIAcgAiAIamoxAABCCIYgEYRCgYCEgJCAwAB+NwAAIAJBAWohAiABQQRqIQEMAAsAC0EAIQIgBUEAIAVBAEobIQYgBEH/AXGtIREgACEBA0AgAiAGRg0CIAogAUEBdGoiBCAHIAIgCGpqMQAAQgiGIBGEQoGAhICQgMAAfiISNwAIIAQgEjcAACACQQFqIQIgAUEIaiEBDAALAAtBACEBIAVBACAFQQBKGyENIARB/wFxrSESIAAhBANAIAEgDUYNASAKIARBAXRqIQ8gByABIAhqajEAAEIIhiAShEKBgISAkIDAAH4hEUEAIQIDQCACIAxORQRAIA8gAkEBdGoiBiARNwAYIAYgETcAECAGIBE3AAggBiARNwAAIAJBEGohAgwBCwsgAUEBaiEBIAQgDGohBAwACwALIAlBAWohCSAFIAhqIQggBSAMbCAAaiEADAALAAsgEAshAiALQRBqJAAgAgufAwIBfgF/AkACQAJAAkACQAJAQQEgBCADa3QiCEEBaw4IAAEEAgQEBAMECyAGQRh0IANBEHRqIQMDQCABIAJGDQUgACABLQAAIgQgBEEIdCAFciAGQQFGGyADcjYBACABQQFqIQEgAEEEaiEADAALAAsgBkEYdCADQRB0aiEDA0AgASACRg0EIAAgAS0AACIEIARBCHQgBXIgBkEBRhsgA3IiBDYBBCAAIAQ2AQAgAUEBaiEBIABBCGohAAwACwALA0AgASACRg0DIAAgAS0AACADIAUgBhAQIgc3AQggACAHNwEAIAFBAWohASAAQRBqIQAMAAsACwNAIAEgAkYNAiAAIAEtAAAgAyAFIAYQECIHNwEYIAAgBzcBECAAIAc3AQggACAHNwEAIAFBAWohASAAQSBqIQAMAAsACwNAIAEgAkYNASAAIAhBAnRqIQQgAS0AACADIAUgBhAQIQcDQCAAIARGRQRAIAAgBzcBGCAAIAc3ARAgACAHNwEIIAAgBzcBACAAQSBqIQAMAQsLIAFBAWohASAEIQAMAAsACwsmACADQRh0IAFBEHRqIAAgAEEIdCACciADQQFGG3KtQoGAgIAQfgu7BgEKfyMAQSBrIgUkACAELwECIQsgBUEMaiACIAMQCCIDQYh/TQRAIARBBGohCCAAIAFqIQkCQAJAAkAgAUEETwRAIAlBA2shDUEAIAtrQR9xIQwgBSgCFCEDIAUoAhghByAFKAIcIQ4gBSgCDCEGIAUoAhAhBANAIARBIEsEQEGwGiEDDAQLAkAgAyAOTwRAIARBB3EhAiAEQQN2IQZBASEEDAELIAMgB0YNBCAEIARBA3YiAiADIAdrIAMgAmsgB08iBBsiBkEDdGshAgsgAyAGayIDKAAAIQYgBEUgACANT3INAiAIIAYgAnQgDHZBAXRqIgQtAAAhCiAAIAQtAAE6AAAgCCAGIAIgCmoiAnQgDHZBAXRqIgQtAAAhCiAAIAQtAAE6AAEgAiAKaiEEIABBAmohAAwACwALIAUoAhAiBEEhTwRAIAVBsBo2AhQMAwsgBSgCFCIDIAUoAhxPBEAgBSAEQQdxIgI2AhAgBSADIARBA3ZrIgM2AhQgBSADKAAANgIMIAIhBAwDCyADIAUoAhgiAkYNAiAFIAQgAyACayAEQQN2IgQgAyAEayACSRsiAkEDdGsiBDYCECAFIAMgAmsiAjYCFCAFIAIoAAA2AgwMAgsgAiEECyAFIAQ2AhAgBSADNgIUIAUgBjYCDAtBACALa0EfcSEHA0ACQCAEQSFPBEAgBUGwGjYCFAwBCyAFAn8gBSgCFCICIAUoAhxPBEAgBSACIARBA3ZrIgM2AhRBASEGIARBB3EMAQsgAiAFKAIYIgNGDQEgBSACIARBA3YiBiACIANrIAIgBmsgA08iBhsiAmsiAzYCFCAEIAJBA3RrCyIENgIQIAUgAygAACICNgIMIAZFIAAgCU9yDQAgCCACIAR0IAd2QQF0aiICLQABIQMgBSAEIAItAABqNgIQIAAgAzoAACAAQQFqIQAgBSgCECEEDAELCwNAIAAgCU9FBEAgCCAFKAIMIAUoAhAiAnQgB3ZBAXRqIgMtAAEhBCAFIAIgAy0AAGo2AhAgACAEOgAAIABBAWohAAwBCwtBbEFsIAEgBSgCEEEgRxsgBSgCFCAFKAIYRxshAwsgBUEgaiQAIAML/SEBGX8jAEHQAGsiBSQAQWwhBgJAIAFBBkkgA0EKSXINAAJAIAMgAi8ABCIHIAIvAAAiCiACLwACIglqakEGaiILSQ0AIAAgAUEDakECdiIMaiIIIAxqIg0gDGoiDCAAIAFqIhFLDQAgBC8BAiEOIAVBPGogAkEGaiICIAoQCCIGQYh/Sw0BIAVBKGogAiAKaiICIAkQCCIGQYh/Sw0BIAVBFGogAiAJaiICIAcQCCIGQYh/Sw0BIAUgAiAHaiADIAtrEAgiBkGIf0sNASAEQQRqIQogEUEDayESAkAgESAMa0EESQRAIAwhAyANIQIgCCEEDAELQQAgDmtBH3EhBkEAIQkgDCEDIA0hAiAIIQQDQCAJQQFxIAMgEk9yDQEgACAKIAUoAjwiCSAFKAJAIgt0IAZ2QQJ0aiIHLwEAOwAAIActAAIhECAHLQADIQ8gBCAKIAUoAigiEyAFKAIsIhR0IAZ2QQJ0aiIHLwEAOwAAIActAAIhFSAHLQADIRYgAiAKIAUoAhQiFyAFKAIYIhh0IAZ2QQJ0aiIHLwEAOwAAIActAAIhGSAHLQADIRogAyAKIAUoAgAiGyAFKAIEIhx0IAZ2QQJ0aiIHLwEAOwAAIActAAIhHSAHLQADIQcgACAPaiIPIAogCSALIBBqIgl0IAZ2QQJ0aiIALwEAOwAAIAUgCSAALQACajYCQCAALQADIQkgBCAWaiIEIAogEyAUIBVqIgt0IAZ2QQJ0aiIALwEAOwAAIAUgCyAALQACajYCLCAALQADIQsgAiAaaiICIAogFyAYIBlqIhB0IAZ2QQJ0aiIALwEAOwAAIAUgECAALQACajYCGCAALQADIRAgAyAHaiIHIAogGyAcIB1qIgB0IAZ2QQJ0aiIDLwEAOwAAIAUgACADLQACajYCBCAJIA9qIQAgBCALaiEEIAIgEGohAiAHIAMtAANqIQMgBUE8ahATIAVBKGoQE3IgBUEUahATciAFEBNyQQBHIQkMAAsACyAAIAhLIAQgDUtyDQBBbCEGIAIgDEsNAQJAAkAgCCAAayIJQQRPBEAgCEEDayEQQQAgDmtBH3EhCyAFKAJAIQYDQCAGQSFPBEAgBUGwGjYCRAwDCyAFAn8gBSgCRCIHIAUoAkxPBEAgBSAHIAZBA3ZrIgk2AkRBASEHIAZBB3EMAQsgByAFKAJIIglGDQMgBSAHIAZBA3YiDyAHIAlrIAcgD2sgCU8iBxsiD2siCTYCRCAGIA9BA3RrCyIGNgJAIAUgCSgAACIJNgI8IAdFIAAgEE9yDQIgACAKIAkgBnQgC3ZBAnRqIgYvAQA7AAAgBSAFKAJAIAYtAAJqIgc2AkAgACAGLQADaiIJIAogBSgCPCAHdCALdkECdGoiAC8BADsAACAFIAUoAkAgAC0AAmoiBjYCQCAJIAAtAANqIQAMAAsACyAFKAJAIgZBIU8EQCAFQbAaNgJEDAILIAUoAkQiCyAFKAJMTwRAIAUgBkEHcSIHNgJAIAUgCyAGQQN2ayIGNgJEIAUgBigAADYCPCAHIQYMAgsgCyAFKAJIIgdGDQEgBSAGIAsgB2sgBkEDdiIGIAsgBmsgB0kbIgdBA3RrIgY2AkAgBSALIAdrIgc2AkQgBSAHKAAANgI8DAELIAggAGshCQsCQCAJQQJJDQAgCEECayELQQAgDmtBH3EhEANAAkAgBkEhTwRAIAVBsBo2AkQMAQsgBQJ/IAUoAkQiByAFKAJMTwRAIAUgByAGQQN2ayIJNgJEQQEhByAGQQdxDAELIAcgBSgCSCIJRg0BIAUgByAGQQN2Ig8gByAJayAHIA9rIAlPIgcbIg9rIgk2AkQgBiAPQQN0awsiBjYCQCAFIAkoAAAiCTYCPCAHRSAAIAtLcg0AIAAgCiAJIAZ0IBB2QQJ0aiIHLwEAOwAAIAUgBSgCQCAHLQACaiIGNgJAIAAgBy0AA2ohAAwBCwsDQCAAIAtLDQEgACAKIAUoAjwgBnQgEHZBAnRqIgcvAQA7AAAgBSAFKAJAIActAAJqIgY2AkAgACAHLQADaiEADAALAAsCQCAAIAhPDQAgACAKIAUoAjwgBnRBACAOa3ZBAnRqIgAtAAA6AAAgBQJ/IAAtAANBAUYEQCAFKAJAIAAtAAJqDAELIAUoAkAiCEEfSw0BQSAgCCAALQACaiIAIABBIE8bCzYCQAsCQAJAIA0gBGsiBkEETwRAIA1BA2shCUEAIA5rQR9xIQcgBSgCLCEAA0AgAEEhTwRAIAVBsBo2AjAMAwsgBQJ/IAUoAjAiCCAFKAI4TwRAIAUgCCAAQQN2ayIGNgIwQQEhCCAAQQdxDAELIAggBSgCNCIGRg0DIAUgCCAAQQN2IgsgCCAGayAIIAtrIAZPIggbIgtrIgY2AjAgACALQQN0awsiADYCLCAFIAYoAAAiBjYCKCAIRSAEIAlPcg0CIAQgCiAGIAB0IAd2QQJ0aiIALwEAOwAAIAUgBSgCLCAALQACaiIINgIsIAQgAC0AA2oiBiAKIAUoAiggCHQgB3ZBAnRqIgQvAQA7AAAgBSAFKAIsIAQtAAJqIgA2AiwgBiAELQADaiEEDAALAAsgBSgCLCIAQSFPBEAgBUGwGjYCMAwCCyAFKAIwIgcgBSgCOE8EQCAFIABBB3EiCDYCLCAFIAcgAEEDdmsiADYCMCAFIAAoAAA2AiggCCEADAILIAcgBSgCNCIIRg0BIAUgACAHIAhrIABBA3YiACAHIABrIAhJGyIIQQN0ayIANgIsIAUgByAIayIINgIwIAUgCCgAADYCKAwBCyANIARrIQYLAkAgBkECSQ0AIA1BAmshCUEAIA5rQR9xIQsDQAJAIABBIU8EQCAFQbAaNgIwDAELIAUCfyAFKAIwIgggBSgCOE8EQCAFIAggAEEDdmsiBjYCMEEBIQcgAEEHcQwBCyAIIAUoAjQiBkYNASAFIAggAEEDdiIHIAggBmsgCCAHayAGTyIHGyIIayIGNgIwIAAgCEEDdGsLIgA2AiwgBSAGKAAAIgg2AiggB0UgBCAJS3INACAEIAogCCAAdCALdkECdGoiCC8BADsAACAFIAUoAiwgCC0AAmoiADYCLCAEIAgtAANqIQQMAQsLA0AgBCAJSw0BIAQgCiAFKAIoIAB0IAt2QQJ0aiIILwEAOwAAIAUgBSgCLCAILQACaiIANgIsIAQgCC0AA2ohBAwACwALAkAgBCANTw0AIAQgCiAFKAIoIAB0QQAgDmt2QQJ0aiIALQAAOgAAIAUCfyAALQADQQFGBEAgBSgCLCAALQACagwBCyAFKAIsIgRBH0sNAUEgIAQgAC0AAmoiACAAQSBPGws2AiwLAkACQCAMIAJrIgZBBE8EQCAMQQNrIQdBACAOa0EfcSEIIAUoAhghAANAIABBIU8EQCAFQbAaNgIcDAMLIAUCfyAFKAIcIgQgBSgCJE8EQCAFIAQgAEEDdmsiBjYCHEEBIQkgAEEHcQwBCyAEIAUoAiAiDUYNAyAFIAQgAEEDdiIGIAQgDWsgBCAGayANTyIJGyIEayIGNgIcIAAgBEEDdGsLIgA2AhggBSAGKAAAIgQ2AhQgCUUgAiAHT3INAiACIAogBCAAdCAIdkECdGoiAC8BADsAACAFIAUoAhggAC0AAmoiBDYCGCACIAAtAANqIg0gCiAFKAIUIAR0IAh2QQJ0aiICLwEAOwAAIAUgBSgCGCACLQACaiIANgIYIA0gAi0AA2ohAgwACwALIAUoAhgiAEEhTwRAIAVBsBo2AhwMAgsgBSgCHCIIIAUoAiRPBEAgBSAAQQdxIgQ2AhggBSAIIABBA3ZrIgA2AhwgBSAAKAAANgIUIAQhAAwCCyAIIAUoAiAiBEYNASAFIAAgCCAEayAAQQN2IgAgCCAAayAESRsiBEEDdGsiADYCGCAFIAggBGsiBDYCHCAFIAQoAAA2AhQMAQsgDCACayEGCwJAIAZBAkkNACAMQQJrIQ1BACAOa0EfcSEHA0ACQCAAQSFPBEAgBUGwGjYCHAwBCyAFAn8gBSgCHCIEIAUoAiRPBEAgBSAEIABBA3ZrIgY2AhxBASEIIABBB3EMAQsgBCAFKAIgIghGDQEgBSAEIABBA3YiBiAEIAhrIAQgBmsgCE8iCBsiBGsiBjYCHCAAIARBA3RrCyIANgIYIAUgBigAACIENgIUIAhFIAIgDUtyDQAgAiAKIAQgAHQgB3ZBAnRqIgQvAQA7AAAgBSAFKAIYIAQtAAJqIgA2AhggAiAELQADaiECDAELCwNAIAIgDUsNASACIAogBSgCFCAAdCAHdkECdGoiBC8BADsAACAFIAUoAhggBC0AAmoiADYCGCACIAQtAANqIQIMAAsACwJAIAIgDE8NACACIAogBSgCFCAAdEEAIA5rdkECdGoiAC0AADoAACAFAn8gAC0AA0EBRgRAIAUoAhggAC0AAmoMAQsgBSgCGCICQR9LDQFBICACIAAtAAJqIgAgAEEgTxsLNgIYCwJAIBEgA2tBBE8EQEEAIA5rQR9xIQQgBSgCBCEAA0AgAEEhTwRAIAVBsBo2AggMAwsgBQJ/IAUoAggiAiAFKAIQTwRAIAUgAiAAQQN2ayIGNgIIQQEhAiAAQQdxDAELIAIgBSgCDCIMRg0DIAUgAiAAQQN2IgggAiAMayACIAhrIAxPIgIbIgxrIgY2AgggACAMQQN0awsiADYCBCAFIAYoAAAiDDYCACACRSADIBJPcg0CIAMgCiAMIAB0IAR2QQJ0aiIALwEAOwAAIAUgBSgCBCAALQACaiICNgIEIAMgAC0AA2oiAyAKIAUoAgAgAnQgBHZBAnRqIgIvAQA7AAAgBSAFKAIEIAItAAJqIgA2AgQgAyACLQADaiEDDAALAAsgBSgCBCIAQSFPBEAgBUGwGjYCCAwBCyAFKAIIIgQgBSgCEE8EQCAFIABBB3EiAjYCBCAFIAQgAEEDdmsiADYCCCAFIAAoAAA2AgAgAiEADAELIAQgBSgCDCICRg0AIAUgACAEIAJrIABBA3YiACAEIABrIAJJGyICQQN0ayIANgIEIAUgBCACayICNgIIIAUgAigAADYCAAsCQCARIANrQQJJDQAgEUECayEEQQAgDmtBH3EhDANAAkAgAEEhTwRAIAVBsBo2AggMAQsgBQJ/IAUoAggiAiAFKAIQTwRAIAUgAiAAQQN2ayIGNgIIQQEhCSAAQQdxDAELIAIgBSgCDCIIRg0BIAUgAiAAQQN2Ig0gAiAIayACIA1rIAhPIgkbIgJrIgY2AgggACACQQN0awsiADYCBCAFIAYoAAAiAjYCACAJRSADIARLcg0AIAMgCiACIAB0IAx2QQJ0aiICLwEAOwAAIAUgBSgCBCACLQACaiIANgIEIAMgAi0AA2ohAwwBCwsDQCADIARLDQEgAyAKIAUoAgAgAHQgDHZBAnRqIgIvAQA7AAAgBSAFKAIEIAItAAJqIgA2AgQgAyACLQADaiEDDAALAAsCQCADIBFPDQAgAyAKIAUoAgAgAHRBACAOa3ZBAnRqIgItAAA6AAAgAi0AA0EBRgRAIAUoAgQgAi0AAmohAAwBCyAFKAIEIgBBH0sNAEEgIAAgAi0AAmoiACAAQSBPGyEAC0FsQWxBbEFsQWxBbEFsQWwgASAAQSBHGyAFKAIIIAUoAgxHGyAFKAIYQSBHGyAFKAIcIAUoAiBHGyAFKAIsQSBHGyAFKAIwIAUoAjRHGyAFKAJAQSBHGyAFKAJEIAUoAkhHGyEGDAELQWwhBgsgBUHQAGokACAGCxkAIAAoAgggACgCEEkEQEEDDwsgABAMQQAL8xwBFn8jAEHQAGsiBSQAQWwhCAJAIAFBBkkgA0EKSXINAAJAIAMgAi8ABCIGIAIvAAAiCiACLwACIglqakEGaiISSQ0AIAAgAUEDakECdiILaiIHIAtqIg4gC2oiCyAAIAFqIg9LDQAgBC8BAiEMIAVBPGogAkEGaiICIAoQCCIIQYh/Sw0BIAVBKGogAiAKaiICIAkQCCIIQYh/Sw0BIAVBFGogAiAJaiICIAYQCCIIQYh/Sw0BIAUgAiAGaiADIBJrEAgiCEGIf0sNASAEQQRqIQogD0EDayESAkAgDyALa0EESQRAIAshAyAOIQIgByEEDAELQQAgDGtBH3EhCEEAIQYgCyEDIA4hAiAHIQQDQCAGQQFxIAMgEk9yDQEgCiAFKAI8IgYgBSgCQCIJdCAIdkEBdGoiDS0AACEQIAAgDS0AAToAACAKIAUoAigiDSAFKAIsIhF0IAh2QQF0aiITLQAAIRUgBCATLQABOgAAIAogBSgCFCITIAUoAhgiFnQgCHZBAXRqIhQtAAAhFyACIBQtAAE6AAAgCiAFKAIAIhQgBSgCBCIYdCAIdkEBdGoiGS0AACEaIAMgGS0AAToAACAKIAYgCSAQaiIGdCAIdkEBdGoiCS0AASEQIAUgBiAJLQAAajYCQCAAIBA6AAEgCiANIBEgFWoiBnQgCHZBAXRqIgktAAEhDSAFIAYgCS0AAGo2AiwgBCANOgABIAogEyAWIBdqIgZ0IAh2QQF0aiIJLQABIQ0gBSAGIAktAABqNgIYIAIgDToAASAKIBQgGCAaaiIGdCAIdkEBdGoiCS0AASENIAUgBiAJLQAAajYCBCADIA06AAEgA0ECaiEDIAJBAmohAiAEQQJqIQQgAEECaiEAIAVBPGoQEyAFQShqEBNyIAVBFGoQE3IgBRATckEARyEGDAALAAsgACAHSyAEIA5Lcg0AQWwhCCACIAtLDQECQCAHIABrQQROBEAgB0EDayEQQQAgDGtBH3EhDQNAIAUoAkAiBkEhTwRAIAVBsBo2AkQMAwsgBQJ/IAUoAkQiCCAFKAJMTwRAIAUgCCAGQQN2ayIINgJEQQEhCSAGQQdxDAELIAggBSgCSCIJRg0DIAUgCCAGQQN2IhEgCCAJayAIIBFrIAlPIgkbIhFrIgg2AkQgBiARQQN0awsiBjYCQCAFIAgoAAAiCDYCPCAJRSAAIBBPcg0CIAogCCAGdCANdkEBdGoiCC0AASEJIAUgBiAILQAAajYCQCAAIAk6AAAgCiAFKAI8IAUoAkAiBnQgDXZBAXRqIggtAAEhCSAFIAYgCC0AAGo2AkAgACAJOgABIABBAmohAAwACwALIAUoAkAiBkEhTwRAIAVBsBo2AkQMAQsgBSgCRCIJIAUoAkxPBEAgBSAGQQdxIgg2AkAgBSAJIAZBA3ZrIgY2AkQgBSAGKAAANgI8IAghBgwBCyAJIAUoAkgiCEYNACAFIAYgCSAIayAGQQN2IgYgCSAGayAISRsiCEEDdGsiBjYCQCAFIAkgCGsiCDYCRCAFIAgoAAA2AjwLQQAgDGtBH3EhCANAAkAgBkEhTwRAIAVBsBo2AkQMAQsgBQJ/IAUoAkQiCSAFKAJMTwRAIAUgCSAGQQN2ayIMNgJEQQEhCSAGQQdxDAELIAkgBSgCSCIMRg0BIAUgCSAGQQN2Ig0gCSAMayAJIA1rIAxPIgkbIg1rIgw2AkQgBiANQQN0awsiBjYCQCAFIAwoAAAiDDYCPCAJRSAAIAdPcg0AIAogDCAGdCAIdkEBdGoiCS0AASEMIAUgBiAJLQAAajYCQCAAIAw6AAAgAEEBaiEAIAUoAkAhBgwBCwsDQCAAIAdPRQRAIAogBSgCPCAFKAJAIgZ0IAh2QQF0aiIJLQABIQwgBSAGIAktAABqNgJAIAAgDDoAACAAQQFqIQAMAQsLAkAgDiAEa0EETgRAIA5BA2shCQNAIAUoAiwiAEEhTwRAIAVBsBo2AjAMAwsgBQJ/IAUoAjAiByAFKAI4TwRAIAUgByAAQQN2ayIGNgIwQQEhByAAQQdxDAELIAcgBSgCNCIGRg0DIAUgByAAQQN2IgwgByAGayAHIAxrIAZPIgcbIgxrIgY2AjAgACAMQQN0awsiADYCLCAFIAYoAAAiBjYCKCAHRSAEIAlPcg0CIAogBiAAdCAIdkEBdGoiBy0AASEGIAUgACAHLQAAajYCLCAEIAY6AAAgCiAFKAIoIAUoAiwiAHQgCHZBAXRqIgctAAEhBiAFIAAgBy0AAGo2AiwgBCAGOgABIARBAmohBAwACwALIAUoAiwiAEEhTwRAIAVBsBo2AjAMAQsgBSgCMCIGIAUoAjhPBEAgBSAAQQdxIgc2AiwgBSAGIABBA3ZrIgA2AjAgBSAAKAAANgIoIAchAAwBCyAGIAUoAjQiB0YNACAFIAAgBiAHayAAQQN2IgAgBiAAayAHSRsiB0EDdGsiADYCLCAFIAYgB2siBzYCMCAFIAcoAAA2AigLA0ACQCAAQSFPBEAgBUGwGjYCMAwBCyAFAn8gBSgCMCIHIAUoAjhPBEAgBSAHIABBA3ZrIgY2AjBBASEHIABBB3EMAQsgByAFKAI0IgZGDQEgBSAHIABBA3YiCSAHIAZrIAcgCWsgBk8iBxsiCWsiBjYCMCAAIAlBA3RrCyIANgIsIAUgBigAACIGNgIoIAdFIAQgDk9yDQAgCiAGIAB0IAh2QQF0aiIHLQABIQYgBSAAIActAABqNgIsIAQgBjoAACAEQQFqIQQgBSgCLCEADAELCwNAIAQgDk9FBEAgCiAFKAIoIAUoAiwiAHQgCHZBAXRqIgctAAEhBiAFIAAgBy0AAGo2AiwgBCAGOgAAIARBAWohBAwBCwsCQCALIAJrQQROBEAgC0EDayEOA0AgBSgCGCIAQSFPBEAgBUGwGjYCHAwDCyAFAn8gBSgCHCIEIAUoAiRPBEAgBSAEIABBA3ZrIgQ2AhxBASEGIABBB3EMAQsgBCAFKAIgIgdGDQMgBSAEIABBA3YiBiAEIAdrIAQgBmsgB08iBhsiB2siBDYCHCAAIAdBA3RrCyIANgIYIAUgBCgAACIENgIUIAZFIAIgDk9yDQIgCiAEIAB0IAh2QQF0aiIELQABIQcgBSAAIAQtAABqNgIYIAIgBzoAACAKIAUoAhQgBSgCGCIAdCAIdkEBdGoiBC0AASEHIAUgACAELQAAajYCGCACIAc6AAEgAkECaiECDAALAAsgBSgCGCIAQSFPBEAgBUGwGjYCHAwBCyAFKAIcIgcgBSgCJE8EQCAFIABBB3EiBDYCGCAFIAcgAEEDdmsiADYCHCAFIAAoAAA2AhQgBCEADAELIAcgBSgCICIERg0AIAUgACAHIARrIABBA3YiACAHIABrIARJGyIEQQN0ayIANgIYIAUgByAEayIENgIcIAUgBCgAADYCFAsDQAJAIABBIU8EQCAFQbAaNgIcDAELIAUCfyAFKAIcIgQgBSgCJE8EQCAFIAQgAEEDdmsiBDYCHEEBIQYgAEEHcQwBCyAEIAUoAiAiB0YNASAFIAQgAEEDdiIOIAQgB2sgBCAOayAHTyIGGyIHayIENgIcIAAgB0EDdGsLIgA2AhggBSAEKAAAIgQ2AhQgBkUgAiALT3INACAKIAQgAHQgCHZBAXRqIgQtAAEhByAFIAAgBC0AAGo2AhggAiAHOgAAIAJBAWohAiAFKAIYIQAMAQsLA0AgAiALT0UEQCAKIAUoAhQgBSgCGCIAdCAIdkEBdGoiBC0AASEHIAUgACAELQAAajYCGCACIAc6AAAgAkEBaiECDAELCwJAIA8gA2tBBE4EQANAIAUoAgQiAEEhTwRAIAVBsBo2AggMAwsgBQJ/IAUoAggiAiAFKAIQTwRAIAUgAiAAQQN2ayIENgIIQQEhAiAAQQdxDAELIAIgBSgCDCIERg0DIAUgAiAAQQN2IgsgAiAEayACIAtrIARPIgIbIgtrIgQ2AgggACALQQN0awsiADYCBCAFIAQoAAAiBDYCACACRSADIBJPcg0CIAogBCAAdCAIdkEBdGoiAi0AASEEIAUgACACLQAAajYCBCADIAQ6AAAgCiAFKAIAIAUoAgQiAHQgCHZBAXRqIgItAAEhBCAFIAAgAi0AAGo2AgQgAyAEOgABIANBAmohAwwACwALIAUoAgQiAEEhTwRAIAVBsBo2AggMAQsgBSgCCCIEIAUoAhBPBEAgBSAAQQdxIgI2AgQgBSAEIABBA3ZrIgA2AgggBSAAKAAANgIAIAIhAAwBCyAEIAUoAgwiAkYNACAFIAAgBCACayAAQQN2IgAgBCAAayACSRsiAkEDdGsiADYCBCAFIAQgAmsiAjYCCCAFIAIoAAA2AgALA0ACQCAAQSFPBEAgBUGwGjYCCAwBCyAFAn8gBSgCCCICIAUoAhBPBEAgBSACIABBA3ZrIgQ2AghBASECIABBB3EMAQsgAiAFKAIMIgRGDQEgBSACIABBA3YiCyACIARrIAIgC2sgBE8iAhsiC2siBDYCCCAAIAtBA3RrCyIANgIEIAUgBCgAACIENgIAIAJFIAMgD09yDQAgCiAEIAB0IAh2QQF0aiICLQABIQQgBSAAIAItAABqNgIEIAMgBDoAACADQQFqIQMgBSgCBCEADAELCwNAIAMgD09FBEAgCiAFKAIAIAUoAgQiAHQgCHZBAXRqIgItAAEhBCAFIAAgAi0AAGo2AgQgAyAEOgAAIANBAWohAwwBCwtBbEFsQWxBbEFsQWxBbEFsIAEgBSgCBEEgRxsgBSgCCCAFKAIMRxsgBSgCGEEgRxsgBSgCHCAFKAIgRxsgBSgCLEEgRxsgBSgCMCAFKAI0RxsgBSgCQEEgRxsgBSgCRCAFKAJIRxshCAwBC0FsIQgLIAVB0ABqJAAgCAsaACAABEAgAQRAIAIgACABEQIADwsgABACCwtSAQN/AkAgACgCmOsBIgFFDQAgASgCACABKAK01QEiAiABKAK41QEiAxAVIAIEQCADIAEgAhECAAwBCyABEAILIABBADYCqOsBIABCADcDmOsBC5QFAgR/An4jAEEQayIGJAACQCABIAJFckUEQEF/IQQMAQsCQEEBQQUgAxsiBCACSwRAIAJFIANBAUZyDQIgBkGo6r5pNgIMIAJFIgBFBEAgBkEMaiABIAL8CgAACyAGKAIMQajqvmlGDQIgBkHQ1LTCATYCDCAARQRAIAZBDGogASAC/AoAAAsgBigCDEFwcUHQ1LTCAUYNAgwBCyAAQQBBMPwLAEEBIQUCQCADQQFGDQAgAyEFIAEoAAAiA0Go6r5pRg0AIANBcHFB0NS0wgFHDQFBCCEEIAJBCEkNAiAAQQE2AhQgASgAACECIABBCDYCGCAAIAJB0NS0wgFrNgIcIAAgATUABDcDAEEAIQQMAgsgAiABIAIgBRAYIgJJBEAgAiEEDAILIAAgAjYCGCABIARqIgVBAWstAAAiAkEIcQRAQXIhBAwCCyACQSBxIgNFBEAgBS0AACIFQacBSwRAQXAhBAwDCyAFQQdxrUIBIAVBA3ZBCmqthiIIQgOIfiAIfCEJIARBAWohBAsgAkEGdiEFIAJBAnYhBwJAAkACQAJAIAJBA3EiAkEBaw4DAAECAwsgASAEai0AACECIARBAWohBAwCCyABIARqLwAAIQIgBEECaiEEDAELIAEgBGooAAAhAiAEQQRqIQQLIAdBAXEhBwJ+AkACQAJAAkAgBUEBaw4DAQIDAAtCfyADRQ0DGiABIARqMQAADAMLIAEgBGozAABCgAJ8DAILIAEgBGo1AAAMAQsgASAEaikAAAshCCAAIAc2AiAgACACNgIcIAAgCDcDAEEAIQQgAEEANgIUIAAgCCAJIAMbIgg3AwggAEKAgAggCCAIQoCACFobPgIQDAELQXYhBAsgBkEQaiQAIAQLXwEBf0G4fyEDIAFBAUEFIAIbIgFPBH8gACABakEBay0AACIAQQNxQQJ0QcAaaigCACABaiAAQQR2QQxxQdAaaigCAGogAEEgcSIBRWogAUEFdiAAQcAASXFqBUG4fwsLxAICBH8CfiMAQUBqIgQkAAJAA0AgAUEFTwRAAkAgACgAAEFwcUHQ1LTCAUYEQEJ+IQYgAUEISQ0EIAAoAAQiA0F3Sw0EIANBCGoiAiABSw0EIANBgX9JDQEMBAsgBEEQaiIDIAAgAUEAEBchAkJ+IAQpAxBCACAEKAIkQQFHGyACGyIGQn1WDQMgBiAHfCIHIAZUIQJCfiEGIAINAyADIAAgAUEAEBciAkGIf0sgAnINAyABIAQoAigiA2shAiAAIANqIQMDQCADIAIgBEEEahAaIgVBiH9LDQQgAiAFQQNqIgVJDQQgAiAFayECIAMgBWohAyAEKAIIRQ0ACyAEKAIwBH8gAkEESQ0EIANBBGoFIAMLIABrIgJBiH9LDQMLIAEgAmshASAAIAJqIQAMAQsLQn4gByABGyEGCyAEQUBrJAAgBgtkAQF/Qbh/IQMCQCABQQNJDQAgAC0AAiEBIAIgAC8AACIAQQFxNgIEIAIgAEEBdkEDcSIDNgIAIAIgACABQRB0ckEDdiIANgIIAkACQCADQQFrDgMCAQABC0FsDwsgACEDCyADC7ABAAJ/IAIgACgClOsBBH8gACgC0OkBBUGAgAgLIgIgA2pBQGtLBEAgACABIAJqQSBqIgE2AvzrAUEBIQIgASADagwBCyADQYCABE0EQCAAIABBiOwBaiIBNgL86wFBACECIAEgA2oMAQsgACABIARqIgEgA2siAkHg/wNqIgQgAiAFGzYC/OsBQQIhAiADIARqQYCABGsgASAFGwshAyAAIAI2AoTsASAAIAM2AoDsAQuyBwIEfwF+IwBBgAFrIg4kACAOIAM2AnwCQAJAAkACQAJAAkAgAkEBaw4DAAMCAQsgBkUEQEG4fyEKDAULIAMgBS0AACICSQ0DIAIgCGotAAAhAyAHIAJBAnRqKAIAIQIgAEEAOgALIABCADcCACAAIAI2AgwgACADOgAKIABBADsBCCABIAA2AgBBASEKDAQLIAEgCTYCAEEAIQoMAwsgCkUNAUEAIQogC0UgDEEZSXINAkEIIAR0QQhyIQBBACEDA0AgACADTQ0DIANBQGshAwwACwALQWwhCiAOIA5B/ABqIA5B+ABqIAUgBhAGIgNBiH9LDQEgDigCeCICIARLDQEgAEEMaiEMIA4oAnxBAWohEUGAgAIgAnRBEHYhEEEAIQRBASEFQQEgAnQiCkEBayILIQkDQCAEIBFHBEACQCAOIARBAXQiD2ovAQAiBkH//wNGBEAgDCAJQQN0aiAENgIAIAlBAWshCUEBIQYMAQsgBUEAIBAgBsFKGyEFCyANIA9qIAY7AQAgBEEBaiEEDAELCyAAIAI2AgQgACAFNgIAAkAgCSALRgRAIA1B6gBqIRBBACEJQQAhBQNAIAkgEUYEQCAKQQN2IApBAXZqQQNqIglBAXQhEUEAIQZBACEFA0AgBSAKTw0EIAUgEGohD0EAIQQDQCAEQQJHBEAgDCAEIAlsIAZqIAtxQQN0aiAEIA9qLQAANgIAIARBAWohBAwBCwsgBUECaiEFIAYgEWogC3EhBgwACwAFIA4gCUEBdGouAQAhBiAFIBBqIg8gEjcAAEEIIQQDQCAEIAZIBEAgBCAPaiASNwAAIARBCGohBAwBCwsgEkKBgoSIkKDAgAF8IRIgCUEBaiEJIAUgBmohBQwBCwALAAsgCkEDdiAKQQF2akEDaiEQQQAhBUEAIQYDQCAFIBFGDQFBACEEIA4gBUEBdGouAQAiD0EAIA9BAEobIQ8DQCAEIA9HBEAgDCAGQQN0aiAFNgIAA0AgBiAQaiALcSIGIAlLDQALIARBAWohBAwBCwsgBUEBaiEFDAALAAsgAEEIaiEJIAJBH2shC0EAIQYDQCAGIApHBEAgDSAJIAZBA3RqIgIoAgQiBEEBdGoiBSAFLwEAIgVBAWo7AQAgAiALIAVnaiIMOgADIAIgBSAMdCAKazsBACACIAQgCGotAAA6AAIgAiAHIARBAnRqKAIANgIEIAZBAWohBgwBCwsgASAANgIAIAMhCgwBC0FsIQoLIA5BgAFqJAAgCgtwAQR/IABCADcCACACBEAgAUEKaiEGIAEoAgQhBEEAIQJBACEBA0AgASAEdkUEQCACIAYgAUEDdGotAAAiBSACIAVLGyECIAFBAWohASADIAVBFktqIQMMAQsLIAAgAjYCBCAAIANBCCAEa3Q2AgALC64BAQR/IAEgAigCBCIDIAEoAgRqIgQ2AgQgACADQQJ0QbAZaigCACABKAIAQQAgBGt2cTYCAAJAIARBIU8EQCABQbAaNgIIDAELIAEoAggiAyABKAIQTwRAIAEQDAwBCyADIAEoAgwiBUYNACABIAMgAyAFayAEQQN2IgYgAyAGayAFSRsiA2siBTYCCCABIAQgA0EDdGs2AgQgASAFKAAANgIACyAAIAJBCGo2AgQLjQICA38BfiAAIAJqIQQCQAJAIAJBCE4EQCAAIAFrIgJBeUgNAQsDQCAAIARPDQIgACABLQAAOgAAIABBAWohACABQQFqIQEMAAsACwJAAkAgAkFvSw0AIAAgBEEgayICSw0AIAEpAAAhBiAAIAEpAAg3AAggACAGNwAAIAIgAGsiBUERTgRAIABBEGohACABIQMDQCADKQAQIQYgACADKQAYNwAIIAAgBjcAACADKQAgIQYgACADKQAoNwAYIAAgBjcAECADQSBqIQMgAEEgaiIAIAJJDQALCyABIAVqIQEMAQsgACECCwNAIAIgBE8NASACIAEtAAA6AAAgAkEBaiECIAFBAWohAQwACwALC98BAQZ/Qbp/IQoCQCACKAIEIgggAigCACIJaiINIAEgAGtLDQBBbCEKIAkgBCADKAIAIgtrSw0AIAAgCWoiBCACKAIIIgxrIQIgACABQSBrIgEgCyAJQQAQIyADIAkgC2o2AgACQAJAIAQgBWsgDE8EQCACIQUMAQsgDCAEIAZrSw0CIAcgByACIAVrIgNqIgIgCGpPBEAgCEUNAiAEIAIgCPwKAAAMAgtBACADayIABEAgBCACIAD8CgAACyADIAhqIQggBCADayEECyAEIAEgBSAIQQEQIwsgDSEKCyAKC+sBAQZ/Qbp/IQsCQCADKAIEIgkgAygCACIKaiINIAEgAGtLDQAgBSAEKAIAIgVrIApJBEBBbA8LIAMoAgghDCAAIAVLIAUgCmoiDiAAS3ENACAAIApqIgMgDGshASAAIAUgChAfIAQgDjYCAAJAAkAgAyAGayAMTwRAIAEhBgwBC0FsIQsgDCADIAdrSw0CIAggCCABIAZrIgBqIgEgCWpPBEAgCUUNAiADIAEgCfwKAAAMAgtBACAAayIEBEAgAyABIAT8CgAACyAAIAlqIQkgAyAAayEDCyADIAIgBiAJQQEQIwsgDSELCyALC6sCAQJ/IAJBH3EhAyABIQQDQCADQQhJRQRAIANBCGshAyAEKQAAQs/W077Sx6vZQn5CH4lCh5Wvr5i23puef34gAIVCG4lCh5Wvr5i23puef35CnaO16oOxjYr6AH0hACAEQQhqIQQMAQsLIAEgAkEYcWohASACQQdxIgNBBEkEfyABBSADQQRrIQMgATUAAEKHla+vmLbem55/fiAAhUIXiULP1tO+0ser2UJ+Qvnz3fGZ9pmrFnwhACABQQRqCyEEA0AgAwRAIANBAWshAyAEMQAAQsXP2bLx5brqJ34gAIVCC4lCh5Wvr5i23puef34hACAEQQFqIQQMAQsLIABCIYggAIVCz9bTvtLHq9lCfiIAQh2IIACFQvnz3fGZ9pmrFn4iAEIgiCAAhQvhBAIBfgJ/IAAgA2ohBwJAIANBB0wEQANAIAAgB08NAiAAIAItAAA6AAAgAEEBaiEAIAJBAWohAgwACwALIAQEQAJAIAAgAmsiBkEHTQRAIAAgAi0AADoAACAAIAItAAE6AAEgACACLQACOgACIAAgAi0AAzoAAyAAIAIgBkECdCIGQeAaaigCAGoiAigAADYABCACIAZBgBtqKAIAayECDAELIAAgAikAADcAAAsgA0EIayEDIAJBCGohAiAAQQhqIQALIAEgB08EQCAAIANqIQEgBEUgACACa0EPSnJFBEADQCAAIAIpAAA3AAAgAkEIaiECIABBCGoiACABSQ0ADAMLAAsgAikAACEFIAAgAikACDcACCAAIAU3AAAgA0ERSQ0BIABBEGohAANAIAIpABAhBSAAIAIpABg3AAggACAFNwAAIAIpACAhBSAAIAIpACg3ABggACAFNwAQIAJBIGohAiAAQSBqIgAgAUkNAAsMAQsCQCAAIAFLBEAgACEBDAELIAEgAGshBgJAIARFIAAgAmtBD0pyRQRAIAIhAwNAIAAgAykAADcAACADQQhqIQMgAEEIaiIAIAFJDQALDAELIAIpAAAhBSAAIAIpAAg3AAggACAFNwAAIAZBEUgNACAAQRBqIQAgAiEDA0AgAykAECEFIAAgAykAGDcACCAAIAU3AAAgAykAICEFIAAgAykAKDcAGCAAIAU3ABAgA0EgaiEDIABBIGoiACABSQ0ACwsgAiAGaiECCwNAIAEgB08NASABIAItAAA6AAAgAUEBaiEBIAJBAWohAgwACwALC6HFAQI2fwV+IwBBEGsiMSQAAkBBwOwFEAEiCEUEQEFAIQYMAQsgCEIANwL86gEgCEEANgKc6wEgCEEANgKQ6wEgCEEANgLU6wEgCEEANgLE6wEgCEIANwKk6wEgCEEANgK46QEgCEEANgK87AUgCEIANwK86wEgCEEANgKs6wEgCEIBNwKU6wEgCEIANwPo6wEgCEGBgIDAADYCzOsBIAhCADcC7OoBIAhCADcDsOsBIAhBADYCuOsBIAhBhOsBakEANgIAIAgQFiAIQbjqAWohNCAIQcDpAWohNiAIQZDqAWohNyAAISwCQAJAAkACQANAQQFBBSAIKALs6gEiCxshEwJAA0AgAyATSQ0BAkAgA0EESSALcg0AIAIoAABBcHFB0NS0wgFHDQBBuH8hBiADQQhJDQcgAigABCIHQXdLBEBBciEGDAgLIAMgB0EIaiIESQ0HIAdBgH9LBEAgBCEGDAgLIAMgBGshAyACIARqIQIMAQsLIAhCADcCrOkBIAhCADcD8OkBIAhBjICA4AA2AqhQIAhBADYCoOsBIAhCADcDiOoBIAhBATYClOsBIAhCAzcDgOoBIAhBtOkBakIANwIAIAhB+OkBakIANwMAIAhB9A4pAgA3AqzQASAIQbTQAWpB/A4oAgA2AgAgCCAIQRBqNgIAIAggCEGgMGo2AgQgCCAIQZggajYCCCAIIAhBqNAAajYCDCAIQQFBBSAIKALs6gEbNgK86QECQCABRQ0AICwgCCgCrOkBIgZGDQAgCCAGNgK46QEgCCAsNgKs6QEgCCgCsOkBIQQgCCAsNgKw6QEgCCAsIAQgBmtqNgK06QELQbh/IQYgA0EFQQkgCCgC7OoBIhMbSQ0FIAJBAUEFIBMbIBMQGCIEQYh/Sw0EIAMgBEEDakkNBSA2IAIgBCATEBciBkGIf0sEQCAGIQQMBQsgBg0DAkACQCAIKAKw6wFBAUcNACAIKAKs6wEiC0UNACAIKAKc6wFFDQAgCygCBCEGIDEgCCgC3OkBIgo2AgQgBkEBayIHQsnP2bLx5brqJyAxQQRqQQQQIqdxIRMgCygCACELA0AgCiALIBNBAnRqKAIAIgwEfyAMKAKo1QEFQQALIgZHBEAgByATcUEBaiETIAYNAQsLIAxFDQAgCBAWIAhBfzYCqOsBIAggDDYCnOsBIAggCCgC3OkBIhM2AqDrAQwBCyAIKALc6QEhEwsCQCATRQ0AIAgoAqDrASATRg0AQWAhBAwFCwJAIAgoAuDpAQRAIAggCCgC8OoBIgZFNgL06gEgBg0BIDdBAEHYAPwLACAIQvnq0NDnyaHk4QA3A7DqASAIQs/W077Sx6vZQjcDoOoBIAhC1uuC7ur9ifXgADcDmOoBDAELIAhBADYC9OoBCyAIIAgpA/DpASAErXw3A/DpASAIKAK46wEiEwRAIAggCCgC0OkBIgYgEyAGIBNJGzYC0OkBCyABICxqITUgAyAEayEDIAIgBGohAiAsIRMDQCACIAMgMUEEahAaIiBBiH9LBEAgICEEDAYLIANBA2siOCAgSQ0EIAJBA2oiHSA1IB0gNUkbIDUgEyAdTRshAkFsIQQCQAJAAkACQAJAAkACQAJAIDEoAgQOAwECAA0LIAIgE2shFEEAITMjAEHQAmsiBSQAAkACQCAIKAKU6wEiAgR/IAgoAtDpAQVBgIAICyAgSQ0AAkAgIEECSQ0AIB0tAAAiA0EDcSEaIAIEfyAIKALQ6QEFQYCACAshBgJAAkACQAJAAkACQAJAAkACQAJAIBpBAWsOAwMBAAILIAgoAojqAQ0AQWIhAwwLCyAgQQVJDQhBAyEMIB0oAAAhBAJ/An8CQAJAAkAgA0ECdkEDcSICQQJrDgIBAgALIARBDnZB/wdxIQ0gBEEEdkH/B3EhECACQQBHDAMLIARBEnYhDSAEQQR2Qf//AHEhEEEEDAELIB0tAARBCnQgBEEWdnIhDSAEQQR2Qf//D3EhEEEFCyEMQQELIQRBun8hAyATQQEgEBtFDQogBiAQSQ0IIBBBBkkgBHEEQEFoIQMMCwsgDCANaiIKICBLDQggBiAUIAYgFEkbIgIgEEkNCiAIIBMgFCAQIAJBABAbAkAgCCgCpOsBRSAQQYEGSXINAEEAIQMDQCADQYOAAUsNASADQUBrIQMMAAsACyAaQQNGBEAgDCAdaiEGIAgoAgwiCy0AAUEIdCECIAgoAvzrASEDIARFBEAgAgRAIAVB4AFqIAYgDRAIIg5BiH9LDQkgC0EEaiEZIAMgEGohESALLwECIQkgEEEETwRAIBFBA2shBkEAIAlrQR9xIQcgBSgC6AEhDCAFKALsASEPIAUoAvABIQQgBSgC4AEhDSAFKALkASEOA0AgDkEgSwRAQbAaIQwMCgsCQCAEIAxNBEAgDkEHcSESIA5BA3YhDUEBIQ4MAQsgDCAPRg0KIA4gDkEDdiICIAwgD2sgDCACayAPTyIOGyINQQN0ayESCyAMIA1rIgwoAAAhDSAORSADIAZPcg0IIAMgGSANIBJ0IAd2QQJ0aiICLwEAOwAAIAMgAi0AA2oiAyAZIA0gEiACLQACaiICdCAHdkECdGoiCy8BADsAACADIAstAANqIQMgAiALLQACaiEODAALAAsgBSgC5AEiDkEhTwRAIAVBsBo2AugBDAkLIAUoAugBIgYgBSgC8AFPBEAgBSAOQQdxIgI2AuQBIAUgBiAOQQN2ayIENgLoASAFIAQoAAA2AuABIAIhDgwJCyAGIAUoAuwBIgRGDQggBSAOIAYgBGsgDkEDdiICIAYgAmsgBEkbIgJBA3RrIg42AuQBIAUgBiACayICNgLoASAFIAIoAAA2AuABDAgLIAMgECAGIA0gCxARIQ4MCAsgAgRAIAMgECAGIA0gCxASIQ4MCAsgAyAQIAYgDSALEBQhDgwHCyAIQazVAWohFyAMIB1qISEgCEGo0ABqIQcgCCgC/OsBIRYgBEUEQCAHICEgDSAXEA4iDkGIf0sNByANIA5NDQMgFiAQIA4gIWogDSAOayAHEBEhDgwHCyAQRQRAQbp/IQ4MBwsgDUUEQEFsIQ4MBwsgEEEIdiIDIA0gEEkEfyANQQR0IBBuBUEPC0EEdCIEQYwIaigCAGwgBEGICGooAgBqIgJBBXYgAmogBEGACGooAgAgBEGECGooAgAgA2xqSQRAIwBBEGsiLSQAIAcoAgAhESAXQfAEaiIeQQBB8AD8CwBBVCEDAkAgEUH/AXEiL0EMSw0AIBdB4AdqIgkgHiAtQQhqIC1BDGogISANIBdB4AlqEAciBEGIf00EQCAtKAIMIgsgL0sNASAXQagFaiEZIBdBpAVqITAgB0EEaiEbIBFBgICAeHEhJCALQQFqIjIhAyALIQYDQCADIgJBAWshAyAGIgxBAWshBiAeIAxBAnRqKAIARQ0AC0EBIAIgAkEBTRshDkEAIQZBASEDA0AgAyAORwRAIB4gA0ECdCIPaigCACECIA8gGWogBjYCACADQQFqIQMgAiAGaiEGDAELCyAXIAY2AqgFIBkgDEEBaiIfQQJ0aiAGNgIAIBdB4AVqISZBACEDIC0oAgghBgNAIAMgBkcEQCAZIAMgCWotAABBAnRqIgIgAigCACICQQFqNgIAIAIgJmogAzoAACADQQFqIQMMAQsLQQAhBiAZQQA2AgBBCyAvIBFB/wFxQQxGGyAvIAtBDEkbIikgC0F/c2ohD0EBIQMDQCADIA5HBEAgHiADQQJ0IgtqKAIAIQIgCyAXaiAGNgIAIAIgAyAPanQgBmohBiADQQFqIQMMAQsLICkgMiAMayILa0EBaiEJIAshBgNAIAYgCUkEQCAXIAZBNGxqIQ9BASEDA0AgAyAORwRAIA8gA0ECdCICaiACIBdqKAIAIAZ2NgIAIANBAWohAwwBCwsgBkEBaiEGDAELCyAyIClrIRUgDEEAIAxBAEobQQFqISdBASEuA0AgJyAuRwRAIDIgLmshBiAXIC5BAnQiAmooAgAhJSACIDBqKAIAISogMCAuQQFqIi5BAnRqKAIAIRggCyApIAZrIgNNBEAgHyAGIBVqIgJBASACQQFKIhIbIgIgAiAfSBshHCAXIAZBNGxqIh4gAkECdGohGSAGIDJqIREgBkEQdEGAgIAIaiEOQQEgA3QiCUECayEPA0AgGCAqRg0DIBsgJUECdGohKCAmICpqLQAAISsgAiEDIBIEQCAOICtyrUKBgICAEH4hOiAZKAIAIQZBACEDAkACQAJAAkAgDw4DAQIAAgsgKCA6NwEICyAoIDo3AQAMAQsDQCADIAZODQEgKCADQQJ0aiIMIDo3ARggDCA6NwEQIAwgOjcBCCAMIDo3AQAgA0EIaiEDDAALAAsgAiEDCwNAIAMgHEcEQCARIANrIQwgKCAeIANBAnQiBmooAgBBAnRqICYgBiAwaigCAGogJiAwIANBAWoiA0ECdGooAgBqIAwgKSArQQIQDwwBCwsgKkEBaiEqIAkgJWohJQwACwAFIBsgJUECdGogJiAqaiAYICZqIAYgKUEAQQEQDwwCCwALCyAHIClBEHQgJHIgL3JBgAJyNgIACyAEIQMLIC1BEGokACADIg5BiH9LDQcgAyANTw0DIBYgECADICFqIA0gA2sgBxASIQ4MBwsgByAhIA0gFxAOIg5BiH9LDQYgDSAOTQ0CIBYgECAOICFqIA0gDmsgBxAUIQ4MBgtBAiEQAn8CQAJAAkAgA0ECdkEDcUEBaw4DAQACAAtBASEQIANBA3YMAgsgHS8AAEEEdgwBCyAgQQJGDQhBAyEQIB0vAAAgHS0AAkEQdHJBBHYLIQtBun8hAyATQQEgCxtFDQkgBiALSQ0HIAsgFEsNCSAIIBMgFCALIAYgFCAGIBRJG0EBEBsgICALIBBqIgpBIGpJBEAgCiAgSw0IIBAgHWohBCAIKAL86wEhAwJAIAgoAoTsAUECRgRAIAtBgIAEayICBEAgAyAEIAL8CgAACyAIQYjsAWogAiAEakGAgAT8CgAADAELIAtFDQAgAyAEIAv8CgAACyAIIAs2AojrASAIIAgoAvzrATYC+OoBDAcLIAhBADYChOwBIAggCzYCiOsBIAggECAdaiICNgL46gEgCCACIAtqNgKA7AEMBgsCfwJAAkACQCADQQJ2QQNxQQFrDgMBAAIAC0EBIRAgA0EDdgwCCyAgQQJGDQhBAiEQIB0vAABBBHYMAQsgIEEESQ0HQQMhECAdLwAAIB0tAAJBEHRyQQR2CyELQbp/IQMgE0EBIAsbRQ0IIAYgC0kNBiALIBRLDQggCCATIBQgCyAGIBQgBiAUSRtBARAbIBAgHWoiAy0AACEGIAgoAvzrASEEAkAgCCgChOwBQQJGBEAgC0GAgARrIgIEQCAEIAYgAvwLAAsgCEGI7AFqIAMtAABBgIAE/AsADAELIAtFDQAgBCAGIAv8CwALIAggCzYCiOsBIAggCCgC/OsBNgL46gEgEEEBaiEKDAULQbh/IQ4MAwsgEiEOCyAFIA42AuQBIAUgDDYC6AEgBSANNgLgAQsCQCARIANrQQJJDQAgEUECayELQQAgCWtBH3EhBgNAAkAgDkEhTwRAIAVBsBo2AugBDAELIAUCfyAFKALoASIHIAUoAvABTwRAIAUgByAOQQN2ayIMNgLoAUEBISUgDkEHcQwBCyAHIAUoAuwBIgRGDQEgBSAHIA5BA3YiAiAHIARrIAcgAmsgBE8iJRsiAmsiDDYC6AEgDiACQQN0awsiDjYC5AEgBSAMKAAAIgI2AuABICVFIAMgC0tyDQAgAyAZIAIgDnQgBnZBAnRqIgIvAQA7AAAgBSAFKALkASACLQACaiIONgLkASADIAItAANqIQMMAQsLA0AgAyALSw0BIAMgGSAFKALgASAOdCAGdkECdGoiAi8BADsAACAFIAUoAuQBIAItAAJqIg42AuQBIAMgAi0AA2ohAwwACwALAkAgAyARTw0AIAMgGSAFKALgASAOdEEAIAlrdkECdGoiAi0AADoAACACLQADQQFGBEAgBSgC5AEgAi0AAmohDgwBCyAFKALkASIOQR9LDQBBICAOIAItAAJqIgIgAkEgTxshDgtBbEFsIBAgDkEgRxsgBSgC6AEgBSgC7AFHGyEOCyAIKAKE7AFBAkYEQCAIQYjsAWogCCgCgOwBQYCABGtBgIAE/AoAACAQQYCABGsiAwRAIAgoAvzrASICQeD/A2ogAiAD/AoAAAsgCCAIKAL86wFB4P8DajYC/OsBIAggCCgCgOwBQSBrNgKA7AELIA5BiH9LDQEgCCAQNgKI6wEgCEEBNgKI6gEgCCAIKAL86wE2AvjqASAaQQJGBEAgCCAIQajQAGo2AgwLIAoiA0GIf0sNAwsgCCgClOsBBH8gCCgC0OkBBUGAgAgLIQwgCiAgRg0BICAgCmshCSAIKAK06QEhCyAdICBqIQ0gCCgCpOsBIQYCfwJAAn8gCiAdaiIRLQAAIg7AIgJBAE4EQCARQQFqDAELIAJBf0YEQCAJQQNJDQUgEUEDaiEEIBEvAAFBgP4BaiEODAILIAlBAUYNBCARLQABIA5BCHRyQYCAAmshDiARQQJqCyEEIA4NAEFsIQMgBCANRw0EQQAhDiAJDAELQbh/IQMgBEEBaiIPIA1LDQMgBC0AACIKQQNxDQEgCEEQaiAIIApBBnZBI0EJIA8gDSAPa0HADUHQDkGADyAIKAKM6gEgBiAOIAhBrNUBaiIHEBwiAkGIf0sNASAIQZggaiAIQQhqIApBBHZBA3FBH0EIIAIgD2oiBCANIARrQYAKQYALQZATIAgoAozqASAIKAKk6wEgDiAHEBwiAkGIf0sNAUFsIQMgCEGgMGogCEEEaiAKQQJ2QQNxQTRBCSACIARqIgQgDSAEa0GgC0GADUGgFSAIKAKM6gEgCCgCpOsBIA4gBxAcIgJBiH9LDQMgAiAEaiARawsiA0GIf0sNAgJAIBNBAEcgFEEAR3FFIA5BAEpxDQACQAJAIBMgFCAMIAwgFEsbIgJBACACQQBKG2ogC2siAkH8//8fTQRAIAYgAkGBgIAISXIgDkEJSHINAiAFQeABaiAIKAIIIA4QHQwBCyAFQeABaiAIKAIIIA4QHSAFKALkAUEZSyEzIAYNAQsgBSgC4AFBE0shBgsgCSADayEHIAMgEWohBCAIQQA2AqTrASAIKAKE7AEhAgJAIAYEQAJ/IAJBAUYEQCAIKAL86wEMAQsgEyAUQQAgFEEAShtqCyEUIAUgCCgC+OoBIgM2AswCIAgoAoDsASEcIA5FBEAgEyEJDAILIAgoArjpASEiIAgoArTpASEXIAgoArDpASELIAhBATYCjOoBIAhBrNABaiEyIAVB1AFqISZBACECA0AgAkEDRwRAICYgAkECdCIDaiADIDJqKAIANgIAIAJBAWohAgwBCwtBbCEDIAVBqAFqIgIgBCAHEAhBiH9LDQUgBUG8AWogAiAIKAIAEB4gBUHEAWogAiAIKAIIEB4gBUHMAWogAiAIKAIEEB5BCCAOIA5BCE4bIihBACAoQQBKGyElIA5BAWshGiATIAtrIS0gBSgCsAEhAiAFKALYASEGIAUoAtQBIRIgBSgCrAEhBCAFKAK0ASEjIAUoArgBISkgBSgCyAEhGCAFKALQASErIAUoAsABISQgBSgCqAEhCSAFKALEASEhIAUoAswBISogBSgCvAEhMCAzRSEVQQAhEANAIBIhESAQICVGBEAgBSAqNgLMASAFIDA2ArwBIAUgAjYCsAEgBSAhNgLEASAFIAk2AqgBIAhBmOwBaiEeIAhBiOwFaiEZIAhBiOwBaiEWIBRBIGshGyAzRSEnIBMhCQNAIA4gJUcEQCAFKALAASAFKAK8AUEDdGoiBi0AAiEfIAUoAtABIAUoAswBQQN0aiIELQACIRggBSgCyAEgBSgCxAFBA3RqIgItAAMhKyAELQADISQgBi0AAyEVIAIvAQAhEiAELwEAIREgBi8BACEKIAIoAgQhByAGKAIEIRAgBCgCBCEMAkAgAi0AAiINQQJPBEACQCAnIA1BGUlyRQRAIAcgBSgCqAEiDyAFKAKsASICdEEFIA1rdkEFdGohBwJAIAIgDWpBBWsiAkEhTwRAIAVBsBo2ArABDAELIAUoArABIgYgBSgCuAFPBEAgBSACQQdxIgQ2AqwBIAUgBiACQQN2ayICNgKwASAFIAIoAAAiDzYCqAEgBCECDAELIAYgBSgCtAEiBEYNACAFIAIgBiAEayACQQN2IgIgBiACayAESRsiBEEDdGsiAjYCrAEgBSAGIARrIgQ2ArABIAUgBCgAACIPNgKoAQsgBSACQQVqIgY2AqwBIAcgDyACdEEbdmohDQwBCyAFIAUoAqwBIgIgDWoiBjYCrAEgBSgCqAEgAnRBACANa3YgB2ohDSAGQSFPBEAgBUGwGjYCsAEMAQsgBSgCsAEiByAFKAK4AU8EQCAFIAZBB3EiAjYCrAEgBSAHIAZBA3ZrIgQ2ArABIAUgBCgAADYCqAEgAiEGDAELIAcgBSgCtAEiBEYNACAFIAYgByAEayAGQQN2IgIgByACayAESRsiAkEDdGsiBjYCrAEgBSAHIAJrIgI2ArABIAUgAigAADYCqAELIAUpAtQBITogBSANNgLUASAFIDo3AtgBDAELIBBFIQQgDUUEQCAmIBBBAEdBAnRqKAIAIQIgBSAmIARBAnRqKAIAIg02AtQBIAUgAjYC2AEgBSgCrAEhBgwBCyAFIAUoAqwBIgJBAWoiBjYCrAECQAJAIAQgB2ogBSgCqAEgAnRBH3ZqIgRBA0YEQCAFKALUAUEBayICQX8gAhshDQwBCyAmIARBAnRqKAIAIgJBfyACGyENIARBAUYNAQsgBSAFKALYATYC3AELIAUgBSgC1AE2AtgBIAUgDTYC1AELIBggH2ohBAJAIBhFBEAgBiECDAELIAUgBiAYaiICNgKsASAFKAKoASAGdEEAIBhrdiAMaiEMCwJAIARBFEkNACACQSFPBEAgBUGwGjYCsAEMAQsgBSgCsAEiBiAFKAK4AU8EQCAFIAJBB3EiBDYCrAEgBSAGIAJBA3ZrIgI2ArABIAUgAigAADYCqAEgBCECDAELIAYgBSgCtAEiBEYNACAFIAIgBiAEayACQQN2IgIgBiACayAESRsiBEEDdGsiAjYCrAEgBSAGIARrIgQ2ArABIAUgBCgAADYCqAELAkAgH0UEQCACIQQMAQsgBSACIB9qIgQ2AqwBIAUoAqgBIAJ0QQAgH2t2IBBqIRALAkAgBEEhTwRAQbAaIQIgBUGwGjYCsAEMAQsgBSgCsAEiAiAFKAK4AU8EQCAFIARBB3EiBjYCrAEgBSACIARBA3ZrIgI2ArABIAUgAigAADYCqAEgBiEEDAELIAIgBSgCtAEiB0YNACAFIAIgAiAHayAEQQN2IgYgAiAGayAHSRsiBmsiAjYCsAEgBSAEIAZBA3RrIgQ2AqwBIAUgAigAADYCqAELAkAgGiAlRg0AIAUgFUECdEGwGWooAgAgBSgCqAEiB0EAIAQgFWoiBGt2cSAKajYCvAEgBSAkQQJ0QbAZaigCACAHQQAgBCAkaiIEa3ZxIBFqNgLMAQJAIARBIU8EQEGwGiECIAVBsBo2ArABDAELIAUoArgBIAJNBEAgBSAEQQdxIgY2AqwBIAUgAiAEQQN2ayICNgKwASAFIAIoAAAiBzYCqAEgBiEEDAELIAIgBSgCtAEiCkYNACAFIAIgAiAKayAEQQN2IgYgAiAGayAKSRsiBmsiAjYCsAEgBSAEIAZBA3RrIgQ2AqwBIAUgAigAACIHNgKoAQsgBSAEICtqIgQ2AqwBIAUgK0ECdEGwGWooAgAgB0EAIARrdnEgEmo2AsQBIARBIU8EQCAFQbAaNgKwAQwBCyAFKAK4ASACTQRAIAUgBEEHcTYCrAEgBSACIARBA3ZrIgI2ArABIAUgAigAADYCqAEMAQsgAiAFKAK0ASIGRg0AIAUgBCACIAZrIARBA3YiBCACIARrIAZJGyIEQQN0azYCrAEgBSACIARrIgI2ArABIAUgAigAADYCqAELAkACQCAIKAKE7AFBAkYEQCAFKALMAiIHIAVB4AFqICVBB3FBDGxqIhUoAgAiAmoiCiAIKAKA7AEiBEsEQCAEIAdHBEAgBCAHayIEIBQgCWtLDQsgCSAHIAQQHyAVIAIgBGsiAjYCACAEIAlqIQkLIAUgFjYCzAIgCEEANgKE7AECQAJAAkAgAkGAgARKDQAgCSAVKAIEIhIgAmoiBmogG0sNACAGQSBqIBQgCWtNDQELIAUgFSgCCDYCgAEgBSAVKQIANwN4IAkgFCAFQfgAaiAFQcwCaiAZIAsgFyAiECAhBgwBCyACIBZqIQcgAiAJaiEEIBUoAgghESAWKQAAITogCSAWKQAINwAIIAkgOjcAAAJAIAJBEUkNACAeKQAAITogCSAeKQAINwAYIAkgOjcAECACQRBrQRFIDQAgCUEgaiECIB4hDwNAIA8pABAhOiACIA8pABg3AAggAiA6NwAAIA8pACAhOiACIA8pACg3ABggAiA6NwAQIA9BIGohDyACQSBqIgIgBEkNAAsLIAQgEWshAiAFIAc2AswCIAQgC2sgEUkEQCARIAQgF2tLDQ8gIiAiIAIgC2siCmoiByASak8EQCASRQ0CIAQgByAS/AoAAAwCC0EAIAprIgIEQCAEIAcgAvwKAAALIAogEmohEiAEIAprIQQgCyECCyARQRBPBEAgAikAACE6IAQgAikACDcACCAEIDo3AAAgEkERSA0BIAQgEmohByAEQRBqIQQDQCACKQAQITogBCACKQAYNwAIIAQgOjcAACACKQAgITogBCACKQAoNwAYIAQgOjcAECACQSBqIQIgBEEgaiIEIAdJDQALDAELAkAgEUEHTQRAIAQgAi0AADoAACAEIAItAAE6AAEgBCACLQACOgACIAQgAi0AAzoAAyAEIAIgEUECdCIHQeAaaigCAGoiAigAADYABCACIAdBgBtqKAIAayECDAELIAQgAikAADcAAAsgEkEJSQ0AIAQgEmohCiAEQQhqIgcgAkEIaiICa0EPTARAA0AgByACKQAANwAAIAJBCGohAiAHQQhqIgcgCkkNAAwCCwALIAIpAAAhOiAHIAIpAAg3AAggByA6NwAAIBJBGUgNACAEQRhqIQQDQCACKQAQITogBCACKQAYNwAIIAQgOjcAACACKQAgITogBCACKQAoNwAYIAQgOjcAECACQSBqIQIgBEEgaiIEIApJDQALCyAGQYh/SwRAIAYhAwwOCyAVIA02AgggFSAMNgIEIBUgEDYCACAZIRwMAwsgCkEgayEEAkACQCAKIBxLDQAgCSAVKAIEIhEgAmoiBmogBEsNACAGQSBqIBQgCWtNDQELIAUgFSgCCDYCkAEgBSAVKQIANwOIASAJIBQgBCAFQYgBaiAFQcwCaiAcIAsgFyAiECEhBgwCCyACIAlqIQQgFSgCCCEPIAcpAAAhOiAJIAcpAAg3AAggCSA6NwAAAkAgAkERSQ0AIAcpABAhOiAJIAcpABg3ABggCSA6NwAQIAJBEGtBEUgNACAHQRBqIQIgCUEgaiEHA0AgAikAECE6IAcgAikAGDcACCAHIDo3AAAgAikAICE6IAcgAikAKDcAGCAHIDo3ABAgAkEgaiECIAdBIGoiByAESQ0ACwsgBCAPayECIAUgCjYCzAIgBCALayAPSQRAIA8gBCAXa0sNDSAiICIgAiALayIKaiIHIBFqTwRAIBFFDQMgBCAHIBH8CgAADAMLQQAgCmsiAgRAIAQgByAC/AoAAAsgCiARaiERIAQgCmshBCALIQILIA9BEE8EQCACKQAAITogBCACKQAINwAIIAQgOjcAACARQRFIDQIgBCARaiEHIARBEGohBANAIAIpABAhOiAEIAIpABg3AAggBCA6NwAAIAIpACAhOiAEIAIpACg3ABggBCA6NwAQIAJBIGohAiAEQSBqIgQgB0kNAAsMAgsCQCAPQQdNBEAgBCACLQAAOgAAIAQgAi0AAToAASAEIAItAAI6AAIgBCACLQADOgADIAQgAiAPQQJ0IgdB4BpqKAIAaiICKAAANgAEIAIgB0GAG2ooAgBrIQIMAQsgBCACKQAANwAACyARQQlJDQEgBCARaiEKIARBCGoiByACQQhqIgJrQQ9MBEADQCAHIAIpAAA3AAAgAkEIaiECIAdBCGoiByAKSQ0ADAMLAAsgAikAACE6IAcgAikACDcACCAHIDo3AAAgEUEZSA0BIARBGGohBANAIAIpABAhOiAEIAIpABg3AAggBCA6NwAAIAIpACAhOiAEIAIpACg3ABggBCA6NwAQIAJBIGohAiAEQSBqIgQgCkkNAAsMAQsCQAJAIAUoAswCIhEgBUHgAWogJUEHcUEMbGoiDygCACICaiIHIBxLDQAgCSAPKAIEIgogAmoiBmogG0sNACAGQSBqIBQgCWtNDQELIAUgDygCCDYCoAEgBSAPKQIANwOYASAJIBQgBUGYAWogBUHMAmogHCALIBcgIhAgIQYMAQsgAiAJaiEEIA8oAgghFSARKQAAITogCSARKQAINwAIIAkgOjcAAAJAIAJBEUkNACARKQAQITogCSARKQAYNwAYIAkgOjcAECACQRBrQRFIDQAgEUEQaiECIAlBIGohEgNAIAIpABAhOiASIAIpABg3AAggEiA6NwAAIAIpACAhOiASIAIpACg3ABggEiA6NwAQIAJBIGohAiASQSBqIhIgBEkNAAsLIAQgFWshAiAFIAc2AswCIAQgC2sgFUkEQCAVIAQgF2tLDQwgIiAiIAIgC2siD2oiByAKak8EQCAKRQ0CIAQgByAK/AoAAAwCC0EAIA9rIgIEQCAEIAcgAvwKAAALIAogD2ohCiAEIA9rIQQgCyECCyAVQRBPBEAgAikAACE6IAQgAikACDcACCAEIDo3AAAgCkERSA0BIAQgCmohByAEQRBqIQQDQCACKQAQITogBCACKQAYNwAIIAQgOjcAACACKQAgITogBCACKQAoNwAYIAQgOjcAECACQSBqIQIgBEEgaiIEIAdJDQALDAELAkAgFUEHTQRAIAQgAi0AADoAACAEIAItAAE6AAEgBCACLQACOgACIAQgAi0AAzoAAyAEIAIgFUECdCIHQeAaaigCAGoiAigAADYABCACIAdBgBtqKAIAayECDAELIAQgAikAADcAAAsgCkEJSQ0AIAQgCmohDyAEQQhqIgcgAkEIaiICa0EPTARAA0AgByACKQAANwAAIAJBCGohAiAHQQhqIgcgD0kNAAwCCwALIAIpAAAhOiAHIAIpAAg3AAggByA6NwAAIApBGUgNACAEQRhqIQQDQCACKQAQITogBCACKQAYNwAIIAQgOjcAACACKQAgITogBCACKQAoNwAYIAQgOjcAECACQSBqIQIgBEEgaiIEIA9JDQALCyAGQYh/SwRAIAYhAwwLCyAFQeABaiAlQQdxQQxsaiICIA02AgggAiAMNgIEIAIgEDYCAAsgBiAJaiEJICVBAWohJSAQIC1qIAxqIS0MAQsLIAUoArABIAUoArQBRw0HIAUoAqwBQSBHDQcgDiAoayEQA0ACQCAOIBBMBEBBACECA0AgAkEDRg0CIDIgAkECdCIDaiADICZqKAIANgIAIAJBAWohAgwACwALIAVB4AFqIBBBB3FBDGxqIQoCfwJAIAgoAoTsAUECRgRAIAUoAswCIg8gCigCACIEaiIHIAgoAoDsASICSwRAIAIgD0cEQCACIA9rIgIgFCAJa0sNCyAJIA8gAhAfIAogBCACayIENgIAIAIgCWohCQsgBSAWNgLMAiAIQQA2AoTsAQJAAkACQCAEQYCABEoNACAJIAooAgQiDSAEaiIGaiAbSw0AIAZBIGogFCAJa00NAQsgBSAKKAIINgJQIAUgCikCADcDSCAJIBQgBUHIAGogBUHMAmogGSALIBcgIhAgIQYMAQsgBCAWaiEHIAQgCWohDCAKKAIIIQogFikAACE6IAkgFikACDcACCAJIDo3AAACQCAEQRFJDQAgHikAACE6IAkgHikACDcAGCAJIDo3ABAgBEEQa0ERSA0AIAlBIGohAiAeIQQDQCAEKQAQITogAiAEKQAYNwAIIAIgOjcAACAEKQAgITogAiAEKQAoNwAYIAIgOjcAECAEQSBqIQQgAkEgaiICIAxJDQALCyAMIAprIQIgBSAHNgLMAiAMIAtrIApJBEAgCiAMIBdrSw0PICIgIiACIAtrIgdqIgQgDWpPBEAgDUUNAiAMIAQgDfwKAAAMAgtBACAHayICBEAgDCAEIAL8CgAACyAHIA1qIQ0gDCAHayEMIAshAgsgCkEQTwRAIAIpAAAhOiAMIAIpAAg3AAggDCA6NwAAIA1BEUgNASAMIA1qIQcgDEEQaiEEA0AgAikAECE6IAQgAikAGDcACCAEIDo3AAAgAikAICE6IAQgAikAKDcAGCAEIDo3ABAgAkEgaiECIARBIGoiBCAHSQ0ACwwBCwJAIApBB00EQCAMIAItAAA6AAAgDCACLQABOgABIAwgAi0AAjoAAiAMIAItAAM6AAMgDCACIApBAnQiBEHgGmooAgBqIgIoAAA2AAQgAiAEQYAbaigCAGshAgwBCyAMIAIpAAA3AAALIA1BCUkNACAMIA1qIQcgDEEIaiIEIAJBCGoiAmtBD0wEQANAIAQgAikAADcAACACQQhqIQIgBEEIaiIEIAdJDQAMAgsACyACKQAAITogBCACKQAINwAIIAQgOjcAACANQRlIDQAgDEEYaiEEA0AgAikAECE6IAQgAikAGDcACCAEIDo3AAAgAikAICE6IAQgAikAKDcAGCAEIDo3ABAgAkEgaiECIARBIGoiBCAHSQ0ACwsgBkGJf08EQCAGIQMMDgsgGSEcIAYgCWoMAwsgB0EgayECAkACQCAHIBxLDQAgCSAKKAIEIhIgBGoiDGogAksNACAMQSBqIBQgCWtNDQELIAUgCigCCDYCYCAFIAopAgA3A1ggCSAUIAIgBUHYAGogBUHMAmogHCALIBcgIhAhIQwMAgsgBCAJaiEGIAooAgghCiAPKQAAITogCSAPKQAINwAIIAkgOjcAAAJAIARBEUkNACAPKQAQITogCSAPKQAYNwAYIAkgOjcAECAEQRBrQRFIDQAgD0EQaiECIAlBIGohBANAIAIpABAhOiAEIAIpABg3AAggBCA6NwAAIAIpACAhOiAEIAIpACg3ABggBCA6NwAQIAJBIGohAiAEQSBqIgQgBkkNAAsLIAYgCmshAiAFIAc2AswCIAYgC2sgCkkEQCAKIAYgF2tLDQ0gIiAiIAIgC2siB2oiBCASak8EQCASRQ0DIAYgBCAS/AoAAAwDC0EAIAdrIgIEQCAGIAQgAvwKAAALIAcgEmohEiAGIAdrIQYgCyECCyAKQRBPBEAgAikAACE6IAYgAikACDcACCAGIDo3AAAgEkERSA0CIAYgEmohByAGQRBqIQQDQCACKQAQITogBCACKQAYNwAIIAQgOjcAACACKQAgITogBCACKQAoNwAYIAQgOjcAECACQSBqIQIgBEEgaiIEIAdJDQALDAILAkAgCkEHTQRAIAYgAi0AADoAACAGIAItAAE6AAEgBiACLQACOgACIAYgAi0AAzoAAyAGIAIgCkECdCIEQeAaaigCAGoiAigAADYABCACIARBgBtqKAIAayECDAELIAYgAikAADcAAAsgEkEJSQ0BIAYgEmohByAGQQhqIgQgAkEIaiICa0EPTARAA0AgBCACKQAANwAAIAJBCGohAiAEQQhqIgQgB0kNAAwDCwALIAIpAAAhOiAEIAIpAAg3AAggBCA6NwAAIBJBGUgNASAGQRhqIQQDQCACKQAQITogBCACKQAYNwAIIAQgOjcAACACKQAgITogBCACKQAoNwAYIAQgOjcAECACQSBqIQIgBEEgaiIEIAdJDQALDAELAkACQCAFKALMAiIGIAooAgAiAmoiByAcSw0AIAkgCigCBCINIAJqIgxqIBtLDQAgDEEgaiAUIAlrTQ0BCyAFIAooAgg2AnAgBSAKKQIANwNoIAkgFCAFQegAaiAFQcwCaiAcIAsgFyAiECAhDAwBCyACIAlqIQQgCigCCCEKIAYpAAAhOiAJIAYpAAg3AAggCSA6NwAAAkAgAkERSQ0AIAYpABAhOiAJIAYpABg3ABggCSA6NwAQIAJBEGtBEUgNACAGQRBqIQIgCUEgaiEGA0AgAikAECE6IAYgAikAGDcACCAGIDo3AAAgAikAICE6IAYgAikAKDcAGCAGIDo3ABAgAkEgaiECIAZBIGoiBiAESQ0ACwsgBCAKayECIAUgBzYCzAIgBCALayAKSQRAIAogBCAXa0sNDCAiICIgAiALayIHaiIGIA1qTwRAIA1FDQIgBCAGIA38CgAADAILQQAgB2siAgRAIAQgBiAC/AoAAAsgByANaiENIAQgB2shBCALIQILIApBEE8EQCACKQAAITogBCACKQAINwAIIAQgOjcAACANQRFIDQEgBCANaiEGIARBEGohBANAIAIpABAhOiAEIAIpABg3AAggBCA6NwAAIAIpACAhOiAEIAIpACg3ABggBCA6NwAQIAJBIGohAiAEQSBqIgQgBkkNAAsMAQsCQCAKQQdNBEAgBCACLQAAOgAAIAQgAi0AAToAASAEIAItAAI6AAIgBCACLQADOgADIAQgAiAKQQJ0IgZB4BpqKAIAaiICKAAANgAEIAIgBkGAG2ooAgBrIQIMAQsgBCACKQAANwAACyANQQlJDQAgBCANaiEGIARBCGoiByACQQhqIgJrQQ9MBEADQCAHIAIpAAA3AAAgAkEIaiECIAdBCGoiByAGSQ0ADAILAAsgAikAACE6IAcgAikACDcACCAHIDo3AAAgDUEZSA0AIARBGGohBANAIAIpABAhOiAEIAIpABg3AAggBCA6NwAAIAIpACAhOiAEIAIpACg3ABggBCA6NwAQIAJBIGohAiAEQSBqIgQgBkkNAAsLIAxBiH9LBEAgDCEDDAsLIAkgDGoLIQkgEEEBaiEQDAELCyAIKAKE7AEhAiAFKALMAiEDDAMFICQgMEEDdGoiBy0AAiEuICsgKkEDdGoiCi0AAiEvIBggIUEDdGoiDC0AAyEWIAotAAMhGyAHLQADIR8gDC8BACEnIAovAQAhHiAHLwEAIRkgDCgCBCENIAcoAgQhByAKKAIEIQoCQAJAIAwtAAIiEkECTwRAIAkgBHQhDCAVIBJBGUlyRQRAIAxBBSASa3ZBBXQgDWohDQJAIAQgEmpBBWsiBEEgSwRAQbAaIQIMAQsgAiApTwRAIAUgBEEHcSIMNgKsASACIARBA3ZrIgIoAAAhCSAMIQQMAQsgAiAjRg0AIAUgBCACICNrIARBA3YiBCACIARrICNJGyIMQQN0ayIENgKsASACIAxrIgIoAAAhCQsgBSAEQQVqIg82AqwBIA0gCSAEdEEbdmohEgwCCyAFIAQgEmoiDzYCrAEgDEEAIBJrdiANaiESIA9BIEsEQEGwGiECDAILIAIgKU8EQCAFIA9BB3EiBDYCrAEgAiAPQQN2ayICKAAAIQkgBCEPDAILIAIgI0YNASAFIA8gAiAjayAPQQN2IgQgAiAEayAjSRsiBEEDdGsiDzYCrAEgAiAEayICKAAAIQkMAQsgB0UhDCASRQRAICYgDEECdGooAgAhEiAmIAdBAEdBAnRqKAIAIREgBCEPDAILIAUgBEEBaiIPNgKsASANIAkgBHRBH3ZqIAxqIgxBA0YEQCARQQFrIgRBfyAEGyESDAELICYgDEECdGooAgAiBEF/IAQbIRIgDEEBRg0BCyAFIAY2AtwBCyAuIC9qIQQgBSASNgLUASAFIBE2AtgBAkAgL0UEQCAPIQwMAQsgBSAPIC9qIgw2AqwBIAkgD3RBACAva3YgCmohCgsCQCAEQRRJDQAgDEEgSwRAQbAaIQIMAQsgAiApTwRAIAUgDEEHcSIENgKsASACIAxBA3ZrIgIoAAAhCSAEIQwMAQsgAiAjRg0AIAUgDCACICNrIAxBA3YiBCACIARrICNJGyIEQQN0ayIMNgKsASACIARrIgIoAAAhCQsCQCAuRQRAIAwhBAwBCyAFIAwgLmoiBDYCrAEgCSAMdEEAIC5rdiAHaiEHCwJAIARBIEsEQEGwGiECDAELIAIgKU8EQCAFIARBB3EiBjYCrAEgAiAEQQN2ayICKAAAIQkgBiEEDAELIAIgI0YNACAFIAQgAiAjayAEQQN2IgQgAiAEayAjSRsiBkEDdGsiBDYCrAEgAiAGayICKAAAIQkLAkAgECAaRg0AIB9BAnRBsBlqKAIAIAlBACAEIB9qIgRrdnEhDyAbQQJ0QbAZaigCACAJQQAgBCAbaiIEa3ZxIQYCQAJ/AkACQCAEQSBLBEBBsBohAgwBCyACIClPBEAgBSAEQQdxIgw2AqwBIAIgBEEDdmsMAwsgAiAjRw0BCyAEIQwMAgsgBSAEIAIgI2sgBEEDdiIEIAIgBGsgI0kbIgRBA3RrIgw2AqwBIAIgBGsLIgIoAAAhCQsgDyAZaiEwIAYgHmohKiAFIAwgFmoiBjYCrAEgFkECdEGwGWooAgAgCUEAIAZrdnEgJ2ohIQJ/AkACQCAGQSBLBEBBsBohAgwBCyACIClPBEAgBSAGQQdxIgQ2AqwBIAIgBkEDdmsMAwsgAiAjRw0BCyAGIQQMAgsgBSAGIAIgI2sgBkEDdiIEIAIgBGsgI0kbIgZBA3RrIgQ2AqwBIAIgBmsLIgIoAAAhCQsgBUHgAWogEEEMbGoiBiASNgIIIAYgCjYCBCAGIAc2AgAgEEEBaiEQIAcgLWogCmohLSARIQYMAQsACwALAn8CQAJAAkAgAg4DAQIAAgsgBSAIKAL46gEiAzYCzAJBACECIBMgFEEAIBRBAEobaiEaIAgoAoDsASERAn8CQCAORQRAIBMhBwwBCyAIKAK46QEhFiAIKAK06QEhHyAIKAKw6QEhCyAIQQE2AozqASAIQazQAWohKyAFQYwCaiEbA0AgAkEDRwRAIBsgAkECdCIDaiADICtqKAIANgIAIAJBAWohAgwBCwsgBUHgAWoiAiAEIAcQCEGIf0sNByAFQfQBaiACIAgoAgAQHiAFQfwBaiACIAgoAggQHiAFQYQCaiACIAgoAgQQHiAzRSEeIBMhBwJAA0AgDkUNASAFKAL4ASAFKAL0AUEDdGoiBC0AAiEkIAUoAogCIAUoAoQCQQN0aiIDLQACIRUgBSgCgAIgBSgC/AFBA3RqIgItAAMhJyADLQADIRIgBC0AAyEcIAIvAQAhGSADLwEAIQ8gBC8BACEMIAIoAgQhBiAEKAIEIQQgAygCBCEJAkAgAi0AAiINQQJPBEACQCAeIA1BGUlyRQRAIAUoAuABIiEgBSgC5AEiAnRBBSANa3ZBBXQgBmohBgJAIAIgDWpBBWsiAkEhTwRAIAVBsBo2AugBDAELIAUoAugBIgogBSgC8AFPBEAgBSACQQdxIgM2AuQBIAUgCiACQQN2ayICNgLoASAFIAIoAAAiITYC4AEgAyECDAELIAogBSgC7AEiA0YNACAFIAIgCiADayACQQN2IgIgCiACayADSRsiA0EDdGsiAjYC5AEgBSAKIANrIgM2AugBIAUgAygAACIhNgLgAQsgBSACQQVqIgo2AuQBIAYgISACdEEbdmohDQwBCyAFIAUoAuQBIgIgDWoiCjYC5AEgBSgC4AEgAnRBACANa3YgBmohDSAKQSFPBEAgBUGwGjYC6AEMAQsgBSgC6AEiBiAFKALwAU8EQCAFIApBB3EiAjYC5AEgBSAGIApBA3ZrIgM2AugBIAUgAygAADYC4AEgAiEKDAELIAYgBSgC7AEiA0YNACAFIAogBiADayAKQQN2IgIgBiACayADSRsiAkEDdGsiCjYC5AEgBSAGIAJrIgI2AugBIAUgAigAADYC4AELIAUpAowCITogBSANNgKMAiAFIDo3ApACDAELIARFIQMgDUUEQCAbIARBAEdBAnRqKAIAIQIgBSAbIANBAnRqKAIAIg02AowCIAUgAjYCkAIgBSgC5AEhCgwBCyAFIAUoAuQBIgJBAWoiCjYC5AECQAJAIAMgBmogBSgC4AEgAnRBH3ZqIgNBA0YEQCAFKAKMAkEBayICQX8gAhshDQwBCyAbIANBAnRqKAIAIgJBfyACGyENIANBAUYNAQsgBSAFKAKQAjYClAILIAUgBSgCjAI2ApACIAUgDTYCjAILIBUgJGohAwJAIBVFBEAgCiECDAELIAUgCiAVaiICNgLkASAFKALgASAKdEEAIBVrdiAJaiEJCwJAIANBFEkNACACQSFPBEAgBUGwGjYC6AEMAQsgBSgC6AEiBiAFKALwAU8EQCAFIAJBB3EiAzYC5AEgBSAGIAJBA3ZrIgI2AugBIAUgAigAADYC4AEgAyECDAELIAYgBSgC7AEiA0YNACAFIAIgBiADayACQQN2IgIgBiACayADSRsiA0EDdGsiAjYC5AEgBSAGIANrIgM2AugBIAUgAygAADYC4AELAkAgJEUEQCACIQMMAQsgBSACICRqIgM2AuQBIAUoAuABIAJ0QQAgJGt2IARqIQQLAkAgA0EhTwRAQbAaIQIgBUGwGjYC6AEMAQsgBSgC6AEiAiAFKALwAU8EQCAFIANBB3EiBjYC5AEgBSACIANBA3ZrIgI2AugBIAUgAigAADYC4AEgBiEDDAELIAIgBSgC7AEiCkYNACAFIAIgAiAKayADQQN2IgYgAiAGayAKSRsiBmsiAjYC6AEgBSADIAZBA3RrIgM2AuQBIAUgAigAADYC4AELAkAgDkEBRg0AIAUgHEECdEGwGWooAgAgBSgC4AEiBkEAIAMgHGoiA2t2cSAMajYC9AEgBSASQQJ0QbAZaigCACAGQQAgAyASaiIDa3ZxIA9qNgKEAgJAIANBIU8EQEGwGiECIAVBsBo2AugBDAELIAUoAvABIAJNBEAgBSADQQdxIgo2AuQBIAUgAiADQQN2ayICNgLoASAFIAIoAAAiBjYC4AEgCiEDDAELIAIgBSgC7AEiCkYNACAFIAIgAiAKayADQQN2IgYgAiAGayAKSRsiBmsiAjYC6AEgBSADIAZBA3RrIgM2AuQBIAUgAigAACIGNgLgAQsgBSADICdqIgM2AuQBIAUgJ0ECdEGwGWooAgAgBkEAIANrdnEgGWo2AvwBIANBIU8EQCAFQbAaNgLoAQwBCyAFKALwASACTQRAIAUgA0EHcTYC5AEgBSACIANBA3ZrIgI2AugBIAUgAigAADYC4AEMAQsgAiAFKALsASIGRg0AIAUgAyACIAZrIANBA3YiAyACIANrIAZJGyIDQQN0azYC5AEgBSACIANrIgI2AugBIAUgAigAADYC4AELIAUoAswCIgwgBGoiCiAIKAKA7AEiAk0EQCAKQSBrIQIgBSAENgKoASAFIAk2AqwBIAUgDTYCsAECQAJAAkAgCiARSw0AIAcgBCAJaiIDaiACSw0AIANBIGogGiAHa00NAQsgBUFAayAFKAKwATYCACAFIAUpA6gBNwM4IAcgGiACIAVBOGogBUHMAmogESALIB8gFhAhIQMMAQsgBCAHaiEGIAwpAAAhOiAHIAwpAAg3AAggByA6NwAAAkAgBEERSQ0AIAwpABAhOiAHIAwpABg3ABggByA6NwAQIARBEGtBEUgNACAMQRBqIQIgB0EgaiEEA0AgAikAECE6IAQgAikAGDcACCAEIDo3AAAgAikAICE6IAQgAikAKDcAGCAEIDo3ABAgAkEgaiECIARBIGoiBCAGSQ0ACwsgBiANayECIAUgCjYCzAIgBiALayANSQRAIA0gBiAfa0sNDCAWIBYgAiALayIKaiIEIAlqTwRAIAlFDQIgBiAEIAn8CgAADAILQQAgCmsiAgRAIAYgBCAC/AoAAAsgBSAJIApqIgk2AqwBIAYgCmshBiALIQILIA1BEE8EQCACKQAAITogBiACKQAINwAIIAYgOjcAACAJQRFIDQEgBiAJaiEKIAZBEGohBANAIAIpABAhOiAEIAIpABg3AAggBCA6NwAAIAIpACAhOiAEIAIpACg3ABggBCA6NwAQIAJBIGohAiAEQSBqIgQgCkkNAAsMAQsCQCANQQdNBEAgBiACLQAAOgAAIAYgAi0AAToAASAGIAItAAI6AAIgBiACLQADOgADIAYgAiANQQJ0IgRB4BpqKAIAaiICKAAANgAEIAIgBEGAG2ooAgBrIQIMAQsgBiACKQAANwAACyAJQQlJDQAgBiAJaiEKIAZBCGoiBCACQQhqIgJrQQ9MBEADQCAEIAIpAAA3AAAgAkEIaiECIARBCGoiBCAKSQ0ADAILAAsgAikAACE6IAQgAikACDcACCAEIDo3AAAgCUEZSA0AIAZBGGohBANAIAIpABAhOiAEIAIpABg3AAggBCA6NwAAIAIpACAhOiAEIAIpACg3ABggBCA6NwAQIAJBIGohAiAEQSBqIgQgCkkNAAsLIANBiH9LDQwgDkEBayEOIAMgB2ohBwwBCwsgDkEATA0IIAIgDEcEQEG6fyEDIAIgDGsiAiAaIAdrSw0LIAcgDCACEB8gAiAHaiEHIAQgAmshBAsgBSAIQYjsAWoiAjYCzAIgCEEANgKE7AEgCEGI7AVqIREgBSAENgKoASAFIAk2AqwBIAUgDTYCsAECQAJAAkAgBEGAgARKDQAgByAEIAlqIgNqIBpBIGtLDQAgA0EgaiAaIAdrTQ0BCyAFIAUoArABNgIwIAUgBSkDqAE3AyggByAaIAVBKGogBUHMAmogESALIB8gFhAgIQMMAQsgAiAEaiEKIAQgB2ohBiACKQAAITogByACKQAINwAIIAcgOjcAAAJAIARBEUkNACAIKQCY7AEhOiAHIAhBoOwBaikAADcAGCAHIDo3ABAgBEEQa0ERSA0AIAhBmOwBaiECIAdBIGohBANAIAIpABAhOiAEIAIpABg3AAggBCA6NwAAIAIpACAhOiAEIAIpACg3ABggBCA6NwAQIAJBIGohAiAEQSBqIgQgBkkNAAsLIAYgDWshAiAFIAo2AswCIAYgC2sgDUkEQCANIAYgH2tLDQogFiAWIAIgC2siCmoiBCAJak8EQCAJRQ0CIAYgBCAJ/AoAAAwCC0EAIAprIgIEQCAGIAQgAvwKAAALIAUgCSAKaiIJNgKsASAGIAprIQYgCyECCyANQRBPBEAgAikAACE6IAYgAikACDcACCAGIDo3AAAgCUERSA0BIAYgCWohCiAGQRBqIQQDQCACKQAQITogBCACKQAYNwAIIAQgOjcAACACKQAgITogBCACKQAoNwAYIAQgOjcAECACQSBqIQIgBEEgaiIEIApJDQALDAELAkAgDUEHTQRAIAYgAi0AADoAACAGIAItAAE6AAEgBiACLQACOgACIAYgAi0AAzoAAyAGIAIgDUECdCIEQeAaaigCAGoiAigAADYABCACIARBgBtqKAIAayECDAELIAYgAikAADcAAAsgCUEJSQ0AIAYgCWohCiAGQQhqIgQgAkEIaiICa0EPTARAA0AgBCACKQAANwAAIAJBCGohAiAEQQhqIgQgCkkNAAwCCwALIAIpAAAhOiAEIAIpAAg3AAggBCA6NwAAIAlBGUgNACAGQRhqIQQDQCACKQAQITogBCACKQAYNwAIIAQgOjcAACACKQAgITogBCACKQAoNwAYIAQgOjcAECACQSBqIQIgBEEgaiIEIApJDQALCyADQYh/Sw0KIAMgB2ohByAOQQFrIgpFDQAgGkEgayESIDNFIRwDQCAFKAL4ASAFKAL0AUEDdGoiBC0AAiEJIAUoAogCIAUoAoQCQQN0aiIDLQACIQwgBSgCgAIgBSgC/AFBA3RqIgItAAMhJCADLQADIRUgBC0AAyEnIAIvAQAhHiADLwEAIRkgBC8BACEPIAIoAgQhBiAEKAIEIQQgAygCBCEOAkAgAi0AAiIYQQJPBEACQCAcIBhBGUlyRQRAIAUoAuABIiogBSgC5AEiAnRBBSAYa3ZBBXQgBmohBgJAIAIgGGpBBWsiAkEhTwRAIAVBsBo2AugBDAELIAUoAugBIg0gBSgC8AFPBEAgBSACQQdxIgM2AuQBIAUgDSACQQN2ayICNgLoASAFIAIoAAAiKjYC4AEgAyECDAELIA0gBSgC7AEiA0YNACAFIAIgDSADayACQQN2IgIgDSACayADSRsiA0EDdGsiAjYC5AEgBSANIANrIgM2AugBIAUgAygAACIqNgLgAQsgBSACQQVqIg02AuQBIAYgKiACdEEbdmohBgwBCyAFIAUoAuQBIgIgGGoiDTYC5AEgBSgC4AEgAnRBACAYa3YgBmohBiANQSFPBEAgBUGwGjYC6AEMAQsgBSgC6AEiGCAFKALwAU8EQCAFIA1BB3EiAjYC5AEgBSAYIA1BA3ZrIgM2AugBIAUgAygAADYC4AEgAiENDAELIBggBSgC7AEiA0YNACAFIA0gGCADayANQQN2IgIgGCACayADSRsiAkEDdGsiDTYC5AEgBSAYIAJrIgI2AugBIAUgAigAADYC4AELIAUpAowCITogBSAGNgKMAiAFIDo3ApACDAELIARFIQMgGEUEQCAbIARBAEdBAnRqKAIAIQIgBSAbIANBAnRqKAIAIgY2AowCIAUgAjYCkAIgBSgC5AEhDQwBCyAFIAUoAuQBIgJBAWoiDTYC5AECQAJAIAMgBmogBSgC4AEgAnRBH3ZqIgNBA0YEQCAFKAKMAkEBayICQX8gAhshBgwBCyAbIANBAnRqKAIAIgJBfyACGyEGIANBAUYNAQsgBSAFKAKQAjYClAILIAUgBSgCjAI2ApACIAUgBjYCjAILIAkgDGohAwJAIAxFBEAgDSECDAELIAUgDCANaiICNgLkASAFKALgASANdEEAIAxrdiAOaiEOCwJAIANBFEkNACACQSFPBEAgBUGwGjYC6AEMAQsgBSgC6AEiDCAFKALwAU8EQCAFIAJBB3EiAzYC5AEgBSAMIAJBA3ZrIgI2AugBIAUgAigAADYC4AEgAyECDAELIAwgBSgC7AEiA0YNACAFIAIgDCADayACQQN2IgIgDCACayADSRsiA0EDdGsiAjYC5AEgBSAMIANrIgM2AugBIAUgAygAADYC4AELAkAgCUUEQCACIQMMAQsgBSACIAlqIgM2AuQBIAUoAuABIAJ0QQAgCWt2IARqIQQLAkAgA0EhTwRAQbAaIQIgBUGwGjYC6AEMAQsgBSgC6AEiAiAFKALwAU8EQCAFIANBB3EiDDYC5AEgBSACIANBA3ZrIgI2AugBIAUgAigAADYC4AEgDCEDDAELIAIgBSgC7AEiCUYNACAFIAIgAiAJayADQQN2IgwgAiAMayAJSRsiDGsiAjYC6AEgBSADIAxBA3RrIgM2AuQBIAUgAigAADYC4AELAkAgCkEBRg0AIAUgJ0ECdEGwGWooAgAgBSgC4AEiCUEAIAMgJ2oiA2t2cSAPajYC9AEgBSAVQQJ0QbAZaigCACAJQQAgAyAVaiIDa3ZxIBlqNgKEAgJAIANBIU8EQEGwGiECIAVBsBo2AugBDAELIAUoAvABIAJNBEAgBSADQQdxIgw2AuQBIAUgAiADQQN2ayICNgLoASAFIAIoAAAiCTYC4AEgDCEDDAELIAIgBSgC7AEiD0YNACAFIAIgAiAPayADQQN2IgwgAiAMayAPSRsiDGsiAjYC6AEgBSADIAxBA3RrIgM2AuQBIAUgAigAACIJNgLgAQsgBSADICRqIgM2AuQBIAUgJEECdEGwGWooAgAgCUEAIANrdnEgHmo2AvwBIANBIU8EQCAFQbAaNgLoAQwBCyAFKALwASACTQRAIAUgA0EHcTYC5AEgBSACIANBA3ZrIgI2AugBIAUgAigAADYC4AEMAQsgAiAFKALsASIMRg0AIAUgAyACIAxrIANBA3YiAyACIANrIAxJGyIDQQN0azYC5AEgBSACIANrIgI2AugBIAUgAigAADYC4AELIAUgBDYCqAEgBSAONgKsASAFIAY2ArABAkACQAJAIAUoAswCIgIgBGoiDCARSw0AIAcgBCAOaiIDaiASSw0AIANBIGogGiAHa00NAQsgBSAFKAKwATYCICAFIAUpA6gBNwMYIAcgGiAFQRhqIAVBzAJqIBEgCyAfIBYQICEDDAELIAQgB2ohCSACKQAAITogByACKQAINwAIIAcgOjcAAAJAIARBEUkNACACKQAQITogByACKQAYNwAYIAcgOjcAECAEQRBrQRFIDQAgAkEQaiECIAdBIGohBANAIAIpABAhOiAEIAIpABg3AAggBCA6NwAAIAIpACAhOiAEIAIpACg3ABggBCA6NwAQIAJBIGohAiAEQSBqIgQgCUkNAAsLIAkgBmshAiAFIAw2AswCIAkgC2sgBkkEQCAGIAkgH2tLDQsgFiAWIAIgC2siDGoiBCAOak8EQCAORQ0CIAkgBCAO/AoAAAwCC0EAIAxrIgIEQCAJIAQgAvwKAAALIAUgDCAOaiIONgKsASAJIAxrIQkgCyECCyAGQRBPBEAgAikAACE6IAkgAikACDcACCAJIDo3AAAgDkERSA0BIAkgDmohBiAJQRBqIQQDQCACKQAQITogBCACKQAYNwAIIAQgOjcAACACKQAgITogBCACKQAoNwAYIAQgOjcAECACQSBqIQIgBEEgaiIEIAZJDQALDAELAkAgBkEHTQRAIAkgAi0AADoAACAJIAItAAE6AAEgCSACLQACOgACIAkgAi0AAzoAAyAJIAIgBkECdCIEQeAaaigCAGoiAigAADYABCACIARBgBtqKAIAayECDAELIAkgAikAADcAAAsgDkEJSQ0AIAkgDmohBiAJQQhqIgQgAkEIaiICa0EPTARAA0AgBCACKQAANwAAIAJBCGohAiAEQQhqIgQgBkkNAAwCCwALIAIpAAAhOiAEIAIpAAg3AAggBCA6NwAAIA5BGUgNACAJQRhqIQQDQCACKQAQITogBCACKQAYNwAIIAQgOjcAACACKQAgITogBCACKQAoNwAYIAQgOjcAECACQSBqIQIgBEEgaiIEIAZJDQALCyADQYh/Sw0LIAMgB2ohByAKQQFrIgoNAAsLIAUoAugBIAUoAuwBRw0HQWwhAyAFKALkAUEgRw0JQQAhAgNAIAJBA0cEQCArIAJBAnQiA2ogAyAbaigCADYCACACQQFqIQIMAQsLIAUoAswCIgMgCCgChOwBQQJHDQEaCyARIANrIgIgGiAHa0sNBUEAIQQgBwRAIAIEQCAHIAMgAvwKAAALIAIgB2ohBAsgCEEANgKE7AEgCEGI7AVqIREgBCEHIAhBiOwBagshAiARIAJrIgMgGiAHa0sNBCAHBH8gAwRAIAcgAiAD/AoAAAsgAyAHagVBAAsgE2shAwwHCyATIBRBACAUQQBKG2oMAQsgCCgC/OsBCyEWIAUgCCgC+OoBIgI2AswCIAIgCCgCiOsBaiEfAkAgDkUEQCATIQkMAQsgCCgCuOkBIRggCCgCtOkBISsgCCgCsOkBIQwgCEEBNgKM6gEgCEGs0AFqISQgBUGMAmohGkEAIQIDQCACQQNHBEAgGiACQQJ0IgNqIAMgJGooAgA2AgAgAkEBaiECDAELC0FsIQMgBUHgAWoiAiAEIAcQCEGIf0sNBSAFQfQBaiACIAgoAgAQHiAFQfwBaiACIAgoAggQHiAFQYQCaiACIAgoAgQQHiAWQSBrIRwgM0UhHiATIQkDQCAOBEAgBSgC+AEgBSgC9AFBA3RqIgItAAIhGyAFKAKIAiAFKAKEAkEDdGoiBC0AAiENIAUoAoACIAUoAvwBQQN0aiIGLQADIRUgBC0AAyEnIAItAAMhEiAGLwEAIRkgBC8BACERIAIvAQAhDyAGKAIEIQcgAigCBCECIAQoAgQhBAJAIAYtAAIiKEECTwRAAkAgHiAoQRlJckUEQCAFKALgASIhIAUoAuQBIgZ0QQUgKGt2QQV0IAdqIQcCQCAGIChqQQVrIgZBIU8EQCAFQbAaNgLoAQwBCyAFKALoASIKIAUoAvABTwRAIAUgBkEHcSILNgLkASAFIAogBkEDdmsiBjYC6AEgBSAGKAAAIiE2AuABIAshBgwBCyAKIAUoAuwBIgtGDQAgBSAGIAogC2sgBkEDdiIGIAogBmsgC0kbIgtBA3RrIgY2AuQBIAUgCiALayILNgLoASAFIAsoAAAiITYC4AELIAUgBkEFaiIKNgLkASAHICEgBnRBG3ZqIRAMAQsgBSAFKALkASIGIChqIgo2AuQBIAUoAuABIAZ0QQAgKGt2IAdqIRAgCkEhTwRAIAVBsBo2AugBDAELIAUoAugBIgcgBSgC8AFPBEAgBSAKQQdxIgY2AuQBIAUgByAKQQN2ayILNgLoASAFIAsoAAA2AuABIAYhCgwBCyAHIAUoAuwBIgtGDQAgBSAKIAcgC2sgCkEDdiIGIAcgBmsgC0kbIgZBA3RrIgo2AuQBIAUgByAGayIGNgLoASAFIAYoAAA2AuABCyAFKQKMAiE6IAUgEDYCjAIgBSA6NwKQAgwBCyACRSELIChFBEAgGiACQQBHQQJ0aigCACEGIAUgGiALQQJ0aigCACIQNgKMAiAFIAY2ApACIAUoAuQBIQoMAQsgBSAFKALkASIGQQFqIgo2AuQBAkACQCAHIAtqIAUoAuABIAZ0QR92aiILQQNGBEAgBSgCjAJBAWsiBkF/IAYbIRAMAQsgGiALQQJ0aigCACIGQX8gBhshECALQQFGDQELIAUgBSgCkAI2ApQCCyAFIAUoAowCNgKQAiAFIBA2AowCCyANIBtqIQsCQCANRQRAIAohBgwBCyAFIAogDWoiBjYC5AEgBSgC4AEgCnRBACANa3YgBGohBAsCQCALQRRJDQAgBkEhTwRAIAVBsBo2AugBDAELIAUoAugBIgcgBSgC8AFPBEAgBSAGQQdxIgs2AuQBIAUgByAGQQN2ayIGNgLoASAFIAYoAAA2AuABIAshBgwBCyAHIAUoAuwBIgtGDQAgBSAGIAcgC2sgBkEDdiIGIAcgBmsgC0kbIgtBA3RrIgY2AuQBIAUgByALayILNgLoASAFIAsoAAA2AuABCwJAIBtFBEAgBiEHDAELIAUgBiAbaiIHNgLkASAFKALgASAGdEEAIBtrdiACaiECCwJAIAdBIU8EQEGwGiEGIAVBsBo2AugBDAELIAUoAugBIgYgBSgC8AFPBEAgBSAHQQdxIgs2AuQBIAUgBiAHQQN2ayIGNgLoASAFIAYoAAA2AuABIAshBwwBCyAGIAUoAuwBIgpGDQAgBSAGIAYgCmsgB0EDdiILIAYgC2sgCkkbIgtrIgY2AugBIAUgByALQQN0ayIHNgLkASAFIAYoAAA2AuABCwJAIA5BAUYNACAFIBJBAnRBsBlqKAIAIAUoAuABIg1BACAHIBJqIgtrdnEgD2o2AvQBIAUgJ0ECdEGwGWooAgAgDUEAIAsgJ2oiB2t2cSARajYChAICQCAHQSFPBEBBsBohBiAFQbAaNgLoAQwBCyAFKALwASAGTQRAIAUgB0EHcSILNgLkASAFIAYgB0EDdmsiBjYC6AEgBSAGKAAAIg02AuABIAshBwwBCyAGIAUoAuwBIgpGDQAgBSAGIAYgCmsgB0EDdiILIAYgC2sgCkkbIgtrIgY2AugBIAUgByALQQN0ayIHNgLkASAFIAYoAAAiDTYC4AELIAUgByAVaiILNgLkASAFIBVBAnRBsBlqKAIAIA1BACALa3ZxIBlqNgL8ASALQSFPBEAgBUGwGjYC6AEMAQsgBSgC8AEgBk0EQCAFIAtBB3E2AuQBIAUgBiALQQN2ayIGNgLoASAFIAYoAAA2AuABDAELIAYgBSgC7AEiB0YNACAFIAsgBiAHayALQQN2IgsgBiALayAHSRsiC0EDdGs2AuQBIAUgBiALayIGNgLoASAFIAYoAAA2AuABCyAFIAI2AqgBIAUgBDYCrAEgBSAQNgKwAQJAAkACQCAFKALMAiIGIAJqIgsgH0sNACAJIAIgBGoiDWogHEsNACANQSBqIBYgCWtNDQELIAUgBSgCsAE2AhAgBSAFKQOoATcDCCAJIBYgBUEIaiAFQcwCaiAfIAwgKyAYECAhDQwBCyACIAlqIQcgBikAACE6IAkgBikACDcACCAJIDo3AAACQCACQRFJDQAgBikAECE6IAkgBikAGDcAGCAJIDo3ABAgAkEQa0ERSA0AIAZBEGohBiAJQSBqIQIDQCAGKQAQITogAiAGKQAYNwAIIAIgOjcAACAGKQAgITogAiAGKQAoNwAYIAIgOjcAECAGQSBqIQYgAkEgaiICIAdJDQALCyAHIBBrIQYgBSALNgLMAiAHIAxrIBBJBEAgECAHICtrSw0JIBggGCAGIAxrIgtqIgYgBGpPBEAgBEUNAiAHIAYgBPwKAAAMAgtBACALayICBEAgByAGIAL8CgAACyAFIAQgC2oiBDYCrAEgByALayEHIAwhBgsgEEEQTwRAIAYpAAAhOiAHIAYpAAg3AAggByA6NwAAIARBEUgNASAEIAdqIQQgB0EQaiECA0AgBikAECE6IAIgBikAGDcACCACIDo3AAAgBikAICE6IAIgBikAKDcAGCACIDo3ABAgBkEgaiEGIAJBIGoiAiAESQ0ACwwBCwJAIBBBB00EQCAHIAYtAAA6AAAgByAGLQABOgABIAcgBi0AAjoAAiAHIAYtAAM6AAMgByAGIBBBAnQiC0HgGmooAgBqIgIoAAA2AAQgAiALQYAbaigCAGshBgwBCyAHIAYpAAA3AAALIARBCUkNACAEIAdqIQsgB0EIaiICIAZBCGoiBmtBD0wEQANAIAIgBikAADcAACAGQQhqIQYgAkEIaiICIAtJDQAMAgsACyAGKQAAITogAiAGKQAINwAIIAIgOjcAACAEQRlIDQAgB0EYaiECA0AgBikAECE6IAIgBikAGDcACCACIDo3AAAgBikAICE6IAIgBikAKDcAGCACIDo3ABAgBkEgaiEGIAJBIGoiAiALSQ0ACwsgDUGIf0sEQCANIQMMCAUgDkEBayEOIAkgDWohCQwCCwALCyAFKALoASAFKALsAUcNBSAFKALkAUEgRw0FQQAhBgNAIAZBA0cEQCAkIAZBAnQiAmogAiAaaigCADYCACAGQQFqIQYMAQsLIAUoAswCIQILQbp/IQMgHyACayIEIBYgCWtLDQQgCQR/IAQEQCAJIAIgBPwKAAALIAQgCWoFQQALIBNrIQMMBAsgAkECRgRAIBwgA2siAiAUIAlrSw0BIAkEfyACBEAgCSADIAL8CgAACyACIAlqBUEACyEJIAhBiOwFaiEcIAhBiOwBaiEDCyAcIANrIgIgFCAJa0sNACAJBH8gAgRAIAkgAyAC/AoAAAsgAiAJagVBAAsgE2shAwwDC0G6fyEDDAILQWwhAwwBC0G4fyEDCyAFQdACaiQAIAMhBAwECyAgIDUgE2tLDQkgE0UEQCAgDQIMBQsgICIERQ0FIBMgHSAE/AoAAAwFCyAxKAIMIgQgAiATa0sNCCATDQEgBEUNAwtBtn8hBAwJCyAERQ0AIBMgHS0AACAE/AsACyAEQYh/Sw0HDAELQQAhBAsCQCAIKAL06gFFIBNFcg0AIAggCCkDkOoBIAStfDcDkOoBIAgoAtjqASIGIARqQR9NBEAgBARAIAYgNGogEyAE/AoAAAsgCCAIKALY6gEgBGo2AtjqAQwBCyATIQMgBgRAQSAgBmsiAgRAIAYgNGogAyAC/AoAAAsgCCgC2OoBIQIgCEEANgLY6gEgCCAIKQOY6gEgCCkAuOoBQs/W077Sx6vZQn58Qh+JQoeVr6+Ytt6bnn9+NwOY6gEgCCAIKQOg6gEgCCkAwOoBQs/W077Sx6vZQn58Qh+JQoeVr6+Ytt6bnn9+NwOg6gEgCCAIKQOo6gEgCCkAyOoBQs/W077Sx6vZQn58Qh+JQoeVr6+Ytt6bnn9+NwOo6gEgCCAIKQOw6gEgCCkA0OoBQs/W077Sx6vZQn58Qh+JQoeVr6+Ytt6bnn9+NwOw6gEgEyACa0EgaiEDCyAEIBNqIgYgA0Egak8EQCAGQSBrIQIgCCkDsOoBITsgCCkDqOoBITwgCCkDoOoBIT0gCCkDmOoBIToDQCAIIAMpAABCz9bTvtLHq9lCfiA6fEIfiUKHla+vmLbem55/fiI6NwOY6gEgCCADKQAIQs/W077Sx6vZQn4gPXxCH4lCh5Wvr5i23puef34iPTcDoOoBIAggAykAEELP1tO+0ser2UJ+IDx8Qh+JQoeVr6+Ytt6bnn9+Ijw3A6jqASAIIAMpABhCz9bTvtLHq9lCfiA7fEIfiUKHla+vmLbem55/fiI7NwOw6gEgA0EgaiIDIAJNDQALCyADIAZPDQAgBiADayICBEAgNCADIAL8CgAACyAIIAI2AtjqAQsgOCAgayEDIB0gIGohAiAEIBNqIRMgMSgCCEUNAAsgNikDACI6Qn9RIDogEyAsa6xRckUEQEFsIQYMBgsgCCgC4OkBBEBBaiEGIANBBEkNBiAIKALw6gFFBEAgAigAAAJ+IDcpAwAiPkIgWgRAIAgpA6DqASI7QgeJIAgpA5jqASI8QgGJfCAIKQOo6gEiPUIMiXwgCCkDsOoBIjpCEol8IDxCz9bTvtLHq9lCfkIfiUKHla+vmLbem55/foVCh5Wvr5i23puef35CnaO16oOxjYr6AH0gO0LP1tO+0ser2UJ+Qh+JQoeVr6+Ytt6bnn9+hUKHla+vmLbem55/fkKdo7Xqg7GNivoAfSA9Qs/W077Sx6vZQn5CH4lCh5Wvr5i23puef36FQoeVr6+Ytt6bnn9+Qp2jteqDsY2K+gB9IDpCz9bTvtLHq9lCfkIfiUKHla+vmLbem55/foVCh5Wvr5i23puef35CnaO16oOxjYr6AH0MAQsgCCkDqOoBQsXP2bLx5brqJ3wLID58IDQgPqcQIqdHDQcLIANBBGshAyACQQRqIQILIBMgLGsiBEGJf08NBCABIARrIQEgBCAsaiEsQQEhOQwBCwsgAwRAQbh/IQYMBAsgLCAAayEGDAMLQbp/IQQMAQtBuH8hBAtBuH8gBCAEQXZGGyAEIDkbIQYLIAgoApDrAQ0AIAgoAoTrASECIAgoAoDrASEDIAgQFiAIKALA6wEgAyACEBUgCEEANgLA6wEgCCgCrOsBIgEEQAJAAkACQAJAIAEoAgAiAARAIANFDQIgAiAAIAMRAgAMAQsgA0UNAgsgAiABIAMRAgAMAgsgABACCyABEAILIAhBADYCrOsBCyADBEAgAiAIIAMRAgAMAQsgCBACCyAxQRBqJAAgBgsKACAABEAQJgALCwMAAAsLzRIKAEGICAsFAQAAAAEAQZgIC9sEAQAAAAEAAACWAAAA2AAAAH0BAAB3AAAAqgAAAM0AAAACAgAAcAAAALEAAADHAAAAGwIAAG4AAADFAAAAwgAAAIQCAABrAAAA3QAAAMAAAADfAgAAawAAAAABAAC9AAAAcQMAAGoAAABnAQAAvAAAAI8EAABtAAAARgIAALsAAAAiBgAAcgAAALACAAC7AAAAsAYAAHoAAAA5AwAAugAAAK0HAACIAAAA0AMAALkAAABTCAAAlgAAAJwEAAC6AAAAFggAAK8AAABhBQAAuQAAAMMGAADKAAAAhAUAALkAAACfBgAAygAAAAAAAAABAAAAAQAAAAUAAAANAAAAHQAAAD0AAAB9AAAA/QAAAP0BAAD9AwAA/QcAAP0PAAD9HwAA/T8AAP1/AAD9/wAA/f8BAP3/AwD9/wcA/f8PAP3/HwD9/z8A/f9/AP3//wD9//8B/f//A/3//wf9//8P/f//H/3//z/9//9/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8DAAAABAAAAAUAAAAGAAAABwAAAAgAAAAJAAAACgAAAAsAAAAMAAAADQAAAA4AAAAPAAAAEAAAABEAAAASAAAAEwAAABQAAAAVAAAAFgAAABcAAAAYAAAAGQAAABoAAAAbAAAAHAAAAB0AAAAeAAAAHwAAACAAAAAhAAAAIgAAACMAAAAlAAAAJwAAACkAAAArAAAALwAAADMAAAA7AAAAQwAAAFMAAABjAAAAgwAAAAMBAAADAgAAAwQAAAMIAAADEAAAAyAAAANAAAADgAAAAwABAEGgDQsVAQEBAQICAwMEBAUHCAkKCwwNDg8QAEHEDQuLAQEAAAACAAAAAwAAAAQAAAAFAAAABgAAAAcAAAAIAAAACQAAAAoAAAALAAAADAAAAA0AAAAOAAAADwAAABAAAAASAAAAFAAAABYAAAAYAAAAHAAAACAAAAAoAAAAMAAAAEAAAACAAAAAAAEAAAACAAAABAAAAAgAAAAQAAAAIAAAAEAAAACAAAAAAAEAQeAOC6YEAQEBAQICAwMEBgcICQoLDA0ODxABAAAABAAAAAgAAAABAAEBBgAAAAAAAAQAAAAAEAAABAAAAAAgAAAFAQAAAAAAAAUDAAAAAAAABQQAAAAAAAAFBgAAAAAAAAUHAAAAAAAABQkAAAAAAAAFCgAAAAAAAAUMAAAAAAAABg4AAAAAAAEFEAAAAAAAAQUUAAAAAAABBRYAAAAAAAIFHAAAAAAAAwUgAAAAAAAEBTAAAAAgAAYFQAAAAAAABwWAAAAAAAAIBgABAAAAAAoGAAQAAAAADAYAEAAAIAAABAAAAAAAAAAEAQAAAAAAAAUCAAAAIAAABQQAAAAAAAAFBQAAACAAAAUHAAAAAAAABQgAAAAgAAAFCgAAAAAAAAULAAAAAAAABg0AAAAgAAEFEAAAAAAAAQUSAAAAIAABBRYAAAAAAAIFGAAAACAAAwUgAAAAAAADBSgAAAAAAAYEQAAAABAABgRAAAAAIAAHBYAAAAAAAAkGAAIAAAAACwYACAAAMAAABAAAAAAQAAAEAQAAACAAAAUCAAAAIAAABQMAAAAgAAAFBQAAACAAAAUGAAAAIAAABQgAAAAgAAAFCQAAACAAAAULAAAAIAAABQwAAAAAAAAGDwAAACAAAQUSAAAAIAABBRQAAAAgAAIFGAAAACAAAgUcAAAAIAADBSgAAAAgAAQFMAAAAAAAEAYAAAEAAAAPBgCAAAAAAA4GAEAAAAAADQYAIABBkBMLhwIBAAEBBQAAAAAAAAUAAAAAAAAGBD0AAAAAAAkF/QEAAAAADwX9fwAAAAAVBf3/HwAAAAMFBQAAAAAABwR9AAAAAAAMBf0PAAAAABIF/f8DAAAAFwX9/38AAAAFBR0AAAAAAAgE/QAAAAAADgX9PwAAAAAUBf3/DwAAAAIFAQAAABAABwR9AAAAAAALBf0HAAAAABEF/f8BAAAAFgX9/z8AAAAEBQ0AAAAQAAgE/QAAAAAADQX9HwAAAAATBf3/BwAAAAEFAQAAABAABgQ9AAAAAAAKBf0DAAAAABAF/f8AAAAAHAX9//8PAAAbBf3//wcAABoF/f//AwAAGQX9//8BAAAYBf3//wBBoBULhgQBAAEBBgAAAAAAAAYDAAAAAAAABAQAAAAgAAAFBQAAAAAAAAUGAAAAAAAABQgAAAAAAAAFCQAAAAAAAAULAAAAAAAABg0AAAAAAAAGEAAAAAAAAAYTAAAAAAAABhYAAAAAAAAGGQAAAAAAAAYcAAAAAAAABh8AAAAAAAAGIgAAAAAAAQYlAAAAAAABBikAAAAAAAIGLwAAAAAAAwY7AAAAAAAEBlMAAAAAAAcGgwAAAAAACQYDAgAAEAAABAQAAAAAAAAEBQAAACAAAAUGAAAAAAAABQcAAAAgAAAFCQAAAAAAAAUKAAAAAAAABgwAAAAAAAAGDwAAAAAAAAYSAAAAAAAABhUAAAAAAAAGGAAAAAAAAAYbAAAAAAAABh4AAAAAAAAGIQAAAAAAAQYjAAAAAAABBicAAAAAAAIGKwAAAAAAAwYzAAAAAAAEBkMAAAAAAAUGYwAAAAAACAYDAQAAIAAABAQAAAAwAAAEBAAAABAAAAQFAAAAIAAABQcAAAAgAAAFCAAAACAAAAUKAAAAIAAABQsAAAAAAAAGDgAAAAAAAAYRAAAAAAAABhQAAAAAAAAGFwAAAAAAAAYaAAAAAAAABh0AAAAAAAAGIAAAAAAAEAYDAAEAAAAPBgOAAAAAAA4GA0AAAAAADQYDIAAAAAAMBgMQAAAAAAsGAwgAAAAACgYDBABBtBkLfAEAAAADAAAABwAAAA8AAAAfAAAAPwAAAH8AAAD/AAAA/wEAAP8DAAD/BwAA/w8AAP8fAAD/PwAA/38AAP//AAD//wEA//8DAP//BwD//w8A//8fAP//PwD//38A////AP///wH///8D////B////w////8f////P////38AQcQaC1kBAAAAAgAAAAQAAAAAAAAAAgAAAAQAAAAIAAAAAAAAAAEAAAACAAAAAQAAAAQAAAAEAAAABAAAAAQAAAAIAAAACAAAAAgAAAAHAAAACAAAAAkAAAAKAAAACwBBoBsLA6APAQ==";
//#endregion
return { ZSTDDecoder };
})();

const module7 = (() => {
// The zstd frame of the coded arrays: what spec/container.md demands of its header (RFC 8878, 3.1.1.1) is checked
// here; what its blocks hold, and their checksum, is left to libzstd, compiled to WebAssembly. It stops at a block that
// holds more than the frame declares, and finds a damaged one; a decoder without these checks would not do
// (spec/security.md).

const { ZSTDDecoder } = module6;
const { demand } = module0;

const MAGIC = 0xfd2fb528;
const MAX_WINDOW = 1 << 23;

/**
 * The content of exactly one frame, its size, window, dictionary and end checked before anything is decoded (NSD-A03).
 * @param {Uint8Array} bytes the frame, and nothing after it
 * @param {number} size of the content in bytes, at least 1
 * @returns {Promise<Uint8Array>} the content, [size]
 */
async function decompress(bytes, size) {
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
return { decompress };
})();

const module8 = (() => {
// The values of the arrays: stored types and codings (spec/container.md).

const { demand } = module0;
const { DTYPES } = module3;
const { decompress } = module7;

/** What the names of tensors begin with that a reader may ignore. */
const OPTIONAL = "optional.";

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
async function decodeArrays(arrays, tensors) {
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
const plainBytes = (entry) => storedBytes(formOf(entry, false));

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
return { OPTIONAL, decodeArrays, plainBytes };
})();

const module9 = (() => {
// A reader of .nsd files in JavaScript, for browsers and Node 18 or newer: README.md. It was written from the pages of
// spec/ alone, and its steps are those of spec/README.md.

const { demand, NsdError } = module0;
const { checkDigest, readFraming } = module2;
const { openHeader, readHeader } = module3;
const { layoutOf } = module4;
const { image } = module5;
const { decodeArrays, OPTIONAL } = module8;


/**
 * A file, every rule of spec/errors.md checked.
 * @typedef {object} NsdFile
 * @property {object} header the fields of spec/header.md, `arrays` as a Map; texts are anyone's: escape them
 * @property {Map<string, import("./values.mjs").Decoded>} arrays by role
 * @property {import("./layout.mjs").Layout} layout
 * @property {number} images how many there are
 * @property {Map<string, Uint8Array>} optional bytes for whom they concern, by name
 * @property {Map<number, import("./synthesis.mjs").Matrix>} bases named bases made so far, by axis
 */

/**
 * Reads a file; no image is made.
 * @param {Uint8Array} bytes the whole file
 * @returns {Promise<NsdFile>}
 * @throws {NsdError} where the file breaks a rule, asks for more than version 1.0, or does not fit the memory
 */
async function read(bytes) {
  try {
    return await readWithinMemory(bytes);
  } catch (error) {
    throw error instanceof RangeError ? new NsdError("TooLarge", `well-formed as far as read: ${error.message}`) : error;
  }
}

async function readWithinMemory(bytes) {
  const { text, tensors } = readFraming(bytes);
  const opened = openHeader(text);
  await checkDigest(bytes);
  const header = readHeader(opened);
  const layout = layoutOf(header);
  const arrays = await decodeArrays(header.arrays, tensors);
  checkMask(arrays);
  checkLabels(arrays, layout, header.classes.length);
  const optional = [...tensors].filter(([name]) => name.startsWith(OPTIONAL));
  const extra = new Map(optional.map(([name, tensor]) => [name.slice(OPTIONAL.length), tensor.bytes]));
  return { header, arrays, layout, images: layout.images, optional: extra, bases: new Map() };
}

function checkMask(arrays) {
  const mask = arrays.get("mask");
  if (mask === undefined) {
    return;
  }
  const coefficients = arrays.get("spectrum").shape[3];
  const places = mask.shape[1] * mask.shape[2];
  for (let m = 0; m < mask.shape[0]; m += 1) {
    const set = mask.values.subarray(m * places, (m + 1) * places).reduce((sum, bit) => sum + bit, 0);
    demand(set === coefficients, "NSD-S03", `mask ${m} selects ${set} places for ${coefficients} coefficients`);
  }
}

function checkLabels(arrays, layout, classes) {
  if (layout.labels === "stored") {
    const within = arrays.get("labels").values.every((label) => label < classes);
    demand(within, "NSD-L02", `a label is not below ${classes}, the number of classes`);
  }
}

/**
 * The class of image n: the place of its name in `file.header.classes`. Of soft labels the class of the largest score,
 * the first of equals.
 * @returns {number}
 * @throws {RangeError} where there is no image n
 */
function label(file, n) {
  demandImage(file, n);
  const classes = file.header.classes.length;
  if (file.layout.labels === "balanced") {
    return Math.floor((n * classes) / file.images); // exact: below 2^24 times 2^16
  }
  if (file.layout.labels === "stored") {
    return file.arrays.get("labels").values[n];
  }
  const scores = scoresOf(file, n);
  return scores.reduce((best, score, c) => (score > scores[best] ? c : best), 0);
}

/**
 * The distribution over the classes of image n, of soft labels; null where each image has a class.
 * @returns {Float64Array|null} [classes]
 * @throws {RangeError} where there is no image n
 */
function distribution(file, n) {
  demandImage(file, n);
  if (file.layout.labels !== "soft") {
    return null;
  }
  const scores = scoresOf(file, n);
  const largest = scores.reduce((a, b) => Math.max(a, b));
  const weights = Float64Array.from(scores, (score) => Math.exp(score - largest));
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
}

function scoresOf(file, n) {
  const classes = file.header.classes.length;
  return file.arrays.get("labels").values.subarray(n * classes, (n + 1) * classes);
}

function demandImage(file, n) {
  if (!Number.isInteger(n) || n < 0 || n >= file.images) {
    throw new RangeError(`image ${n}: the file has the images 0 to ${file.images - 1}`);
  }
}

/**
 * Image n for a canvas: 255 (x std + mean), rounded and clamped. Three channels are red, green and blue; of any other
 * number the first is shown in grey.
 * @returns {Uint8ClampedArray} RGBA, [H, W, 4]
 * @throws {RangeError} where there is no image n
 */
function pixels(file, n) {
  const values = image(file, n);
  const [channels, height, width] = file.header.image_shape;
  const { mean, std } = file.header.normalization;
  const size = height * width;
  const rgba = new Uint8ClampedArray(4 * size).fill(255);
  for (let colour = 0; colour < 3; colour += 1) {
    const channel = channels === 3 ? colour : 0;
    for (let i = 0; i < size; i += 1) {
      rgba[4 * i + colour] = 255 * (values[channel * size + i] * std[channel] + mean[channel]);
    }
  }
  return rgba;
}
return { NsdError, image, read, label, distribution, pixels };
})();

const module10 = (() => {
// Where every byte of a file goes.

const { readFraming } = module2;
const { plainBytes } = module8;

const DIGEST_BYTES = 32;
const OPTIONAL = "optional.";

/**
 * The parts of a file, whose bytes add up to its own.
 * @returns {{name: string, bytes: number, isEstimate: boolean, type: string, shape: string}[]} of arrays that were coded
 * together each has a share of the frame, by its plain bytes: an estimate
 */
function accounts(bytes, file) {
  const { tensors } = readFraming(bytes);
  const arrays = [...file.header.arrays];
  const coded = tensors.get("coded")?.bytes.length ?? null;
  const plain = arrays.map(([, entry]) => plainBytes(entry));
  const sizes = coded === null ? arrays.map(([role]) => tensors.get(role).bytes.length) : shares(coded, plain);
  const parts = arrays.map(([role, { dtype, shape }], i) => ({
    name: role.replace("_", " "),
    bytes: sizes[i],
    isEstimate: coded !== null && arrays.length > 1,
    type: dtype,
    shape: shape.join(" × "),
  }));
  for (const [name, tensor] of tensors) {
    if (name.startsWith(OPTIONAL)) {
      parts.push(part(name.slice(OPTIONAL.length), tensor.bytes.length));
    }
  }
  const stored = [...tensors.values()].reduce((sum, tensor) => sum + tensor.bytes.length, 0);
  return [...parts, part("header", bytes.length - stored - DIGEST_BYTES), part("digest", DIGEST_BYTES)];
}

const part = (name, bytes) => ({ name, bytes, isEstimate: false, type: "", shape: "" });

/** A whole number split in proportion, the parts whole and adding up to it. */
function shares(total, weights) {
  const sum = weights.reduce((a, b) => a + b, 0);
  let before = 0;
  let given = 0;
  return weights.map((weight) => {
    before += weight;
    const upTo = Math.round((total * before) / sum);
    const share = upTo - given;
    given = upTo;
    return share;
  });
}
return { accounts, shares };
})();

const module11 = (() => {
// Elements of the page, made from names, attributes and children. Texts go in as text: a file's are anyone's.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element. Attributes that are functions are listeners; null and false leave one out. */
function h(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** An SVG element, by the same rules. */
function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      element.addEventListener(name, value);
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** A section of the page with a heading. */
function section(id, title, ...children) {
  return h("section", { id, "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title` }, title), ...children);
}

/** Names and values in two columns. */
function pairs(entries) {
  return h("dl", {}, entries.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

/** A table: `columns` are [title, class], "number" to the right, "minor" left out where there is little room. */
function table(columns, rows) {
  const cell = (name, text, kind) => h(name, { class: kind }, text);
  return h(
    "div",
    { class: "wide" },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, columns.map(([title, kind]) => cell("th", title, kind)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((text, i) => cell("td", text, columns[i][1]))))),
    ),
  );
}

const whole = (number) => number.toLocaleString("en-US");
const short = (number) => String(Number(number.toPrecision(4)));
const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)} %`;
return { h, svg, section, pairs, table, whole, short, percent };
})();

const module12 = (() => {
// Numbers as pixels of a canvas: images, signed maps, and sheets of many maps.

const { h } = module11;

// Below 0, at 0 and above: the ends differ in hue and in lightness from the middle, also for eyes that see no red.
const BELOW = [33, 102, 172];
const MIDDLE = [247, 247, 247];
const ABOVE = [178, 80, 10];

/** A canvas of RGBA values [height, width, 4]; the style decides how large it is shown. */
function canvas(rgba, width, height, label) {
  const made = h("canvas", { width, height, ...(label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" }) });
  made.getContext("2d").putImageData(new ImageData(rgba, width, height), 0, 0);
  return made;
}

/** RGBA of image values [channels, H, W] in normalised units, as the reader shows pixels: 255 (x std + mean). */
function rgbaOf(values, { image_shape: [channels, height, width], normalization: { mean, std } }) {
  const size = height * width;
  const rgba = new Uint8ClampedArray(4 * size).fill(255);
  for (let colour = 0; colour < 3; colour += 1) {
    const channel = channels === 3 ? colour : 0;
    for (let i = 0; i < size; i += 1) {
      rgba[4 * i + colour] = 255 * (values[channel * size + i] * std[channel] + mean[channel]);
    }
  }
  return rgba;
}

/** RGBA of signed image values [channels, H, W]: 0 is grey, the largest one black or white. */
function signedRgba(values, [channels, height, width]) {
  const size = height * width;
  const most = largest(values) || 1;
  const rgba = new Uint8ClampedArray(4 * size).fill(255);
  for (let colour = 0; colour < 3; colour += 1) {
    const channel = channels === 3 ? colour : 0;
    for (let i = 0; i < size; i += 1) {
      rgba[4 * i + colour] = 127.5 * (1 + values[channel * size + i] / most);
    }
  }
  return rgba;
}

/**
 * Maps [count, rows, columns] beside and below each other, a pixel between them: blue below 0, brown above, each by the
 * size that 99 in 100 values have at most; larger ones are shown like it.
 * @returns {{rgba: Uint8ClampedArray, width: number, height: number}}
 */
function sheet(values, count, rows, columns, across) {
  const most = usual(values) || largest(values) || 1;
  const width = Math.min(count, across) * (columns + 1) - 1;
  const height = Math.ceil(count / across) * (rows + 1) - 1;
  const rgba = new Uint8ClampedArray(4 * width * height);
  for (let k = 0; k < count; k += 1) {
    const left = (k % across) * (columns + 1);
    const top = Math.floor(k / across) * (rows + 1);
    for (let i = 0; i < rows * columns; i += 1) {
      const share = Math.min(1, Math.max(-1, values[k * rows * columns + i] / most));
      const end = share < 0 ? BELOW : ABOVE;
      const at = 4 * ((top + Math.floor(i / columns)) * width + left + (i % columns));
      for (let colour = 0; colour < 3; colour += 1) {
        // The root lifts small values: coefficients span decades.
        rgba[at + colour] = MIDDLE[colour] + Math.sqrt(Math.abs(share)) * (end[colour] - MIDDLE[colour]);
      }
      rgba[at + 3] = 255;
    }
  }
  return { rgba, width, height };
}

/** What 99 in 100 sizes are at most. */
function usual(values) {
  const sizes = values.map(Math.abs).sort(); // of a typed array: by number
  return sizes[Math.floor(0.99 * (sizes.length - 1))];
}

function largest(values) {
  let most = 0;
  for (const value of values) {
    most = Math.max(most, Math.abs(value));
  }
  return most;
}
return { canvas, rgbaOf, signedRgba, sheet };
})();

const module13 = (() => {
// What is stored, as pictures: spectrum tensors, kernels and masks.

const { inPlace, sliceOf } = module5;
const { canvas, sheet } = module12;
const { h, section, whole } = module11;

const MOST_MAPS = 96;
const WIDEST = 720; // pixels on the screen
const LARGEST = 10; // pixels on the screen that a value takes

const ORDER = ["spectrum", "batch_kernel", "height_kernel", "width_kernel", "channel_kernel", "mask"];

function arrays(file) {
  const roles = ORDER.filter((role) => file.arrays.has(role));
  return section(
    "arrays",
    "What is stored",
    h("p", {}, "Blue is below 0, brown above. Small values are lifted, and the largest hundredth is shown alike."),
    h("div", { class: "stored" }, roles.map((role) => figure(file, role))),
  );
}

function figure(file, role) {
  const { values, shape } = file.arrays.get(role);
  const [maps, rows, columns, all] = role === "spectrum" ? spectrumMaps(file) : kernelMaps(values, shape);
  const across = Math.max(1, Math.min(maps.length, Math.floor((WIDEST + 1) / (3 * (columns + 1))), acrossOf(maps.length)));
  const flat = new Float64Array(maps.length * rows * columns);
  maps.forEach((map, k) => flat.set(map, k * rows * columns));
  const { rgba, width, height } = sheet(flat, maps.length, rows, columns, across);
  const name = role.replace("_", " ");
  const part = maps.length < all ? `, the first ${whole(maps.length)} of ${whole(all)} maps` : "";
  const picture = canvas(rgba, width, height, `${name} as a picture`);
  picture.style.width = `${Math.max(width, Math.min(WIDEST, width * LARGEST))}px`;
  return h("figure", {}, picture, h("figcaption", {}, h("strong", {}, name), ` ${shape.join(" × ")}${part}`));
}

/** Few maps stand in one line, many in about as many lines as columns. */
const acrossOf = (count) => (count <= 8 ? count : Math.ceil(Math.sqrt(2 * count) / 4) * 4);

/** Maps [t3, t4] of the first slices, channel by channel: the maps, their rows and columns, how many there are of all. */
function spectrumMaps(file) {
  const { spectra, sizes } = file.layout;
  const [t1, t2, t3, t4] = sizes;
  const maps = [];
  for (let s = 0; s < spectra * t1 && maps.length + t2 <= MOST_MAPS; s += 1) {
    const spectrum = Math.floor(s / t1);
    const placed = inPlace(file, spectrum, new Float64Array(sliceOf(file, spectrum, s % t1)));
    for (let q = 0; q < t2; q += 1) {
      maps.push(placed.subarray(q * t3 * t4, (q + 1) * t3 * t4));
    }
  }
  return [maps, t3, t4, spectra * t1 * t2];
}

/** The first kernels or masks [N, rows, columns]. */
function kernelMaps(values, [count, rows, columns]) {
  const shown = Math.max(1, Math.min(count, MOST_MAPS, Math.floor(2 ** 20 / (rows * columns))));
  const map = (k) => values.subarray(k * rows * columns, (k + 1) * rows * columns);
  return [Array.from({ length: shown }, (_, k) => map(k)), rows, columns, count];
}
return { arrays };
})();

const module14 = (() => {
// One image, large, with its label or its distribution over the classes; left and right go on to others.

const { distribution, label, pixels } = module9;
const { canvas } = module12;
const { h, percent } = module11;

const BARS = 10;

/**
 * A dialog, and what shows an image in it.
 * @param {(n: number) => void} takeApart what the button below the image does
 */
function enlarged(file, takeApart) {
  const [, height, width] = file.header.image_shape;
  const body = h("div", { class: "large" });
  let numbers = [];
  let at = 0;

  function fill() {
    const n = numbers[at];
    const name = file.header.classes[label(file, n)];
    body.replaceChildren(
      canvas(pixels(file, n), width, height, `image ${n}, ${name}`),
      h("p", { class: "caption", "aria-live": "polite" }, h("strong", {}, name), ` · image ${n} of ${file.images}`),
      bars(file, n) ?? "",
    );
  }

  function step(by) {
    at = Math.min(Math.max(at + by, 0), numbers.length - 1);
    fill();
  }

  const button = (text, title, click) => h("button", { click, "aria-label": title, title }, text);
  const dialog = h(
    "dialog",
    {
      "aria-label": "An image enlarged",
      keydown: (event) => {
        const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (by !== undefined) {
          event.preventDefault();
          step(by);
        }
      },
      click: (event) => event.target === dialog && dialog.close(), // beside the image
    },
    body,
    h(
      "p",
      { class: "controls" },
      button("‹", "the image before", () => step(-1)),
      button("›", "the next image", () => step(1)),
      h("button", { click: () => (dialog.close(), takeApart(numbers[at])) }, "How it is put together"),
      h("button", { click: () => dialog.close() }, "Close"),
    ),
  );
  const show = (n, order) => {
    numbers = order;
    at = order.indexOf(n);
    fill();
    dialog.showModal();
  };
  return { dialog, show };
}

/** The likeliest classes of an image with a soft label, as bars; null where it has one class. */
function bars(file, n) {
  const shares = distribution(file, n);
  if (shares === null) {
    return null;
  }
  const order = [...shares.keys()].sort((a, b) => shares[b] - shares[a]).slice(0, BARS);
  return h(
    "ul",
    { class: "bars", "aria-label": "distribution over the classes" },
    order.map((c) =>
      h(
        "li",
        { style: `--share: ${shares[c]}` },
        h("span", {}, file.header.classes[c]),
        h("span", { class: "bar" }),
        h("span", { class: "number" }, percent(shares[c])),
      ),
    ),
  );
}
return { enlarged, bars };
})();

const module15 = (() => {
// What an image is a sum of: slices of its spectrum with their weights, or basis pictures with their coefficients.

const { inPlace, matrixOf, placeOf, samplesOf, sliceOf } = module5;

/**
 * @typedef {object} Sum
 * @property {"slices"|"coefficients"|"values"} kind of values: nothing is mixed, the stored numbers are a small picture
 * @property {{index: number, weight: number, size: number}[]} terms largest first; size: weight times the norm of the picture
 * @property {(index: number) => Float64Array} picture what one term adds with a weight of 1: [C, H, W]
 * @property {(count: number) => Float64Array} partial the sum of the largest terms: [C, H, W]
 * @property {Float64Array} [placed] of coefficients and values: what is stored for this image alone, [t2, t3, t4]
 */

/** Image n of a read file as a sum. @returns {Sum} */
function sumOf(file, n) {
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
return { sumOf };
})();

const module16 = (() => {
// How an image is put together: its largest terms with their weights, and the sum of the first few.

const { label, pixels } = module9;
const { bars } = module14;
const { canvas, rgbaOf, signedRgba } = module12;
const { h, section, short, whole } = module11;
const { sumOf } = module15;

const SHOWN = 8; // terms

/** The section, and what shows image n in it; `refuse` is called where one overflows (NSD-S04). */
function composition(file, refuse) {
  const { header } = file;
  const [, height, width] = header.image_shape;
  const image = (rgba, text) =>
    h("figure", {}, canvas(rgba, width, height, text), h("figcaption", {}, text));
  const body = h("div");
  const number = h("input", {
    id: "image-number",
    type: "number",
    min: 0,
    max: file.images - 1,
    value: 0,
    change: () => {
      try {
        show(Math.min(Math.max(Math.round(Number(number.value)) || 0, 0), file.images - 1));
      } catch (error) {
        refuse(error);
      }
    },
  });

  function show(n) {
    number.value = n;
    const sum = sumOf(file, n);
    const made = image(pixels(file, n), `image ${n}, of class ${header.classes[label(file, n)]}`);
    body.replaceChildren(
      h("p", {}, ...explanation(file, sum)),
      h("div", { class: "sum" }, made, sum.kind === "values" ? smaller(sum) : partialSum(sum)),
      sum.kind === "values" ? "" : terms(sum),
      bars(file, n) ?? "",
    );
  }

  /** The picture that is stored, where its values are those of pixels and it is not the image itself. */
  function smaller({ placed }) {
    const [, channels, rows, columns] = file.layout.sizes;
    if (channels !== header.image_shape[0] || file.arrays.has("channel_kernel") || isWhole(file)) {
      return "";
    }
    const stored = rgbaOf(placed, { ...header, image_shape: [channels, rows, columns] });
    const text = `as it is stored, ${columns} × ${rows}`;
    return h("figure", {}, canvas(stored, columns, rows, text), h("figcaption", {}, text));
  }

  function partialSum(sum) {
    const most = sum.terms.length;
    const picture = h("div");
    const slider = h("input", { id: "how-many", type: "range", min: 0, max: 100, step: 1, value: 50, input: draw });
    function draw() {
      // From one to all, by equal factors: the first terms matter most.
      const count = Math.max(1, Math.round(most ** (slider.value / 100)));
      const name = sum.kind === "slices" ? "slices" : "coefficients";
      picture.replaceChildren(image(rgbaOf(sum.partial(count), header), `the largest ${whole(count)} of ${whole(most)} ${name}`));
      slider.setAttribute("aria-valuetext", `${count} of ${most}`);
    }
    draw();
    return h("div", { class: "partial" }, picture, h("label", { for: "how-many" }, "how many"), slider);
  }

  function terms(sum) {
    const first = sum.terms.slice(0, SHOWN);
    const most = first.reduce((all, term) => Math.max(all, term.size), 0) || 1;
    const name = sum.kind === "slices" ? "slice" : "pattern";
    return h(
      "ol",
      { class: "terms" },
      first.map(({ index, weight, size }) =>
        h(
          "li",
          { style: `--share: ${size / most}` },
          canvas(signedRgba(sum.picture(index), header.image_shape), width, height, `${name} ${index}`),
          h("span", {}, `${weight < 0 ? "−" : "+"}${short(Math.abs(weight))} ×`),
          h("span", { class: "note" }, `${name} ${index}`),
          h("span", { class: "bar" }),
        ),
      ),
    );
  }

  show(0);
  const element = section(
    "composition",
    "How an image is put together",
    h("p", { class: "controls" }, h("label", { for: "image-number" }, "Image "), number),
    body,
  );
  return { element, show };
}

/** Whether as many values are stored along height and width as the image has. */
function isWhole({ layout: { sizes, samples } }) {
  return sizes[2] === samples[2] && sizes[3] === samples[3];
}

function explanation(file, sum) {
  const { layout, header } = file;
  if (sum.kind === "slices") {
    const [slices] = layout.sizes;
    const blocks = layout.images / layout.samples[0];
    const shared = `${whole(slices)} slices of a spectrum tensor are shared by ${whole(layout.samples[0])} images`;
    return [
      `${shared}${blocks > 1 ? ` in each of ${whole(blocks)} pairs of spectrum and kernel` : ""}. An image is their sum, `,
      "each slice times a weight of its own: the weights are a column of the batch kernel. Below are the slices that ",
      "matter most to this image, grey where they add nothing.",
    ];
  }
  if (sum.kind === "values") {
    const [, , t3, t4] = layout.sizes;
    const [, , height, width] = layout.samples;
    const enlargedBy = `each image is stored as a picture of ${t4} × ${t3}, and enlarged to ${width} × ${height}`;
    return [isWhole(file) ? "Nothing is shared: each image is stored as its pixels." : `Nothing is mixed: ${enlargedBy}.`];
  }
  const bases = ["height", "width"].map((axis) => header.synthesis[axis]).filter((name) => name !== null);
  return [
    `An image is a sum of patterns${bases.length > 0 ? ` of the basis ${[...new Set(bases)].join(" and ")}` : ""}, each `,
    `times a stored coefficient; ${whole(sum.terms.length)} of them are not zero in this one. Below are those that matter most, `,
    "grey where they add nothing.",
  ];
}
return { composition };
})();

const module17 = (() => {
// How the file was made: loss and checks of the encoder's log, as lines over the iterations.

const { h, percent, section, short, svg, whole } = module11;

const HEIGHT = 180;
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 12, 12, 34];

/** @param {{steps: number[][], checks: number[][], note: string}} log [iteration, loss] and [iteration, accuracy] */
function curve({ steps, checks, note }) {
  const charts = [];
  if (steps.length > 1) {
    charts.push(chart(steps, "loss", short, false));
  }
  if (checks.length > 1) {
    charts.push(chart(checks, "accuracy on held-out images", (share) => percent(share), true));
  }
  return section("making", "How it was made", h("p", {}, note), h("div", { class: "charts" }, charts));
}

function chart(points, name, shown, dots) {
  const width = innerWidth < 700 ? 320 : 500;
  const iterations = points.map(([iteration]) => iteration);
  const values = points.map(([, value]) => value);
  const [first, last] = [Math.min(...iterations), Math.max(...iterations)];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const x = (iteration) => LEFT + ((iteration - first) / (last - first || 1)) * (width - LEFT - RIGHT);
  const y = (value) => TOP + (1 - (value - low) / (high - low || 1)) * (HEIGHT - TOP - BOTTOM);
  const text = (at, top, anchor, words) => svg("text", { x: at, y: top, "text-anchor": anchor }, words);
  const best = values.indexOf(Math.max(...values));
  const figure = svg(
    "svg",
    { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": `${name}, from ${shown(values[0])} to ${shown(values.at(-1))}` },
    [...new Set([low, high])].map((value) => [
      svg("line", { class: "rule", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }),
      text(LEFT - 6, y(value) + 4, "end", shown(value)),
    ]).flat(),
    text(x(first), HEIGHT - 14, "start", whole(first)),
    text(x(last), HEIGHT - 14, "end", whole(last)),
    text((LEFT + width - RIGHT) / 2, HEIGHT - 14, "middle", "iteration"),
    svg("polyline", { class: "line", points: points.map(([i, value]) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`).join(" ") }),
    dots ? points.map(([i, value], k) => svg("circle", { class: k === best ? "dot best" : "dot", cx: x(i), cy: y(value), r: 3 })) : null,
  );
  return h("figure", {}, figure, h("figcaption", {}, name));
}
return { curve };
})();

const module18 = (() => {
// What the header says, in words: the set, how to train on it, and where it comes from.

const { h, pairs, percent, section, short, table, whole } = module11;

const COLOURS = 5;

/** Title and figures at the top of the page. */
function heading(name, bytes, { header, images }) {
  const [channels, height, width] = header.image_shape;
  const facts = [
    [whole(bytes.length), "bytes"],
    [whole(images), images === 1 ? "image" : "images"],
    [whole(header.classes.length), header.classes.length === 1 ? "class" : "classes"],
    [`${width} × ${height}`, channels === 3 ? "pixels, colour" : channels === 1 ? "pixels, grey" : `pixels, ${channels} channels`],
    [whole(Math.round((8 * bytes.length) / header.classes.length)), "bits a class"],
    [header.parameterization, "parameterization"],
  ];
  return [
    h("h1", {}, name),
    h("p", { class: "lead" }, "A distilled image data set: few synthetic images, on which a network is trained in place of many real ones."),
    h("ul", { class: "facts" }, facts.map(([value, what]) => h("li", {}, h("strong", {}, value), h("span", {}, what)))),
  ];
}

/** A bar of the parts of a file, and a table of them. @param {object[]} parts from `accounts` */
function byteBar(parts) {
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const kind = (i) => `part part-${i < parts.length - 2 ? i % COLOURS : COLOURS}`; // header and digest are grey
  const bar = h(
    "div",
    { class: "stack", role: "img", "aria-label": parts.map(({ name, bytes }) => `${name} ${percent(bytes / total)}`).join(", ") },
    parts.map(({ name, bytes }, i) => h("span", { class: kind(i), style: `flex-grow: ${bytes}`, title: `${name}: ${whole(bytes)} bytes` })),
  );
  const rows = parts.map(({ name, bytes, isEstimate, type, shape }, i) => [
    h("span", {}, h("span", { class: kind(i) }), name),
    type,
    shape,
    `${isEstimate ? "~" : ""}${whole(bytes)}`,
    percent(bytes / total),
  ]);
  rows.push([h("strong", {}, "file"), "", "", h("strong", {}, whole(total)), ""]);
  const estimates = parts.some(({ isEstimate }) => isEstimate);
  return section(
    "bytes",
    "Where every byte goes",
    bar,
    table([["part"], ["type", "minor"], ["shape", "minor"], ["bytes", "number"], ["share", "number"]], rows),
    estimates ? h("p", { class: "note" }, "~ The arrays are compressed together: each has a share of their bytes, by what it takes before that.") : null,
  );
}

/** The recipe in words, and the lines that train on it. */
function training(name, { header }) {
  const { recipe, normalization } = header;
  const { network } = recipe;
  const numbers = (values) => values.map(short).join(", ");
  const augmentation = recipe.augmentation.split("_").join(", ");
  return section(
    "training",
    "How to train on it",
    h(
      "p",
      {},
      `The file says how: a ${network.name} of depth ${whole(network.depth)} and width ${whole(network.width)}, `,
      `${whole(recipe.epochs)} epochs of SGD in batches of ${whole(recipe.batch_size)}, learning rate ${short(recipe.learning_rate)}, `,
      `momentum ${short(recipe.momentum)}, weight decay ${short(recipe.weight_decay)}; augmentation: ${augmentation}. `,
      `Real images it is tested on are normalised by the mean ${numbers(normalization.mean)} and the standard deviation `,
      `${numbers(normalization.std)}.`,
    ),
    h("pre", { tabindex: "0", id: "code" }, h("code", {}, code(name))),
    h("p", {}, "Or train and test in one command: ", h("code", {}, `nsdc eval ${shellWord(name)} ${sourceOf(header)}`)),
  );
}

/** Python that trains on a file of this name. */
function code(name) {
  return `from torch import nn, optim
from nsdcodec import DSA, NSDDataset, build_network

data = NSDDataset(${JSON.stringify(name)})
recipe = data.recipe
network = build_network(recipe.network, data.geometry, seed=0)
sgd = optim.SGD(network.parameters(), recipe.learning_rate, recipe.momentum, weight_decay=recipe.weight_decay)
loader = data.loader(recipe.batch_size, transform=DSA.of(data))
for epoch in range(recipe.epochs):
    for images, labels in loader:
        sgd.zero_grad()
        nn.functional.cross_entropy(network(images), labels).backward()
        sgd.step()
`;
}

/** The source that the provenance names, without its hash; a placeholder where it names none. */
function sourceOf({ provenance }) {
  const [first] = typeof provenance.source === "string" ? provenance.source.split(" ") : [];
  return first ? shellWord(first) : "SOURCE";
}

const shellWord = (text) => (/^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** Everything free-form that the file says of its making, the format and the digest. */
function provenance(bytes, { header }) {
  const digest = [...bytes.subarray(bytes.length - 32)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const isTexts = (value) => Array.isArray(value) && value.every((item) => typeof item === "string");
  const text = (value) => (typeof value === "string" ? value : isTexts(value) ? value.join(" ") : JSON.stringify(value));
  const told = Object.entries(header.provenance).map(([key, value]) => [key, text(value)]);
  return section(
    "provenance",
    "Where it comes from",
    pairs([...told, ["format", `nsd ${header.version.join(".")}`], ["sha256", h("code", {}, digest)]]),
  );
}
return { heading, byteBar, training, code, provenance };
})();

const module19 = (() => {
// The images by class, at the size of thumbs that grow under the pointer; one tab stop, arrow keys from there.

const { label, pixels } = module9;
const { canvas } = module12;
const { h, section, whole } = module11;

const PER_CLASS = 24; // images of a class that are shown beside other classes
const OF_ONE_CLASS = 1000;
const CLASSES = 24; // shown at once
const LEAST_SIDE = 44; // pixels on the screen: what a finger hits
const PATIENCE = 12; // milliseconds of decoding between two frames

/**
 * @param {import("../../../spec/reference/javascript/nsd.mjs").NsdFile} file
 * @param {(n: number, order: number[]) => void} enlarge shows image n, one of these
 * @param {(error: Error) => void} refuse what is done about an image that overflows (NSD-S04)
 */
function gallery(file, enlarge, refuse) {
  const byClass = numbersByClass(file);
  const names = file.header.classes;
  const [, height, width] = file.header.image_shape;
  const side = Math.max(LEAST_SIDE, Math.min(96, Math.max(height, width)));
  const grid = h("div", { class: "classes", keydown: (event) => move(event, grid), style: `--side: ${side}px` });
  const note = h("p", { class: "note", "aria-live": "polite" });
  const choice = h(
    "select",
    { id: "class-filter", change: () => show(choice.value === "" ? null : Number(choice.value)) },
    h("option", { value: "" }, "all classes"),
    names.map((name, c) => h("option", { value: c }, `${name} (${whole(byClass[c].length)})`)),
  );
  let drawing = 0;

  function show(chosen) {
    const shown = chosen === null ? names.map((_, c) => c).slice(0, CLASSES) : [chosen];
    const most = chosen === null ? PER_CLASS : OF_ONE_CLASS;
    const order = shown.flatMap((c) => byClass[c].slice(0, most));
    const tiles = new Map(order.map((n) => [n, tile(n, order)]));
    grid.replaceChildren(
      ...shown.map((c) => {
        const more = byClass[c].length - most;
        const rest = more > 0 ? h("button", { class: "more", click: () => choose(c) }, `and ${whole(more)} more`) : null;
        return h(
          "div",
          { class: "class" },
          h("h3", {}, names[c]),
          h("div", { class: "tiles" }, byClass[c].slice(0, most).map((n) => tiles.get(n)), chosen === null ? rest : null),
        );
      }),
    );
    tiles.get(order[0])?.setAttribute("tabindex", "0");
    const images = `${whole(order.length)} of ${whole(file.images)} images`;
    const left = chosen === null && names.length > CLASSES ? `; choose a class to see one of the other ${whole(names.length - CLASSES)}` : "";
    note.replaceChildren(`${images}${left}. `, h("span", { class: "keys" }, "Arrow keys move, Enter enlarges."));
    draw(tiles).catch(refuse);
  }

  function choose(c) {
    choice.value = c;
    show(c);
    choice.focus();
  }

  function tile(n, order) {
    const name = `image ${n}, ${names[label(file, n)]}`;
    return h("button", { class: "tile", tabindex: "-1", "data-image": n, "aria-label": name, click: () => enlarge(n, order) });
  }

  /** Fills the tiles, and gives way to the browser between them; stops where others were asked for. */
  async function draw(tiles) {
    drawing += 1;
    const mine = drawing;
    grid.setAttribute("aria-busy", "true");
    let since = performance.now();
    for (const [n, button] of tiles) {
      button.append(canvas(pixels(file, n), width, height));
      if (performance.now() - since > PATIENCE) {
        await new Promise((resolve) => setTimeout(resolve));
        if (mine !== drawing) {
          return;
        }
        since = performance.now();
      }
    }
    grid.setAttribute("aria-busy", "false");
  }

  show(null);
  return section(
    "images",
    "Images",
    h("p", { class: "controls" }, h("label", { for: "class-filter" }, "Class "), choice),
    note,
    grid,
  );
}

/** For each class the numbers of its images. @returns {number[][]} */
function numbersByClass(file) {
  const byClass = file.header.classes.map(() => []);
  for (let n = 0; n < file.images; n += 1) {
    byClass[label(file, n)].push(n);
  }
  return byClass;
}

/** Arrow keys, Home and End go to another tile: the one beside it, or the nearest in the line above or below. */
function move(event, grid) {
  const tiles = [...grid.querySelectorAll(".tile")];
  const at = tiles.indexOf(event.target);
  if (at < 0) {
    return;
  }
  const to = {
    ArrowRight: () => tiles[at + 1],
    ArrowLeft: () => tiles[at - 1],
    Home: () => tiles[0],
    End: () => tiles.at(-1),
    ArrowDown: () => nearest(tiles[at], tiles.slice(at + 1), (top, own) => top > own + 1),
    ArrowUp: () => nearest(tiles[at], tiles.slice(0, at).reverse(), (top, own) => top < own - 1),
  }[event.key]?.();
  if (to === undefined || to === null) {
    return;
  }
  event.preventDefault();
  tiles[at].setAttribute("tabindex", "-1");
  to.setAttribute("tabindex", "0");
  to.focus();
}

/** Of the first line among `others` that lies beyond, the tile that is least aside. */
function nearest(tile, others, lies) {
  const own = place(tile);
  const line = others.map((other) => [other, place(other)]).filter(([, at]) => lies(at.top, own.top));
  const first = line[0]?.[1].top;
  const aside = ([, at]) => Math.abs(at.left - own.left);
  const best = line.filter(([, at]) => Math.abs(at.top - first) <= 1).sort((a, b) => aside(a) - aside(b))[0];
  return best?.[0] ?? null;
}

/** Where it stands, whether or not it is enlarged just now. */
const place = (tile) => ({ top: tile.offsetTop, left: tile.offsetLeft });
return { gallery, numbersByClass };
})();

const module20 = (() => {
// Accuracy against bits a class: the file beside what is published for its data set, on an axis of powers of two.

const { h, percent, svg, table, whole } = module11;

const HEIGHT = 240;
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 16, 14, 40];

/**
 * @param {{bits: number, accuracy: number, name: string}} own accuracy is a share, bits those of a class
 * @param {{method: string, bits: number, accuracy: number, origin: string}[]} published
 */
function frontier(own, published) {
  const width = innerWidth < 700 ? 320 : 500;
  const points = [own, ...published];
  const [first, last] = bounds(points.map(({ bits }) => Math.log2(bits)), 0.5);
  const [low, high] = bounds(points.map(({ accuracy }) => accuracy), 0.02);
  const x = (bits) => LEFT + ((Math.log2(bits) - first) / (last - first)) * (width - LEFT - RIGHT);
  const y = (accuracy) => TOP + (1 - (accuracy - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const text = (at, top, anchor, words) => svg("text", { x: at, y: top, "text-anchor": anchor }, words);
  const dot = ({ bits, accuracy }, kind, words) =>
    svg("circle", { class: kind, cx: x(bits).toFixed(1), cy: y(accuracy).toFixed(1), r: 4 }, svg("title", {}, words));
  const said = ({ bits, accuracy }, name) => `${name}: ${percent(accuracy)} at ${whole(Math.round(bits))} bits a class`;
  const figure = svg(
    "svg",
    { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": `${said(own, own.name)}, beside ${published.length} published figures` },
    tens(low, high).map((share) => [
      svg("line", { class: "rule", x1: LEFT, x2: width - RIGHT, y1: y(share), y2: y(share) }),
      text(LEFT - 6, y(share) + 4, "end", percent(share, 0)),
    ]).flat(),
    [10_000, 100_000, 1_000_000, 10_000_000]
      .filter((bits) => Math.log2(bits) >= first && Math.log2(bits) <= last)
      .map((bits) => text(x(bits), HEIGHT - 22, "middle", whole(bits))),
    text((LEFT + width - RIGHT) / 2, HEIGHT - 4, "middle", "bits a class"),
    published.map((point) => dot(point, "hollow", said(point, point.method))),
    dot(own, "dot best", said(own, own.name)),
  );
  const columns = [["method"], ["bits a class", "number"], ["accuracy", "number"], ["source", "minor"]];
  const rows = published.map(({ method, bits, accuracy, origin }) => [method, whole(Math.round(bits)), percent(accuracy), origin]);
  return h(
    "figure",
    {},
    figure,
    h("figcaption", {}, "This file (filled) beside published figures (hollow), which were made and judged by other protocols"),
    h("details", {}, h("summary", {}, `${published.length} published figures`), table(columns, rows)),
  );
}

function bounds(values, margin) {
  return [Math.min(...values) - margin, Math.max(...values) + margin];
}

/** The multiples of ten per cent within. */
function tens(low, high) {
  return Array.from({ length: 11 }, (_, i) => i / 10).filter((share) => share >= low && share <= high);
}
return { frontier };
})();

const module21 = (() => {
// What networks reached that were trained on the file: the documents of `nsdc eval --json`, and published figures beside.

const { frontier } = module20;
const { h, percent, section, table, whole } = module11;

/** `bits` are those of a class of the file; `published` has figures of ConvNets for the data set, if there are any. */
function results(documents, published, bits) {
  const rows = documents.map(({ net, mean, deviation, networks }) => [
    net,
    h("span", { class: "gauge", style: `--share: ${mean}` }, h("span", { class: "bar" })),
    networks > 1 ? `${percent(mean)} ± ${(100 * deviation).toFixed(1)}` : percent(mean),
    whole(networks),
  ]);
  const tests = [...new Set(documents.map(({ source, test_images: images }) => `${whole(images)} of ${source}`))];
  const columns = [["network"], ["", "minor"], ["accuracy", "number"], ["networks", "number"]];
  const note = h("p", { class: "note" }, `Tested on real images that nothing was trained on: ${tests.join("; ")}.`);
  const [own] = documents.filter(({ net }) => net.startsWith("convnet"));
  const chart = own && published.length > 0 ? frontier({ bits, accuracy: own.mean, name: "this file" }, published) : null;
  return section("results", "What networks reach that are trained on it", table(columns, rows), note, chart);
}
return { results };
})();

const module22 = (() => {
// Why a file is refused, in the words of spec/errors.md, and the page of the spec that has the rule.

// Each rule: "the file is refused because ...".
const RULES = {
  "NSD-F01": "it ends before its own lengths or offsets say",
  "NSD-F02": "the file or its safetensors header is larger than the limit",
  "NSD-F03": "the safetensors header is not strict JSON, or not an object from its first byte on",
  "NSD-F04": "the metadata is not exactly one text under the key nsd",
  "NSD-F05": "a tensor entry is not exactly a dtype, a shape and its offsets, or they disagree",
  "NSD-F06": "the tensors do not cover the data from its first byte to its last, each byte once",
  "NSD-F07": "the header is no multiple of 8 bytes, or a tensor stands after one of smaller items",
  "NSD-F08": "the last tensor is not the digest, sha256, U8 [32]",
  "NSD-H01": "the nsd header is not strict JSON",
  "NSD-H02": "the nsd header is not an object, or a field of it is missing or has the wrong type or range",
  "NSD-H03": "the class names are none, too many, or not all different",
  "NSD-H04": "the normalization does not fit the channels",
  "NSD-A01": "the tensors of the file are not those that the table asks for",
  "NSD-A02": "a tensor's dtype or shape differs from what the table asks for",
  "NSD-A03": "the coded arrays do not decode to exactly what the table says",
  "NSD-A04": "an array holds a value that its type does not allow, or a padding bit that is set",
  "NSD-A05": "the arrays or images have more bytes, values or dimensions than the limit",
  "NSD-S01": "an array has a role that is unknown or not used, or there is no spectrum",
  "NSD-S02": "an array's shape or dtype does not fit the synthesis",
  "NSD-S03": "the mask does not select as many places as there are coefficients",
  "NSD-S04": "an image has a value that, computed in binary64, rounds to infinity in binary32",
  "NSD-L01": "the labels are not one class, or one row of scores, an image",
  "NSD-L02": "a label is outside the classes",
};

const OTHERS = {
  DigestMismatch: "the SHA-256 of the bytes is not the one stated: the file was damaged or changed",
  UnsupportedVersion: "the major version is not the reader's",
  UnsupportedFeature: "require names a feature that the reader does not have",
  TooLarge: "the file keeps every rule that was checked, and this machine lacks the memory for it",
};

const PAGES = { F: "container.md", H: "header.md", A: "container.md", S: "synthesis.md", L: "labels.md" };

/**
 * What a refusal means.
 * @param {string} code of an NsdError
 * @returns {{meaning: string, page: string}} page: a file of the folder spec/
 */
function explained(code) {
  if (Object.hasOwn(RULES, code)) {
    return { meaning: RULES[code], page: PAGES[code.charAt("NSD-".length)] };
  }
  return { meaning: OTHERS[code] ?? "", page: code === "DigestMismatch" ? "container.md" : "versioning.md" };
}
return { explained };
})();

const module23 = (() => {
// The page: of the file that stands in it, or of one that is chosen or dropped on it. Nothing is sent anywhere.

const { NsdError, read } = module9;
const { accounts } = module10;
const { arrays } = module13;
const { composition } = module16;
const { curve } = module17;
const { enlarged } = module14;
const { byteBar, heading, provenance, training } = module18;
const { gallery } = module19;
const { h } = module11;
const { results } = module21;
const { explained } = module22;

const main = document.querySelector("main");

/** Shows a file, or why it is refused. `beside`: log and results, where there are any. */
async function show(bytes, name, beside) {
  main.setAttribute("aria-busy", "true");
  try {
    const file = await read(bytes);
    document.title = `${name} · distilled data set`;
    main.replaceChildren(...report(bytes, name, file, beside));
  } catch (error) {
    refuse(name, error);
  }
  main.setAttribute("aria-busy", "false");
}

function refuse(name, error) {
  document.title = `${name} is refused`;
  main.replaceChildren(refusal(name, error));
}

function report(bytes, name, file, { log, evaluations, published }) {
  const taken = composition(file, (error) => refuse(name, error));
  const { dialog, show: enlarge } = enlarged(file, (n) => {
    taken.show(n);
    taken.element.scrollIntoView();
  });
  return [
    ...heading(name, bytes, file),
    gallery(file, enlarge, (error) => refuse(name, error)),
    evaluations.length > 0 ? results(evaluations, published, (8 * bytes.length) / file.header.classes.length) : null,
    byteBar(accounts(bytes, file)),
    taken.element,
    arrays(file),
    training(name, file),
    log === null ? null : curve(log),
    provenance(bytes, file),
    dialog,
  ].filter((part) => part !== null);
}

function refusal(name, error) {
  const isKnown = error instanceof NsdError;
  const { meaning, page } = isKnown ? explained(error.code) : { meaning: "", page: "" };
  return h(
    "div",
    { class: "refusal", role: "alert" },
    h("h1", {}, name),
    h("p", { class: "lead" }, h("strong", {}, isKnown ? error.code : "Not shown"), meaning === "" ? "" : `: ${meaning}.`),
    h("p", {}, error.message),
    isKnown ? h("p", {}, "The rule stands in ", h("a", { href: `../spec/${page}` }, `spec/${page}`), ", all rules in ", h("a", { href: "../spec/errors.md" }, "spec/errors.md"), ".") : "",
  );
}

async function showChosen(file) {
  if (file === undefined || file === null) {
    return;
  }
  await show(new Uint8Array(await file.arrayBuffer()), file.name, { log: null, evaluations: [], published: [] });
}

function takeDrops() {
  const zone = document.documentElement;
  const over = (isOver) => (event) => {
    event.preventDefault();
    zone.classList.toggle("over", isOver);
  };
  addEventListener("dragover", over(true));
  addEventListener("dragleave", over(false));
  addEventListener("drop", (event) => {
    over(false)(event);
    showChosen(event.dataTransfer?.files[0]);
  });
  document.querySelector("#choose").addEventListener("change", (event) => showChosen(event.target.files[0]));
}

function bytesOf(base64) {
  return Uint8Array.from(atob(base64.trim()), (character) => character.charCodeAt(0));
}

if (globalThis.crypto?.subtle === undefined) {
  main.replaceChildren(refusal("This page", new Error("A browser checks digests only on pages that were opened from a file, from https or from localhost.")));
} else {
  const embedded = document.querySelector("#nsd");
  if (embedded === null) {
    takeDrops();
  } else {
    const beside = JSON.parse(document.querySelector("#beside").textContent);
    show(bytesOf(embedded.textContent), beside.name, beside);
  }
}
return {  };
})();
