// What a group knows of one channel: which messages are settled, which are in somebody's hands, which come again. Pure
// bookkeeping; `record` is what of it is kept on disk. Moments are told by the host's `elapsed`, which the next host cannot
// read: on disk there are dates, and whatever the clock did, nothing waits longer for them than it was told to.

import type { Priority } from './message.ts';
import type { Platform } from './platform.ts';

/** A message in a member's hands. */
export interface Claim {
  readonly attempt: number;
  /** The member, by a name that its client's begins. */
  readonly owner: string;
  /** Milliseconds that it was given. */
  readonly lease: number;
  readonly priority: Priority;
  /** When the lease ends. */
  until: number;
  /** It got another lease because the host slept. */
  isSpared?: boolean;
}

/** A message that comes again. */
export interface Again {
  /** Attempts made. */
  readonly attempts: number;
  /** Milliseconds from when it was put back. */
  readonly wait: number;
  readonly priority: Priority;
}

type Due = Again & { readonly due: number };
/** Here `due` is a date. Older records have no `wait`. */
type StoredAgain = Omit<Due, 'wait'> & { readonly wait?: number };
type StoredClaim = Omit<Claim, 'until' | 'isSpared'>;

/** As it lies on disk. Offsets up to `position` are settled, and those in `done`, as pairs of first and last. */
export interface GroupRecord {
  readonly logId: string;
  readonly position: number;
  readonly done: readonly (readonly [number, number])[];
  readonly held: readonly (readonly [offset: number, claim: StoredClaim])[];
  readonly again: readonly (readonly [offset: number, again: StoredAgain])[];
}

export interface Turn {
  readonly offset: number;
  readonly attempt: number;
  readonly priority: Priority;
}

interface Run {
  next: number;
  readonly last: number;
  /** Called when all of it was handed out. */
  readonly taken: () => void;
}

/** With so many to come again, nothing new is handed out: what fails must not pile up without end. */
const maxAgain = 256;
/** The longest wait of what does not say how long it was to wait. */
const longestWait = 30_000;
const priorities: readonly Priority[] = ['critical', 'high', 'normal', 'low'];

type Clock = Pick<Platform, 'now' | 'elapsed'>;

export class GroupChannel {
  readonly channelId: string;
  readonly #clock: Clock;
  readonly held: Map<number, Claim> = new Map();
  readonly again: Map<number, Due> = new Map();
  logId: string;
  #position: number;
  #done: [number, number][];
  /** Up to here the channel was read. */
  #fed: number;
  readonly #ready: { readonly [P in Priority]: Run[] } = { critical: [], high: [], normal: [], low: [] };

  constructor(channelId: string, record: GroupRecord, clock: Clock) {
    this.channelId = channelId;
    this.#clock = clock;
    this.logId = record.logId;
    this.#position = record.position;
    this.#fed = record.position;
    this.#done = record.done.map(([from, to]) => [from, to]);
    const elapsed = clock.elapsed();
    for (const [offset, claim] of record.held) this.held.set(offset, { ...claim, until: elapsed + claim.lease });
    for (const [offset, again] of record.again) {
      const { wait = longestWait } = again;
      const left = Math.min(Math.max(0, again.due - clock.now()), wait);
      this.again.set(offset, { ...again, wait, due: elapsed + left });
    }
  }

  get position(): number {
    return this.#position;
  }

  get record(): GroupRecord {
    const start = this.#clock.now() - this.#clock.elapsed();
    return {
      logId: this.logId,
      position: this.#position,
      done: this.#done.map(([from, to]) => [from, to]),
      held: [...this.held].map(([offset, { attempt, owner, lease, priority }]) => [
        offset,
        { attempt, owner, lease, priority },
      ]),
      again: [...this.again].map(([offset, again]) => [offset, { ...again, due: start + again.due }]),
    };
  }

