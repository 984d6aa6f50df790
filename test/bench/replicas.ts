/**
 * `scripts/bench replicas`: from the apply of a Deployment until all its containers have reported in, on one node that has the image; beside
 * Docker Swarm's service of as many replicas, and the same containers created and started one after another by dockerode, on the same engine's version.
 */
import { parseArgs } from 'node:util';
import Docker from 'dockerode';
import spawn from 'nano-spawn';
import { dialGrpc } from './doors.ts';
import { rate, toLine } from './measure.ts';
import { image, loadImage, type OneNode, startOneNode } from './one-node.ts';
import { namespace } from './pods.ts';
import { type Swarm, startSwarm } from './swarm.ts';

const { values: options } = parseArgs({
  options: {
    small: { type: 'boolean', default: false },
    runs: { type: 'string', default: '3' },
    replicas: { type: 'string', default: '50' },
  },
});
const runs = options.small ? 1 : Number(options.runs);
const replicas = options.small ? 3 : Number(options.replicas);
const command = ['sleep', '1000000'];
const name = 'bench';
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const deployment = JSON.stringify({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image, command }] },
    },
  },
});

interface Watched {
  readonly events: readonly { readonly type: string; readonly json: string }[];
}

/** Seconds until the API server says of each pod that it is Ready. */
async function ours(node: OneNode): Promise<number> {
  const { call, stream, close } = dialGrpc(node);
  const target = (group: string, resource: string, of = '') => ({
    ...{ group, version: 'v1', resource, namespace, name: of, subresource: '' },
  });
  const ready = new Set<string>();
  const gone = Promise.withResolvers<void>();
  const all = Promise.withResolvers<void>();
  const watch = stream('Watch', { target: target('', 'pods'), labelSelector: `app=${name}` });
  watch.on('error', (error: Error) => all.reject(error));
  watch.on('data', ({ events }: Watched) => {
    for (const { type, json } of events) {
      if (type === 'EVENT_TYPE_BOOKMARK') continue;
      const { metadata, status } = JSON.parse(json);
      const conditions: { type: string; status: string }[] = status?.conditions ?? [];
      if (type === 'EVENT_TYPE_DELETED') ready.delete(metadata.name);
      else if (conditions.some((one) => one.type === 'Ready' && one.status === 'True')) ready.add(metadata.name);
      if (ready.size === replicas) all.resolve();
      if (ready.size === 0) gone.resolve();
    }
  });
  const beganMs = performance.now();
  await call('Create', { target: target('apps', 'deployments'), object: { json: deployment } });
  await all.promise;
  const seconds = (performance.now() - beganMs) / 1000;
  await call('Delete', { target: target('apps', 'deployments', name), options: {} });
  await gone.promise;
  watch.removeAllListeners('error').on('error', () => undefined);
  watch.cancel();
  close();
  return seconds;
}

/** Seconds until the manager says of each task that it runs. */
async function swarmService({ docker }: Swarm, network: readonly string[]): Promise<number> {
  const beganMs = performance.now();
  const flags = [
    '--detach',
    '--quiet',
    '--no-resolve-image',
    '--replicas',
    String(replicas),
    '--name',
    name,
    ...network,
  ];
  await docker('service', 'create', ...flags, image, ...command);
  for (;;) {
    const states = await docker('service', 'ps', name, '--format', '{{.CurrentState}}');
    if (states.split('\n').filter((state) => state.startsWith('Running')).length === replicas) break;
    await sleep(20);
  }
  const seconds = (performance.now() - beganMs) / 1000;
  await docker('service', 'rm', name);
  while ((await docker('ps', '--all', '--quiet')) !== '') await sleep(100);
  return seconds;
}

/** Seconds to create and start as many containers without a network, four at a time. */
async function raw({ socket }: Swarm): Promise<number> {
  const docker = new Docker({ socketPath: socket });
  const ids: string[] = [];
  const beganMs = performance.now();
  await rate(4, replicas, async () => {
    const container = await docker.createContainer({ Image: image, Cmd: command, HostConfig: { NetworkMode: 'none' } });
    await container.start();
    ids.push(container.id);
  });
  const seconds = (performance.now() - beganMs) / 1000;
  await rate(4, replicas, (index) => docker.getContainer(ids[index] ?? '').remove({ force: true }));
  return seconds;
}

const node = await startOneNode();
const { place } = node.cluster;
try {
  await loadImage(node);
  const swarm = await startSwarm(`${place.name}-swarm`);
  try {
    const engine = `unix:///run/skiff/${place.name}/node-1/docker.sock`;
    await spawn('bash', ['-c', `docker -H ${engine} save ${image} | docker -H unix://${swarm.socket} load`]);
    await swarm.docker('network', 'create', '--driver', 'overlay', name);
    const times = { ours: [] as number[], overlay: [] as number[], bridge: [] as number[], raw: [] as number[] };
    for (let run = 0; run < runs; run += 1) {
      times.ours.push(await ours(node));
      times.overlay.push(await swarmService(swarm, ['--network', name]));
      times.bridge.push(await swarmService(swarm, []));
      times.raw.push(await raw(swarm));
    }
    const peers = {
      swarm: ['docker service create on an overlay network', times.overlay],
      'swarm-bridge': ["docker service create on the engine's own bridge", times.bridge],
      raw: ['create and start by dockerode without a network, 4 in flight', times.raw],
    } as const;
    const setting = {
      replicas,
      image,
      engines: 'one each, of one version; all pods and tasks have an address of their own',
    };
    for (const [peer, [comparedWith, comparedValues]] of Object.entries(peers))
      console.log(
        toLine({ name: `replicas.${peer}`, values: times.ours, unit: 's', comparedWith, comparedValues, setting }),
      );
  } finally {
    await swarm.stop();
  }
} finally {
  await node.stop();
}
