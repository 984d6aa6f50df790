/** Where the test cluster lives: apart from a user's own, and from another run's when the environment says so. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterPlace } from './cluster.ts';

/** `SKIFF_TEST_NAME`, `SKIFF_TEST_SUBNET` and `SKIFF_TEST_PORT` (the first of four ports in a row). */
export function placeFrom(environment: Readonly<Record<string, string | undefined>>): ClusterPlace {
  const {
    SKIFF_TEST_NAME: name = 'e2e',
    SKIFF_TEST_SUBNET: subnet = '10.91.0',
    SKIFF_TEST_PORT: first = '16443',
  } = environment;
  const port = Number(first);
  return {
    stateDir: join(tmpdir(), `skiff-test-${name}`),
    nodes: 3,
    name,
    subnet,
    restPort: port,
    grpcPort: port + 1,
    etcdPort: port + 2,
  };
}
