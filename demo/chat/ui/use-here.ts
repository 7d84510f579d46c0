import { useEffect, useState } from 'preact/hooks';
import type { Chat } from '../model/chat.ts';
import { Here } from '../model/here.ts';

/** This tab is in the channel as long as this is drawn. */
export function useHere({ bus, person }: Chat, channelId: string): Here {
  const [here] = useState(() => new Here(bus, person, channelId));
  useEffect(() => () => here.leave(), [here]);
  return here;
}
