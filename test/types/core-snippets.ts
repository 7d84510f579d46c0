// The snippets of source 000, with the adapters that it names: what it promises must be written just so.
import { MessageBusCore } from 'busline/core';
import type { Adapter, Message, MessageBus, Subscription } from 'busline/core';

interface Database {
  insert(table: string, row: object): Promise<void>;
}
interface Sockets {
  to(room: string): { emit(event: string, payload: unknown): void };
}
interface Runtime {
  handle(text: string): Promise<string>;
}
declare const db: Database;
declare const io: Sockets;
declare const runtime: Runtime;

class DatabaseAdapter implements Adapter {
  readonly name = 'database';
  readonly #db: Database;

  constructor(database: Database) {
    this.#db = database;
  }

  async onMessage(message: Message): Promise<void> {
    await this.#db.insert('messages', message);
  }

  async onDelete(messageId: string, channelId: string): Promise<void> {
    await this.#db.insert('deleted', { messageId, channelId });
  }
}

class SocketAdapter implements Adapter {
  readonly name = 'socket';
  readonly group = false;
  readonly #io: Sockets;

  constructor(sockets: Sockets) {
    this.#io = sockets;
  }

  onMessage(message: Message): void {
    this.#io.to(message.channelId).emit('message', message);
  }

  onClear(channelId: string): void {
    this.#io.to(channelId).emit('cleared', {});
  }
}

class AgentAdapter implements Adapter {
  readonly name = 'agent';
  readonly channels = ['room-*'];
  readonly #runtime: Runtime;
  #bus: MessageBus | undefined;

  constructor(agentRuntime: Runtime) {
    this.#runtime = agentRuntime;
  }

  attach(bus: MessageBus): void {
    this.#bus = bus;
  }

  async onMessage({ channelId, id, content }: Message): Promise<void> {
    const answer = await this.#runtime.handle(String(content));
    await this.#bus?.send({ channelId, content: answer, inReplyTo: id, authorId: 'agent' });
  }

  onJoin(channelId: string, userId: string): string {
    return `${userId} is in ${channelId}`;
  }

  onLeave(): void {}

  detach(): void {
    this.#bus = undefined;
  }
}

// 1. Browser-only (no server)
const bus = new MessageBusCore();
export const plain: MessageBus = bus;

// 2. Server-mode (full stack)
bus.use(new DatabaseAdapter(db));
bus.use(new SocketAdapter(io));
bus.use(new AgentAdapter(runtime));

const subscription: Subscription = bus.subscribe('room-1', (message) => {
  if (message.content === 'stop') subscription();
});

interface Payload {
  readonly channelId: string;
  readonly serverId: string;
  readonly senderId: string;
  readonly senderName: string;
  readonly message: string;
}

export async function submit(messageBus: MessageBus, payload: Payload): Promise<string> {
  // That's it! Adapters handle everything.
  const { content } = await messageBus.send({
    channelId: payload.channelId,
    serverId: payload.serverId,
    authorId: payload.senderId,
    authorName: payload.senderName,
    content: payload.message,
  });
  return content;
}

export async function housekeeping(): Promise<void> {
  await bus.joinChannel('room-1', 'ada');
  if (bus.isChannelJoined('room-1', 'ada') && bus.getJoinedChannels('ada').length > 1) {
    await bus.leaveChannel('room-1', 'ada');
  }
  bus.on('message_deleted', ({ messageId, channelId }) => `${messageId} ${channelId}`);
  bus.on('channel_cleared', ({ channelId }) => channelId);
  await bus.deleteMessage('an-id', 'room-1');
  await bus.clearChannel('room-1');
  await bus.sendControl('room-1', 'pause', 'agent');
  bus.subscribeControl('room-1', ({ action, target }) => [action, target]);
  if (bus.getSubscriberCount('room-1') === 0 && bus.getAdapters().includes('agent')) bus.removeAdapter('agent');
  bus.clearAdapters();
  subscription();
}
