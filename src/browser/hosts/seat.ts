// What a kind of host asks of a tab: how it brings one about, and how it leaves one behind. Its executable form, for all
// kinds alike, is `testHost` in busline/testing.

import type { ClientFrame } from '../../protocol/frames.ts';
import type { Link } from '../../protocol/link.ts';
import type { Meeting, Notice } from '../meeting.ts';

export interface Seat {
  /** Begins, or begins anew after `leave`. `changed` says that another host is to be looked for now. */
  enter(meeting: Meeting, changed: (why: string) => void): void | Promise<void>;
  /**
   * A link to the host that this tab has brought about; undefined while there is none, and whoever hosts is to be found at the
   * meeting place. Throws if this kind cannot be had here.
   */
  reach(): Link<ClientFrame> | undefined | Promise<Link<ClientFrame> | undefined>;
  /** The lock of what `reach` leads to, once it has begun: then it should answer. */
  running(): Promise<string | undefined>;
  /** What `reach` leads to does not answer. */
  abandon(): void | Promise<void>;
  heard?(notice: Notice): void;
  /** Something beyond this tab's reach made this kind impossible: why. */
  failed?(tell: (why: string) => void): void;
  /** Whether the host runs in this very tab, so that it stops when the tab is frozen. */
  readonly leads?: boolean;
  /** The page is closed, or put away. */
  leave(): void;
}
