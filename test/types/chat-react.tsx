// A chat as an app writes it in React: the bus is a store, so the screen follows it without anything in between.
import { createBus } from 'busline';
import type { BusStatus, Entry, LiveView, Member, Message, Store } from 'busline';

// What React has, without React.
declare function useSyncExternalStore<T>(
  subscribe: (listener: () => void) => () => void,
  getSnapshot: () => T,
  getServerSnapshot?: () => T,
): T;
declare function useMemo<T>(make: () => T, dependencies: readonly unknown[]): T;
declare function useEffect(effect: () => (() => void) | undefined, dependencies: readonly unknown[]): void;

const bus = createBus({ name: 'chat', author: { id: 'ada', name: 'Ada' } });

function useStore<T>({ subscribe, getSnapshot, getServerSnapshot }: Store<T>): T {
  return useSyncExternalStore(subscribe, getSnapshot, getServerSnapshot);
}

function useChannel(channelId: string): LiveView {
  const view = useMemo(() => bus.live(channelId, { last: 50 }), [channelId]);
  useEffect(() => () => view.close(), [view]);
  return view;
}

function MessageItem({ entry }: { readonly entry: Entry }) {
  const text = typeof entry.content === 'string' ? entry.content : JSON.stringify(entry.content);
  return (
    <li class={entry.state} title={entry.error?.advice}>
      <b>{entry.authorName ?? entry.authorId}</b> {text}
      {entry.state === 'failed' && <button onClick={() => void bus.admin.retry(entry.id)}>Send again</button>}
      {entry.authorId === 'ada' && (
        <button onClick={() => void bus.deleteMessage(entry.id, entry.channelId)}>Delete</button>
      )}
    </li>
  );
}

function StatusLine() {
  const { host, why, tabs, outbox, problem }: BusStatus = useStore(bus.status);
  return (
    <footer title={problem?.message ?? why}>
      {host}, {tabs} tabs, {outbox} unsent
    </footer>
  );
}

export function Chat({ channelId }: { readonly channelId: string }) {
  const room = bus.channel(channelId);
  const view = useChannel(channelId);
  const entries: readonly Entry[] = useStore(view);
  const members: readonly Member[] = useStore(room.presence);
  const send = (text: string): Promise<Message<string>> => room.send(text, { topic: 'chat', ack: 'flushed' });
  const typing = (isTyping: boolean): void => bus.setPresence(channelId, isTyping ? { typing: true } : null);
  return (
    <main>
      <aside>
        {members.map(({ userId, name, state }) => `${name ?? userId}${state?.['typing'] ? ' …' : ''}`).join(', ')}
      </aside>
      <button onClick={() => void view.loadOlder(50)}>Older</button>
      <ol>
        {entries.map((entry) => (
          <MessageItem key={entry.id} entry={entry} />
        ))}
      </ol>
      <input
        onInput={() => typing(true)}
        onChange={({ currentTarget }) => {
          typing(false);
          void send(currentTarget.value);
        }}
      />
      <StatusLine />
    </main>
  );
}
