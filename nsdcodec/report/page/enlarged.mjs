// One image, large, with its label or its distribution over the classes; left and right go on to others.

import { distribution, label, pixels } from "../../../spec/reference/javascript/nsd.mjs";
import { canvas } from "./pictures.mjs";
import { h, percent } from "./elements.mjs";

const BARS = 10;

/**
 * A dialog, and what shows an image in it.
 * @param {(n: number) => void} takeApart what the button below the image does
 */
export function enlarged(file, takeApart) {
  const [, height, width] = file.header.image_shape;
  const body = h("div", { class: "large" });
  let numbers = [];
  let at = 0;

  function fill() {
    const n = numbers[at];
    const name = file.header.classes[label(file, n)];
    body.replaceChildren(
      canvas(pixels(file, n), width, height, `image ${n}, ${name}`),
      h("p", { class: "caption", "aria-live": "polite" }, h("strong", {}, name), ` · image ${n} of ${file.images}`),
      bars(file, n) ?? "",
    );
  }

  function step(by) {
    at = Math.min(Math.max(at + by, 0), numbers.length - 1);
    fill();
  }

  const button = (text, title, click) => h("button", { click, "aria-label": title, title }, text);
  const dialog = h(
    "dialog",
    {
      "aria-label": "An image enlarged",
      keydown: (event) => {
        const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (by !== undefined) {
          event.preventDefault();
          step(by);
        }
      },
      click: (event) => event.target === dialog && dialog.close(), // beside the image
    },
    body,
    h(
      "p",
      { class: "controls" },
      button("‹", "the image before", () => step(-1)),
      button("›", "the next image", () => step(1)),
      h("button", { click: () => (dialog.close(), takeApart(numbers[at])) }, "How it is put together"),
      h("button", { click: () => dialog.close() }, "Close"),
    ),
  );
  const show = (n, order) => {
    numbers = order;
    at = order.indexOf(n);
    fill();
    dialog.showModal();
  };
  return { dialog, show };
}

/** The likeliest classes of an image with a soft label, as bars; null where it has one class. */
export function bars(file, n) {
  const shares = distribution(file, n);
  if (shares === null) {
    return null;
  }
  const order = [...shares.keys()].sort((a, b) => shares[b] - shares[a]).slice(0, BARS);
  return h(
    "ul",
    { class: "bars", "aria-label": "distribution over the classes" },
    order.map((c) =>
      h(
        "li",
        { style: `--share: ${shares[c]}` },
        h("span", {}, file.header.classes[c]),
        h("span", { class: "bar" }),
        h("span", { class: "number" }, percent(shares[c])),
      ),
    ),
  );
}
