// The ride as the page's address, so that it can be shared and gone back to.

import { isMinute } from "./clock.js";

export const MOST_PASSENGERS = 6;

/**
 * The ride that an address names.
 *
 * What it does not name is null; what cannot be asked for is null too, and said in `complaints`.
 * Of `fleets` there are none while nobody told which there are: then the service is to say.
 */
export function readRide(search, zones, fleets) {
  const told = new URLSearchParams(search);
  const complaints = [];
  const read = (key, known, named) => {
    const text = told.get(key);
    if (text === null || text === "") return null;
    if (known(text)) return text;
    const shown = text.slice(0, 40);
    complaints.push(`This link's ${named} “${shown}” cannot be asked for here and is left out.`);
    return null;
  };
  const isZone = (text) => /^\d{1,3}$/.test(text) && zones.has(Number(text));
  const isCount = (text) => /^\d$/.test(text) && text >= 1 && text <= MOST_PASSENGERS;
  const isFleet = (text) => (fleets.length ? fleets.includes(text) : /^[a-z]+$/.test(text));
  const number = (text) => (text === null ? null : Number(text));
  const ride = {
    from: number(read("from", isZone, "pick-up zone")),
    to: number(read("to", isZone, "drop-off zone")),
    at: read("at", (text) => isMinute(text.slice(0, 16)), "time")?.slice(0, 16) ?? null,
    passengers: number(read("passengers", isCount, "number of passengers")) ?? 1,
    fleet: read("fleet", isFleet, "kind of cab"),
  };
  return { ride, complaints };
}

/** The address of a ride; every value was checked before, so none needs escaping. */
export function writeRide(ride) {
  const named = Object.entries(ride).filter(([, value]) => value !== null && value !== "");
  return `?${named.map(([key, value]) => `${key}=${value}`).join("&")}`;
}
