/** What views of a cluster have in common, and what one says about a slot. Pure. */
import { rangesOf, type NodeView } from '../client/cluster-nodes.js';

export function coversSlot(view: NodeView, slot: number): boolean {
  return rangesOf(view).some(({ first, last }) => slot >= first && slot <= last);
}

/** What all nodes must agree about, as text: who is what, who follows whom, who has which slots. */
export function agreedConfiguration(views: readonly NodeView[]): string {
  return views
    .map((view) => `${view.id} ${view.masterId ?? `${view.configEpoch} ${view.slots.join(' ')}`}`)
    .sort()
    .join('\n');
}
