// A browser for the runs of test/faults, inside a page of any engine: its tabs are frames of this page. Each is a context of
// its own, with its own locks and its own bus; all share this page's thread, as tabs of one process do. It understands as much
// of the protocol by which Chromium is driven as the faults need that can be had from within.

import { coreHolder, removeFromCore } from '../../../src/browser/locks.ts';
import type { Browser, Page } from '../../faults/browser.ts';
import type { Setup } from '../../faults/page/life.ts';

type Asked = Pick<Browser, 'open' | 'send' | 'evaluate' | 'closeTab' | 'workers' | 'gone'>;
type Heard = Parameters<Browser['open']>[1];

/** A database that a host will not let go of, hung as it may be, is not waited for longer. */
const patience = 10_000;

declare global {
  /** What a frame calls by the name of `report`. */
  var heard: (frame: string, report: string) => void;
}

class Frames implements Asked {
  readonly #frames = new Map<string, HTMLIFrameElement>();
  readonly #heard = new Map<string, Heard>();
  #bus = '';
  #count = 0;
  /** It does not go before this page does. */
  readonly gone = new Promise<never>(() => undefined);

  constructor() {
    globalThis.heard = (frame, report) =>
      this.#heard.get(frame)?.({ method: 'Runtime.bindingCalled', params: { payload: report } });
  }

  /** Whatever its origin is to be, it is ours. */
  open(url: string, heard: Heard): Promise<Page> {
    const { pathname, hash } = new URL(url);
    this.#bus = (JSON.parse(decodeURIComponent(hash.slice(1))) as Setup).bus;
    const frame = document.createElement('iframe');
    frame.name = `frame ${++this.#count}`;
    frame.src = pathname + hash;
    this.#frames.set(frame.name, frame);
    this.#heard.set(frame.name, heard);
    document.body.append(frame);
    return Promise.resolve({ targetId: frame.name, sessionId: frame.name });
  }

  closeTab({ targetId }: Page): Promise<void> {
    this.#heard.delete(targetId);
    this.#frames.get(targetId)?.remove();
    this.#frames.delete(targetId);
    return Promise.resolve();
  }

  /** An error in there stays in there. */
  evaluate(page: Page, expression: string): Promise<void> {
    this.#window(page).eval(`void (${expression})`);
    return Promise.resolve();
  }

  /** None can be ended from outside, but its lock can be taken from any: the next host follows, and the old one has to notice. */
  async workers(): Promise<readonly string[]> {
    return (await coreHolder(this.#bus)) === undefined ? [] : ['the host'];
  }

  async send<T = unknown>(method: string, params: object = {}, page?: Page): Promise<T> {
    const commands: { readonly [name: string]: () => unknown } = {
      'Page.reload': () => this.#reload(page),
      'Page.crash': () => this.closeTab(page as Page),
      'Page.navigate': () => this.#leave(page),
      // Back from where it was sent.
      'Runtime.evaluate': () => this.#comeBack(page),
      'Storage.clearDataForOrigin': clearStorage,
      'Target.closeTarget': () => this.#rob(),
      'ServiceWorker.enable': () => undefined,
      'ServiceWorker.stopAllWorkers': () => this.#rob(),
    };
    const command = commands[method];
    if (command === undefined) throw new Error(`${method} cannot be had: ${JSON.stringify(params)}`);
    return (await command()) as T;
  }

  #window(page: Page | undefined): Window & typeof globalThis {
    const window = this.#frames.get(page?.targetId ?? '')?.contentWindow;
    if (!window) throw new Error('No session: the frame is not there any more.');
    return window as Window & typeof globalThis;
  }

  /** Whatever it loads fails now, in some engines before it is told that it goes; nobody would see anything of that. */
  #reload(page: Page | undefined): void {
    const window = this.#window(page);
    window.report = () => undefined;
    window.location.reload();
  }

  /** Frames are not put aside by themselves, so they are told what they would be told: every other one is only frozen. */
  #leave(page: Page | undefined): void {
    const window = this.#window(page);
    if (this.#isFrozen(window)) window.document.dispatchEvent(new window.Event('freeze'));
    else window.dispatchEvent(new window.PageTransitionEvent('pagehide', { persisted: true }));
  }

  #comeBack(page: Page | undefined): void {
    const window = this.#window(page);
    const persisted = !this.#isFrozen(window);
    if (!persisted) window.document.dispatchEvent(new window.Event('resume'));
    window.dispatchEvent(new window.PageTransitionEvent('pageshow', { persisted }));
  }

  #isFrozen({ name }: Window): boolean {
    return Number(name.slice('frame '.length)) % 2 === 0;
  }

  async #rob(): Promise<void> {
    const holder = await coreHolder(this.#bus);
    if (holder !== undefined) await removeFromCore(this.#bus, holder);
  }
}

/** As the browser would: the databases of the origin are gone. */
async function clearStorage(): Promise<void> {
  const deleted = (await indexedDB.databases()).map(
    ({ name = '' }) =>
      new Promise((resolve, reject) => {
        const request = indexedDB.deleteDatabase(name);
        request.onsuccess = resolve;
        request.onerror = () => reject(request.error);
      }),
  );
  const tooLong = new Promise((_, reject) => {
    setTimeout(() => reject(new Error('there is no answer: a database is not deleted')), patience);
  });
  await Promise.race([Promise.all(deleted), tooLong]);
}

/** A run asks nothing else of its browser, as long as its plan has no fault that needs more. */
export function framesAsBrowser(): Browser {
  return new Frames() as Asked as Browser;
}
