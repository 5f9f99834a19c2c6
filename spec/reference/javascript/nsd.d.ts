/** A refusal. */
export class NsdError extends Error {
  /**
   * The rule that the file breaks, such as "NSD-F01"; or "DigestMismatch", "UnsupportedVersion", "UnsupportedFeature"; or
   * "TooLarge", where the file is well-formed and there is no memory for it.
   */
  readonly code: string;
  constructor(code: string, message: string);
}

export type Float = "float32" | "float16" | "bfloat16";
export type Scaled = "int8" | "int6" | "int4" | "int3" | "int2";
export type Unsigned = "uint1" | "uint8" | "uint16";
export type Role =
  | "spectrum"
  | "batch_kernel"
  | "channel_kernel"
  | "height_kernel"
  | "width_kernel"
  | "mask"
  | "labels";
export type Basis = "dct" | "dct4" | "haar" | "bilinear";

/** An entry of the table of arrays. */
export interface Entry {
  dtype: Float | Scaled | Unsigned;
  shape: number[];
  /** Whether a coded file holds it plain, not bit by bit. */
  isPlain: boolean;
  /** How many leading axes have scales of their own; 0 but for a scaled type. */
  scaleAxes: number;
}

/** The fields of the header. Texts are anyone's: escape them before you show them. */
export interface Header {
  version: [major: number, minor: number];
  optional: string[];
  image_shape: [channels: number, height: number, width: number];
  classes: string[];
  /** An image is (pixel / 255 - mean) / std, by channel. */
  normalization: { mean: number[]; std: number[] };
  parameterization: string;
  synthesis: { channel: Basis | null; height: Basis | null; width: Basis | null; pairing: "product" | "zip" };
  arrays: Map<Role, Entry>;
  recipe: {
    learning_rate: number;
    momentum: number;
    weight_decay: number;
    batch_size: number;
    epochs: number;
    augmentation: string;
    network: { name: string; depth: number; width: number };
  };
  provenance: Record<string, unknown>;
}

/** A decoded array, values in C order. */
export interface Decoded {
  dtype: Float | Scaled | Unsigned;
  shape: number[];
  /** Of a scaled type scale times integer, of an unsigned one the integers. */
  values: Float32Array | Uint8Array | Uint16Array;
  /** As they are stored; null for a float type. */
  integers: Int8Array | Uint8Array | Uint16Array | null;
}

/** A file, every rule of the format checked but for images that overflow (NSD-S04), which `image` finds. */
export interface NsdFile {
  readonly header: Header;
  readonly arrays: Map<Role, Decoded>;
  /** How many images there are. */
  readonly images: number;
  /** How images have classes: by rule, by a stored class, or by a distribution. */
  readonly layout: { readonly labels: "balanced" | "stored" | "soft" };
  /** Bytes for whom they concern, by name, such as a picture of the set. */
  readonly optional: Map<string, Uint8Array>;
}

/**
 * Reads a file; no image is made. In a browser, the page must be of a secure context.
 * @throws {NsdError} where the file breaks a rule, asks for more than version 1.0, or does not fit the memory
 */
export function read(bytes: Uint8Array): Promise<NsdFile>;

/**
 * Image n in normalised units, [channels, height, width] in C order.
 * @throws {RangeError} where there is no image n
 * @throws {NsdError} NSD-S04, where a value of it overflows
 */
export function image(file: NsdFile, n: number): Float64Array;

/**
 * Image n for a canvas: RGBA, [height, width, 4]. Three channels are red, green and blue; of any other number the first is
 * shown in grey.
 * @throws {RangeError} where there is no image n
 */
export function pixels(file: NsdFile, n: number): Uint8ClampedArray;

/**
 * The class of image n: the place of its name in `file.header.classes`. Of soft labels the class of the largest score.
 * @throws {RangeError} where there is no image n
 */
export function label(file: NsdFile, n: number): number;

/**
 * The distribution over the classes of image n, of soft labels; null where each image has a class.
 * @throws {RangeError} where there is no image n
 */
export function distribution(file: NsdFile, n: number): Float64Array | null;
