// The address says what is shown: a room (#lobby) or a page (#/agents). A reload, a bookmark and the back button lead there.

import { Observable } from './observable.ts';

export const pages = ['agents', 'data'] as const;
export type Page = (typeof pages)[number];

export type Place = { readonly page: Page } | { readonly room: string };

const longestName = 32;
const firstRoom = 'lobby';

/** A name as it stands in an address: letters and digits of any script, in words. */
export function slugOf(text: string): string {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.join('-').slice(0, longestName);
}

function placeInAddress(): Place {
  const name = location.hash.slice(1);
  const page = pages.find((each) => name === `/${each}`);
  if (page !== undefined) return { page };
  try {
    return { room: slugOf(decodeURIComponent(name)) || firstRoom };
  } catch {
    return { room: firstRoom };
  }
}

export class Route extends Observable<Place> {
  constructor() {
    super(placeInAddress());
    addEventListener('hashchange', () => this.set(placeInAddress()));
  }

  toRoom(slug: string): void {
    location.hash = slug;
  }
}
