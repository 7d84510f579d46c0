import type { VNode } from 'preact';
import type { Chat } from '../model/chat.ts';
import { CloseButton, Dialog } from './dialog.tsx';
import { Sidebar } from './sidebar.tsx';

/** The rooms on a narrow screen. Choosing one closes it, too. */
export function RoomsDialog({ chat, onClose }: { readonly chat: Chat; readonly onClose: () => void }): VNode {
  return (
    <Dialog name="Rooms and you" class="drawer" focus="[aria-current]" onClose={onClose}>
      {(close) => (
        <div class="side">
          <CloseButton onClick={close} />
          <Sidebar chat={chat} onChosen={close} />
        </div>
      )}
    </Dialog>
  );
}
