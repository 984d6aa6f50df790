/** Which images go when their file system fills up (kubelet's image_gc_manager.go, v1.32). Pure. */
import type { Image } from '../runtime/contract.ts';

/** kubelet's imageMinimumGCAge: an image that has just come is about to be used. */
const minAgeMs = 120_000;

/** When an image was first seen here, and last in use; in milliseconds since the epoch. */
export interface ImageRecord {
  readonly firstSeenMs: number;
  readonly lastUsedMs: number;
}

export type ImageRecords = ReadonlyMap<string, ImageRecord>;

/** The records after a look; what the first look finds is old, and images that are gone are forgotten. `inUse`: ids of images that containers are made of. */
export function lookAtImages(
  before: ImageRecords | undefined,
  images: readonly Image[],
  inUse: ReadonlySet<string>,
  nowMs: number,
): ImageRecords {
  const known = before ?? new Map(images.map(({ id }) => [id, { firstSeenMs: 0, lastUsedMs: 0 }]));
  return new Map(
    images.map(({ id }) => {
      const { firstSeenMs = nowMs, lastUsedMs = 0 } = known.get(id) ?? {};
      return [id, { firstSeenMs, lastUsedMs: inUse.has(id) ? nowMs : lastUsedMs }];
    }),
  );
}

/** Unused images, the one that was used longest ago first, until `bytes` are freed. */
export function imagesToRemove(
  images: readonly Image[],
  records: ImageRecords,
  inUse: ReadonlySet<string>,
  bytes: number,
  nowMs: number,
): readonly Image[] {
  let left = bytes;
  return images
    .flatMap((image) => {
      const record = records.get(image.id);
      return record === undefined || inUse.has(image.id) || nowMs - record.firstSeenMs < minAgeMs
        ? []
        : [{ image, record }];
    })
    .sort((a, b) => a.record.lastUsedMs - b.record.lastUsedMs || a.record.firstSeenMs - b.record.firstSeenMs)
    .filter(({ image }) => {
      if (left <= 0) return false;
      left -= image.sizeBytes;
      return true;
    })
    .map(({ image }) => image);
}

/** Shares of the file system: above `high`, images go until it is down to `low` (imageGCHighThresholdPercent and …Low…). */
export interface ImageWaterMarks {
  readonly high: number;
  readonly low: number;
}

/** How many bytes of images should go for the file system's sake; 0 below the mark, or where the mark is the whole. */
export function bytesOverMark(
  { bytes, availableBytes }: { readonly bytes: number; readonly availableBytes: number },
  { high, low }: ImageWaterMarks,
): number {
  const used = bytes - availableBytes;
  return high >= 1 || bytes === 0 || used < high * bytes ? 0 : Math.ceil(used - low * bytes);
}
