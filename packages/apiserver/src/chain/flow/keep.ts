/** Flow control follows its objects, keeps those it ships, and says of each schema whether its level exists. */
import {
  type Clock,
  type FlowSchema,
  formatTime,
  isReason,
  type JsonObject,
  type Logger,
  type PriorityLevelConfiguration,
} from '@skiff/api';
import { isObject, textAt } from '../../patch/values.ts';
import type { Registry, Target, WriteOptions } from '../../registry/contract.ts';
import { systemContext } from '../../registry/system-context.ts';
import { follow, type LiveCollection } from '../live.ts';
import type { FlowControl } from './flow-control.ts';
import { danglingCondition, isLeftOver, revise } from './revise.ts';
import { bootstrapFlowObjects, type FlowObject } from './suggested.ts';

export interface KeepFlowControl {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly flowControl: FlowControl;
}

export interface KeptFlowControl {
  /** Resolves when what was stored at start rules. */
  synced(): Promise<void>;
  /** Makes what is missing, and mends what is the server's to mend. */
  ensureAll(): Promise<void>;
  /** Keeps it so, until the signal aborts. */
  run(): Promise<unknown>;
  readonly done: Promise<unknown>;
}

const group = 'flowcontrol.apiserver.k8s.io';
const ensureEveryMs = 60_000;
const writer: WriteOptions = {
  dryRun: false,
  fieldManager: 'api-priority-and-fairness-config-producer-v1',
  fieldValidation: 'Strict',
};
const statusWriter: WriteOptions = { ...writer, fieldManager: 'api-priority-and-fairness-config-consumer-v1' };

const targetOf = (resource: string, name: string, subresource = ''): Target => ({
  ...{ group, version: 'v1', resource, namespace: '', name, subresource },
});

export function keepFlowControl(parts: KeepFlowControl, signal: AbortSignal): KeptFlowControl {
  const { registry, clock, logger, flowControl } = parts;
  const context = systemContext(signal);
  let woken = Promise.withResolvers<void>();

  const onChange = (): void => {
    flowControl.configure(
      [...schemas.objects.values()] as unknown as FlowSchema[],
      [...levels.objects.values()] as unknown as PriorityLevelConfiguration[],
    );
    woken.resolve();
  };
  const live = (resource: string): LiveCollection<JsonObject> =>
    follow({
      ...{ registry, clock, logger, signal, onChange },
      collection: { group, version: 'v1', resource },
      // One without a spec says nothing that could be followed.
      project: (object) => (isObject(object.spec) ? object : undefined),
    });
  const levels = live('prioritylevelconfigurations');
  const schemas = live('flowschemas');
  const all = { flowschemas: schemas, prioritylevelconfigurations: levels };

  const ensure = async (wanted: FlowObject): Promise<void> => {
    const current = all[wanted.resource].objects.get(`/${wanted.name}`);
    if (current === undefined) {
      const document = structuredClone(wanted.object);
      await registry.create(context, targetOf(wanted.resource, ''), { document, duplicates: [] }, writer);
      return;
    }
    const document = revise(current, wanted);
    if (document === undefined) return;
    const target = targetOf(wanted.resource, wanted.name);
    await registry.update(context, target, { document, duplicates: [] }, writer);
  };

  const removeLeftOver = async (resource: FlowObject['resource']): Promise<void> => {
    const known = new Set(bootstrapFlowObjects.filter((each) => each.resource === resource).map(({ name }) => name));
    for (const object of all[resource].objects.values()) {
      if (!isLeftOver(object, known)) continue;
      const options = { dryRun: false, gracePeriodSeconds: undefined, propagationPolicy: undefined };
      const preconditions = { uid: undefined, resourceVersion: undefined };
      await registry.delete(context, targetOf(resource, textAt(object, 'metadata', 'name')), {
        ...options,
        preconditions,
      });
    }
  };

  const markDangling = async (schema: JsonObject): Promise<void> => {
    const known = new Set([...levels.objects.values()].map((level) => textAt(level, 'metadata', 'name')));
    const condition = danglingCondition(schema, known, formatTime(clock.now()));
    if (condition === undefined) return;
    const name = textAt(schema, 'metadata', 'name');
    const patch = {
      ...{ apiVersion: `${group}/v1`, kind: 'FlowSchema', metadata: { name } },
      status: { conditions: [condition] },
    };
    const body = { type: 'apply', patch, duplicates: [], force: true } as const;
    await registry.patch(context, targetOf('flowschemas', name, 'status'), body, statusWriter);
  };

  /** Another server that was faster, or an object that has just gone, is no fault: the next turn sees. */
  const quietly = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      if (signal.aborted || isReason(error, 'AlreadyExists', 'NotFound', 'Conflict')) return;
      logger.warn({ err: error }, 'keeping the objects of flow control failed; trying again');
    }
  };

  const ensureAll = async (): Promise<void> => {
    for (const wanted of bootstrapFlowObjects) await quietly(ensure(wanted));
    await quietly(removeLeftOver('flowschemas'));
    await quietly(removeLeftOver('prioritylevelconfigurations'));
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      await clock.sleep(ensureEveryMs, signal).catch(() => {});
      if (!signal.aborted) await ensureAll();
    }
  };

  const follower = async (): Promise<void> => {
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    while (!signal.aborted) {
      await Promise.race([woken.promise, aborted]);
      woken = Promise.withResolvers<void>();
      for (const schema of schemas.objects.values()) if (!signal.aborted) await quietly(markDangling(schema));
    }
  };

  return {
    ensureAll,
    synced: async () => void (await Promise.all([levels.synced(), schemas.synced()])),
    run: () => Promise.all([run(), follower(), flowControl.run(signal)]),
    done: Promise.all([levels.done, schemas.done]),
  };
}
