import type { VNode } from 'preact';
import type { Notices } from '../model/notices.ts';
import { CloseIcon } from './icons.tsx';
import { useStore } from './use-store.ts';

/** What was done is told politely, what failed at once. The regions are there before their content: only then is it read out. */
export function NoticeBox({ notices }: { readonly notices: Notices }): VNode {
  const notice = useStore(notices);
  const text = (kind: string): VNode | null =>
    notice?.kind === kind ? (
      <div class="notice-text" data-kind={kind}>
        <span>{notice.text}</span>
        <button type="button" class="icon-button" aria-label="Dismiss" onClick={() => notices.dismiss()}>
          <CloseIcon />
        </button>
      </div>
    ) : null;
  return (
    <div class="notices">
      <div role="status">{text('done')}</div>
      <div role="alert">{text('error')}</div>
    </div>
  );
}
