// The log of a hub, for a terminal: what is a line of JSON elsewhere.

import { paint } from './paint.ts';
import { shown } from './output.ts';

interface Line {
  readonly level: string;
  readonly time: string;
  readonly msg: string;
  readonly [more: string]: unknown;
}

export function readable(line: string): string {
  const { dim, red, yellow } = paint(process.stderr);
  const { level, time, msg, name: _name, process: _process, ...more } = JSON.parse(line) as Line;
  const colour = level === 'error' ? red : level === 'warn' ? yellow : dim;
  const rest = Object.entries(more).map(([key, value]) => dim(`${key}=${shown(value)}`));
  return `${dim(time.slice(11, 19))} ${colour(level.padEnd(5))} ${[shown(msg), ...rest].join(' ')}\n`;
}
