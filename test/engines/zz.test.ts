import { test } from 'vitest';
import { firefox } from './harness/firefox.ts';
import { chromium } from './harness/chromium.ts';
import { openLab } from './harness/lab.ts';
test('firefox', async () => {
  const lab = await openLab(firefox);
  try {
  console.log(await lab.call('fillDisk', 200));
  console.log(JSON.stringify(await lab.call('afterFull', true)));
  } finally { await lab.close(); }
}, 200000);
test('chromium', async () => {
  const lab = await openLab(chromium);
  try {
  await lab.limitStorage?.(20_000_000);
  console.log(await lab.call('fillDisk', 200));
  await lab.limitStorage?.(undefined);
  console.log(JSON.stringify(await lab.call('afterFull', false)));
  } finally { await lab.close(); }
}, 200000);
