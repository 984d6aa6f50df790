import { toolsFolder } from '../cluster/global-setup.ts';
import { oldKubectl, toolsBelow } from '../cluster/tools.ts';
import { clusterWith } from './support/cluster.ts';
import { kubectlSuite } from './support/kubectl-suite.ts';

kubectlSuite('1.20', clusterWith({ ...toolsBelow(toolsFolder), kubectl: oldKubectl }), oldKubectl);
