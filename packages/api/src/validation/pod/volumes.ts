/** Volumes of a pod: one source each, and what each source needs (ValidateVolumes). */
import { checkDns1123Label, checkDns1123Subdomain } from '../../algebra/names.ts';
import { tryParseQuantity } from '../../algebra/quantity.ts';
import { field } from '../../errors.ts';
import type { PersistentVolumeClaimSpec, PersistentVolumeClaimTemplate, Volume } from '../../kinds/types.ts';
import { addClaimSpec } from '../claims.ts';
import { addAnnotations, addLabels } from '../metadata.ts';
import { addEach, addMissing, addUnsupported, type Faults, type Loose } from '../support.ts';
import { addIscsi, addNeeded } from '../volume-sources.ts';
import { addItems, addMode, addNoParents } from './paths.ts';
import { addDownwardFile, addProjected } from './projections.ts';

/** Adds the faults of all volumes, and returns those without any by name. `podName` is '' in a template. */
export function addVolumes(
  faults: Faults,
  volumes: Loose<Volume[]> | undefined,
  podName: string,
  path: string,
): ReadonlyMap<string, Loose<Volume>> {
  const byName = new Map<string, Loose<Volume>>();
  const made = new Set(
    (volumes ?? []).filter((volume) => volume.ephemeral !== undefined).map((volume) => `${podName}-${volume.name}`),
  );
  for (const [index, volume] of (volumes ?? []).entries()) {
    const at = `${path}[${index}]`;
    const name = volume.name ?? '';
    const before = faults.length;
    addVolumeSource(faults, volume, podName, at);
    if (name === '') faults.push(field.required(`${at}.name`));
    else addEach(faults, `${at}.name`, name, checkDns1123Label(name));
    if (byName.has(name)) faults.push(field.duplicate(`${at}.name`, name));
    if (faults.length === before) byName.set(name, volume);
    const claim = volume.persistentVolumeClaim?.claimName ?? '';
    if (podName === '' || !made.has(claim)) continue;
    const why = 'must not reference a PVC that gets created for an ephemeral volume';
    faults.push(field.invalid(`${at}.persistentVolumeClaim.claimName`, claim, why));
  }
  return byName;
}

/** The order in which Kubernetes looks for sources: of several the first one counts. */
const sources = [
  ...['emptyDir', 'hostPath', 'gitRepo', 'gcePersistentDisk', 'awsElasticBlockStore', 'secret', 'nfs', 'iscsi'],
  ...['glusterfs', 'flocker', 'persistentVolumeClaim', 'rbd', 'cinder', 'cephfs', 'quobyte', 'downwardAPI', 'fc'],
  ...['flexVolume', 'configMap', 'azureFile', 'vsphereVolume', 'photonPersistentDisk', 'portworxVolume', 'azureDisk'],
  ...['storageos', 'projected', 'scaleIO', 'csi', 'ephemeral', 'image'],
] as (keyof Volume)[];

/** Where Kubernetes' faults name a source other than its field. */
const shownTwice: Partial<Record<keyof Volume, string>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' };
const shownAs: Partial<Record<keyof Volume, string>> = { gcePersistentDisk: 'persistentDisk' };

function addVolumeSource(faults: Faults, volume: Loose<Volume>, podName: string, path: string): void {
  const given = sources.filter((name) => volume[name] !== undefined);
  const [first] = given;
  if (first === undefined) return void faults.push(field.required(path, 'must specify a volume type'));
  addNeeded(faults, first, volume[first], `${path}.${shownAs[first] ?? first}`);
  sourceChecks[first]?.(faults, volume, `${path}.${first}`, podName);
  for (const extra of given.slice(1)) {
    faults.push(field.forbidden(`${path}.${shownTwice[extra] ?? extra}`, 'may not specify more than 1 volume type'));
  }
  if (first !== 'ephemeral' || podName === '' || (volume.name ?? '') === '') return;
  const claim = `${podName}-${volume.name}`;
  for (const message of checkDns1123Subdomain(claim))
    faults.push(field.invalid(`${path}.name`, volume.name, `PVC name ${JSON.stringify(claim)}: ${message}`));
}

type SourceCheck = (faults: Faults, volume: Loose<Volume>, path: string, podName: string) => void;

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
    addAbsolute(faults, nfs?.path ?? '', `${path}.path`);
  },
  iscsi(faults, { iscsi = {} }, path) {
    addIscsi(faults, iscsi, path);
  },
  csi(faults, { csi }, path) {
    addDriver(faults, csi?.driver ?? '', `${path}.driver`);
    if (csi?.nodePublishSecretRef === undefined) return;
    const { name = '' } = csi.nodePublishSecretRef;
    if (name === '') faults.push(field.required(`${path}.nodePublishSecretRef.name`));
    // The path is Kubernetes' own.
    else addEach(faults, `${path}.name`, name, checkDns1123Subdomain(name));
  },
  ephemeral(faults, { ephemeral }, path) {
    const template = ephemeral?.volumeClaimTemplate;
    if (template === undefined) return void faults.push(field.required(`${path}.volumeClaimTemplate`));
    addClaimTemplate(faults, template, `${path}.volumeClaimTemplate`);
  },
  image(faults, { image }, path, podName) {
    if (podName !== '') addMissing(faults, `${path}.reference`, image?.reference);
    addUnsupported(faults, `${path}.pullPolicy`, image?.pullPolicy, ['Always', 'IfNotPresent', 'Never']);
  },
};

/** Of the metadata of a claim to be made only labels and annotations mean anything. */
function addClaimTemplate(faults: Faults, template: Loose<PersistentVolumeClaimTemplate>, path: string): void {
  const { labels, annotations, ...others } = template.metadata ?? {};
  addAnnotations(faults, annotations, `${path}.metadata.annotations`);
  addLabels(faults, labels, `${path}.metadata.labels`);
  for (const [name, value] of Object.entries(others))
    if (value !== undefined && value !== null)
      faults.push(field.forbidden(`${path}.metadata.${name}`, 'cannot be set'));
  const spec: Loose<PersistentVolumeClaimSpec> = template.spec ?? {};
  addClaimSpec(faults, spec, `${path}.spec`);
}

export function addAbsolute(faults: Faults, text: string, path: string): void {
  if (!text.startsWith('/')) faults.push(field.invalid(path, text, 'must be an absolute path'));
}

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
    faults.push(field.notSupported(`${path}.type`, type, hostPathTypes));
  }
}

/** The name of a CSI driver. */
export function addDriver(faults: Faults, driver: string, path: string): void {
  if (driver === '') faults.push(field.required(path));
  if (driver.length > 63) faults.push(field.tooLong(path, 63));
  addEach(faults, path, driver, checkDns1123Subdomain(driver.toLowerCase()));
}
