/** What a Node says about itself. Pure. */
import type { Node } from '@skiff/api';

export function isReady(node: Pick<Node, 'status'>): boolean {
  return (
    node.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false
  );
}
