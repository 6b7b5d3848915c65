// The page: one ride, changed by fields, map and address, and always its latest answer.

import { readRide, writeRide } from "./address.js";
import { inShort, showAnswer, showState, showTrouble } from "./answer.js";
import { nextHalfHour } from "./clock.js";
import { Combobox } from "./combobox.js";
import { find } from "./dom.js";
import { CityMap } from "./map.js";
import { loadModels, markFleet, nameModel, offerFleets, servedFleets } from "./models.js";
import { indexed } from "./search.js";
import { explain, getZones, Trouble } from "./service.js";
import { readZones } from "./shapes.js";

const PAUSE_MS = 140; // between the last change and the question
const TITLE = document.title;

let zones = new Map();
let city = null;
let boxes = null;
let ride = { from: null, to: null, at: null, passengers: 1, fleet: null };
let asking = new AbortController();
let timer = 0;

async function start({ quietly = false } = {}) {
  clearTimeout(timer);
  if (!quietly) showState("loading", "Fetching the map…");
  try {
    const [drawn] = await Promise.all([getZones().then(readZones), loadModels()]);
    if (city === null) open(drawn); // a second try may have been faster
  } catch (error) {
    trouble(error, start);
  }
}

function open(drawn) {
  const search = indexed(drawn.zones);
  zones = new Map(drawn.zones.map((zone) => [zone.id, zone]));
  city = new CityMap(drawn, (zone) => choose(aimed(), zone));
  boxes = Object.fromEntries(
    ["from", "to"].map((end) => [
      end,
      new Combobox(end, { search, choose: (zone) => choose(end, zone, { fit: true }) }),
    ]),
  );
  offerFleets((fleet) => change({ fleet }));
  listen();
  recall();
}

function listen() {
  for (const end of ["from", "to"]) find(end).addEventListener("focus", () => aim(end));
  find("swap").addEventListener("click", () => change({ from: ride.to, to: ride.from }));
  find("at").addEventListener("input", () => change({ at: typedTime() }, { push: false }));
  find("passengers").addEventListener("change", () =>
    change({ passengers: Number(find("passengers").value) }),
  );
  find("ride").addEventListener("submit", (event) => event.preventDefault());
  find("map-toggle").addEventListener("click", toggleMap);
  addEventListener("popstate", recall);
  addEventListener("online", () => find("answer").dataset.state === "trouble" && ask());
}

/** Takes the ride from the address. */
function recall() {
  const { ride: named, complaints } = readRide(location.search, zones, servedFleets());
  ride = { ...named, at: named.at ?? nextHalfHour() };
  aim(ride.from === null ? "from" : "to");
  show({ fit: true });
  find("notice").textContent = complaints.join(" ");
}

/** Changes the ride, and the address with it; typing a time makes no history. */
function change(part, { push = true, fit = false } = {}) {
  ride = { ...ride, ...part };
  history[push ? "pushState" : "replaceState"](null, "", writeRide(ride));
  show({ fit });
}

function choose(end, zone, options) {
  if (end === "from" && zone) aim("to");
  change({ [end]: zone?.id ?? null }, options);
}

function show({ fit }) {
  for (const end of ["from", "to"]) boxes[end].show(zones.get(ride[end]) ?? null);
  // a time that is still typed has no value, and to set one would take away what is typed so far
  if (ride.at !== null && find("at").value !== ride.at) find("at").value = ride.at;
  find("passengers").value = ride.passengers;
  markFleet(ride.fleet);
  city.show(ride.from, ride.to, { fit });
  find("notice").textContent = "";
  ask();
}

/**
 * Asks for the ride as it now is; what was asked before is no longer awaited.
 *
 * Asking `quietly` leaves what is said of a trouble on the screen until there is an answer.
 */
function ask({ quietly = false } = {}) {
  asking.abort();
  clearTimeout(timer);
  document.title = TITLE;
  const lacking = missing();
  if (lacking) return showState("empty", lacking);
  if (!quietly) showState("asking");
  asking = new AbortController();
  timer = setTimeout(answer, PAUSE_MS, ride, asking.signal);
}

async function answer(asked, signal) {
  try {
    const found = await explain(asked, signal);
    if (signal.aborted) return;
    showAnswer(found);
    document.title = `${inShort(found)}, ${zones.get(asked.from).label} to ${zones.get(asked.to).label}`;
    await nameModel(found.quote);
  } catch (error) {
    if (!signal.aborted) trouble(error, ask);
  }
}

function trouble(error, again) {
  if (!(error instanceof Trouble)) {
    showTrouble(new Trouble("Something is wrong with this page", error.message), again);
    throw error;
  }
  showTrouble(error, again);
  clearTimeout(timer);
  if (error.againS !== null) timer = setTimeout(again, error.againS * 1000, { quietly: true });
}

function missing() {
  if (ride.from === null && ride.to === null) {
    return "Say where the ride starts and ends: search above, or choose two zones on the map.";
  }
  if (ride.from === null) return "Now say where the ride starts.";
  if (ride.to === null) return "Now say where the ride ends.";
  return ride.at === null ? "Now say when the ride starts." : "";
}

/** The time in its field; null while it is typed, as at the first digits of a year. */
function typedTime() {
  const text = find("at").value;
  return text === "" || text.startsWith("0") ? null : text;
}

const aimed = () => document.querySelector("#ends input:checked").value;

function aim(end) {
  document.querySelector(`#ends input[value=${end}]`).checked = true;
}

function toggleMap() {
  const isOpen = document.body.classList.toggle("map-open");
  find("map-toggle").setAttribute("aria-expanded", isOpen);
  find("map-toggle").textContent = isOpen ? "Hide the map" : "Choose on the map";
  if (isOpen) find("map-toggle").scrollIntoView(); // the whole map, and below it the fare
}

start();
