import { describe, expect, test } from 'vitest';
import { atLeast, atMost, interleaved, line, median, middle } from './measure.mjs';

describe('a row of the benchmark', () => {
  test('runs its variants in turn', async () => {
    const order: string[] = [];
    const variant = (name: string) => () => Promise.resolve(order.push(name));
    const samples = await interleaved(2, { ours: variant('ours'), peer: variant('peer') });
    expect(order).toEqual(['ours', 'peer', 'ours', 'peer']);
    expect(samples).toEqual({ ours: [1, 3], peer: [2, 4] });
  });

  test('takes the median of odd and even numbers of samples', () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([5])]).toEqual([2, 2.5, 5]);
  });

  test('is not moved by outliers', () => {
    expect(middle([1, 2, 2, 900])).toBe(2);
  });

  test('compares pair by pair', () => {
    const given = { what: 'speed', unit: 'msg/s', ours: [10, 20, 90], peer: [10, 10, 100], peerName: 'peer' };
    expect(line({ ...given, target: atLeast(1) })).toMatchObject({
      ours: 20,
      peer: 10,
      ratio: 1,
      range: [0.9, 2],
      met: true,
    });
    expect(line({ ...given, target: atMost(0.9) }).met).toBe(false);
  });
});
