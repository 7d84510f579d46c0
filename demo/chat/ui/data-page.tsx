// What is kept and by whom, as a file and back, and the ways to be rid of it.

import { useState } from 'preact/hooks';
import type { VNode } from 'preact';
import type { Chat } from '../model/chat.ts';
import { BackupSection } from './backup-section.tsx';
import { ClearSection } from './clear-section.tsx';
import { ConfirmDialog } from './confirm-dialog.tsx';
import type { Question } from './confirm-dialog.tsx';
import { HostSection } from './host-section.tsx';
import { OfflineSection } from './offline-section.tsx';
import { StorageMeter } from './storage-meter.tsx';

export function DataPage({ chat }: { readonly chat: Chat }): VNode {
  const [question, ask] = useState<Question>();
  return (
    <div id="page" class="page" tabIndex={0} role="region" aria-label="Data">
      <StorageMeter bus={chat.bus} />
      <HostSection chat={chat} />
      <OfflineSection chat={chat} />
      <BackupSection chat={chat} />
      <ClearSection chat={chat} ask={ask} />
      {question !== undefined && <ConfirmDialog {...question} onClose={() => ask(undefined)} />}
    </div>
  );
}
