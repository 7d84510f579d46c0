import { test } from 'vitest';
import { firefox } from './harness/firefox.ts';
import { openLab } from './harness/lab.ts';
test('firefox', async () => {
  const lab = await openLab(firefox);
  try {
  console.log(JSON.stringify(await lab.call('zzProbe')));
  } finally { await lab.close(); }
}, 200000);
