/** Whether the Service of an APIService can answer, by kube-aggregator's rules and in its words (v1.32's remote_available_controller). Pure. */
import type { JsonObject } from '@skiff/api';
import { numberAt, objectAt, objectsAt, own, textAt } from '../../patch/values.ts';
import type { Condition } from '../crd/types.ts';
import { type ApiService, available } from './api-service.ts';

/** Why not, as far as objects tell; undefined: ask the server itself. `service` is undefined when it is not there. */
export function serviceFault(
  { spec }: ApiService,
  service: JsonObject | undefined,
  slices: readonly JsonObject[],
): Condition | undefined {
  const { namespace = '', name = '', port = 443 } = spec?.service ?? {};
  const called = `service/${name} in ${JSON.stringify(namespace)}`;
  const not = (reason: string, message: string): Condition => available(false, reason, message);
  if (service === undefined) return not('ServiceNotFound', `${called} is not present`);
  if ((textAt(service, 'spec', 'type') || 'ClusterIP') !== 'ClusterIP') return undefined;
  const listening = objectsAt(service, 'spec', 'ports').find((each) => numberAt(each, 'port') === port);
  if (listening === undefined) return not('ServicePortError', `${called} is not listening on port ${port}`);
  if (slices.length === 0) return not('EndpointsNotFound', `cannot find endpoints for ${called}`);
  const portName = textAt(listening, 'name');
  if (slices.some((slice) => answers(slice, portName))) return undefined;
  return not(
    'MissingEndpoints',
    `endpoints for ${called} have no addresses with port name ${JSON.stringify(portName)}`,
  );
}

const answers = (slice: JsonObject, portName: string): boolean =>
  objectsAt(slice, 'ports').some((each) => textAt(each, 'name') === portName && numberAt(each, 'port') !== undefined) &&
  objectsAt(slice, 'endpoints').some((each) => own(objectAt(each, 'conditions') ?? {}, 'ready') !== false);

/** What the server itself answered, or did not: `why` of its address. */
export function discoveryFault({ spec }: ApiService, why: (url: string) => string): Condition {
  const { namespace = '', name = '', port = 443 } = spec?.service ?? {};
  const url = `https://${name}.${namespace}.svc:${port}/apis/${spec?.group}/${spec?.version}`;
  return available(false, 'FailedDiscoveryCheck', `failing or missing response from ${url}: ${why(url)}`);
}
