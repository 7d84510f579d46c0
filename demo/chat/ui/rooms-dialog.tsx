import { useEffect, useRef } from 'preact/hooks';
import type { VNode } from 'preact';
import type { Chat } from '../model/chat.ts';
import { CloseIcon } from './icons.tsx';
import { Sidebar } from './sidebar.tsx';

/** The rooms on a narrow screen. Escape, a press beside it and choosing a room close it. */
export function RoomsDialog({ chat, onClose }: { readonly chat: Chat; readonly onClose: () => void }): VNode {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
    dialog.current?.querySelector<HTMLElement>('[aria-current]')?.focus();
  }, []);
  return (
    <dialog
      ref={dialog}
      class="drawer"
      aria-label="Rooms and you"
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      <div class="side">
        <button
          type="button"
          class="icon-button drawer-close"
          aria-label="Close"
          onClick={() => dialog.current?.close()}
        >
          <CloseIcon />
        </button>
        <Sidebar chat={chat} onChosen={() => dialog.current?.close()} />
      </div>
    </dialog>
  );
}
