// Samples, medians, and whether a target is met.

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.floor(half)] + sorted[Math.ceil(half) - 1]) / 2;
}

/** The mean of the middle half: as steady as the median, and finer where a browser rounds its clock to 0.1 ms. */
export function middle(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.slice(Math.floor(sorted.length / 4), Math.ceil((sorted.length * 3) / 4));
  return half.reduce((sum, value) => sum + value, 0) / half.length;
}

/** Runs the variants in turn, `rounds` times, so that what disturbs the machine disturbs them alike. */
export async function interleaved(rounds, variants) {
  const samples = Object.fromEntries(Object.keys(variants).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, sample] of Object.entries(variants)) samples[name].push(await sample());
  }
  return samples;
}

/**
 * A line of the table: our samples beside those of a peer, or alone. The ratio is the median of the pairs' ratios;
 * `target` is one of those below.
 */
export function line({ what, unit, ours, peer, peerName, target }) {
  const ratios = peer?.map((value, at) => ours[at] / value);
  const figures = {
    ours: median(ours),
    ...(peer && { peer: median(peer), ratio: median(ratios), range: [Math.min(...ratios), Math.max(...ratios)] }),
  };
  return { what, unit, peerName, ...figures, target: target.text, met: target.met(figures) };
}

export const atLeast = (times) => ({ text: `≥ ${times}×`, met: ({ ratio }) => ratio >= times });
export const atMost = (times) => ({ text: `≤ ${times}×`, met: ({ ratio }) => ratio <= times });
export const lessThanPeer = { text: '< peer', met: ({ ratio }) => ratio < 1 };
export const atMostOrPlus = (times, ms) => ({
  text: `≤ ${times}× or + ${ms} ms`,
  met: ({ ratio, ours, peer }) => ratio <= times || ours <= peer + ms,
});
/** At most so many times the peer's and so many bytes more. */
export const atMostAndBytes = (times, bytes) => ({
  text: `≤ ${times}× + ${bytes / 1000} kB`,
  met: ({ ours, peer }) => ours <= peer * times + bytes,
});
/** No target: the figure is there to be known. */
export const stated = { text: 'stated', met: () => true };
export const floor = (value, text) => ({ text: `≥ ${text}`, met: ({ ours }) => ours >= value });
export const limit = (value, text) => ({ text: `≤ ${text}`, met: ({ ours }) => ours <= value });
