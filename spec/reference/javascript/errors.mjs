// What a reader says of a file that it refuses (spec/errors.md).

/** A refusal. `code` is the rule that the file breaks, or DigestMismatch, UnsupportedVersion or UnsupportedFeature. */
export class NsdError extends Error {
  name = "NsdError";

  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** Throws an NsdError unless the condition holds. */
export function demand(condition, code, message) {
  if (!condition) {
    throw new NsdError(code, message);
  }
}
