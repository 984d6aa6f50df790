/** Makes, refreshes and removes the volumes of pods. Every call may be made again; each does only what is missing. */
import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock, Container, Pod, Volume } from '@skiff/api';
import type { Objects } from '../env/environment.ts';
import { expand } from '../env/expand.ts';
import type { PodSurroundings } from '../env/field-ref.ts';
import { toBytes } from '../quantity.ts';
import type { Mount } from '../runtime/contract.ts';
import { writeAtomically } from './atomic-writer.ts';
import { prepareHostPath } from './host-path.ts';
import { etcDir, pluginOf, podDir, podsDir, readyFile, subPathsDir, volumeDir } from './layout.ts';
import type { MountTable } from './mount-table.ts';
import { giveToGroup } from './ownership.ts';
import { PayloadError, payloadOf } from './payload.ts';
import { removeTree } from './remove-tree.ts';
import { bindSubPath } from './sub-path.ts';
import type { TokenSource } from './tokens.ts';
import { treeBytes } from './tree-bytes.ts';

export interface VolumeManagerDeps {
  readonly root: string;
  readonly clock: Clock;
  readonly mounts: MountTable;
  readonly tokens: TokenSource;
  readonly pid: number;
}

/** What a pod's volumes are made from, at this moment. */
export interface VolumeContext {
  readonly objects: Objects;
  readonly around: PodSurroundings;
}

/** One volume could not be made; the message is the user's. */
export class VolumeError extends Error {
  constructor(volume: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`MountVolume.SetUp failed for volume "${volume}" : ${why}`, { cause });
    this.name = 'VolumeError';
  }
}

export class VolumeManager {
  readonly #deps: VolumeManagerDeps;
  /** What is being done to each pod's folder: one thing at a time. */
  readonly #turns = new Map<string, Promise<void>>();

  constructor(deps: VolumeManagerDeps) {
    this.#deps = deps;
  }

