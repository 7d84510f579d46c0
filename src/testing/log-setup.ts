// What all parts of the log suite share.

import { firstOffset, messagesOf } from '../core/block.ts';
import type { Block, IdentifiedBlock, StoredBlock } from '../core/block.ts';
import type { Log, Verdict } from '../core/log.ts';
import type { Runner } from './runner.ts';

export interface LogSetup {
  /** An empty log. */
  readonly open: () => Promise<Log>;
  /** The same log after its process has ended: only for logs that outlive it. */
  readonly reopen?: (log: Log) => Promise<Log>;
  /** It numbers its own blocks before it is known whether they are stored: one that is known by its key takes a number. */
  readonly numbersFirst?: boolean;
  /** Called after each test. */
  readonly cleanup?: () => unknown;
}

/** A test with a log of its own, closed and cleaned up whatever happens. */
export type LogTest = (name: string, body: (log: Log) => Promise<void>) => void;

export function logTest(runner: Runner, setup: LogSetup): LogTest {
  return (name, body) => {
    runner.test(name, async () => {
      const log = await setup.open();
      try {
        await body(log);
      } finally {
        await log.close();
        await setup.cleanup?.();
      }
    });
  };
}

export async function append(log: Log, block: Block | IdentifiedBlock): Promise<Verdict> {
  const [verdict] = await log.append([{ block }]);
  return verdict as Verdict;
}

/** What a verdict says, without what differs between runs. */
export function said(verdict: Verdict | undefined): unknown {
  if (verdict?.kind === 'refused') return verdict.code;
  return [verdict?.kind, verdict?.offset];
}

export async function appendAll(log: Log, blocks: readonly (Block | IdentifiedBlock)[]): Promise<readonly unknown[]> {
  const verdicts: unknown[] = [];
  for (const block of blocks) verdicts.push(said(await append(log, block)));
  return verdicts;
}

/** Everything a channel holds, read page by page; fails if the pages do not follow on each other. */
export async function readAll(log: Log, channelId: string, limit = 100): Promise<readonly StoredBlock[]> {
  const found: StoredBlock[] = [];
  let after = (await log.head(channelId)).first - 1;
  for (;;) {
    const { blocks } = await log.read(channelId, after, limit);
    if (blocks.length === 0) return found;
    for (const block of blocks) {
      if (firstOffset(block) !== after + 1) throw new Error(`offset ${firstOffset(block)} follows ${after}`);
      after = block.offset;
    }
    found.push(...blocks);
  }
}

/** Offsets and contents of blocks. */
export function contentsOf(blocks: readonly StoredBlock[]): readonly (readonly [number, unknown])[] {
  return blocks.flatMap((block) =>
    messagesOf(block, block.offset).map(({ offset, content }) => [offset, content] as const),
  );
}
