/** `/configz`: what the agent was told, in kubelet's words (KubeletConfiguration). Pure. */
import type { AgentConfig } from '../config.ts';

export type ShownConfig = Pick<
  AgentConfig,
  | 'clusterDNS'
  | 'clusterDomain'
  | 'dockerSocket'
  | 'imageMarks'
  | 'maxPods'
  | 'registerNode'
  | 'rootDir'
  | 'taints'
  | 'thresholds'
>;

export const configz = (config: ShownConfig): object => ({
  kubeletconfig: {
    clusterDNS: [config.clusterDNS],
    clusterDomain: config.clusterDomain,
    containerRuntimeEndpoint: `unix://${config.dockerSocket}`,
    evictionHard: Object.fromEntries(
      Object.entries(config.thresholds).map(([signal, least]) => [
        signal,
        'share' in least ? `${percent(least.share)}%` : String(least.amount),
      ]),
    ),
    imageGCHighThresholdPercent: percent(config.imageMarks.high),
    imageGCLowThresholdPercent: percent(config.imageMarks.low),
    maxPods: config.maxPods,
    registerNode: config.registerNode,
    registerWithTaints: config.taints,
    enableControllerAttachDetach: true,
  },
});

/** Shares are fractions of 1. */
const percent = (share: number): number => Math.round(share * 10_000) / 100;
