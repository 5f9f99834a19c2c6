// How an image is put together: its largest terms with their weights, and the sum of the first few.

import { label, pixels } from "../../../spec/reference/javascript/nsd.mjs";
import { bars } from "./enlarged.mjs";
import { canvas, rgbaOf, signedRgba } from "./pictures.mjs";
import { h, section, short, whole } from "./elements.mjs";
import { sumOf } from "./terms.mjs";

const SHOWN = 8; // terms

/** The section, and what shows image n in it; `refuse` is called where one overflows (NSD-S04). */
export function composition(file, refuse) {
  const { header } = file;
  const [, height, width] = header.image_shape;
  const image = (rgba, text) =>
    h("figure", {}, canvas(rgba, width, height, text), h("figcaption", {}, text));
  const body = h("div");
  const number = h("input", {
    id: "image-number",
    type: "number",
    min: 0,
    max: file.images - 1,
    value: 0,
    change: () => {
      try {
        show(Math.min(Math.max(Math.round(Number(number.value)) || 0, 0), file.images - 1));
      } catch (error) {
        refuse(error);
      }
    },
  });

  function show(n) {
    number.value = n;
    const sum = sumOf(file, n);
    const made = image(pixels(file, n), `image ${n}, of class ${header.classes[label(file, n)]}`);
    body.replaceChildren(
      h("p", {}, ...explanation(file, sum)),
      h("div", { class: "sum" }, made, sum.kind === "values" ? smaller(sum) : partialSum(sum)),
      sum.kind === "values" ? "" : terms(sum),
      bars(file, n) ?? "",
    );
  }

  /** The picture that is stored, where its values are those of pixels and it is not the image itself. */
  function smaller({ placed }) {
    const [, channels, rows, columns] = file.layout.sizes;
    if (channels !== header.image_shape[0] || file.arrays.has("channel_kernel") || isWhole(file)) {
      return "";
    }
    const stored = rgbaOf(placed, { ...header, image_shape: [channels, rows, columns] });
    const text = `as it is stored, ${columns} × ${rows}`;
    return h("figure", {}, canvas(stored, columns, rows, text), h("figcaption", {}, text));
  }

  function partialSum(sum) {
    const most = sum.terms.length;
    const picture = h("div");
    const slider = h("input", { id: "how-many", type: "range", min: 0, max: 100, step: 1, value: 50, input: draw });
    function draw() {
      // From one to all, by equal factors: the first terms matter most.
      const count = Math.max(1, Math.round(most ** (slider.value / 100)));
      const name = sum.kind === "slices" ? "slices" : "coefficients";
      picture.replaceChildren(image(rgbaOf(sum.partial(count), header), `the largest ${whole(count)} of ${whole(most)} ${name}`));
      slider.setAttribute("aria-valuetext", `${count} of ${most}`);
    }
    draw();
    return h("div", { class: "partial" }, picture, h("label", { for: "how-many" }, "how many"), slider);
  }

  function terms(sum) {
    const first = sum.terms.slice(0, SHOWN);
    const most = first.reduce((all, term) => Math.max(all, term.size), 0) || 1;
    const name = sum.kind === "slices" ? "slice" : "pattern";
    return h(
      "ol",
      { class: "terms" },
      first.map(({ index, weight, size }) =>
        h(
          "li",
          { style: `--share: ${size / most}` },
          canvas(signedRgba(sum.picture(index), header.image_shape), width, height, `${name} ${index}`),
          h("span", {}, `${weight < 0 ? "−" : "+"}${short(Math.abs(weight))} ×`),
          h("span", { class: "note" }, `${name} ${index}`),
          h("span", { class: "bar" }),
        ),
      ),
    );
  }

  show(0);
  const element = section(
    "composition",
    "How an image is put together",
    h("p", { class: "controls" }, h("label", { for: "image-number" }, "Image "), number),
    body,
  );
  return { element, show };
}

/** Whether as many values are stored along height and width as the image has. */
function isWhole({ layout: { sizes, samples } }) {
  return sizes[2] === samples[2] && sizes[3] === samples[3];
}

function explanation(file, sum) {
  const { layout, header } = file;
  if (sum.kind === "slices") {
    const [slices] = layout.sizes;
    const blocks = layout.images / layout.samples[0];
    const shared = `${whole(slices)} slices of a spectrum tensor are shared by ${whole(layout.samples[0])} images`;
    return [
      `${shared}${blocks > 1 ? ` in each of ${whole(blocks)} pairs of spectrum and kernel` : ""}. An image is their sum, `,
      "each slice times a weight of its own: the weights are a column of the batch kernel. Below are the slices that ",
      "matter most to this image, grey where they add nothing.",
    ];
  }
  if (sum.kind === "values") {
    const [, , t3, t4] = layout.sizes;
    const [, , height, width] = layout.samples;
    const enlargedBy = `each image is stored as a picture of ${t4} × ${t3}, and enlarged to ${width} × ${height}`;
    return [isWhole(file) ? "Nothing is shared: each image is stored as its pixels." : `Nothing is mixed: ${enlargedBy}.`];
  }
  const bases = ["height", "width"].map((axis) => header.synthesis[axis]).filter((name) => name !== null);
  return [
    `An image is a sum of patterns${bases.length > 0 ? ` of the basis ${[...new Set(bases)].join(" and ")}` : ""}, each `,
    `times a stored coefficient; ${whole(sum.terms.length)} of them are not zero in this one. Below are those that matter most, `,
    "grey where they add nothing.",
  ];
}
