/** A Node's status out of what is known of the host. Pure. */
import { formatQuantity, type NodeStatus, quantityOf } from '@skiff/api';
import { type Least, leastOf, type Pressure, type Thresholds } from '../eviction/thresholds.ts';
import type { Image, RuntimeInfo, RuntimeVersion } from '../runtime/contract.ts';
import { type NodeHealth, nodeConditions } from './conditions.ts';

/** How much room a file system has. One that counts no inodes has 0 of them. */
export interface FileSystem {
  readonly bytes: number;
  readonly availableBytes: number;
  readonly inodes: number;
  readonly inodesFree: number;
}

/** What of the host does not change while it runs, or changes slowly. Sizes in bytes. */
export interface HostFacts {
  readonly info: RuntimeInfo;
  readonly runtime: RuntimeVersion;
  readonly machineID: string;
  readonly systemUUID: string;
  readonly bootID: string;
  /** The file system of pods' volumes. */
  readonly nodefs: FileSystem;
  /** That of images, writable layers and logs; often the same. */
  readonly imagefs: FileSystem;
  readonly memoryAvailableBytes: number;
  readonly pids: number;
  readonly maxPids: number;
  /** Memory set aside for huge pages, in bytes, by the size of a page in bytes. */
  readonly hugePages: ReadonlyMap<number, number>;
}

export interface NodeStatusInput {
  readonly nodeName: string;
  readonly nodeIP: string;
  readonly maxPods: number;
  readonly host: HostFacts;
  readonly images: readonly Image[];
  readonly runtimeFault?: string | undefined;
  readonly networkFault?: string | undefined;
  readonly pressures: ReadonlySet<Pressure>;
  /** What is below them is never given to pods. */
  readonly thresholds: Thresholds;
  readonly before: NodeStatus | undefined;
  readonly nowMs: number;
}

/** Kubernetes' API version that this agent speaks; kubectl shows it as the node's. */
export const kubeletVersion = 'v1.32.0+skiff';
/** kubelet's port. Nothing listens there: what others ask of a node travels through its link. */
const kubeletPort = 10_250;

/** kubelet's nodeStatusMaxImages, and as many names of each. */
const maxImages = 50;
const maxImageNames = 5;

export function nodeStatus(input: NodeStatusInput): NodeStatus {
  const { nodeName, nodeIP, host, before, nowMs } = input;
  return {
    addresses: [
      { type: 'InternalIP', address: nodeIP },
      { type: 'Hostname', address: nodeName },
    ],
    capacity: capacity(input),
    allocatable: allocatable(input),
    conditions: nodeConditions(healthOf(input), before?.conditions, nowMs),
    daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
    images: largestImages(input.images),
    nodeInfo: {
      architecture: host.info.architecture,
      bootID: host.bootID,
      containerRuntimeVersion: `${host.runtime.name}://${host.runtime.version}`,
      kernelVersion: host.info.kernelVersion,
      kubeProxyVersion: '',
      kubeletVersion,
      machineID: host.machineID,
      operatingSystem: 'linux',
      osImage: host.info.operatingSystem,
      systemUUID: host.systemUUID,
    },
  };
}

const healthOf = ({ runtimeFault, networkFault, pressures }: NodeStatusInput): NodeHealth => ({
  runtimeFault,
  networkFault,
  memoryPressure: pressures.has('MemoryPressure'),
  diskPressure: pressures.has('DiskPressure'),
  pidPressure: pressures.has('PIDPressure'),
});

/** As the API server writes them, so that what comes back is what was sent. */
const kibi = (bytes: number): string => formatQuantity(quantityOf(Math.floor(bytes / 1024) * 1024, 'BinarySI'));
const plain = (units: number): string => formatQuantity(quantityOf(units));

const capacity = ({ host, maxPods }: NodeStatusInput): Record<string, string> => ({
  cpu: plain(host.info.cpus),
  'ephemeral-storage': kibi(host.nodefs.bytes),
  memory: kibi(host.info.memoryBytes),
  ...hugePages(host),
  pods: plain(maxPods),
});

const allocatable = ({ host, maxPods, thresholds }: NodeStatusInput): Record<string, string> => ({
  cpu: plain(host.info.cpus),
  'ephemeral-storage': plain(lessThreshold(host.nodefs.bytes, thresholds['nodefs.available'])),
  // Memory that is set aside for huge pages serves nobody else.
  memory: kibi(
    Math.max(0, lessThreshold(host.info.memoryBytes, thresholds['memory.available']) - sum(host.hugePages.values())),
  ),
  ...hugePages(host),
  pods: plain(maxPods),
});

const hugePages = (host: HostFacts): Record<string, string> =>
  Object.fromEntries(
    [...host.hugePages].map(([size, bytes]) => [
      `hugepages-${formatQuantity(quantityOf(size, 'BinarySI'))}`,
      formatQuantity(quantityOf(bytes, 'BinarySI')),
    ]),
  );

const sum = (numbers: Iterable<number>): number => Iterator.from(numbers).reduce((total, one) => total + one, 0);

const lessThreshold = (whole: number, least: Least | undefined): number =>
  Math.max(0, Math.floor(whole - leastOf(least, whole)));

/** The largest first: what matters most to a scheduler that looks for where an image is already. */
function largestImages(images: readonly Image[]): NonNullable<NodeStatus['images']> {
  return images
    .map(({ digests, tags, sizeBytes }) => ({ names: [...digests, ...tags].slice(0, maxImageNames), sizeBytes }))
    .filter(({ names }) => names.length > 0)
    .sort((a, b) => b.sizeBytes - a.sizeBytes || ((a.names[0] ?? '') < (b.names[0] ?? '') ? -1 : 1))
    .slice(0, maxImages);
}
