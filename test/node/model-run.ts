// Several logs on one place that they share, what may be done with them, and what must hold then.
import { isDeepStrictEqual } from 'node:util';
import { sizeOf } from '../../src/core/block.ts';
import type { Block, IdentifiedBlock, StoredBlock } from '../../src/core/block.ts';
import type { Ref } from '../../src/core/host.ts';
import type { Append, ChannelHead, Log, Verdict } from '../../src/core/log.ts';
import { append, contentsOf, readAll } from '../../src/testing/log-setup.ts';
import { blockOf, identified } from '../../src/testing/sender.ts';
import { Place } from './model-place.ts';
import type { ModelPlace } from './model-place.ts';

export type Op =
  | { readonly t: 'own'; readonly count: number; readonly urgent: boolean }
  /** The producer's next block, one that it sent before, or one that it has no right to yet. */
  | { readonly t: 'send'; readonly producer: number; readonly how: 'next' | 'again' | 'gap' }
  /** The next push of a client of this log, or its last one once more. */
  | { readonly t: 'push'; readonly how: 'next' | 'again' }
  | { readonly t: 'key'; readonly key: number }
  /** By itself, or together with a block. */
  | { readonly t: 'record'; readonly name: number; readonly how: 'save' | 'remove' | 'append' }
  | { readonly t: 'trim' | 'replace'; readonly part: number }
  | { readonly t: 'end' | 'fail' | 'delete'; readonly part: number }
  | { readonly t: 'reopen' | 'break' };
export type Act = Op & { readonly by: number };

interface Told {
  readonly head: ChannelHead;
  readonly blocks: readonly StoredBlock[];
  readonly records: readonly (readonly [string, unknown])[];
}

/** What is not at once everywhere. */
const patience = 5000;

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  for (const until = performance.now() + patience; !(await holds()) && performance.now() < until;)
    await new Promise((resolve) => setTimeout(resolve, 10));
}

const textIn = (block: StoredBlock): string => ('json' in block ? block.json : '');

export class Run {
  readonly #place: ModelPlace;
  readonly places = [new Place(), new Place(), new Place()];
  readonly #sent: IdentifiedBlock[][] = [[], []];
  /** Where blocks were said to be stored, and what may stand there. */
  readonly stored = new Map<string, { readonly offset: number; readonly texts: Set<string> }>();
  readonly #ended = new Set<number>();
  /** Where what was pushed lies, by client and number; and what has a key. */
  readonly #pushes = new Map<string, number>();
  readonly #keys = new Map<string, number>();
  /** The records as they were when they were looked at, and what each log has written last since. */
  #records: ReadonlyMap<string, unknown> = new Map();
  readonly #written = new Map<string, Map<number, unknown>>();
  readonly #texts = new Map<string, Set<string>>();
  readonly problems: string[] = [];
  #n = 0;

  constructor(place: ModelPlace) {
    this.#place = place;
  }

  open(by: number): Promise<void> {
    const handed = ({ offset }: Ref): void => {
      if (this.#ended.has(offset)) this.problems.push(`${offset} was handed out when it was done`);
    };
    const wrong = (what: string): void => void this.problems.push(`${by}: ${what}`);
    return (this.places[by] as Place).open(this.#place.open, handed, wrong);
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
        const header = one.urgent ? { ...block.header, priority: 'high' as const } : block.header;
        const verdict = await this.#append(log, { ...block, header });
        if (verdict.kind !== 'stored') this.problems.push(`own block: ${JSON.stringify(verdict)}`);
        break;
      }
      case 'send':
        await this.#send(log, one.producer, one.how);
        break;
      case 'push':
        await this.#push(place, one);
        break;
      case 'key':
        await this.#key(log, `key${one.key}`);
        break;
      case 'record':
        await this.#record(log, one);
        break;
      case 'break':
        await this.#place.breakAll?.();
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
        await place.close();
        await this.open(one.by);
    }
  }

  #store(blockId: string, offset: number, { json }: { readonly json: string }): void {
    if (this.stored.has(blockId)) this.problems.push(`${blockId} was stored twice`);
    this.stored.set(blockId, { offset, texts: this.#textsOf(blockId).add(json) });
  }

  /** What a block may hold. It may be replaced before who stored it is told. */
  #textsOf(blockId: string): Set<string> {
    const texts = this.#texts.get(blockId) ?? new Set();
    this.#texts.set(blockId, texts);
    return texts;
  }

