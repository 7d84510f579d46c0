// What of a question is worth looking up.

const common = new Set(
  `a about after all also am an and any are as at be been before being but by can could did do docs does doing done else for
  from get give go got had has have how i if in into is it its just know like made make many may me mean means more most much
  my need no not of off on or other our out over please say should show so some such tell than that the their them then there
  these they thing things this those to too up use used using very want was way we were what when where which while who whom
  whose why will with work works would you your hello hi hey thanks there`.split(/\s+/),
);

/** A word as it is looked up, without case and plural; nothing for a word that says nothing. */
export function term(word: string): string | undefined {
  const lower = word.toLowerCase().replace(/[’']s?$/, '');
  if (lower.length < 2 || common.has(lower)) return undefined;
  return lower.length > 3 && /[^s]s$/.test(lower) ? lower.slice(0, -1) : lower;
}

export function terms(text: string): string[] {
  const found = (text.match(/[\p{L}\p{N}]+(?:[’'][\p{L}]+)?/gu) ?? []).map(term);
  return [...new Set(found.filter((word) => word !== undefined))];
}
