import { useState } from 'preact/hooks';
import type { VNode } from 'preact';
import type { BusStatus } from 'busline';
import type { Chat } from '../model/chat.ts';
import { choices } from '../model/hosts.ts';
import type { HostChoice } from '../model/hosts.ts';
import { canRemember } from '../model/preferences.ts';
import { choiceWords, hostNames, sentenceOfHost } from './host-words.ts';
import { useStore } from './use-store.ts';

/** Which host the bus has, and the way to another one. */
export function HostSection({ chat }: { readonly chat: Chat }): VNode {
  const status = useStore(chat.bus.status);
  const chosen = useStore(chat.hostChoice);
  const [wanted, want] = useState(chosen);
  const isKept = canRemember();
  const apply = (event: Event): void => {
    event.preventDefault();
    chat.hostChoice.set(wanted);
  };
  return (
    <section class="card" aria-labelledby="host">
      <h2 id="host">Host</h2>
      <div role="status" class="host-now">
        <HostNow {...status} choice={chosen} />
      </div>
      <form class="choices" onSubmit={apply}>
        <fieldset aria-describedby="host-hint">
          <legend>Where the bus runs</legend>
          {choices.map((choice) => (
            <Choice key={choice} choice={choice} isChosen={choice === wanted} onChoose={() => want(choice)} />
          ))}
        </fieldset>
        <p id="host-hint" class="quiet">
          {isKept
            ? 'All tabs share one bus, so all of them are reloaded. What was begun or is still to be sent stays.'
            : 'This browser lets the page keep nothing, so a choice would not outlast the reload that it needs.'}
        </p>
        <button type="submit" class="button" disabled={wanted === chosen || !isKept}>
          Use it and reload
        </button>
      </form>
    </section>
  );
}

/** What hosts now, why, and why it is not what was chosen. */
function HostNow({ host, why, choice }: Pick<BusStatus, 'host' | 'why'> & { readonly choice: HostChoice }): VNode {
  const isOther = choice !== 'auto' && host !== choice && host !== 'connecting' && host !== 'closed';
  return (
    <>
      <p>
        <strong>{sentenceOfHost(host)}</strong> {why}
      </p>
      {isOther && (
        <p class="warning">
          You chose: {hostNames[choice]}. Either it cannot be had here, and the reason stands above, or another one
          still runs, and yours follows when that ends.
        </p>
      )}
    </>
  );
}

interface ChoiceProps {
  readonly choice: HostChoice;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
}

function Choice({ choice, isChosen, onChoose }: ChoiceProps): VNode {
  const { name, about } = choiceWords[choice];
  return (
    <label class="choice">
      <input type="radio" name="host" value={choice} checked={isChosen} onChange={onChoose} />
      <span>
        <strong>{name}</strong>: {about}
      </span>
    </label>
  );
}
