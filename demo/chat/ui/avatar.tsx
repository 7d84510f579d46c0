import type { VNode } from 'preact';
import { isAgent } from '../agent/roster.ts';
import type { AgentId } from '../agent/roster.ts';
import { DocsIcon, FactsIcon, PlanIcon } from './icons.tsx';
import { hueOf, initialsOf } from './words.ts';

const faces: Record<AgentId, () => VNode> = { docs: DocsIcon, facts: FactsIcon, plan: PlanIcon };

export function Avatar({ id, name }: { readonly id: string; readonly name: string }): VNode {
  const Face = isAgent(id) ? faces[id] : undefined;
  return (
    <span class="avatar" data-hue={Face === undefined ? hueOf(id) : 'agent'} aria-hidden="true">
      {Face === undefined ? initialsOf(name) : <Face />}
    </span>
  );
}
