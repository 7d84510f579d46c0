// A value that can be watched.
import { expect, test, vi } from 'vitest';
import { Watched } from '../../src/core/store.ts';

test('what is set again is told to nobody', () => {
  const store = new Watched(1);
  const listener = vi.fn<() => void>();
  store.subscribe(listener);
  store.set(1);
  expect(listener).not.toHaveBeenCalled();
  store.set(2);
  expect(listener).toHaveBeenCalledOnce();
  expect([store.getSnapshot(), store.getServerSnapshot()]).toEqual([2, 1]);
});
