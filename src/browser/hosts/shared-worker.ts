// The SharedWorker as host: all tabs make it by the same name, and reach the same one. One that hangs is left behind by its
// name: a generation higher is another worker.

import type { ClientFrame } from '../../protocol/frames.ts';
import type { Link } from '../../protocol/link.ts';
import { portLink } from '../links/port-link.ts';
import { highestGeneration, holdLock, runningHost, lockNames } from '../locks.ts';
import type { HeldLock } from '../locks.ts';
import type { Meeting, Notice } from '../meeting.ts';
import { workerName } from '../worker-name.ts';
import type { Seat } from './seat.ts';

export class SharedWorkerSeat implements Seat {
  readonly #bus: string;
  readonly #create: (name: string) => SharedWorker;
  #meeting: Meeting | undefined;
  #changed: (why: string) => void = () => undefined;
  #tellFailed: (why: string) => void = () => undefined;
  #generation: { readonly number: number; readonly lock: HeldLock } | undefined;

  constructor(bus: string, create: (name: string) => SharedWorker) {
    this.#bus = bus;
    this.#create = create;
  }

  enter(meeting: Meeting, changed: (why: string) => void): void {
    this.#meeting = meeting;
    this.#changed = changed;
  }

  failed(tell: (why: string) => void): void {
    this.#tellFailed = tell;
  }

  async reach(): Promise<Link<ClientFrame>> {
    if (this.#generation === undefined) await this.#use(await highestGeneration(this.#bus));
    const worker = this.#create(workerName(this.#bus, this.#generation?.number ?? 0));
    worker.addEventListener('error', () => this.#tellFailed('The worker script failed to load or to start.'));
    return portLink(worker.port);
  }

  running(): Promise<string | undefined> {
    return runningHost(this.#bus, 'shared-worker', this.#generation?.number ?? 0);
  }

  async abandon(): Promise<void> {
    const highest = await highestGeneration(this.#bus);
    const next = Math.max(highest, (this.#generation?.number ?? 0) + 1);
    await this.#use(next);
    if (next > highest) this.#meeting?.say({ type: 'raised' });
  }

  /** Whoever says so: the locks tell whether it is true. Tabs that wait for nothing follow at once. */
  heard({ type }: Notice): void {
    if (type !== 'raised') return;
    void highestGeneration(this.#bus).then(async (highest) => {
      if (highest <= (this.#generation?.number ?? highest)) return;
      await this.#use(highest);
      this.#changed('Another tab found the host hung.');
    });
  }

  leave(): void {
    this.#generation?.lock.release();
    this.#generation = undefined;
    this.#meeting = undefined;
  }

  async #use(number: number): Promise<void> {
    this.#generation?.lock.release();
    this.#generation = undefined;
    // It may have been left while somebody looked which generation there is.
    if (this.#meeting === undefined) return;
    const lock = holdLock(lockNames.generation(this.#bus, number), 'shared');
    this.#generation = { number, lock };
    await lock.held;
  }
}
