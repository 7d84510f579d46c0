// All channels as a file, and back. The file is text, a JSON value a line, so that a person and other programs can read it:
// a head, then descriptions and blocks, and a last line by which a file that ended early is known.

import { encodeItem } from './batch.ts';
import type { Block, Body, StoredBlock } from './block.ts';
import { maxBlockMessages, messagesOf } from './block.ts';
import { checkChannel } from './channel.ts';
import { busError, describe, isBusError, toRecord } from './errors.ts';
import { isUuid7 } from './id.ts';
import type { Inside } from './inside.ts';
import type { ArchivedBlock } from './host-admin.ts';
import { priorities } from './message.ts';
import type { ChannelDescription } from './message-bus.ts';
import { decodeText, encodeText, fromBase64, toBase64 } from './platform.ts';

const format = 1;
const pageMessages = 2048;
/** So many blocks, or so much text, go to the host at once. */
const batchBlocks = 64;
const batchSize = 512 * 1024;

interface ArchivedChannel {
  readonly channelId: string;
  readonly description: ChannelDescription;
}

type Line =
  | { readonly busline: 'export'; readonly format: number; readonly exportedAt: number }
  | { readonly channel: ArchivedChannel }
  | { readonly block: { readonly header: ArchivedBlock['header']; readonly json: string; readonly buffers?: string[] } }
  | { readonly end: { readonly blocks: number; readonly messages: number } };

/** A block that never left its process was not encoded; in a file it is. */
function encoded(block: Block): Extract<Body, { json: string }> {
  if ('json' in block) return block;
  const buffers: Uint8Array[] = [];
  const json = `[${block.items.map((item) => encodeItem(item, buffers)).join(',')}]`;
  return { json, buffers };
}

function lineOf(block: StoredBlock): Line {
  const { producerId: _producer, sequence: _sequence, ...header } = block.header;
  const { json, buffers = [] } = encoded(block);
  return {
    block: {
      header: { ...header, codec: 'json' },
      json,
      ...(buffers.length > 0 && { buffers: buffers.map((bytes) => toBase64(bytes)) }),
    },
  };
}

export async function exportTo(
  inside: Inside,
  write: (chunk: Uint8Array) => unknown,
): Promise<{ readonly messages: number }> {
  const put = async (lines: readonly Line[]): Promise<void> => {
    await write(encodeText(lines.map((line) => `${JSON.stringify(line)}\n`).join('')));
  };
  let messages = 0;
  let blocks = 0;
  await put([{ busline: 'export', format, exportedAt: inside.platform.now() }]);
  for (const { channelId, name, type, topic, metadata, first, head } of await inside.host.channels('*')) {
    const description = Object.fromEntries(
      Object.entries({ name, type, topic, metadata }).filter(([, value]) => value !== undefined),
    );
    await put([{ channel: { channelId, description } }]);
    for (let after = first - 1; after < head;) {
      const page = await inside.host.page(channelId, after, pageMessages);
      const data = page.blocks.filter(({ header }) => header.kind === 'data');
      if (data.length > 0) await put(data.map((block) => lineOf(block)));
      blocks += data.length;
      for (const block of data) messages += messagesOf(block, block.offset).length;
      const last = page.blocks.at(-1);
      if (last === undefined) break;
      after = last.offset;
    }
  }
  await put([{ end: { blocks, messages } }]);
  return { messages };
}

/** The lines of a file that comes in pieces, each with its number. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<readonly [number: number, text: string]> {
  const decode = decodeText();
  let rest = '';
  let number = 0;
  for await (const chunk of chunks) {
    if (!(chunk instanceof Uint8Array)) throw damaged(number + 1, 'it does not come as Uint8Array');
    const lines = decode(chunk).split('\n');
    lines[0] = rest + lines[0];
    rest = lines.pop() as string;
    for (const line of lines) yield [++number, line];
  }
  if (rest !== '') yield [number + 1, rest];
}

function damaged(line: number, why: string, cause?: unknown): Error {
  return busError('IMPORT_FAILED', `importFrom: line ${line}: ${why.replace(/\.$/, '')}.`, { cause });
}

/** What is wrong with the line becomes an error that names it. */
function orDamaged<T>(line: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw damaged(line, isBusError(error) ? toRecord(error).message : describe(error), error);
  }
}

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= maxBlockMessages;
}

function isKeys(value: unknown): boolean {
  return Array.isArray(value) && value.length === 1 && isText(value[0]);
}

type Check = (value: unknown) => boolean;

/** What is given must be so. */
function ifGiven(check: Check): Check {
  return (value) => value === undefined || check(value);
}

/** What the header of a block in a file is like. What else it holds is taken as it is. */
const header: { readonly [field: string]: Check } = {
  v: (value) => value === 1,
  kind: (value) => value === 'data',
  codec: (value) => value === 'json',
  blockId: isText,
  serverId: isText,
  authorId: isText,
  authorName: ifGiven(isText),
  firstId: (value) => isText(value) && isUuid7(value as string),
  createdAt: Number.isFinite,
  expiresAt: ifGiven(Number.isFinite),
  count: isCount,
  keys: ifGiven(isKeys),
  priority: ifGiven((value) => priorities.has(value)),
  // Its place among the blocks of a producer is that of the log it came from.
  producerId: (value) => value === undefined,
};

