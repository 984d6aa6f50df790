/**
 * Versions made of etcd's revisions. Writes that share a transaction share its revision, so a version is the revision and,
 * in its low bits, the slot of the key: a number that follows from the key alone. The keeper never puts two keys of one
 * slot into one transaction and orders a transaction by slot; so versions are unique, grow in the order of events, and any
 * of them tells where a watch goes on. docs/decisions/group-commit.md has the reasons.
 */

/** 4096 slots: of 100 keys in a transaction about one pair collides, and one of the two waits for the next transaction. */
const slotBits = 12n;
const slotMask = (1n << slotBits) - 1n;

/** FNV-1a over the key's UTF-16 units, folded. Stored versions depend on it: it can never change. */
export function slotOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return ((hash >>> 20) ^ (hash >>> 8) ^ hash) & Number(slotMask);
}

export const versionOf = (key: string, revision: bigint): bigint => (revision << slotBits) | BigInt(slotOf(key));

/** The version behind all of a revision: what a snapshot of it, or having seen all of it, is called. */
export const topOf = (revision: bigint): bigint => (revision << slotBits) | slotMask;

export const revisionOf = (version: bigint): bigint => version >> slotBits;

/** No key has it. */
export const noRevision = BigInt(Number.MAX_SAFE_INTEGER);

/** The mod revision that a key at `expected` has; `noRevision` for a version that is not this key's. 0n (absent) stays 0n. */
export function guardOf(key: string, expected: bigint): bigint {
  if (expected === 0n) return 0n;
  const revision = revisionOf(expected);
  return versionOf(key, revision) === expected ? revision : noRevision;
}

/**
 * The revision to ask a watch of etcd from, to get all after `after`: one that is seen already, and whose events are dropped.
 * Never a revision that does not exist yet (before 3.4.38 etcd then sends old events); and never one that a compaction may
 * have thinned out: at its own revision a compaction forgets deletions (before 3.4.36), below it etcd refuses the watch.
 */
export function startOf(after: bigint): bigint {
  const start = ((after + 1n) >> slotBits) - 1n;
  return start < 1n ? 1n : start;
}
