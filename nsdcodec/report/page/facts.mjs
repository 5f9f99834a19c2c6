// What the header says, in words: the set, how to train on it, and where it comes from.

import { h, pairs, percent, section, short, table, whole } from "./elements.mjs";

const COLOURS = 5;

/** Title and figures at the top of the page. */
export function heading(name, bytes, { header, images }) {
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
export function byteBar(parts) {
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
export function training(name, { header }) {
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
export function code(name) {
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
export function provenance(bytes, { header }) {
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
