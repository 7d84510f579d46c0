// Several logs on one folder, what may be done with them, and what must hold then.
import { isDeepStrictEqual } from 'node:util';
import type { StoredBlock } from 'busline/core';
import { sizeOf } from '../../src/core/block.ts';
import type { IdentifiedBlock } from '../../src/core/block.ts';
import type { GroupHome, GroupKeeper, HostMembership } from '../../src/core/group-keeper.ts';
import type { Ref } from '../../src/core/host.ts';
import type { ChannelHead } from '../../src/core/log.ts';
import { systemPlatform } from '../../src/core/platform.ts';
import { FileLog } from '../../src/node/file-log/file-log.ts';
import { append, contentsOf, readAll } from '../../src/testing/log-setup.ts';
import { blockOf, identified } from '../../src/testing/sender.ts';

export type Op =
  | { readonly t: 'own'; readonly count: number; readonly urgent: boolean }
  /** The producer's next block, one that it sent before, or one that it has no right to yet. */
  | { readonly t: 'send'; readonly producer: number; readonly how: 'next' | 'again' | 'gap' }
  | { readonly t: 'trim' | 'replace'; readonly part: number }
  | { readonly t: 'end' | 'fail' | 'delete'; readonly part: number }
  | { readonly t: 'reopen' };
export type Act = Op & { readonly by: number };

interface Told {
  readonly head: ChannelHead;
  readonly blocks: readonly StoredBlock[];
}

const textIn = (block: StoredBlock): string => ('json' in block ? block.json : '');

/** One process, as far as it can be told from here. */
class Place {
  log!: FileLog;
  groups!: GroupKeeper;
  member!: HostMembership;
  inHand: Ref[] = [];

  async open(directory: string, handed: (ref: Ref) => void): Promise<void> {
    this.log = await FileLog.open({ directory, segmentSize: 2500, poll: 10 });
    const nothing = (): void => undefined;
    const failed = (error: unknown): void => {
      throw error;
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
}

export class Run {
  readonly #directory: string;
  readonly places = [new Place(), new Place(), new Place()];
  readonly #sent: IdentifiedBlock[][] = [[], []];
  /** Where blocks were said to be stored, and what may stand there. */
  readonly stored = new Map<string, { readonly offset: number; readonly texts: Set<string> }>();
  readonly #ended = new Set<number>();
  readonly problems: string[] = [];
  #n = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  open(by: number): Promise<void> {
    return (this.places[by] as Place).open(this.#directory, ({ offset }) => {
      if (this.#ended.has(offset)) this.problems.push(`${offset} was handed out when it was done`);
    });
  }

  async act(one: Act): Promise<void> {
    const place = this.places[one.by] as Place;
    const { log } = place;
    switch (one.t) {
      case 'own': {
        const block = blockOf(
          'a',
          Array.from({ length: one.count }, () => `own ${(this.#n += 1)}`),
        );
        const blockId = `own${(this.#n += 1)}`;
        const header = one.urgent ? { ...block.header, priority: 'high' as const } : block.header;
        const [verdict] = await log.append([{ block: { ...block, header }, blockId }]);
        if (verdict?.kind !== 'stored') this.problems.push(`own block: ${JSON.stringify(verdict)}`);
        else this.#store(blockId, verdict.offset, block as never);
        break;
      }
      case 'send':
        await this.#send(log, one.producer, one.how);
        break;
      case 'trim': {
        const { first, head } = await log.head('a');
        await log.trim('a', first - 1 + Math.floor((head - first + 1) * one.part));
        break;
      }
      case 'replace':
        await this.#replace(log, one.part);
        break;
      case 'end':
      case 'fail':
      case 'delete':
        await this.#settle(place, one);
        break;
      case 'reopen':
      default:
        await log.close();
        await this.open(one.by);
    }
  }

  #store(blockId: string, offset: number, { json }: { readonly json: string }): void {
    if (this.stored.has(blockId)) this.problems.push(`${blockId} was stored twice`);
    this.stored.set(blockId, { offset, texts: new Set([json]) });
  }

