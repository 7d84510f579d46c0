import type { ComponentChildren, VNode } from 'preact';
import { Dialog } from './dialog.tsx';

export interface Question {
  readonly title: string;
  readonly children: ComponentChildren;
  /** What the button that does it says. */
  readonly act: string;
  readonly onAct: () => void;
}

/** Asks before something is done that cannot be undone. The focus begins on the way out. */
export function ConfirmDialog({
  title,
  children,
  act,
  onAct,
  onClose,
}: Question & { readonly onClose: () => void }): VNode {
  return (
    <Dialog name={title} class="panel confirm" focus="[data-cancel]" onClose={onClose}>
      {(close) => (
        <>
          <h2>{title}</h2>
          <p>{children}</p>
          <div class="panel-foot">
            <button type="button" class="button" data-cancel onClick={close}>
              Cancel
            </button>
            <button
              type="button"
              class="button"
              data-kind="danger"
              onClick={() => {
                close();
                onAct();
              }}
            >
              {act}
            </button>
          </div>
        </>
      )}
    </Dialog>
  );
}
