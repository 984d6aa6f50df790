/** Files that are written for a pod: projected volumes and the downward API. */
import { field } from '../../errors.ts';
import type { DownwardAPIVolumeFile, ProjectedVolumeSource, VolumeProjection } from '../../kinds/types.ts';
import { addMissing, type Faults, type Loose } from '../support.ts';
import { addFieldRef, addResourceRef, volumeFields } from './env.ts';
import { addItems, addMode, addProjectedPath } from './paths.ts';

export function addDownwardFile(faults: Faults, file: Loose<DownwardAPIVolumeFile>, path: string): void {
  if ((file.path ?? '') === '') faults.push(field.required(`${path}.path`));
  else addProjectedPath(faults, file.path ?? '', `${path}.path`);
  if (file.fieldRef !== undefined) {
    addFieldRef(faults, file.fieldRef, volumeFields, `${path}.fieldRef`);
    if (file.resourceFieldRef !== undefined) {
      faults.push(field.invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
    }
  } else if (file.resourceFieldRef !== undefined) {
    addResourceRef(faults, file.resourceFieldRef, true, `${path}.resourceFieldRef`);
  } else faults.push(field.required(path, 'one of fieldRef and resourceFieldRef is required'));
  addMode(faults, file.mode, `${path}.mode`);
}

const projections = ['secret', 'configMap', 'downwardAPI', 'serviceAccountToken', 'clusterTrustBundle'] as const;

export function addProjected(faults: Faults, projected: Loose<ProjectedVolumeSource>, path: string): void {
  addMode(faults, projected.defaultMode, `${path}.defaultMode`);
  const taken = new Set<string>();
  for (const [index, source] of (projected.sources ?? []).entries()) {
    const at = `${path}.sources[${index}]`;
    addFiles(faults, source, taken, path, at);
    addToken(faults, source.serviceAccountToken, path, `${at}.serviceAccountToken`);
    if (projections.filter((name) => source[name] !== undefined).length > 1)
      faults.push(field.forbidden(at, 'may not specify more than 1 volume type per source'));
  }
}

/** The files of one source. `taken` are the paths of those before. */
function addFiles(faults: Faults, source: Loose<VolumeProjection>, taken: Set<string>, path: string, at: string): void {
  const take = (file: string | undefined, shown: string | undefined): void => {
    if (file === undefined || file === '') return;
    if (taken.has(file)) faults.push(field.invalid(path, shown ?? '', 'conflicting duplicate paths'));
    taken.add(file);
  };
  for (const name of ['secret', 'configMap'] as const) {
    const one = source[name];
    if (one === undefined) continue;
    addMissing(faults, `${at}.${name}.name`, one.name);
    addItems(faults, one.items, `${at}.${name}.items`);
    for (const item of one.items ?? []) take(item.path, one.name);
  }
  for (const file of source.downwardAPI?.items ?? []) {
    addDownwardFile(faults, file, `${at}.downwardAPI`);
    take(file.path, file.path);
  }
}

function addToken(
  faults: Faults,
  token: Loose<VolumeProjection>['serviceAccountToken'],
  volume: string,
  path: string,
): void {
  if (token === undefined) return;
  const at = `${path}.expirationSeconds`;
  const seconds = token.expirationSeconds;
  if (seconds !== undefined && seconds < 600) {
    faults.push(field.invalid(at, seconds, 'may not specify a duration less than 10 minutes'));
  } else if (seconds !== undefined && seconds > 2 ** 32) {
    faults.push(field.invalid(at, seconds, 'may not specify a duration larger than 2^32 seconds'));
  }
  // Kubernetes names the volume here, not the source.
  if ((token.path ?? '') === '') faults.push(field.required(`${volume}.path`));
  else addProjectedPath(faults, token.path ?? '', `${volume}.path`);
}
