/** What every kubectl must be able to do, whatever its age. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import type { Cluster } from '../../cluster/cluster.ts';
import { eventually } from '../../cluster/cluster.ts';
import { ownNamespace } from './cluster.ts';
import { refusals } from './kubectl-refusals.ts';

interface Deployment {
  readonly spec: {
    readonly replicas: number;
    readonly template: { readonly spec: { readonly containers: Container[] } };
  };
}
interface Container {
  readonly name: string;
  readonly env?: readonly { readonly name: string; readonly value: string }[];
}

const web = (value: string): string =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: 'main',
              image: 'skiff/busybox:1',
              command: ['sh', '-c', 'echo began; trap exit TERM; httpd -p 8080 -h /etc; sleep 1000000 & wait'],
              env: [{ name: 'WORD', value }],
            },
          ],
        },
      },
    },
  });

/** The file's tests; they build on each other in their order. */
export function kubectlSuite(version: string, at: Cluster, kubectlFile: string): void {
  const namespace = `kubectl-${version.replace('.', '-')}`;
  ownNamespace(namespace);
  const run = (...args: string[]): Promise<string> => at.kubectl('-n', namespace, ...args);
  const attempt = (args: string[], stdin?: string) => at.tryKubectl(['-n', namespace, ...args], stdin);
  const piped = async (stdin: string, ...args: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await attempt(args, stdin);
    expect(exitCode, stderr).toBe(0);
    return stdout;
  };
  /** A kubectl that goes on, with its lines. */
  const follow = (...args: string[]) => {
    const child = spawn(kubectlFile, ['-n', namespace, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, KUBECONFIG: at.kubeconfig },
    });
    return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator]() };
  };

  describe(`kubectl ${version}`, () => {
    test('is the version it should be, and finds what is served', async () => {
      expect(await run('version', '--client', '-o', 'json')).toContain(`"minor": "${version.split('.')[1]}`);
      expect(await run('api-versions')).toMatch(/^apps\/v1$[\s\S]*^v1$/m);
      expect(await run('api-resources', '--namespaced=true', '--verbs=list', '-o', 'name')).toMatch(
        /^deployments\.apps$/m,
      );
    });

    test('creates, reads, labels, patches and deletes', async () => {
      await run('create', 'configmap', 'c', '--from-literal=a=1');
      await run('label', 'configmap', 'c', 'tier=one');
      await run('annotate', 'configmap', 'c', 'note=x');
      await run('patch', 'configmap', 'c', '-p', '{"data":{"b":"2"}}');
      await run('patch', 'configmap', 'c', '--type=merge', '-p', '{"data":{"a":null}}');
      await run('patch', 'configmap', 'c', '--type=json', '-p', '[{"op":"add","path":"/data/d","value":"4"}]');
      expect(JSON.parse(await run('get', 'configmap', 'c', '-o', 'jsonpath={.data}'))).toEqual({ b: '2', d: '4' });
      expect(await run('get', 'configmap', '-l', 'tier=one')).toMatch(/^NAME +DATA +AGE\nc +2 +\S+/);
      expect(await run('get', 'configmap', 'c', '-o', 'yaml')).toMatch(/^ {4}tier: one$/m);
      expect(await run('delete', 'configmap', 'c')).toContain('configmap "c" deleted');
      expect((await attempt(['get', 'configmap', 'c'])).stderr).toContain('(NotFound)');
    });

    test('tells of the wrong field and the wrong value', async () => {
      const wrong = web('x').replace('"replicas"', '"replica"');
      const unknown = await attempt(['apply', '-f', '-'], wrong);
      expect(unknown.exitCode).not.toBe(0);
      expect(unknown.stderr).toMatch(/unknown field/);
      const invalid = await attempt(['apply', '-f', '-'], web('x').replace('"replicas":1', '"replicas":-1'));
      expect(invalid.stderr).toMatch(/spec.replicas: Invalid value: -1: must be greater than or equal to 0/);
    });

    test('prints what the server refuses in Kubernetes’ words', async () => {
      await run('create', 'configmap', 'there', '--from-literal=a=1');
      await run('create', 'deployment', 'idle', '--image=skiff/busybox:1');
      await run('scale', 'deployment', 'idle', '--replicas=0');
      for (const [command, printed] of refusals) {
        const { exitCode, stderr } = await attempt([...command]);
        expect(stderr, command.join(' ')).toMatch(printed);
        expect(exitCode, command.join(' ')).toBe(1);
      }
    });

    test('shows the health of components, with the warning of old', async () => {
      const { stdout, stderr } = await attempt(['get', 'componentstatuses']);
      expect(stdout).toMatch(/^etcd-0 +Healthy +ok/m);
      expect(stderr).toContain('Warning: v1 ComponentStatus is deprecated in v1.19+');
    });

    test('explains every field', async () => {
      expect(await run('explain', 'deployment.spec.strategy.rollingUpdate')).toMatch(/maxSurge/);
      expect(await run('explain', 'pod', '--recursive')).toMatch(/topologySpreadConstraints/);
    });

    test('applies, waits for the rollout and for a condition', async () => {
      await piped(web('one'), 'apply', '-f', '-');
      await run('rollout', 'status', 'deployment/web', '--timeout=60s');
      await run('wait', '--for=condition=Available', 'deployment/web', '--timeout=30s');
      await run('wait', '--for=condition=Ready', 'pod', '-l', 'app=web', '--timeout=30s');
      expect(await run('describe', 'deployment', 'web')).toMatch(
        /^Replicas: +1 desired \| 1 updated \| 1 total \| 1 available/m,
      );
    });

    test('shows what would change, and nothing when nothing would', async () => {
      const same = await attempt(['diff', '-f', '-'], web('one'));
      expect(same, same.stderr).toMatchObject({ exitCode: 0, stdout: '' });
      const other = await attempt(['diff', '-f', '-'], web('two'));
      expect(other.exitCode, other.stderr).toBe(1);
      expect(other.stdout).toMatch(/^\+ +- ?.*\n|^\+.*value: two$/m);
    });

    test('runs a command, reads a log, reaches a port and copies', async () => {
      expect(await run('exec', 'deploy/web', '--', 'sh', '-c', 'echo $WORD')).toBe('one');
      expect(await run('logs', 'deploy/web')).toContain('began');
      const port = await freePort();
      const { child, lines } = follow('port-forward', 'deploy/web', `${port}:8080`);
      expect((await lines.next()).value).toContain('Forwarding from');
      expect((await fetch(`http://127.0.0.1:${port}/hostname`)).status).toBeLessThan(500);
      child.kill();
      await once(child, 'close');
      const failed = await attempt(['exec', 'deploy/web', '--', 'sh', '-c', 'exit 7']);
      expect(failed.exitCode).toBe(7);
    });

    test('watches', async () => {
      const { child, lines } = follow('get', 'configmaps', '--watch-only', '-o', 'name');
      const named = (async () => {
        for (;;) {
          const { value, done } = await lines.next();
          if (done === true || value === 'configmap/seen') return value;
        }
      })();
      await eventually('the watch to see a ConfigMap', async () => {
        await attempt(['create', 'configmap', 'seen']);
        const first = await Promise.race([named, new Promise((resolve) => setTimeout(resolve, 500, ''))]);
        if (first === 'configmap/seen') return true;
        await attempt(['delete', 'configmap', 'seen']);
        return false;
      });
      child.kill();
      await once(child, 'close');
    });

    test('scales, restarts, goes back and tells the history', async () => {
      await run('scale', 'deployment/web', '--replicas=2');
      await run('set', 'env', 'deployment/web', 'WORD=two');
      await run('rollout', 'status', 'deployment/web', '--timeout=60s');
      await run('rollout', 'undo', 'deployment/web');
      await run('rollout', 'status', 'deployment/web', '--timeout=60s');
      const { spec } = JSON.parse(await run('get', 'deployment', 'web', '-o', 'json')) as Deployment;
      expect(spec).toMatchObject({ replicas: 2 });
      expect(spec.template.spec.containers[0]?.env).toEqual([{ name: 'WORD', value: 'one' }]);
      expect(await run('rollout', 'history', 'deployment/web')).toMatch(/^REVISION[\s\S]*\n2 [\s\S]*\n3 /m);
    });

    test('applies on the server, and meets a conflict', async () => {
      const owned = (value: string): string =>
        JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'owned' }, data: { a: value } });
      await piped(owned('1'), 'apply', '--server-side', '--field-manager=first', '-f', '-');
      const refused = await attempt(['apply', '--server-side', '--field-manager=second', '-f', '-'], owned('2'));
      expect(refused.stderr).toMatch(/conflict with "first"/);
      await piped(owned('2'), 'apply', '--server-side', '--field-manager=second', '--force-conflicts', '-f', '-');
      expect(await run('get', 'configmap', 'owned', '-o', 'jsonpath={.data.a}')).toBe('2');
    });

    test('asks what it may do, and deletes by selector', async () => {
      expect(await run('auth', 'can-i', 'delete', 'pods')).toBe('yes');
      await run('delete', 'deployment,configmap', '--all', '--timeout=60s');
      expect(await run('get', 'deployments', '-o', 'name')).toBe('');
    });
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
