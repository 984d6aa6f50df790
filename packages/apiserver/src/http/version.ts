/** What `GET /version` says. Clients compare the Kubernetes version; the suffix names us. */
import { arch, platform } from 'node:process';

/** The Kubernetes release whose API this server speaks. */
export const kubernetesVersion = { major: '1', minor: '32', gitVersion: 'v1.32.0+skiff' } as const;

const goArch = new Map([
  ['x64', 'amd64'],
  ['ia32', '386'],
]);

/** The version document (apimachinery's version.Info). `compiler` and `goVersion` are required fields: they say what runs us. */
export function versionDocument(): object {
  return {
    ...kubernetesVersion,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: `node${process.version}`,
    compiler: 'node',
    platform: `${platform}/${goArch.get(arch) ?? arch}`,
  };
}
