/** Where a Service answers: pure. The endpoints themselves, since the host of an API server need not route ClusterIPs; those when nothing else is known. */
import type { JsonObject } from '@skiff/api';
import { listAt, numberAt, objectAt, objectsAt, own, textAt } from '../../patch/values.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** The addresses of a Service's port, ready endpoints first choice. Empty when there is none. */
export function addressesOf(service: JsonObject, slices: readonly JsonObject[], port: number): readonly Address[] {
  if (textAt(service, 'spec', 'type') === 'ExternalName')
    return [{ host: textAt(service, 'spec', 'externalName'), port }];
  const wanted = objectsAt(service, 'spec', 'ports').find((each) => numberAt(each, 'port') === port);
  if (wanted === undefined) return [];
  const ready = slices.flatMap((slice) => {
    const found = objectsAt(slice, 'ports').find((each) => textAt(each, 'name') === textAt(wanted, 'name'));
    const at = found === undefined ? undefined : numberAt(found, 'port');
    if (at === undefined) return [];
    return objectsAt(slice, 'endpoints')
      .filter((endpoint) => own(objectAt(endpoint, 'conditions') ?? {}, 'ready') !== false)
      .flatMap((endpoint) => listAt(endpoint, 'addresses'))
      .filter((address) => typeof address === 'string')
      .map((host) => ({ host, port: at }));
  });
  if (ready.length > 0) return ready;
  const clusterIP = textAt(service, 'spec', 'clusterIP');
  return clusterIP === '' || clusterIP === 'None' ? [] : [{ host: clusterIP, port }];
}
