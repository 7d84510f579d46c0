// What several logs share, and one of them with all that belongs to it.
import { firstOffset } from '../../src/core/block.ts';
import type { GroupHome, GroupKeeper, HostMembership, SharedLog } from '../../src/core/group-keeper.ts';
import type { Ref } from '../../src/core/host.ts';
import { systemPlatform } from '../../src/core/platform.ts';

/** What the logs share. */
export interface ModelPlace {
  /** Another log on it. */
  readonly open: () => Promise<SharedLog>;
  /** Every connection that there is breaks. */
  readonly breakAll?: () => Promise<unknown>;
}

/** One process, as far as it can be told from here. */
export class Place {
  log!: SharedLog;
  groups!: GroupKeeper;
  member!: HostMembership;
  inHand: Ref[] = [];
  pushed = 0;
  /** What was there when it was opened, and how far its followers were told since. */
  begun = 0;
  told = 0;
  /** The last of what it was not told of. */
  passedOver = 0;
  #isOver = false;

  async open(open: ModelPlace['open'], handed: (ref: Ref) => void, wrong: (what: string) => void): Promise<void> {
    this.#isOver = false;
    this.log = await open();
    this.told = 0;
    this.passedOver = 0;
    this.log.follow((blocks) => {
      for (const block of blocks) {
        if (block.header.channelId !== 'a') continue;
        if (block.offset <= this.told) wrong(`${block.offset} was told after ${this.told}`);
        if (this.told > 0 && firstOffset(block) > this.told + 1) this.passedOver = firstOffset(block) - 1;
        this.told = block.offset;
      }
    });
    this.begun = (await this.log.head('a')).head;
    const nothing = (): void => undefined;
    const failed = (error: unknown): void => {
      if (!this.#isOver) throw error;
    };
    const home: GroupHome = {
      log: this.log,
      platform: systemPlatform,
      open: failed as never,
      watch: nothing,
      died: nothing,
      failed,
    };
    this.groups = this.log.groups(home);
    this.inHand = [];
    const backoff = { initial: 1, max: 1, factor: 1, jitter: false };
    const request = {
      group: 'w',
      pattern: 'a',
      from: 'earliest',
      slots: 3,
      lease: 60_000,
      maxAttempts: 3,
      backoff,
      ordered: false,
      since: 0,
    } as const;
    const client = `${this.log.storeId}.c`;
    await new Promise<void>((joined) => {
      const hand = (ref: Ref): void => {
        handed(ref);
        this.inHand.push(ref);
      };
      const lost = ({ offset }: Ref): void => {
        this.inHand = this.inHand.filter((ref) => ref.offset !== offset);
      };
      this.member = this.groups.join(client, `${client}/1`, request, { joined, hand, lost, failed }, []);
    });
  }

  async close(): Promise<void> {
    this.#isOver = true;
    this.groups.close();
    await this.log.close();
  }
}
