// The settings of a hub as types, their defaults, and the variables that set them. It imports nothing: the declarations of the
// package must not need another one.

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export type LogLevel = (typeof logLevels)[number];

/** Where Redis is, and how it is spoken to. */
export interface RedisSettings {
  /** `redis://` or `rediss://`, with user, password and database if there are any; `redis+sentinel://` or `redis+cluster://`, see `RedisLog`. */
  readonly url: string;
  /** Taken where the address has none. */
  readonly password?: string | undefined;
  /** Milliseconds in which a command has to be answered; default 3000. */
  readonly deadline?: number | undefined;
  /** Milliseconds after which it is looked whether a message was missed; default 2000. */
  readonly recheck?: number | undefined;
}

/** Settings as they are given: everything may be left out. */
export interface HubSettings {
  /** Who sends, where a message does not say; default 'hub'. */
  readonly name?: string | undefined;
  /** Where the log is, or what a hub on Redis keeps on disk; default '.busline' in the working folder. */
  readonly directory?: string | undefined;
  /** Without it the log is in files. `false`: in files, whatever the environment says. */
  readonly redis?: RedisSettings | false | undefined;
  /**
   * What to do if Redis does not answer at the start: 'fail' (default), or work on 'files' until it is started again. What is
   * written there does not reach Redis later.
   */
  readonly withoutRedis?: 'fail' | 'files' | undefined;
  /** What is kept of each channel. Default: 10 MB on files, all on Redis. */
  readonly retention?:
    | { readonly count?: number | undefined; readonly age?: number | undefined; readonly bytes?: number | undefined }
    | undefined;
  /** Default 'info'. */
  readonly logLevel?: LogLevel | undefined;
  /** Milliseconds in which `close` waits for handlers at work; default 10,000. What is not done by then comes to others. */
  readonly closeWithin?: number | undefined;
}

/** One source may give the address of Redis and another one its password, so the address is asked for when all are joined. */
export type PartialSettings = Omit<HubSettings, 'redis'> & {
  readonly redis?: { readonly [K in keyof RedisSettings]?: RedisSettings[K] | undefined } | false | undefined;
};

/** By setting, as the table has them; a string that says more where a number would not. */
export const defaults: {
  readonly name: string;
  readonly directory: string;
  readonly withoutRedis: 'fail' | 'files';
  readonly logLevel: LogLevel;
  readonly closeWithin: number;
  /** On files. */
  readonly bytes: number;
  readonly deadline: number;
  readonly recheck: number;
} = {
  name: 'hub',
  directory: '.busline',
  withoutRedis: 'fail',
  logLevel: 'info',
  closeWithin: 10_000,
  bytes: 10 * 1024 * 1024,
  deadline: 3000,
  recheck: 2000,
};

/** Variables of the environment, with what they set. Those of secrets may end in `_FILE` and name a file instead. */
export const variables: { readonly [variable: string]: { readonly path: readonly string[]; readonly secret?: true } } =
  {
    BUSLINE_NAME: { path: ['name'] },
    BUSLINE_DIR: { path: ['directory'] },
    REDIS_URL: { path: ['redis', 'url'], secret: true },
    REDIS_PASSWORD: { path: ['redis', 'password'], secret: true },
    BUSLINE_LOG_LEVEL: { path: ['logLevel'] },
  };
