// The key that some services want: kept for this tab alone, and never in an address.

const SLOT = "taxi-key";

export const keepKey = (key) => sessionStorage.setItem(SLOT, key);

/** What to send with each question. */
export function keyHeader() {
  const key = sessionStorage.getItem(SLOT);
  return key === null ? {} : { Authorization: `Bearer ${key}` };
}
