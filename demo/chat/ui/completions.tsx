import type { VNode } from 'preact';
import type { AgentCard } from '../agent/roster.ts';
import { Avatar } from './avatar.tsx';
import type { Completion } from './use-completion.ts';

export const completionsId = 'completions';

export function optionId(option: AgentCard | undefined): string | undefined {
  return option && `completion-${option.id}`;
}

/** The agents that can be asked. The focus stays in the message box, which says which one is chosen. */
export function Completions({ options, chosen, take }: Completion): VNode {
  return (
    <>
      <p role="status" class="for-readers">
        {options.length > 0 && `${options.length} ${options.length === 1 ? 'agent' : 'agents'}, Enter takes one`}
      </p>
      {options.length > 0 && (
        <div id={completionsId} class="completions" role="listbox" aria-label="Agents">
          {options.map((option, at) => (
            <div
              key={option.id}
              id={optionId(option)}
              class="completion"
              role="option"
              aria-selected={at === chosen}
              // Before the message box would lose the focus.
              onMouseDown={(event) => {
                event.preventDefault();
                take(option);
              }}
            >
              <Avatar id={option.id} name={option.name} />
              <span>
                <strong>@{option.id}</strong> <span class="quiet">{option.does}</span>
              </span>
            </div>
          ))}
        </div>
      )}
    </>
  );
}
