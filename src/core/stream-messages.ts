// What a stream is made of on its channel: a stored beginning, ephemeral deltas, a stored end. A stream that was begun again
// by another writer (an answer's second attempt) has the same id and a higher run.

import type { Message } from './message.ts';

export const beginType = 'busline.stream';
export const deltaType = 'busline.delta';
export const askType = 'busline.ask';
export const abortType = 'busline.abort';
/** Asks for all streams that are under way. */
export const anyStream = '*';

const endPrefix = 'end:';

export const endId = (streamId: string): string => endPrefix + streamId;
export const abortId = (streamId: string, run: number): string => `abort:${streamId}:${run}`;

/** The stream that a message with this id ends, if it ends one. */
export function endedBy(id: string): string | undefined {
  return id.startsWith(endPrefix) ? id.slice(endPrefix.length) : undefined;
}

/** A stream's beginning with the type that its end will have. */
export type Begin = Omit<Message, 'content'>;

export interface Delta {
  readonly streamId: string;
  readonly run: number;
  /** How long the text is before it, in UTF-16 units. */
  readonly index: number;
  readonly delta: string;
  /** So that who did not see the beginning learns of it. */
  readonly begin?: Begin;
  /** That of an earlier run, which not all who see this one may have seen. */
  readonly end?: Message;
}

export interface Ask {
  readonly streamId: string;
  readonly stop: boolean;
  /** The stream was deleted: nothing of it is to be stored any more. */
  readonly drop: boolean;
}

type Fields = { readonly [key: string]: unknown };

function fieldsOf(content: unknown): Fields {
  return typeof content === 'object' && content !== null ? (content as Fields) : {};
}

const texts = ['id', 'channelId', 'authorId', 'type'] as const;
const numbers = ['timestamp', 'offset'] as const;

/** Whether this could be a message, or the beginning of one. */
function isMessage(value: unknown): boolean {
  const fields = fieldsOf(value);
  return (
    texts.every((name) => typeof fields[name] === 'string') && numbers.every((name) => typeof fields[name] === 'number')
  );
}

export function beginOf({ content, ...message }: Message): Begin {
  const { type } = fieldsOf(content);
  return { ...message, type: typeof type === 'string' ? type : 'text' };
}

/** Which run of its stream a stored beginning began. */
export function runOf({ content }: Message): number {
  const { run } = fieldsOf(content);
  return typeof run === 'number' ? run : 1;
}

/** Undefined if it is none: anybody can send anything. */
export function deltaOf({ content }: Message): Delta | undefined {
  const { streamId, run, index, delta, begin, end } = fieldsOf(content);
  const isDelta =
    typeof streamId === 'string' && typeof run === 'number' && typeof index === 'number' && typeof delta === 'string';
  return isDelta && [begin, end].every((message) => message === undefined || isMessage(message))
    ? (content as Delta)
    : undefined;
}

/** Of no stream if it is none. */
export function askOf({ content }: Message): Ask {
  const { streamId, stop, drop } = fieldsOf(content);
  return { streamId: typeof streamId === 'string' ? streamId : '', stop: stop === true, drop: drop === true };
}

/** Which stream a stored "busline.abort" ends, and which run of it. */
export function abortOf({ id, correlationId = '' }: Message): { readonly streamId: string; readonly run: number } {
  return { streamId: correlationId, run: Number(id.slice(abortId(correlationId, 0).length - 1)) };
}
