// The known name that somebody may have meant.

/** How many letters must be put in, taken out or changed to make one of the other. */
function distance(a: string, b: string): number {
  let before = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      row.push(Math.min((row[j - 1] ?? 0) + 1, (before[j] ?? 0) + 1, (before[j - 1] ?? 0) + same));
    }
    before = row;
  }
  return before[b.length] ?? 0;
}

/** Undefined if none is near. Upper and lower case, and `_` or `-`, make no difference. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[-_]/g, '');
  const ranked = known
    .map((other) => ({ other, by: distance(plain(name), plain(other)) }))
    .toSorted((a, b) => a.by - b.by);
  const [best] = ranked;
  return best !== undefined && best.by <= Math.max(2, Math.floor(name.length / 3)) ? best.other : undefined;
}
