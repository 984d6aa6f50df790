import { expect, test } from 'vitest';
import { defaultConfig, hostLayouts } from '../local/layout.ts';
import { summary } from './summary.ts';

const config = { ...defaultConfig, stateDir: '/srv/skiff/.skiff', nodes: 2 };
const hosts = hostLayouts(config, 'm');

test('tells where everything is and what to type', () => {
  expect(summary(config, hosts, { repository: '', elsewhere: false })).toBe(`
  kubeconfig  /srv/skiff/.skiff/kubeconfig
  REST        https://10.89.0.1:6443
  gRPC        10.89.0.1:7443
  nodes       node-1 (10.89.0.11), node-2 (10.89.0.12)
  logs        /srv/skiff/.skiff/logs

try (kubectl and helm take the same kubeconfig):
  export KUBECONFIG=/srv/skiff/.skiff/kubeconfig
  packages/cli/bin/skiff get nodes
  scripts/images && packages/cli/bin/skiff image load skiff/guestbook-web:1 skiff/guestbook-store:1
  packages/cli/bin/skiff apply -f examples/guestbook
`);
});

test('from another folder, and for a cluster in another place', () => {
  const text = summary({ ...config, stateDir: '/tmp/x' }, hosts, { repository: '../skiff', elsewhere: true });
  expect(text).toContain('  ../skiff/packages/cli/bin/skiff apply -f ../skiff/examples/guestbook\n');
  expect(text).toContain(
    '  ../skiff/scripts/images --state /tmp/x && ../skiff/packages/cli/bin/skiff image load --state /tmp/x ',
  );
});
