// The page: of the file that stands in it, or of one that is chosen or dropped on it. Nothing is sent anywhere.

import { NsdError, read } from "../../../spec/reference/javascript/nsd.mjs";
import { accounts } from "./accounting.mjs";
import { arrays } from "./arrays.mjs";
import { composition } from "./composition.mjs";
import { curve } from "./curve.mjs";
import { enlarged } from "./enlarged.mjs";
import { byteBar, heading, provenance, training } from "./facts.mjs";
import { gallery } from "./gallery.mjs";
import { h } from "./elements.mjs";
import { results } from "./results.mjs";
import { explained } from "./rules.mjs";

const main = document.querySelector("main");

/** Shows a file, or why it is refused. `beside`: log and results, where there are any. */
async function show(bytes, name, beside) {
  main.setAttribute("aria-busy", "true");
  try {
    const file = await read(bytes);
    document.title = `${name} · distilled data set`;
    main.replaceChildren(...report(bytes, name, file, beside));
  } catch (error) {
    refuse(name, error);
  }
  main.setAttribute("aria-busy", "false");
}

function refuse(name, error) {
  document.title = `${name} is refused`;
  main.replaceChildren(refusal(name, error));
}

function report(bytes, name, file, { log, evaluations, published }) {
  const taken = composition(file, (error) => refuse(name, error));
  const { dialog, show: enlarge } = enlarged(file, (n) => {
    taken.show(n);
    taken.element.scrollIntoView();
  });
  return [
    ...heading(name, bytes, file),
    gallery(file, enlarge, (error) => refuse(name, error)),
    evaluations.length > 0 ? results(evaluations, published, (8 * bytes.length) / file.header.classes.length) : null,
    byteBar(accounts(bytes, file)),
    taken.element,
    arrays(file),
    training(name, file),
    log === null ? null : curve(log),
    provenance(bytes, file),
    dialog,
  ].filter((part) => part !== null);
}

function refusal(name, error) {
  const isKnown = error instanceof NsdError;
  const { meaning, page } = isKnown ? explained(error.code) : { meaning: "", page: "" };
  return h(
    "div",
    { class: "refusal", role: "alert" },
    h("h1", {}, name),
    h("p", { class: "lead" }, h("strong", {}, isKnown ? error.code : "Not shown"), meaning === "" ? "" : `: ${meaning}.`),
    h("p", {}, error.message),
    isKnown ? h("p", {}, "The rule stands in ", h("a", { href: `../spec/${page}` }, `spec/${page}`), ", all rules in ", h("a", { href: "../spec/errors.md" }, "spec/errors.md"), ".") : "",
  );
}

async function showChosen(file) {
  if (file === undefined || file === null) {
    return;
  }
  await show(new Uint8Array(await file.arrayBuffer()), file.name, { log: null, evaluations: [], published: [] });
}

function takeDrops() {
  const zone = document.documentElement;
  const over = (isOver) => (event) => {
    event.preventDefault();
    zone.classList.toggle("over", isOver);
  };
  addEventListener("dragover", over(true));
  addEventListener("dragleave", over(false));
  addEventListener("drop", (event) => {
    over(false)(event);
    showChosen(event.dataTransfer?.files[0]);
  });
  document.querySelector("#choose").addEventListener("change", (event) => showChosen(event.target.files[0]));
}

function bytesOf(base64) {
  return Uint8Array.from(atob(base64.trim()), (character) => character.charCodeAt(0));
}

if (globalThis.crypto?.subtle === undefined) {
  main.replaceChildren(refusal("This page", new Error("A browser checks digests only on pages that were opened from a file, from https or from localhost.")));
} else {
  const embedded = document.querySelector("#nsd");
  if (embedded === null) {
    takeDrops();
  } else {
    const beside = JSON.parse(document.querySelector("#beside").textContent);
    show(bytesOf(embedded.textContent), beside.name, beside);
  }
}
