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
export function explained(code) {
  if (Object.hasOwn(RULES, code)) {
    return { meaning: RULES[code], page: PAGES[code.charAt("NSD-".length)] };
  }
  return { meaning: OTHERS[code] ?? "", page: code === "DigestMismatch" ? "container.md" : "versioning.md" };
}
