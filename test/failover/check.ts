// What the whole history of a story must be like.

import { messagesOf } from '../../src/core/block.ts';
import type { ModelServer } from './model-home.ts';
import type { ModelChannel } from './model-log.ts';
import type { Process, Sent } from './story.ts';

export interface History {
  readonly sent: readonly Sent[];
  readonly processes: readonly Process[];
  readonly server: ModelServer;
  readonly gone: ReadonlySet<string>;
  readonly problems: string[];
}

export function textsOf(channel: ModelChannel | undefined): readonly string[] {
  const blocks = channel?.blocks ?? [];
  return blocks.flatMap((block) => messagesOf(block, block.offset).map(({ content }) => String(content)));
}

export function check({ sent, processes, server, gone, problems }: History): void {
  const home = textsOf(server.channels.get('work'));
  const lostTexts = server.lost;
  const living = new Set(processes.map(({ name, life }) => `${name}${life}`));

  const count = new Map<string, number>();
  for (const text of home) count.set(text, (count.get(text) ?? 0) + 1);
  for (const [text, times] of count) if (times > 1) problems.push(`home: ${text} lies there ${times} times`);
  for (const { text, isAcknowledged, producer } of sent) {
    if (isAcknowledged && !count.has(text) && !gone.has(text))
      problems.push(`home: ${text} was acknowledged and is not there`);
    if (!isAcknowledged && living.has(producer)) problems.push(`send: ${text} was never acknowledged`);
  }
  ordered('home', home, problems);
  for (const { stories } of processes)
    for (const { name, got: all, since, isReset, before: old } of stories) {
      if (isReset === true) continue;
      // What home lost, and the spill still had, comes once more.
      const got = all.filter((text) => !lostTexts.has(text));
      ordered(name, got, problems);
      const seen = new Set(got);
      const stale = got.find((text) => old?.has(text) === true);
      if (stale !== undefined) problems.push(`${name}: got ${stale}, which came before it`);
      if (seen.size < got.length) problems.push(`${name}: got ${got.find((text, at) => got.indexOf(text) < at)} twice`);
      for (const { text, at } of sent) {
        if (!count.has(text) || seen.has(text) || lostTexts.has(text)) continue;
        if (since === undefined) problems.push(`${name}: never got ${text}`);
        // Of a producer, what came after something that it got.
        else if (at > since && got.some((other) => isBefore(other, text)))
          problems.push(`${name}: got later ones of the producer, and not ${text}`);
      }
    }
}

function isBefore(a: string, b: string): boolean {
  const [[producer, n], [other, m]] = [a.split(':'), b.split(':')] as [[string, string], [string, string]];
  return producer === other && Number(n) < Number(m);
}

function ordered(name: string, list: readonly string[], problems: string[]): void {
  const last = new Map<string, number>();
  for (const text of list) {
    const [producer = '', n = ''] = text.split(':');
    if (Number(n) < (last.get(producer) ?? 0))
      problems.push(`${name}: ${text} came after ${producer}:${last.get(producer)}`);
    last.set(producer, Number(n));
  }
}