  /** One block of the log's own. */
  async #append(log: Log, block: Block, more: Omit<Append, 'block'> = {}): Promise<Verdict> {
    const blockId = `own${(this.#n += 1)}`;
    const [verdict] = await log.append([{ block, blockId, ...more }]);
    if (verdict?.kind === 'stored') this.#store(blockId, verdict.offset, block as never);
    return verdict as Verdict;
  }

  async #push(place: Place, { by, how }: Extract<Act, { t: 'push' }>): Promise<void> {
    if (how === 'next') place.pushed += 1;
    if (place.pushed === 0) return;
    const push = { clientId: `client${by}`, n: place.pushed };
    const verdict = await this.#append(place.log, blockOf('a', [`pushed ${(this.#n += 1)}`]), { push });
    this.#once(this.#pushes, `${push.clientId} ${push.n}`, verdict);
  }

  async #key(log: Log, key: string): Promise<void> {
    const { first } = await log.head('a');
    const verdict = await this.#append(log, blockOf('a', [`keyed ${(this.#n += 1)}`], key));
    // With the message its key goes, too.
    const before = this.#keys.get(key) ?? 0;
    if (verdict.kind === 'stored' && before < Math.max(first, (await log.head('a')).first)) this.#keys.delete(key);
    this.#once(this.#keys, key, verdict);
  }

  /** The same, said twice, is stored once, and known where it is. */
  #once(known: Map<string, number>, name: string, verdict: Verdict): void {
    if (verdict.kind === 'refused') return void this.problems.push(`${name}: ${JSON.stringify(verdict)}`);
    const before = known.get(name);
    if (before !== undefined && before !== verdict.offset)
      this.problems.push(`${name} is at ${before}, and ${verdict.kind} at ${verdict.offset}`);
    return void known.set(name, verdict.offset);
  }

  async #record(log: Log, { by, name, how }: Extract<Act, { t: 'record' }>): Promise<void> {
    const record = `record${name}`;
    const value = how === 'remove' ? undefined : `value ${(this.#n += 1)}`;
    this.#written.set(record, (this.#written.get(record) ?? new Map<number, unknown>()).set(by, value));
    if (how === 'append') await this.#append(log, blockOf('a', [value]), { records: [[record, value]] });
    else await log.save([[record, value]]);
  }

  async #send(log: Log, producer: number, how: 'next' | 'again' | 'gap'): Promise<void> {
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

  async #replace(log: Log, at: number): Promise<void> {
    const { first, head } = await log.head('a');
    const [block] = (await log.read('a', first - 1 + Math.floor((head - first + 1) * at), 1)).blocks;
    if (block === undefined) return;
    const { json } = blockOf(
      'a',
      Array.from({ length: block.header.count }, () => `new ${(this.#n += 1)}`),
    ) as { json: string };
    const texts = this.#textsOf(block.header.blockId).add(json);
    const { header, logId, offset, appendedAt } = block;
    await log.replace({ header, logId, offset, appendedAt, json });
    const [after] = (await log.read('a', offset - 1, 1)).blocks;
    if (after?.offset === offset && !texts.has(textIn(after)) && this.stored.has(header.blockId))
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
    const late = await this.#place.open();
    const told: Told[] = [];
    for (const log of [...this.places.map((place) => place.log), late]) {
      const records = [...(await log.records('record'))].toSorted(([a], [b]) => (a < b ? -1 : 1));
      told.push({ records, blocks: await readAll(log, 'a'), head: await log.head('a') });
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
    this.#checkRecords(new Map(first.records));
    await this.#checkTold(first.head);
    await this.#checkGroups();
    await late.close();
    return this.problems;
  }

  /** What was written last holds, and of what was written at the same time one. */
  #checkRecords(found: ReadonlyMap<string, unknown>): void {
    for (const name of new Set([...found.keys(), ...this.#records.keys(), ...this.#written.keys()])) {
      const written = this.#written.get(name);
      const may = written === undefined ? [this.#records.get(name)] : [...written.values()];
      if (!may.includes(found.get(name))) this.#same(name, found.get(name), may);
    }
    this.#records = found;
    this.#written.clear();
  }

  async #checkTold({ first, head }: ChannelHead): Promise<void> {
    const isTold = ({ begun, told }: Place): boolean => Math.max(begun, told) >= head || first > head;
    await eventually(() => Promise.resolve(this.places.every(isTold)));
    for (const [by, place] of this.places.entries()) {
      this.#same(`${by} is told up to`, isTold(place) || place.told, true);
      this.#same(`what ${by} was not told of is trimmed`, place.passedOver < first || place.passedOver, true);
    }
  }

  /** They go on handing out meanwhile. */
  async #checkGroups(): Promise<void> {
    const all = (): Promise<readonly unknown[]> => Promise.all(this.places.map(({ groups }) => groups.list('a')));
    let infos = await all();
    await eventually(async () => {
      infos = await all();
      return infos.every((info) => isDeepStrictEqual(info, infos[0]));
    });
    for (const info of infos) this.#same('groups', info, infos[0]);
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
    await Promise.all(this.places.map((place) => place.close()));
  }
}
