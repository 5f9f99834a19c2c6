// The nsd header: the fields of spec/header.md, each of its type and in its range.

import { demand, NsdError } from "./errors.mjs";
import { isObject } from "./framing.mjs";
import { parseStrictJson } from "./strict_json.mjs";

const MAX_INTEGER = 2 ** 53 - 1;
const MAX_TEXT = 256;
const MAX_CLASSES = 65536;
const MAX_AXES = 6;
const BASES = ["dct", "dct4", "haar", "bilinear"];

/**
 * The stored types: kind, bits of an item, and for a float the dtype of its raw tensor.
 * @type {Map<string, {kind: "float"|"int"|"uint", bits: number, tensor?: string}>}
 */
export const DTYPES = new Map([
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
export function openHeader(text) {
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
export function readHeader(document) {
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
