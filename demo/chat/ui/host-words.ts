// The kinds of host as people read them.

import type { BusStatus } from 'busline';
import type { HostChoice } from '../model/hosts.ts';

export const hostNames: Record<BusStatus['host'], string> = {
  'shared-worker': 'SharedWorker',
  'leader-tab': 'leader tab',
  'service-worker': 'service worker',
  page: 'one tab’s page',
  process: 'process',
  connecting: 'connecting …',
  closed: 'closed',
};

/** As it stands alone. */
function titleOfHost(host: BusStatus['host']): string {
  const name = hostNames[host];
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** Before why it is so. */
export function sentenceOfHost(host: BusStatus['host']): string {
  const title = titleOfHost(host);
  return title.endsWith('…') ? title : `${title}.`;
}

/** What each of them is, in half a sentence. */
export const choiceWords: Record<HostChoice, { readonly name: string; readonly about: string }> = {
  auto: { name: 'Automatic', about: 'the first of these that works here' },
  'shared-worker': {
    name: titleOfHost('shared-worker'),
    about: 'one worker for all tabs, which lives as long as any of them',
  },
  'leader-tab': {
    name: titleOfHost('leader-tab'),
    about: 'one tab runs it in its own worker; when that tab closes, another one does',
  },
  'service-worker': {
    name: titleOfHost('service-worker'),
    about: 'the browser starts it when a tab speaks, and stops it when all are silent',
  },
  page: {
    name: titleOfHost('page'),
    about: 'one tab runs it without a worker, so all wait while that tab is busy',
  },
};

/** "SharedWorker"; and while it is looked for, which one was asked for. */
export function hostWords(host: BusStatus['host'], choice: HostChoice): string {
  return host === 'connecting' && choice !== 'auto' ? `connecting (${hostNames[choice]}) …` : hostNames[host];
}
