/** What a real kubectl's typed commands send (protobuf all of them), and its way through the schema of every kind. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '@skiff/api';
import { builtinDefinitions } from '@skiff/api/kinds';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { runningPod } from '../grpc/testing/pods.ts';
import { kubectlBinary } from './streams/testing/kubectl.ts';
import { startTestServer, type TestServer } from './testing/server.ts';

let at: TestServer;
let directory: string;
let kubectl: string;

beforeAll(async () => {
  at = await startTestServer();
  directory = await mkdtemp(join(tmpdir(), 'skiff-typed-'));
  kubectl = await kubectlBinary(directory);
  await runningPod(at, 'p', 'n');
  for (const [file, text] of [
    ['tls.crt', at.admin.certificatePem],
    ['tls.key', at.admin.keyPem],
    ['ca.crt', at.ca.certificatePem],
  ] as const)
    await writeFile(join(directory, file), text);
});
afterAll(async () => {
  await at.close();
  await rm(directory, { recursive: true, force: true });
});

/** Runs a command of words; what it printed, or its error. */
function run(command: string): Promise<string> {
  const credentials = ['--certificate-authority=ca.crt', '--client-certificate=tls.crt', '--client-key=tls.key'];
  const args = [`--server=https://127.0.0.1:${at.restPort}`, ...credentials, ...command.split(' ')];
  const options = { cwd: directory, env: { HOME: directory }, timeout: 30_000, maxBuffer: 64 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    execFile(kubectl, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${command}: ${stderr}`));
    });
  });
}

/** Each command with what its answer must hold. */
const commands: readonly (readonly [command: string, made: object])[] = [
  ['create namespace n', { kind: 'Namespace', spec: { finalizers: ['kubernetes'] } }],
  ['create serviceaccount sa', { kind: 'ServiceAccount' }],
  [
    'create configmap c --from-literal=a=1 --from-file=ca.crt',
    { data: { a: '1', 'ca.crt': expect.stringContaining('BEGIN') } },
  ],
  ['create secret generic s --from-literal=a=1 --type=example.com/x', { type: 'example.com/x', data: { a: 'MQ==' } }],
  ['create secret tls t --cert=tls.crt --key=tls.key', { type: 'kubernetes.io/tls' }],
  [
    'create secret docker-registry d --docker-username=u --docker-password=p --docker-server=r.example',
    { type: 'kubernetes.io/dockerconfigjson' },
  ],
  [
    'create deployment web --image=i --replicas=0 --port=80',
    { spec: { replicas: 0, strategy: { type: 'RollingUpdate' } } },
  ],
  ['create job j --image=i -- run it', { spec: { template: { spec: { containers: [{ command: ['run', 'it'] }] } } } }],
  ['create cronjob cj --image=i --schedule=@daily', { spec: { schedule: '@daily', concurrencyPolicy: 'Allow' } }],
  [
    'create job from --from=cronjob/cj',
    { metadata: { annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' } } },
  ],
  ['create quota q --hard=pods=9,cpu=1500m --scopes=NotTerminating', { spec: { hard: { pods: '9', cpu: '1500m' } } }],
  [
    'create role r --verb=get,list --resource=pods,deployments.apps',
    { rules: [{ apiGroups: [''] }, { apiGroups: ['apps'] }] },
  ],
  ['create clusterrole cr --verb=get --non-resource-url=/x', { rules: [{ nonResourceURLs: ['/x'], verbs: ['get'] }] }],
  [
    'create clusterrole agg --aggregation-rule=a=b',
    { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] } },
  ],
  [
    'create rolebinding rb --role=r --serviceaccount=default:sa',
    { subjects: [{ kind: 'ServiceAccount', namespace: 'default' }] },
  ],
  [
    'create clusterrolebinding crb --clusterrole=view --user=u --group=g',
    { subjects: [{ kind: 'User' }, { kind: 'Group' }] },
  ],
  [
    'create service clusterip ci --tcp=80:8080',
    { spec: { type: 'ClusterIP', ports: [{ port: 80, targetPort: 8080 }] } },
  ],
  [
    'create service nodeport np --tcp=80 --node-port=30500',
    { spec: { type: 'NodePort', ports: [{ nodePort: 30500 }] } },
  ],
  ['create service loadbalancer lb --tcp=80', { spec: { type: 'LoadBalancer', allocateLoadBalancerNodePorts: true } }],
  [
    'create service externalname en --external-name=x.example',
    { spec: { type: 'ExternalName', externalName: 'x.example' } },
  ],
  ['create poddisruptionbudget b --selector=a=b --min-available=50%', { spec: { minAvailable: '50%' } }],
  ['create poddisruptionbudget b2 --selector=a=b --max-unavailable=0', { spec: { maxUnavailable: 0 } }],
  ['create priorityclass pc --value=-5 --preemption-policy=Never', { value: -5, preemptionPolicy: 'Never' }],
  [
    'create ingress in --rule=h.example/x*=web:80,tls=t --class=k',
    { spec: { ingressClassName: 'k', tls: [{ secretName: 't' }] } },
  ],
  ['run r --image=i --restart=Never --env=A=b --labels=x=y', { kind: 'Pod', spec: { restartPolicy: 'Never' } }],
  ['expose deployment web --name=web --port=80', { kind: 'Service', spec: { selector: { app: 'web' } } }],
  [
    'autoscale deployment web --min=1 --max=3 --cpu-percent=50',
    { kind: 'HorizontalPodAutoscaler', spec: { maxReplicas: 3 } },
  ],
];

describe('a typed command', () => {
  test.each(commands)('%s', async (command, made) => {
    const [words = '', own] = command.split(' -- ');
    const printed = await run(`${words} -o json${own === undefined ? '' : ` -- ${own}`}`);
    expect(JSON.parse(printed)).toMatchObject(made);
  });

  it('create token', async () => {
    expect((await run('create token sa --duration=600s')).split('.')).toHaveLength(3);
  });

  it('scale, cordon and drain, which evicts', async () => {
    expect(await run('scale deployment web --replicas=2')).toContain('scaled');
    await at.create('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } });
    expect(await run('cordon n')).toContain('cordoned');
    // Nobody ends the pod here: an eviction that was taken is all there is to see.
    const drained = run('drain n --force --ignore-daemonsets --timeout=1s');
    await expect(drained).rejects.toThrow('error when waiting for pod "p" in namespace "default" to terminate');
    const { metadata } = JSON.parse((await at.request('/api/v1/namespaces/default/pods/p')).text) as JsonObject;
    expect(metadata).toHaveProperty('deletionTimestamp');
  });
});

describe('OpenAPI', () => {
  interface Document {
    readonly paths: Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;
    readonly components: { readonly schemas: Readonly<Record<string, JsonObject>> };
    readonly definitions: Readonly<Record<string, JsonObject>>;
  }
  const read = async (path: string): Promise<Document> => JSON.parse((await at.request(path)).text) as Document;

  it('has every kind, at each of its paths, by its group, version and kind', async () => {
    const v2 = await read('/openapi/v2');
    for (const { group, version, kind, resource, namespaced, verbs, schema } of builtinDefinitions()) {
      const root = group === '' ? `api/${version}` : `apis/${group}/${version}`;
      const v3 = await read(`/openapi/v3/${root}`);
      const collection = `/${root}/${namespaced ? 'namespaces/{namespace}/' : ''}${resource}`;
      const gvk = { group, version, kind };
      for (const document of [v2, v3]) {
        const types = document === v2 ? v2.definitions : v3.components.schemas;
        expect(types[schema().ref ?? '']?.['x-kubernetes-group-version-kind'], resource).toContainEqual(gvk);
        const wanted = [
          ['create', collection, 'post'],
          ['list', collection, 'get'],
          ['deletecollection', collection, 'delete'],
          ['get', `${collection}/{name}`, 'get'],
          ['update', `${collection}/{name}`, 'put'],
          ['patch', `${collection}/{name}`, 'patch'],
          ['delete', `${collection}/{name}`, 'delete'],
        ] as const;
        for (const [verb, path, method] of wanted) {
          if (!verbs.some((one) => one === verb)) continue;
          const operation = document.paths[path]?.[method];
          expect(operation?.['x-kubernetes-group-version-kind'], `${method} ${path}`).toEqual(gvk);
        }
      }
    }
  });
});

describe('every kind is explained', () => {
  const names = builtinDefinitions().map(({ resource, group, version }) => [
    resource,
    group === '' ? version : `${group}/${version}`,
  ]);
  test.each(names)('%s %s', async (resource, apiVersion) => {
    const printed = await run(`explain ${resource} --recursive --api-version=${apiVersion}`);
    expect(printed).toMatch(/^FIELDS:\n {2}\S+\t/m);
  });
});
