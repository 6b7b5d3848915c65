// The answer, or why there is none.

import { find, make } from "./dom.js";
import { keepKey } from "./key.js";

const MONEY = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
const CENT = 0.005; // less than that rounds to nothing

const signed = (usd) => `${usd < 0 ? "−" : "+"}${MONEY.format(Math.abs(usd))}`;
const minutes = (ride) => `${Math.max(1, Math.round(ride))} min`;

/** Nothing to show: not asked yet, or asking. No earlier number stays in sight. */
export function showState(state, hint = "") {
  const section = find("answer");
  if (find("trouble").contains(document.activeElement)) section.focus(); // its button goes away
  section.dataset.state = state;
  section.setAttribute("aria-busy", state === "asking");
  find("hint").textContent = hint;
  find("trouble").replaceChildren();
  find("spoken").textContent = "";
  find("quote").inert = true;
  if (state !== "asking") find("quote").replaceChildren();
  find("quote").hidden = state !== "asking";
}

/** Says what is wrong, and offers what may help: to ask again, or to give a key. */
export function showTrouble({ title, message, passing, wantsKey }, again) {
  const said = `${title}\n${message}`;
  // what is on the screen already is not announced once more
  if (find("answer").dataset.state === "trouble" && find("trouble").dataset.said === said) return;
  showState("trouble");
  find("trouble").dataset.said = said;
  find("trouble").append(make("strong", {}, title), make("p", {}, message));
  if (wantsKey) find("trouble").append(keyForm(again));
  if (passing) find("trouble").append(pressed("Try again", again));
}

function keyForm(again) {
  const input = make("input", {
    id: "key",
    type: "password",
    autocomplete: "off",
    required: "",
    pattern: "[ -~]+", // all that the header of a request can carry
    title: "Letters without accents, digits and signs",
  });
  const label = make("label", { for: "key" }, "Key");
  const form = make("form", { id: "key-form" }, label, input, make("button", {}, "Use it in this tab"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    keepKey(input.value);
    again();
  });
  return form;
}

function pressed(words, act) {
  const button = make("button", { type: "button" }, words);
  button.addEventListener("click", () => act());
  return button;
}

export function showAnswer({ quote, base_usd: base, groups }) {
  showState("answered");
  const box = find("quote");
  box.replaceChildren(...fare(quote), bill(quote), ...reasons(quote, base, groups));
  for (const bar of box.querySelectorAll("[data-from]")) {
    bar.style.left = `${bar.dataset.from}%`; // by script: the page's policy forbids style attributes
    bar.style.width = `${bar.dataset.width}%`;
  }
  for (const scale of box.querySelectorAll("[data-zero]")) {
    scale.style.backgroundPosition = `${scale.dataset.zero}% 0`;
  }
  box.hidden = box.inert = false;
  find("spoken").textContent = spoken(quote);
}

/** The fare in a few words, for the window's title. */
export const inShort = ({ quote }) => MONEY.format(quote.fare_usd);

function rangeWords(quote) {
  const tenths = quote.interval * 10;
  const share = Number.isInteger(+tenths.toFixed(6))
    ? `${Math.round(tenths)} of 10`
    : `${Math.round(quote.interval * 100)} %`;
  return `${share} such rides end between ${MONEY.format(quote.low_usd)} and ${MONEY.format(quote.high_usd)}`;
}

function spoken(quote) {
  return (
    `About ${MONEY.format(quote.fare_usd)} on the meter. ${rangeWords(quote)}. ` +
    `Ride about ${minutes(quote.ride_min)}. ${MONEY.format(quote.total_usd)} with surcharges.`
  );
}

function fare(quote) {
  const top = roundTop(quote.high_usd);
  const share = (usd) => Math.min(100, Math.max(0, (100 * usd) / top));
  const low = share(quote.low_usd);
  const band = { class: "band", "data-from": low, "data-width": share(quote.high_usd) - low };
  const tick = { class: "tick", "data-from": share(quote.fare_usd), "data-width": 0 };
  const scale = make("span", { class: "track" }, make("i", band), make("i", tick));
  return [
    make(
      "div",
      { class: "top" },
      fact("Fare on the meter", MONEY.format(quote.fare_usd), "fare"),
      fact("Ride time", minutes(quote.ride_min), "ride-time"),
    ),
    make("div", { class: "range", "aria-hidden": "true" }, "$0", scale, `$${top}`),
    make("p", { class: "words" }, `${rangeWords(quote)}.`),
  ];
}

function fact(name, value, id) {
  return make("div", {}, make("h2", {}, name), make("p", { id }, value));
}

/** A round number of dollars at or above. */
function roundTop(usd) {
  const step = usd > 100 ? 50 : usd > 40 ? 20 : usd > 20 ? 10 : 5;
  return Math.max(step, Math.ceil(usd / step) * step);
}

function bill(quote) {
  const line = (name, usd) => make("div", {}, make("dt", {}, name), make("dd", {}, MONEY.format(usd)));
  const charged = quote.surcharges.filter(({ usd }) => Math.abs(usd) >= CENT);
  const total = line("Total, before tolls and tip", quote.total_usd);
  total.className = "total";
  return make(
    "section",
    { "aria-labelledby": "bill-title" },
    make("h2", { id: "bill-title" }, "To pay"),
    make(
      "dl",
      { id: "bill" },
      line("Expected fare", quote.fare_usd),
      ...charged.map(({ name, usd }) => line(name, usd)),
      total,
    ),
  );
}

function reasons(quote, base, groups) {
  const felt = groups.filter(({ usd }) => Math.abs(usd) >= CENT);
  if (!felt.length) return [];
  felt.sort((a, b) => Math.abs(b.usd) - Math.abs(a.usd));
  const least = Math.min(0, ...felt.map(({ usd }) => usd));
  const span = Math.max(0, ...felt.map(({ usd }) => usd)) - least;
  const share = (usd) => (100 * usd) / span;
  return [
    make(
      "section",
      { "aria-labelledby": "why-title" },
      make("h2", { id: "why-title" }, "Why this fare"),
      make("p", { class: "words" }, `The model starts every ride at ${MONEY.format(base)}, then:`),
      make("ul", { id: "reasons" }, ...felt.map((group) => reason(group, share(-least), share))),
      make("p", { class: "words" }, `That makes ${MONEY.format(quote.fare_usd)}.`),
    ),
  ];
}

/** A bar from `zero` to the right, or to the left where it makes the ride cheaper. */
function reason({ words, name, usd }, zero, share) {
  const bar = {
    class: usd < 0 ? "minus" : "plus",
    "data-from": zero + Math.min(0, share(usd)),
    "data-width": Math.abs(share(usd)),
  };
  return make(
    "li",
    {},
    make("span", {}, words || name),
    " ",
    make("b", {}, signed(usd)),
    make("span", { class: "scale", "aria-hidden": "true", "data-zero": zero }, make("i", bar)),
  );
}
