// The reader against the vectors of the format: images, labels and integers of golden files, the error of refused ones.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { distribution, image, label, NsdError, pixels, read } from "../nsd.mjs";

const VECTORS = new URL("../../../vectors/", import.meta.url);
const bytesOf = (name) => new Uint8Array(readFileSync(new URL(name, VECTORS)));
const { golden, refused } = JSON.parse(readFileSync(new URL("manifest.json", VECTORS), "utf8"));

/** The values of an .npy file (version 1.0, C order) of one of the types that vectors have. */
function npy(name) {
  const bytes = bytesOf(name);
  const start = 10 + bytes[8] + 256 * bytes[9];
  const type = /'descr': '(.\w+)'/.exec(new TextDecoder().decode(bytes.subarray(10, start)))[1];
  const of = { "<f8": Float64Array, "<i8": BigInt64Array, "|i1": Int8Array, "|u1": Uint8Array, "<u2": Uint16Array };
  const kind = type === "|b1" ? Uint8Array : of[type];
  return Array.from(new kind(bytes.slice(start).buffer), Number);
}

const all = (file, make) => Array.from({ length: file.images }, (_, n) => [...make(n)]).flat();

function assertNear(found, wanted, relative) {
  assert.equal(found.length, wanted.length);
  const most = relative * wanted.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  assert.ok(found.every((value, i) => Math.abs(value - wanted[i]) <= most));
}

for (const vector of golden) {
  test(`golden ${vector.file}`, async () => {
    const file = await read(bytesOf(vector.file));
    assertNear(all(file, (n) => image(file, n)), npy(vector.images), 1e-12);
    assertNear(all(file, (n) => distribution(file, n) ?? [label(file, n)]), npy(vector.labels), 1e-12);
    for (const [role, name] of Object.entries(vector.integers)) {
      assert.deepEqual([...file.arrays.get(role).integers], npy(name));
    }
    const [, height, width] = file.header.image_shape;
    assert.equal(pixels(file, 0).length, 4 * height * width);
    assert.throws(() => image(file, file.images), RangeError);
    assert.throws(() => label(file, -1), RangeError);
  });
}

for (const vector of refused) {
  test(`refused ${vector.file}`, async () => {
    const decode = async () => {
      const file = await read(bytesOf(vector.file));
      all(file, (n) => image(file, n)); // which finds NSD-S04
    };
    await assert.rejects(decode, (error) => error instanceof NsdError && error.code === vector.error);
  });
}

test("optional bytes are handed out by name", async () => {
  const file = await read(bytesOf("optional.nsd"));
  assert.deepEqual(file.header.optional, ["thumbnail"]);
  assert.equal(new TextDecoder().decode(file.optional.get("thumbnail")), "bytes for whom they concern");
});

test("memory that is not there is TooLarge", async () => {
  const real = globalThis.Float32Array;
  globalThis.Float32Array = class {
    constructor() {
      throw new RangeError("Array buffer allocation failed");
    }
  };
  try {
    const is = (error) => error instanceof NsdError && error.code === "TooLarge";
    await assert.rejects(read(bytesOf("smallest.nsd")), is);
  } finally {
    globalThis.Float32Array = real;
  }
});

test("a changed byte and a truncation are noticed anywhere", async () => {
  const whole = bytesOf("smallest.nsd");
  for (let i = 0; i < whole.length; i += 1) {
    const changed = whole.slice();
    changed[i] ^= 1 << i % 8;
    await assert.rejects(read(changed), NsdError);
    await assert.rejects(read(whole.slice(0, i)), NsdError);
  }
});