  /** Uids that have a folder here: pods of this or an earlier life of the agent. */
  async knownUids(): Promise<readonly string[]> {
    return readdir(podsDir(this.#deps.root)).catch(() => []);
  }

  async exists(uid: string): Promise<boolean> {
    return (await stat(podDir(this.#deps.root, uid)).catch(() => undefined)) !== undefined;
  }

  /** Throws VolumeError for the first volume that cannot be made. */
  setUp(pod: Pod, context: VolumeContext): Promise<void> {
    return this.#inTurn(pod.metadata.uid, () => this.#setUpAll(pod, context));
  }

  async #setUpAll(pod: Pod, context: VolumeContext): Promise<void> {
    await mkdir(etcDir(this.#deps.root, pod.metadata.uid), { recursive: true, mode: 0o755 });
    for (const volume of pod.spec.volumes ?? []) {
      try {
        await this.#setUpOne(pod, volume, context);
      } catch (error) {
        throw new VolumeError(volume.name, error);
      }
    }
  }

  /** Brings volumes made of API objects up to date. Throws VolumeError; the old files then stay. */
  refresh(pod: Pod, context: VolumeContext): Promise<void> {
    return this.#inTurn(pod.metadata.uid, () => this.#refreshAll(pod, context));
  }

  async #refreshAll(pod: Pod, context: VolumeContext): Promise<void> {
    for (const volume of pod.spec.volumes ?? []) {
      if (!isPayload(volume)) continue;
      try {
        await this.#writePayload(pod, volume, context);
      } catch (error) {
        throw new VolumeError(volume.name, error);
      }
    }
  }

  /** What an emptyDir of the pod takes on disk, in bytes; 0 for one that is not there. */
  bytesOf(pod: Pod, volume: string): Promise<number> {
    return treeBytes(volumeDir(this.#deps.root, pod.metadata.uid, 'empty-dir', volume));
  }

  /** Unmounts and deletes everything of the pod. Throws when something is still in use. */
  tearDown(uid: string): Promise<void> {
    this.#deps.tokens.forget(uid);
    return this.#inTurn(uid, () => removeTree(podDir(this.#deps.root, uid), this.#deps.mounts));
  }

  async #inTurn(uid: string, run: () => Promise<void>): Promise<void> {
    const before = this.#turns.get(uid) ?? Promise.resolve();
    const mine = before.then(run, run);
    this.#turns.set(uid, mine);
    try {
      await mine;
    } finally {
      if (this.#turns.get(uid) === mine) this.#turns.delete(uid);
    }
  }

  /** The container's mounts, with sub-paths bound. Throws an Error in the user's words. */
  async mountsFor(pod: Pod, container: Container, environment: ReadonlyMap<string, string>): Promise<Mount[]> {
    const result: Mount[] = [];
    for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
      const volume = pod.spec.volumes?.find(({ name }) => name === mount.name);
      if (volume === undefined) throw new Error(`volume "${mount.name}" is not declared`);
      const base = this.#pathOf(pod, volume);
      const subPath = mount.subPathExpr ? expandStrictly(mount.subPathExpr, environment) : (mount.subPath ?? '');
      result.push({
        hostPath: subPath === '' ? base : await this.#subPath({ pod, container, index, base, subPath, volume }),
        containerPath: mount.mountPath,
        // What is made of API objects is never written by a container.
        readOnly: mount.readOnly === true || isPayload(volume),
        propagation: propagationOf(mount.mountPropagation),
      });
    }
    return result;
  }

  #pathOf(pod: Pod, volume: Volume): string {
    if (volume.hostPath !== undefined) return volume.hostPath.path;
    const plugin = pluginOf(volume);
    if (plugin === undefined) throw new Error(unsupported(volume));
    return volumeDir(this.#deps.root, pod.metadata.uid, plugin, volume.name);
  }

  async #setUpOne(pod: Pod, volume: Volume, context: VolumeContext): Promise<void> {
    if (volume.hostPath !== undefined) return prepareHostPath(volume.hostPath);
    const dir = this.#pathOf(pod, volume);
    await mkdir(dir, { recursive: true, mode: 0o755 });
    if (volume.emptyDir !== undefined) return this.#setUpEmptyDir(pod, volume, dir, context.around.nodeMemoryBytes);
    // Secrets and tokens never touch a disk.
    const inMemory = volume.secret !== undefined || volume.projected !== undefined;
    if (inMemory && !(await this.#deps.mounts.isMounted(dir))) await this.#deps.mounts.tmpfs(dir, { mode: '0755' });
    await this.#writePayload(pod, volume, context);
  }

  async #setUpEmptyDir(pod: Pod, { name, emptyDir }: Volume, dir: string, nodeMemoryBytes: number): Promise<void> {
    const { mounts, root } = this.#deps;
    const inMemory = emptyDir?.medium === 'Memory';
    const ready = readyFile(root, pod.metadata.uid, name);
    const isReady = (await stat(ready).catch(() => undefined)) !== undefined;
    // From then on mode and owner are the containers' own: an agent that restarts must not undo their chmod.
    if (isReady && (!inMemory || (await mounts.isMounted(dir)))) return;
    const sizeBytes = memoryVolumeBytes(pod, emptyDir?.sizeLimit, nodeMemoryBytes);
    if (inMemory && !(await mounts.isMounted(dir))) await mounts.tmpfs(dir, { sizeBytes, mode: '0777' });
    await chmod(dir, 0o777);
    const group = pod.spec.securityContext?.fsGroup;
    if (group !== undefined) await giveToGroup(dir, group);
    await mkdir(dirname(ready), { recursive: true, mode: 0o750 });
    await writeFile(ready, '');
  }

  async #writePayload(pod: Pod, volume: Volume, { objects, around }: VolumeContext): Promise<void> {
    const tokens = await this.#deps.tokens.forVolume(pod, volume);
    const payload = payloadOf(volume, { pod, objects, around, tokens });
    if (payload === undefined) throw new PayloadError(unsupported(volume));
    const fsGroup = pod.spec.securityContext?.fsGroup;
    await writeAtomically(this.#pathOf(pod, volume), payload, fsGroup === undefined ? {} : { fsGroup });
  }

  async #subPath(input: {
    readonly pod: Pod;
    readonly container: Container;
    readonly index: number;
    readonly base: string;
    readonly subPath: string;
    readonly volume: Volume;
  }): Promise<string> {
    const { root, mounts, pid } = this.#deps;
    const dir = subPathsDir(root, input.pod.metadata.uid);
    const target = join(dir, input.volume.name, input.container.name, String(input.index));
    await bindSubPath({ volume: input.base, subPath: input.subPath, target, mounts, pid });
    return target;
  }
}

/** What a volume in memory may grow to: its own limit, what the pod's containers may use, and what the node has (SizeMemoryBackedVolumes). */
export function memoryVolumeBytes({ spec }: Pod, sizeLimit: unknown, nodeMemoryBytes: number): number {
  const limits = spec.containers.map(({ resources }) => toBytes(resources?.limits?.memory));
  const ofPod = limits.includes(0) ? 0 : limits.reduce((sum, bytes) => sum + bytes, 0);
  return Math.min(...[toBytes(sizeLimit), ofPod, nodeMemoryBytes].filter((bytes) => bytes > 0));
}

/** True for volumes whose files come from API objects and may change. */
export const isPayload = ({ configMap, secret, downwardAPI, projected }: Volume): boolean =>
  (configMap ?? secret ?? downwardAPI ?? projected) !== undefined;

const unsupported = ({ name: _name, ...source }: Volume): string =>
  `volume source ${Object.keys(source)[0] ?? '(none)'} is not supported by this node`;

function propagationOf(propagation: string | undefined): Mount['propagation'] {
  if (propagation === 'HostToContainer') return 'rslave';
  return propagation === 'Bidirectional' ? 'rshared' : 'private';
}

/** A sub-path must not be guessed: an unknown variable is an error here. */
function expandStrictly(text: string, environment: ReadonlyMap<string, string>): string {
  const missing: string[] = [];
  const result = expand(text, (name) => {
    const value = environment.get(name);
    if (value === undefined) missing.push(name);
    return value;
  });
  if (missing.length > 0) throw new Error(`failed to expand subPathExpr: ${missing.join(', ')} not set`);
  return result;
}
