/** Volumes of a pod: one source each, and what each source needs (ValidateVolumes). */
import { checkDns1123Label, checkDns1123Subdomain } from '../../algebra/names.ts';
import { tryParseQuantity } from '../../algebra/quantity.ts';
import { field } from '../../errors.ts';
import type {
  DownwardAPIVolumeFile,
  PersistentVolumeClaimSpec,
  ProjectedVolumeSource,
  Volume,
  VolumeProjection,
} from '../../kinds/types.ts';
import { addClaimSpec } from '../claims.ts';
import { addEach, addMissing, addName, type Faults, type Loose } from '../support.ts';
import { addNeeded } from '../volume-sources.ts';
import { addFieldRef, addResourceRef, volumeFields } from './env.ts';
import { addItems, addMode, addNoParents, addProjectedPath } from './paths.ts';

/** Adds the faults of all volumes, and returns them by name. */
export function addVolumes(
  faults: Faults,
  volumes: Loose<Volume[]> | undefined,
  path: string,
): ReadonlyMap<string, Loose<Volume>> {
  const byName = new Map<string, Loose<Volume>>();
  for (const [index, volume] of (volumes ?? []).entries()) {
    const at = `${path}[${index}]`;
    const name = volume.name ?? '';
    const before = faults.length;
    if (name === '') faults.push(field.required(`${at}.name`));
    else addEach(faults, `${at}.name`, name, checkDns1123Label(name));
    if (byName.has(name)) faults.push(field.duplicate(`${at}.name`, name));
    addVolumeSource(faults, volume, at);
    // A volume with a fault is still known by name, so that its mounts are not called unknown as well.
    if (name !== '' || faults.length === before) byName.set(name, volume);
  }
  return byName;
}

function addVolumeSource(faults: Faults, volume: Loose<Volume>, path: string): void {
  const given = Object.keys(volume).filter((key) => key !== 'name') as (keyof Volume)[];
  if (given.length === 0) return void faults.push(field.required(path, 'must specify a volume type'));
  for (const extra of given.slice(1)) {
    faults.push(field.forbidden(`${path}.${extra}`, 'may not specify more than 1 volume type'));
  }
  const [first] = given;
  if (first === undefined) return;
  addNeeded(faults, first, volume[first], `${path}.${first}`);
  sourceChecks[first]?.(faults, volume, `${path}.${first}`);
}

type SourceCheck = (faults: Faults, volume: Loose<Volume>, path: string) => void;

