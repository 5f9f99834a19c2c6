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
export function parseStrictJson(text) {
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
