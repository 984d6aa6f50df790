/** Who this host is to the API: its Node, made anew when somebody deletes it while the agent lives. */
import type { Node } from '@skiff/api';
import type { Informer } from '@skiff/client';
import { createChannel } from '../async/channel.ts';

export class Standing {
  #node: Node;

  constructor(registered: Node) {
    this.#node = registered;
  }

  /** The Node as it was registered last: its name and uid hold, the rest may be old. */
  get node(): Node {
    return this.#node;
  }

  /** Registers again, with what `again` says, each time the Node goes; until the signal aborts. */
  async keep(nodes: Informer<Node>, again: (gone: Node) => Promise<Node>, signal: AbortSignal): Promise<void> {
    const deletions = createChannel<Node>();
    const end = (): void => deletions.end();
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    const unsubscribe = nodes.onChange(({ type, object }) => {
      if (type === 'removed' && object.metadata.uid === this.#node.metadata.uid) deletions.push(object);
    });
    try {
      for await (const gone of deletions) this.#node = await again(gone);
    } finally {
      signal.removeEventListener('abort', end);
      unsubscribe();
    }
  }
}
