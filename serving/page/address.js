// The ride as the page's address, so that it can be shared and gone back to.

import { isMinute } from "./clock.js";

export const MOST_PASSENGERS = 6;
const FLEETS = ["green", "yellow"];

/**
 * The ride that an address names.
 *
 * What it does not name is null; what makes no sense is null too, and said in `complaints`.
 */
export function readRide(search, zones) {
  const told = new URLSearchParams(search);
  const complaints = [];
  const read = (key, known, named) => {
    const text = told.get(key);
    if (text === null || text === "") return null;
    if (known(text)) return text;
    complaints.push(`This link names the ${named} “${text.slice(0, 40)}”, which there is not.`);
    return null;
  };
  const isZone = (text) => /^\d{1,3}$/.test(text) && zones.has(Number(text));
  const isCount = (text) => /^\d$/.test(text) && text >= 1 && text <= MOST_PASSENGERS;
  const number = (text) => (text === null ? null : Number(text));
  const ride = {
    from: number(read("from", isZone, "pick-up zone")),
    to: number(read("to", isZone, "drop-off zone")),
    at: read("at", (text) => isMinute(text.slice(0, 16)), "time")?.slice(0, 16) ?? null,
    passengers: number(read("passengers", isCount, "number of passengers")) ?? 1,
    fleet: read("fleet", (text) => FLEETS.includes(text), "kind of cab"),
  };
  return { ride, complaints };
}

/** The address of a ride; every value was checked before, so none needs escaping. */
export function writeRide(ride) {
  const named = Object.entries(ride).filter(([, value]) => value !== null && value !== "");
  return `?${named.map(([key, value]) => `${key}=${value}`).join("&")}`;
}
