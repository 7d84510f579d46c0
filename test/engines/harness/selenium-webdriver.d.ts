// What the tests use of selenium-webdriver, which has no types of its own.
declare module 'selenium-webdriver' {
  export interface WebDriver {
    get(url: string): Promise<void>;
    executeAsyncScript(script: string): Promise<unknown>;
    getCapabilities(): Promise<{ getBrowserVersion(): string | undefined }>;
    manage(): { setTimeouts(timeouts: { script?: number; pageLoad?: number }): Promise<void> };
    quit(): Promise<void>;
  }
  export class Builder {
    usingServer(url: string): this;
    withCapabilities(capabilities: object): this;
    build(): WebDriver & PromiseLike<WebDriver>;
  }
}
declare module 'selenium-webdriver/http/util.js' {
  /** Resolves when the server at this address answers. */
  export function waitForServer(url: string, timeout: number): Promise<void>;
}