/** The block that a line holds; throws what is wrong with it. */
function blockOf(value: unknown): ArchivedBlock {
  if (!isRecord(value) || !isRecord(value['header'])) throw new TypeError('it holds no block');
  const { header: given, json, buffers = [] } = value;
  checkChannel(given['channelId']);
  const wrong = Object.keys(header).find((field) => header[field]?.(given[field]) === false);
  if (wrong !== undefined) throw new TypeError(`"${wrong}" of the block is not what it should be`);
  if (typeof json !== 'string') throw new TypeError('the body is no text');
  if (!Array.isArray(buffers)) throw new TypeError('the binary is no list');
  const bytes = buffers.map((text) => fromBase64(String(text)));
  const block = {
    header: given as unknown as ArchivedBlock['header'],
    json,
    ...(bytes.length > 0 && { buffers: bytes }),
  };
  messagesOf(block, 0);
  return block;
}

/** Counts of messages. */
interface Imported {
  readonly imported: number;
  readonly known: number;
}

/** Reads a file into the host, batch by batch. */
class Import {
  readonly #inside: Inside;
  #begun = false;
  #ended = false;
  #batch: ArchivedBlock[] = [];
  #size = 0;
  #blocks = 0;
  readonly #channels = new Set<string>();
  #counts: Imported = { imported: 0, known: 0 };

  constructor(inside: Inside) {
    this.#inside = inside;
  }

  async run(chunks: AsyncIterable<Uint8Array>): Promise<Imported> {
    let last = 0;
    try {
      for await (const [number, text] of linesOf(chunks)) {
        last = number;
        if (text !== '') await this.#take(this.#parse(number, text), number);
      }
    } finally {
      // What came before the damage is good.
      await this.#flush();
    }
    if (!this.#ended) throw damaged(last + 1, 'the file ends early; what came until here was imported');
    return this.#counts;
  }

  #parse(number: number, text: string): { readonly [key: string]: unknown } {
    let line: unknown;
    try {
      line = JSON.parse(text);
    } catch (error) {
      throw damaged(number, this.#begun ? 'it is damaged' : 'this is no export of a bus', error);
    }
    if (!isRecord(line)) throw damaged(number, 'it is no object');
    return line;
  }

  async #take(line: { readonly [key: string]: unknown }, number: number): Promise<void> {
    if (!this.#begun) return this.#begin(line, number);
    if (this.#ended) throw damaged(number, 'something comes after the end');
    if ('end' in line) await this.#end(line['end'], number);
    else if ('channel' in line) await this.#describe(line['channel'], number);
    else if ('block' in line) await this.#add(line['block'], number);
  }

  #begin(line: { readonly [key: string]: unknown }, number: number): void {
    if (line['busline'] !== 'export') throw damaged(number, 'this is no export of a bus');
    if (line['format'] !== format) throw damaged(number, `its format is ${String(line['format'])}, not ${format}`);
    this.#begun = true;
  }

  /** A file may lack lines and still have an end. */
  async #end(value: unknown, number: number): Promise<void> {
    await this.#flush();
    const { blocks, messages } = isRecord(value) ? value : {};
    const read = this.#counts.imported + this.#counts.known;
    if (blocks !== this.#blocks || messages !== read)
      throw damaged(number, `it tells of other blocks and messages than the ${this.#blocks} and ${read} before it`);
    this.#ended = true;
  }

  async #describe(value: unknown, number: number): Promise<void> {
    if (!isRecord(value) || !isRecord(value['description'])) throw damaged(number, 'it describes no channel');
    const { channelId, description } = value as unknown as ArchivedChannel;
    if (Object.keys(description).length === 0) return;
    orDamaged(number, () => checkChannel(channelId));
    await this.#inside.bus.admin.describe(channelId, description);
  }

  async #add(value: unknown, number: number): Promise<void> {
    const block = orDamaged(number, () => blockOf(value));
    const other = this.#batch[0]?.header.channelId;
    if (other !== undefined && other !== block.header.channelId) await this.#flush();
    this.#batch.push(block);
    this.#size += (block as { json: string }).json.length;
    if (this.#batch.length >= batchBlocks || this.#size >= batchSize) await this.#flush();
  }

  async #flush(): Promise<void> {
    const blocks = this.#batch.splice(0);
    const channelId = blocks[0]?.header.channelId;
    this.#size = 0;
    if (channelId === undefined) return;
    const begins = !this.#channels.has(channelId);
    this.#channels.add(channelId);
    const admin = await this.#inside.host.admin();
    const fresh = await admin.importBlocks(channelId, blocks, begins);
    this.#blocks += blocks.length;
    let { imported, known } = this.#counts;
    blocks.forEach((block, at) => {
      const count = messagesOf(block, 0).length;
      if (fresh[at] === true) imported += count;
      else known += count;
    });
    this.#counts = { imported, known };
  }
}

export function importFrom(inside: Inside, chunks: AsyncIterable<Uint8Array>): Promise<Imported> {
  return new Import(inside).run(chunks);
}
