/** Likes nodes that hold the pod's images already, the more the larger and the more spread they are. */
import type { ScorePlugin } from '../framework/types.ts';

const megabyte = 1024 * 1024;
const least = 23 * megabyte;
const mostPerContainer = 1000 * megabyte;

export const imageLocality: ScorePlugin = {
  name: 'ImageLocality',
  weight: 1,
  prepareScore(pod, snapshot) {
    const wanted = [...(pod.spec.initContainers ?? []), ...(pod.spec.containers ?? [])].map((container) =>
      normalise(container.image ?? ''),
    );
    const spread = new Map<string, number>();
    for (const { node } of snapshot.nodes) {
      for (const name of new Set((node.status?.images ?? []).flatMap((image) => image.names ?? [])))
        spread.set(name, (spread.get(name) ?? 0) + 1);
    }
    if (!wanted.some((name) => spread.has(name))) return undefined;
    return {
      score({ node }) {
        const held = new Map(
          (node.status?.images ?? []).flatMap(({ names = [], sizeBytes = 0 }) =>
            names.map((name) => [name, sizeBytes]),
          ),
        );
        const total = wanted.reduce(
          (sum, name) => sum + ((held.get(name) ?? 0) * (spread.get(name) ?? 0)) / snapshot.nodes.length,
          0,
        );
        const most = mostPerContainer * wanted.length;
        return Math.floor(((Math.min(Math.max(total, least), most) - least) * 100) / (most - least));
      },
    };
  },
};

/** A name without tag means `:latest`. */
const normalise = (image: string): string =>
  image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image;
