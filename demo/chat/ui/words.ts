// Numbers, times and names as people read them.

import type { BusStatus } from 'busline';
import type { HostChoice } from '../model/hosts.ts';
import { hostWords } from './host-words.ts';

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const date = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long' });
const number = new Intl.NumberFormat('en-US');

const lists = new Intl.ListFormat('en-GB');

export function timeOf(timestamp: number): string {
  return clock.format(timestamp);
}

export function isSameDay(a: number, b: number): boolean {
  return new Date(a).toDateString() === new Date(b).toDateString();
}

export function dayOf(timestamp: number): string {
  if (isSameDay(timestamp, Date.now())) return 'Today';
  return isSameDay(timestamp, Date.now() - 86_400_000) ? 'Yesterday' : date.format(timestamp);
}

export function countOf(count: number): string {
  return number.format(count);
}

export function tabsOf(tabs: number): string {
  return `${countOf(tabs)} ${tabs === 1 ? 'tab' : 'tabs'}`;
}

/** "Ada, Grace and Kay" */
export function listOf(names: readonly string[]): string {
  return lists.format(names);
}

const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];

/** "1.2 MB" */
export function sizeOf(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const amount = bytes / 1000 ** power;
  return `${amount.toFixed(power > 0 && amount < 10 ? 1 : 0)} ${units[power]}`;
}

const around = 60;

/** What stands around the first of these words: before it, the word, after it. */
export function excerptOf(text: string, words: readonly string[]): readonly [string, string, string] {
  const lower = text.toLowerCase();
  const [at = 0, length = 0] =
    words
      .map((word) => [lower.indexOf(word), word.length] as const)
      .filter(([place]) => place >= 0)
      .toSorted(([a], [b]) => a - b)[0] ?? [];
  const start = Math.max(0, at - around);
  const end = at + length + 2 * around;
  return [
    `${start > 0 ? '… ' : ''}${text.slice(start, at)}`,
    text.slice(at, at + length),
    `${text.slice(at + length, end)}${end < text.length ? ' …' : ''}`,
  ];
}

export function initialsOf(name: string): string {
  const words = name.split(/\s+/).filter(Boolean);
  return [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => word?.match(/./u)?.[0] ?? '').join('');
}

/** One of the six colours of people, always the same for the same person. */
export function hueOf(id: string): number {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 997;
  return sum % 6;
}

/** What is wrong with the host and what to do about it. Of storage that is blocked, what it means for what one writes. */
export function problemWords({ problem, durability }: BusStatus): string {
  if (problem?.code !== 'STORAGE_BLOCKED') return problem?.advice ?? '';
  const where =
    durability === 'memory'
      ? 'messages live in memory, until the last tab closes'
      : 'messages are kept in localStorage, which holds about 5 MB';
  return `This browser refuses IndexedDB here, as private windows and strict cookie settings do: ${where}.`;
}

/** "3 tabs · SharedWorker · 1,204 records stored" */
export function statusWords(
  { tabs, host, outbox, durability }: BusStatus,
  choice: HostChoice,
  stored: number | undefined,
): string {
  const parts = [tabsOf(tabs), hostWords(host, choice)];
  if (stored !== undefined) {
    const records = `${countOf(stored)} ${stored === 1 ? 'record' : 'records'}`;
    parts.push(`${records} ${durability === 'memory' ? 'in memory' : 'stored'}`);
  }
  if (outbox > 0) parts.push(`${countOf(outbox)} queued`);
  return parts.join(' · ');
}