  async #send(log: FileLog, producer: number, how: 'next' | 'again' | 'gap'): Promise<void> {
    const sent = this.#sent[producer] as IdentifiedBlock[];
    const last = sent.at(-1);
    if (how === 'again' && last === undefined) return;
    const sequence = sent.length + (how === 'gap' ? 3 : 1);
    const made = identified(blockOf('a', [`p${producer} ${sequence} ${(this.#n += 1)}`]), `p${producer}`, sequence);
    const block = how === 'again' ? (last as IdentifiedBlock) : made;
    const { blockId } = block.header;
    if (how === 'next') sent.push(block);
    const verdict = await append(log, block);
    if (how === 'gap' && verdict.kind === 'stored' && sent.length < sequence)
      this.problems.push(`a gap was stored: ${sequence}`);
    if (verdict.kind === 'stored') this.#store(blockId, verdict.offset, block as never);
    // At the same time an earlier one may not be there yet; then it is sent again.
    if (verdict.kind === 'refused' && verdict.code === 'GAP' && how === 'next')
      sent.splice(sent.indexOf(block), Infinity);
    if (verdict.kind === 'known' && this.stored.has(blockId) && this.stored.get(blockId)?.offset !== verdict.offset)
      this.problems.push(`${blockId} is known at ${verdict.offset}`);
  }

  async #replace(log: FileLog, at: number): Promise<void> {
    const { first, head } = await log.head('a');
    const [block] = (await log.read('a', first - 1 + Math.floor((head - first + 1) * at), 1)).blocks;
    if (block === undefined) return;
    const { json } = blockOf(
      'a',
      Array.from({ length: block.header.count }, () => `new ${(this.#n += 1)}`),
    ) as { json: string };
    // It may have been stored by one who was not told yet.
    const known = this.stored.get(block.header.blockId) ?? { offset: block.offset, texts: new Set<string>() };
    known.texts.add(json);
    const { header, logId, offset, appendedAt } = block;
    await log.replace({ header, logId, offset, appendedAt, json });
    const [after] = (await log.read('a', offset - 1, 1)).blocks;
    if (after?.offset === offset && !known.texts.has(textIn(after)) && this.stored.has(header.blockId))
      this.problems.push(`${offset} holds what nobody has put there`);
  }

  async #settle({ log, groups, inHand, member }: Place, one: Extract<Act, { part: number }>): Promise<void> {
    if (one.t === 'delete') return groups.erased('a', Math.floor((await log.head('a')).head * one.part) + 1);
    const [ref] = inHand.splice(Math.floor(inHand.length * one.part), 1);
    if (ref === undefined) return undefined;
    const outcome =
      one.t === 'end' ? ({ kind: 'done' } as const) : ({ kind: 'failed', reason: 'no', dead: false } as const);
    await member.settle(ref, outcome).then(
      () => void (one.t === 'end' && this.#ended.add(ref.offset)),
      () => undefined,
    );
    return undefined;
  }

  /** All of them, and one that comes now. Resolves with what is wrong. */
  async compare(): Promise<readonly string[]> {
    const late = await FileLog.open({ directory: this.#directory, segmentSize: 2500 });
    const told: Told[] = [];
    for (const log of [...this.places.map((place) => place.log), late]) {
      await log.records('');
      told.push({ blocks: await readAll(log, 'a'), head: await log.head('a') });
    }
    const [first, ...others] = told as [Told, ...Told[]];
    for (const other of others) this.#same('logs', other, first);
    for (const { head, blocks } of told)
      this.#same(
        'bytes',
        head.bytes,
        blocks.reduce((sum, block) => sum + sizeOf(block), 0),
      );
    this.#check(first);
    const infos = await Promise.all(this.places.map(({ groups }) => groups.list('a')));
    for (const info of infos) this.#same('groups', info, infos[0]);
    await late.close();
    return this.problems;
  }

  #same(what: string, found: unknown, expected: unknown): void {
    if (!isDeepStrictEqual(found, expected))
      this.problems.push(`${what}: ${JSON.stringify(found)} where there should be ${JSON.stringify(expected)}`);
  }

  #check({ head, blocks }: Told): void {
    const byId = new Map(blocks.map((block) => [block.header.blockId, block]));
    this.#same('each block once', byId.size, blocks.length);
    for (const [blockId, { offset, texts }] of this.stored) {
      const block = byId.get(blockId);
      if (block === undefined) this.#same(`${blockId} is lost, or dropped`, offset < head.first, true);
      else this.#same(`${blockId} as it was put`, [block.offset, texts.has(textIn(block))], [offset, true]);
    }
    this.#same('all that is kept', contentsOf(blocks).length, Math.max(0, head.head - head.first + 1));
    for (const producer of ['p0', 'p1']) {
      const own = blocks.filter(({ header }) => header.producerId === producer).map(({ header }) => header.sequence);
      this.#same(
        'order',
        own,
        own.toSorted((x, y) => x - y),
      );
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.places.map(({ log }) => log.close()));
  }
}
