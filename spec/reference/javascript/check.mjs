// Reads files, and prints one JSON line for each: node check.mjs [--out FOLDER] FILE...
//
//     {"file", "ok": true, "images": [N, C, H, W], "classes", "labels": "balanced" | "stored" | "soft"}
//     {"file", "ok": false, "error": the rule or name of spec/errors.md, "message"}
//
// With --out, FOLDER/NAME (the file's own name) gets for each good file .images.f64 (binary64, [N, C, H, W]),
// .labels.f64 (classes [N], or distributions [N, classes]), and .ROLE.i32 (the stored integers of an array, but for
// labels); all little-endian, in C order. The exit code is 1 where a file was refused.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { distribution, image, label, NsdError, read } from "./nsd.mjs";

const files = process.argv.slice(2);
const out = files[0] === "--out" ? files.splice(0, 2)[1] : null;
if (files.length === 0) {
  console.error("usage: node check.mjs [--out FOLDER] FILE...");
  process.exit(2);
}
if (out !== null) {
  mkdirSync(out, { recursive: true });
}
for (const path of files) {
  const line = await check(path);
  process.exitCode = line.ok ? process.exitCode : 1;
  console.log(JSON.stringify({ file: path, ...line }));
}

async function check(path) {
  try {
    const file = await read(bytesOf(path));
    if (out !== null) {
      writeAll(file, join(out, basename(path)));
    }
    const images = [file.images, ...file.header.image_shape];
    return { ok: true, images, classes: file.header.classes.length, labels: file.layout.labels };
  } catch (error) {
    if (error instanceof NsdError) {
      return { ok: false, error: error.code, message: error.message };
    }
    throw error;
  }
}

function bytesOf(path) {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    throw new NsdError("FileAccess", error.message);
  }
}

function writeAll(file, path) {
  const numbers = Array.from({ length: file.images }, (_, n) => n);
  writeNumbers(`${path}.images.f64`, numbers.map((n) => image(file, n)));
  writeNumbers(`${path}.labels.f64`, numbers.map((n) => distribution(file, n) ?? Float64Array.of(label(file, n))));
  for (const [role, { integers }] of file.arrays) {
    if (integers !== null && role !== "labels") {
      writeNumbers(`${path}.${role}.i32`, [Int32Array.from(integers)]);
    }
  }
}

/** Typed arrays one after the other, little-endian as all machines are that Node runs on but s390x. */
function writeNumbers(path, arrays) {
  const parts = arrays.map((array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength));
  writeFileSync(path, Buffer.concat(parts));
}
