// better-sqlite3 in WAL mode as a queue between processes: who writes commits `burst` rows at once, who reads asks each
// millisecond for what is new. `synchronous = NORMAL` survives what a journal without fsync survives: death of a process.
import { createRequire } from 'node:module';
import { contentOf, numberOf } from '../pages/content.js';

const Database = createRequire(new URL('../peers/package.json', import.meta.url))('better-sqlite3');
let database;
let arrived;

export function open({ directory }) {
  database = new Database(`${directory}/peer.sqlite`);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = NORMAL');
  database.exec(
    'create table if not exists messages (id integer primary key, channel text, sender integer, body text)',
  );
}

export function receive(channelId, count, senders) {
  const news = database.prepare('select id, sender, body from messages where channel = ? and id > ? order by id');
  const next = Array.from({ length: senders }, () => 0);
  arrived = (async () => {
    for (let last = 0, got = 0; got < count;) {
      for (const { id, sender, body } of news.all(channelId, last)) {
        if (numberOf(JSON.parse(body)) !== next[sender]++) throw new Error(`${id} is not in order`);
        last = id;
        got += 1;
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })();
  arrived.catch(() => undefined);
}

export const received = () => arrived;

export async function send(channelId, count, burst, from) {
  const insert = database.prepare('insert into messages (channel, sender, body) values (?, ?, ?)');
  const commit = database.transaction((begin, end) => {
    for (let n = begin; n < end; n++) insert.run(channelId, from, JSON.stringify(contentOf(n)));
  });
  for (let n = 0; n < count; n += burst) commit.immediate(n, Math.min(n + burst, count));
}
