// Pages of one browser profile, each in a window of its own. Tabs of one window are drawn once a second while they lie behind
// another, and whatever is done in them waits for that.

import type { BrowserContext, Page } from '@playwright/test';

let opened = 0;

export async function openWindow(context: BrowserContext): Promise<Page> {
  const [first] = context.pages();
  const browser = context.browser();
  if (first === undefined || browser === null) return context.newPage();
  const there = await context.newCDPSession(first);
  const { targetInfo } = await there.send('Target.getTargetInfo');
  await there.detach();
  const session = await browser.newBrowserCDPSession();
  // Others may be opened at the same time: each is known by where it begins.
  const url = `about:blank#${(opened += 1)}`;
  const [page] = await Promise.all([
    context.waitForEvent('page', (candidate) => candidate.url() === url),
    session.send('Target.createTarget', {
      url,
      newWindow: true,
      ...(targetInfo.browserContextId !== undefined && { browserContextId: targetInfo.browserContextId }),
    }),
  ]);
  await session.detach();
  return page;
}
