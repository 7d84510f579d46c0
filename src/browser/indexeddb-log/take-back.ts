// What undoes a torn commit: one that Firefox wrote in part. It is written before anything else is.

import { isIdentified } from '../../core/ledger.ts';
import type { Placed } from '../../core/ledger.ts';
import type { Append } from '../../core/log.ts';
import type { Channels } from './channels.ts';
import { writeRecords } from './saved-records.ts';
import type { Saved } from './saved-records.ts';
import { after } from './segments.ts';
import type { Write } from './writer.ts';

/** `channels` are again as they were before these entries were placed, and `records` is what was there before. */
export function takeBack(
  entries: readonly Append[],
  placed: readonly Placed[],
  channels: Channels,
  records: Saved,
): Write {
  return (store) => {
    writeRecords(records)(store);
    entries.forEach(({ block }, at) => {
      const { channelId } = block.header;
      const { record, committed } = channels.get(channelId);
      store('segments').delete(after(channelId, committed.head));
      if (committed.logId === '') store('channels').delete(channelId);
      for (const key of placed[at]?.block?.header.keys ?? []) store('keys').delete([channelId, key]);
      if (!isIdentified(block)) return;
      const { producerId } = block.header;
      const state = record.producers.get(producerId);
      if (state === undefined) store('producers').delete([channelId, producerId]);
      else store('producers').put(state, [channelId, producerId]);
    });
  };
}