const sourceChecks: Partial<Record<keyof Volume, SourceCheck>> = {
  emptyDir(faults, { emptyDir }, path) {
    const size = emptyDir?.sizeLimit;
    if (size !== undefined && (tryParseQuantity(size)?.nano ?? 0n) < 0n) {
      faults.push(field.forbidden(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity'));
    }
  },
  hostPath(faults, { hostPath }, path) {
    addHostPath(faults, hostPath?.path ?? '', hostPath?.type, path);
  },
  secret(faults, { secret }, path) {
    addMissing(faults, `${path}.secretName`, secret?.secretName);
    addMode(faults, secret?.defaultMode, `${path}.defaultMode`);
    addItems(faults, secret?.items, `${path}.items`);
  },
  configMap(faults, { configMap }, path) {
    addMissing(faults, `${path}.name`, configMap?.name);
    addMode(faults, configMap?.defaultMode, `${path}.defaultMode`);
    addItems(faults, configMap?.items, `${path}.items`);
  },
  downwardAPI(faults, { downwardAPI }, path) {
    addMode(faults, downwardAPI?.defaultMode, `${path}.defaultMode`);
    for (const file of downwardAPI?.items ?? []) addDownwardFile(faults, file, path);
  },
  projected(faults, { projected }, path) {
    addProjected(faults, projected ?? {}, path);
  },
  persistentVolumeClaim(faults, { persistentVolumeClaim }, path) {
    addMissing(faults, `${path}.claimName`, persistentVolumeClaim?.claimName);
  },
  nfs(faults, { nfs }, path) {
    addMissing(faults, `${path}.server`, nfs?.server);
    addMissing(faults, `${path}.path`, nfs?.path);
    if (nfs?.path !== undefined && nfs.path !== '' && !nfs.path.startsWith('/')) {
      faults.push(field.invalid(`${path}.path`, nfs.path, 'must be an absolute path'));
    }
  },
  csi(faults, { csi }, path) {
    addDriver(faults, csi?.driver ?? '', `${path}.driver`);
    if (csi?.nodePublishSecretRef !== undefined) {
      addName(faults, `${path}.nodePublishSecretRef.name`, csi.nodePublishSecretRef.name);
    }
  },
  ephemeral(faults, { ephemeral }, path) {
    const template = ephemeral?.volumeClaimTemplate;
    if (template === undefined) return void faults.push(field.required(`${path}.volumeClaimTemplate`));
    const spec: Loose<PersistentVolumeClaimSpec> = template.spec ?? {};
    addClaimSpec(faults, spec, `${path}.volumeClaimTemplate.spec`);
  },
  image(faults, { image }, path) {
    addMissing(faults, `${path}.reference`, image?.reference);
  },
};

const hostPathTypes = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

export function addHostPath(faults: Faults, hostPath: string, type: string | undefined, path: string): void {
  if (hostPath === '') return void faults.push(field.required(`${path}.path`));
  addNoParents(faults, hostPath, `${path}.path`);
  if (type !== undefined && !hostPathTypes.includes(type)) {
    faults.push(field.notSupported(`${path}.type`, type, hostPathTypes.slice(1)));
  }
}

/** The name of a CSI driver. */
export function addDriver(faults: Faults, driver: string, path: string): void {
  if (driver === '') return void faults.push(field.required(path));
  if (driver.length > 63) faults.push(field.tooLong(path, 63));
  addEach(faults, path, driver, checkDns1123Subdomain(driver.toLowerCase()));
}

function addDownwardFile(faults: Faults, file: Loose<DownwardAPIVolumeFile>, path: string): void {
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

function addProjected(faults: Faults, projected: Loose<ProjectedVolumeSource>, path: string): void {
  addMode(faults, projected.defaultMode, `${path}.defaultMode`);
  for (const [index, source] of (projected.sources ?? []).entries()) {
    const at = `${path}.sources[${index}]`;
    const given = projections.filter((name) => source[name] !== undefined);
    if (given.length === 0) faults.push(field.required(at, 'must specify a projected volume source'));
    for (const extra of given.slice(1)) {
      faults.push(field.forbidden(`${at}.${extra}`, 'may not specify more than 1 volume type per source'));
    }
    addProjection(faults, source, at);
  }
}

function addProjection(faults: Faults, source: Loose<VolumeProjection>, path: string): void {
  const { secret, configMap, downwardAPI, serviceAccountToken } = source;
  for (const [name, one] of [
    ['secret', secret],
    ['configMap', configMap],
  ] as const) {
    if (one === undefined) continue;
    addMissing(faults, `${path}.${name}.name`, one.name);
    addItems(faults, one.items, `${path}.${name}.items`);
  }
  for (const file of downwardAPI?.items ?? []) addDownwardFile(faults, file, `${path}.downwardAPI`);
  if (serviceAccountToken === undefined) return;
  const at = `${path}.serviceAccountToken`;
  const seconds = serviceAccountToken.expirationSeconds;
  if (seconds !== undefined && seconds < 600) {
    faults.push(field.invalid(`${at}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'));
  } else if (seconds !== undefined && seconds > 2 ** 32) {
    faults.push(
      field.invalid(`${at}.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds'),
    );
  }
  if ((serviceAccountToken.path ?? '') === '') faults.push(field.required(`${at}.path`));
  else addProjectedPath(faults, serviceAccountToken.path ?? '', `${at}.path`);
}
