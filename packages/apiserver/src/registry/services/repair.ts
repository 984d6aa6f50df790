/**
 * Brings the records of ClusterIPs and node ports in step with the services there are: a server that died between taking
 * and storing leaves a record behind, and a store that was restored may lack some.
 */
import type { Clock, JsonObject, Logger } from '@skiff/api';
import type { Store } from '../../storage/contract.ts';
import { readStoredText } from '../documents.ts';
import { registryPrefix } from '../keys.ts';
import { addressesOf, ownerOf, portsOf } from './hook.ts';
import { createMarkers, type Markers } from './markers.ts';

/** A record without a service may belong to a create that is under way; it is left alone for this long. */
const graceMs = 3 * 60 * 1_000;

export interface RepairOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Safe to run at any time, on several servers at once. */
export async function repairServiceRanges(options: RepairOptions): Promise<void> {
  const { store, clock } = options;
  const addresses = createMarkers(store, clock, 'serviceips');
  const ports = createMarkers(store, clock, 'servicenodeports');
  // Records first: a service that is stored in between then has its record, and is not taken for a lost one.
  const [addressRecords, portRecords] = [await addresses.all(), await ports.all()];
  const { documents } = await store.list(`${registryPrefix}core/services/`);
  const services = documents
    .map((document) => readStoredText(document, options.logger))
    .filter((service) => service !== undefined);
  await repair(options, addresses, addressRecords, (service) => addressesOf(service), services);
  await repair(options, ports, portRecords, (service) => portsOf(service).map(String), services);
}

async function repair(
  options: RepairOptions,
  markers: Markers,
  records: Awaited<ReturnType<Markers['all']>>,
  held: (service: JsonObject) => readonly string[],
  services: readonly JsonObject[],
): Promise<void> {
  const owners = new Map<string, string>();
  for (const service of services) for (const value of held(service)) owners.set(value, ownerOf(service));
  const known = new Set(records.map((record) => record.value));
  for (const [value, owner] of owners) {
    if (known.has(value)) continue;
    options.logger.warn({ value, owner }, 'service allocation had no record; made one');
    await markers.take(value, owner);
  }
  for (const record of records) {
    const isFresh = options.clock.now() - record.takenAtMs < graceMs;
    if (isFresh || owners.get(record.value) === record.owner) continue;
    options.logger.warn(
      { value: record.value, owner: record.owner },
      'record of a service allocation without its service; released',
    );
    await markers.release(record.value, record.owner);
  }
}
