// WebKitGTK: its driver on a free port, its MiniBrowser on a display that nobody sees. A page takes the driver's one window.
import { spawn } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { Builder } from 'selenium-webdriver';
import { waitForServer } from 'selenium-webdriver/http/util.js';
import { isProgram, missing, program, quietly } from './engine.ts';
import type { Engine } from './engine.ts';

const scriptTimeout = 300_000;

export const webkit: Engine = {
  name: 'WebKitGTK',
  hasQuota: false,
  async start() {
    const driverPath = program('WebKitWebDriver', 'webkit2gtk-driver');
    const binary = miniBrowser();
    const home = await mkdtemp(join(tmpdir(), 'busline-webkit-'));
    const undo: (() => Promise<unknown>)[] = [() => rm(home, { recursive: true, maxRetries: 5 })];
    const close = async (): Promise<void> => {
      for (const step of undo.toReversed()) await quietly(step());
    };
    try {
      const display = await openDisplay();
      undo.push(() => display.close());
      const port = await freePort();
      const env = {
        ...process.env,
        DISPLAY: display.name,
        HOME: home,
        XDG_DATA_HOME: home,
        XDG_CACHE_HOME: home,
        XDG_CONFIG_HOME: home,
        // A page that is isolated gets it anyway in the other engines.
        JSC_useSharedArrayBuffer: '1',
        ...(process.getuid?.() === 0 ? { WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' } : {}),
      };
      const service = launch(driverPath, ['--host=127.0.0.1', `--port=${port}`], { env, stdio: 'ignore' });
      undo.push(() => end(service));
      await waitForServer(`http://127.0.0.1:${port}`, 30_000);
      const driver = await new Builder()
        .usingServer(`http://127.0.0.1:${port}`)
        .withCapabilities({
          browserName: 'MiniBrowser',
          'webkitgtk:browserOptions': { binary, args: ['--automation'] },
        })
        .build();
      undo.push(() => driver.quit());
      await driver.manage().setTimeouts({ script: scriptTimeout, pageLoad: 60_000 });
      return {
        version: (await driver.getCapabilities()).getBrowserVersion() ?? '',
        async open(url) {
          await driver.get(url);
          return {
            evaluate: async (expression) =>
              (await driver.executeAsyncScript(`Promise.resolve(${expression}).then(arguments[0]);`)) as string,
          };
        },
        close,
      };
    } catch (error) {
      await close();
      throw error;
    }
  },
};

/** It lies beside the library, not on the path. */
function miniBrowser(): string {
  const libraries = ['/usr/lib', '/usr/libexec', '/usr/local/lib'].flatMap((folder) => [
    folder,
    ...foldersIn(folder).map((name) => join(folder, name)),
  ]);
  const found = libraries.map((folder) => join(folder, 'webkit2gtk-4.1', 'MiniBrowser')).find(isProgram);
  if (found === undefined) throw missing('MiniBrowser', 'webkit2gtk-driver');
  return found;
}

function foldersIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The server chooses a display that is free, and says which when it is ready. */
async function openDisplay(): Promise<{ name: string; close(): Promise<void> }> {
  const stdio = ['ignore', 'ignore', 'ignore', 'pipe'] as const;
  const server = launch(
    program('Xvfb', 'xvfb'),
    ['-displayfd', '3', '-screen', '0', '1024x768x24', '-nolisten', 'tcp'],
    {
      stdio: [...stdio],
    },
  );
  const number = await new Promise<string>((resolve, reject) => {
    server.once('exit', (code) => reject(new Error(`Xvfb ended with ${code}`)));
    server.once('error', reject);
    (server.stdio[3] as Readable).once('data', (data: Buffer) => resolve(data.toString().trim()));
  });
  return { name: `:${number}`, close: () => end(server) };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** It does not outlive this process. */
function launch(file: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(file, args, options);
  const kill = (): void => void child.kill();
  process.once('exit', kill);
  return child.once('exit', () => process.off('exit', kill));
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill();
  });
}
