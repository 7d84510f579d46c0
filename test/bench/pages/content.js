// What is sent: 200 bytes of JSON each, numbered, of text that does not compress to nothing.
export const contentBytes = 200;
const alphabet = 'abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789';
const text = randomText(65_536);
const around = JSON.stringify({ n: 1_000_000, text: '' }).length;

/** A linear congruence: the same text in every tab and run. */
function randomText(length) {
  let state = 1;
  let made = '';
  while (made.length < length) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    made += alphabet[state % alphabet.length];
  }
  return made;
}

export function contentOf(n) {
  const at = (n * 97) % (text.length - contentBytes);
  return { n: 1_000_000 + n, text: text.slice(at, at + contentBytes - around) };
}

export const numberOf = (content) => content.n - 1_000_000;

/** Milliseconds since the epoch, finer than Date.now() and comparable between the tabs of one machine. */
export const clock = () => performance.timeOrigin + performance.now();
