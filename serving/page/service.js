// Questions to the service, and its troubles in one sentence.

import { keyHeader } from "./key.js";

const PATIENCE_MS = 15_000;

/**
 * What a person is told when there is no answer.
 *
 * `passing` troubles may be gone when asked again, in `againS` seconds where that is known;
 * those that want a key are gone with the right one.
 */
export class Trouble extends Error {
  constructor(title, detail, { passing = true, wantsKey = false, againS = null } = {}) {
    super(detail);
    this.title = title;
    this.passing = passing;
    this.wantsKey = wantsKey;
    this.againS = againS;
  }
}

export const getZones = (signal) => ask("v1/zones?crs=state-plane", { signal });
export const getModels = (signal) => ask("v1/models", { signal });

/** The quote of a ride with its reasons. */
export async function explain(ride, signal) {
  const trip = {
    pickup_zone: ride.from,
    dropoff_zone: ride.to,
    pickup_at: ride.at,
    passengers: ride.passengers,
  };
  if (ride.fleet !== null) trip.fleet = ride.fleet;
  const headers = { "Content-Type": "application/json" };
  const answer = await ask("v1/explanations", {
    method: "POST",
    headers,
    body: JSON.stringify(trip),
    signal,
  });
  if (!isWhole(answer)) throw misunderstood();
  return answer;
}

async function ask(path, { signal, headers, ...options }) {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const either = signal ? AbortSignal.any([signal, patience]) : patience;
  const wanted = { Accept: "application/json", ...keyHeader(), ...headers };
  try {
    const response = await fetch(path, { ...options, headers: wanted, signal: either });
    if (!response.ok) throw await refusal(response);
    return await response.json();
  } catch (error) {
    if (signal?.aborted || error instanceof Trouble) throw error;
    if (patience.aborted) {
      throw new Trouble("No answer", "The service took too long to answer.");
    }
    if (error instanceof SyntaxError) throw misunderstood();
    const where = navigator.onLine ? "The service cannot be reached." : "You are offline.";
    throw new Trouble("No connection", where);
  }
}

async function refusal(response) {
  const problem = await response.json().catch(() => ({}));
  const { status } = response;
  const detail = problem.detail ?? `The service answered with status ${status}.`;
  const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  const againS = Number.isFinite(seconds) ? Math.max(1, seconds) : null;
  if (status === 429) {
    const when = againS === null ? "" : ` Asking again in ${againS} ${plural(againS, "second")}.`;
    return new Trouble("Too many questions", `${detail}${when}`, { againS });
  }
  if (status === 503) return new Trouble("No model yet", detail, { againS });
  if (status >= 500) return new Trouble("The service failed", detail);
  if (status === 401 || status === 403) {
    // what it says to whoever sent none is about headers
    const said = status === 401 ? "Whoever runs the service can give you one." : detail;
    return new Trouble("The service wants a key", said, { passing: false, wantsKey: true });
  }
  return new Trouble("That ride has no fare", detail, { passing: false });
}

function isWhole(answer) {
  const { quote, base_usd: base, groups } = answer ?? {};
  if (!quote || !Array.isArray(quote.surcharges) || !Array.isArray(groups)) return false;
  const parts = [...quote.surcharges, ...groups].map((part) => part.usd);
  const sums = [quote.fare_usd, quote.low_usd, quote.high_usd, quote.total_usd, quote.ride_min];
  return [base, quote.interval, ...sums, ...parts].every(Number.isFinite);
}

const plural = (count, word) => (count === 1 ? word : `${word}s`);
const misunderstood = () =>
  new Trouble("The service failed", "The service's answer cannot be understood.");
