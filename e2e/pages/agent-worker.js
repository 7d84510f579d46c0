// A user's own worker: an agent at work beside the log.
import { startHost } from '/dist/start-host.js';

startHost({
  retention: { count: 1000 },
  adapters: [
    {
      name: 'echo',
      channels: ['questions'],
      onMessage: (message, { reply }) => {
        if (message.inReplyTo !== undefined) return undefined;
        if (message.content === 'fail') throw new Error('as the test wants');
        return reply(`you said: ${message.content}`, { authorId: 'echo' });
      },
    },
  ],
});
