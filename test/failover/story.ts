// One story: three processes on two machines send and subscribe, home comes and goes, and processes die. At the end all is
// well again, and the whole history is looked at.

import type { Block } from '../../src/core/block.ts';
import { LogHost } from '../../src/core/log-host.ts';
import type { Positions } from '../../src/core/log.ts';
import { Receiver } from '../../src/core/subscription.ts';
import type { Message } from '../../src/core/message.ts';
import { messagesOf } from '../../src/core/block.ts';
import { FailoverLog } from '../../src/node/failover-log/failover-log.ts';
import { Chance } from './chance.ts';
import { check, textsOf } from './check.ts';
import { ModelHome, ModelServer } from './model-home.ts';
import type { ModelChannel } from './model-log.ts';
import { ModelFolder, ModelSpill } from './model-spill.ts';

const channelId = 'work';

export interface Sent {
  readonly text: string;
  readonly producer: string;
  readonly n: number;
  readonly at: number;
  isAcknowledged: boolean;
  blockId?: string;
}

/** What one subscription was given, across the lives of its process. */
interface Story {
  readonly name: string;
  readonly got: string[];
  /** Everything from the beginning, or from here on. */
  readonly since: number | undefined;
  /** What its process had told before it began. */
  readonly before?: ReadonlySet<string>;
  positions: Positions | undefined;
  isLive: boolean;
  isReset?: boolean;
}

export interface Process {
  readonly name: string;
  readonly machine: number;
  life: number;
  home: ModelHome;
  spill: ModelSpill;
  log: FailoverLog | undefined;
  host: LogHost | undefined;
  n: number;
  readonly stories: Story[];
  /** What was told early in this life. */
  readonly early: Set<string>;
}

export interface Outcome {
  readonly problems: readonly string[];
  readonly acknowledged: number;
  readonly spilled: number;
  readonly early: number;
}

