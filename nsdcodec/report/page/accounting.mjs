// Where every byte of a file goes.

import { readFraming } from "../../../spec/reference/javascript/framing.mjs";
import { plainBytes } from "../../../spec/reference/javascript/values.mjs";

const DIGEST_BYTES = 32;
const OPTIONAL = "optional.";

/**
 * The parts of a file, whose bytes add up to its own.
 * @returns {{name: string, bytes: number, isEstimate: boolean, type: string, shape: string}[]} of arrays that were coded
 * together each has a share of the frame, by its plain bytes: an estimate
 */
export function accounts(bytes, file) {
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
export function shares(total, weights) {
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
