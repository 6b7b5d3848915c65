// New York's clock, whatever clock the visitor's machine shows.

const HALF_HOUR_MS = 30 * 60 * 1000;
const WRITTEN = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/;
const NEW_YORK = new Intl.DateTimeFormat("en-US", {
  timeZone: "America/New_York",
  hourCycle: "h23",
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
});

/** The next full half hour in New York, like 2025-03-14T08:30; never one that the clock skips. */
export function nextHalfHour(now = Date.now()) {
  // New York is whole hours from UTC, so half hours begin together
  const then = new Date((Math.floor(now / HALF_HOUR_MS) + 1) * HALF_HOUR_MS);
  const part = Object.fromEntries(NEW_YORK.formatToParts(then).map((p) => [p.type, p.value]));
  return `${part.year}-${part.month}-${part.day}T${part.hour}:${part.minute}`;
}

/** Whether the calendar has that minute; which minutes New York skipped, the service knows. */
export function isMinute(text) {
  if (!WRITTEN.test(text)) return false;
  const read = new Date(`${text}Z`);
  return !Number.isNaN(read.getTime()) && read.toISOString().startsWith(text);
}

/** "2025-03" as "March 2025". */
export function monthName(month) {
  const [year, number] = month.split("-").map(Number);
  const first = new Date(Date.UTC(year, number - 1, 1));
  return first.toLocaleDateString("en-US", { month: "long", year: "numeric", timeZone: "UTC" });
}