export async function tell(seed: number, steps = 60): Promise<Outcome> {
  const chance = new Chance(seed);
  const platform = chance.platform();
  const server = new ModelServer(chance);
  const folders = [new ModelFolder(), new ModelFolder()];
  const problems: string[] = [];
  const sent: Sent[] = [];
  const dead = new Set<string>();
  let early = 0;
  /** What was acknowledged, and is nowhere any more. */
  const gone = new Set<string>();
  let copy: ReadonlyMap<string, ModelChannel> = server.copy();

  const open = async (process: Process): Promise<void> => {
    process.life += 1;
    const storeId = `${process.name}${process.life}`;
    process.n = 0;
    process.early.clear();
    process.home = new ModelHome(server, chance, storeId, (name) => dead.has(name));
    process.spill = new ModelSpill(folders[process.machine] as ModelFolder, chance, storeId);
    const { home, spill, life } = process;
    const log = await FailoverLog.open({
      home,
      spill: () => Promise.resolve(spill),
      isSpilt: true,
      patience: 100,
      keep: 5000,
      platform,
      onError: (error) => problems.push(`error: ${String(error)}`),
      onLoss: () => undefined,
    });
    if (process.life !== life) return;
    process.log = log;
    process.host = new LogHost(log, { host: 'page', durability: 'strict' } as never, platform);
    for (const story of process.stories) subscribe(process, story);
  };

  const subscribe = (process: Process, story: Story): void => {
    const { host, life } = process;
    if (host === undefined) return;
    const receiver: Receiver = new Receiver({
      filter: undefined,
      decode: (block: Block, offset: number) => messagesOf(block, offset),
      now: () => chance.now,
      take: (messages: readonly Message[]) => {
        if (process.life !== life) return true;
        for (const { content, offset } of messages) {
          story.got.push(String(content));
          if (offset !== 0) continue;
          early += 1;
          process.early.add(String(content));
        }
        story.positions = receiver.positions();
        return true;
      },
      started: () => {
        if (process.life === life) story.positions = receiver.positions();
      },
      reset: (reset) => {
        // What was lost is said.
        if (server.lost.size === 0) problems.push(`${story.name}: reset ${JSON.stringify(reset)}`);
        story.got.length = 0;
        story.isReset = true;
      },
      closed: () => undefined,
    });
    const from = story.positions ?? (story.since === undefined ? 'earliest' : 'now');
    receiver.reader = host.open({ pattern: channelId, from, ephemeral: false }, receiver);
    receiver.ready.then(
      () => (story.isLive = true),
      () => undefined,
    );
  };

  const send = (process: Process): void => {
    const { host } = process;
    if (host === undefined) return;
    process.n += 1;
    const producer = `${process.name}${process.life}`;
    const one: Sent = {
      text: `${producer}:${process.n}`,
      producer,
      n: process.n,
      at: chance.now,
      isAcknowledged: false,
    };
    sent.push(one);
    const block: Block = {
      header: {
        v: 1,
        kind: 'data',
        channelId,
        serverId: 'local',
        authorId: producer,
        count: 1,
        firstId: '01900000-0000-7000-8000-000000000000',
        createdAt: chance.now,
        codec: 'items',
      },
      items: [{ content: one.text }],
    };
    host.push(block, 'stored').then(
      () => (one.isAcknowledged = true),
      (error: unknown) => problems.push(`send ${one.text}: ${String(error)}`),
    );
  };

  const crash = (process: Process): void => {
    dead.add(`${process.name}${process.life}`);
    process.home.die();
    process.spill.die();
    process.host = undefined;
    process.log = undefined;
    process.life += 1;
  };

  const processes: Process[] = [];
  for (const [name, machine] of [
    ['a', 0],
    ['b', 0],
    ['c', 1],
  ] as const) {
    const story: Story = { name: `${name}-all`, got: [], since: undefined, positions: undefined, isLive: false };
    const process = {
      name,
      machine,
      life: 0,
      n: 0,
      stories: [story],
      early: new Set<string>(),
      log: undefined,
      host: undefined,
    } as unknown as Process;
    processes.push(process);
    void open(process);
  }
  await chance.pass(200);

  const cut = new Set<Process>();
  for (let step = 0; step < steps; step += 1) {
    const process = chance.one(processes) as Process;
    const roll = chance.next();
    if (roll < 0.5) for (let n = chance.below(3); n >= 0; n -= 1) send(process);
    else if (roll < 0.58) {
      process.home.cut();
      cut.add(process);
    } else if (roll < 0.66) {
      process.home.heal();
      cut.delete(process);
    } else if (roll < 0.71) {
      server.isUp = false;
      for (const { home } of processes) home.changed();
    } else if (roll < 0.79) {
      server.isUp = true;
      for (const { home } of processes) home.changed();
    } else if (roll < 0.84) process.home.loseAnswer();
    else if (roll < 0.89) process.spill.failOnce();
    else if (roll < 0.91) copy = server.copy();
    else if (roll < 0.925) {
      // Whoever is away does not know it, and comes back to it as it is.
      if (cut.size === 0) {
        server.restore(copy);
        for (const { home } of processes) home.reconnect();
        const kept = new Set(folders.flatMap((folder) => textsOf(folder.channels.get(channelId))));
        // What comes after it is there again, or nobody has it: it cannot come any more.
        for (const [text, isPassed] of server.lost) if (isPassed || !kept.has(text)) gone.add(text);
      }
    } else if (roll < 0.96) {
      crash(process);
      cut.delete(process);
      void open(process);
    } else {
      const name = `${process.name}-late-${step}`;
      const before = new Set(process.early);
      const story: Story = { name, got: [], since: chance.now, before, positions: undefined, isLive: false };
      process.stories.push(story);
      subscribe(process, story);
    }
    for (let n = chance.below(12); n > 0; n -= 1) await chance.step();
    if (chance.isSo(0.2)) await chance.pass(chance.below(300));
  }

  server.isUp = true;
  for (const { home } of processes) home.heal();
  await chance.pass(20_000);

  check({ sent, processes, server, gone, problems });
  const spilled = folders.reduce((sum, folder) => sum + (folder.channels.get(channelId)?.head ?? 0), 0);
  return { problems, acknowledged: sent.filter(({ isAcknowledged }) => isAcknowledged).length, spilled, early };
}

export interface Told {
  readonly acknowledged: number;
  readonly spilled: number;
  readonly early: number;
  /** Which stories went wrong, and how they began to. */
  readonly wrong: readonly string[];
}

export async function tellAll(from: number, count: number): Promise<Told> {
  const told = { acknowledged: 0, spilled: 0, early: 0 };
  const wrong: string[] = [];
  for (let seed = from; seed < from + count; seed += 1) {
    const { problems, acknowledged, spilled, early } = await tell(seed);
    told.acknowledged += acknowledged;
    told.spilled += spilled;
    told.early += early;
    if (problems.length > 0) wrong.push(`story ${seed}: ${problems.slice(0, 5).join('; ')}`);
  }
  return { ...told, wrong };
}
