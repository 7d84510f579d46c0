// A host with agents of its own: all verbs work here as they do in pages.
import { agent } from '/dist/core.js';
import { startHost } from '/dist/start-host.js';

const control = new BroadcastChannel(`faults:${self.name.split('/').slice(2).join('/')}`);

startHost({
  adapters: [
    agent({
      name: 'teller',
      channels: ['stories'],
      async onMessage(message, attempt) {
        const stream = attempt.stream();
        const { content } = await attempt.bus.request({ channelId: 'words', content: attempt.attempt });
        for (const word of content) {
          stream.write(`${word} `);
          // The first time the worker dies while it answers.
          if (message.content === 'die' && attempt.attempt === 1) {
            self.close();
            await new Promise(() => undefined);
          }
        }
        await stream.close();
      },
    }),
    {
      name: 'responder',
      attach(bus) {
        bus.respond('words', ({ content }) => ['once', 'upon', 'a', 'time', `attempt ${content}`]);
      },
    },
  ],
});

control.onmessage = ({ data }) => {
  if (data.kill) self.close();
};
