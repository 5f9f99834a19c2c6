// What a reader says of a file that it refuses (spec/errors.md).

/**
 * A refusal. `code` is the rule that the file breaks, or DigestMismatch, UnsupportedVersion, UnsupportedFeature, or
 * TooLarge where the file is well-formed and there is no memory for it.
 */
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
