// Which zones a person may mean by what they typed.

const plain = (text) =>
  text
    .normalize("NFD")
    .replace(/\p{M}|['’.]/gu, "")
    .toLowerCase();
const wordsOf = (text) => plain(text).split(/[^a-z0-9]+/).filter(Boolean);

/** A list of zones that can be asked by name, borough or number. */
export function indexed(zones) {
  const entries = zones.map((zone) => ({
    zone,
    name: plain(zone.name),
    words: [...wordsOf(zone.name), ...wordsOf(zone.borough), String(zone.id)],
  }));
  entries.sort((a, b) => a.name.localeCompare(b.name) || a.zone.id - b.zone.id);
  return (typed) => matching(entries, typed);
}

/** Zones in which each typed word begins a word; those whose name begins so come first. */
function matching(entries, typed) {
  const asked = wordsOf(typed);
  const start = plain(typed).trim();
  const found = entries.filter(({ words }) =>
    asked.every((part) => words.some((word) => word.startsWith(part))),
  );
  const first = found.filter(({ name }) => name.startsWith(start));
  const rest = found.filter(({ name }) => !name.startsWith(start));
  return [...first, ...rest].map(({ zone }) => zone);
}
