// Which models answer: the choice of cabs, and the words about the model.

import { monthName } from "./clock.js";
import { find, make } from "./dom.js";
import { getModels, Trouble } from "./service.js";

let champions = [];

/** Asks which models there are; without an answer the page works, it only says less. */
export async function loadModels() {
  try {
    const answer = await getModels();
    champions = (answer.models ?? []).filter((card) => card.alias === "champion");
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    champions = [];
  }
}

/** The cabs that can be asked for, the service's first in front; none while that is not known. */
export const servedFleets = () => champions.map((card) => card.fleet);

/** Offers the choice of cabs where there is one; `choose(fleet)` is told. */
export function offerFleets(choose) {
  const fleets = servedFleets();
  const box = find("fleets");
  box.hidden = fleets.length < 2;
  for (const old of box.querySelectorAll("label")) old.remove();
  if (box.hidden) return;
  for (const fleet of fleets) {
    const radio = make("input", { type: "radio", name: "fleet", value: fleet });
    radio.addEventListener("change", () => choose(fleet));
    const name = fleet[0].toUpperCase() + fleet.slice(1);
    box.append(make("label", {}, radio, make("span", {}, name)));
  }
}

/** Marks the cab that is asked for, by default the service's first. */
export function markFleet(fleet) {
  const asked = fleet ?? champions[0]?.fleet;
  for (const radio of find("fleets").querySelectorAll("input")) radio.checked = radio.value === asked;
}

/** Says in the footer which model a quote is from. */
export async function nameModel(quote) {
  const known = () =>
    champions.find((card) => card.name === quote.model && card.version === quote.model_version);
  if (!known()) await loadModels(); // a new champion since the page was opened, or a challenger
  const month = known()?.month;
  const tested = month ? `, tested on ${monthName(month)}` : "";
  find("model").textContent = `Model ${quote.model}, version ${quote.model_version}${tested}.`;
}
