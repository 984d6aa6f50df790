import { beforeAll } from 'vitest';
import { clusterWith, newest, unpackNewest } from './support/cluster.ts';
import { kubectlSuite } from './support/kubectl-suite.ts';

beforeAll(unpackNewest);

kubectlSuite('1.35', clusterWith(newest), newest.kubectl);