  /** Another log is there, or what would have come next was dropped. */
  reset(logId: string, position: number): void {
    this.logId = logId;
    this.#position = position;
    this.#fed = position;
    this.#done = [];
    this.held.clear();
    this.again.clear();
    for (const priority of priorities) for (const run of this.#ready[priority].splice(0)) run.taken();
  }

  /** Reading begins anew at the position: what was read and not handed out comes again. */
  rewind(): void {
    this.#fed = this.#position;
    for (const priority of priorities) this.#ready[priority].length = 0;
  }

  /** A block was read: what of it is neither settled nor under way is ready. `taken` is called when all of it was handed out. */
  feed(logId: string, first: number, last: number, priority: Priority, taken: () => void): void {
    this.logId = logId;
    const runs = last > this.#fed ? this.#free(Math.max(first, this.#fed + 1), last) : [];
    this.#fed = Math.max(this.#fed, last);
    let left = runs.length;
    if (left === 0) return taken();
    const oneTaken = (): void => {
      left -= 1;
      if (left === 0) taken();
    };
    this.#ready[priority].push(...runs.map(([from, to]) => ({ next: from, last: to, taken: oneTaken })));
  }

  /** Nobody's work after all; if it is in somebody's hands it stays there. */
  passOver(offset: number): void {
    if (!this.held.has(offset) && !this.again.has(offset) && offset <= this.#fed) this.settle(offset);
  }

  /** It was deleted. */
  erased(offset: number): void {
    if (offset <= this.#fed && !this.held.has(offset)) this.settle(offset);
  }

  /** All up to here was cleared. */
  cleared(upTo: number): void {
    if (upTo <= this.#position) return;
    for (const offset of this.again.keys()) if (offset <= upTo) this.again.delete(offset);
    this.#done = this.#done.filter(([, to]) => to > upTo);
    this.#position = Math.max(upTo, (this.#done[0]?.[0] ?? Infinity) <= upTo + 1 ? (this.#done.shift()?.[1] ?? 0) : 0);
  }

  /** The next one to hand out at this moment: the highest priority first, and in it what comes again before what is new. */
  next(now: number): Turn | undefined {
    const isFull = this.again.size >= maxAgain;
    const again = [...this.again].filter(([, { due }]) => due <= now);
    for (const priority of priorities) {
      const back = again.find(([, { priority: own }]) => own === priority);
      if (back !== undefined) return { offset: back[0], attempt: back[1].attempts + 1, priority };
      const run = isFull ? undefined : this.#first(priority);
      if (run !== undefined) return { offset: run.next, attempt: 1, priority };
    }
    return undefined;
  }

  /** The lowest that is not settled, and only when none is in hand: for groups that keep the order. */
  nextInOrder(now: number): Turn | undefined {
    if (this.held.size > 0) return undefined;
    const ready = priorities.flatMap((priority) => {
      const run = this.#first(priority);
      return run === undefined ? [] : { offset: run.next, attempt: 1, priority, due: 0 };
    });
    const again = [...this.again].map(([offset, { attempts, priority, due }]) => {
      return { offset, attempt: attempts + 1, priority, due };
    });
    const [lowest] = [...ready, ...again].toSorted((a, b) => a.offset - b.offset);
    return lowest === undefined || lowest.due > now ? undefined : lowest;
  }

  claim({ offset, attempt, priority }: Turn, owner: string, lease: number): void {
    // Its time begins when the member is told.
    this.held.set(offset, { attempt, owner, lease, priority, until: Infinity });
    if (this.again.delete(offset)) return;
    (this.#ready[priority][0] as Run).next += 1;
    // What is exhausted gives its credit back at once.
    this.#first(priority);
  }

  settle(offset: number): void {
    this.held.delete(offset);
    this.again.delete(offset);
    if (this.#isSettled(offset)) return;
    const after = this.#done.findIndex(([from]) => from > offset);
    const at = after < 0 ? this.#done.length : after;
    const before = this.#done[at - 1];
    const next = this.#done[at];
    if (before?.[1] === offset - 1 && next?.[0] === offset + 1) this.#done.splice(at - 1, 2, [before[0], next[1]]);
    else if (before?.[1] === offset - 1) before[1] = offset;
    else if (next?.[0] === offset + 1) next[0] = offset;
    else this.#done.splice(at, 0, [offset, offset]);
    if (this.#done[0]?.[0] === this.#position + 1) this.#position = (this.#done.shift() as [number, number])[1];
  }

  /** It comes again when it has waited. */
  putBack(offset: number, again: Again): void {
    this.held.delete(offset);
    this.again.set(offset, { ...again, due: this.#clock.elapsed() + again.wait });
  }

  isSettled(offset: number): boolean {
    return this.#isSettled(offset) && !this.held.has(offset) && !this.again.has(offset);
  }

  get pending(): number {
    return this.held.size + this.again.size;
  }

  /** How many of the messages up to `head` were not handed out yet. */
  lag(head: number): number {
    const done = this.#done.reduce((sum, [from, to]) => sum + to - from + 1, 0);
    const under = [...this.held.keys(), ...this.again.keys()].filter((offset) => offset > this.#position).length;
    return Math.max(0, head - this.#position - done - under);
  }

  /** The first run that has something left: what was passed over is not handed out. */
  #first(priority: Priority): Run | undefined {
    const runs = this.#ready[priority];
    for (let run = runs[0]; run !== undefined; run = runs[0]) {
      while (run.next <= run.last && this.#isSettled(run.next)) run.next += 1;
      if (run.next <= run.last) return run;
      runs.shift();
      run.taken();
    }
    return undefined;
  }

  #isSettled(offset: number): boolean {
    return offset <= this.#position || this.#isDone(offset);
  }

  #isDone(offset: number): boolean {
    return this.#done.some(([from, to]) => from <= offset && offset <= to);
  }

  /** What of `from` to `to` is neither settled nor under way, as runs. */
  #free(from: number, to: number): [number, number][] {
    const runs: [number, number][] = [];
    for (let offset = from; offset <= to; offset++) {
      if (this.#isSettled(offset) || this.held.has(offset) || this.again.has(offset)) continue;
      const run = runs.at(-1);
      if (run?.[1] === offset - 1) run[1] = offset;
      else runs.push([offset, offset]);
    }
    return runs;
  }
}
