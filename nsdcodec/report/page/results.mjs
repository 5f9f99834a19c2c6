// What networks reached that were trained on the file: the documents of `nsdc eval --json`.

import { h, percent, section, table, whole } from "./elements.mjs";

export function results(documents) {
  const rows = documents.map(({ net, mean, deviation, networks }) => [
    net,
    h("span", { class: "gauge", style: `--share: ${mean}` }, h("span", { class: "bar" })),
    networks > 1 ? `${percent(mean)} ± ${(100 * deviation).toFixed(1)}` : percent(mean),
    whole(networks),
  ]);
  const tests = [...new Set(documents.map(({ source, test_images: images }) => `${whole(images)} of ${source}`))];
  const columns = [["network"], ["", "minor"], ["accuracy", "number"], ["networks", "number"]];
  const note = h("p", { class: "note" }, `Tested on real images that nothing was trained on: ${tests.join("; ")}.`);
  return section("results", "What networks reach that are trained on it", table(columns, rows), note);
}
