import { clusterWith } from './support/cluster.ts';
import { helmSuite } from './support/helm-suite.ts';

helmSuite('3', clusterWith());
