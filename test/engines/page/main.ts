// The page: what the tests may call in it.
import { runContractTest } from './contract.ts';
import { goOn, grow, openedStores, readDump, repeat } from './disk-format.ts';
import { hungHost, overtakenTakeover, replacedHost } from './fence.ts';
import * as inLocalStorage from './local-storage.ts';
import { runHostTest } from './hosts.ts';
import { checkModel, manyCommits } from './model.ts';
import * as storage from './storage.ts';
import { useAllVerbs } from './verbs.ts';

const functions = {
  runContractTest,
  goOn,
  grow,
  openedStores,
  readDump,
  repeat,
  runHostTest,
  hungHost,
  overtakenTakeover,
  replacedHost,
  checkModel,
  manyCommits,
  useAllVerbs,
  ...inLocalStorage,
  ...storage,
};

export type PageFunctions = typeof functions;
export type Answer = { readonly value: unknown } | { readonly error: string };

async function answer(name: keyof PageFunctions, given: readonly unknown[]): Promise<Answer> {
  try {
    const called = functions[name] as (...given: readonly unknown[]) => unknown;
    return { value: (await called(...given)) ?? null };
  } catch (error) {
    const { message, stack } = error as Error;
    return { error: `${message}\n${stack ?? ''}` };
  }
}

Object.assign(globalThis, {
  engineTests: async (name: keyof PageFunctions, given: readonly unknown[]) =>
    JSON.stringify(await answer(name, given)),
});
