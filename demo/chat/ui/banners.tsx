// What a person should know about where their messages are kept.

import type { ComponentChildren, VNode } from 'preact';
import type { BusStatus } from 'busline';
import type { Chat } from '../model/chat.ts';
import type { HostChoice } from '../model/hosts.ts';
import { WarningIcon } from './icons.tsx';
import { useStore } from './use-store.ts';
import { problemWords } from './words.ts';

export function Banners({ chat }: { readonly chat: Chat }): VNode {
  const status = useStore(chat.bus.status);
  const choice = useStore(chat.hostChoice);
  const outdated = useStore(chat.outdated);
  // The region is there before its content: only then is what appears in it read out.
  return (
    <div role="status" class="banners">
      {outdated === undefined ? (
        <StatusBanner status={status} choice={choice} />
      ) : (
        <Banner kind="warning" title="A newer version of this chat is running">
          Reload the page to go on. <Reload />
        </Banner>
      )}
    </div>
  );
}

interface StatusBannerProps {
  readonly status: BusStatus;
  readonly choice: HostChoice;
}

function StatusBanner({ status, choice }: StatusBannerProps): VNode | null {
  const { host, durability, problem, why } = status;
  if (host === 'connecting') {
    if (problem === undefined) return null;
    return (
      <Banner kind="warning" title="Still connecting">
        {problem.advice}
      </Banner>
    );
  }
  if (host === 'closed') {
    return (
      <Banner kind="danger" title="The chat has stopped">
        {problem?.advice ?? why} <Reload />
      </Banner>
    );
  }
  if (durability === 'memory') {
    return (
      <Banner kind="warning" title="Messages are not being kept">
        {problem === undefined ? 'They live in memory, until the last tab closes.' : problemWords(status)}
      </Banner>
    );
  }
  // Whoever chose it knows.
  if (host === 'page' && choice !== 'page') {
    return (
      <Banner kind="warning" title="One tab’s page runs the bus for all">
        {why}
      </Banner>
    );
  }
  if (problem === undefined) return null;
  return (
    <Banner
      kind="warning"
      title={problem.code === 'STORAGE_BLOCKED' ? 'There is little room for messages' : 'Something is not right'}
    >
      {problemWords(status)}
    </Banner>
  );
}

interface BannerProps {
  readonly kind: 'warning' | 'danger';
  readonly title: string;
  readonly children: ComponentChildren;
}

function Banner({ kind, title, children }: BannerProps): VNode {
  return (
    <div class="banner" data-kind={kind}>
      <WarningIcon />
      <p>
        <strong>{title}.</strong> {children}
      </p>
    </div>
  );
}

function Reload(): VNode {
  return (
    <button type="button" class="text-button" onClick={() => location.reload()}>
      Reload
    </button>
  );
}
