// What the platform gives, where it is not as it seems.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemPlatform } from '../../src/core/platform.ts';

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
