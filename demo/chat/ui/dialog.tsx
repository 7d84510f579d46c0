// Every dialog of the chat. The browser keeps the focus inside and gives it back; Escape and a press beside it close it.

import { useEffect, useRef } from 'preact/hooks';
import type { ComponentChildren, RefObject, VNode } from 'preact';
import { CloseIcon } from './icons.tsx';

interface DialogProps {
  readonly name: string;
  readonly class: string;
  readonly onClose: () => void;
  /** Where the focus begins, as a selector. */
  readonly focus: string;
  readonly children: (close: () => void) => ComponentChildren;
}

export function Dialog({ name, class: look, onClose, focus, children }: DialogProps): VNode {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
    dialog.current?.querySelector<HTMLElement>(focus)?.focus();
  }, [focus]);
  return (
    <dialog
      ref={dialog}
      class={look}
      aria-label={name}
      onClose={onClose}
      onClick={({ target }) => target === dialog.current && close(dialog)}
    >
      {children(() => close(dialog))}
    </dialog>
  );
}

function close(dialog: RefObject<HTMLDialogElement | null>): void {
  dialog.current?.close();
}

export function CloseButton({ onClick }: { readonly onClick: () => void }): VNode {
  return (
    <button type="button" class="icon-button dialog-close" aria-label="Close" title="Close" onClick={onClick}>
      <CloseIcon />
    </button>
  );
}
