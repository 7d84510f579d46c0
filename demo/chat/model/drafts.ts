// What was begun in each room and not sent. It is in nobody's way but the writer's, so it stays in this browser.

import { forget, personal, remember, remembered } from './preferences.ts';

const start = 'draft:';

export const drafts = {
  of: (slug: string): string => remembered(personal(start + slug)) ?? '',
  set: (slug: string, text: string): void => remember(personal(start + slug), text === '' ? undefined : text),
  clear: (): void => forget(personal(start)),
};
