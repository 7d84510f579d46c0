// What the platform gives, where it is not as it seems.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAbort, onAbort, systemPlatform } from '../../src/core/platform.ts';

const longest = 2 ** 31 - 1;

describe('a timer', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('of more than the platform can count waits as long as it was told to', () => {
    // Over the limit the platform's own would fire at once.
    const set = vi.spyOn(globalThis, 'setTimeout');
    const task = vi.fn<() => void>();
    systemPlatform.timer(2 * longest + 5, task);
    vi.advanceTimersByTime(2 * longest + 4);
    expect(task).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(task).toHaveBeenCalledOnce();
    expect(set.mock.calls.map(([, ms]) => ms)).toEqual([longest, longest, 5]);
  });

  test('can be stopped at any time', () => {
    const task = vi.fn<() => void>();
    const stops = [1, longest, longest + 1, Infinity].map((ms) => systemPlatform.timer(ms, task));
    stops[0]?.();
    stops[1]?.();
    vi.advanceTimersByTime(longest);
    stops[2]?.();
    vi.advanceTimersByTime(longest);
    stops[3]?.();
    expect(vi.getTimerCount()).toBe(0);
    expect(task).not.toHaveBeenCalled();
  });
});

test('how much time has passed has nothing to do with the date', () => {
  vi.useFakeTimers();
  try {
    const [date, begin] = [systemPlatform.now(), systemPlatform.elapsed()];
    vi.setSystemTime(date - 3_600_000);
    vi.advanceTimersByTime(5);
    expect([systemPlatform.now() - date, systemPlatform.elapsed() - begin]).toEqual([5 - 3_600_000, 5]);
  } finally {
    vi.useRealTimers();
  }
});

describe('a signal', () => {
  test('that many wait for has one listener, as long as anybody waits', () => {
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    const removed = vi.spyOn(signal, 'removeEventListener');
    const forget = Array.from({ length: 50 }, () => onAbort(signal, () => undefined));
    expect(added).toHaveBeenCalledOnce();
    for (const one of forget) {
      expect(removed).not.toHaveBeenCalled();
      one();
    }
    expect(removed).toHaveBeenCalledOnce();
    forget[0]?.();
    onAbort(signal, () => undefined);
    expect(added).toHaveBeenCalledTimes(2);
    expect(removed).toHaveBeenCalledOnce();
  });

  test('tells all who wait, also when one of them throws', () => {
    const told: number[] = [];
    const reported = vi.fn<(error: unknown) => void>();
    vi.stubGlobal('reportError', reported);
    const abort = createAbort();
    onAbort(abort.signal, () => told.push(1));
    onAbort(abort.signal, () => {
      throw new Error('mine');
    });
    onAbort(abort.signal, () => told.push(3))();
    onAbort(abort.signal, () => told.push(4));
    abort.abort();
    vi.unstubAllGlobals();
    expect([told, reported.mock.calls]).toEqual([[1, 4], [[new Error('mine')]]]);
  });
});
