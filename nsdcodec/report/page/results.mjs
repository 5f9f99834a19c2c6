// What networks reached that were trained on the file: the documents of `nsdc eval --json`, and published figures beside.

import { frontier } from "./frontier.mjs";
import { h, percent, section, table, whole } from "./elements.mjs";

/** `bits` are those of a class of the file; `published` has figures of ConvNets for the data set, if there are any. */
export function results(documents, published, bits) {
  const rows = documents.map(({ net, mean, deviation, networks }) => [
    net,
    h("span", { class: "gauge", style: `--share: ${mean}` }, h("span", { class: "bar" })),
    networks > 1 ? `${percent(mean)} ± ${(100 * deviation).toFixed(1)}` : percent(mean),
    whole(networks),
  ]);
  const tests = [...new Set(documents.map(({ source, test_images: images }) => `${whole(images)} of ${source}`))];
  const columns = [["network"], ["", "minor"], ["accuracy", "number"], ["networks", "number"]];
  const note = h("p", { class: "note" }, `Tested on real images that nothing was trained on: ${tests.join("; ")}.`);
  const [own] = documents.filter(({ net }) => net.startsWith("convnet"));
  const chart = own && published.length > 0 ? frontier({ bits, accuracy: own.mean, name: "this file" }, published) : null;
  return section("results", "What networks reach that are trained on it", table(columns, rows), note, chart);
}
