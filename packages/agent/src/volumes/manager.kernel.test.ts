/** Volumes on the real kernel: files, modes, owners, tmpfs, sub-paths, and that nothing outside is ever touched. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConfigMap, type HostPathVolumeSource, type Pod, realClock, type Secret, type Volume } from '@skiff/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCommand } from '../network/command.ts';
import { container, podWith } from '../pods/testing/facts.ts';
import { VolumeManager } from './manager.ts';
import { hostMounts } from './mount-table.ts';

const around = {
  hostIPs: ['192.168.0.1'],
  podIPs: ['10.244.0.5'],
  nodeName: 'n1',
  nodeCpus: 4,
  nodeMemoryBytes: 2 ** 33,
};
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe.skipIf(process.getuid?.() !== 0)('volumes on the real kernel (needs root)', () => {
  const mounts = hostMounts(runCommand);
  let dir = '';
  let root = '';
  let manager: VolumeManager;
  const configMaps = new Map<string, Partial<ConfigMap>>();
  const secrets = new Map<string, Partial<Secret>>();
  const objects = {
    configMap: (name: string) => configMaps.get(name) as ConfigMap | undefined,
    secret: (name: string) => secrets.get(name) as Secret | undefined,
  };
  const tokens = {
    forVolume: async () => new Map([['v/token', 'secret-token']]),
    forget: () => undefined,
  };

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'skiff-volumes-'));
    root = join(dir, 'root');
    manager = new VolumeManager({ root, clock: realClock, mounts, tokens, pid: process.pid });
    configMaps.clear();
    secrets.clear();
  });
  afterEach(async () => {
    await manager.tearDown('u1');
    expect(await mounts.below(dir)).toEqual([]);
    await rm(dir, { recursive: true, force: true });
  });

  const withVolume = (volume: Partial<Volume>, spec: Partial<Pod['spec']> = {}): Pod =>
    podWith({ ...spec, volumes: [{ name: 'v', ...volume }] }, {});
  const pathOf = (plugin: string): string => join(root, 'pods', 'u1', 'volumes', `kubernetes.io~${plugin}`, 'v');
  const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o7777).toString(8);
  const setUp = (pod: Pod): Promise<void> => manager.setUp(pod, { objects, around });
  const mounted = async (pod: Pod, mount: object, environment: Record<string, string> = {}) => {
    const own = container('app', { volumeMounts: [{ name: 'v', mountPath: '/m', ...mount }] });
    const [made] = await manager.mountsFor(pod, own, new Map(Object.entries(environment)));
    if (made === undefined) throw new Error('no mount');
    return made;
  };

  describe('emptyDir', () => {
    test('is open to all, on disk', async () => {
      await setUp(withVolume({ emptyDir: {} }));
      expect(await modeOf(pathOf('empty-dir'))).toBe('777');
      expect(await mounts.isMounted(pathOf('empty-dir'))).toBe(false);
    });
    test('in memory is a tmpfs of the asked size', async () => {
      await setUp(withVolume({ emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } }));
      expect(await mounts.isMounted(pathOf('empty-dir'))).toBe(true);
      expect(await modeOf(pathOf('empty-dir'))).toBe('777');
      await expect(writeFile(join(pathOf('empty-dir'), 'big'), Buffer.alloc(2 ** 21))).rejects.toThrow('ENOSPC');
    });
    test('belongs to the fsGroup, and so does what is made in it', async () => {
      await setUp(withVolume({ emptyDir: {} }, { securityContext: { fsGroup: 1234 } }));
      expect(await modeOf(pathOf('empty-dir'))).toBe('2777');
      await writeFile(join(pathOf('empty-dir'), 'file'), '');
      expect((await stat(join(pathOf('empty-dir'), 'file'))).gid).toBe(1234);
    });
    test('keeps what containers did to it when it is set up again', async () => {
      const pod = withVolume({ emptyDir: {} }, { securityContext: { fsGroup: 1234 } });
      await setUp(pod);
      await chmod(pathOf('empty-dir'), 0o700);
      await writeFile(join(pathOf('empty-dir'), 'file'), 'data', { mode: 0o600 });
      await setUp(pod);
      expect(await modeOf(pathOf('empty-dir'))).toBe('700');
      expect(await modeOf(join(pathOf('empty-dir'), 'file'))).toBe('600');
    });
  });

  describe('of API objects', () => {
    test('a ConfigMap: text and bytes, 0644, behind one link that moves', async () => {
      configMaps.set('c', { data: { a: 'one' }, binaryData: { b: base64('\u0000\u00ff') } });
      const pod = withVolume({ configMap: { name: 'c' } });
      await setUp(pod);
      const at = pathOf('configmap');
      expect(await readFile(join(at, 'a'), 'utf8')).toBe('one');
      expect(await readFile(join(at, 'b'), 'utf8')).toBe('\u0000\u00ff');
      expect(await modeOf(join(at, 'a'))).toBe('644');
      expect(await readlink(join(at, 'a'))).toBe('..data/a');
      const before = await readlink(join(at, '..data'));
      await manager.refresh(pod, { objects, around });
      expect(await readlink(join(at, '..data'))).toBe(before);
      configMaps.set('c', { data: { c: 'three' } });
      await manager.refresh(pod, { objects, around });
      expect(await readlink(join(at, '..data'))).not.toBe(before);
      const left = await readdir(at);
      expect(left.filter((name) => !name.startsWith('..'))).toEqual(['c']);
      expect(left.filter((name) => name.startsWith('..version_'))).toHaveLength(1);
    });
    test('items, modes, and what is optional', async () => {
      configMaps.set('c', { data: { a: 'one', b: 'two' } });
      const items = [{ key: 'a', path: 'deep/er/file', mode: 0o400 }];
      await setUp(withVolume({ configMap: { name: 'c', items, defaultMode: 0o440 } }));
      expect(await readFile(join(pathOf('configmap'), 'deep/er/file'), 'utf8')).toBe('one');
      expect(await modeOf(join(pathOf('configmap'), 'deep/er/file'))).toBe('400');
      const missing = [{ key: 'x', path: 'x' }];
      await expect(setUp(withVolume({ configMap: { name: 'c', items: missing } }))).rejects.toThrow(
        'MountVolume.SetUp failed for volume "v" : references non-existent config key: x',
      );
      await setUp(withVolume({ configMap: { name: 'c', items: missing, optional: true } }));
      await expect(setUp(withVolume({ configMap: { name: 'none' } }))).rejects.toThrow('configmap "none" not found');
      await setUp(withVolume({ configMap: { name: 'none', optional: true } }));
    });
    test('a Secret lies in memory, readable for the fsGroup', async () => {
      secrets.set('s', { data: { key: base64('value') } });
      await setUp(
        withVolume({ secret: { secretName: 's', defaultMode: 0o400 } }, { securityContext: { fsGroup: 1234 } }),
      );
      const file = join(pathOf('secret'), 'key');
      expect(await mounts.isMounted(pathOf('secret'))).toBe(true);
      expect(await readFile(file, 'utf8')).toBe('value');
      expect(await modeOf(file)).toBe('440');
      expect((await stat(file)).gid).toBe(1234);
    });
    test('a projected volume holds all its sources together', async () => {
      configMaps.set('c', { data: { a: 'one' } });
      secrets.set('s', { data: { b: base64('two') } });
      const sources = [
        { configMap: { name: 'c' } },
        { secret: { name: 's', items: [{ key: 'b', path: 'secret/b' }] } },
        { downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
        { serviceAccountToken: { path: 'token' } },
      ];
      await setUp(withVolume({ projected: { sources } }));
      const read = (path: string): Promise<string> => readFile(join(pathOf('projected'), path), 'utf8');
      const paths = ['a', 'secret/b', 'name', 'token'];
      expect(await Promise.all(paths.map(read))).toEqual(['one', 'two', 'web', 'secret-token']);
    });
    test('are mounted read-only, whatever the container asks', async () => {
      configMaps.set('c', { data: { a: 'one' } });
      const pod = withVolume({ configMap: { name: 'c' } });
      await setUp(pod);
      expect((await mounted(pod, {})).readOnly).toBe(true);
      expect((await mounted(withVolume({ emptyDir: {} }), {})).readOnly).toBe(false);
    });
    test.each(['../escape', '/etc/passwd', 'a/../../b', '..data', ''])('the item path %j is refused', async (path) => {
      configMaps.set('c', { data: { a: 'one' } });
      await expect(setUp(withVolume({ configMap: { name: 'c', items: [{ key: 'a', path }] } }))).rejects.toThrow(
        'invalid path',
      );
    });
    test('refreshes and set-ups that meet do not trip over each other', async () => {
      configMaps.set('c', { data: { a: '0' } });
      const pod = withVolume({ configMap: { name: 'c' } });
      await setUp(pod);
      const all = Array.from({ length: 20 }, (_, i) => {
        configMaps.set('c', { data: { a: String(i) } });
        return manager.refresh(pod, { objects, around });
      });
      await Promise.all(all);
      expect(await readFile(join(pathOf('configmap'), 'a'), 'utf8')).toBe('19');
    });
  });

  describe('hostPath', () => {
    const use = (path: string, type?: HostPathVolumeSource['type']): Promise<void> =>
      setUp(withVolume({ hostPath: { path, ...(type === undefined ? {} : { type }) } }));
    test('is checked by its type, and made where the type says so', async () => {
      await writeFile(join(dir, 'file'), '');
      await use(join(dir, 'file'), 'File');
      await use(dir, 'Directory');
      await use('/dev/null', 'CharDevice');
      for (const [path, type, what] of [
        [dir, 'File', 'a file'],
        [join(dir, 'file'), 'Directory', 'a directory'],
        [join(dir, 'file'), 'DirectoryOrCreate', 'a directory'],
        [join(dir, 'none'), 'Directory', 'a directory'],
        [join(dir, 'file'), 'Socket', 'a socket file'],
        [dir, 'BlockDevice', 'a block device'],
      ] as const) {
        await expect(use(path, type)).rejects.toThrow(`hostPath type check failed: ${path} is not ${what}`);
      }
      await use(join(dir, 'made/deep'), 'DirectoryOrCreate');
      await use(join(dir, 'made/file'), 'FileOrCreate');
      expect((await stat(join(dir, 'made/file'))).isFile()).toBe(true);
      await expect(use(join(dir, 'no/parent/file'), 'FileOrCreate')).rejects.toThrow('ENOENT');
      await use(join(dir, 'untyped'));
      expect((await stat(join(dir, 'untyped'))).isDirectory()).toBe(true);
    });
    test.each(['relative/path', '/a/../../etc'])('%s is refused', async (path) => {
      await expect(use(path)).rejects.toThrow('hostPath must be absolute');
    });
  });

  describe('a sub-path', () => {
    const pod = withVolume({ emptyDir: {} });
    const inside = (path = ''): string => join(pathOf('empty-dir'), path);
    beforeEach(() => setUp(pod));

    test('is made with the volume’s mode, and shows the same files', async () => {
      const { hostPath } = await mounted(pod, { subPath: 'a/b' });
      expect(await modeOf(inside('a'))).toBe('777');
      await writeFile(join(hostPath, 'file'), 'data');
      expect(await readFile(inside('a/b/file'), 'utf8')).toBe('data');
    });
    test('is made once when containers that start together ask for it', async () => {
      const names = Array.from({ length: 20 }, (_, i) => `c${i}`);
      const start = (name: string) =>
        manager.mountsFor(
          pod,
          container(name, { volumeMounts: [{ name: 'v', mountPath: '/m', subPath: 'new/deep' }] }),
          new Map(),
        );
      const made = await Promise.all(names.map(start));
      expect(made.flat()).toHaveLength(names.length);
      expect(await modeOf(inside('new/deep'))).toBe('777');
    });
    test('may be a file, a pipe, or behind a link that stays inside', async () => {
      await writeFile(inside('file'), 'data');
      expect(await readFile((await mounted(pod, { subPath: 'file' })).hostPath, 'utf8')).toBe('data');
      await runCommand('mkfifo', [inside('pipe')]);
      expect((await stat((await mounted(pod, { subPath: 'pipe' })).hostPath)).isFIFO()).toBe(true);
      await mkdir(inside('real'));
      await symlink('real', inside('link'));
      await mounted(pod, { subPath: 'link/deep' });
      expect((await stat(inside('real/deep'))).isDirectory()).toBe(true);
    });
    test('is bound anew when it names something else by now, and not when it does not', async () => {
      await writeFile(inside('file'), 'old');
      const { hostPath } = await mounted(pod, { subPath: 'file' });
      await mounted(pod, { subPath: 'file' });
      expect((await mounts.below(dir)).filter((point) => point === hostPath)).toHaveLength(1);
      await rm(inside('file'));
      await writeFile(inside('file'), 'new');
      await mounted(pod, { subPath: 'file' });
      expect(await readFile(hostPath, 'utf8')).toBe('new');
    });
    test('H-127 of a variable: expanded, and nothing is guessed', async () => {
      await mounted(pod, { subPathExpr: 'logs/$(NAME)' }, { NAME: 'web' });
      expect(await readdir(inside('logs'))).toEqual(['web']);
      await expect(mounted(pod, { subPathExpr: '$(NONE)' })).rejects.toThrow('NONE not set');
      for (const NAME of ['..', '/tmp', 'a/../..', '../../..'])
        await expect(mounted(pod, { subPathExpr: '$(NAME)' }, { NAME })).rejects.toThrow('must be relative');
    });
    test.each(['/', '../../../../..', '/etc'])('a link to %s is not followed out', async (target) => {
      await symlink(target, inside('out'));
      await expect(mounted(pod, { subPath: 'out' })).rejects.toThrow('leads out of its volume');
      await expect(mounted(pod, { subPath: 'out/made' })).rejects.toThrow('leads out of its volume');
    });

    test('H-128 that is swapped for a link while it is mounted shows volume content or fails', async () => {
      const outside = join(dir, 'outside');
      await mkdir(outside);
      await writeFile(join(outside, 'mark'), 'outside');
      await mkdir(inside('sub'));
      await writeFile(inside('sub/mark'), 'inside');
      const stop = join(dir, 'stop');
      // A folder that the mounting makes while there is none goes, or what was kept would be put into it.
      const back = 'until mv -T kept sub; do rm -rf sub; done';
      const swap = `cd ${inside()}; until [ -e ${stop} ]; do mv -T sub kept; ln -s ${outside} sub; rm -rf sub; ${back}; done`;
      const swapper = spawn('sh', ['-c', swap], { stdio: 'ignore' });
      const ended = once(swapper, 'exit');
      const seen = new Set<string>();
      try {
        for (let i = 0; i < 1000; i += 1) {
          const made = await mounted(pod, { subPath: 'sub/deep' }).catch(() => undefined);
          const above = await mounted(pod, { subPath: 'sub' }).catch(() => undefined);
          if (above !== undefined) seen.add(await readFile(join(above.hostPath, 'mark'), 'utf8').catch(() => 'gone'));
          for (const one of [made, above]) if (one !== undefined) await mounts.unmount(one.hostPath).catch(() => {});
        }
      } finally {
        // It ends between two swaps: one killed in the middle would leave a child that goes on.
        await writeFile(stop, '');
        await ended;
      }
      expect(seen).toContain('inside');
      expect(seen).not.toContain('outside');
      expect(await readdir(outside)).toEqual(['mark']);
    }, 300_000);
  });

  describe('the end', () => {
    test('H-129 takes everything of the pod, and nothing that its links lead to', async () => {
      const outside = join(dir, 'outside');
      await mkdir(outside);
      await writeFile(join(outside, 'precious'), '');
      secrets.set('s', { data: { key: base64('value') } });
      const volumes: Volume[] = [
        { name: 'v', emptyDir: {} },
        { name: 'm', emptyDir: { medium: 'Memory' } },
        { name: 's', secret: { secretName: 's' } },
        { name: 'h', hostPath: { path: outside } },
      ];
      const pod = podWith({ volumes });
      await setUp(pod);
      await symlink(outside, join(pathOf('empty-dir'), 'link'));
      await mounted(pod, { subPath: 'deep' });
      await mounted(pod, { name: 'h', subPath: 'part' });
      await manager.tearDown('u1');
      expect(await readdir(join(root, 'pods'))).toEqual([]);
      expect((await readdir(outside)).toSorted()).toEqual(['part', 'precious']);
    });
    test('H-129 removes nothing above a volume whose ..data was turned into a link upwards', async () => {
      configMaps.set('c', { data: { a: 'one' } });
      const pod = withVolume({ configMap: { name: 'c' } });
      await setUp(pod);
      await writeFile(join(root, 'pods', 'u1', 'stays'), '');
      await rm(join(pathOf('configmap'), '..data'));
      await symlink('..', join(pathOf('configmap'), '..data'));
      configMaps.set('c', { data: { a: 'two' } });
      await manager.refresh(pod, { objects, around });
      expect(await readFile(join(pathOf('configmap'), 'a'), 'utf8')).toBe('two');
      expect((await lstat(join(root, 'pods', 'u1', 'stays'))).isFile()).toBe(true);
    });
    test('a uid that climbs is no uid', async () => {
      for (const uid of ['..', '../x', 'a/b', '']) {
        await expect((async () => manager.tearDown(uid))()).rejects.toThrow('is no pod uid');
      }
    });
  });

  test('a volume source that this node does not have is told by name', async () => {
    await expect(setUp(withVolume({ nfs: { server: 's', path: '/' } }))).rejects.toThrow(
      'volume source nfs is not supported by this node',
    );
  });
});
