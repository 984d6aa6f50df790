import { beforeAll } from 'vitest';
import { clusterWith, newest, unpackNewest } from './support/cluster.ts';
import { helmSuite } from './support/helm-suite.ts';

beforeAll(unpackNewest);

helmSuite('4', clusterWith(newest));
