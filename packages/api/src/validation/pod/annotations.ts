/** Annotations of pods and their templates that mean something to the system (ValidatePodSpecificAnnotations). */
import { field } from '../../errors.ts';
import type { AppArmorProfile, Pod, PodTemplateSpec, SeccompProfile } from '../../kinds/types.ts';
import { addEach, entriesOf, type Faults, type Loose } from '../support.ts';
import { addDescending } from './paths.ts';
import { containersOf } from './system.ts';

type Annotated = Loose<Pod> | Loose<PodTemplateSpec>;

export const mirror = 'kubernetes.io/config.mirror';
const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';
export const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';
const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompPrefix = 'container.seccomp.security.alpha.kubernetes.io/';

const int32 = 2 ** 31;

/** A whole number of 32 bits, without a plus or leading zeros, so that equal costs are equal texts. */
const isDeletionCost = (text: string): boolean =>
  /^(?:0|-?[1-9]\d{0,9})$/.test(text) && Number(text) >= -int32 && Number(text) < int32;

export function addPodAnnotations(faults: Faults, { metadata, spec }: Annotated, path: string): void {
  if (metadata?.annotations === undefined) return;
  const names = new Set(containersOf(spec ?? {}, '').map(([container]) => container.name ?? ''));
  for (const [key, value] of entriesOf(metadata.annotations)) {
    const at = `${path}[${key}]`;
    if (key === mirror && (spec?.nodeName ?? '') === '') {
      faults.push(field.invalid(at, value, 'must set spec.nodeName if mirror pod annotation is set'));
    }
    if (key === deletionCost && !isDeletionCost(value)) {
      faults.push(field.invalid(at, value, 'must be a 32bit integer'));
    }
    if (key === seccompPod || key.startsWith(seccompPrefix)) addSeccompText(faults, value, `${path}.${key}`);
    if (!key.startsWith(appArmorPrefix)) continue;
    const name = key.slice(appArmorPrefix.length);
    if (!names.has(name)) faults.push(field.invalid(at, name, 'container not found'));
    if (!/^(?:|runtime\/default|unconfined|localhost\/.*)$/s.test(value))
      faults.push(field.invalid(at, value, `invalid AppArmor profile name: ${JSON.stringify(value)}`));
  }
}

const local = 'localhost/';

function addSeccompText(faults: Faults, profile: string, path: string): void {
  if (['runtime/default', 'docker/default', 'unconfined'].includes(profile)) return;
  if (profile.startsWith(local)) addDescending(faults, profile.slice(local.length), path);
  else addEach(faults, path, profile, ['must be a valid seccomp profile']);
}

interface Profiles {
  /** What the annotation is when the field says so. */
  readonly texts: Readonly<Record<string, readonly string[]>>;
  readonly word: string;
}

const seccompTexts: Profiles = {
  texts: { Unconfined: ['unconfined'], RuntimeDefault: ['runtime/default', 'docker/default'] },
  word: 'seccomp',
};
const appArmorTexts: Profiles = {
  texts: { Unconfined: ['unconfined'], RuntimeDefault: ['runtime/default'] },
  word: 'apparmor',
};

/** The old annotations of profiles may not say otherwise than the fields do. */
export function addProfileAnnotations(faults: Faults, { metadata, spec = {} }: Annotated, path: string): void {
  if (metadata?.annotations === undefined) return;
  const annotations = new Map(entriesOf(metadata.annotations));
  const context = spec.securityContext;
  const at = `${path}.securityContext.seccompProfile`;
  addMatching(faults, annotations.get(seccompPod), context?.seccompProfile, seccompTexts, at);
  for (const [container, where] of containersOf(spec, path)) {
    const own = container.securityContext;
    const name = container.name ?? '';
    const seccomp = annotations.get(`${seccompPrefix}${name}`);
    addMatching(faults, seccomp, own?.seccompProfile, seccompTexts, `${where}.securityContext.seccompProfile`);
    if (spec.os?.name === 'windows') continue;
    const profile = own?.appArmorProfile ?? context?.appArmorProfile;
    const appArmor = annotations.get(`${appArmorPrefix}${name}`);
    addMatching(faults, appArmor, profile, appArmorTexts, `${where}.securityContext.appArmorProfile`);
  }
}

function addMatching(
  faults: Faults,
  annotation: string | undefined,
  profile: Loose<SeccompProfile> | Loose<AppArmorProfile> | undefined,
  { texts, word }: Profiles,
  path: string,
): void {
  if (annotation === undefined || profile === undefined) return;
  const differs = (part: string, what: string): void =>
    void faults.push(field.forbidden(`${path}.${part}`, `${word} ${what} in annotation and field must match`));
  if (profile.type === 'Localhost') {
    if (!annotation.startsWith(local)) differs('type', 'type');
    else if (annotation.slice(local.length) !== profile.localhostProfile) differs('localhostProfile', 'profile');
  } else if (texts[profile.type ?? '']?.includes(annotation) === false) differs('type', 'type');
}

/** Profiles and the mark of a mirror pod are given once. */
export function addPodAnnotationsUpdate(faults: Faults, next: Loose<Pod>, previous: Loose<Pod>): void {
  const [now, before] = [next, previous].map((pod) => new Map(entriesOf(pod.metadata?.annotations)));
  if (now === undefined || before === undefined) return;
  for (const key of new Set([...before.keys(), ...now.keys()])) {
    if (now.get(key) === before.get(key)) continue;
    const verb = before.has(key) ? 'remove or update' : 'add';
    const at = `metadata.annotations[${key}]`;
    if (key.startsWith(appArmorPrefix)) faults.push(field.forbidden(at, `may not ${verb} AppArmor annotations`));
    if (key === mirror) faults.push(field.forbidden(at, `may not ${verb} mirror pod annotation`));
  }
}
